package document

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// SealReport says what is true of a sealed document.
type SealReport struct {
	Intact   bool      // the document is what was sealed, byte for byte
	Signed   bool      // the signature is that of the certificate in it
	Entitled bool      // the seal names that certificate, and its maker signed the seal
	InTime   bool      // it was signed while seal and certificate were valid
	Trusted  bool      // the maker is among those the caller trusts
	Sample   bool      // 样章: without legal force
	SealID   string    // esID
	Name     string    // of the seal
	Signer   string    // name in the signer's certificate
	Document string    // what the signer called the document
	At       time.Time // by the signer's clock
}

// Valid reports whether nothing speaks against the seal. A sample can be
// valid.
func (r SealReport) Valid() bool { return r.Intact && r.Signed && r.Entitled && r.InTime && r.Trusted }

// VerifySeal examines the seal value (Seal.Value) over content. makers are
// the certificates, DER, of seal makers to trust; without any nothing is
// Trusted, because anybody can make a seal. A value that is no seal is Invalid
// (rule "seal_format").
func VerifySeal(content, value []byte, makers ...[]byte) (SealReport, error) {
	var s sesSignature
	if err := parseDER(value, &s); err != nil {
		return SealReport{}, err
	}
	seal := s.ToSign.Seal
	property := seal.Info.Property
	at := s.ToSign.TimeInfo.UTC()
	r := SealReport{
		Sample: seal.Info.Header.Vid == sampleVid,
		SealID: seal.Info.ESID, Name: property.Name, Document: s.ToSign.PropertyInfo, At: at,
	}
	hash := sm3.Sum(content)
	r.Intact = bytes.Equal(hash[:], s.ToSign.DataHash.RightAlign())
	signer, err := smx509.ParseCertificate(s.Cert)
	if err != nil {
		return r, nil // not signed by anybody
	}
	r.Signer = signer.Subject.CommonName
	r.Signed = s.SignAlgID.Equal(sm2WithSM3()) && fits(signer, s.ToSign.Raw, s.Signature)
	r.Entitled = seal.names(s.Cert) && seal.genuine()
	r.InTime = !at.Before(property.ValidStart) && !at.After(property.ValidEnd) && !at.Before(signer.NotBefore) && !at.After(signer.NotAfter)
	for _, m := range makers {
		r.Trusted = r.Trusted || bytes.Equal(m, seal.Cert)
	}
	return r, nil
}

// fits reports whether signature is cert's over message (SM2 with SM3, the
// default identity of GB/T 32918).
func fits(cert *smx509.Certificate, message []byte, signature asn1.BitString) bool {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return ok && sm2.IsSM2PublicKey(key) && sm2.VerifyASN1WithSM2(key, nil, message, signature.RightAlign())
}

// names reports whether the seal may be used with the certificate: it lists
// it, or its SM3 digest.
func (s sesSeal) names(cert []byte) bool {
	list := s.Info.Property.CertList.FullBytes
	switch s.Info.Property.CertListType {
	case 1:
		var certs [][]byte
		if parseDER(list, &certs) != nil {
			return false
		}
		for _, c := range certs {
			if bytes.Equal(c, cert) {
				return true
			}
		}
	case 2:
		var digests []certDigest
		if parseDER(list, &digests) != nil {
			return false
		}
		sum := sm3.Sum(cert)
		for _, d := range digests {
			if bytes.Equal(d.Value, sum[:]) {
				return true
			}
		}
	}
	return false
}

// genuine reports whether the maker's signature on the seal fits.
func (s sesSeal) genuine() bool {
	maker, err := smx509.ParseCertificate(s.Cert)
	if err != nil || !s.SignAlgID.Equal(sm2WithSM3()) {
		return false
	}
	tbs, err := asn1.Marshal(sealTBS{asn1.RawValue{FullBytes: s.Info.Raw}, s.Cert, s.SignAlgID})
	return err == nil && fits(maker, tbs, s.SignedValue)
}

// String is the report on one line, for commands.
func (r SealReport) String() string {
	return fmt.Sprintf("seal %s %q by %q at %s: valid=%t intact=%t signed=%t entitled=%t in_time=%t trusted=%t sample=%t",
		r.SealID, r.Name, r.Signer, r.At.Format(time.RFC3339), r.Valid(), r.Intact, r.Signed, r.Entitled, r.InTime, r.Trusted, r.Sample)
}
