package document

import (
	"fmt"
	"math"
	"strconv"

	"anlan/internal/kernel"
)

// The type area of a paper after GB/T 9704-2012: A4, 156 × 225 mm, text in
// size three (16 pt).
const (
	a4Width, a4Height = 210.0, 297.0
	left, right       = 28.0, 184.0
	top, bottom       = 37.0, 262.0
	bodySize          = 16.0
	bodyLine          = 9.9
	tightLine         = 8.7 // the least that lines may be apart to save a page
	em                = bodySize * mmPerPoint
	footerSize        = 9.0 // two lines at most
)

// setter sets a paper page by page; y is where the next thing begins.
type setter struct {
	*Printer
	paper   Paper
	line    float64 // from one line of running text to the next
	breakAt int     // index of the piece that begins a page in any case; 0: none
	pages   []Page
	pieces  []piece
	y       float64
}

// piece is what no page break parts: a line of text, or a table's row or the
// last part of it.
type piece struct{ page, lines int }

// Paper sets paper and returns the PDF. Runes without a glyph and a QR text
// that is too long are Invalid.
func (p *Printer) Paper(paper Paper) ([]byte, error) {
	paper, err := prepare(p, paper, paper.QR)
	if err != nil {
		return nil, err
	}
	if n := len(p.wrap(paper.Footer, footerSize, right-left, 0)); n > 2 {
		return nil, kernel.Bad("footer", "too_long", strconv.Itoa(n))
	}
	a := about{title: paper.Title, author: paper.Letterhead, on: paper.MadeAt}
	return p.pdf(p.layPaper(paper), a)
}

// textAtEnd is how many lines of text stand on the page of the signature at
// the least: a sheet with a signature alone could belong to any paper.
const textAtEnd = 2

// layPaper sets lines closer where that keeps the signature with the text, and
// otherwise carries the last lines over to its page.
func (p *Printer) layPaper(paper Paper) []Page {
	s := p.lay(paper, bodyLine, 0)
	if s.signedWithText() {
		return s.pages
	}
	for line := bodyLine - 0.2; line > tightLine-1e-6; line -= 0.2 {
		if closer := p.lay(paper, line, 0); closer.signedWithText() {
			return closer.pages
		}
	}
	carry, lines := len(s.pieces), 0
	for carry > 0 && lines < textAtEnd {
		carry--
		lines += s.pieces[carry].lines
	}
	return p.lay(paper, bodyLine, carry).pages
}

func (p *Printer) lay(paper Paper, line float64, breakAt int) *setter {
	s := &setter{Printer: p, paper: paper, line: line, breakAt: breakAt}
	s.newPage()
	s.head()
	for _, b := range paper.Body {
		s.block(b)
	}
	s.need(s.closingHeight() + s.boxesHeight() + s.receiptHeight())
	s.closing()
	s.boxes()
	s.receipt()
	s.footers()
	return s
}

// signedWithText reports whether enough text stands on the last page; the
// first page has its title.
func (s *setter) signedWithText() bool {
	last, lines := len(s.pages)-1, 0
	for _, p := range s.pieces {
		if p.page == last {
			lines += p.lines
		}
	}
	return last == 0 || lines >= textAtEnd
}

func (s *setter) put(marks ...Mark) {
	page := &s.pages[len(s.pages)-1]
	page.Marks = append(page.Marks, marks...)
}

func (s *setter) newPage() {
	s.pages = append(s.pages, Page{Width: a4Width, Height: a4Height})
	s.put(s.watermark(s.paper.Watermark, area{0, 0, a4Width, a4Height}, pale)...)
	s.y = top
}

// need begins a new page when height does not fit on this one.
func (s *setter) need(height float64) {
	if s.y+height > bottom+1e-6 && s.y > top {
		s.newPage()
	}
}

// place makes room for the next piece of the body.
func (s *setter) place(height float64, lines int) {
	if s.breakAt > 0 && s.breakAt == len(s.pieces) && s.y > top {
		s.newPage()
	}
	s.need(height)
	s.pieces = append(s.pieces, piece{len(s.pages) - 1, lines})
}

