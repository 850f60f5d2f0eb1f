package sheet

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"anlan/internal/i18n"
	"anlan/internal/kernel"

	"github.com/xuri/excelize/v2"
)

// maxCellText is what a cell holds (Excel's own limit, in UTF-16 units; runes
// of four bytes count twice).
const maxCellText = 32767

// Writer writes an export row by row; rows go to a temporary file, not to
// memory, when there are many. Close must be called.
type Writer struct {
	b      builder
	stream *excelize.StreamWriter
	out    io.Writer
	line   int
	styles struct{ text, date, instant int }
}

// NewWriter begins a workbook of t on w: its head in lang, frozen. Nothing
// is written to w before Close.
func (t Table) NewWriter(w io.Writer, texts *i18n.Catalogues, lang string) (*Writer, error) {
	x := &Writer{b: builder{File: excelize.NewFile(), table: t, texts: texts, lang: lang}, out: w, line: 1}
	b := &x.b
	b.sheet = b.text(t.Title)
	b.must(b.SetSheetName("Sheet1", b.sheet))
	day, minute := "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
	x.styles.text = b.style(&excelize.Style{NumFmt: textFormat})
	x.styles.date = b.style(&excelize.Style{CustomNumFmt: &day})
	x.styles.instant = b.style(&excelize.Style{CustomNumFmt: &minute})
	head := b.style(headStyle())
	var err error
	if b.err == nil {
		x.stream, err = b.NewStreamWriter(b.sheet)
		b.must(err)
	}
	if b.err == nil {
		x.begin(head)
	}
	if b.err != nil {
		b.Close()
		return nil, fmt.Errorf("sheet: export: %w", b.err)
	}
	return x, nil
}

func (x *Writer) begin(head int) {
	b := &x.b
	cells := make([]any, len(b.table.Columns))
	for i, c := range b.table.Columns {
		b.must(x.stream.SetColWidth(i+1, i+1, c.width()))
		cells[i] = excelize.Cell{StyleID: head, Value: b.text(c.Title)}
	}
	b.must(x.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	b.must(x.stream.SetRow("A1", cells))
}

// Row writes the next row, one value per column: nil, string, bool, any
// integer, float64, json.Number, kernel.Date, kernel.Text, or time.Time (shown
// in Asia/Shanghai). Choices are written with the title of their option. Text
// is always text, whatever it begins with; one that a cell cannot hold is
// Invalid rather than cut.
func (x *Writer) Row(values ...any) error {
	if len(values) != len(x.b.table.Columns) {
		return fmt.Errorf("sheet: export: %d values for %d columns", len(values), len(x.b.table.Columns))
	}
	cells := make([]any, len(values))
	for i, v := range values {
		c, err := x.cell(x.b.table.Columns[i], v)
		if err != nil {
			return err
		}
		cells[i] = c
	}
	x.line++
	if err := x.stream.SetRow("A"+strconv.Itoa(x.line), cells); err != nil {
		return fmt.Errorf("sheet: export: %w", err)
	}
	return nil
}

func (x *Writer) cell(c Column, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return x.text(c, x.optionTitle(c, v))
	case kernel.Text:
		return x.text(c, x.b.text(v))
	case bool:
		key := map[bool]string{true: "sheet.yes", false: "sheet.no"}[v]
		return x.text(c, x.b.texts.T(x.b.lang, key))
	case kernel.Date:
		if v.IsZero() {
			return nil, nil
		}
		if v.Before(kernel.NewDate(1900, 3, 1)) { // Excel's calendar is wrong before
			return x.text(c, v.String())
		}
		return excelize.Cell{StyleID: x.styles.date, Value: v.Sub(kernel.NewDate(1899, 12, 30))}, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return excelize.Cell{StyleID: x.styles.instant, Value: instant(v)}, nil
	case json.Number:
		if _, exact := digits(v.String()); !exact || len(v) > 15 {
			return x.text(c, v.String())
		}
		f, err := v.Float64()
		return f, err
	case int:
		return x.integer(c, int64(v))
	case int32:
		return x.integer(c, int64(v))
	case int64:
		return x.integer(c, v)
	case float64:
		return v, nil
	}
	return nil, fmt.Errorf("sheet: export: a %T cannot be written", v)
}

// integer writes n as a number, or as text when Excel would lose digits.
func (x *Writer) integer(c Column, n int64) (any, error) {
	if n >= 1e15 || n <= -1e15 {
		return x.text(c, strconv.FormatInt(n, 10))
	}
	return n, nil
}

// instant is a moment as Excel counts days, in Asia/Shanghai, to the second.
func instant(t time.Time) float64 {
	local := t.In(kernel.Shanghai)
	day := kernel.DateOf(t).Sub(kernel.NewDate(1899, 12, 30))
	seconds := local.Hour()*3600 + local.Minute()*60 + local.Second()
	return float64(day) + float64(seconds)/86400
}

func (x *Writer) optionTitle(c Column, value string) string {
	for _, o := range c.Options {
		if o.Value == value {
			return x.b.text(o.Title)
		}
	}
	return value
}

// text is a cell of text. Characters XML cannot hold become U+FFFD.
func (x *Writer) text(c Column, s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	if n := utf8.RuneCountInString(s); n > maxCellText/2 {
		var check kernel.Check
		check.Add(c.Name, "too_long", strconv.Itoa(n), "max", maxCellText/2)
		return nil, check.Err()
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == '\ufffe' || r == '\uffff' {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return excelize.Cell{StyleID: x.styles.text, Value: s}, nil
}

// Close finishes the workbook and writes it. After an error of Row or of the
// caller's own, Discard ends it instead.
func (x *Writer) Close() error {
	defer x.b.Close()
	b := &x.b
	b.must(x.stream.Flush())
	if b.err == nil {
		b.must(b.Write(x.out))
	}
	if b.err != nil {
		return fmt.Errorf("sheet: export: %w", b.err)
	}
	return nil
}

// Discard ends an export that is not wanted and removes its temporary file.
func (x *Writer) Discard() {
	x.stream.Flush()
	x.b.Close()
}
