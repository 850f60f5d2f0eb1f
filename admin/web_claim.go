package admin

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
)

// claimRoutes are the wishes of accounts to act for an enterprise: officers
// decide all, a safety manager those for the own enterprise.
func (h *Pages) claimRoutes() []web.Route {
	office := claims{h, "/admin/claims"}
	firm := claims{h, "/account/claims"}
	list := console("GET", office.base, auth.ConfirmEnterprise, office.list)
	list.Nav = &web.Nav{Group: "admin.identity", Label: "admin.claims.title", Icon: "building", Order: 82}
	return []web.Route{
		list,
		console("GET", office.base+"/{id}", auth.ConfirmEnterprise, office.show),
		console("POST", office.base+"/{id}", auth.ConfirmEnterprise, office.decide),
		console("GET", office.base+"/{id}/letter", auth.ConfirmEnterprise, office.letter),
		{Method: "GET", Path: firm.base, Permission: auth.Delegate, Handler: firm.list},
		{Method: "GET", Path: firm.base + "/{id}", Permission: auth.Delegate, Handler: firm.show},
		{Method: "POST", Path: firm.base + "/{id}", Permission: auth.Delegate, Handler: firm.decide},
		{Method: "GET", Path: firm.base + "/{id}/letter", Permission: auth.Delegate, Handler: firm.letter},
	}
}

// claims are the pages of claims under one address.
type claims struct {
	*Pages
	base string
}

// claimsView is the claims that wait.
type claimsView struct {
	Base string
	Open []auth.Claim
}

func (h claims) open(r *web.Request) ([]auth.Claim, error) {
	return read(r, h.Pages, func(ctx context.Context, q db.Q) ([]auth.Claim, error) { return h.Auth.OpenClaims(ctx, q, r.Principal) })
}

func (h claims) list(r *web.Request) error {
	open, err := h.open(r)
	if err != nil {
		return err
	}
	return r.Render("admin/claims", claimsView{h.base, open})
}

// claimView is one claim beside what the register knows of the enterprise.
type claimView struct {
	auth.Claim
	Base       string
	Registered registry.Enterprise
}

func (h claims) find(r *web.Request) (claimView, error) {
	open, err := h.open(r)
	if err != nil {
		return claimView{}, err
	}
	for _, c := range open {
		if c.ID == r.PathValue("id") {
			return read(r, h.Pages, func(ctx context.Context, q db.Q) (claimView, error) {
				e, err := registry.GetEnterprise(ctx, q, auth.CityScope(), c.Enterprise) // who may decide the claim may see whom it is about
				return claimView{c, h.base, e}, err
			})
		}
	}
	return claimView{}, kernel.Missing("claim", r.PathValue("id"))
}

func (h claims) show(r *web.Request) error {
	c, err := h.find(r)
	if err != nil {
		return err
	}
	return r.Render("admin/claim", c)
}

func (h claims) decide(r *web.Request) error {
	c, err := h.find(r)
	if err != nil {
		return err
	}
	var in struct {
		Verdict string `json:"verdict"`
		Reason  string `json:"reason"`
	}
	if err = r.Decode(&in); err == nil {
		switch in.Verdict {
		case "handler", "manager", "refuse":
			err = h.Auth.DecideClaim(r.Context(), r.Principal, auth.Verdict{Claim: c.ID, Accept: in.Verdict != "refuse", Manager: in.Verdict == "manager", Reason: in.Reason})
		default:
			err = kernel.Bad("verdict", "required", "")
		}
	}
	if err != nil {
		return r.Refill("admin/claim", c, err)
	}
	if in.Verdict == "refuse" {
		r.Flash("admin.flash.claim_refused")
	} else {
		r.Flash("admin.flash.claim_accepted")
	}
	return r.Redirect(h.base)
}

func (h claims) letter(r *web.Request) error {
	c, err := h.find(r)
	if err != nil {
		return err
	}
	return h.showLetter(r, c.Document, r.T("admin.agents.letter"))
}
