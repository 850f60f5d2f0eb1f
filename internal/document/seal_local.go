package document

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anlan/internal/kernel"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

const (
	sealFile   = "seal.pem"
	sealYears  = 20
	sampleVid  = "ANLAN-SAMPLE" // marks seals that have no legal force
	sampleNote = "样章"

	pemKey  = "PRIVATE KEY"
	pemCert = "CERTIFICATE"
	pemSeal = "ELECTRONIC SEAL"
)

// LocalSealer seals with SM2 and SM3 in the form of GB/T 38540-2020. Its key
// and certificate are its own, so its seals are samples (样章): they prove that
// a document is unchanged since this installation sealed it, and have no legal
// force.
type LocalSealer struct {
	key  *sm2.PrivateKey
	cert *smx509.Certificate
	seal sesSeal
	der  []byte // of seal
}

// NewLocalSealer opens the sealer kept in dir, or makes key, certificate and
// seal of authority there: one file, readable by its owner only. A key that
// others can read is refused.
func NewLocalSealer(dir, authority string, now time.Time) (*LocalSealer, error) {
	path := filepath.Join(dir, sealFile)
	s, err := loadSealer(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	text, err := makeSealer(authority, now)
	if err != nil {
		return nil, fmt.Errorf("document: make a seal: %w", err)
	}
	if err := createOnce(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("document: keep the seal: %w", err)
	}
	return loadSealer(path) // the one another process made first, if so
}

// createOnce writes a whole file that must not exist yet.
func createOnce(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".seal-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path) // fails when path exists
}

// makeSealer makes key, certificate and seal as PEM.
func makeSealer(authority string, now time.Time) ([]byte, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	from := now.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{Country: []string{"CN"}, Organization: []string{authority}, CommonName: authority + "（" + sampleNote + "）"},
		NotBefore:    from, NotAfter: from.AddDate(sealYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	cert, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	seal, err := makeSeal(key, cert, template, authority)
	if err != nil {
		return nil, err
	}
	pkcs8, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, b := range []pem.Block{{Type: pemKey, Bytes: pkcs8}, {Type: pemCert, Bytes: cert}, {Type: pemSeal, Bytes: seal}} {
		if err := pem.Encode(&out, &b); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// makeSeal makes the seal itself, its own maker and signer.
func makeSeal(key *sm2.PrivateKey, cert []byte, about *x509.Certificate, authority string) ([]byte, error) {
	list, err := asn1.Marshal([][]byte{cert})
	if err != nil {
		return nil, err
	}
	info, err := asn1.Marshal(sesSealInfo{
		Header: sesHeader{ID: "ES", Version: 4, Vid: sampleVid},
		ESID:   fmt.Sprintf("%x", about.SerialNumber),
		Property: sesProperty{
			Type: 1, Name: about.Subject.CommonName, CertListType: 1, CertList: asn1.RawValue{FullBytes: list},
			CreateDate: about.NotBefore, ValidStart: about.NotBefore, ValidEnd: about.NotAfter,
		},
		Picture: sesPicture{Type: "SVG", Data: sealSVG(authority), Width: 2 * stampRadius, Height: 2 * stampRadius},
	})
	if err != nil {
		return nil, err
	}
	s := sesSeal{Cert: cert, SignAlgID: sm2WithSM3()}
	if err := parseDER(info, &s.Info); err != nil {
		return nil, err
	}
	tbs, err := asn1.Marshal(sealTBS{asn1.RawValue{FullBytes: info}, cert, s.SignAlgID})
	if err != nil {
		return nil, err
	}
	value, err := sm2.SignASN1(rand.Reader, key, tbs, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, err
	}
	s.SignedValue = bits(value)
	return asn1.Marshal(s)
}

// sealSVG is the picture inside the seal's record; what is printed is drawn by
// the layout.
func sealSVG(authority string) []byte {
	var points strings.Builder
	for _, p := range star(stampRadius, stampRadius, 6.3) {
		fmt.Fprintf(&points, "%.2f,%.2f ", p.X, p.Y)
	}
	return []byte(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 42 42"><g fill="#c8101e" font-size="3.2" text-anchor="middle">`+
		`<circle cx="21" cy="21" r="20.4" fill="none" stroke="#c8101e" stroke-width="1.2"/><polygon points="%s"/>`+
		`<text x="21" y="12">%s</text><text x="21" y="34" font-size="5">%s</text></g></svg>`,
		strings.TrimSpace(points.String()), html.EscapeString(authority), sampleNote))
}

func loadSealer(path string) (*LocalSealer, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := stat.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("document: %s can be read by others (mode %o); want 600", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := parseSealer(text)
	if err != nil {
		return nil, fmt.Errorf("document: %s: %w", path, err)
	}
	return s, nil
}

func parseSealer(text []byte) (*LocalSealer, error) {
	blocks := map[string][]byte{}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		blocks[block.Type], text = block.Bytes, rest
	}
	key, err := smx509.ParsePKCS8PrivateKey(blocks[pemKey])
	if err != nil {
		return nil, err
	}
	s := &LocalSealer{der: blocks[pemSeal]}
	var ok bool
	if s.key, ok = key.(*sm2.PrivateKey); !ok {
		return nil, errors.New("the key is not for SM2")
	}
	if s.cert, err = smx509.ParseCertificate(blocks[pemCert]); err != nil {
		return nil, err
	}
	if !s.key.PublicKey.Equal(s.cert.PublicKey) {
		return nil, errors.New("key and certificate do not belong together")
	}
	return s, parseDER(s.der, &s.seal)
}

// Maker returns the certificate of the seal's maker, DER, which VerifySeal
// must be told to trust.
func (s *LocalSealer) Maker() []byte { return s.seal.Cert }

// Seal implements Sealer. It refuses when the seal is not valid at meta.At.
func (s *LocalSealer) Seal(ctx context.Context, content []byte, meta SealMeta) (Seal, error) {
	at := meta.At.UTC().Truncate(time.Second)
	if p := s.seal.Info.Property; at.Before(p.ValidStart) || at.After(p.ValidEnd) {
		return Seal{}, kernel.Clash("document.error.seal_validity", map[string]any{"from": p.ValidStart, "to": p.ValidEnd})
	}
	if strings.ContainsFunc(meta.Document, func(r rune) bool { return r > 0x7e || r < 0x20 }) {
		return Seal{}, kernel.Bad("document", "format", meta.Document)
	}
	hash := sm3.Sum(content)
	tbs, err := asn1.Marshal(tbsSign{Version: 4, Seal: s.seal, TimeInfo: at, DataHash: bits(hash[:]), PropertyInfo: meta.Document})
	if err != nil {
		return Seal{}, fmt.Errorf("document: seal: %w", err)
	}
	signature, err := sm2.SignASN1(rand.Reader, s.key, tbs, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return Seal{}, fmt.Errorf("document: seal: %w", err)
	}
	signed := sesSignature{Cert: s.cert.Raw, SignAlgID: sm2WithSM3(), Signature: bits(signature)}
	if err := parseDER(tbs, &signed.ToSign); err != nil {
		return Seal{}, err
	}
	value, err := asn1.Marshal(signed)
	if err != nil {
		return Seal{}, fmt.Errorf("document: seal: %w", err)
	}
	return Seal{
		Value: value, Hash: hex.EncodeToString(hash[:]), SealID: s.seal.Info.ESID, Name: s.seal.Info.Property.Name,
		Certificate: fmt.Sprintf("%x", s.cert.SerialNumber), At: at, Sample: true,
	}, nil
}
