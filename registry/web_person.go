package registry

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/web"
	"anlan/ui"
)

// personRoutes are people, masked.
func (h *Pages) personRoutes() []web.Route {
	unmask := page("POST", "/people/{id}/unmask", PermUnmask, h.unmaskPerson)
	unmask.NoReplay = true // the answer holds personal fields in clear
	return []web.Route{
		inNav(page("GET", "/people", PermRead, h.people), "registry.person.title", "users", 2),
		page("GET", "/people/{id}", PermRead, h.person),
		unmask,
	}
}

// personFilter is the filter as it stands in the address.
type personFilter struct {
	Area  string `json:"area"`
	Name  string `json:"name"`
	After string `json:"after"`
}

// peoplePage is a page of people.
type peoplePage struct {
	Filter personFilter
	Areas  []ui.Option
	Names  names
	List   web.List[Person]
}

func (h *Pages) people(r *web.Request) error {
	var v peoplePage
	if err := r.DecodeQuery(&v.Filter); err != nil {
		return err
	}
	err := h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if v.Areas, err = areaOptions(ctx, q, r); err != nil {
			return err
		}
		found, err := People(ctx, q, r.Scope(), PersonFilter{Area: v.Filter.Area, Name: v.Filter.Name, After: v.Filter.After})
		if err != nil {
			return err
		}
		v.List = found.List()
		var employers []string
		for _, p := range found.Rows {
			if p.Enterprise != "" {
				employers = append(employers, p.Enterprise)
			}
		}
		v.Names, err = loadNames(ctx, q, employers...)
		return err
	})
	if err != nil {
		return err
	}
	return r.Render("registry/people", v)
}

// personPage is a person, masked or, after asking with a reason, in clear.
type personPage struct {
	Person
	Names names
	Clear bool
}

func (h *Pages) personView(r *web.Request) (personPage, error) {
	return view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (v personPage, err error) {
		if v.Person, err = GetPerson(ctx, q, r.Scope(), r.PathValue("id")); err != nil {
			return v, err
		}
		v.Names, err = loadNames(ctx, q, v.Enterprise)
		return v, err
	})
}

func (h *Pages) person(r *web.Request) error {
	v, err := h.personView(r)
	if err != nil {
		return err
	}
	return r.Render("registry/person", v)
}

// unmaskPerson shows a person in clear, once, to who says why.
func (h *Pages) unmaskPerson(r *web.Request) error {
	v, err := h.personView(r)
	if err != nil {
		return err
	}
	clear, err := h.s.UnmaskPerson(r.Context(), r.Principal, v.ID, r.Sent().Get("reason"))
	if err != nil {
		return r.Refill("registry/person", v, err)
	}
	v.Person, v.Clear = clear, true
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("registry/person", v)
}
