package licensing

import (
	"context"
	"embed"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/registry"
	"anlan/ui"
)

//go:embed views/*.html locale/*.json
var files embed.FS

// Views are the pages of this room.
func Views() web.Views { return web.Views{Room: "licensing", FS: files} }

// Pages are the handlers of this room.
type Pages struct {
	s *Service
}

// NewPages returns the pages over a service.
func NewPages(s *Service) *Pages { return &Pages{s: s} }

// guideRoutes are the guides: what anyone may read before applying.
func guideRoutes(h *Pages) []web.Route {
	list := web.Route{Method: "GET", Path: "/guides", Permission: web.Public, Handler: h.guides, Frame: web.Hall,
		Nav: &web.Nav{Group: "licensing", Label: "licensing.nav.guides", Icon: "book", Order: 1}}
	return []web.Route{list, {Method: "GET", Path: "/guides/{item}", Permission: web.Public, Handler: h.guide, Frame: web.Hall}}
}

// guidesPage is the index: what was found, or everything by category.
type guidesPage struct {
	Query, Who, Kind string
	Found            []*rule.Item // by the words; nil without words
	Categories       []guideCategory
	Whos, Kinds      []guideTally
}

// guideCategory is a category with its items, those about one licence
// together.
type guideCategory struct {
	rule.Category
	Groups []guideGroup
	Count  int
}

// guideGroup is what can be applied for about one kind of licence.
type guideGroup struct {
	First  *rule.Item
	Others []*rule.Item
}

// guideTally is a choice of the index with how many guides it leaves.
type guideTally struct {
	Value string
	Count int
}

// guideKinds are the kinds of item in the order of the index.
var guideKinds = [...]rule.Kind{rule.First, rule.Renew, rule.Change, rule.Reissue, rule.Cancel, rule.Recheck, rule.Reviewed, rule.Filed, rule.Examined}

func (h *Pages) guides(r *web.Request) error {
	q := r.URL.Query()
	v := guidesPage{Query: q.Get("q"), Who: q.Get("who"), Kind: q.Get("kind")}
	if n := len([]rune(v.Query)); n > 100 {
		return kernel.Bad("q", "too_long", "")
	}
	fits := func(it *rule.Item, who, kind string) bool {
		version, ok := it.At(r.Today())
		return ok && (who == "" || version.AllowsWho(rule.Who(who))) && (kind == "" || string(it.Kind) == kind)
	}
	if v.Query != "" {
		for _, it := range h.s.Rules.Find(v.Query) {
			if fits(it, v.Who, v.Kind) {
				v.Found = append(v.Found, it)
			}
		}
		return r.Render("licensing/guides", v)
	}
	for _, c := range h.s.Rules.Categories() {
		if line := categoryLine(c, h.s.Rules.ItemsOf(c.ID), func(it *rule.Item) bool { return fits(it, v.Who, v.Kind) }); line.Count > 0 {
			v.Categories = append(v.Categories, line)
		}
	}
	count := func(who, kind string) (n int) {
		for _, it := range h.s.Rules.Items() {
			if fits(it, who, kind) {
				n++
			}
		}
		return n
	}
	for _, who := range []rule.Who{rule.Enterprise, rule.Person} {
		v.Whos = append(v.Whos, guideTally{string(who), count(string(who), v.Kind)})
	}
	for _, kind := range guideKinds {
		if n := count(v.Who, string(kind)); n > 0 {
			v.Kinds = append(v.Kinds, guideTally{string(kind), n})
		}
	}
	return r.Render("licensing/guides", v)
}

// categoryLine gathers the items of a category that are shown, by group.
func categoryLine(c rule.Category, items []*rule.Item, shown func(*rule.Item) bool) guideCategory {
	line := guideCategory{Category: c}
	at := map[string]int{}
	for _, it := range items {
		if !shown(it) {
			continue
		}
		line.Count++
		if i, known := at[it.Group]; known {
			line.Groups[i].Others = append(line.Groups[i].Others, it)
			continue
		}
		at[it.Group] = len(line.Groups)
		line.Groups = append(line.Groups, guideGroup{First: it})
	}
	return line
}

// guidePage is an item with its rules in force today.
type guidePage struct {
	Item     *rule.Item
	Category rule.Category
	Rule     *rule.Version
	Others   []*rule.Item // about the same licence
	Areas    []ui.Option
	Area     string
	Office   *registry.Unit // who decides in Area, nil while none is chosen
	Special  []SpecialTime  // in force for this item
	Person   bool
}

func (h *Pages) guide(r *web.Request) error {
	g, err := h.s.Guide(r.Context(), r.PathValue("item"))
	if err != nil {
		return err
	}
	v := guidePage{Item: g.Item, Rule: g.Rule, Special: g.Special, Area: r.URL.Query().Get("area"), Person: g.Rule.AllowsWho(rule.Person)}
	v.Category, _ = h.s.Rules.Category(g.Item.Category)
	for _, it := range h.s.Rules.ItemsOf(g.Item.Category) {
		if it.Group == g.Item.Group && it.ID != g.Item.ID {
			v.Others = append(v.Others, it)
		}
	}
	if v.Areas, err = h.areaOptions(r); err != nil {
		return err
	}
	if v.Area != "" {
		if v.Office, err = h.office(r, g.Rule, v.Area); err != nil {
			return err
		}
	}
	return r.Render("licensing/guide", v)
}

// office is who decides on an ordinary application in an area.
func (h *Pages) office(r *web.Request, v *rule.Version, area string) (*registry.Unit, error) {
	office, ok := v.AuthorityFor(area, nil)
	if !ok {
		return nil, kernel.Missing("area", area)
	}
	return view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (*registry.Unit, error) {
		u, err := registry.GetUnit(ctx, q, office.Unit)
		return &u, err
	})
}
