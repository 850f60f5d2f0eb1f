package document

import "anlan/internal/kernel"

// CertificateForm says which copy of a licence is made.
type CertificateForm string

// The copies.
const (
	Original  CertificateForm = "original"  // 正本: one A3 page across, to hang on the wall
	Duplicate CertificateForm = "duplicate" // 副本: two A4 pages across, folded in the middle: cover and notes outside, the licence inside
)

// Certificate is a licence as it is printed.
type Certificate struct {
	Form      CertificateForm `json:"form"`
	Title     string          `json:"title"`  // "危险化学品经营许可证"
	Number    string          `json:"number"` // "津安经〔2026〕000123"
	Fields    []Pair          `json:"fields"` // in order: 企业名称, 企业住所, 企业法定代表人姓名, 经营方式, 许可范围
	ValidFrom kernel.Date     `json:"valid_from"`
	ValidTo   kernel.Date     `json:"valid_to"`
	Authority string          `json:"authority"`
	IssuedOn  kernel.Date     `json:"issued_on"`
	Renewals  []string        `json:"renewals,omitempty"` // 有效期延续情况, one line each (Duplicate)
	Notes     []string        `json:"notes,omitempty"`    // 说明 (Duplicate)
	QR        string          `json:"qr"`
	QRNote    string          `json:"qr_note,omitempty"`
	Stamp     *Stamp          `json:"stamp,omitempty"`
	Watermark string          `json:"watermark,omitempty"` // "样本"
}

// Pair is a label and its value.
type Pair struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// RenderCertificate sets c with the embedded font and returns the PDF.
func RenderCertificate(c Certificate) ([]byte, error) {
	printer, err := Standard()
	if err != nil {
		return nil, err
	}
	return printer.Certificate(c)
}
