package document

import "anlan/internal/kernel"

// Paper is an official paper in A4 (公文 or 文书): what stands on it, in the
// order of the page.
type Paper struct {
	Letterhead string      `json:"letterhead"`          // 文头, the authority in red: "天津市应急管理局"
	Title      string      `json:"title"`               // "行政许可受理通知书"
	Number     string      `json:"number,omitempty"`    // 文号: "津应急危化经受〔2026〕12 号"
	To         string      `json:"to,omitempty"`        // addressee, the colon is added
	Body       []Block     `json:"body"`                //
	Sign       *Signature  `json:"sign,omitempty"`      // nil: unsigned
	Boxes      []string    `json:"boxes,omitempty"`     // to be signed and sealed by hand, with a date: "申请人（盖章）"
	Receipt    []string    `json:"receipt,omitempty"`   // lines to be filled in by hand: "签收人：", "日期："
	Footer     string      `json:"footer,omitempty"`    // before the page number, small
	QR         string      `json:"qr,omitempty"`        // content of the QR code, "" none
	QRNote     string      `json:"qr_note,omitempty"`   // under the QR: "扫码核验"
	Watermark  string      `json:"watermark,omitempty"` // across the page: "样本"
	MadeAt     kernel.Date `json:"made_at"`             // the PDF's creation date, so that rendering is repeatable
}

// BlockKind says how a Block is set.
type BlockKind string

// The kinds of block.
const (
	KindParagraph BlockKind = "paragraph" // Text, first line indented by two characters
	KindHeading   BlockKind = "heading"   // Text
	KindNumbered  BlockKind = "numbered"  // Items, numbered 1. 2. 3.
	KindTable     BlockKind = "table"     // Head (may be empty), Rows, Widths
	KindPairs     BlockKind = "pairs"     // Rows of label and value with lines between
	KindSpace     BlockKind = "space"     // an empty line
)

// Block is a piece of a paper's body.
type Block struct {
	Kind   BlockKind  `json:"kind"`
	Text   string     `json:"text,omitempty"`
	Items  []string   `json:"items,omitempty"`
	Head   []string   `json:"head,omitempty"`
	Rows   [][]string `json:"rows,omitempty"`
	Widths []float64  `json:"widths,omitempty"` // shares of the width; empty: equal
}

// Paragraph is a running text.
func Paragraph(text string) Block { return Block{Kind: KindParagraph, Text: text} }

// Heading is a line that stands out.
func Heading(text string) Block { return Block{Kind: KindHeading, Text: text} }

// Numbered is a list numbered from 1.
func Numbered(items ...string) Block { return Block{Kind: KindNumbered, Items: items} }

// Table has a head (repeated on each page; nil for none), rows, and the
// columns' shares of the width (none: equal).
func Table(head []string, rows [][]string, widths ...float64) Block {
	return Block{Kind: KindTable, Head: head, Rows: rows, Widths: widths}
}

// Pairs is a ruled list of label and value.
func Pairs(rows ...[2]string) Block {
	b := Block{Kind: KindPairs}
	for _, r := range rows {
		b.Rows = append(b.Rows, []string{r[0], r[1]})
	}
	return b
}

// Space is an empty line.
func Space() Block { return Block{Kind: KindSpace} }

// Signature closes a paper: authority, date and the picture of its seal.
type Signature struct {
	Authority string      `json:"authority"`
	Date      kernel.Date `json:"date"`
	Stamp     *Stamp      `json:"stamp,omitempty"` // nil: no seal drawn
}

// Stamp is the visible round seal.
type Stamp struct {
	Authority string `json:"authority"`         // around the rim
	Purpose   string `json:"purpose,omitempty"` // under the star: "行政许可专用章"
	Note      string `json:"note,omitempty"`    // across it: "样章"; every local seal has it
}

// RenderPaper sets p with the embedded font and returns the PDF.
func RenderPaper(p Paper) ([]byte, error) {
	printer, err := Standard()
	if err != nil {
		return nil, err
	}
	return printer.Paper(p)
}
