package sheet

import (
	"fmt"
	"io"

	"anlan/internal/i18n"
	"anlan/internal/kernel"

	"github.com/xuri/excelize/v2"
)

// Template writes the empty workbook that people fill in: the head with a
// note at each column and a star at required ones, cells formatted as text
// where digits must be kept, drop-down lists, and a second sheet that explains
// the columns.
func (t Table) Template(w io.Writer, texts *i18n.Catalogues, lang string) error {
	b := builder{File: excelize.NewFile(), table: t, texts: texts, lang: lang}
	defer b.Close()
	b.sheet = b.text(t.Title)
	b.must(b.SetSheetName("Sheet1", b.sheet))
	b.head()
	b.lists()
	b.guide()
	if b.err != nil {
		return fmt.Errorf("sheet: template: %w", b.err)
	}
	if err := b.Write(w); err != nil {
		return fmt.Errorf("sheet: template: %w", err)
	}
	return nil
}

// builder makes a workbook cell by cell and keeps the first error.
type builder struct {
	*excelize.File
	table Table
	texts *i18n.Catalogues
	lang  string
	sheet string
	err   error
}

func (b *builder) must(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) text(t kernel.Text) string { s, _ := t.In(b.lang); return s }

func (b *builder) style(s *excelize.Style) int {
	id, err := b.NewStyle(s)
	b.must(err)
	return id
}

const textFormat = 49 // "@", built in

// headStyle is that of the head of every sheet.
func headStyle() *excelize.Style {
	return &excelize.Style{
		Font:      &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DCE6F1"}},
		Border:    []excelize.Border{{Type: "bottom", Style: 1, Color: "7F7F7F"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
		NumFmt:    textFormat,
	}
}

func (b *builder) head() {
	text := b.style(&excelize.Style{NumFmt: textFormat})
	dates := "yyyy-mm-dd"
	date := b.style(&excelize.Style{CustomNumFmt: &dates})
	for i, c := range b.table.Columns {
		name, at := columnName(i), columnName(i)+"1"
		title := b.text(c.Title)
		if c.Required {
			title += "*"
		}
		switch c.Kind {
		case Integer, Number:
		case Date:
			b.must(b.SetColStyle(b.sheet, name, date))
		default:
			b.must(b.SetColStyle(b.sheet, name, text))
		}
		b.must(b.SetCellStr(b.sheet, at, title))
		b.must(b.SetColWidth(b.sheet, name, name, c.width()))
		if note := b.text(c.Note); note != "" {
			b.must(b.AddComment(b.sheet, excelize.Comment{Cell: at, Author: "Anlan", Paragraph: []excelize.RichTextRun{{Text: note}}}))
		}
	}
	last := columnName(len(b.table.Columns)-1) + "1"
	b.must(b.SetCellStyle(b.sheet, "A1", last, b.style(headStyle())))
	b.must(b.SetPanes(b.sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

func (c Column) width() float64 {
	if c.Width > 0 {
		return c.Width
	}
	return 16
}

// lists gives choices their drop-down lists. The options stand on a hidden
// sheet, as a list written into the cell rule may have 255 characters only.
func (b *builder) lists() {
	options := b.texts.T(b.lang, "sheet.options")
	made := false
	for i, c := range b.table.Columns {
		words := b.words(c)
		if len(words) == 0 {
			continue
		}
		if !made {
			_, err := b.NewSheet(options)
			b.must(err)
			made = true
		}
		name := columnName(i)
		for k, word := range words {
			b.must(b.SetCellStr(options, fmt.Sprintf("%s%d", name, k+1), word))
		}
		rule := excelize.NewDataValidation(true)
		rule.SetSqref(fmt.Sprintf("%s2:%s%d", name, name, b.table.maxRows()+1))
		rule.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$1:$%s$%d", options, name, name, len(words)))
		rule.SetError(excelize.DataValidationErrorStyleStop, b.text(c.Title), b.texts.T(b.lang, "sheet.choose"))
		b.must(b.AddDataValidation(b.sheet, rule))
	}
	if made {
		b.must(b.SetSheetVisible(options, false))
	}
}

// words are what may be chosen in a column.
func (b *builder) words(c Column) []string {
	switch c.Kind {
	case Boolean:
		return []string{b.texts.T(b.lang, "sheet.yes"), b.texts.T(b.lang, "sheet.no")}
	case Choice:
		words := make([]string, len(c.Options))
		for i, o := range c.Options {
			words[i] = b.text(o.Title)
		}
		return words
	}
	return nil
}

// guide explains the columns on a sheet of its own.
func (b *builder) guide() {
	guide := b.texts.T(b.lang, "sheet.guide")
	_, err := b.NewSheet(guide)
	b.must(err)
	say := func(key string) string { return b.texts.T(b.lang, key) }
	b.must(b.SetSheetRow(guide, "A1", &[]string{say("sheet.column"), say("sheet.required"), say("sheet.format"), say("sheet.note")}))
	b.must(b.SetCellStyle(guide, "A1", "D1", b.style(headStyle())))
	for i, c := range b.table.Columns {
		required := ""
		if c.Required {
			required = say("sheet.yes")
		}
		b.must(b.SetSheetRow(guide, fmt.Sprintf("A%d", i+2), &[]string{b.text(c.Title), required, b.format(c), b.text(c.Note)}))
	}
	for _, w := range []struct {
		column string
		width  float64
	}{{"A", 22}, {"B", 8}, {"C", 26}, {"D", 60}} {
		b.must(b.SetColWidth(guide, w.column, w.column, w.width))
	}
}

func (b *builder) format(c Column) string {
	kind := c.Kind
	if kind == "" {
		kind = Text
	}
	limit := c.Max
	if limit == 0 {
		limit = defaultMax
	}
	if kind == Text {
		return b.texts.T(b.lang, "sheet.kind.text", "max", limit)
	}
	return b.texts.T(b.lang, "sheet.kind."+string(kind))
}
