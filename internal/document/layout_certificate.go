package document

import (
	"math"
	"strings"

	"anlan/internal/kernel"
)

// area is a part of a page.
type area struct{ x, y, w, h float64 }

func (a area) inset(d float64) area { return area{a.x + d, a.y + d, a.w - 2*d, a.h - 2*d} }

func (a area) centre() float64 { return a.x + a.w/2 }

// Certificate sets c and returns the PDF. Runes without a glyph, a QR text
// that is too long, an unknown form, and fields that do not fit at the
// smallest size are Invalid.
func (p *Printer) Certificate(c Certificate) ([]byte, error) {
	c, err := prepare(p, c, c.QR)
	if err != nil {
		return nil, err
	}
	var pages []Page
	switch c.Form {
	case Original:
		pages, err = p.layOriginal(c)
	case Duplicate:
		pages, err = p.layDuplicate(c)
	default:
		err = kernel.Bad("form", "choice", string(c.Form))
	}
	if err != nil {
		return nil, err
	}
	return p.pdf(pages, about{title: c.Title + " " + c.Number, author: c.Authority, on: c.IssuedOn})
}

// layOriginal sets the 正本 on A3 across.
func (p *Printer) layOriginal(c Certificate) ([]Page, error) {
	page := Page{Width: 420, Height: 297}
	all := area{0, 0, page.Width, page.Height}
	page.Marks = append(page.Marks, Box{X: 10, Y: 10, Width: 400, Height: 277, Fill: &cream})
	page.Marks = append(page.Marks, p.watermark(c.Watermark, all.inset(26), Color{240, 231, 212})...)
	page.Marks = append(page.Marks, ornate(all)...)
	page.Marks = append(page.Marks, p.spread(c.Title, all.centre(), 68, 54, 300, red))
	page.Marks = append(page.Marks, p.centred("（正本）", all.centre(), 85, 24, black, false))
	number := "编号：" + c.Number
	page.Marks = append(page.Marks, Words{X: 362 - p.width(number, 16), Y: 101, Text: number, Size: 16, Color: black})
	fields, err := p.fields(c.rows(), area{58, 108, 304, 100}, 23, 11)
	if err != nil {
		return nil, err
	}
	page.Marks = append(page.Marks, fields...)
	page.Marks = append(page.Marks, p.issuer(c, 300, 238, 18)...)
	page.Marks = append(page.Marks, p.qr(c, 58, 217, 36)...)
	return []Page{page}, nil
}

// layDuplicate sets the 副本: outside notes and cover, inside the licence and
// its renewals.
func (p *Printer) layDuplicate(c Certificate) ([]Page, error) {
	const width, height, half = 297.0, 210.0, 148.5
	leftHalf, rightHalf := area{0, 0, half, height}, area{half, 0, half, height}
	blank := Page{Width: width, Height: height, Marks: append(framed(leftHalf.inset(9)), framed(rightHalf.inset(9))...)}
	fold := line(half, 4, half, height-4, 0.15, grey)
	fold.Dashed = true
	blank.Marks = append(blank.Marks, fold)
	for _, side := range []area{leftHalf, rightHalf} {
		blank.Marks = append(blank.Marks, p.watermark(c.Watermark, side.inset(13), pale)...)
	}

	outside, inside := blank, blank
	outside.Marks = append(outside.Marks[:len(outside.Marks):len(outside.Marks)], p.cover(c, rightHalf.inset(16))...)
	notes, err := p.notes(c, leftHalf.inset(16))
	if err != nil {
		return nil, err
	}
	outside.Marks = append(outside.Marks, notes...)

	inside.Marks = inside.Marks[:len(inside.Marks):len(inside.Marks)]
	body := leftHalf.inset(16)
	inside.Marks = append(inside.Marks, p.spread(c.Title, body.centre(), 32, 20, 108, red),
		p.centred("编号："+c.Number, body.centre(), 41, 11, black, false))
	fields, err := p.fields(c.rows(), area{body.x, 47, body.w, 91}, 13, 8)
	if err != nil {
		return nil, err
	}
	inside.Marks = append(inside.Marks, fields...)
	inside.Marks = append(inside.Marks, p.issuer(c, body.x+body.w-36, 163, 11)...)
	inside.Marks = append(inside.Marks, p.qr(c, body.x-2, 152, 30)...)
	renewals, err := p.renewals(c, rightHalf.inset(16))
	if err != nil {
		return nil, err
	}
	inside.Marks = append(inside.Marks, renewals...)
	return []Page{outside, inside}, nil
}

