package form

import (
	"html/template"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// View is what HTML needs besides the form.
type View struct {
	Texts  *i18n.Catalogues // must hold Source and the base texts
	Lang   string
	Data   map[string]any      // as Decode or a draft gives it; nil: the defaults
	Errors []kernel.FieldError // shown at their fields
}

// HTML writes the fields, without the surrounding form element and its submit
// button.
func (f *Form) HTML(v View) template.HTML { return "" }

// ErrorSummary writes the list of errors with links to their fields, "" when
// there are none.
func (f *Form) ErrorSummary(v View) template.HTML { return "" }

// ID returns the id of the element that path's errors link to.
func ID(path string) string { return "f-" + path }

// Label returns the title of the field at path for error summaries, with the
// row's number for fields in rows; "" when there is no such field.
func (f *Form) Label(texts *i18n.Catalogues, lang, path string) string { return "" }

// Summary lists the answers in the order of the page.
func (f *Form) Summary(texts *i18n.Catalogues, lang string, data map[string]any) []Row { return nil }
