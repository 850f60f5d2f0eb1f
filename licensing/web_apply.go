package licensing

import (
	"bytes"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/ui"
)

// applyRoutes are the pages from the choice of an item to the receipt.
func (h *Pages) applyRoutes() []web.Route {
	upload := hall("POST", "/my/cases/{id}/files", h.addFile)
	upload.Upload = true
	return []web.Route{
		hall("GET", "/my/cases/new", h.startPage),
		hall("POST", "/my/cases", h.start),
		hall("GET", "/my/cases/{id}/form", h.formPage),
		hall("POST", "/my/cases/{id}/form", h.saveForm),
		hall("POST", "/my/cases/{id}/draft", h.saveDraft),
		hall("GET", "/my/cases/{id}/files", h.filesPage),
		upload,
		hall("GET", "/my/cases/{id}/files/{file}", h.openFile),
		hall("POST", "/my/cases/{id}/files/{file}/drop", h.dropFile),
		hall("GET", "/my/cases/{id}/application.pdf", h.printApplication),
		hall("GET", "/my/cases/{id}/delivery", h.deliveryPage),
		hall("POST", "/my/cases/{id}/delivery", h.saveDelivery),
		hall("GET", "/my/cases/{id}/pledge", h.pledgePage),
		hall("POST", "/my/cases/{id}/pledge", h.pledge),
		hall("GET", "/my/cases/{id}/check", h.checkPage),
		hall("POST", "/my/cases/{id}/submit", h.submit),
		hall("GET", "/my/cases/{id}/submitted", h.submitted),
	}
}

// startView is the page before the form: for whom, where, about which licence.
type startView struct {
	*Starting
	Filers, Licences, Areas []ui.Option
	For, Licence, Area      string // what is chosen at first
}

// person is the choice to apply for oneself.
const person = "self"

func (h *Pages) loadStart(r *web.Request) (startView, error) {
	item := r.URL.Query().Get("item")
	if sent := r.Sent().Get("item"); sent != "" {
		item = sent
	}
	st, err := h.s.Start(r.Context(), r.Principal, item)
	if err != nil {
		return startView{}, err
	}
	v := startView{Starting: st, Licence: r.URL.Query().Get("licence"), Area: areaOfPerson(r.Principal)}
	for _, f := range st.Filers {
		o := ui.Option{Value: orElse(f.Enterprise, person), Text: f.Name}
		if f.Enterprise == "" {
			o.Hint = r.T("licensing.start.self")
		} else if f.Agent {
			o.Hint = r.T("licensing.start.agent")
		}
		v.Filers = append(v.Filers, o)
	}
	if len(v.Filers) > 0 {
		v.For = v.Filers[0].Value
	}
	for _, l := range st.Licences {
		o := ui.Option{Value: l.ID, Text: l.Number + "　" + l.Holder}
		if !l.EndsOn.IsZero() {
			o.Hint = r.T("licensing.start.until", "date", l.EndsOn)
		}
		v.Licences = append(v.Licences, o)
	}
	if v.Licence == "" && len(v.Licences) == 1 {
		v.Licence = v.Licences[0].Value
	}
	if st.Rule.AllowsWho(rule.Person) {
		v.Areas, err = h.areaOptions(r)
	}
	return v, err
}

func (h *Pages) startPage(r *web.Request) error {
	v, err := h.loadStart(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/start", v)
}

func (h *Pages) start(r *web.Request) error {
	var in struct {
		Item    string `json:"item"`
		For     string `json:"for"`
		Licence string `json:"licence"`
		Area    string `json:"area"`
	}
	err := r.Decode(&in)
	id := ""
	if err == nil {
		start := Start{Item: in.Item, LicenceID: in.Licence, Area: in.Area}
		if in.For != person {
			start.EnterpriseID = in.For
		}
		id, err = h.s.StartDraft(r.Context(), r.Principal, start)
	}
	if err != nil {
		return again(r, "licensing/start", h.loadStart, err)
	}
	return r.Redirect(myCasePath(id))
}

// formView is the form's page.
type formView struct {
	*CaseView
	Fields  template.HTML
	Faults  template.HTML // the summary of what is wrong with the answers
	Changes []formChange  // what somebody else wrote meanwhile
}

// formChange is an answer that differs from the one stored meanwhile.
type formChange struct {
	Title       kernel.Text
	Mine, Their string
}

func (h *Pages) formPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	var faults []kernel.FieldError
	if r.URL.Query().Get("faults") != "" {
		var check kernel.Check
		check.Merge("", c.FormFaults())
		faults = check.Fields
	}
	return r.Render("licensing/my_form", h.formView(r, c, c.Data, faults))
}

