package form

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed views/form.html
var views embed.FS

var pages = template.Must(template.ParseFS(views, "views/form.html"))

// radioMost is the longest choice that is shown as radio buttons when the
// schema does not say.
const radioMost = 5

// View is what HTML needs besides the form.
type View struct {
	Texts  *i18n.Catalogues // must hold Source
	Lang   string
	Data   map[string]any                  // as Decode or a draft gives it; nil: the defaults
	Errors []kernel.FieldError             // shown at their fields
	Icon   func(name string) template.HTML // of the sprite; nil: no pictures
}

// ID returns the id of the element that errors at path link to: "f-" and the
// path with dashes for dots, as everywhere on the pages.
func ID(path string) string { return "f-" + strings.ReplaceAll(path, ".", "-") }

// errorIcon is the picture beside an error.
func (v View) errorIcon() template.HTML {
	if v.Icon == nil {
		return ""
	}
	return v.Icon("error")
}

// HTML writes the fields, without the surrounding form element (which needs
// novalidate) and its submit button. It begins with a hidden submit button
// without a name, so that the Enter key does not press the first button that
// removes a row.
func (f *Form) HTML(v View) template.HTML {
	r := renderer{View: v, form: f, errors: map[string]string{}}
	for _, e := range v.Errors {
		if r.errors[e.Field] == "" {
			r.errors[e.Field] = v.Texts.Rule(v.Lang, e)
		}
	}
	data := v.Data
	if data == nil {
		data = defaults(f.Fields)
	}
	return execute("form", r.controls(f.Fields, "", data))
}

// ErrorSummary writes the list of errors with links to their fields, "" when
// there are none.
func (f *Form) ErrorSummary(v View) template.HTML {
	if len(v.Errors) == 0 {
		return ""
	}
	type line struct{ ID, Label, Text string }
	var lines []line
	for _, e := range v.Errors {
		lines = append(lines, line{ID(e.Field), f.Label(v.Texts, v.Lang, e.Field), v.Texts.Rule(v.Lang, e)})
	}
	return execute("summary", map[string]any{
		"Title": v.Texts.T(v.Lang, "form.error_summary", "n", len(lines)),
		"Icon":  v.errorIcon(),
		"Path":  v.Texts.T(v.Lang, "form.path"),
		"Lines": lines,
	})
}

func execute(name string, data any) template.HTML {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the template and its data are of this package; writing to a Builder never fails
	}
	return template.HTML(b.String())
}

// defaults are the data of an empty form.
func defaults(fields []*Field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		switch {
		case f.Default != nil:
			out[f.Name] = f.Default
		case f.Kind == Group:
			out[f.Name] = defaults(f.Fields)
		case f.Kind == List:
			n := f.MinItems
			if n == 0 && f.Required {
				n = 1
			}
			list := make([]any, min(n, 50))
			for i := range list {
				list[i] = defaults(f.Fields)
			}
			if len(list) > 0 {
				out[f.Name] = list
			}
		}
	}
	return out
}

// said is a text with the language it is really in, "" for the page's own.
type said struct{ Text, Lang string }

// control is a field as the template shows it.
type control struct {
	Shape       string // input, textarea, select, radios, checkboxes, checkbox, group, list
	ID, Name    string
	Title, Hint said
	Optional    string // the words for "optional", "" when required
	Error       string
	ErrorPrefix string
	Icon        template.HTML
	Size        string // class of an input
	Describedby string
	Value       string
	Type        string // of an input
	Inputmode   string
	Auto        string // autocomplete
	Unit        said
	Options     []choice
	Controls    []control // group
	Rows        []row     // list
	Add, Empty  string    // list
	Choose      string    // select
}

type choice struct {
	ID, Value string
	Title     said
	Checked   bool
}

type row struct {
	ID, Name, Marker, Legend, Remove string
	Controls                         []control
}

type renderer struct {
	View
	form   *Form
	errors map[string]string
}

func (r *renderer) say(t kernel.Text) said {
	text, really := t.In(r.Lang)
	if really == r.Lang || text == "" {
		return said{Text: text}
	}
	return said{text, really}
}

func (r *renderer) controls(fields []*Field, prefix string, data map[string]any) []control {
	out := make([]control, len(fields))
	for i, f := range fields {
		out[i] = r.control(f, prefix+f.Name, data[f.Name])
	}
	return out
}

