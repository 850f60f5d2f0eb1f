package document

import (
	"context"
	"time"
)

// SealMeta says what is sealed, for the record inside the seal.
type SealMeta struct {
	Document string    // id of the paper or certificate, ASCII
	Title    string    // "行政许可受理通知书", for a platform's own journal
	At       time.Time // when it is sealed
}

// Seal is a signature over the exact bytes of a document. Value is stored
// beside the document and is all that VerifySeal needs.
type Seal struct {
	Value       []byte    `json:"value"`       // SES_Signature of GB/T 38540, DER
	Hash        string    `json:"hash"`        // SM3 of the document, hex
	SealID      string    `json:"seal_id"`     // esID of the seal
	Name        string    `json:"name"`        // of the seal: "天津市应急管理局（样章）"
	Certificate string    `json:"certificate"` // serial number of the signer's certificate, hex
	At          time.Time `json:"at"`          // to the second
	Sample      bool      `json:"sample"`      // a local seal, without legal force
}

// Sealer seals finished documents: LocalSealer, or the city's seal platform
// (统一电子印章平台). The document must be stored before it is sealed: what is
// sealed is the hash of its exact bytes.
type Sealer interface {
	Seal(ctx context.Context, content []byte, meta SealMeta) (Seal, error)
}