// watermark sets text pale and slanted all over an area.
func (p *Printer) watermark(text string, a area, c Color) []Mark {
	if text == "" {
		return nil
	}
	const angle, step, gap = 32.0, 85.0, 55.0
	size := p.shrink(text, 54, a.w*0.6)
	across := p.width(text, size) * math.Cos(angle*math.Pi/180)
	var marks []Mark
	for row := range int(math.Max(1, math.Round(a.h/step))) {
		n := max(1, int((a.w-12+gap)/(across+gap)))
		used := float64(n)*(across+gap) - gap
		shift := (a.w - used) / 2
		if n > 1 && row%2 == 1 { // every other row fewer, between those of the row above
			n--
			shift += (across + gap) / 2
		}
		for i := range n {
			x := a.x + shift + float64(i)*(across+gap)
			y := a.y + (float64(row)+0.72)*a.h/math.Max(1, math.Round(a.h/step))
			marks = append(marks, Words{X: x, Y: y, Text: text, Size: size, Color: c, Angle: angle})
		}
	}
	return marks
}

// head sets letterhead, number, red line, title and addressee.
func (s *setter) head() {
	const centre = (left + right) / 2
	if h := s.paper.Letterhead; h != "" {
		spacing := 2.0
		size := s.shrink(h, 34, right-left-spacing*float64(len([]rune(h))))
		w := s.width(h, size) + spacing*float64(len([]rune(h))-1)
		s.put(Words{X: centre - w/2, Y: s.y + 12, Text: h, Size: size, Color: red, Bold: true, Spacing: spacing})
		s.y += 23
		if s.paper.Number != "" {
			s.put(s.centred(s.paper.Number, centre, s.y+3, 14, black, false))
			s.y += 8
		}
		s.put(Box{X: left, Y: s.y, Width: right - left, Height: 0.7, Fill: &red})
		s.y += 16
	}
	if s.paper.Title != "" {
		const size, height = 22.0, 13.0
		for _, l := range s.wrap(s.paper.Title, size, right-left-2*em, 0) {
			s.put(s.centred(l.text, centre, s.y+5, size, black, true))
			s.y += height
		}
		if s.paper.Letterhead == "" && s.paper.Number != "" {
			s.put(s.centred(s.paper.Number, centre, s.y+2, 14, black, false))
			s.y += 8
		}
		s.y += 4
	}
	if s.paper.To != "" {
		s.text(s.paper.To+"：", 0, false)
	}
}

func (s *setter) block(b Block) {
	switch b.Kind {
	case KindHeading:
		if s.breakAt == len(s.pieces)+1 {
			s.breakAt-- // never alone at the foot of a page
		}
		s.need(2 * s.line)
		s.text(b.Text, 2*em, true)
	case KindNumbered:
		for i, item := range b.Items {
			s.text(strconv.Itoa(i+1)+". "+item, 2*em, false)
		}
	case KindTable, KindPairs:
		s.table(b)
	case KindSpace:
		s.y += s.line
	default:
		s.text(b.Text, 2*em, false)
	}
}

// text sets a running text in the body's size.
func (s *setter) text(text string, indent float64, bold bool) {
	first := true
	for _, l := range s.wrap(text, bodySize, right-left, indent) {
		s.place(s.line, 1)
		x := left
		if first {
			x += indent
		}
		s.put(Words{X: x, Y: s.y + 7 - (bodyLine-s.line)/2, Text: l.text, Size: bodySize, Color: black, Bold: bold, Spacing: l.justify(bodySize, right-x)})
		s.y += s.line
		first = l.last // the next line begins a paragraph
	}
}

// The measures of a table.
const (
	cellSize = 12.0
	cellLine = 6.4
	cellPad  = 1.8
	rule     = 0.2
)

// tableRow is a row with its cells broken into lines.
type tableRow struct {
	cells [][]setLine
	lines int
	head  bool
}

func (r tableRow) height() float64 { return float64(r.lines)*cellLine + 2*cellPad }

