package admin

import (
	"context"
	"net/url"
	"slices"
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
// the rows of a scope by id, as far as they are still there.
type Findable struct {
	Kind  string // of package search
	Title kernel.Text
	Show  func(ctx context.Context, q db.Q, scope auth.Scope, ids []string) (map[string]Found, error)
}

// Found is a row as the search shows it.
type Found struct{ Title, Detail, Link string }

// Enterprises is what the registry gives to the search.
func Enterprises() Findable {
	return Findable{Kind: registry.SearchKind, Title: kernel.Text{ZH: "企业", EN: "Enterprises"}, Show: foundEnterprises}
}

func foundEnterprises(ctx context.Context, q db.Q, scope auth.Scope, ids []string) (map[string]Found, error) {
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		e, err := registry.GetEnterprise(ctx, q, scope, id)
		if kernel.KindOf(err) == kernel.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[id] = Found{Title: e.Name, Detail: e.USCC + " " + e.Address, Link: "/enterprises/" + id}
	}
	return out, nil
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
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		v.Hits, err = h.find(ctx, q, r, v.Q, kind)
		return err
	})
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

// find looks in the index and lets each kind show its rows: the index may
// still name one that the asker may not see any more.
func (h *Pages) find(ctx context.Context, q db.Q, r *web.Request, words, kind string) (web.List[hit], error) {
	out := web.List[hit]{Total: -1}
	scope := r.Scope()
	query := search.Query{Text: words, City: scope.City, Areas: scope.Areas, Enterprises: scope.Enterprises, After: r.URL.Query().Get("after")}
	for _, f := range h.Finds {
		if kind == "" || kind == f.Kind {
			query.Kinds = append(query.Kinds, f.Kind)
		}
	}
	page, err := search.Find(ctx, q, query)
	if err != nil {
		return out, err
	}
	out.Next = page.Next
	shown := map[string]map[string]Found{}
	for _, f := range h.Finds {
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
		row, there := shown[found.Kind][found.ID]
		if !there {
			continue
		}
		at := slices.IndexFunc(h.Finds, func(f Findable) bool { return f.Kind == found.Kind })
		out.Rows = append(out.Rows, hit{Kind: h.Finds[at].Title, Title: search.Highlight(row.Title, words), Detail: search.Highlight(row.Detail, words), Link: row.Link})
	}
	return out, nil
}
