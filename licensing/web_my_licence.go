package licensing

import (
	"strconv"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
)

// myLicenceRoutes are the holder's licences and the rating of a case.
func (h *Pages) myLicenceRoutes() []web.Route {
	return []web.Route{
		inNav(hall("GET", "/my/licences", h.myLicences), "my_licences", "licence", 11), hall("GET", "/my/licences/{id}", h.myLicence),
		hall("GET", "/my/cases/{id}/rating", h.ratingPage), hall("POST", "/my/cases/{id}/rating", h.rate),
	}
}

func (h *Pages) myLicences(r *web.Request) error {
	date, id, err := placeOf(r)
	if err != nil {
		return err
	}
	page, err := h.s.Register(r.Context(), r.Principal, LicenceFilter{Current: true, After: LicenceCursor{date, id}, Limit: 20})
	if err != nil {
		return err
	}
	holdings, err := h.s.Holdings(r.Context(), page.Rows)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_licences", listOf(h.holdingLines(holdings, r.Today()), page.More, page.Total, func(l holdingLine) web.Cursor { return web.CursorOf(l.EndsOn, l.ID) }))
}

// myLicenceView is a licence as its holder sees it, with what can be applied
// for.
type myLicenceView struct {
	licenceView
	Items   []*rule.Item
	Open    bool    // nothing is being decided about it
	Renewal Holding // when it can be renewed
}

func (h *Pages) myLicence(r *web.Request) error {
	l, err := h.loadLicence(r)
	if err != nil {
		return err
	}
	v := myLicenceView{licenceView: l, Open: l.PendingCase == ""}
	for _, kind := range []rule.Kind{rule.Renew, rule.Recheck, rule.Change, rule.Reissue, rule.Cancel} {
		if it, ok := h.s.Rules.Sibling(l.Item, kind); ok && l.Now.Admits(kind) {
			v.Items = append(v.Items, it)
		}
	}
	holdings, err := h.s.Holdings(r.Context(), []LicenceRow{{ID: l.ID, Item: l.Item, State: l.Now, EndsOn: l.End()}})
	if err != nil {
		return err
	}
	v.Renewal = holdings[0]
	return r.Render("licensing/my_licence", v)
}

// ratingView is the page of a case's rating.
type ratingView struct {
	*CaseView
	Rating *Rating
}

func (h *Pages) loadRating(r *web.Request) (ratingView, error) {
	c, err := h.load(r)
	if err != nil {
		return ratingView{}, err
	}
	rating, err := h.s.RatingOf(r.Context(), r.Principal, c.ID)
	return ratingView{c, rating}, err
}

func (h *Pages) ratingPage(r *web.Request) error {
	v, err := h.loadRating(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_rating", v)
}

func (h *Pages) rate(r *web.Request) error {
	stars, err := strconv.Atoi(r.Sent().Get("stars"))
	if err != nil {
		err = kernel.Bad("stars", "required", "")
	} else {
		err = h.s.Rate(r.Context(), r.Principal, r.PathValue("id"), stars, r.Sent().Get("text"))
	}
	if err != nil {
		return again(r, "licensing/my_rating", h.loadRating, err)
	}
	return done(r, "/my/cases/"+r.PathValue("id")+"/rating")
}