func (r *renderer) control(f *Field, path string, value any) control {
	c := control{
		ID: ID(path), Name: path, Title: r.say(f.Title), Hint: r.say(f.Hint), Unit: r.say(f.Unit),
		Error: r.errors[path], Auto: f.Autocomplete, Value: text(value),
	}
	if c.Error != "" {
		c.ErrorPrefix, c.Icon = r.Texts.T(r.Lang, "form.error"), r.errorIcon()
	}
	if !f.Required && f.Kind != Group && f.Kind != List && !(f.Kind == Boolean && f.Widget != "radio") {
		c.Optional = r.Texts.T(r.Lang, "form.optional")
	}
	var by []string
	if c.Hint.Text != "" {
		by = append(by, c.ID+"--hint")
	}
	if c.Error != "" {
		by = append(by, c.ID+"--fault")
	}
	if c.Unit.Text != "" {
		by = append(by, c.ID+"--unit")
	}
	c.Describedby = strings.Join(by, " ")
	r.shape(&c, f, value)
	return c
}

// shape decides which element shows the field and fills in what it needs.
func (r *renderer) shape(c *control, f *Field, value any) {
	switch f.Kind {
	case Group:
		object, _ := value.(map[string]any)
		c.Shape, c.Controls = "group", r.controls(f.Fields, c.Name+".", object)
	case List:
		r.list(c, f, value)
	case Boolean:
		c.Shape = "checkbox"
		if f.Widget == "radio" {
			c.Shape = "radios"
			c.Options = r.choices(c.ID, []Option{
				{true, kernel.Text{ZH: r.Texts.T(i18n.Chinese, "form.yes"), EN: r.Texts.T(i18n.English, "form.yes")}},
				{false, kernel.Text{ZH: r.Texts.T(i18n.Chinese, "form.no"), EN: r.Texts.T(i18n.English, "form.no")}},
			}, value)
		}
	case Choices:
		c.Shape, c.Options = "checkboxes", r.choices(c.ID, f.Options, value)
	case Choice:
		c.Shape = "select"
		if f.Widget == "radio" || f.Widget == "" && len(f.Options) <= radioMost {
			c.Shape = "radios"
		}
		c.Options, c.Choose = r.choices(c.ID, f.Options, value), r.Texts.T(r.Lang, "form.choose")
	default:
		c.Shape = "input"
		if f.Widget == "textarea" {
			c.Shape = "textarea"
		}
		c.Type, c.Inputmode = inputType(f, c.Value)
		c.Size = inputSize(f)
	}
}

// inputType chooses the type of an input. Numbers are text, so that what is
// no number stays visible; so is a date that a date input would not show.
func inputType(f *Field, value string) (typ, mode string) {
	switch {
	case f.Kind == Integer:
		return "text", "numeric"
	case f.Kind == Number:
		return "text", "decimal"
	case f.Kind == Date:
		if _, err := kernel.ParseDate(value); err != nil && value != "" {
			return "text", ""
		}
		return "date", ""
	case f.Widget == "tel", f.Check == "phone", f.Check == "mobile":
		return "tel", ""
	case f.Check == "postcode":
		return "text", "numeric"
	case f.Format == "email":
		return "email", ""
	}
	return "text", ""
}

// inputSize is the class for the width of an input.
func inputSize(f *Field) string {
	switch {
	case f.Kind == Number, f.Kind == Integer, f.Check == "postcode", f.MaxLength > 0 && f.MaxLength <= 8:
		return "input-short"
	case f.Kind == Date, f.Check != "", f.Widget == "tel", f.MaxLength > 0 && f.MaxLength <= 24:
		return "input-medium"
	}
	return "input-long"
}

func (r *renderer) choices(id string, options []Option, value any) []choice {
	chosen := map[string]bool{}
	if list, ok := value.([]any); ok {
		for _, v := range list {
			chosen[text(v)] = true
		}
	} else if value != nil {
		chosen[text(value)] = true
	}
	out := make([]choice, len(options))
	for i, o := range options {
		v := text(o.Value)
		out[i] = choice{ID: id + "--" + strconv.Itoa(i), Value: v, Title: r.say(o.Title), Checked: chosen[v]}
		if i == 0 {
			out[i].ID = id // what an error links to
		}
	}
	return out
}

func (r *renderer) list(c *control, f *Field, value any) {
	c.Shape = "list"
	items, _ := value.([]any)
	for i, item := range items {
		name := c.Name + "." + strconv.Itoa(i)
		object, _ := item.(map[string]any)
		legend := r.Texts.T(r.Lang, "form.row", "title", c.Title.Text, "n", i+1)
		c.Rows = append(c.Rows, row{
			ID: ID(name), Name: name, Marker: name + "." + rowMarker, Legend: legend,
			Remove:   r.Texts.T(r.Lang, "form.remove", "row", legend),
			Controls: r.controls(f.Fields, name+".", object),
		})
	}
	if len(c.Rows) == 0 {
		c.Empty = r.Texts.T(r.Lang, "form.no_rows")
	}
	if f.MaxItems == 0 || len(c.Rows) < f.MaxItems {
		c.Add = r.Texts.T(r.Lang, "form.add", "title", c.Title.Text)
	}
}

// text is a value as an input holds it.
func text(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
