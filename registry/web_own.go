package registry

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// ownRoutes are an enterprise's own facts, in the service hall: it keeps its
// contacts itself, so that notices arrive.
func (h *Pages) ownRoutes() []web.Route {
	own := web.Route{Method: "GET", Path: "/my/enterprise", Permission: PermContacts, Handler: h.own, Frame: web.Hall,
		Nav: &web.Nav{Group: "registry", Label: "registry.own.title", Icon: "factory", Order: 60}}
	return []web.Route{own, {Method: "POST", Path: "/my/enterprise/contacts", Permission: PermContacts, Handler: h.saveOwnContacts, Frame: web.Hall}}
}

// ownPage is the enterprise of the account; without an id while nobody has
// vouched for the account yet.
type ownPage struct {
	Enterprise
	Names   names
	Roles   []ui.Option
	Changes []changeLine
}

func (h *Pages) ownView(r *web.Request) (ownPage, error) {
	v := ownPage{Roles: contactRoleOptions(r)}
	own := r.Scope().Own
	if own == "" {
		return v, nil
	}
	err := h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if v.Enterprise, err = GetEnterprise(ctx, q, r.Scope(), own); err != nil {
			return err
		}
		v.Names, err = loadNames(ctx, q)
		return err
	})
	v.Contacts = append(v.Contacts, make([]Contact, blankContacts)...)
	return v, err
}

func (h *Pages) own(r *web.Request) error {
	v, err := h.ownView(r)
	if err != nil {
		return err
	}
	return r.Render("registry/own", v)
}

func (h *Pages) saveOwnContacts(r *web.Request) error {
	v, err := h.ownView(r)
	if err != nil {
		return err
	}
	if v.ID == "" {
		return kernel.Missing("enterprise", "")
	}
	var in struct {
		Contacts []Contact `json:"contacts"`
		Version  int64     `json:"version"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("registry/own", v, err)
	}
	contacts, kept := filled(in.Contacts)
	if _, err := h.s.SaveContacts(r.Context(), r.Principal, v.ID, in.Version, contacts); err != nil {
		v.Changes = inWords(r, v.Names, Changes(err))
		return r.Refill("registry/own", v, placed(err, kept))
	}
	r.Flash("registry.flash.saved")
	return r.Redirect("/my/enterprise")
}
