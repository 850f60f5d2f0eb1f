package web

import (
	"cmp"
	"slices"
	"strings"

	"anlan/internal/i18n"
)

// NavGroup is a headed part of the navigation.
type NavGroup struct {
	Label   string
	Entries []NavEntry
}

// NavEntry is a link of the navigation.
type NavEntry struct {
	Label   string
	Path    string
	Icon    string
	Current bool   // this page or one below it
	Exact   bool   // this very page
	Count   string // how many wait there, "" for none
}

// Nav lists what the visitor may go to in this frame, by group.
func (p *Page) Nav() []NavGroup {
	routes := p.navRoutes()
	counts := p.counts()
	current := p.currentPath(routes)
	var groups []NavGroup
	at := map[string]int{}
	for _, rt := range routes {
		i, seen := at[rt.Nav.Group]
		if !seen {
			i = len(groups)
			at[rt.Nav.Group] = i
			groups = append(groups, NavGroup{Label: p.r.T(rt.Nav.Group + ".nav")})
		}
		e := NavEntry{Label: p.r.T(rt.Nav.Label), Path: rt.Path, Icon: rt.Nav.Icon, Current: rt.Path == current, Exact: rt.Path == p.r.URL.Path}
		if n := counts[rt.Path]; n > 0 {
			e.Count = capped(n)
		}
		groups[i].Entries = append(groups[i].Entries, e)
	}
	return groups
}

// navRoutes are the routes with an entry that the visitor may see in this
// frame, in order. A route without a frame of its own belongs to the frame in
// which this visitor gets it.
func (p *Page) navRoutes() []Route {
	var out []Route
	for _, rt := range p.r.site.routes {
		if rt.Nav == nil || !allowed(p.Principal, rt.Permission) {
			continue
		}
		if home := cmp.Or(rt.Frame, frameOf(p.Principal)); home == p.frame {
			out = append(out, rt)
		}
	}
	first := map[string]int{}
	for _, rt := range out {
		if n, ok := first[rt.Nav.Group]; !ok || rt.Nav.Order < n {
			first[rt.Nav.Group] = rt.Nav.Order
		}
	}
	slices.SortStableFunc(out, func(a, b Route) int {
		return cmp.Or(cmp.Compare(first[a.Nav.Group], first[b.Nav.Group]), cmp.Compare(a.Nav.Group, b.Nav.Group),
			cmp.Compare(a.Nav.Order, b.Nav.Order))
	})
	return out
}

func (p *Page) counts() map[string]int {
	if p.r.site.cfg.Counts == nil || !p.SignedIn() {
		return nil
	}
	return p.r.site.cfg.Counts(p.r)
}

// currentPath is the entry that this page belongs to: the longest path that
// is this one or stands above it.
func (p *Page) currentPath(routes []Route) string {
	best := ""
	for _, rt := range routes {
		if (p.r.URL.Path == rt.Path || strings.HasPrefix(p.r.URL.Path, strings.TrimSuffix(rt.Path, "/")+"/")) && len(rt.Path) > len(best) && (rt.Path != "/" || p.r.URL.Path == "/") {
			best = rt.Path
		}
	}
	return best
}

func capped(n int) string {
	if n > 999 {
		return "999+"
	}
	return i18n.Number(int64(n))
}