func (h *Pages) formView(r *web.Request, c *CaseView, data map[string]any, faults []kernel.FieldError) formView {
	v := form.View{Texts: r.Texts(), Lang: r.Lang, Data: data, Errors: faults, Icon: r.Icon}
	return formView{CaseView: c, Fields: c.Form.HTML(v), Faults: c.Form.ErrorSummary(v)}
}

// saveForm keeps what was typed first, and then says what is wrong with it:
// nothing typed is lost.
func (h *Pages) saveForm(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	data := c.Form.Decode(r.Sent())
	_, edited := c.Form.Edit(r.Sent(), data)
	seen, err := seenVersion(r)
	if err != nil {
		return err
	}
	if _, err := h.s.SaveForm(r.Context(), r.Principal, c.ID, seen, data); err != nil {
		v := h.formView(r, c, data, nil)
		v.Changes = changes(r, c, data)
		return r.Refill("licensing/my_form", v, err)
	}
	if edited {
		return r.Redirect(myCasePath(c.ID) + "/form")
	}
	if err := c.FaultsIn(data); err != nil {
		if c, lerr := h.load(r); lerr == nil { // its version is a new one
			var check kernel.Check
			check.Merge("", err)
			return r.Refill("licensing/my_form", h.formView(r, c, data, check.Fields), err)
		}
		return err
	}
	r.Flash("licensing.flash.saved")
	if c.State == Correcting {
		return r.Redirect(myCasePath(c.ID) + "/correction")
	}
	return r.Redirect(myCasePath(c.ID) + "/files")
}

// changes lists where the answers sent differ from those stored meanwhile.
func changes(r *web.Request, c *CaseView, data map[string]any) []formChange {
	stored := map[string]string{}
	for _, row := range c.Form.Summary(r.Texts(), r.Lang, c.Data) {
		stored[row.Path] = row.Value
	}
	var out []formChange
	for _, row := range c.Form.Summary(r.Texts(), r.Lang, data) {
		if !row.Heading && row.Value != stored[row.Path] {
			out = append(out, formChange{row.Title, row.Value, stored[row.Path]})
		}
	}
	return out
}

// savedDraft tells the page that saved itself what was kept, and when.
type savedDraft struct {
	Version int64  `json:"version"`
	Words   string `json:"words"`
}

// saveDraft keeps a form that is still being filled in; the page's script
// sends it now and then.
func (h *Pages) saveDraft(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	seen, err := seenVersion(r)
	if err != nil {
		return err
	}
	saved, err := h.s.SaveForm(r.Context(), r.Principal, c.ID, seen, c.Form.Decode(r.Sent()))
	if err != nil {
		return err
	}
	return r.JSON(200, savedDraft{saved.Version, r.T("licensing.my.saved_at", "time", r.Now().In(kernel.Shanghai).Format("15:04:05"))})
}

func (h *Pages) filesPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_files", c)
}

// materialField is the input of a material's files.
const materialField = "material."

// addFile takes the files of a material; with replace, a file that was there
// goes when the new one is safe.
func (h *Pages) addFile(r *web.Request) error {
	id := r.PathValue("id")
	n, err := h.takeFiles(r, id)
	if err == nil && n == 0 {
		err = kernel.Bad(materialField+r.Sent().Get("material"), "required", "")
	}
	if old := r.Sent().Get("replace"); err == nil && old != "" {
		err = h.s.DropFile(r.Context(), r.Principal, id, old)
	}
	if err != nil {
		return again(r, "licensing/my_files", h.load, err)
	}
	r.Flash("licensing.flash.uploaded", "n", n)
	to := myCasePath(id) + "/files"
	if back := r.Sent().Get("back"); back == "deficit" {
		to = myCasePath(id) + "/deficit"
	}
	return r.Redirect(to + "#" + form.ID(materialField+r.Sent().Get("material")))
}

