package document

import (
	"encoding/asn1"
	"fmt"
	"time"

	"anlan/internal/kernel"
)

// The structures of GB/T 38540-2020 (version 4), named as in the standard's
// clauses 6 (the seal) and 7 (the signature).

// sesSeal is an electronic seal (SESeal, 6.2.1).
type sesSeal struct {
	Raw         asn1.RawContent
	Info        sesSealInfo
	Cert        []byte // of the maker (制章人)
	SignAlgID   asn1.ObjectIdentifier
	SignedValue asn1.BitString // over sealTBS
}

// sealTBS is what the maker signs.
type sealTBS struct {
	Info      asn1.RawValue
	Cert      []byte
	SignAlgID asn1.ObjectIdentifier
}

type sesSealInfo struct {
	Raw      asn1.RawContent
	Header   sesHeader
	ESID     string `asn1:"ia5"`
	Property sesProperty
	Picture  sesPicture
	ExtDatas []extData `asn1:"optional,explicit,tag:0,omitempty"`
}

type sesHeader struct {
	ID      string `asn1:"ia5"` // "ES"
	Version int    // 4
	Vid     string `asn1:"ia5"` // who made the seal's software
}

type sesProperty struct {
	Type         int    // 1: of a unit, 2: of a person
	Name         string `asn1:"utf8"`
	CertListType int    // 1: certificates, 2: their digests
	CertList     asn1.RawValue
	CreateDate   time.Time `asn1:"generalized"`
	ValidStart   time.Time `asn1:"generalized"`
	ValidEnd     time.Time `asn1:"generalized"`
}

type certDigest struct {
	Type  string `asn1:"printable"`
	Value []byte
}

type sesPicture struct {
	Type   string `asn1:"ia5"` // "SVG"
	Data   []byte
	Width  int // mm
	Height int
}

type extData struct {
	ID       asn1.ObjectIdentifier
	Critical bool `asn1:"optional"`
	Value    []byte
}

// sesSignature is a signature made with a seal (SES_Signature, 7.2.1).
type sesSignature struct {
	ToSign    tbsSign
	Cert      []byte // of the signer
	SignAlgID asn1.ObjectIdentifier
	Signature asn1.BitString // over ToSign
	TimeStamp asn1.BitString `asn1:"optional,explicit,tag:0"`
}

type tbsSign struct {
	Raw          asn1.RawContent
	Version      int // 4
	Seal         sesSeal
	TimeInfo     time.Time `asn1:"generalized"`
	DataHash     asn1.BitString
	PropertyInfo string    `asn1:"ia5"` // which document
	ExtDatas     []extData `asn1:"optional,explicit,tag:0,omitempty"`
}

// sm2WithSM3 is the object identifier of the signature algorithm (GM/T 0006).
func sm2WithSM3() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501} }

func bits(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

// parseDER reads v from der, all of it.
func parseDER(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes too many", len(rest))
	}
	if err != nil {
		bad := kernel.Bad("seal", "seal_format", "")
		bad.Err = err
		return bad
	}
	return nil
}
