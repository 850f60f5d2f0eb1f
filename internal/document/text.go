package document

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"anlan/internal/kernel"

	"golang.org/x/text/unicode/norm"
)

const mmPerPoint = 25.4 / 72

// glyph returns the face and the glyph of r; ok is false when no face has it.
// A glyph without an outline (the embedded font has some, ℃ among them) counts
// only for a blank.
func (p *Printer) glyph(r rune) (face int, glyph uint16, ok bool) {
	for i, f := range p.faces {
		if g := f.glyph(r); g != 0 && (unicode.IsSpace(r) || len(f.outline(g)) > 0) {
			return i, g, true
		}
	}
	return 0, 0, false
}

// printable replaces runes that no face has by their compatibility form where
// that can be printed and means the same: ℃ by °C, Ⅴ by V.
func (p *Printer) printable(text string) string {
	if !strings.ContainsFunc(text, p.lacks) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		form := string(r)
		if p.lacks(r) {
			if other := norm.NFKC.String(form); !strings.ContainsFunc(other, p.lacks) {
				form = other
			}
		}
		b.WriteString(form)
	}
	return b.String()
}

func (p *Printer) lacks(r rune) bool {
	_, _, ok := p.glyph(r)
	return !ok && r != '\n'
}

// width is the length of text at size points, in millimetres.
func (p *Printer) width(text string, size float64) float64 {
	ems := 0.0
	for _, r := range text {
		i, g, _ := p.glyph(r)
		ems += p.faces[i].width(g)
	}
	return ems * size * mmPerPoint
}

// missing adds to c the runes of text that no font has, each once, as broken
// rule "glyph" of field.
func (p *Printer) missing(c *kernel.Check, field, text string) {
	var seen []rune
	for _, r := range text {
		if !p.lacks(r) || slices.Contains(seen, r) {
			continue
		}
		seen = append(seen, r)
		c.Add(field, "glyph", string(r), "char", string(r), "code", fmt.Sprintf("U+%04X", r))
	}
}

// setLine is a line of a wrapped text.
type setLine struct {
	text  string
	width float64
	last  bool // of its paragraph: not justified
}

// Punctuation that must not begin, and that must not end a line (GB/T 15834).
const (
	neverFirst = "、。，．·：；！？）］｝〉》」』】〕〗”’…—,.:;!?)]}%％℃°"
	neverLast  = "（［｛〈《「『【〔〖“‘([{$￥№"
)

// wrap breaks text into lines of at most width mm; the first line of each
// paragraph is shorter by indent. Line ends in text begin a new paragraph.
func (p *Printer) wrap(text string, size, width, indent float64) []setLine {
	var out []setLine
	for paragraph := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		room := width - indent
		runes := []rune(strings.TrimSpace(paragraph))
		for {
			n := p.fit(runes, size, room)
			s := strings.TrimRight(string(runes[:n]), " ")
			runes = []rune(strings.TrimLeft(string(runes[n:]), " "))
			out = append(out, setLine{s, p.width(s, size), len(runes) == 0})
			if len(runes) == 0 {
				break
			}
			room = width
		}
	}
	return out
}

// fit returns how many runes go on a line of room mm, at least one.
func (p *Printer) fit(runes []rune, size, room float64) int {
	used, allowed := 0.0, 0
	for i, r := range runes {
		if i > 0 && breaks(runes[i-1], r) {
			allowed = i
		}
		used += p.width(string(r), size)
		if used > room+1e-6 && r != ' ' {
			if allowed > 0 {
				return allowed
			}
			return max(i, 1)
		}
	}
	return len(runes)
}

// breaks reports whether a line may end between a and b.
func breaks(a, b rune) bool {
	if strings.ContainsRune(neverLast, a) || strings.ContainsRune(neverFirst, b) {
		return false
	}
	if a == '…' && b == '…' || a == '—' && b == '—' {
		return false
	}
	return a == ' ' || wide(a) || wide(b)
}

// wide reports whether r is a character of Chinese text, which may stand
// alone.
func wide(r rune) bool { return r >= 0x2e80 }

// justify spreads a line that is not the last over width: the space to add
// after each character, none when the line is much too short.
func (l setLine) justify(size, width float64) float64 {
	n := len([]rune(l.text))
	if l.last || n < 2 {
		return 0
	}
	gap := (width - l.width) / float64(n-1)
	if gap > 0.3*size*mmPerPoint {
		return 0
	}
	return gap
}