// takeFiles stores every file of the form and gathers what was wrong with any.
func (h *Pages) takeFiles(r *web.Request, id string) (n int, err error) {
	var check kernel.Check
	for file, err := range r.Files() {
		if err != nil {
			return n, err
		}
		material, ok := strings.CutPrefix(file.Field, materialField)
		if !ok {
			check.Add(file.Field, "unknown", file.Name)
			continue
		}
		if _, err := h.s.AddFile(r.Context(), r.Principal, id, material, file.Name, file); err != nil {
			if !check.Merge("", err) {
				return n, err
			}
			continue
		}
		n++
	}
	return n, check.Err()
}

// openFile sends an uploaded file to whoever may see its case.
func (h *Pages) openFile(r *web.Request) error {
	f, err := h.s.Attachment(r.Context(), r.Principal, r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		return err
	}
	content, err := h.s.Blobs.Get(r.Context(), f.Hash)
	if err != nil {
		return err
	}
	defer content.Close()
	return r.File(web.Download{Name: f.Name, Type: f.Type, Inline: true, Modified: f.UploadedAt, Hash: f.Hash}, content)
}

// printApplication sends 申请书 as it stands now.
func (h *Pages) printApplication(r *web.Request) error {
	pdf, err := h.s.PrintApplication(r.Context(), r.Principal, r.PathValue("id"), r.Texts())
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "private, no-store")
	return r.File(web.Download{Name: "申请书.pdf", Type: "application/pdf", Inline: true}, bytes.NewReader(pdf))
}

func (h *Pages) dropFile(r *web.Request) error {
	id := r.PathValue("id")
	if err := h.s.DropFile(r.Context(), r.Principal, id, r.PathValue("file")); err != nil {
		return again(r, "licensing/my_files", h.load, err)
	}
	r.Flash("licensing.flash.dropped")
	return r.Redirect(r.ReturnTo(myCasePath(id) + "/files"))
}

func (h *Pages) deliveryPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_delivery", c)
}

func (h *Pages) saveDelivery(r *web.Request) error {
	var in struct {
		Mode      string `json:"mode"`
		Recipient string `json:"recipient"`
		Phone     string `json:"phone"`
		Address   string `json:"address"`
		Consent   bool   `json:"consent"`
	}
	id := r.PathValue("id")
	err := r.Decode(&in)
	if err == nil {
		err = h.s.SetDelivery(r.Context(), r.Principal, id, DeliveryMode(in.Mode), Address{Recipient: in.Recipient, Phone: in.Phone, Address: in.Address, Consent: in.Consent})
	}
	if err != nil {
		return again(r, "licensing/my_delivery", h.load, err)
	}
	r.Flash("licensing.flash.saved")
	return r.Redirect(myCasePath(id))
}

func (h *Pages) pledgePage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_pledge", c)
}

// pledge signs the promise that every condition is met (告知承诺).
func (h *Pages) pledge(r *web.Request) error {
	id := r.PathValue("id")
	c, err := h.load(r)
	if err != nil {
		return err
	}
	if r.Sent().Get("agree") == "" {
		return r.Refill("licensing/my_pledge", c, kernel.Bad("agree", "must_accept", ""))
	}
	conditions := make([]string, len(c.Rule.Conditions))
	for i, t := range c.Rule.Conditions {
		conditions[i] = t.ZH
	}
	if _, err := h.s.Pledge(r.Context(), r.Principal, id, 0, conditions); err != nil {
		return again(r, "licensing/my_pledge", h.load, err)
	}
	r.Flash("licensing.flash.saved")
	return r.Redirect(myCasePath(id))
}

// checkView is the page of all answers before they are sent.
type checkView struct {
	*CaseView
	Parts  []checkPart
	Files  []ui.Row
	Result []ui.Row
}

// checkPart is a group of the form with its answers.
type checkPart struct {
	Title string
	Rows  []ui.Row
}

