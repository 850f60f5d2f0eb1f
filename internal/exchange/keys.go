package exchange

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/pem"
	"errors"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// NewKey makes a key pair for packages: the private half as PEM for this
// installation, the public half for its peers.
func NewKey() (private, public []byte, err error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	pub, err := smx509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}), nil
}

// ParsePrivateKey reads the PEM of an SM2 private key (PKCS #8).
func ParsePrivateKey(text []byte) (*sm2.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("exchange: no PEM block")
	}
	key, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*sm2.PrivateKey); ok {
		return k, nil
	}
	return nil, errors.New("exchange: not an SM2 key")
}

// ParsePublicKey reads the PEM of an SM2 public key (SubjectPublicKeyInfo).
func ParsePublicKey(text []byte) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("exchange: no PEM block")
	}
	key, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*ecdsa.PublicKey); ok && k.Curve == sm2.P256() {
		return k, nil
	}
	return nil, errors.New("exchange: not an SM2 key")
}
