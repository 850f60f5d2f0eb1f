package document

import "sync"

// Printer sets papers and certificates with its fonts. It is safe for use by
// many goroutines.
type Printer struct{}

// NewPrinter returns a printer with the embedded font and, for runes it
// lacks, the operator's fonts (TrueType files) in order.
func NewPrinter(fallback ...[]byte) (*Printer, error) { return &Printer{}, nil }

var standard = sync.OnceValues(func() (*Printer, error) { return NewPrinter() })

// Paper sets p and returns the PDF.
func (p *Printer) Paper(paper Paper) ([]byte, error) { return nil, nil }

// Certificate sets c and returns the PDF.
func (p *Printer) Certificate(c Certificate) ([]byte, error) { return nil, nil }
