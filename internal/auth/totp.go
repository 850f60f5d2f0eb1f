package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// The second factor: RFC 6238 with the parameters that every authenticator
// app knows: SHA-1, six digits, 30 seconds, one step of clock difference.
const (
	totpIssuer = "Anlan"
	totpPeriod = 30
	totpSkew   = 1
)

func newTOTP(login string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: login, Period: totpPeriod, SecretSize: 20})
	if err != nil {
		return Enrolment{}, err
	}
	return enrolmentOf(login, key.Secret()), nil
}

// enrolmentOf is the secret of an account as an app takes it.
func enrolmentOf(login, secret string) Enrolment {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + totpIssuer + ":" + login,
		RawQuery: url.Values{"secret": {secret}, "issuer": {totpIssuer}}.Encode()}
	return Enrolment{secret, u.String()}
}

// totpMatch returns the time step whose code this is. A step that is not
// after used is refused: every code works once.
func totpMatch(secret, code string, now time.Time, used int64) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	current := now.Unix() / totpPeriod
	opts := totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	for at := current - totpSkew; at <= current+totpSkew; at++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at*totpPeriod, 0), opts)
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > used {
			step, ok = at, true
		}
	}
	return step, ok
}

// recoveryCodes is how many codes stand in for a lost second factor.
const recoveryCodes = 10

// newRecoveryCode returns 80 random bits as "xxxx-xxxx-xxxx-xxxx".
func newRecoveryCode() string {
	b := make([]byte, 10)
	rand.Read(b)
	s := strings.ToLower(base32.StdEncoding.EncodeToString(b))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// recoveryForm brings a typed recovery code to the form that was hashed, ""
// when it cannot be one.
func recoveryForm(s string) string {
	s = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(s))
	if len(s) != 16 {
		return ""
	}
	return s
}
