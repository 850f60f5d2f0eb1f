package licensing

import (
	"html/template"

	"anlan/internal/auth"
	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// hallRoutes are the applicant's pages.
func (h *Pages) hallRoutes() []web.Route {
	page := func(method, path string, fn web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Permission: PermApply, Handler: fn, Frame: web.Hall}
	}
	upload := page("POST", "/my/cases/{id}/files", h.addFile)
	upload.Upload = true
	mine := page("GET", "/my/cases", h.mine)
	mine.Nav = &web.Nav{Group: "licensing", Label: "licensing.nav.mine", Icon: "files", Order: 1}
	return []web.Route{
		mine,
		page("POST", "/my/cases", h.start),
		page("GET", "/my/cases/{id}", h.myCase),
		page("GET", "/my/cases/{id}/form", h.formPage),
		page("POST", "/my/cases/{id}/form", h.saveForm),
		page("GET", "/my/cases/{id}/files", h.filesPage),
		upload,
		page("POST", "/my/cases/{id}/files/{file}/drop", h.dropFile),
		page("GET", "/my/cases/{id}/delivery", h.deliveryPage),
		page("POST", "/my/cases/{id}/delivery", h.saveDelivery),
		page("GET", "/my/cases/{id}/check", h.checkPage),
		page("POST", "/my/cases/{id}/submit", h.submit),
		page("POST", "/my/cases/{id}/correction", h.correct),
		page("POST", "/my/cases/{id}/withdraw", h.withdraw),
	}
}

func (h *Pages) mine(r *web.Request) error {
	page, err := h.s.Mine(r.Context(), r.Principal, CaseFilter{Account: r.Actor().ID, After: cursorOf(r)})
	if err != nil {
		return err
	}
	return r.Render("licensing/mine", h.rows(page))
}

// rowView is a line of a list with the name of its item.
type rowView struct {
	CaseRow
	Title kernel.Text
}

// listView is a page of cases.
type listView struct {
	Rows  []rowView
	Total int64
	Next  string // cursor of the next page, "" for none
}

func (h *Pages) rows(p Page) listView {
	v := listView{Total: p.Total}
	for _, row := range p.Rows {
		v.Rows = append(v.Rows, rowView{row, h.s.itemTitle(row.Item)})
	}
	if n := len(p.Rows); p.More && n > 0 {
		last := p.Rows[n-1].Next()
		v.Next = last.Due + "~" + last.ID
	}
	return v
}

