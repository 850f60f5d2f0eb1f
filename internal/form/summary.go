package form

import (
	"strconv"
	"strings"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// Row is one line of the check-answers page.
type Row struct {
	Path      string      // of the field; ID(Path) is where "change" leads
	Title     kernel.Text // of the field
	Number    int         // of the row of a list, from 1; 0 elsewhere
	Value     string      // as a person reads it; "" when it was not answered
	Sensitive bool        // the caller masks it where it may not be shown
	Heading   bool        // a group or a row of a list: no value
	Level     int         // depth of nesting, from 0
}

// Summary lists every field with its answer, in the order of the page. A list
// without rows is one line without a value.
func (f *Form) Summary(texts *i18n.Catalogues, lang string, data map[string]any) []Row {
	s := summary{texts: texts, lang: lang}
	s.fields(f.Fields, Row{}, data)
	return s.rows
}

type summary struct {
	texts *i18n.Catalogues
	lang  string
	rows  []Row
}

// fields appends a line per field; under carries path, level and sensitivity
// from above.
func (s *summary) fields(fields []*Field, under Row, data map[string]any) {
	for _, f := range fields {
		r := Row{Path: join(under.Path, f.Name), Title: f.Title, Sensitive: under.Sensitive || f.Sensitive, Level: under.Level}
		switch f.Kind {
		case Group:
			object, _ := data[f.Name].(map[string]any)
			r.Heading = true
			s.rows = append(s.rows, r)
			r.Level++
			s.fields(f.Fields, r, object)
		case List:
			s.list(f, r, data[f.Name])
		default:
			r.Value = s.value(f, data[f.Name])
			s.rows = append(s.rows, r)
		}
	}
}

func (s *summary) list(f *Field, r Row, value any) {
	items, _ := value.([]any)
	if len(items) == 0 {
		s.rows = append(s.rows, r)
		return
	}
	path := r.Path
	for i, item := range items {
		object, _ := item.(map[string]any)
		head := r
		head.Path, head.Number, head.Heading = path+"."+strconv.Itoa(i), i+1, true
		s.rows = append(s.rows, head)
		head.Level++
		s.fields(f.Fields, head, object)
	}
}

// value is an answer in words. What does not fit the field is shown as it is.
func (s *summary) value(f *Field, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return s.texts.T(s.lang, "form.yes")
		}
		return s.texts.T(s.lang, "form.no")
	case []any:
		words := make([]string, len(v))
		for i, item := range v {
			words[i] = s.option(f, item)
		}
		return strings.Join(words, s.texts.T(s.lang, "form.list"))
	}
	switch f.Kind {
	case Choice:
		return s.option(f, v)
	case Date:
		if d, err := kernel.ParseDate(text(v)); err == nil {
			return s.texts.Date(s.lang, d)
		}
	case Number, Integer:
		if unit, _ := f.Unit.In(s.lang); unit != "" {
			return text(v) + " " + unit
		}
	}
	return text(v)
}

func (s *summary) option(f *Field, v any) string {
	for _, o := range f.Options {
		if text(o.Value) == text(v) {
			title, _ := o.Title.In(s.lang)
			return title
		}
	}
	return text(v)
}
