package admin

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/search"
	"anlan/internal/web"
	"anlan/registry"
	"anlan/ui"
)

// searchRoutes are the search over all rooms.
func (h *Pages) searchRoutes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/search", Permission: web.SignedIn, Handler: h.search, Limit: web.Limit{N: 120, Per: time.Minute}}}
}

// Findable is a kind of row that the search over all rooms finds. Show gives
// the rows of a scope that the word index names, as far as they are still
// there. Exact finds by a whole number what a room does not put into the
// index. One of both may be nil.
type Findable struct {
	Kind  string // of package search
	Title kernel.Text
	Show  func(ctx context.Context, q db.Q, scope auth.Scope, ids []string) (map[string]Found, error)
	Exact func(ctx context.Context, p *auth.Principal, number string) ([]Found, error)
}

// Found is a row as the search shows it.
type Found struct{ Title, Detail, Link string }

// Registered is what the registry gives to the search.
func Registered() []Findable {
	return []Findable{
		{Kind: registry.SearchKind, Title: kernel.Text{ZH: "企业", EN: "Enterprises"}, Show: showing(func(ctx context.Context, q db.Q, scope auth.Scope, id string) (Found, error) {
			e, err := registry.GetEnterprise(ctx, q, scope, id)
			return Found{Title: e.Name, Detail: e.USCC + " " + e.Address, Link: "/enterprises/" + id}, err
		})},
		{Kind: registry.SiteSearchKind, Title: kernel.Text{ZH: "场所", EN: "Sites"}, Show: showing(func(ctx context.Context, q db.Q, scope auth.Scope, id string) (Found, error) {
			v, err := registry.GetSite(ctx, q, scope, id)
			return Found{Title: v.Name, Detail: v.Address, Link: "/sites/" + id}, err
		})},
	}
}

// showing makes Show of what shows one row; rows that are gone are left out.
func showing(one func(ctx context.Context, q db.Q, scope auth.Scope, id string) (Found, error)) func(context.Context, db.Q, auth.Scope, []string) (map[string]Found, error) {
	return func(ctx context.Context, q db.Q, scope auth.Scope, ids []string) (map[string]Found, error) {
		out := make(map[string]Found, len(ids))
		for _, id := range ids {
			found, err := one(ctx, q, scope, id)
			if kernel.KindOf(err) == kernel.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			out[id] = found
		}
		return out, nil
	}
}

// searchPage is what was found.
type searchPage struct {
	Q     string
	Kinds []ui.Tab
	Hits  web.List[hit]
}

// hit is a row with what matched marked.
type hit struct {
	Kind          kernel.Text
	Title, Detail []search.Part
	Link          string
}

func (h *Pages) search(r *web.Request) error {
	v := searchPage{Q: r.URL.Query().Get("q"), Hits: web.List[hit]{Total: -1}}
	kind := r.URL.Query().Get("kind")
	v.Kinds = h.kindTabs(r, v.Q, kind)
	exact, err := h.exact(r, v.Q, kind)
	if err == nil {
		err = h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
			v.Hits, err = h.find(ctx, q, r, v.Q, kind)
			return err
		})
		v.Hits.Rows = append(exact, v.Hits.Rows...)
	}
	if kernel.KindOf(err) == kernel.Invalid {
		return r.Refill("admin/search", v, err)
	}
	if err != nil {
		return err
	}
	return r.Render("admin/search", v)
}

func (h *Pages) kindTabs(r *web.Request, words, current string) []ui.Tab {
	link := func(kind string) string {
		q := url.Values{"q": {words}}
		if kind != "" {
			q.Set("kind", kind)
		}
		return "/search?" + q.Encode()
	}
	tabs := []ui.Tab{{Text: r.T("common.all"), Href: link(""), Current: current == ""}}
	for _, f := range h.Finds {
		tabs = append(tabs, ui.Tab{Text: r.Text(f.Title), Href: link(f.Kind), Current: current == f.Kind})
	}
	return tabs
}

// exact asks the rooms that find by number; their rows stand on the first
// page only.
func (h *Pages) exact(r *web.Request, words, kind string) ([]hit, error) {
	words = strings.TrimSpace(words)
	if words == "" || r.URL.Query().Get("after") != "" {
		return nil, nil
	}
	var out []hit
	for _, f := range h.Finds {
		if f.Exact == nil || kind != "" && kind != f.Kind {
			continue
		}
		rows, err := f.Exact(r.Context(), r.Principal, words)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			out = append(out, marked(f, row, words))
		}
	}
	return out, nil
}

func marked(f Findable, row Found, words string) hit {
	return hit{Kind: f.Title, Title: search.Highlight(row.Title, words), Detail: search.Highlight(row.Detail, words), Link: row.Link}
}

// find looks in the index and lets each kind show its rows: the index may
// still name one that the asker may not see any more.
func (h *Pages) find(ctx context.Context, q db.Q, r *web.Request, words, kind string) (web.List[hit], error) {
	out := web.List[hit]{Total: -1}
	scope := r.Scope()
	query := search.Query{Text: words, City: scope.City, Areas: scope.Areas, Enterprises: scope.Enterprises, After: r.URL.Query().Get("after")}
	for _, f := range h.Finds {
		if f.Show != nil && (kind == "" || kind == f.Kind) {
			query.Kinds = append(query.Kinds, f.Kind)
		}
	}
	if query.Kinds == nil {
		return out, nil
	}
	page, err := search.Find(ctx, q, query)
	if err != nil {
		return out, err
	}
	out.Next = page.Next
	shown := map[string]map[string]Found{}
	for _, f := range h.Finds {
		if f.Show == nil {
			continue
		}
		var ids []string
		for _, hit := range page.Hits {
			if hit.Kind == f.Kind {
				ids = append(ids, hit.ID)
			}
		}
		if shown[f.Kind], err = f.Show(ctx, q, scope, ids); err != nil {
			return out, err
		}
	}
	for _, found := range page.Hits {
		if row, there := shown[found.Kind][found.ID]; there {
			at := slices.IndexFunc(h.Finds, func(f Findable) bool { return f.Kind == found.Kind })
			out.Rows = append(out.Rows, marked(h.Finds[at], row, words))
		}
	}
	return out, nil
}
