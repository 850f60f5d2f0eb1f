// Package document makes the papers the bureau issues: official papers in A4
// (Paper) and licences as wall and folded copies (Certificate), with Chinese
// text, vector QR codes and visibly sample seals, as PDF.
//
// What is printed is data: Paper and Certificate marshal to JSON and are
// stored before anything is rendered or sealed, so a paper can be made again
// byte for byte. Both are first laid out on pages of plain drawing
// instructions (Page) that a second writer, OFD, can follow; layout and
// writing know nothing of each other.
//
// Every rune is looked up in the font; one without a glyph is an error that
// names it (rule "glyph"), never an empty box on a licence. An operator adds
// fonts for rare characters (--font), which NewPrinter takes.
//
// A Sealer signs the bytes of the finished PDF. LocalSealer does so with SM2
// and SM3 in the form of GB/T 38540 and is visibly a sample; the city's seal
// platform implements the same interface.
package document

import (
	"embed"

	"anlan/internal/i18n"
)

//go:embed locale/*.json
var locale embed.FS

// Source is the texts of this package.
func Source() i18n.Source { return i18n.Source{Owner: "document", FS: locale} }
