package document

// Page is one laid-out page: what a writer (PDF now, OFD later) draws, in this
// order. Lengths are millimetres from the upper left corner, font sizes
// points, angles degrees counter-clockwise.
type Page struct {
	Width, Height float64
	Marks         []Mark
}

// Mark is one drawing instruction: Words, Stroke, Box, Ring, Shape or Code.
type Mark interface{ mark() }

// Color is red, green and blue, 0…255.
type Color [3]uint8

// The colours of papers.
var (
	black    = Color{0, 0, 0}
	grey     = Color{110, 110, 110}
	pale     = Color{225, 225, 225}
	red      = Color{200, 16, 30}
	gold     = Color{176, 134, 54}
	paleGold = Color{222, 200, 150}
	cream    = Color{253, 250, 241}
)

// Words is text on one line. X, Y is the left end of the base line; the text
// is turned by Angle about it.
type Words struct {
	X, Y    float64
	Text    string
	Size    float64
	Color   Color
	Bold    bool
	Spacing float64 // extra space after each character, mm
	Angle   float64
	Alpha   float64 // 0 = opaque, else 0…1
}

// Stroke is a line, or with more than two points an open path.
type Stroke struct {
	Points []Point
	Width  float64
	Color  Color
	Dashed bool
}

// Point is a place on a page.
type Point struct{ X, Y float64 }

// Box is a rectangle: filled, drawn, or both (Line 0: no border).
type Box struct {
	X, Y, Width, Height float64
	Fill                *Color
	Line                float64
	Color               Color
}

// Ring is a circle about X, Y.
type Ring struct {
	X, Y, Radius float64
	Line         float64
	Color        Color
}

// Shape is a filled polygon.
type Shape struct {
	Points []Point
	Color  Color
}

// Code is a QR code in a square of Size with its upper left corner at X, Y;
// the quiet zone of four modules lies within.
type Code struct {
	X, Y, Size float64
	Text       string
}

func (Words) mark()  {}
func (Stroke) mark() {}
func (Box) mark()    {}
func (Ring) mark()   {}
func (Shape) mark()  {}
func (Code) mark()   {}

func line(x1, y1, x2, y2, width float64, c Color) Stroke {
	return Stroke{Points: []Point{{x1, y1}, {x2, y2}}, Width: width, Color: c}
}
