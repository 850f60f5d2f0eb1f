package web

import "html/template"

// Form is the page as one of several forms on it sees it: what was typed and
// what was wrong belong to the form that was sent, not to another that has a
// field of the same name. Its Hidden carries the name; ids of its fields are
// its own. {{$f := $.Form "accept"}} … {{template "field" (args $f "name" …)}}
func (p *Page) Form(name string) *Page {
	if p.ids == nil {
		p.ids = map[string]int{}
	}
	if p.labels == nil {
		p.labels = map[string]string{}
	}
	form := *p
	form.form = name
	return &form
}

// Asked reports whether this form was sent and is shown again, because it was
// refused or grew, so that it stands open.
func (p *Page) Asked() bool { return p.form != "" && p.r.again && p.sentHere() }

// sentHere reports whether what was sent belongs to this form.
func (p *Page) sentHere() bool { return p.form == "" || p.r.sent.Get("_form") == p.form }

// formField is the hidden field that names the form.
func (p *Page) formField() template.HTML {
	if p.form == "" {
		return ""
	}
	return template.HTML(`<input type="hidden" name="_form" value="` + template.HTMLEscapeString(p.form) + `">`)
}
