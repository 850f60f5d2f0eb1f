package web

import (
	"cmp"
	"html/template"
	"net/url"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// Page is the dot of every view: what the handler gave (.Data) and what the
// frame and the components need to know of the request.
type Page struct {
	Data      any
	Lang      string
	Now       time.Time
	Today     kernel.Date
	Principal *auth.Principal
	Path      string // "/licensing/cases?state=open"

	r                 *Request
	labels            map[string]string // of fields, for the error summary
	ids               map[string]int    // how often a field's id was wanted
	form              string            // which of the page's forms this is, "" the page itself
	frame             Frame
	body, title, head template.HTML
}

func (r *Request) page(data any) *Page {
	return &Page{Data: data, Lang: r.Lang, Now: r.now, Today: r.Today(), Principal: r.Principal,
		Path: r.URL.RequestURI(), r: r, frame: r.frame()}
}

// frame chooses the frame of a page: the route's, else the visitor's.
func (r *Request) frame() Frame { return cmp.Or(r.route.Frame, frameOf(r.Principal)) }

// frameOf is the frame of pages that have none of their own: the console for
// officers and the hall for everybody else.
func frameOf(p *auth.Principal) Frame {
	if p.SignedIn() && p.Scope.Officer {
		return Console
	}
	return Hall
}

// Frame is the frame's name, for the root element.
func (p *Page) Frame() string { return string(p.frame) }

// Body, Title and Head are the parts of the view, for the frames.
func (p *Page) Body() template.HTML { return p.body }

// Title is the view's title, "" when it has none.
func (p *Page) Title() template.HTML { return template.HTML(strings.TrimSpace(string(p.title))) }

// Head is what the view puts into the head.
func (p *Page) Head() template.HTML { return p.head }

// Can reports whether the visitor has a permission, to show or leave out what
// needs it. The server checks again when it is used.
func (p *Page) Can(perm string) bool { return allowed(p.Principal, auth.Permission(perm)) }

// SignedIn reports whether somebody is signed in.
func (p *Page) SignedIn() bool { return p.Principal.SignedIn() }

// Site is what the frames say about the installation.
func (p *Page) Site() Site { return p.r.site.cfg.Site }

// RequestID names the request in the log, for error pages.
func (p *Page) RequestID() string { return p.r.ID }

// LiveID is the newest event at the time the page was begun: the page listens
// from there.
func (p *Page) LiveID() string { return p.r.liveID }

// Hidden are the fields that every POST form must have: against forgery and
// against repetition. They stand before any file.
func (p *Page) Hidden() template.HTML {
	return template.HTML(`<input type="hidden" name="_csrf" value="`+template.HTMLEscapeString(p.r.csrfToken())+
		`"><input type="hidden" name="_request" value="`+kernel.NewSecret(18)+`">`) + p.formField()
}

// HiddenAs is Hidden with the request id of an earlier form, so that sending
// that form again in another way stays one request.
func (p *Page) HiddenAs(request string) template.HTML {
	if request == "" {
		return p.Hidden()
	}
	return template.HTML(`<input type="hidden" name="_csrf" value="` + template.HTMLEscapeString(p.r.csrfToken()) +
		`"><input type="hidden" name="_request" value="` + template.HTMLEscapeString(request) + `">`)
}

// CSRF is the token for scripts.
func (p *Page) CSRF() string { return p.r.csrfToken() }

// Routed reports whether the visitor may GET a path of this very pattern, for
// links of the frames to pages that another package may or may not have.
func (p *Page) Routed(path string) bool {
	rt, ok := p.r.site.gets[path]
	return ok && allowed(p.Principal, rt)
}

// BasePath is this page's address without its query.
func (p *Page) BasePath() string { return p.r.URL.Path }

// FirstPageURL is this list from its start.
func (p *Page) FirstPageURL() string { return p.URL("after", "") }

// SortOf is the way this list is sorted by key: "up", "down" or "" for not by
// it. The address says sort=KEY or sort=-KEY; without it, the default does.
func (p *Page) SortOf(key string, byDefault any) string {
	sort := p.Query("sort")
	if sort == "" {
		sort = asText(byDefault)
		if sort == "true" {
			sort = key
		}
	}
	switch sort {
	case key:
		return "up"
	case "-" + key:
		return "down"
	}
	return ""
}

// SortURL sorts this list by key, or the other way round when it is already.
func (p *Page) SortURL(key, way string, downFirst any) string {
	if way == "up" || way == "" && downFirst == true {
		return p.URL("sort", "-"+key)
	}
	return p.URL("sort", key)
}

// FieldLabel is the name of a field in the error summary, when a component
// named it, followed by a colon.
func (p *Page) FieldLabel(field string) string {
	if l := p.labels[field]; l != "" {
		return l + p.r.T("web.colon")
	}
	return ""
}

// Named notes the label of a field for the error summary; components call it.
func (p *Page) Named(field string, label any) string {
	if p.labels == nil {
		p.labels = map[string]string{}
	}
	if p.sentHere() {
		p.labels[field] = asText(label)
	}
	return ""
}

// freeID returns id when it is free, else id with a number behind it.
func (p *Page) freeID(id string) string {
	if p.ids == nil {
		p.ids = map[string]int{}
	}
	if !p.sentHere() {
		id += "--" + p.form
	}
	p.ids[id]++
	if n := p.ids[id]; n > 1 {
		return id + "--" + itoa(n)
	}
	return id
}

// Fault is one line of the error summary.
type Fault struct {
	Field string
	Text  string
}

// Faults lists what is wrong with the form, one line per broken rule.
func (p *Page) Faults() []Fault {
	if p.r.problem == nil {
		return nil
	}
	var out []Fault
	for _, f := range p.r.problem.Fields {
		out = append(out, Fault{f.Field, p.r.site.texts.Rule(p.Lang, f)})
	}
	return out
}

// Problem is the message on top of a form that is shown again, "" for none.
func (p *Page) Problem() string {
	if p.r.problem == nil {
		return ""
	}
	return p.r.problemText(p.r.problem)
}

// Error returns the messages at a field, "" for none. A field of a list
// carries its index: "materials.2.name".
func (p *Page) Error(field string) string {
	if p.r.problem == nil || !p.sentHere() {
		return ""
	}
	var texts []string
	for _, f := range p.r.problem.Fields {
		if f.Field == field {
			texts = append(texts, p.r.site.texts.Rule(p.Lang, f))
		}
	}
	return strings.Join(texts, " ")
}

// Value is what a field shows: what was sent when the form is shown again,
// else value.
func (p *Page) Value(field string, value any) any {
	if sent, ok := p.r.sent[field]; ok && p.r.again && p.sentHere() && len(sent) > 0 {
		return sent[0]
	}
	return value
}

// Chosen reports whether option is chosen in a field: in what was sent when
// the form is shown again, else in value, a text, a list of texts or a bool
// ("true", "false").
func (p *Page) Chosen(field, option string, value any) bool {
	if p.r.again && p.r.sent != nil && p.sentHere() {
		return contains(p.r.sent[field], option)
	}
	return contains(asTexts(value), option)
}

// URL is the address of this page with some query parameters changed, which
// keeps the filter when sorting or paging; a pair with "" takes the parameter
// out. Changing anything but "after" starts at the first page again.
func (p *Page) URL(pairs ...any) string {
	q := p.r.URL.Query()
	q.Del("lang")
	changed := false
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := asText(pairs[i]), asText(pairs[i+1])
		changed = changed || name != "after"
		if value == "" {
			q.Del(name)
		} else {
			q.Set(name, value)
		}
	}
	if changed {
		q.Del("after")
	}
	if len(q) == 0 {
		return p.r.URL.Path
	}
	return p.r.URL.Path + "?" + q.Encode()
}

// Query returns a parameter of the page's address.
func (p *Page) Query(name string) string { return p.r.URL.Query().Get(name) }

// LangURL is this page in another language. A page that answers a form links
// to the form.
func (p *Page) LangURL(lang string) string {
	q := p.r.URL.Query()
	q.Set("lang", lang)
	return p.r.URL.Path + "?" + q.Encode()
}

// LookURL switches one of the looks (elder, contrast, dark, keys) and comes
// back to this page.
func (p *Page) LookURL(name string) string {
	q := url.Values{"switch": {name}, "return": {p.r.URL.RequestURI()}}
	return "/look?" + q.Encode()
}

// Look is how the visitor wants pages to look.
func (p *Page) Look() look { return p.r.look }

// Flashes are the messages that earlier requests left.
func (p *Page) Flashes() []Notice { return p.r.notices() }

// SignInURL leads to the sign-in page and back here.
func (p *Page) SignInURL() string {
	return p.r.site.cfg.SignIn + "?" + url.Values{"return": {p.r.URL.RequestURI()}}.Encode()
}

// SignOutPath is where the form that signs out goes.
func (p *Page) SignOutPath() string { return p.r.site.cfg.SignOut }
