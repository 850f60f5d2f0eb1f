package sheet

import (
	"embed"
	"encoding/json"
	"strings"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed locale/*.json
var locale embed.FS

// Source is the texts of this package.
func Source() i18n.Source { return i18n.Source{Owner: "sheet", FS: locale} }

// Kind says what the cells of a column hold.
type Kind string

// The kinds of column, with the type of Row.Values.
const (
	Text    Kind = "text"    // string
	Integer Kind = "integer" // json.Number
	Number  Kind = "number"  // json.Number
	Date    Kind = "date"    // kernel.Date
	Choice  Kind = "choice"  // string, the option's value
	Boolean Kind = "boolean" // bool
)

// Column is one column of a table.
type Column struct {
	Name     string      // in Row.Values and in errors
	Title    kernel.Text // in the head; read back in either language
	Note     kernel.Text // shown at the head of the template
	Kind     Kind        // "" is Text
	Required bool
	Max      int                             // longest text in runes; 0: 500
	Options  []Option                        // Choice: the drop-down list
	Check    func(field, value string) error // Text: such as kernel.CheckUSCC
	Width    float64                         // in characters; 0: 16
}

// Option is one value of a Choice.
type Option struct {
	Value string
	Title kernel.Text
}

// Table describes a sheet.
type Table struct {
	Title   kernel.Text // name of the sheet
	Columns []Column
	MaxRows int // 0: 10,000
}

const (
	defaultRows = 10_000
	defaultMax  = 500
)

func (t Table) maxRows() int {
	if t.MaxRows > 0 {
		return t.MaxRows
	}
	return defaultRows
}

// Row is one row as it was read. Values holds what could be read, by column
// name; empty and wrong cells are absent. Errors holds the wrong ones: Field
// is the column's name, Args["cell"] its place ("C12"). The receiver may add
// to them.
type Row struct {
	Line   int // as Excel counts: the head is 1
	Values map[string]any
	Errors kernel.Check
	cells  map[string]string // column name → place
}

// Add records that the cell of a column breaks rule; args as for kernel.Check.
func (r *Row) Add(column, rule, value string, args ...any) {
	r.Errors.Add(column, rule, value, append(args, "cell", r.cells[column])...)
}

// Text returns a text or the value of a choice, "" when there is none.
func (r *Row) Text(column string) string { s, _ := r.Values[column].(string); return s }

// Date returns a date, zero when there is none.
func (r *Row) Date(column string) kernel.Date { d, _ := r.Values[column].(kernel.Date); return d }

// Bool returns a yes or no, false when there is none.
func (r *Row) Bool(column string) bool { b, _ := r.Values[column].(bool); return b }

// Int returns an integer, 0 when there is none.
func (r *Row) Int(column string) int64 {
	n, _ := r.Values[column].(json.Number)
	i, _ := n.Int64()
	return i
}

// Number returns a number with its digits, "" when there is none.
func (r *Row) Number(column string) json.Number { n, _ := r.Values[column].(json.Number); return n }

// Result counts what a Read saw.
type Result struct {
	Rows int // rows that were not empty
	Bad  int // rows with errors when they were passed on
}

// heading is a title as it is compared: without blanks and the star of
// required columns, in small letters.
func heading(s string) string {
	s = strings.Join(strings.Fields(s), "")
	return strings.ToLower(strings.TrimRight(s, "*＊"))
}

// columnName is the letters of a column counted from 0.
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}
