package document

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"anlan/internal/kernel"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"
)

// about is what a PDF says of itself.
type about struct {
	title, author string
	on            kernel.Date
}

// pdf writes pages. The same pages give the same bytes.
func (p *Printer) pdf(pages []Page, a about) ([]byte, error) {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: 210, Ht: 297}})
	w := pdfWriter{Fpdf: doc, printer: p}
	if err := w.fonts(pages); err != nil {
		return nil, err
	}
	when := time.Unix(0, 0).UTC()
	if !a.on.IsZero() {
		when = a.on.Start()
	}
	doc.SetCreationDate(when)
	doc.SetModificationDate(when)
	doc.SetCatalogSort(true)
	doc.SetProducer("Anlan", true)
	doc.SetTitle(a.title, true)
	doc.SetAuthor(a.author, true)
	doc.SetLang("zh-CN")
	doc.SetAutoPageBreak(false, 0)
	for _, page := range pages {
		doc.AddPageFormat("P", fpdf.SizeType{Wd: page.Width, Ht: page.Height})
		for _, m := range page.Marks {
			w.draw(m)
		}
	}
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		return nil, fmt.Errorf("document: write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// pdfWriter draws the marks of a page. Every rune gets a 16-bit code: its own
// in the basic plane, one of the private use area beyond it.
type pdfWriter struct {
	*fpdf.Fpdf
	printer *Printer
	codes   map[rune]coded
	font    string
	size    float64
}

type coded struct {
	face int
	code uint16
}

// fonts gives every rune on the pages its code and loads a subset of each
// font that is used.
func (w *pdfWriter) fonts(pages []Page) error {
	used := map[rune]bool{}
	for _, page := range pages {
		for _, m := range page.Marks {
			if words, ok := m.(Words); ok {
				for _, r := range words.Text {
					used[r] = true
				}
			}
		}
	}
	w.codes = map[rune]coded{}
	subsets := make([]map[uint16]uint16, len(w.printer.faces))
	private := rune(0xe000)
	for _, r := range slices.Sorted(maps.Keys(used)) {
		i, g, ok := w.printer.glyph(r)
		if !ok {
			return kernel.Bad("text", "glyph", string(r))
		}
		code := r
		if r > 0xffff {
			for used[private] {
				private++
			}
			if private > 0xf8ff {
				return kernel.Bad("text", "glyph", string(r))
			}
			code = private
			private++
		}
		if subsets[i] == nil {
			subsets[i] = map[uint16]uint16{}
		}
		subsets[i][uint16(code)] = g
		w.codes[r] = coded{i, uint16(code)}
	}
	for i, codes := range subsets {
		if codes == nil {
			continue
		}
		ttf, err := w.printer.faces[i].subset(codes)
		if err != nil {
			return err
		}
		w.AddUTF8FontFromBytes(family(i), "", ttf)
	}
	return nil
}

func family(face int) string { return fmt.Sprintf("f%d", face) }

func (w *pdfWriter) draw(m Mark) {
	switch m := m.(type) {
	case Words:
		w.words(m)
	case Stroke:
		w.stroke(m)
	case Box:
		w.box(m)
	case Ring:
		w.ink(m.Color, m.Line)
		w.Circle(m.X, m.Y, m.Radius, "D")
	case Shape:
		w.SetFillColor(rgb(m.Color))
		w.Polygon(points(m.Points), "F")
	case Code:
		w.code(m)
	}
}

func rgb(c Color) (int, int, int) { return int(c[0]), int(c[1]), int(c[2]) }

func points(in []Point) []fpdf.PointType {
	out := make([]fpdf.PointType, len(in))
	for i, p := range in {
		out[i] = fpdf.PointType{X: p.X, Y: p.Y}
	}
	return out
}

// ink sets the colour and width of lines.
func (w *pdfWriter) ink(c Color, width float64) {
	w.SetDrawColor(rgb(c))
	w.SetLineWidth(width)
}

func (w *pdfWriter) stroke(s Stroke) {
	w.ink(s.Color, s.Width)
	if s.Dashed {
		w.SetDashPattern([]float64{2, 2}, 0)
		defer w.SetDashPattern(nil, 0)
	}
	for i, p := range s.Points {
		if i == 0 {
			w.MoveTo(p.X, p.Y)
		} else {
			w.LineTo(p.X, p.Y)
		}
	}
	w.DrawPath("D")
}

func (w *pdfWriter) box(b Box) {
	style := ""
	if b.Fill != nil {
		w.SetFillColor(rgb(*b.Fill))
		style = "F"
	}
	if b.Line > 0 {
		w.ink(b.Color, b.Line)
		style += "D"
	}
	w.Rect(b.X, b.Y, b.Width, b.Height, style)
}

// words writes text in stretches of one font.
func (w *pdfWriter) words(m Words) {
	if m.Text == "" {
		return
	}
	if m.Angle != 0 {
		w.setFont(m.Text, m.Size) // outside, as the end of a transformation forgets a font set inside
		w.TransformBegin()
		w.TransformRotate(m.Angle, m.X, m.Y)
		defer w.endTransform(w.font)
	}
	if m.Alpha != 0 {
		w.SetAlpha(m.Alpha, "Normal")
		defer w.SetAlpha(1, "Normal")
	}
	w.SetTextColor(rgb(m.Color))
	if m.Bold { // no bold face is embedded: the outline is drawn as well
		w.ink(m.Color, m.Size*mmPerPoint*0.022)
		w.SetTextRenderingMode(2)
		defer w.SetTextRenderingMode(0)
	}
	if m.Spacing != 0 {
		w.RawWriteStr(fmt.Sprintf("%.4f Tc", m.Spacing/mmPerPoint))
		defer w.RawWriteStr("0 Tc")
	}
	x := m.X
	for text := m.Text; text != ""; {
		n := w.stretch(text)
		w.run(x, m.Y, m.Size, text[:n])
		x += w.printer.width(text[:n], m.Size) + m.Spacing*float64(len([]rune(text[:n])))
		text = text[n:]
	}
}

// stretch returns the length of the beginning of text that is of one font and
// either all in the basic plane or a single rune beyond it.
func (w *pdfWriter) stretch(text string) int {
	face := -1
	for i, r := range text {
		switch {
		case r > 0xffff && i == 0:
			return len(string(r))
		case r > 0xffff, face >= 0 && w.codes[r].face != face:
			return i
		}
		face = w.codes[r].face
	}
	return len(text)
}

// run writes text of one font. A rune beyond the basic plane is written under
// its private code with its real text beside it, so that it can be copied and
// found.
func (w *pdfWriter) run(x, y, size float64, text string) {
	w.setFont(text, size)
	first := []rune(text)[0]
	if first <= 0xffff {
		w.Text(x, y, text)
		return
	}
	var actual strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&actual, "%04X", u)
	}
	w.RawWriteStr("/Span <</ActualText <FEFF" + actual.String() + ">>> BDC")
	w.Text(x, y, string(rune(w.codes[first].code)))
	w.RawWriteStr("EMC")
}