// table sets rows between lines. A row goes to the next page whole when it
// fits there, else it is parted between lines of text.
func (s *setter) table(b Block) {
	columns := columnWidths(b)
	if len(columns) == 0 {
		return
	}
	s.y += 1.5
	var head *tableRow
	if len(b.Head) > 0 {
		r := s.row(b.Head, columns)
		r.head = true
		head = &r
	}
	started := false
	for _, cells := range b.Rows {
		r := s.row(cells, columns)
		h := r.height()
		if head != nil && !started {
			h += head.height()
		}
		if h > bottom-top && r.lines > 1 {
			h = 0 // it is parted
		}
		s.place(h, r.lines)
		for r.lines > 0 {
			if head != nil && (!started || s.y == top) {
				s.ruled(*head, columns, b.Kind)
			}
			started = true
			part := r
			if fits := int((bottom - s.y - 2*cellPad) / cellLine); fits < r.lines {
				part, r = r.part(max(1, fits))
				s.ruled(part, columns, b.Kind)
				s.newPage()
				s.pieces[len(s.pieces)-1] = piece{len(s.pages) - 1, r.lines}
				continue
			}
			s.ruled(part, columns, b.Kind)
			break
		}
	}
	if !started && head != nil {
		s.need(head.height())
		s.ruled(*head, columns, b.Kind)
	}
	s.y += 3
}

// columnWidths turns shares into millimetres.
func columnWidths(b Block) []float64 {
	n := len(b.Head)
	for _, r := range b.Rows {
		n = max(n, len(r))
	}
	shares := b.Widths
	if b.Kind == KindPairs && len(shares) == 0 {
		shares = []float64{3, 7}
	}
	out, sum := make([]float64, n), 0.0
	for i := range out {
		out[i] = 1
		if i < len(shares) && shares[i] > 0 {
			out[i] = shares[i]
		}
		sum += out[i]
	}
	for i := range out {
		out[i] *= (right - left) / sum
	}
	return out
}

func (s *setter) row(cells []string, columns []float64) tableRow {
	r := tableRow{cells: make([][]setLine, len(columns)), lines: 1}
	for i, text := range cells {
		r.cells[i] = s.wrap(text, cellSize, columns[i]-2*cellPad, 0)
		r.lines = max(r.lines, len(r.cells[i]))
	}
	return r
}

// part cuts a row after n lines.
func (r tableRow) part(n int) (first, rest tableRow) {
	first, rest = tableRow{lines: n}, tableRow{lines: r.lines - n}
	for _, lines := range r.cells {
		k := min(n, len(lines))
		first.cells = append(first.cells, lines[:k])
		rest.cells = append(rest.cells, lines[k:])
	}
	return first, rest
}

// ruled draws a row at y and moves y below it.
func (s *setter) ruled(r tableRow, columns []float64, kind BlockKind) {
	x, h := left, r.height()
	for i, w := range columns {
		b := Box{X: x, Y: s.y, Width: w, Height: h, Line: rule, Color: black}
		if label := r.head || kind == KindPairs && i == 0; label {
			b.Fill = &Color{242, 242, 242}
		}
		s.put(b)
		y := s.y + (h-float64(len(r.cells[i]))*cellLine)/2
		for _, l := range r.cells[i] {
			at := x + cellPad
			if r.head {
				at = x + (w-l.width)/2
			}
			s.put(Words{X: at, Y: y + 4.7, Text: l.text, Size: cellSize, Color: black, Bold: r.head})
			y += cellLine
		}
		x += w
	}
	s.y += h
}

const codeSize = 27.0 // of the QR code beside the signature

func (s *setter) closingHeight() float64 {
	height := 0.0
	if s.paper.QR != "" {
		height = codeSize + 6
	}
	if sign := s.paper.Sign; sign != nil {
		height = math.Max(height, 30)
		if sign.Stamp != nil {
			height = 2*stampRadius + 4
		}
	}
	return height
}

