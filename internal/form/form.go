package form

import (
	"embed"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/i18n"
	"anlan/internal/kernel"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed locale/*.json
var locale embed.FS

// Source is the texts of this package.
func Source() i18n.Source { return i18n.Source{Owner: "form", FS: locale} }

// Kind says what a field holds.
type Kind string

// The kinds of field, with the JSON that Decode makes of them.
const (
	Text    Kind = "text"    // string
	Number  Kind = "number"  // json.Number
	Integer Kind = "integer" // json.Number
	Date    Kind = "date"    // string, YYYY-MM-DD
	Boolean Kind = "boolean" // bool
	Choice  Kind = "choice"  // one of Options
	Choices Kind = "choices" // array of values of Options
	Group   Kind = "group"   // object
	List    Kind = "list"    // array of objects
)

// Form is a parsed schema. It does not change after Parse and is safe for use
// by many goroutines.
type Form struct {
	Title       kernel.Text
	Description kernel.Text
	Fields      []*Field // in the order of the page
	schema      *jsonschema.Schema
}

// Field is one property of the schema.
type Field struct {
	Name         string // of the property; its path is given by where it stands
	Kind         Kind
	Title        kernel.Text
	Hint         kernel.Text
	Unit         kernel.Text
	Required     bool
	Sensitive    bool   // personal data: encrypted at rest, masked by default
	Check        string // identifier rule, see the package's x-check
	Only         string // the kind of application it is for, "" any
	Widget       string // "textarea", "radio", "select", "checkbox", "tel" or ""
	Autocomplete string
	Format       string   // of JSON Schema: "email", "uri"
	Options      []Option // Choice, Choices
	MinLength    int      // 0 = none
	MaxLength    int      // 0 = none
	MinItems     int      // List, Choices
	MaxItems     int      // 0 = none
	Default      any      // shown in an empty form
	Fields       []*Field // Group: its fields; List: those of each row
	order        float64
}

// Option is one value of an enumeration.
type Option struct {
	Value any // string, json.Number or bool as the schema gives it
	Title kernel.Text
}

// For is the form as applications of a kind see it: without the fields that
// are only for another.
func (f *Form) For(kind string) *Form {
	out := *f
	out.Fields = slices.DeleteFunc(slices.Clone(f.Fields), func(field *Field) bool { return field.Only != "" && field.Only != kind })
	return &out
}

// Sensitive lists the paths of fields with personal data; "*" stands for the
// number of a row. A sensitive group or list makes all it holds sensitive.
func (f *Form) Sensitive() []string {
	var out []string
	walk(f.Fields, "", false, func(path string, field *Field, sensitive bool) {
		if sensitive && field.Fields == nil {
			out = append(out, path)
		}
	})
	return out
}

func walk(fields []*Field, prefix string, sensitive bool, visit func(path string, f *Field, sensitive bool)) {
	for _, f := range fields {
		path := prefix + f.Name
		visit(path, f, sensitive || f.Sensitive)
		switch f.Kind {
		case Group:
			walk(f.Fields, path+".", sensitive || f.Sensitive, visit)
		case List:
			walk(f.Fields, path+".*.", sensitive || f.Sensitive, visit)
		}
	}
}

// step is one field on the way to a path; row is the number of the list's row
// the path goes on in, -1 otherwise.
type step struct {
	field *Field
	place int // among its siblings
	row   int
}

// find follows path through the model; ok is false when it leaves it.
func (f *Form) find(path string) (steps []step, ok bool) {
	fields := f.Fields
	parts := strings.Split(path, ".")
	for len(parts) > 0 {
		s := step{row: -1}
		for i, field := range fields {
			if field.Name == parts[0] {
				s.field, s.place = field, i
			}
		}
		if s.field == nil {
			return steps, false
		}
		parts = parts[1:]
		if len(parts) > 0 && (s.field.Kind == List || s.field.Kind == Choices) {
			row, err := strconv.Atoi(parts[0])
			if err != nil || row < 0 {
				return append(steps, s), false
			}
			s.row, parts = row, parts[1:]
		}
		steps, fields = append(steps, s), s.field.Fields
	}
	return steps, len(steps) > 0
}

// key orders paths as the page shows them.
func (f *Form) key(path string) []int {
	steps, _ := f.find(path)
	var key []int
	for _, s := range steps {
		key = append(key, s.place, s.row)
	}
	return key
}

// sensitive reports whether path holds personal data.
func (f *Form) sensitive(path string) bool {
	steps, _ := f.find(path)
	for _, s := range steps {
		if s.field.Sensitive {
			return true
		}
	}
	return false
}

// Label returns the title of the field at path for error summaries, with the
// numbers of the rows it stands in; "" when there is no such field.
func (f *Form) Label(texts *i18n.Catalogues, lang, path string) string {
	steps, ok := f.find(path)
	if !ok {
		return ""
	}
	var words []string
	for i, s := range steps {
		title, _ := s.field.Title.In(lang)
		switch {
		case s.row >= 0:
			words = append(words, texts.T(lang, "form.row", "title", title, "n", s.row+1))
		case i == len(steps)-1:
			words = append(words, title)
		}
	}
	return strings.Join(words, texts.T(lang, "form.path"))
}