// setFont chooses the font of the first rune of text.
func (w *pdfWriter) setFont(text string, size float64) {
	r, _ := utf8.DecodeRuneInString(text)
	f := family(w.codes[r].face)
	w.SetFont(f, "", size)
	w.font, w.size = f, size
}

// endTransform ends a transformation that began with font. Where another was
// chosen inside, the page is back at the old one and the library does not know
// it: it is made to write the next choice.
func (w *pdfWriter) endTransform(font string) {
	w.TransformEnd()
	if w.font != font {
		w.SetFont(font, "", w.size+0.01)
		w.font = font
	}
}

// quiet is the margin of a QR code in modules (ISO/IEC 18004).
const quiet = 4

// code draws a QR code as rectangles, one per horizontal run of modules.
func (w *pdfWriter) code(m Code) {
	c, err := qr.Encode(m.Text, qr.M)
	if err != nil {
		w.SetError(kernel.Bad("qr", "qr", ""))
		return
	}
	module := m.Size / float64(c.Size+2*quiet)
	w.SetFillColor(255, 255, 255)
	w.Rect(m.X, m.Y, m.Size, m.Size, "F")
	w.SetFillColor(0, 0, 0)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from { // a hair taller than a module, so that no white line shows between rows
				w.Rect(m.X+float64(from+quiet)*module, m.Y+float64(y+quiet)*module, float64(x-from)*module, module*1.02, "F")
			}
		}
	}
}

// star returns a five-pointed star about x, y.
func star(x, y, radius float64) []Point {
	inner := radius * math.Sin(math.Pi/10) / math.Sin(7*math.Pi/10)
	out := make([]Point, 10)
	for i := range out {
		r := radius
		if i%2 == 1 {
			r = inner
		}
		sin, cos := math.Sincos(float64(i)*math.Pi/5 - math.Pi/2)
		out[i] = Point{x + r*cos, y + r*sin}
	}
	return out
}
