package admin

import (
	"context"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

func (h *Pages) standInRoutes() []web.Route {
	return []web.Route{
		own("GET", "/account/stand-ins", h.standIns),
		own("GET", "/account/stand-ins/new", h.standInPage),
		own("POST", "/account/stand-ins/new", h.askStandIn),
		{Method: "POST", Path: "/account/stand-ins/{id}/approve", Permission: auth.ApproveStandIn, Handler: h.approveStandIn},
		own("POST", "/account/stand-ins/{id}/end", h.endStandIn),
		entering(own("POST", "/account/place", h.takePlace)),
	}
}

// officer is the account behind a request when it is an officer's; stand-ins
// are theirs alone.
func officer(r *web.Request) (*auth.Account, error) {
	a, err := myself(r)
	if err == nil && a.Kind != auth.Officer {
		err = kernel.Missing("page", "")
	}
	return a, err
}

// standInsView is who stands in for whom.
type standInsView struct {
	Me     string
	List   []auth.StandIn
	Places map[string]bool // ids of stand-ins in which one may act today
	Acting *auth.Account   // for whom one acts now, nil: for oneself
	Decide bool
}

func (h *Pages) standIns(r *web.Request) error {
	a, err := officer(r)
	if err != nil {
		return err
	}
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v standInsView, err error) {
		v = standInsView{Me: a.ID, Places: map[string]bool{}, Acting: r.Principal.StandInFor, Decide: r.Can(auth.ApproveStandIn)}
		if v.List, err = h.Auth.StandIns(ctx, q, r.Principal); err != nil {
			return v, err
		}
		places, err := h.Auth.Places(ctx, q, r.Principal)
		for _, p := range places {
			v.Places[p.ID] = true
		}
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/standins", view)
}

// standInForm is what can be chosen in the form that asks for a stand-in.
type standInForm struct {
	Absent  []ui.Option // whom one may ask for; empty: for oneself only
	StandIn []ui.Option
	Me      string
	Today   kernel.Date
}

// colleagues is the most officers of one area that the form lists.
const colleagues = 500

func (h *Pages) standInForm(r *web.Request) (standInForm, error) {
	a, err := officer(r)
	if err != nil {
		return standInForm{}, err
	}
	return read(r, h, func(ctx context.Context, q db.Q) (standInForm, error) {
		f := standInForm{Me: a.ID, Today: r.Today()}
		all, err := h.Auth.List(ctx, q, auth.AccountFilter{Kind: auth.Officer, State: auth.Active, Area: a.Area, Limit: colleagues})
		if err != nil {
			return f, err
		}
		for _, o := range all {
			if slices.ContainsFunc(o.Roles, h.administers) {
				continue
			}
			option := ui.Option{Value: o.ID, Text: o.Name}
			if titles := words(r, h.titles(o.Roles)); titles != "" {
				option.Text = r.T("admin.standin.person", "name", o.Name, "roles", titles)
			}
			if o.ID != a.ID {
				f.StandIn = append(f.StandIn, option)
			}
			f.Absent = append(f.Absent, option)
		}
		if !r.Can(auth.ApproveStandIn) {
			f.Absent = nil
		}
		return f, nil
	})
}

// administers reports whether a role is one of the three administrators'.
func (h *Pages) administers(role string) bool {
	found, _ := h.Auth.Roles().Get(role)
	return found.Admin
}

func (h *Pages) standInPage(r *web.Request) error {
	form, err := h.standInForm(r)
	if err != nil {
		return err
	}
	return r.Render("admin/standin_new", form)
}

func (h *Pages) askStandIn(r *web.Request) error {
	form, err := h.standInForm(r)
	if err != nil {
		return err
	}
	var in struct {
		Absent  string      `json:"absent"`
		StandIn string      `json:"standin"`
		From    kernel.Date `json:"from"`
		Until   kernel.Date `json:"until"`
		Reason  string      `json:"reason"`
	}
	if err = r.Decode(&in); err == nil {
		if form.Absent == nil {
			in.Absent = form.Me
		}
		_, err = h.Auth.AskStandIn(r.Context(), r.Principal, auth.StandIn{Absent: in.Absent, StandIn: in.StandIn, From: in.From, Until: in.Until, Reason: in.Reason})
	}
	if err != nil {
		return r.Refill("admin/standin_new", form, err)
	}
	r.Flash("admin.flash.standin_asked")
	return r.Redirect("/account/stand-ins")
}

func (h *Pages) approveStandIn(r *web.Request) error {
	if err := h.Auth.ApproveStandIn(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	r.Flash("admin.flash.standin_approved")
	return r.Redirect("/account/stand-ins")
}

func (h *Pages) endStandIn(r *web.Request) error {
	if err := h.Auth.EndStandIn(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	r.Flash("admin.flash.standin_ended")
	return r.Redirect("/account/stand-ins")
}

// takePlace makes the session act for an absent colleague, or for oneself
// again.
func (h *Pages) takePlace(r *web.Request) error {
	entry, err := h.Auth.TakePlace(r.Context(), r.Principal, r.Sent().Get("absent"))
	if err != nil {
		return err
	}
	r.SetSession(entry.Token)
	if entry.Session.ActingFor == "" {
		r.Flash("admin.flash.place_left")
		return r.Redirect("/account/stand-ins")
	}
	r.Flash("admin.flash.place_taken")
	return r.Redirect(homeOf(entry.Account))
}
