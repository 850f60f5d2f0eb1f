package document

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// subset returns a TrueType font that holds only the glyphs of codes (16-bit
// character code → glyph of f) and what they are composed of. The PDF writer
// reads every table of the font it is given for every document; given this
// one, a page takes a few milliseconds and a font is parsed once.
func (f *fontFace) subset(codes map[uint16]uint16) (ttf []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // an outline or component beyond its table
			ttf, err = nil, fmt.Errorf("%w: %v", errFont, p)
		}
	}()
	s := subsetter{face: f, now: map[uint16]uint16{}}
	s.add(0)
	sorted := slices.Sorted(maps.Keys(codes))
	for _, code := range sorted {
		s.add(codes[code])
	}
	for i := 0; i < len(s.order); i++ { // grows by components
		s.place(s.order[i])
	}
	head := slices.Clone(f.tables["head"])
	binary.BigEndian.PutUint16(head[50:], 1) // long loca
	hhea := slices.Clone(f.tables["hhea"])
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(s.order)))
	maxp := slices.Clone(f.tables["maxp"])
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(s.order)))
	post := slices.Clone(f.tables["post"][:32])
	binary.BigEndian.PutUint32(post, 0x00030000) // no glyph names
	return assemble(map[string][]byte{
		"head": head, "hhea": hhea, "maxp": maxp, "post": post, "OS/2": f.tables["OS/2"],
		"name": {0, 0, 0, 0, 0, 6},
		"cvt ": f.tables["cvt "], "fpgm": f.tables["fpgm"], "prep": f.tables["prep"],
		"hmtx": s.hmtx, "glyf": s.glyf, "loca": append(s.loca, be32(len(s.glyf))...),
		"cmap": format4(sorted, func(code uint16) uint16 { return s.now[codes[code]] }),
	}), nil
}

type subsetter struct {
	face  *fontFace
	order []uint16          // glyphs of the face, in their new order
	now   map[uint16]uint16 // glyph of the face → of the subset
	glyf  []byte
	loca  []byte
	hmtx  []byte
}

func (s *subsetter) add(glyph uint16) uint16 {
	n, have := s.now[glyph]
	if !have {
		n = uint16(len(s.order))
		s.now[glyph] = n
		s.order = append(s.order, glyph)
	}
	return n
}

// place appends the outline and the metrics of a glyph.
func (s *subsetter) place(glyph uint16) {
	s.loca = append(s.loca, be32(len(s.glyf))...)
	outline := slices.Clone(s.face.outline(glyph))
	if len(outline) >= 10 && int16(u16(outline, 0)) < 0 {
		s.renumber(outline)
	}
	s.glyf = append(s.glyf, outline...)
	for len(s.glyf)%4 != 0 {
		s.glyf = append(s.glyf, 0)
	}
	t, i := s.face.tables["hmtx"], int(glyph)
	entry := slices.Clone(t[4*min(i, s.face.hmtx-1):][:4])
	if i >= s.face.hmtx {
		copy(entry[2:], t[4*s.face.hmtx+2*(i-s.face.hmtx):][:2])
	}
	s.hmtx = append(s.hmtx, entry...)
}

// renumber adds the components of a composite glyph (OpenType, table glyf) and
// writes their new numbers.
func (s *subsetter) renumber(outline []byte) {
	const (
		wordArgs, scale, more, twoScales, matrix = 1, 8, 32, 64, 128
	)
	for at := 10; ; {
		flags := u16(outline, at)
		binary.BigEndian.PutUint16(outline[at+2:], s.add(u16(outline, at+2)))
		at += 6
		if flags&wordArgs != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&twoScales != 0:
			at += 4
		case flags&matrix != 0:
			at += 8
		}
		if flags&more == 0 {
			return
		}
	}
}

func be32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// format4 writes a character map (3, 1) for codes in rising order.
func format4(codes []uint16, glyph func(uint16) uint16) []byte {
	type seg struct{ from, to, delta uint16 }
	var segs []seg
	for _, c := range codes {
		delta := glyph(c) - c
		if n := len(segs); n > 0 && segs[n-1].to+1 == c && segs[n-1].delta == delta {
			segs[n-1].to = c
			continue
		}
		segs = append(segs, seg{c, c, delta})
	}
	segs = append(segs, seg{0xffff, 0xffff, 1})
	b := []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12}
	put := func(v uint16) { b = binary.BigEndian.AppendUint16(b, v) }
	for _, v := range []uint16{4, uint16(16 + 8*len(segs)), 0, uint16(2 * len(segs)), 0, 0, 0} {
		put(v)
	}
	for _, s := range segs {
		put(s.to)
	}
	put(0)
	for _, s := range segs {
		put(s.from)
	}
	for _, s := range segs {
		put(s.delta)
	}
	for range segs {
		put(0)
	}
	return b
}

// assemble writes a TrueType file of the tables that are not empty. Checksums
// are left 0: a font inside a PDF is read without them.
func assemble(tables map[string][]byte) []byte {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(tables)), func(n string) bool { return len(tables[n]) == 0 })
	out := []byte{0, 1, 0, 0, byte(len(names) >> 8), byte(len(names)), 0, 0, 0, 0, 0, 0}
	at := len(out) + 16*len(names)
	for _, n := range names {
		out = append(out, n...)
		out = append(out, 0, 0, 0, 0)
		out = append(out, be32(at)...)
		out = append(out, be32(len(tables[n]))...)
		at += (len(tables[n]) + 3) &^ 3
	}
	for _, n := range names {
		out = append(out, tables[n]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}