// rows are the fields with the validity as the last.
func (c Certificate) rows() []Pair {
	rows := append([]Pair{}, c.Fields...)
	if !c.ValidFrom.IsZero() || !c.ValidTo.IsZero() {
		rows = append(rows, Pair{"有效期", dateCN(c.ValidFrom) + " 至 " + dateCN(c.ValidTo)})
	}
	return rows
}

// spread sets a title about x with its characters apart, at most width wide.
func (p *Printer) spread(text string, x, y, size, width float64, c Color) Words {
	gaps := float64(max(1, len([]rune(text))-1))
	size = p.shrink(text, size, width*0.86)
	spacing := math.Min(size*mmPerPoint*0.28, (width-p.width(text, size))/gaps)
	w := p.width(text, size) + spacing*gaps
	return Words{X: x - w/2, Y: y, Text: text, Size: size, Color: c, Bold: true, Spacing: spacing}
}

// fields sets labels and values at the largest size between most and least at
// which all of them fit into a.
func (p *Printer) fields(rows []Pair, a area, most, least float64) ([]Mark, error) {
	for size := most; size >= least; size -= 0.5 {
		if marks, height := p.fieldsAt(rows, a, size); height <= a.h {
			return marks, nil
		}
	}
	return nil, kernel.Bad("fields", "too_long", "")
}

func (p *Printer) fieldsAt(rows []Pair, a area, size float64) (marks []Mark, height float64) {
	label := 0.0
	for _, r := range rows {
		label = math.Max(label, p.width(r.Label, size))
	}
	colon := p.width("：", size)
	room := a.w - label - colon
	lineHeight := size * mmPerPoint * 1.42
	gap := size * mmPerPoint * 0.38
	y := a.y
	for _, r := range rows {
		n := len([]rune(r.Label))
		spacing := 0.0
		if n > 1 { // labels are spread to one width
			spacing = (label - p.width(r.Label, size)) / float64(n-1)
		}
		base := y + size*mmPerPoint
		marks = append(marks, Words{X: a.x, Y: base, Text: r.Label, Size: size, Color: black, Bold: true, Spacing: spacing},
			Words{X: a.x + label, Y: base, Text: "：", Size: size, Color: black, Bold: true})
		for _, l := range p.wrap(r.Value, size, room, 0) {
			marks = append(marks, Words{X: a.x + label + colon, Y: y + size*mmPerPoint, Text: l.text, Size: size, Color: black, Spacing: l.justify(size, room)})
			y += lineHeight
		}
		y += gap
	}
	return marks, y - gap - a.y
}

// issuer sets authority and date about x with the seal upon them.
func (p *Printer) issuer(c Certificate, x, y, size float64) []Mark {
	label := "发证机关：" + c.Authority
	size = p.shrink(label, size, 118)
	var marks []Mark
	down := size * mmPerPoint * 1.9
	if c.Stamp != nil { // before the text, which stays legible upon it
		at := y + 1
		if down > 9 { // large type: the seal's purpose goes between the lines
			at = y + down - 18.7
		}
		marks = p.stamp(*c.Stamp, x+6, at)
	}
	return append(marks,
		p.centred(label, x, y, size, black, false),
		p.centred(dateCN(c.IssuedOn), x, y+down, size, black, false))
}

