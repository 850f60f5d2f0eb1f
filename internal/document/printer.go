package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"anlan/internal/kernel"

	"rsc.io/qr"
)

// Printer sets papers and certificates with its fonts. It is safe for use by
// many goroutines.
type Printer struct {
	faces []*fontFace
}

// NewPrinter returns a printer with the embedded font and, for runes it
// lacks, the operator's fonts in order: TrueType files with outlines of
// TrueType's own kind (not OpenType/CFF, not collections).
func NewPrinter(fallback ...[]byte) (*Printer, error) {
	p := &Printer{}
	for i, data := range append([][]byte{embedded()}, fallback...) {
		f, err := readFace(data)
		if err != nil {
			return nil, fmt.Errorf("font %d: %w", i, err)
		}
		p.faces = append(p.faces, f)
	}
	return p, nil
}

// Standard returns the printer with the embedded font alone, made when it is
// first asked for.
var Standard = sync.OnceValues(func() (*Printer, error) { return NewPrinter() })

// prepare returns paper with every text in its printable form. It reports
// every rune that no font has under the path of its text in the paper's JSON,
// and a QR text that no code can hold.
func prepare[T any](p *Printer, paper T, qrText string) (ready T, err error) {
	text, err := json.Marshal(paper)
	if err != nil {
		return ready, fmt.Errorf("document: %w", err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return ready, fmt.Errorf("document: %w", err)
	}
	var c kernel.Check
	tree = p.prepareTree(&c, "", tree)
	if qrText != "" {
		if _, err := qr.Encode(qrText, qr.M); err != nil {
			c.Add("qr", "qr", "")
		}
	}
	if err := c.Err(); err != nil {
		return ready, err
	}
	if text, err = json.Marshal(tree); err != nil {
		return ready, fmt.Errorf("document: %w", err)
	}
	return ready, json.Unmarshal(text, &ready)
}

func (p *Printer) prepareTree(c *kernel.Check, path string, v any) any {
	switch v := v.(type) {
	case string:
		text := p.printable(strings.NewReplacer("\r\n", "\n", "\t", " ").Replace(v))
		p.missing(c, path, text)
		return text
	case []any:
		for i, item := range v {
			v[i] = p.prepareTree(c, fmt.Sprintf("%s.%d", path, i), item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := path + "." + name
			if path == "" {
				at = name
			}
			if at != "qr" {
				v[name] = p.prepareTree(c, at, v[name])
			}
		}
	}
	return v
}
