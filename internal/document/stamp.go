package document

import "math"

// stampRadius is that of a municipal bureau's seal, 42 mm across.
const stampRadius = 21.0

// stamp draws the visible seal about x, y: the note across it, so that a
// sample is never taken for the real one, a ring, the authority along it, a
// star, the purpose below.
func (p *Printer) stamp(s Stamp, x, y float64) []Mark {
	var marks []Mark
	if s.Note != "" {
		size := p.shrink(s.Note, 46, 31)
		half := p.width(s.Note, size) / 2
		const angle = 22.0
		sin, cos := math.Sincos(angle * math.Pi / 180)
		drop := size * mmPerPoint * 0.36 // from the middle of the characters to their base line
		marks = append(marks, Words{
			X: x - half*cos + drop*sin, Y: y + half*sin + drop*cos,
			Text: s.Note, Size: size, Color: Color{246, 178, 180}, Bold: true, Angle: angle,
		})
	}
	marks = append(marks, Ring{x, y, stampRadius - 0.6, 1.2, red}, Shape{star(x, y-0.5, 6.3), red})
	marks = append(marks, p.around(s.Authority, x, y)...)
	if s.Purpose != "" {
		marks = append(marks, p.centred(s.Purpose, x, y+12.6, p.shrink(s.Purpose, 11, 24), red, false))
	}
	return marks
}

// around sets text along the upper inside of the ring.
func (p *Printer) around(text string, x, y float64) []Mark {
	runes := []rune(text)
	if len(runes) == 0 {
		return nil
	}
	// The more characters, the further they reach round, up to 250 degrees.
	sweep := math.Min(250, 24*float64(len(runes)-1))
	step := 0.0
	if len(runes) > 1 {
		step = sweep / float64(len(runes)-1)
	}
	const radius = stampRadius - 6.6 // of the base lines
	size := math.Min(17, math.Max(8, step*math.Pi/180*radius*0.92/mmPerPoint*1.25))
	if len(runes) == 1 {
		size = 17
	}
	var marks []Mark
	for i, r := range runes {
		at := (sweep/2 - step*float64(i)) * math.Pi / 180 // from the top, counter-clockwise
		half := p.width(string(r), size) / 2
		sin, cos := math.Sincos(at)
		marks = append(marks, Words{
			X: x - radius*sin - half*cos, Y: y - radius*cos + half*sin,
			Text: string(r), Size: size, Color: red, Angle: at * 180 / math.Pi,
		})
	}
	return marks
}

// centred sets text about x.
func (p *Printer) centred(text string, x, y, size float64, c Color, bold bool) Words {
	return Words{X: x - p.width(text, size)/2, Y: y, Text: text, Size: size, Color: c, Bold: bold}
}

// shrink returns the largest size up to size at which text is at most width
// wide.
func (p *Printer) shrink(text string, size, width float64) float64 {
	if w := p.width(text, size); w > width {
		return size * width / w
	}
	return size
}
