package registry

import (
	"context"
	"strconv"

	"anlan/internal/db"
	"anlan/internal/web"
	"anlan/ui"
)

// listRoutes are the list of enterprises beside their map.
func (h *Pages) listRoutes() []web.Route {
	return []web.Route{inNav(page("GET", "/enterprises", PermRead, h.list), "registry.list.title", "factory", 0)}
}

// listFilter is the filter as it stands in the address, for list, map and
// export alike.
type listFilter struct {
	Q     string `json:"q"`
	Area  string `json:"area"`
	Trade string `json:"trade"`
	State string `json:"state"`
	Kind  string `json:"kind"` // "hazard", "supply"
	Sort  string `json:"sort"` // "updated" for the newest change first
	After string `json:"after"`
}

func (f listFilter) filter() EnterpriseFilter {
	return EnterpriseFilter{Area: f.Area, Trade: f.Trade, State: State(f.State), MajorHazard: f.Kind == "hazard", KeySupply: f.Kind == "supply",
		Text: f.Q, ByUpdate: f.Sort == "updated", After: f.After}
}

// listPage is a page of enterprises and the map of all that the filter finds.
type listPage struct {
	Filter listFilter
	Areas  []ui.Option
	Trades []ui.Option
	States []ui.Option
	Names  names
	List   web.List[Enterprise]
	Map    ui.Map
	OnMap  int // how many of them the map shows
}

// mapMost is how many points the map can bear.
const mapMost = 500

func (h *Pages) list(r *web.Request) error {
	v := listPage{Trades: tradeOptions(r), States: options(r, "registry.state.", Active, Unconfirmed, Closed)}
	err := r.DecodeQuery(&v.Filter)
	if err == nil {
		err = h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) error { return h.loadList(ctx, q, r, &v) })
	}
	if err != nil {
		return err
	}
	return r.Render("registry/list", v)
}

func (h *Pages) loadList(ctx context.Context, q db.Q, r *web.Request, v *listPage) (err error) {
	if v.Areas, err = areaOptions(ctx, q, r); err != nil {
		return err
	}
	if v.Names, err = loadNames(ctx, q); err != nil {
		return err
	}
	found, err := ListEnterprises(ctx, q, r.Scope(), v.Filter.filter())
	if err != nil {
		return err
	}
	v.List = found.List()
	all := v.Filter.filter()
	all.After, all.Limit = "", mapMost
	drawn, err := ListEnterprises(ctx, q, r.Scope(), all)
	v.Map = ui.Map{Title: r.T("registry.list.map")}
	for _, e := range drawn.Rows {
		if e.Pos.Lat != 0 || e.Pos.Lon != 0 {
			v.Map.Points = append(v.Map.Points, pointOf(e))
		}
	}
	v.OnMap = len(v.Map.Points)
	return err
}

// pointOf draws an enterprise; one with a major hazard installation carries
// its grade, so that colour never stands alone.
func pointOf(e Enterprise) ui.Point {
	p := ui.Point{At: e.Pos, Label: e.Name, Link: "/enterprises/" + e.ID}
	switch {
	case e.State == Closed:
		p.Tone, p.Mark = "calm", "×"
	case e.Attributes.MajorHazard > 0:
		p.Tone, p.Mark = "bad", strconv.Itoa(e.Attributes.MajorHazard)
	case e.Attributes.KeySupply:
		p.Tone, p.Mark = "good", "+"
	}
	return p
}