func (h *Pages) loadCheck(r *web.Request) (checkView, error) {
	c, err := h.load(r)
	if err != nil {
		return checkView{}, err
	}
	var check kernel.Check
	if err := c.Complete(); err != nil && !check.Merge("", err) {
		return checkView{}, err
	}
	fault := func(field string) string {
		for _, f := range check.Fields {
			if f.Field == field {
				return r.Texts().Rule(r.Lang, f)
			}
		}
		return ""
	}
	v := checkView{CaseView: c, Parts: formParts(r, c, fault)}
	for _, m := range c.Rule.Materials {
		n := countCurrent(c.Files, m.ID)
		if n == 0 && !m.Needed(c.Data) {
			continue
		}
		row := ui.Row{ID: form.ID(materialField + m.ID), Label: r.Text(m.Title), Change: myCasePath(c.ID) + "/files#" + form.ID(materialField+m.ID), Fault: fault(materialField + m.ID)}
		if n > 0 {
			row.Value = r.T("licensing.my.files_n", "n", n)
		} else if m.Deficit && c.Rule.Deficit.Allowed {
			row.Value = r.T("licensing.my.may_follow")
		} else {
			row.Value = r.T("licensing.my.no_files")
		}
		v.Files = append(v.Files, row)
	}
	v.Result = deliveryRows(r, c, fault("delivery"))
	return v, nil
}

// formParts are the answers, a part per group of the form.
func formParts(r *web.Request, c *CaseView, fault func(string) string) []checkPart {
	page := myCasePath(c.ID) + "/form"
	parts := []checkPart{{}}
	for _, row := range c.Form.Summary(r.Texts(), r.Lang, c.Data) {
		title := r.Text(row.Title)
		if row.Number > 0 {
			title += " " + strconv.Itoa(row.Number)
		}
		if row.Heading && row.Level == 0 {
			parts = append(parts, checkPart{Title: title})
			continue
		}
		if !row.Heading && row.Level == 0 && parts[len(parts)-1].Title != "" {
			parts = append(parts, checkPart{})
		}
		if row.Heading {
			continue
		}
		last := &parts[len(parts)-1]
		last.Rows = append(last.Rows, ui.Row{ID: form.ID("form." + row.Path), Label: title, Value: row.Value, Change: page + "#" + form.ID(row.Path), Fault: fault("form." + row.Path)})
	}
	return slices.DeleteFunc(parts, func(p checkPart) bool { return len(p.Rows) == 0 })
}

func deliveryRows(r *web.Request, c *CaseView, fault string) []ui.Row {
	page := myCasePath(c.ID) + "/delivery"
	if fault != "" {
		return []ui.Row{{ID: form.ID("delivery"), Label: r.T("licensing.my.mode"), Change: page, Fault: fault}}
	}
	rows := []ui.Row{{Label: r.T("licensing.my.mode"), Value: r.T("licensing.mode." + string(c.DeliveryMode)), Change: page},
		{Label: r.T("licensing.my.recipient"), Value: c.Address.Recipient}, {Label: r.T("licensing.my.phone"), Value: c.Address.Phone}}
	if c.DeliveryMode == ByMail {
		rows = append(rows, ui.Row{Label: r.T("licensing.my.address"), Value: c.Address.Address})
	}
	return rows
}

func (h *Pages) checkPage(r *web.Request) error {
	v, err := h.loadCheck(r)
	if err != nil {
		return err
	}
	if v.State != Draft {
		return r.Redirect(myCasePath(v.ID))
	}
	return r.Render("licensing/my_check", v)
}

func (h *Pages) submit(r *web.Request) error {
	id := r.PathValue("id")
	if r.Sent().Get("declare") == "" {
		return again(r, "licensing/my_check", h.loadCheck, kernel.Bad("declare", "must_accept", ""))
	}
	if _, err := h.s.Submit(r.Context(), r.Principal, id, 0); err != nil {
		return again(r, "licensing/my_check", h.loadCheck, err)
	}
	return r.Redirect(myCasePath(id) + "/submitted")
}

// submitted is the page after a case was handed in: its number, what comes
// next and until when.
func (h *Pages) submitted(r *web.Request) error {
	v, err := h.loadMine(r)
	if err != nil {
		return err
	}
	if v.Number == "" {
		return r.Redirect(myCasePath(v.ID))
	}
	return r.Render("licensing/my_submitted", v)
}
