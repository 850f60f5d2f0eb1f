package outward

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries "t=SECONDS,v1=HEX": HMAC-SHA256 under the shared
// secret over the seconds since 1970, a full stop and the body.
const SignatureHeader = "Anlan-Signature"

// IdempotencyHeader carries the id of a message. A receiver that has seen it
// answers as it did before and does nothing.
const IdempotencyHeader = "Idempotency-Key"

// Tolerance is how far a signature's time may lie from the receiver's clock.
const Tolerance = 5 * time.Minute

// ErrSignature is returned for a body that the holder of the secret has not
// signed, or has signed too long ago.
var ErrSignature = errors.New("outward: signature")

// Sign returns the signature of a body at a time.
func Sign(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac(secret, seconds, body))
}

// Verify checks the signature of a received body.
func Verify(secret []byte, signature string, body []byte, now time.Time) error {
	seconds, given, err := parseSignature(signature)
	if err != nil || len(secret) == 0 || !hmac.Equal(given, mac(secret, seconds, body)) {
		return ErrSignature
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > Tolerance {
		return ErrSignature
	}
	return nil
}

func parseSignature(s string) (seconds string, sum []byte, err error) {
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			seconds = value
		case "v1":
			if sum, err = hex.DecodeString(value); err != nil {
				return "", nil, ErrSignature
			}
		}
	}
	return seconds, sum, nil
}

func mac(secret []byte, seconds string, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(seconds))
	m.Write([]byte{'.'})
	m.Write(body)
	return m.Sum(nil)
}
