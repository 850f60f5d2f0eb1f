package licensing

import (
	"strings"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/ui"
)

// specialRoutes are the special-time packages.
func (h *Pages) specialRoutes() []web.Route {
	return []web.Route{
		inNav(console("GET", "/licensing/special", PermRead, h.specials), "special", "flame", 8),
		console("GET", "/licensing/special/new", PermSpecial, h.newSpecial),
		console("POST", "/licensing/special", PermSpecial, h.proposeSpecial),
		console("GET", "/licensing/special/{id}", PermRead, h.special),
		console("POST", "/licensing/special/{id}/answer", PermSpecial, h.answerSpecial),
		console("POST", "/licensing/special/{id}/end", PermSpecial, h.endSpecial),
		console("POST", "/licensing/special/{id}/verify", PermReview, h.verifySwap),
	}
}

func (h *Pages) specials(r *web.Request) error {
	list, err := h.s.Specials(r.Context(), r.Principal)
	if err != nil {
		return err
	}
	return r.Render("licensing/specials", list)
}

// specialForm is what the form of a new package offers.
type specialForm struct {
	Areas, Items []ui.Option
}

func (h *Pages) loadSpecialForm(r *web.Request) (v specialForm, err error) {
	for _, c := range h.s.Rules.Categories() {
		v.Items = append(v.Items, ui.Option{Value: c.ID, Text: r.Text(c.Title)})
	}
	v.Areas, err = h.areaOptions(r)
	return v, err
}

func (h *Pages) newSpecial(r *web.Request) error {
	v, err := h.loadSpecialForm(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/special_new", v)
}

func (h *Pages) proposeSpecial(r *web.Request) error {
	id, err := h.proposed(r)
	if err != nil {
		return again(r, "licensing/special_new", h.loadSpecialForm, err)
	}
	return done(r, "/licensing/special/"+id)
}

func (h *Pages) proposed(r *web.Request) (string, error) {
	var in struct {
		Notice     string      `json:"notice"`
		Title      string      `json:"title"`
		Areas      []string    `json:"areas"`
		Items      []string    `json:"items"`
		From       kernel.Date `json:"from"`
		To         kernel.Date `json:"to"`
		Until      kernel.Date `json:"until"`
		Months     int         `json:"months"`
		SiteCheck  string      `json:"site_check"`
		VerifyDays int         `json:"verify_days"`
		ShiftDays  int         `json:"shift_days"`
	}
	if err := r.Decode(&in); err != nil {
		return "", err
	}
	sp := rule.Special{Notice: in.Notice, Title: kernel.Text{ZH: in.Title}, Areas: in.Areas, Items: in.Items, From: in.From, To: in.To, SiteCheck: rule.Swap(strings.TrimPrefix(in.SiteCheck, "none")), ShiftDays: in.ShiftDays}
	if !in.Until.IsZero() || in.Months != 0 {
		sp.Prolong = &rule.Prolong{Until: in.Until, Months: in.Months}
	}
	if sp.SiteCheck != rule.NoSwap {
		sp.VerifyWithin = deadline.Limit{N: in.VerifyDays, Unit: deadline.WorkingDays}
	}
	return h.s.ProposeSpecial(r.Context(), r.Principal, sp)
}

// catchUpLines bounds the lists on a package's page.
const catchUpLines = 200

// specialView is one package's page.
type specialView struct {
	*SpecialView
	Names []string // of the items it is about
	Last  kernel.Date
}

func (h *Pages) loadSpecial(r *web.Request) (specialView, error) {
	sp, err := h.s.Special(r.Context(), r.Principal, r.PathValue("id"), catchUpLines)
	if err != nil {
		return specialView{}, err
	}
	v := specialView{SpecialView: sp, Last: sp.Rules.LastDay()}
	for _, id := range sp.Rules.Items {
		if c, ok := h.s.Rules.Category(id); ok {
			v.Names = append(v.Names, r.Text(c.Title))
		} else {
			v.Names = append(v.Names, r.Text(h.s.itemTitle(id)))
		}
	}
	return v, nil
}

func (h *Pages) special(r *web.Request) error {
	v, err := h.loadSpecial(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/special", v)
}

func (h *Pages) answerSpecial(r *web.Request) error {
	version, err := seenVersion(r)
	if verdict := r.Sent().Get("verdict"); err == nil && verdict != "approve" && verdict != "decline" {
		err = kernel.Bad("verdict", "required", verdict)
	}
	if err == nil {
		_, err = h.s.AnswerSpecial(r.Context(), r.Principal, r.PathValue("id"), version, r.Sent().Get("verdict") == "approve")
	}
	if err != nil {
		return again(r, "licensing/special", h.loadSpecial, err)
	}
	return done(r, "/licensing/special/"+r.PathValue("id"))
}

func (h *Pages) endSpecial(r *web.Request) error {
	var in struct {
		Version int64       `json:"version"`
		On      kernel.Date `json:"ended_on"`
		Notice  string      `json:"ended_by"`
	}
	err := r.Decode(&in)
	if err == nil {
		_, err = h.s.EndSpecial(r.Context(), r.Principal, r.PathValue("id"), in.Version, in.On, in.Notice)
	}
	if err != nil {
		return again(r, "licensing/special", h.loadSpecial, err)
	}
	return done(r, "/licensing/special/"+r.PathValue("id"))
}

func (h *Pages) verifySwap(r *web.Request) error {
	passed := r.Sent().Get("verdict") == "pass"
	if err := h.s.VerifySwap(r.Context(), r.Principal, r.PathValue("id"), r.Sent().Get("case"), passed, r.Sent().Get("note")); err != nil {
		return again(r, "licensing/special", h.loadSpecial, err)
	}
	return done(r, "/licensing/special/"+r.PathValue("id"))
}
