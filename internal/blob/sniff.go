package blob

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"anlan/internal/i18n"
)

// head is how much of a file the signatures need; text is judged by it too.
const head = 4096

// Sniff returns the MIME type that the content of a file shows. An error is
// one of reading.
func Sniff(f io.ReaderAt, size int64) (string, error) {
	buf := make([]byte, min(head, size))
	if n, err := f.ReadAt(buf, 0); err != nil && !(err == io.EOF && n == len(buf)) {
		return "", err
	}
	switch {
	case bytes.HasPrefix(buf, []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(buf, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, nil
	case bytes.HasPrefix(buf, []byte("\xff\xd8\xff")):
		return JPEG, nil
	case bytes.HasPrefix(buf, []byte("GIF87a")), bytes.HasPrefix(buf, []byte("GIF89a")):
		return GIF, nil
	case len(buf) >= 16 && string(buf[:4]) == "RIFF" && string(buf[8:12]) == "WEBP":
		return WebP, nil
	case isHEIC(buf):
		return HEIC, nil
	case bytes.HasPrefix(buf, []byte("PK\x03\x04")):
		return sniffZip(f, size), nil
	case isText(buf, int64(len(buf)) < size):
		return Plain, nil
	}
	return Binary, nil
}

// isHEIC looks for a HEVC brand in the first box (ISO/IEC 23008-12, annex B).
func isHEIC(b []byte) bool {
	if len(b) < 16 || string(b[4:8]) != "ftyp" {
		return false
	}
	n := min(int(binary.BigEndian.Uint32(b)), len(b))
	for i := 8; i+4 <= n; i += 4 {
		if i == 12 {
			continue // the version of the brand, not a brand
		}
		switch string(b[i : i+4]) {
		case "heic", "heix", "heim", "heis":
			return true
		}
	}
	return false
}

// maxEntries bounds the directory of an archive that is looked at.
const maxEntries = 10_000

// sniffZip tells the formats that live in a ZIP apart by their parts.
func sniffZip(f io.ReaderAt, size int64) string {
	r, err := openZip(f, size)
	if err != nil {
		return Binary
	}
	types, word, sheet := false, false, false
	for _, e := range r.File {
		switch {
		case strings.EqualFold(e.Name, "OFD.xml"):
			return OFD
		case e.Name == "[Content_Types].xml":
			types = true
		case strings.HasPrefix(e.Name, "word/document"):
			word = true
		case strings.HasPrefix(e.Name, "xl/workbook"):
			sheet = true
		case strings.HasSuffix(e.Name, "/vbaProject.bin"):
			return Binary // macros are not documents
		}
	}
	switch {
	case types && word && !sheet:
		return DOCX
	case types && sheet && !word:
		return XLSX
	}
	return ZIP
}

func openZip(f io.ReaderAt, size int64) (*zip.Reader, error) {
	r, err := zip.NewReader(f, size)
	if err == nil && len(r.File) > maxEntries {
		err = errors.New("too many entries")
	}
	return r, err
}

// Limits on what an archive may unpack to; an office document stays far below.
const (
	maxUnpacked = 1 << 30
	maxRatio    = 200
	ratioFrom   = 10 << 20 // small files may compress as well as they like
)

// checkArchive refuses archives that unpack to far more than they are. The
// sizes in the directory are what readers allocate by; a reader that finds
// more than they say stops with an error.
func checkArchive(f io.ReaderAt, size int64) error {
	r, err := openZip(f, size)
	if err != nil {
		return bad("file_broken", ZIP)
	}
	var total uint64
	for _, e := range r.File {
		if e.UncompressedSize64 > maxUnpacked {
			return bad("file_bomb", e.Name, "max", i18n.Bytes(maxUnpacked))
		}
		total += e.UncompressedSize64
	}
	if total > maxUnpacked || total > ratioFrom && total > maxRatio*uint64(size) {
		return bad("file_bomb", ZIP, "max", i18n.Bytes(maxUnpacked))
	}
	return nil
}

// isText accepts UTF-8, UTF-16 with a byte order mark, and GB 18030, which
// Excel in China writes CSV in. cut says that b may end within a character.
func isText(b []byte, cut bool) bool {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return true
	}
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
			return false
		}
	}
	if validPrefix(b, cut) {
		return true
	}
	if cut {
		b = b[:bytes.LastIndexByte(b, '\n')+1]
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	return err == nil && len(b) > 0 && !bytes.ContainsRune(decoded, utf8.RuneError)
}

// validPrefix reports whether b is UTF-8, but for a cut character at its end.
func validPrefix(b []byte, cut bool) bool {
	for i := 0; i < utf8.UTFMax && cut && len(b) > 0 && !utf8.Valid(b); i++ {
		b = b[:len(b)-1]
	}
	return utf8.Valid(b)
}