// closing sets the signature on the right and the QR code on the left.
func (s *setter) closing() {
	height := s.closingHeight()
	if s.paper.QR != "" {
		y := s.y + height - codeSize - 6
		s.put(Code{X: left - 2, Y: y, Size: codeSize, Text: s.paper.QR})
		if s.paper.QRNote != "" {
			size := s.shrink(s.paper.QRNote, 9, 60)
			x := left - 2 + math.Max(codeSize/2, s.width(s.paper.QRNote, size)/2)
			s.put(s.centred(s.paper.QRNote, x, y+codeSize+2.5, size, black, false))
		}
	}
	if s.paper.Sign != nil {
		s.signature(*s.paper.Sign, height)
	}
	s.y += height
}

// signature sets authority and date one below the other, the date four
// characters from the right edge (GB/T 9704, 7.3.5), the seal upon both.
func (s *setter) signature(sign Signature, height float64) {
	date := dateCN(sign.Date)
	size := s.shrink(sign.Authority, bodySize, 110)
	w := s.width(sign.Authority, size)
	x := right - 4*em - s.width(date, bodySize)/2
	x = math.Min(x, right-w/2)
	y := s.y + height/2
	if sign.Stamp != nil { // before the text, which stays legible upon it
		s.put(s.stamp(*sign.Stamp, x, y+1.5)...)
	}
	s.put(s.centred(sign.Authority, x, y, size, black, false))
	s.put(s.centred(date, x, y+bodyLine, bodySize, black, false))
}

// boxHeight leaves room for a round seal of 42 mm.
const boxHeight = 62.0

func (s *setter) boxesHeight() float64 {
	if len(s.paper.Boxes) == 0 {
		return 0
	}
	return boxHeight + 5
}

// boxes sets the boxes to be signed and sealed by hand side by side, each
// with the place of a date.
func (s *setter) boxes() {
	if len(s.paper.Boxes) == 0 {
		return
	}
	const blank = "　　年　　月　　日"
	s.y += 5
	width := (right - left) / float64(len(s.paper.Boxes))
	for i, label := range s.paper.Boxes {
		x := left + float64(i)*width
		s.put(Box{X: x, Y: s.y, Width: width, Height: boxHeight, Line: rule, Color: black})
		for k, l := range s.wrap(label, cellSize, width-2*cellPad, 0) {
			s.put(Words{X: x + cellPad, Y: s.y + cellPad + 4.7 + float64(k)*cellLine, Text: l.text, Size: cellSize, Color: black})
		}
		s.put(Words{X: x + width - cellPad - s.width(blank, cellSize), Y: s.y + boxHeight - 3, Text: blank, Size: cellSize, Color: black})
	}
	s.y += boxHeight
}

const receiptLine = 11.0

func (s *setter) receiptHeight() float64 {
	if len(s.paper.Receipt) == 0 {
		return 0
	}
	return float64((len(s.paper.Receipt)+1)/2)*receiptLine + 8
}

// receipt sets lines to be filled in by hand, two to a row, below a dashed
// line.
func (s *setter) receipt() {
	if len(s.paper.Receipt) == 0 {
		return
	}
	s.y += 5
	cut := line(left, s.y, right, s.y, 0.2, grey)
	cut.Dashed = true
	s.put(cut)
	for i, label := range s.paper.Receipt {
		half := (right - left) / 2
		x := left + float64(i%2)*half
		y := s.y + receiptLine*float64(i/2+1)
		w := s.width(label, cellSize)
		s.put(Words{X: x, Y: y, Text: label, Size: cellSize, Color: black}, line(x+w+1, y+1, x+half-4, y+1, 0.2, black))
	}
	s.y += s.receiptHeight() - 5
}

// footers numbers the pages once their number is known.
func (s *setter) footers() {
	for i := range s.pages {
		page := &s.pages[i]
		text := fmt.Sprintf("第 %d 页 共 %d 页", i+1, len(s.pages))
		number := s.centred(text, (left+right)/2, 279, 10.5, black, false)
		page.Marks = append(page.Marks, number)
		if s.paper.Footer == "" {
			continue
		}
		page.Marks = append(page.Marks, line(left, 266.5, right, 266.5, 0.2, grey))
		for k, l := range s.wrap(s.paper.Footer, footerSize, right-left, 0) {
			page.Marks = append(page.Marks, Words{X: left, Y: 271 + 4*float64(k), Text: l.text, Size: footerSize, Color: grey})
		}
	}
}
