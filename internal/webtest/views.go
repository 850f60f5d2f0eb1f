package webtest

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"anlan/internal/i18n"
	"anlan/internal/web"
)

// RenderAll renders every view of a room with sample data (view name without
// the room → what the handler would give), in both languages, and fails for a
// view without sample data, a text that is missing, an inline script or style,
// and a POST form without its hidden fields. more are the texts that the room
// borrows from others.
func RenderAll(t *testing.T, views web.Views, samples map[string]any, more ...i18n.Source) {
	t.Helper()
	files, err := fs.Glob(views.FS, "views/*.html")
	if err != nil {
		t.Fatal(err)
	}
	var routes []web.Route
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "_") {
			continue
		}
		data, ok := samples[name]
		if !ok {
			t.Errorf("view %s/%s has no sample data", views.Room, name)
			continue
		}
		routes = append(routes, web.Route{Method: "GET", Path: "/render/" + name, Permission: web.Public,
			Handler: func(r *web.Request) error { return r.Render(views.Room+"/"+name, data) }})
	}
	s := Start(t, web.Config{Routes: routes, Views: []web.Views{views}, Texts: more})
	s.People.Add("officer", Officer("officer"))
	for _, rt := range routes {
		for _, lang := range i18n.Languages() {
			p := s.Client(t, "officer").Get(rt.Path + "?lang=" + lang)
			if p.Status != 200 {
				t.Errorf("%s in %s: status %d", rt.Path, lang, p.Status)
				continue
			}
			CheckPage(t, p)
		}
	}
}

// CheckPage fails the test when a page holds a missing text, an inline script
// or style, an id given twice, or a POST form without its hidden fields.
func CheckPage(t testing.TB, p *Page) {
	t.Helper()
	if i := strings.Index(p.Body, "⟦"); i >= 0 {
		t.Errorf("%s: a text is missing: %s", p.Path, p.Body[i:min(i+60, len(p.Body))])
	}
	ids := map[string]bool{}
	each(p.root, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: the id %q is there twice", p.Path, id)
			}
			ids[id] = true
		}
		switch {
		case n.Data == "script" && attr(n, "src") == "", n.Data == "style":
			t.Errorf("%s: inline <%s>", p.Path, n.Data)
		case n.Data == "form" && strings.EqualFold(attr(n, "method"), "post"):
			ours := false
			each(n, func(c *html.Node) { ours = ours || attr(c, "name") == "_csrf" })
			if !ours {
				t.Errorf("%s: the form to %q lacks {{.Hidden}}", p.Path, attr(n, "action"))
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
				t.Errorf("%s: <%s %s>", p.Path, n.Data, a.Key)
			}
		}
	})
}
