package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"anlan/internal/auth"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/sample"
)

// page is a page of the site and who looks at it.
type page struct{ path, token string }

// pages are every page that somebody of the demo can open: those without
// parameters, and of each kind of row one that they may see. Each is listed
// once, for the first who may.
func (c *city) pages(t *testing.T) (out []page) {
	t.Helper()
	seen := map[string]bool{}
	add := func(token, path string) {
		if seen[path] {
			return
		}
		res := c.Client(t, token).Get(path)
		if res.Status >= 500 {
			t.Errorf("%s answers %d", path, res.Status)
		}
		if res.Status == http.StatusOK && strings.Contains(res.Body, "<html") { // neither a file nor a fragment
			seen[path] = true
			out = append(out, page{path, token})
		}
	}
	stranger := auth.Public("127.0.0.1")
	for _, rt := range c.routes {
		if rt.Method == http.MethodGet && open(rt, stranger) && !strings.Contains(strings.TrimSuffix(rt.Path, "{$}"), "{") {
			add("", strings.TrimSuffix(rt.Path, "{$}"))
		}
	}
	for _, e := range c.entries {
		token, who := c.enter(t, e)
		for _, rt := range c.routes {
			if rt.Method != http.MethodGet || !open(rt, who) {
				continue
			}
			if !strings.Contains(strings.TrimSuffix(rt.Path, "{$}"), "{") {
				add(token, strings.TrimSuffix(rt.Path, "{$}"))
				continue
			}
			if o := ownerOf(rt.Path); o != nil {
				own := slices.IndexFunc(c.rows(t, o.query), func(r sight) bool {
					return who.Scope.Sees(r.area, r.enterprise, r.account) || who.Scope.SeesUnit(r.unit)
				})
				if own >= 0 && strings.Count(rt.Path, "{") == 1 {
					add(token, strings.Replace(rt.Path, "{id}", c.rows(t, o.query)[own].id, 1))
				}
			}
		}
	}
	return out
}

// open reports whether a visitor may open a route's page.
func open(rt web.Route, who *auth.Principal) bool {
	if rt.Machine || rt.IsOperation() || rt.Path == "/live" {
		return false
	}
	return rt.Permission == web.Public || who.SignedIn() && (rt.Permission == web.SignedIn || who.Can(rt.Permission))
}

func TestEveryPageIsReadableForEverybody(t *testing.T) {
	if testing.Short() {
		t.Skip("opens every page in a browser")
	}
	c := wholeCity(t)
	pages := c.pages(t)
	if len(pages) < 80 {
		t.Errorf("only %d pages", len(pages))
	}
	for _, look := range []struct {
		name, lang, look string
		width            int64
	}{
		{"desktop", "zh-CN", "", 1280},
		{"phone", "en", "elder", 375},
	} {
		t.Run(look.name, func(t *testing.T) {
			b := webtest.NewBrowser(t, c.URL)
			b.Size(look.width, 900)
			b.SetCookie("anlan_lang", look.lang)
			b.SetCookie("anlan_look", look.look)
			for _, p := range pages {
				if p.token != "" { // strangers come first
					b.SignIn(p.token)
				}
				b.Visit(p.path)
				b.Axe(look.name + " " + p.path)
				b.Shot(look.name + strings.ReplaceAll(p.path, "/", "_"))
			}
		})
	}
}

// TestDeskShowsTheDaysOfALimit opens what an officer looks at most; its picture
// stands in the README.
func TestDeskShowsTheDaysOfALimit(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the whole city")
	}
	c := wholeCity(t)
	at := slices.IndexFunc(c.entries, func(e sample.Entry) bool { return e.Role == auth.Approver })
	token, _ := c.enter(t, c.entries[at])
	b := webtest.NewBrowser(t, c.URL)
	b.Size(1280, 900)
	b.SetCookie("anlan_lang", "zh-CN")
	b.SignIn(token)
	b.Visit("/licensing/cases?step=approve")
	b.Do(chromedp.Click("table a"))
	b.Wait(`document.querySelectorAll(".clock").length == 3`)
	b.Window("readme")
	b.Do(chromedp.Click(".clock-days summary"))
	b.Wait(`document.querySelector(".clock-days[open] .day-off") && document.querySelector(".clock-days[open] .day:not(.day-off)")`)
	b.Axe("a case with its days")
}
