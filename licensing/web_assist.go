package licensing

import (
	"strings"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// assistRoutes are 帮办 by a code that the caller reads out, and the log of
// what was asked.
func (h *Pages) assistRoutes() []web.Route {
	open := console("POST", "/licensing/assist", PermAssist, h.openHelp)
	open.Limit = web.Limit{N: 20, Per: time.Minute} // a code has eight digits
	return []web.Route{
		inNav(console("GET", "/licensing/assist", PermAssist, h.assist), "assist", "phone", 12),
		open,
		console("GET", "/licensing/assist/{id}", PermAssist, h.assisted),
		console("POST", "/licensing/assist/{id}", PermAssist, h.assistNote),
		console("POST", "/licensing/enquiries", PermAssist, h.logEnquiry),
	}
}

// assistView is the desk of help: the code, the log.
type assistView struct {
	web.List[enquiryLine]
	Items, Channels []ui.Option
}

// enquiryLine is an enquiry with the name of its item.
type enquiryLine struct {
	Enquiry
	Title kernel.Text
}

func (h *Pages) loadAssist(r *web.Request) (assistView, error) {
	place, err := web.ParseCursor(r.URL.Query().Get("after"), 1)
	if err != nil {
		return assistView{}, err
	}
	before := ""
	if place != nil {
		before = place[0]
	}
	rows, err := h.s.Enquiries(r.Context(), r.Principal, before, web.PageSize+1)
	if err != nil {
		return assistView{}, err
	}
	lines := make([]enquiryLine, len(rows))
	for i, row := range rows {
		lines[i].Enquiry = row
		if row.Item != "" {
			lines[i].Title = h.s.itemTitle(row.Item)
		}
	}
	return assistView{List: web.NewList(lines, web.PageSize, -1, func(l enquiryLine) web.Cursor { return web.CursorOf(l.ID) }),
		Items: h.itemOptions(r), Channels: options(r, "licensing.enquiry.channel.", enquiryChannels[:])}, nil
}

func (h *Pages) assist(r *web.Request) error {
	v, err := h.loadAssist(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/assist", v)
}

func (h *Pages) openHelp(r *web.Request) error {
	id, err := h.s.OpenHelp(r.Context(), r.Principal, r.Sent().Get("code"))
	if err != nil {
		return again(r, "licensing/assist", h.loadAssist, err)
	}
	return r.Redirect("/licensing/assist/" + id)
}

// assistedView is the case as both see it.
type assistedView struct {
	*Assisted
	Materials []materialLine
	Answers   []answerLine
	Story     []ui.Step
	Wrong     []ui.Row // what still stands in the way of submitting
	Channels  []ui.Option
}

func (h *Pages) loadAssisted(r *web.Request) (*assistedView, error) {
	a, err := h.s.Assisted(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	v := &assistedView{Assisted: a, Materials: materialLines(a.CaseView), Answers: answerLines(r, a.CaseView, false), Story: story(r, a.CaseView, a.Log),
		Channels: options(r, "licensing.enquiry.channel.", enquiryChannels[:])}
	for _, f := range a.Missing {
		v.Wrong = append(v.Wrong, ui.Row{Label: missingLabel(r, a.CaseView, f.Field), Value: r.Texts().Rule(r.Lang, f)})
	}
	return v, nil
}

func (h *Pages) assisted(r *web.Request) error {
	v, err := h.loadAssisted(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/assisted", v)
}

func (h *Pages) assistNote(r *web.Request) error {
	id := r.PathValue("id")
	err := h.s.LogEnquiry(r.Context(), r.Principal, EnquiryInput{Channel: r.Sent().Get("channel"), CaseID: id, Question: r.Sent().Get("question"), Answer: r.Sent().Get("answer")})
	if err != nil {
		return again(r, "licensing/assisted", h.loadAssisted, err)
	}
	r.Flash("licensing.flash.saved")
	return r.Redirect("/licensing/assist/" + id)
}

func (h *Pages) logEnquiry(r *web.Request) error {
	get := r.Sent().Get
	err := h.s.LogEnquiry(r.Context(), r.Principal, EnquiryInput{Channel: get("channel"), Item: get("item"), Question: get("question"), Answer: get("answer")})
	if err != nil {
		return again(r, "licensing/assist", h.loadAssist, err)
	}
	r.Flash("licensing.flash.saved")
	return r.Redirect("/licensing/assist")
}

// missingLabel names what is missing as the applicant's pages do.
func missingLabel(r *web.Request, c *CaseView, field string) string {
	if path, ok := strings.CutPrefix(field, "form."); ok {
		return c.Form.Label(r.Texts(), r.Lang, path)
	}
	if id, ok := strings.CutPrefix(field, "material."); ok {
		if m := materialOf(c.Rule, id); m != nil {
			return r.Text(m.Title)
		}
	}
	return r.T("licensing.my.delivery")
}
