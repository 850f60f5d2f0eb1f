package registry

import (
	"context"
	"embed"
	"slices"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

//go:embed views/*.html locale/*.json
var pages embed.FS

// Views are the pages of this package.
func Views() web.Views { return web.Views{Room: "registry", FS: pages} }

// PageParts are what the pages stand on; every field is needed.
type PageParts struct {
	Service *Service
	Sheets  *Sheets
	Jobs    *job.Runner
	Files   *blob.Store
}

// Pages are the handlers of this package.
type Pages struct {
	s      *Service
	sheets *Sheets
	jobs   *job.Runner
	files  *blob.Store
}

// NewPages returns the pages.
func NewPages(p PageParts) *Pages { return &Pages{p.Service, p.Sheets, p.Jobs, p.Files} }

// Routes are the pages of this package.
func (h *Pages) Routes() []web.Route {
	return slices.Concat(h.listRoutes(), h.enterpriseRoutes(), h.sheetRoutes(), h.placeRoutes(), h.personRoutes(), h.ownRoutes())
}

// page is a route of the console.
func page(method, path string, perm auth.Permission, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: perm, Handler: fn, Frame: web.Console}
}

// inNav gives a page its place in the navigation.
func inNav(rt web.Route, label, icon string, order int) web.Route {
	rt.Nav = &web.Nav{Group: "registry", Label: label, Icon: icon, Order: 300 + order}
	return rt
}

// view reads what a page shows from one snapshot.
func view[T any](ctx context.Context, d *db.DB, fn func(ctx context.Context, q db.Q) (T, error)) (T, error) {
	var out T
	err := d.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		out, err = fn(ctx, q)
		return err
	})
	return out, err
}

// List is the page for the components of the screen.
func (p Page[T]) List() web.List[T] {
	l := web.List[T]{Rows: p.Rows, Next: p.Next, Total: p.Total}
	if p.Capped {
		l.Total = web.CountCap + 1
	}
	return l
}

// names are the words for codes on a page: areas, trades and enterprises.
type names struct {
	areas       map[string]kernel.Text
	enterprises map[string]string
}

// loadNames reads the names of all areas, and of the given enterprises.
func loadNames(ctx context.Context, q db.Q, enterprises ...string) (names, error) {
	n := names{areas: map[string]kernel.Text{}}
	areas, err := Areas(ctx, q)
	if err != nil {
		return n, err
	}
	for _, a := range areas {
		n.areas[a.Code] = a.Name
	}
	n.enterprises, err = EnterpriseNames(ctx, q, enterprises)
	return n, err
}

// Area returns the name of an area; an unknown code is its own name.
func (n names) Area(code string) kernel.Text {
	if name, ok := n.areas[code]; ok {
		return name
	}
	return kernel.Text{ZH: code}
}

// Enterprise returns the name of an enterprise.
func (n names) Enterprise(id string) string { return n.enterprises[id] }

// Trade returns the name of a trade.
func (names) Trade(code string) kernel.Text { return TradeName(code) }

// areaOptions are the areas that rows may name, zones under their district.
func areaOptions(ctx context.Context, q db.Q, r *web.Request) ([]ui.Option, error) {
	areas, err := Areas(ctx, q, District, Zone)
	var out []ui.Option
	for _, a := range areas {
		text := r.Text(a.Name)
		if a.Kind == Zone {
			text = "　" + text
		}
		out = append(out, ui.Option{Value: a.Code, Text: text})
	}
	return out, err
}

func tradeOptions(r *web.Request) []ui.Option {
	var out []ui.Option
	for _, t := range Trades() {
		out = append(out, ui.Option{Value: t.Code, Text: r.Text(t.Name)})
	}
	return out
}

// options are the words of a list of codes.
func options[T ~string](r *web.Request, key string, codes ...T) []ui.Option {
	var out []ui.Option
	for _, c := range codes {
		out = append(out, ui.Option{Value: string(c), Text: r.T(key + string(c))})
	}
	return out
}

// changeLine is a change with its field in words.
type changeLine struct {
	Change
	Name string
}

// inWords names the fields of changes, and the codes of areas, trades and
// states in them.
func inWords(r *web.Request, n names, changes []Change) []changeLine {
	out := make([]changeLine, len(changes))
	for i, c := range changes {
		say := func(v string) string { return v }
		switch {
		case c.Field == "area":
			say = func(v string) string { return r.Text(n.Area(v)) }
		case c.Field == "trade":
			say = func(v string) string { return r.Text(TradeName(v)) }
		case c.Field == "state":
			say = func(v string) string { return r.T("registry.state." + v) }
		case strings.HasSuffix(c.Field, "key_supply"):
			say = func(v string) string {
				return r.T(map[bool]string{true: "common.yes", false: "common.no"}[v == "true"])
			}
		}
		words := func(v string) string {
			if v == "" {
				return ""
			}
			return say(v)
		}
		c.Was, c.Theirs, c.Yours = words(c.Was), words(c.Theirs), words(c.Yours)
		out[i] = changeLine{c, r.T("registry.field." + c.Field)}
	}
	return out
}
