package licensing

import "anlan/internal/web"

// helpRoutes are the applicant's side of help by a code read out on the
// telephone (帮办).
func (h *Pages) helpRoutes() []web.Route {
	ask := hall("POST", "/my/cases/{id}/help", h.askHelp)
	ask.NoReplay = true // the code is shown once and stored nowhere
	return []web.Route{hall("GET", "/my/cases/{id}/help", h.helpPage), ask, hall("POST", "/my/cases/{id}/help/end", h.endHelp)}
}

// helpView is the page of the code.
type helpView struct {
	*CaseView
	Helping Helping
	Code    string // in two groups, as it is read out; "" when it was not just made
}

func (h *Pages) loadHelp(r *web.Request) (helpView, error) {
	c, err := h.load(r)
	if err != nil {
		return helpView{}, err
	}
	helping, err := h.s.HelpOf(r.Context(), r.Principal, c.ID)
	return helpView{CaseView: c, Helping: helping}, err
}

func (h *Pages) helpPage(r *web.Request) error {
	v, err := h.loadHelp(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_help", v)
}

// askHelp makes a code and shows it: only this answer holds it.
func (h *Pages) askHelp(r *web.Request) error {
	code, err := h.s.AskHelp(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return err
	}
	v, err := h.loadHelp(r)
	if err != nil {
		return err
	}
	v.Code = code.Code[:4] + " " + code.Code[4:]
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("licensing/my_help", v)
}

func (h *Pages) endHelp(r *web.Request) error {
	if err := h.s.EndHelp(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	r.Flash("licensing.flash.help_ended")
	return r.Redirect(myCasePath(r.PathValue("id")) + "/help")
}
