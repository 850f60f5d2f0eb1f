package blob

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const errNoSpace = syscall.ENOSPC

func encoded(t testing.TB, encode func(*bytes.Buffer, image.Image) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func unbase64(t testing.TB, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func zipped(t testing.TB, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, "<x/>")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func box(kind, body string) string {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(8+len(body)))
	return string(n[:]) + kind + body
}

func heic(w, h uint32) string {
	size := func(w, h uint32) string {
		return box("ispe", string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 4), w), h)))
	}
	return box("ftyp", "mif1\x00\x00\x00\x00mif1heic") + box("free", "xx") +
		box("meta", "\x00\x00\x00\x00"+box("hdlr", "pict")+box("iprp", box("ipco", box("hvcC", "data")+size(512, 512)+size(w, h)))) + box("mdat", "data")
}

// samples are small files of every type that is told apart. The WebP ones
// hold a real lossy and a real lossless picture of one pixel.
func samples(t testing.TB) map[string]string {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("企业名称,地址\n大沽化工,滨海新区\n")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		PDF:                "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
		PNG:                encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }),
		JPEG:               encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }),
		GIF:                encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) }),
		WebP + " lossy":    unbase64(t, "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA="),
		WebP + " lossless": unbase64(t, "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
		WebP + " extended": "RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x1f\x03\x00\x57\x02\x00",
		HEIC:               heic(4032, 3024),
		DOCX:               zipped(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml"),
		XLSX:               zipped(t, "[Content_Types].xml", "xl/workbook.xml"),
		OFD:                zipped(t, "OFD.xml", "Doc_0/Document.xml"),
		ZIP:                zipped(t, "a.txt"),
		Plain:              "危险化学品\n",
		Plain + " gb18030": gb,
		Plain + " utf-16":  "\xff\xfea\x00",
		Plain + " long":    strings.Repeat("x", head-1) + "安",
		Plain + " gb long": strings.Repeat(gb, head),
		Binary:             "MZ\x90\x00\x03\x00",
		Binary + " macro":  zipped(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
		Binary + " no zip": "PK\x03\x04 and then nothing",
		Binary + " elf":    "\x7fELF\x02\x01\x01",
		Binary + " avif":   box("ftyp", "avif\x00\x00\x00\x00avifmif1"),
	}
}

func TestTypeIsWhatTheContentShows(t *testing.T) {
	for name, content := range samples(t) {
		want, _, _ := strings.Cut(name, " ")
		got, err := Sniff(strings.NewReader(content), int64(len(content)))
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestSizeOfPicturesIsRead(t *testing.T) {
	all := samples(t)
	for name, want := range map[string][2]int{
		PNG: {3, 2}, JPEG: {3, 2}, GIF: {3, 2}, HEIC: {4032, 3024},
		WebP + " lossy": {1, 1}, WebP + " lossless": {1, 1}, WebP + " extended": {800, 600},
	} {
		mime, _, _ := strings.Cut(name, " ")
		w, h, err := pictureSize(strings.NewReader(all[name]), int64(len(all[name])), mime)
		if err != nil || [2]int{w, h} != want {
			t.Errorf("%s: %d×%d, %v", name, w, h, err)
		}
	}
}

func TestPicturesThatBurstOrAreBrokenAreRefused(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	all := samples(t)
	huge := []byte(all[PNG])
	binary.BigEndian.PutUint32(huge[16:], 60_000)
	binary.BigEndian.PutUint32(huge[20:], 60_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, c := range map[string]struct{ content, want string }{
		"whole":           {all[PNG], ""},
		"3.6 gigapixels":  {string(huge), "file_bomb"},
		"heic bomb":       {heic(1<<31, 1<<31), "file_bomb"},
		"cut png":         {all[PNG][:20], "file_broken"},
		"cut jpeg":        {all[JPEG][:10], "file_broken"},
		"cut webp":        {all[WebP+" lossy"][:20], "file_broken"},
		"heic, no size":   {box("ftyp", "heic\x00\x00\x00\x00heic") + box("meta", "\x00\x00\x00\x00"), "file_broken"},
		"heic, box lies":  {box("ftyp", "heic\x00\x00\x00\x00heic") + "\xff\xff\xff\xffmeta", "file_broken"},
		"heic, zero size": {heic(0, 0)[:60], "file_broken"},
	} {
		_, err := s.Put(t.Context(), strings.NewReader(c.content), Limit{})
		if rule(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestArchivesThatBurstAreRefused(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("xl/workbook.xml")
	if err != nil {
		t.Fatal(err)
	}
	for range 32 {
		f.Write(make([]byte, 1<<20))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, t.TempDir(), Options{})
	if _, err := s.Put(t.Context(), &b, Limit{}); rule(err) != "file_bomb" {
		t.Errorf("32 MB in 32 KB: %v", err)
	}
}

func FuzzExamine(f *testing.F) {
	for _, content := range samples(f) {
		f.Add([]byte(content))
	}
	s := &Store{opts: Options{MaxPixels: 1 << 20}}
	f.Fuzz(func(t *testing.T, b []byte) {
		mime, err := s.examine(bytes.NewReader(b), int64(len(b)), Limit{})
		if err != nil && rule(err) == "" {
			t.Errorf("%s: not an error of the file: %v", mime, err)
		}
		if err == nil && mime == "" {
			t.Error("no type")
		}
	})
}
