package registry

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// placeRoutes are sites: stores, stations, and places that are protected.
func (h *Pages) placeRoutes() []web.Route {
	return []web.Route{
		inNav(page("GET", "/sites", PermRead, h.sites), "registry.site.title", "pin", 1),
		page("GET", "/sites/new", PermWrite, h.site),
		page("GET", "/sites/{id}", PermRead, h.site),
		page("POST", "/sites/{id}", PermWrite, h.saveSite),
	}
}

// siteFilter is the filter as it stands in the address.
type siteFilter struct {
	Area      string `json:"area"`
	Kind      string `json:"kind"`
	Protected bool   `json:"protected"`
	After     string `json:"after"`
}

// sitesPage is a page of sites beside their map.
type sitesPage struct {
	Filter siteFilter
	Areas  []ui.Option
	Kinds  []ui.Option
	Names  names
	List   web.List[Site]
	Map    ui.Map
}

func siteKindOptions(r *web.Request) []ui.Option {
	return options(r, "registry.site_kind.", Plant, TankFarm, Store, Station, Workshop, Hospital, QuarantinePoint, Warehouse, OtherSite)
}

func (h *Pages) sites(r *web.Request) error {
	v := sitesPage{Kinds: siteKindOptions(r), Map: ui.Map{Title: r.T("registry.site.map")}}
	if err := r.DecodeQuery(&v.Filter); err != nil {
		return err
	}
	f := SiteFilter{Area: v.Filter.Area, Kind: SiteKind(v.Filter.Kind), Protected: v.Filter.Protected, After: v.Filter.After}
	err := h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if v.Areas, err = areaOptions(ctx, q, r); err != nil {
			return err
		}
		found, err := Sites(ctx, q, r.Scope(), f)
		if err != nil {
			return err
		}
		v.List = found.List()
		var owners []string
		for _, s := range found.Rows {
			if s.Enterprise != "" {
				owners = append(owners, s.Enterprise)
			}
		}
		if v.Names, err = loadNames(ctx, q, owners...); err != nil {
			return err
		}
		f.After, f.Limit = "", mapMost
		drawn, err := Sites(ctx, q, r.Scope(), f)
		for _, s := range drawn.Rows {
			if s.Pos.Lat != 0 || s.Pos.Lon != 0 {
				v.Map.Points = append(v.Map.Points, sitePoint(s))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.Render("registry/sites", v)
}

// sitePoint draws a site; a protected one carries a mark.
func sitePoint(s Site) ui.Point {
	p := ui.Point{At: s.Pos, Label: s.Name, Link: "/sites/" + s.ID}
	if s.Protected {
		p.Tone, p.Mark = "warn", "★"
	}
	return p
}

// sitePage is a site, in its form for who may write.
type sitePage struct {
	Site
	Areas   []ui.Option
	Kinds   []ui.Option
	Names   names
	Changes []changeLine
}

func (h *Pages) siteView(r *web.Request, id string) (sitePage, error) {
	v := sitePage{Kinds: siteKindOptions(r), Site: Site{Enterprise: r.URL.Query().Get("enterprise"), State: Active}}
	err := h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if id != "" && id != "new" {
			if v.Site, err = GetSite(ctx, q, r.Scope(), id); err != nil {
				return err
			}
		}
		if v.Areas, err = areaOptions(ctx, q, r); err != nil {
			return err
		}
		var owners []string
		if v.Enterprise != "" {
			owner, err := GetEnterprise(ctx, q, r.Scope(), v.Enterprise)
			if err != nil {
				return err
			}
			if owners = []string{owner.ID}; v.ID == "" {
				v.Area, v.Address, v.Pos = owner.Area, owner.Address, owner.Pos
			}
		}
		v.Names, err = loadNames(ctx, q, owners...)
		return err
	})
	return v, err
}

func (h *Pages) site(r *web.Request) error {
	v, err := h.siteView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Render("registry/site", v)
}

func (h *Pages) saveSite(r *web.Request) error {
	v, err := h.siteView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	var in siteForm
	err = r.Decode(&in)
	if err == nil {
		_, err = h.s.SaveSite(r.Context(), r.Principal, in.onto(v.Site))
	}
	if err != nil {
		v.Changes = inWords(r, v.Names, Changes(err))
		return r.Refill("registry/site", v, err)
	}
	r.Flash("registry.flash.saved")
	return r.Redirect("/sites")
}

// siteForm is what the form of a site sends.
type siteForm struct {
	Name       string        `json:"name"`
	Enterprise string        `json:"enterprise"`
	Kind       string        `json:"kind"`
	Area       string        `json:"area"`
	Address    string        `json:"address"`
	Pos        kernel.LatLon `json:"pos"`
	Protected  bool          `json:"protected"`
	Closed     bool          `json:"closed"`
	Version    int64         `json:"version"`
}

// onto puts what was sent over what is stored; a site stays with its
// enterprise.
func (f siteForm) onto(s Site) Site {
	if s.ID == "" {
		s.Enterprise = f.Enterprise
	}
	if f.Area != s.Area {
		s.Street = ""
	}
	s.Name, s.Kind, s.Area, s.Address, s.Pos = f.Name, SiteKind(f.Kind), f.Area, f.Address, f.Pos
	s.Protected, s.Version, s.State = f.Protected, f.Version, Active
	if f.Closed {
		s.State = Closed
	}
	return s
}
