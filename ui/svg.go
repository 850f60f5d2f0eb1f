package ui

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Bar is one bar of a chart.
type Bar struct {
	Label string
	Value float64
	Shown string // the value in words, "" prints the number
	Tone  string // "", "good", "warn", "bad", "calm": a colour that never stands alone
}

// Bars is a chart of horizontal bars. Its table form must stand beside it:
// the bar-chart component shows both.
type Bars struct {
	Title string // read out in place of the picture
	Rows  []Bar
	Max   float64 // 0: the largest value
}

// SVG draws the chart; every colour comes from a class, every length from the
// data.
func (b Bars) SVG() template.HTML {
	const row, label, width = 28, 140, 560
	top := b.Max
	for _, r := range b.Rows {
		if !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) {
			top = math.Max(top, r.Value)
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="bars" viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, row*len(b.Rows)+4, template.HTMLEscapeString(b.Title))
	for i, r := range b.Rows {
		y := i*row + 4
		w := 0.0
		if top > 0 && r.Value > 0 {
			w = r.Value / top * (width - label - 70)
		}
		fmt.Fprintf(&s, `<text class="bar-label" x="%d" y="%d" text-anchor="end">%s</text>`, label-10, y+16, template.HTMLEscapeString(short(r.Label, 9)))
		fmt.Fprintf(&s, `<rect class="bar %s" x="%d" y="%d" width="%s" height="%d" rx="3"/>`, toneClass(r.Tone), label, y+2, num(math.Max(w, 1)), row-8)
		fmt.Fprintf(&s, `<text class="bar-value" x="%s" y="%d">%s</text>`, num(label+w+8), y+16, template.HTMLEscapeString(r.shown()))
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String())
}

func (r Bar) shown() string {
	if r.Shown != "" {
		return r.Shown
	}
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return "–"
	}
	return strconv.FormatFloat(r.Value, 'f', -1, 64)
}

func toneClass(tone string) string {
	switch tone {
	case "good", "warn", "bad", "calm":
		return "tone-" + tone
	}
	return "tone-main"
}

// Spark is a small line of recent values, oldest first; NaN is a gap.
type Spark struct {
	Title  string
	Values []float64
	Limit  float64 // a line to compare with; 0: none
}

// SVG draws the line; values that are all the same run through the
// middle; without values there is no picture.
func (s Spark) SVG() template.HTML {
	if len(s.Values) == 0 {
		return ""
	}
	const w, h, pad = 120.0, 32.0, 3.0
	low, high := s.span()
	x := func(i int) float64 { return pad + float64(i)*(w-2*pad)/math.Max(1, float64(len(s.Values)-1)) }
	y := func(v float64) float64 {
		if high == low {
			return h / 2
		}
		return h - pad - (v-low)/(high-low)*(h-2*pad)
	}
	var path strings.Builder
	pen, last := "M", -1
	for i, v := range s.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			pen = "M"
			continue
		}
		path.WriteString(pen + num(x(i)) + " " + num(y(v)))
		pen, last = "L", i
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %s %s" role="img" aria-label="%s">`, num(w), num(h), template.HTMLEscapeString(s.Title))
	if s.Limit != 0 {
		fmt.Fprintf(&b, `<line class="spark-limit" x1="0" x2="%s" y1="%s" y2="%s"/>`, num(w), num(y(s.Limit)), num(y(s.Limit)))
	}
	if last >= 0 {
		fmt.Fprintf(&b, `<path class="spark-line" d="%s"/><circle class="spark-dot" cx="%s" cy="%s" r="2.5"/>`, path.String(), num(x(last)), num(y(s.Values[last])))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (s Spark) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range s.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if s.Limit != 0 && high >= low {
		low, high = math.Min(low, s.Limit), math.Max(high, s.Limit)
	}
	return low, high
}

func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

func short(s string, max int) string {
	r := []rune(s)
	width := 0
	for i, c := range r {
		width++
		if c < 0x2e80 {
			width-- // Latin letters take half the room
			if i%2 == 0 {
				width++
			}
		}
		if width > max {
			return string(r[:i]) + "…"
		}
	}
	return s
}
