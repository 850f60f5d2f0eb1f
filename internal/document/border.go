package document

import "math"

// framed draws a plain double frame.
func framed(a area) []Mark {
	b := a.inset(1.6)
	return []Mark{
		Box{X: a.x, Y: a.y, Width: a.w, Height: a.h, Line: 1, Color: gold},
		Box{X: b.x, Y: b.y, Width: b.w, Height: b.h, Line: 0.25, Color: gold},
	}
}

// ornate draws the border of a wall licence: a band of interwoven waves
// between frames, a rosette in each corner.
func ornate(page area) []Mark {
	const margin, band = 10.0, 13.0
	outer, inner := page.inset(margin), page.inset(margin+band)
	marks := []Mark{
		Box{X: outer.x, Y: outer.y, Width: outer.w, Height: outer.h, Line: 1.4, Color: gold},
		Box{X: outer.x + 1.8, Y: outer.y + 1.8, Width: outer.w - 3.6, Height: outer.h - 3.6, Line: 0.3, Color: gold},
		Box{X: inner.x, Y: inner.y, Width: inner.w, Height: inner.h, Line: 0.9, Color: gold},
		Box{X: inner.x + 1.4, Y: inner.y + 1.4, Width: inner.w - 2.8, Height: inner.h - 2.8, Line: 0.25, Color: gold},
	}
	middle := margin + (band+1.8)/2
	far, low := page.w-middle, page.h-middle
	marks = append(marks, waves(Point{inner.x, middle}, Point{inner.x + inner.w, middle})...)
	marks = append(marks, waves(Point{inner.x, low}, Point{inner.x + inner.w, low})...)
	marks = append(marks, waves(Point{middle, inner.y}, Point{middle, inner.y + inner.h})...)
	marks = append(marks, waves(Point{far, inner.y}, Point{far, inner.y + inner.h})...)
	for _, c := range []Point{{middle, middle}, {far, middle}, {middle, low}, {far, low}} {
		marks = append(marks, rosette(c)...)
	}
	return marks
}

// waves draws interwoven sine curves from a to b, which lie on one level or
// one plumb line.
func waves(a, b Point) []Mark {
	const amplitude, strands, wish = 4.3, 4, 22.0
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	turns := math.Round(length / wish)
	steps := int(turns) * 16
	var marks []Mark
	for strand := range strands {
		phase := float64(strand) * math.Pi / strands * 2
		points := make([]Point, steps+1)
		for i := range points {
			t := float64(i) / float64(steps)
			swing := amplitude * math.Sin(2*math.Pi*turns*t+phase)
			if a.Y == b.Y {
				points[i] = Point{a.X + t*length, a.Y + swing}
			} else {
				points[i] = Point{a.X + swing, a.Y + t*length}
			}
		}
		c := gold
		if strand%2 == 1 {
			c = paleGold
		}
		marks = append(marks, Stroke{Points: points, Width: 0.28, Color: c})
	}
	return marks
}

// rosette draws a flower of eight petals within a ring.
func rosette(c Point) []Mark {
	const radius, steps = 5.2, 180
	points := make([]Point, steps+1)
	for i := range points {
		at := 2 * math.Pi * float64(i) / steps
		r := radius * math.Abs(math.Cos(4*at))
		points[i] = Point{c.X + r*math.Cos(at), c.Y + r*math.Sin(at)}
	}
	return []Mark{
		Stroke{Points: points, Width: 0.3, Color: gold},
		Ring{c.X, c.Y, radius + 0.5, 0.4, gold},
		Ring{c.X, c.Y, 1.4, 0.4, gold},
	}
}
