package document

import (
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"
)

//go:embed font/wqy-microhei.ttf.gz
var packed string

// embedded is the font of the program. It is unpacked when a paper is first
// set: it would be a twelfth of the binary.
var embedded = sync.OnceValue(func() []byte {
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err == nil {
		var font []byte
		if font, err = io.ReadAll(r); err == nil {
			return font
		}
	}
	panic(err) // a broken build: a test unpacks it
})

// fontFace is a TrueType font that has been read once: where its tables lie, the
// runs of its character map, the places of its outlines.
type fontFace struct {
	data   []byte
	tables map[string][]byte
	em     int       // units per em
	glyphs int       // number of glyphs
	long   bool      // loca holds 32-bit offsets
	hmtx   int       // number of full entries in hmtx
	cmap   []segment // in order of from
}

// segment maps the runes from…to to glyphs from start on; glyphs, when not
// nil, lists them instead.
type segment struct {
	from, to rune
	start    uint32
	glyphs   []uint16
}

var errFont = errors.New("document: not a TrueType font with outlines and a Unicode character map")

// readFace reads a TrueType font (not a collection, not CFF outlines).
func readFace(data []byte) (f *fontFace, err error) {
	defer func() {
		if recover() != nil { // a table shorter than it says
			f, err = nil, errFont
		}
	}()
	f = &fontFace{data: data, tables: map[string][]byte{}}
	if v := u32(data, 0); v != 0x00010000 && v != 0x74727565 {
		return nil, errFont
	}
	for i := range int(u16(data, 4)) {
		rec := data[12+16*i:]
		off, n := u32(rec, 8), u32(rec, 12)
		f.tables[string(rec[:4])] = data[off : uint64(off)+uint64(n)]
	}
	for _, name := range []string{"head", "hhea", "hmtx", "maxp", "loca", "glyf", "cmap", "OS/2", "post"} {
		if f.tables[name] == nil {
			return nil, fmt.Errorf("%w: no table %s", errFont, name)
		}
	}
	f.em = int(u16(f.tables["head"], 18))
	f.long = u16(f.tables["head"], 50) == 1
	f.glyphs = int(u16(f.tables["maxp"], 4))
	f.hmtx = int(u16(f.tables["hhea"], 34))
	if f.em == 0 || f.hmtx == 0 || len(f.tables["hmtx"]) < 4*f.hmtx {
		return nil, errFont
	}
	for g := range f.glyphs {
		f.outline(uint16(g)) // every place lies within the table
	}
	return f, f.readCmap()
}

func u16(b []byte, i int) uint16 { return binary.BigEndian.Uint16(b[i:]) }
func u32(b []byte, i int) uint32 { return binary.BigEndian.Uint32(b[i:]) }

// readCmap takes the fullest Unicode character map: format 12, else 4.
func (f *fontFace) readCmap() error {
	t := f.tables["cmap"]
	var four, twelve []byte
	for i := range int(u16(t, 2)) {
		platform, sub := u16(t, 4+8*i), t[u32(t, 8+8*i):]
		if platform != 0 && platform != 3 {
			continue
		}
		switch u16(sub, 0) {
		case 4:
			four = sub
		case 12:
			twelve = sub
		}
	}
	switch {
	case twelve != nil:
		for i := range int(u32(twelve, 12)) {
			g := twelve[16+12*i:]
			f.cmap = append(f.cmap, segment{from: rune(u32(g, 0)), to: rune(u32(g, 4)), start: u32(g, 8)})
		}
	case four != nil:
		f.readFormat4(four)
	default:
		return fmt.Errorf("%w: no Unicode character map", errFont)
	}
	slices.SortFunc(f.cmap, func(a, b segment) int { return int(a.from - b.from) })
	return nil
}

func (f *fontFace) readFormat4(t []byte) {
	n, mapped := int(u16(t, 6))/2, 0
	for i := range n {
		end, start := u16(t, 14+2*i), u16(t, 16+2*n+2*i)
		delta, at := u16(t, 16+4*n+2*i), 16+6*n+2*i
		s := segment{from: rune(start), to: rune(end)}
		if start == 0xffff || end < start {
			continue
		}
		if mapped += int(end-start) + 1; mapped > 0x10000 {
			panic(errFont) // segments upon each other
		}
		for r := int(start); r <= int(end); r++ {
			g := uint16(r) + delta
			if offset := int(u16(t, at)); offset != 0 {
				if g = u16(t, at+offset+2*(r-int(start))); g != 0 {
					g += delta
				}
			}
			s.glyphs = append(s.glyphs, g)
		}
		f.cmap = append(f.cmap, s)
	}
}

// glyph returns the glyph of r, 0 when the font has none.
func (f *fontFace) glyph(r rune) uint16 {
	i := sort.Search(len(f.cmap), func(i int) bool { return f.cmap[i].to >= r })
	if i == len(f.cmap) || f.cmap[i].from > r {
		return 0
	}
	s := f.cmap[i]
	g := s.start + uint32(r-s.from)
	if s.glyphs != nil {
		g = uint32(s.glyphs[r-s.from])
	}
	if g >= uint32(f.glyphs) {
		return 0
	}
	return uint16(g)
}

// width returns the advance of a glyph in ems.
func (f *fontFace) width(glyph uint16) float64 {
	i := min(int(glyph), f.hmtx-1)
	return float64(u16(f.tables["hmtx"], 4*i)) / float64(f.em)
}

// outline returns the glyph's bytes in glyf.
func (f *fontFace) outline(glyph uint16) []byte {
	loca, i := f.tables["loca"], int(glyph)
	var from, to uint32
	if f.long {
		from, to = u32(loca, 4*i), u32(loca, 4*i+4)
	} else {
		from, to = 2*uint32(u16(loca, 2*i)), 2*uint32(u16(loca, 2*i+2))
	}
	return f.tables["glyf"][from:to]
}
