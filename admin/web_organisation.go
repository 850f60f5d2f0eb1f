package admin

import (
	"context"
	"slices"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
	"anlan/ui"
)

// organisationRoutes are areas and units.
func (h *Pages) organisationRoutes() []web.Route {
	perm := registry.PermOrganisation
	return []web.Route{
		operator(page("GET", "/admin/organisation", perm, h.organisation), "admin.organisation.title", "building", 10),
		page("GET", "/admin/organisation/units/new", perm, h.unit),
		page("GET", "/admin/organisation/units/{id}", perm, h.unit),
		page("POST", "/admin/organisation/units/{id}", perm, h.saveUnit),
		page("GET", "/admin/organisation/areas", perm, h.areas),
		page("GET", "/admin/organisation/areas/{code}", perm, h.area),
		page("POST", "/admin/organisation/areas/{code}", perm, h.saveArea),
		uploads(page("POST", "/admin/organisation/streets", perm, h.loadStreets)),
	}
}

// unitLine is a unit of the tree, Depth below the root.
type unitLine struct {
	registry.Unit
	Depth int
}

// treeOf puts units under the one above them; one whose parent is not among
// them is a root.
func treeOf(units []registry.Unit) []unitLine {
	under := map[string][]registry.Unit{}
	there := map[string]bool{}
	for _, u := range units {
		there[u.ID] = true
	}
	for _, u := range units {
		parent := u.Parent
		if !there[parent] {
			parent = ""
		}
		under[parent] = append(under[parent], u)
	}
	var out []unitLine
	var walk func(parent string, depth int)
	walk = func(parent string, depth int) {
		for _, u := range under[parent] {
			out = append(out, unitLine{u, depth})
			walk(u.ID, depth+1)
		}
	}
	walk("", 0)
	return out
}

func (h *Pages) organisation(r *web.Request) error {
	lines, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) ([]unitLine, error) {
		units, err := registry.Units(ctx, q, registry.UnitFilter{Closed: r.URL.Query().Get("closed") == "true"})
		return treeOf(units), err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/organisation", lines)
}

// unitPage is a unit in its form.
type unitPage struct {
	registry.Unit
	Parents []ui.Option
	Areas   []ui.Option
	Kinds   []ui.Option
	Changes []registry.Change // what somebody else has changed meanwhile
}

// newUnit is the id in the address of a unit that is not there yet.
const newUnit = "new"

func (h *Pages) unitView(r *web.Request, id string) (unitPage, error) {
	v := unitPage{Unit: registry.Unit{Parent: r.URL.Query().Get("parent"), Kind: registry.Department}}
	for _, k := range registry.UnitKinds() {
		v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: r.T("registry.unit_kind." + string(k))})
	}
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) error {
		if id != newUnit {
			u, err := registry.GetUnit(ctx, q, id)
			if err != nil {
				return err
			}
			v.Unit = u
		}
		units, err := registry.Units(ctx, q, registry.UnitFilter{})
		if err != nil {
			return err
		}
		for _, l := range treeOf(units) {
			if l.ID != v.ID {
				v.Parents = append(v.Parents, ui.Option{Value: l.ID, Text: strings.Repeat("　", l.Depth) + r.Text(l.Name)})
			}
		}
		areas, err := registry.Areas(ctx, q)
		for _, a := range areas {
			v.Areas = append(v.Areas, ui.Option{Value: a.Code, Text: r.Text(a.Name)})
		}
		return err
	})
	return v, err
}

func (h *Pages) unit(r *web.Request) error {
	id := r.PathValue("id")
	if id == "" {
		id = newUnit
	}
	v, err := h.unitView(r, id)
	if err != nil {
		return err
	}
	return r.Render("admin/unit", v)
}

// unitForm is what the form of a unit sends.
type unitForm struct {
	Name    string `json:"name"`
	NameEN  string `json:"name_en"`
	Short   string `json:"short"`
	Parent  string `json:"parent"`
	Area    string `json:"area"`
	Kind    string `json:"kind"`
	Phone   string `json:"phone"`
	Address string `json:"address"`
	Order   int64  `json:"order"`
	Closed  bool   `json:"closed"`
	Note    string `json:"note"`
	Version int64  `json:"version"`
}