func (p *Printer) qr(c Certificate, x, y, size float64) []Mark {
	if c.QR == "" {
		return nil
	}
	marks := []Mark{Code{X: x, Y: y, Size: size, Text: c.QR}}
	if c.QRNote != "" {
		marks = append(marks, p.centred(c.QRNote, x+size/2, y+size+3.5, p.shrink(c.QRNote, size*0.3, size*1.5), black, false))
	}
	return marks
}

// cover sets the outside right half: title, 副本, number, authority.
func (p *Printer) cover(c Certificate, a area) []Mark {
	size := 30.0
	y := a.y + 46
	var marks []Mark
	for _, l := range p.wrap(c.Title, size, a.w, 0) {
		marks = append(marks, p.spread(l.text, a.centre(), y, size, a.w, red))
		y += 17
	}
	marks = append(marks,
		p.centred("（副本）", a.centre(), y+3, 18, black, false),
		p.centred("编号："+c.Number, a.centre(), a.y+a.h-34, 13, black, false),
		p.centred(c.Authority, a.centre(), a.y+a.h-20, p.shrink(c.Authority, 16, a.w), black, false),
		p.centred(dateCN(c.IssuedOn), a.centre(), a.y+a.h-10, 13, black, false),
	)
	return marks
}

// notes sets the 说明 on the outside left half.
func (p *Printer) notes(c Certificate, a area) ([]Mark, error) {
	if len(c.Notes) == 0 {
		return nil, nil
	}
	marks := []Mark{p.spread("说明", a.centre(), a.y+18, 18, 40, black)}
	text, err := p.fitted(strings.Join(c.Notes, "\n"), area{a.x, a.y + 30, a.w, a.h - 36}, "notes")
	return append(marks, text...), err
}

// renewals sets the 有效期延续情况 on the inside right half: one ruled line an
// entry, empty lines below for later ones.
func (p *Printer) renewals(c Certificate, a area) ([]Mark, error) {
	const head, row, size = 26.0, 17.0, 11.0
	marks := []Mark{p.spread("有效期延续情况", a.centre(), a.y+16, 18, 96, black)}
	y := a.y + head
	for i := 0; y+row <= a.y+a.h+0.1; i++ {
		marks = append(marks, Box{X: a.x, Y: y, Width: a.w, Height: row, Line: 0.2, Color: black})
		if i < len(c.Renewals) {
			lines := p.wrap(c.Renewals[i], size, a.w-6, 0)
			if len(lines) > 3 {
				return nil, kernel.Bad("renewals", "too_long", c.Renewals[i])
			}
			at := y + row/2 - float64(len(lines)-1)*2.5 + 1.4
			for _, l := range lines {
				marks = append(marks, Words{X: a.x + 3, Y: at, Text: l.text, Size: size, Color: black})
				at += 5
			}
		}
		y += row
	}
	if rows := int((a.h - head + 0.1) / row); len(c.Renewals) > rows {
		var check kernel.Check
		check.Add("renewals", "too_many", "", "max", rows)
		return nil, check.Err()
	}
	return marks, nil
}

// fitted sets a running text into a at the largest size that fits.
func (p *Printer) fitted(text string, a area, field string) ([]Mark, error) {
	for size := 12.0; size >= 7; size -= 0.5 {
		lines := p.wrap(text, size, a.w, 2*size*mmPerPoint)
		height := size * mmPerPoint * 1.6
		if float64(len(lines))*height > a.h {
			continue
		}
		var marks []Mark
		first := true
		for i, l := range lines {
			x := a.x
			if first {
				x += 2 * size * mmPerPoint
			}
			marks = append(marks, Words{X: x, Y: a.y + float64(i+1)*height, Text: l.text, Size: size, Color: black, Spacing: l.justify(size, a.x+a.w-x)})
			first = l.last
		}
		return marks, nil
	}
	return nil, kernel.Bad(field, "too_long", "")
}
