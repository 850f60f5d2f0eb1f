package document

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestEmbeddedFontIsTheOneDocumented(t *testing.T) {
	sum := sha256.Sum256(embedded())
	if got := hex.EncodeToString(sum[:]); got != "3f502888d3b1bd1828f72915fa7821979402963bee55708c6147cbe2c2fe41d1" {
		t.Errorf("font/wqy-microhei.ttf.gz has changed: %s", got)
	}
}

func TestEmbeddedFontHasAllHanziOfGBK(t *testing.T) {
	p, err := Standard()
	if err != nil {
		t.Fatal(err)
	}
	missing := 0
	for hi := 0x81; hi <= 0xfe; hi++ {
		for lo := 0x40; lo <= 0xfe; lo++ {
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{byte(hi), byte(lo)})
			if r := []rune(string(text)); err == nil && len(r) == 1 && r[0] >= 0x4e00 && r[0] <= 0x9fa5 && p.lacks(r[0]) {
				missing++
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d Hanzi are missing", missing)
	}
}

func TestSubsetKeepsOutlinesAndWidths(t *testing.T) {
	f, err := readFace(embedded())
	if err != nil {
		t.Fatal(err)
	}
	codes := map[uint16]uint16{}
	text := "安澜éA中ǖ、 ：" // é is composed of two glyphs
	for _, r := range text {
		codes[uint16(r)] = f.glyph(r)
	}
	ttf, err := f.subset(codes)
	if err != nil {
		t.Fatal(err)
	}
	small, err := readFace(ttf)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range text {
		g, now := f.glyph(r), small.glyph(r)
		if now == 0 || small.width(now) != f.width(g) {
			t.Errorf("%c: glyph %d, width %v, want %v", r, now, small.width(now), f.width(g))
		}
		if a, b := len(f.outline(g)), len(small.outline(now)); b < a || b > a+3 {
			t.Errorf("%c: outline of %d bytes, want %d", r, b, a)
		}
	}
	if len(ttf) > 20_000 {
		t.Errorf("%d bytes for 9 characters", len(ttf))
	}
}

func TestPrinterIsSafeForManyGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	want, err := RenderPaper(samplePaper())
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		wg.Go(func() {
			got, err := RenderPaper(samplePaper())
			if err != nil || string(got) != string(want) {
				t.Errorf("another paper (%v)", err)
			}
		})
	}
	wg.Wait()
}

func TestWrongFontsAreRefused(t *testing.T) {
	otto := append([]byte("OTTO"), embedded()[4:]...)
	for name, font := range map[string][]byte{"empty": nil, "cut": embedded()[:200], "CFF": otto, "collection": append([]byte("ttcf"), embedded()[4:]...), "text": []byte("not a font at all, but long enough")} {
		if _, err := NewPrinter(font); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzReadFace(f *testing.F) {
	full, err := readFace(embedded())
	if err != nil {
		f.Fatal(err)
	}
	codes := map[uint16]uint16{}
	for _, r := range "安澜é" {
		codes[uint16(r)] = full.glyph(r)
	}
	small, err := full.subset(codes)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Fuzz(func(t *testing.T, data []byte) {
		face, err := readFace(data)
		if err != nil {
			return
		}
		p := &Printer{faces: []*fontFace{face}}
		if p.lacks('安') {
			return
		}
		if ttf, err := face.subset(map[uint16]uint16{'安': face.glyph('安')}); err == nil && len(ttf) == 0 {
			t.Error("nothing")
		}
	})
}