func (f unitForm) unit(id string) registry.Unit {
	if id == newUnit {
		id = ""
	}
	return registry.Unit{ID: id, Name: kernel.Text{ZH: f.Name, EN: f.NameEN}, Short: f.Short, Parent: f.Parent, Area: f.Area, Kind: registry.UnitKind(f.Kind),
		Phone: f.Phone, Address: f.Address, Order: f.Order, Closed: f.Closed, Note: f.Note, Version: f.Version}
}

func (h *Pages) saveUnit(r *web.Request) error {
	id := r.PathValue("id")
	var in unitForm
	err := r.Decode(&in)
	if err == nil {
		_, err = h.Registry.SaveUnit(r.Context(), r.Principal, in.unit(id))
	}
	if err != nil {
		v, lerr := h.unitView(r, id)
		if lerr != nil {
			return lerr
		}
		v.Changes = registry.Changes(err)
		return r.Refill("admin/unit", v, err)
	}
	r.Flash("admin.flash.done")
	return r.Redirect("/admin/organisation")
}

// areasPage is the areas; of the one asked for, its streets.
type areasPage struct {
	Areas   []registry.Area
	Of      string
	Streets []registry.Area
}

func (h *Pages) areasView(r *web.Request) (areasPage, error) {
	v := areasPage{Of: r.URL.Query().Get("of")}
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if v.Areas, err = registry.Areas(ctx, q); err != nil || v.Of == "" {
			return err
		}
		if !slices.ContainsFunc(v.Areas, func(a registry.Area) bool { return a.Code == v.Of }) {
			return kernel.Missing("area", v.Of)
		}
		v.Streets, err = registry.Streets(ctx, q, v.Of)
		return err
	})
	return v, err
}

func (h *Pages) areas(r *web.Request) error {
	v, err := h.areasView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/areas", v)
}

func (h *Pages) area(r *web.Request) error {
	a, err := h.areaOf(r)
	if err != nil {
		return err
	}
	return r.Render("admin/area", a)
}

func (h *Pages) areaOf(r *web.Request) (registry.Area, error) {
	return view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (registry.Area, error) {
		return registry.GetArea(ctx, q, r.PathValue("code"))
	})
}

// saveArea changes what is said about an area; its code, kind and place in the
// tree stay, because rows rely on them.
func (h *Pages) saveArea(r *web.Request) error {
	var in struct {
		Name       string  `json:"name"`
		NameEN     string  `json:"name_en"`
		Full       string  `json:"full"`
		Lat        float64 `json:"lat"`
		Lon        float64 `json:"lon"`
		Population int64   `json:"population"`
		Note       string  `json:"note"`
	}
	a, err := h.areaOf(r)
	if err != nil {
		return err
	}
	changed := a
	if err = r.Decode(&in); err == nil {
		changed.Name, changed.Full, changed.Note = kernel.Text{ZH: in.Name, EN: in.NameEN}, in.Full, in.Note
		changed.Pos, changed.Population = kernel.LatLon{Lat: in.Lat, Lon: in.Lon}, in.Population
		err = h.Registry.SaveArea(r.Context(), r.Principal, changed)
	}
	if err != nil {
		return r.Refill("admin/area", a, err)
	}
	r.Flash("admin.flash.done")
	return r.Redirect("/admin/organisation/areas")
}

func (h *Pages) loadStreets(r *web.Request) error {
	var streets []registry.Area
	for file, err := range r.Files() {
		if err == nil {
			streets, err = registry.ParseStreets(file)
		}
		if err != nil {
			return h.refillAreas(r, err)
		}
	}
	if len(streets) == 0 {
		return h.refillAreas(r, kernel.Bad("file", "required", ""))
	}
	if err := h.Registry.LoadStreets(r.Context(), r.Principal, streets); err != nil {
		return h.refillAreas(r, err)
	}
	r.Flash("admin.organisation.streets_loaded", "n", len(streets))
	return r.Redirect("/admin/organisation/areas")
}

func (h *Pages) refillAreas(r *web.Request, err error) error {
	v, lerr := h.areasView(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill("admin/areas", v, err)
}
