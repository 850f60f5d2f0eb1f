package blob

import (
	"errors"
	"image"
	_ "image/gif" // registers the header reader for pictureSize
	_ "image/jpeg"
	_ "image/png"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The types that are told apart. Everything else is "application/octet-stream".
const (
	PDF    = "application/pdf"
	PNG    = "image/png"
	JPEG   = "image/jpeg"
	GIF    = "image/gif"
	WebP   = "image/webp"
	HEIC   = "image/heic"
	DOCX   = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSX   = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	OFD    = "application/ofd"
	ZIP    = "application/zip"
	CSV    = "text/csv"
	Plain  = "text/plain"
	Binary = "application/octet-stream"
)

// typeWords names types as people know them: "PDF / JPG / PNG".
func typeWords(types []string) string {
	words := make([]string, len(types))
	for i, mime := range types {
		words[i] = mime
		if e := endings(mime); len(e) > 0 {
			words[i] = strings.ToUpper(e[0][1:])
		}
	}
	return strings.Join(words, " / ")
}

// endings are the file name endings that fit a type.
func endings(mime string) []string {
	switch mime {
	case PDF:
		return []string{".pdf"}
	case PNG:
		return []string{".png"}
	case JPEG:
		return []string{".jpg", ".jpeg", ".jpe", ".jfif"}
	case GIF:
		return []string{".gif"}
	case WebP:
		return []string{".webp"}
	case HEIC:
		return []string{".heic", ".heif", ".hif"}
	case DOCX:
		return []string{".docx"}
	case XLSX:
		return []string{".xlsx"}
	case OFD:
		return []string{".ofd"}
	case ZIP:
		return []string{".zip"}
	case CSV:
		return []string{".csv"}
	case Plain:
		return []string{".txt", ".csv", ".log", ".md", ".json", ".xml"}
	}
	return nil
}

// examine finds the type of an upload by its content and refuses what the
// limit does not allow, what is not what its name says, and what would burst
// whoever opens it.
func (s *Store) examine(f io.ReaderAt, size int64, limit Limit) (string, error) {
	mime, err := Sniff(f, size)
	if err != nil {
		return "", diskError(err)
	}
	mime = csvByName(mime, limit)
	if len(limit.Types) > 0 && !slices.Contains(limit.Types, mime) {
		return "", bad("file_type", mime, "types", typeWords(limit.Types))
	}
	if ext := strings.ToLower(path.Ext(limit.Name)); ext != "" {
		if want := endings(mime); want != nil && !slices.Contains(want, ext) || want == nil && claims(ext) {
			return "", bad("file_name", limit.Name, "type", mime)
		}
	}
	switch mime {
	case PNG, JPEG, GIF, WebP, HEIC:
		return mime, s.checkPicture(f, size, mime)
	case DOCX, XLSX, OFD, ZIP:
		return mime, checkArchive(f, size)
	}
	return mime, nil
}

// csvByName tells CSV from other text, which only the name or what is
// expected can.
func csvByName(mime string, limit Limit) string {
	wanted := slices.Contains(limit.Types, CSV) && !slices.Contains(limit.Types, Plain)
	if mime == Plain && (strings.EqualFold(path.Ext(limit.Name), ".csv") || wanted && limit.Name == "") {
		return CSV
	}
	return mime
}

// claims reports whether an ending promises one of the known types.
func claims(ext string) bool {
	for _, mime := range []string{PDF, PNG, JPEG, GIF, WebP, HEIC, DOCX, XLSX, OFD, ZIP, CSV, Plain} {
		if slices.Contains(endings(mime), ext) {
			return true
		}
	}
	return false
}

// checkPicture refuses pictures that would fill the memory of who decodes
// them, and those whose header cannot be read.
func (s *Store) checkPicture(f io.ReaderAt, size int64, mime string) error {
	w, h, err := pictureSize(f, size, mime)
	if err != nil || w <= 0 || h <= 0 {
		return bad("file_broken", mime)
	}
	if float64(w)*float64(h) > float64(s.opts.MaxPixels) {
		return bad("file_bomb", strconv.Itoa(w)+"×"+strconv.Itoa(h), "max", s.opts.MaxPixels)
	}
	return nil
}

func pictureSize(f io.ReaderAt, size int64, mime string) (w, h int, err error) {
	switch mime {
	case WebP:
		return webpSize(f)
	case HEIC:
		return heicSize(f, size)
	}
	c, format, err := image.DecodeConfig(io.NewSectionReader(f, 0, size))
	if err == nil && "image/"+format != mime {
		err = errors.New("another format")
	}
	return c.Width, c.Height, err
}
