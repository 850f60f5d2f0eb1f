package exchange

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

// A package is a ZIP file of three members: manifest.json, manifest.sig (SM2
// over the manifest, GB/T 32918, ASN.1) and content.jsonl, whose hash the
// manifest holds. Nothing in it is used before the signature is checked.

const (
	packFormat   = "anlan-exchange/1"
	maxPackage   = 64 << 20 // bytes of one package file and of its content
	maxManifest  = 64 << 10
	packRecords  = 500 // records of one package
	memberSum    = "manifest.json"
	memberSig    = "manifest.sig"
	memberBody   = "content.jsonl"
	kindRecords  = "records"
	kindReceipts = "receipt"
)

// manifest says what a package is.
type manifest struct {
	Format   string    `json:"format"`
	Kind     string    `json:"kind"` // "records" or "receipt"
	From     string    `json:"from"`
	To       string    `json:"to"`
	Number   int64     `json:"number"`             // of the package; of a receipt: of the package it answers
	Previous string    `json:"previous,omitempty"` // hash of the manifest of the package before, "" for the first
	Answers  string    `json:"answers,omitempty"`  // of a receipt: hash of the manifest it answers, "" when that is missing
	State    string    `json:"state,omitempty"`    // of a receipt: "done", "missing" or "refused"
	Reason   string    `json:"reason,omitempty"`   // of a refusal
	Created  time.Time `json:"created"`
	Records  int       `json:"records"`
	SHA256   string    `json:"sha256"` // of content.jsonl
}

// pack is an opened package.
type pack struct {
	manifest
	hash    string // of the manifest: what the next package is chained to
	content [][]byte
}

// refusal is the error of a package that is not what its sender signed, with
// the code of the reason: broken, signature, format, address, content, number,
// chain.
type refusal struct{ reason string }

func (r *refusal) Error() string { return "package refused: " + r.reason }

// refusedAs returns the reason of a refusal, "" for other errors.
func refusedAs(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.reason
	}
	return ""
}

// seal writes a package. The same manifest and lines give the same content;
// the signature differs each time, as SM2's do.
func seal(m manifest, lines [][]byte, key *sm2.PrivateKey) (file []byte, hash string, err error) {
	body := bytes.Join(append(slices.Clone(lines), nil), []byte{'\n'})
	sum := sha256.Sum256(body)
	m.Format, m.Records, m.SHA256 = packFormat, len(lines), hex.EncodeToString(sum[:])
	head, err := json.Marshal(m)
	if err != nil {
		return nil, "", err
	}
	sig, err := key.SignWithSM2(rand.Reader, nil, head)
	if err != nil {
		return nil, "", fmt.Errorf("sign package: %w", err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range []struct {
		name string
		data []byte
	}{{memberSum, head}, {memberSig, sig}, {memberBody, body}} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(part.data)
		}
		if err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), hashOf(head), nil
}

func hashOf(head []byte) string {
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:])
}

// unseal opens a package from a peer to self. Its error is a refusal.
func unseal(file []byte, from, self string, key *ecdsa.PublicKey) (pack, error) {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(r.File) != 3 {
		return pack{}, &refusal{"broken"}
	}
	head, err1 := member(r, memberSum, maxManifest)
	sig, err2 := member(r, memberSig, maxManifest)
	if err := errors.Join(err1, err2); err != nil {
		return pack{}, err
	}
	if !sm2.VerifyASN1WithSM2(key, nil, head, sig) {
		return pack{}, &refusal{"signature"}
	}
	p := pack{hash: hashOf(head)}
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p.manifest); err != nil || p.Format != packFormat {
		return pack{}, &refusal{"format"}
	}
	if p.From != from || p.To != self {
		return pack{}, &refusal{"address"}
	}
	body, err := member(r, memberBody, maxPackage)
	if err != nil {
		return pack{}, err
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != p.SHA256 {
		return pack{}, &refusal{"content"}
	}
	for line := range bytes.Lines(body) {
		p.content = append(p.content, bytes.TrimSuffix(line, []byte{'\n'}))
	}
	if len(p.content) != p.Records || p.Number < 1 {
		return pack{}, &refusal{"format"}
	}
	return p, nil
}

// member reads one part, never more of it than max.
func member(r *zip.Reader, name string, max int64) ([]byte, error) {
	i := slices.IndexFunc(r.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return nil, &refusal{"broken"}
	}
	f, err := r.File[i].Open()
	if err != nil {
		return nil, &refusal{"broken"}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil || int64(len(b)) > max {
		return nil, &refusal{"broken"}
	}
	return b, nil
}

// fileName is how a package is called: FROM.TO.NUMBER.zip, and
// FROM.TO.NUMBER.receipt.zip for the receipt of package NUMBER of TO.
func fileName(from, to, kind string, number int64) string {
	name := fmt.Sprintf("%s.%s.%010d", from, to, number)
	if kind == kindReceipts {
		name += ".receipt"
	}
	return name + ".zip"
}

// parseName is the inverse of fileName.
func parseName(name, from, to string) (kind string, number int64, ok bool) {
	rest, ok := strings.CutPrefix(name, from+"."+to+".")
	if !ok {
		return "", 0, false
	}
	rest, ok = strings.CutSuffix(rest, ".zip")
	if !ok {
		return "", 0, false
	}
	digits, receipt := strings.CutSuffix(rest, ".receipt")
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) != 10 || number < 1 {
		return "", 0, false
	}
	if receipt {
		return kindReceipts, number, true
	}
	return kindRecords, number, true
}