func (h *Pages) start(r *web.Request) error {
	var in struct {
		Item    string `json:"item"`
		Licence string `json:"licence"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	id, err := h.s.StartDraft(r.Context(), r.Principal, Start{Item: in.Item, EnterpriseID: ownEnterprise(r.Principal), LicenceID: in.Licence, Area: areaOfPerson(r.Principal)})
	if err != nil {
		return err
	}
	return r.Redirect("/my/cases/" + id)
}

// areaOfPerson is where somebody applies for themselves: their own area, the
// city's when the account names none.
func areaOfPerson(p *auth.Principal) string {
	if p.Account != nil && p.Account.Area != "" {
		return p.Account.Area
	}
	return "120000"
}

func (h *Pages) load(r *web.Request) (*CaseView, error) {
	return h.s.Case(r.Context(), r.Principal, r.PathValue("id"))
}

// show renders one of the case's pages.
func (h *Pages) show(r *web.Request, view string) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render(view, c)
}

func (h *Pages) myCase(r *web.Request) error       { return h.show(r, "licensing/my_case") }
func (h *Pages) filesPage(r *web.Request) error    { return h.show(r, "licensing/my_files") }
func (h *Pages) deliveryPage(r *web.Request) error { return h.show(r, "licensing/my_delivery") }

// formView is the form's page.
type formView struct {
	*CaseView
	Fields template.HTML
}

func (h *Pages) formPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_form", h.formView(r, c, c.Data, nil))
}

func (h *Pages) formView(r *web.Request, c *CaseView, data map[string]any, faults []kernel.FieldError) formView {
	return formView{c, c.Form.HTML(form.View{Texts: r.Texts(), Lang: r.Lang, Data: data, Errors: faults})}
}

// saveForm keeps what was typed first, and then says what is wrong with it:
// nothing typed is lost.
func (h *Pages) saveForm(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	data := c.Form.Decode(r.Sent())
	if _, edited := c.Form.Edit(r.Sent(), data); edited {
		if _, err := h.s.SaveForm(r.Context(), r.Principal, c.ID, 0, data); err != nil {
			return err
		}
		return r.Redirect("/my/cases/" + c.ID + "/form")
	}
	if _, err := h.s.SaveForm(r.Context(), r.Principal, c.ID, 0, data); err != nil {
		return err
	}
	if err := c.Form.Validate(data); err != nil {
		var check kernel.Check
		check.Merge("", err)
		return r.Refill("licensing/my_form", h.formView(r, c, data, check.Fields), err)
	}
	r.Flash("licensing.flash.saved")
	return r.Redirect("/my/cases/" + c.ID)
}

func (h *Pages) addFile(r *web.Request) error {
	id := r.PathValue("id")
	for file, err := range r.Files() {
		if err == nil {
			_, err = h.s.AddFile(r.Context(), r.Principal, id, file.Field, file.Name, file)
		}
		if err != nil {
			c, lerr := h.load(r)
			if lerr != nil {
				return lerr
			}
			return r.Refill("licensing/my_files", c, err)
		}
	}
	return r.Redirect("/my/cases/" + id + "/files")
}

func (h *Pages) dropFile(r *web.Request) error {
	if err := h.s.DropFile(r.Context(), r.Principal, r.PathValue("id"), r.PathValue("file")); err != nil {
		return err
	}
	return r.Redirect("/my/cases/" + r.PathValue("id") + "/files")
}

func (h *Pages) saveDelivery(r *web.Request) error {
	var in struct {
		Mode      string `json:"mode"`
		Recipient string `json:"recipient"`
		Phone     string `json:"phone"`
		Address   string `json:"address"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.s.SetDelivery(r.Context(), r.Principal, r.PathValue("id"), DeliveryMode(in.Mode), Address{Recipient: in.Recipient, Phone: in.Phone, Address: in.Address})
	}
	if err == nil {
		r.Flash("licensing.flash.saved")
		return r.Redirect("/my/cases/" + r.PathValue("id"))
	}
	c, lerr := h.load(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill("licensing/my_delivery", c, err)
}

// checkView is the page of all answers before they are sent.
type checkView struct {
	*CaseView
	Answers []form.Row
}

func (h *Pages) checkPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_check", checkView{c, c.Form.Summary(r.Texts(), r.Lang, c.Data)})
}

func (h *Pages) submit(r *web.Request) error {
	c, err := h.s.Submit(r.Context(), r.Principal, r.PathValue("id"), 0)
	if err == nil {
		return r.Redirect("/my/cases/" + c.ID)
	}
	view, lerr := h.load(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill("licensing/my_check", checkView{view, view.Form.Summary(r.Texts(), r.Lang, view.Data)}, err)
}

// correct sends the answers to the one correction notice.
func (h *Pages) correct(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	var answers []Answer
	for _, i := range c.Corrections {
		answers = append(answers, Answer{Seq: i.Seq, Text: r.Sent().Get(answerField(i.Seq))})
	}
	err = h.s.AnswerCorrection(r.Context(), r.Principal, c.ID, answers)
	if err == nil {
		_, err = h.s.SubmitCorrection(r.Context(), r.Principal, c.ID, 0)
	}
	if err != nil {
		return r.Refill("licensing/my_case", c, err)
	}
	return r.Redirect("/my/cases/" + c.ID)
}

func (h *Pages) withdraw(r *web.Request) error {
	if _, err := h.s.Withdraw(r.Context(), r.Principal, r.PathValue("id"), 0, r.Sent().Get("reason")); err != nil {
		return err
	}
	r.Flash("licensing.flash.withdrawn")
	return r.Redirect("/my/cases/" + r.PathValue("id"))
}

// ownEnterprise is the enterprise that the account acts for, "" for a person.
func ownEnterprise(p *auth.Principal) string {
	if p.Account != nil && p.Account.Enterprise != "" {
		return p.Account.Enterprise
	}
	return p.Scope.Own
}
