package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// sealer encrypts what we hand out and take back, or keep for a short while.
type sealer struct {
	aead cipher.AEAD
	mac  [32]byte
}

func newSealer(secret []byte) *sealer {
	key := derive(secret, "seal")
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return &sealer{aead: aead, mac: derive(secret, "mac")}
}

var errSeal = errors.New("web: not sealed by us, or for another purpose")

// seal encrypts clear for a purpose, as URL-safe text.
func (s *sealer) seal(purpose string, clear []byte) string {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, clear, []byte(purpose)))
}

func (s *sealer) open(purpose, sealed string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return nil, errSeal
	}
	n := s.aead.NonceSize()
	clear, err := s.aead.Open(nil, raw[:n], raw[n:], []byte(purpose))
	if err != nil {
		return nil, errSeal
	}
	return clear, nil
}

// sign returns a code that only we can make for a purpose and a text.
func (s *sealer) sign(purpose, text string) string {
	h := hmac.New(sha256.New, s.mac[:])
	h.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *sealer) signed(purpose, text, code string) bool {
	return hmac.Equal([]byte(s.sign(purpose, text)), []byte(code))
}
