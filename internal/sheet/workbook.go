package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// What a file may hold. A workbook of 10,000 rows and 20 columns has about
// 1 MB, unpacked 12 MB.
const (
	MaxFile     = 20 << 20  // bytes of the file
	maxUnpacked = 100 << 20 // bytes unpacked, all parts read
	maxParts    = 2000      // files inside
	maxTexts    = 2_000_000 // shared texts
	maxCells    = 4_000_000 // cells looked at, empty ones too
	maxColumn   = 1000      // columns to the right
	maxRun      = 1 << 20   // bytes without a tag: a cell holds 32,767 characters at the most
)

var errType = errors.New("not a workbook")

// tooLarge is returned by readers that met a limit.
var errLarge = errors.New("workbook too large")

// workbook is an opened file: what is needed to understand the cells of its
// sheets.
type workbook struct {
	parts    map[string]*zip.File
	unpacked int64 // bytes that may still be unpacked
	sheets   []sheetPart
	texts    []string
	dates    []bool // by cell style: shows a date or time
	date1904 bool
}

type sheetPart struct{ name, file string }

// openWorkbook reads everything but the cells.
func openWorkbook(r io.Reader) (*workbook, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("sheet: read: %w", err)
	}
	if len(data) > MaxFile {
		return nil, fileError(errLarge)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(archive.File) > maxParts {
		return nil, fileError(errors.Join(errType, err))
	}
	w := &workbook{parts: map[string]*zip.File{}, unpacked: maxUnpacked}
	for _, f := range archive.File {
		w.parts[strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")] = f
	}
	for _, step := range []func() error{w.readSheets, w.readTexts, w.readStyles} {
		if err := step(); err != nil {
			return nil, fileError(err)
		}
	}
	return w, nil
}

// fileError turns what went wrong inside a file into an error of field
// "file".
func fileError(err error) error {
	var known *kernel.Error
	if errors.As(err, &known) {
		return err
	}
	var c kernel.Check
	if errors.Is(err, errLarge) {
		c.Add("file", "sheet_size", "", "max", "20 MB")
	} else {
		c.Add("file", "sheet_type", "")
	}
	invalid := c.Err().(*kernel.Error)
	invalid.Err = err
	return invalid
}

// part opens a file inside and returns a reader of its XML; ok is false when
// there is none.
func (w *workbook) part(name string) (d *xml.Decoder, end func() error, ok bool, err error) {
	f, ok := w.parts[name]
	if !ok {
		return nil, nil, false, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, nil, false, errors.Join(errType, err)
	}
	d = xml.NewDecoder(&counted{r: r, left: &w.unpacked})
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errType } // OOXML is UTF-8 or UTF-16; all writers use UTF-8
	return d, r.Close, true, nil
}

// counted takes what is read from a common allowance, because sizes that a
// ZIP file states can be lies, and refuses text without end, which the XML
// decoder would gather in memory.
type counted struct {
	r    io.Reader
	left *int64
	run  int // bytes since the last tag began
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if i := bytes.LastIndexByte(b[:n], '<'); i >= 0 {
		c.run = n - i
	} else {
		c.run += n
	}
	if *c.left -= int64(n); *c.left < 0 || c.run > maxRun {
		return n, errLarge
	}
	return n, err
}

// each calls visit for every start element of a part.
func (w *workbook) each(name string, visit func(d *xml.Decoder, e xml.StartElement) error) error {
	d, end, ok, err := w.part(name)
	if err != nil || !ok {
		return err
	}
	defer end()
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := visit(d, e); err != nil {
				return err
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// readSheets finds the sheets in their order.
func (w *workbook) readSheets() error {
	targets := map[string]string{}
	err := w.each("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" {
			target := attr(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[attr(e, "Id")] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = w.each("xl/workbook.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "sheet":
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					w.sheets = append(w.sheets, sheetPart{attr(e, "name"), targets[a.Value]})
				}
			}
		case "workbookPr":
			v := attr(e, "date1904")
			w.date1904 = v == "1" || v == "true"
		}
		return nil
	})
	if err == nil && len(w.sheets) == 0 {
		err = errType
	}
	return err
}

// readTexts reads the shared texts; phonetic readings are no part of them.
func (w *workbook) readTexts() error {
	return w.each("xl/sharedStrings.xml", func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		if len(w.texts) >= maxTexts {
			return errLarge
		}
		text, err := richText(d)
		w.texts = append(w.texts, text)
		return err
	})
}

// richText reads the text runs up to the end of the element that was just
// opened.
func richText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for depth, inText := 1, false; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				if err := d.Skip(); err != nil {
					return "", err
				}
				continue
			}
			depth++
			inText = t.Name.Local == "t"
		case xml.EndElement:
			depth--
			inText = false
		case xml.CharData:
			if inText {
				b.Write(t)
			}
		}
	}
	return unescape(b.String()), nil
}

// unescape undoes _xHHHH_, by which Excel writes characters XML cannot hold.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || len(s) < i+7 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		if code, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil && s[i+6] == '_' {
			b.WriteRune(rune(code))
			s = s[i+7:]
			continue
		}
		b.WriteString("_x")
		s = s[i+2:]
	}
}

// readStyles finds out which cell styles show dates.
func (w *workbook) readStyles() error {
	formats := map[string]bool{}
	inCells := false
	return w.each("xl/styles.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			formats[attr(e, "numFmtId")] = dateFormat(attr(e, "formatCode"))
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if inCells {
				id := attr(e, "numFmtId")
				known, own := formats[id]
				w.dates = append(w.dates, own && known || !own && builtInDate(id))
			}
		}
		return nil
	})
}

// builtInDate reports whether a built-in number format is a date or time
// (ECMA-376, 18.8.30, with the Chinese ones 27–36 and 50–58).
func builtInDate(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && (n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58)
}

// dateFormat reports whether a format code shows a date or time: it has y, m,
// d, h or s outside quoted text and brackets.
func dateFormat(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case strings.IndexByte("ymdhsYMDHS", c) >= 0:
			return true
		}
	}
	return false
}
