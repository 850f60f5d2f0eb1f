package licensing

import (
	"strings"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
)

// apiRoutes are the operations for other programs: the mini-program, the
// city's portal, an enterprise's own system, the couriers (waybills stand with
// the deliveries).
func (h *Pages) apiRoutes() []web.Route {
	text := func(zh, en string) kernel.Text { return kernel.Text{ZH: zh, EN: en} }
	slowly := func(rt web.Route, n int) web.Route {
		rt.Limit, rt.NoReplay = web.Limit{N: n, Per: time.Minute}, true
		return rt
	}
	return []web.Route{
		web.Op("GET", "/api/v1/licensing/items", web.Public, text("办事指南目录", "Guides"), h.apiItems),
		web.Op("GET", "/api/v1/licensing/items/{item}", web.Public, text("办事指南", "A guide"), h.apiItem),
		slowly(web.Op("POST", "/api/v1/licensing/progress/code", web.Public, text("发送进度查询验证码", "Send the code for a progress query"), h.apiProgressCode), 10),
		slowly(web.Op("POST", "/api/v1/licensing/progress", web.Public, text("凭办件号、手机号和验证码查询进度", "Progress of a case by number, mobile and code"), h.apiProgress), 20),
		slowly(web.Op("GET", "/api/v1/licensing/verifications/{code}", web.Public, text("核验证照", "Verify a licence by its code"), h.apiVerify), 30),
		web.Op("GET", "/api/v1/licensing/decisions", web.Public, text("许可决定公开（双公示）", "Public decisions"), h.apiDecisions),
		web.Op("GET", "/api/v1/licensing/my/cases", PermApply, text("我的办件", "My cases"), h.apiMyCases),
		web.Op("GET", "/api/v1/licensing/my/cases/{id}", PermApply, text("我的一个办件", "One of my cases"), h.apiMyCase),
		web.Op("POST", "/api/v1/licensing/my/cases/{id}/submit", PermApply, text("提交已填妥的申请", "Hand in a complete draft"), h.apiSubmit),
		web.Op("GET", "/api/v1/licensing/cases", PermRead, text("办件列表", "Cases"), h.apiCases),
		web.Op("GET", "/api/v1/licensing/licences", PermRead, text("查询证照", "Look up licences"), h.apiLicences),
	}
}

// apiGuide is a line of the guides.
type apiGuide struct {
	ID       string      `json:"id"`
	Category string      `json:"category"`
	Kind     rule.Kind   `json:"kind"`
	Title    kernel.Text `json:"title"`
	Summary  kernel.Text `json:"summary"`
}

func guideOf(it *rule.Item) apiGuide {
	return apiGuide{it.ID, it.Category, it.Kind, it.Title, it.Summary}
}

type apiItemsIn struct {
	Query string `query:"q" doc:"words that people use, such as 加油站"`
}

// apiList is a list with where it goes on.
type apiList[T any] struct {
	Rows []T    `json:"rows"`
	Next string `json:"next,omitempty" doc:"value of after for the next rows"`
}

func (h *Pages) apiItems(r *web.Request, in apiItemsIn) (apiList[apiGuide], error) {
	items := h.s.Rules.Items()
	if in.Query != "" {
		items = h.s.Rules.Find(in.Query)
	}
	out := apiList[apiGuide]{Rows: []apiGuide{}}
	for _, it := range items {
		if _, ok := it.At(r.Today()); ok {
			out.Rows = append(out.Rows, guideOf(it))
		}
	}
	return out, nil
}

type apiItemIn struct {
	Item string `path:"item"`
}

// apiRules is a guide with what the rules in force say.
type apiRules struct {
	apiGuide
	Version       string          `json:"version"`
	EffectiveFrom kernel.Date     `json:"effective_from"`
	Confidence    rule.Confidence `json:"confidence" doc:"H: the text of the law was read; M: a secondary source; L: a sample"`
	Start         rule.StartEvent `json:"start" doc:"what starts the limit: receipt or acceptance"`
	StatutoryDays int             `json:"statutory_days"`
	PromisedDays  int             `json:"promised_days" doc:"0: nothing shorter is promised"`
	Unit          string          `json:"unit" doc:"wd: working days; natural: calendar days"`
	Free          bool            `json:"free"`
	Who           []rule.Who      `json:"who"`
	Conditions    []kernel.Text   `json:"conditions"`
	Materials     []apiMaterial   `json:"materials"`
	Hotline       string          `json:"hotline"`
}

type apiMaterial struct {
	ID       string           `json:"id"`
	Title    kernel.Text      `json:"title"`
	Required rule.Requirement `json:"required"`
	MayLack  bool             `json:"may_lack" doc:"may follow after acceptance (容缺)"`
	Types    []string         `json:"types"`
	MaxBytes int64            `json:"max_bytes"`
}

func (h *Pages) apiItem(r *web.Request, in apiItemIn) (apiRules, error) {
	g, err := h.s.Guide(r.Context(), in.Item)
	if err != nil {
		return apiRules{}, err
	}
	v := g.Rule
	out := apiRules{apiGuide: guideOf(g.Item), Version: v.ID, EffectiveFrom: v.EffectiveFrom, Confidence: v.Confidence(), Start: v.Start, StatutoryDays: v.Statutory.N,
		Unit: string(v.Statutory.Unit), Free: v.Fee.Free, Who: v.Who, Conditions: v.Conditions, Hotline: v.Hotline}
	if v.Promised != nil {
		out.PromisedDays = v.Promised.N
	}
	for _, m := range v.Materials {
		out.Materials = append(out.Materials, apiMaterial{m.ID, m.Title, m.Required, m.Deficit && v.Deficit.Allowed, m.Types, m.MaxBytes})
	}
	return out, nil
}

type apiProgressCodeIn struct {
	Number string `json:"number" doc:"办件号"`
	Phone  string `json:"phone" doc:"mobile given with the application"`
}

func (in apiProgressCodeIn) query() ProgressQuery {
	return progressInput{Number: in.Number, Phone: in.Phone}.query()
}

func (h *Pages) apiProgressCode(r *web.Request, in apiProgressCodeIn) (web.None, error) {
	return web.None{}, h.s.AskProgress(r.Context(), in.query(), r.Addr, r.Lang)
}

type apiProgressIn struct {
	Number string `json:"number" doc:"办件号"`
	Phone  string `json:"phone" doc:"mobile given with the application"`
	Code   string `json:"code" doc:"the six digits of the text message"`
}

func (h *Pages) apiProgress(r *web.Request, in apiProgressIn) (Progress, error) {
	r.SetHeader("Cache-Control", "no-store")
	return h.s.ProgressByCode(r.Context(), apiProgressCodeIn{in.Number, in.Phone}.query(), strings.TrimSpace(in.Code))
}

type apiVerifyIn struct {
	Code string `path:"code" doc:"the last part of the address in the QR code"`
}

func (h *Pages) apiVerify(r *web.Request, in apiVerifyIn) (Verification, error) {
	r.SetHeader("Cache-Control", "no-store")
	return h.s.Verify(r.Context(), in.Code, r.Actor().Addr)
}

type apiDecisionsIn struct {
	Area   string      `query:"area"`
	Item   string      `query:"item"`
	Holder string      `query:"holder" doc:"beginning of the name"`
	From   kernel.Date `query:"from"`
	To     kernel.Date `query:"to"`
	After  string      `query:"after"`
}

func (h *Pages) apiDecisions(r *web.Request, in apiDecisionsIn) (apiList[Publication], error) {
	out := apiList[Publication]{Rows: []Publication{}}
	c, err := web.ParseCursor(in.After, 2)
	if err != nil {
		return out, err
	}
	f := PublicFilter{Area: in.Area, Item: in.Item, Holder: in.Holder, From: in.From, To: in.To, Limit: feedRows}
	if c != nil {
		f.Before = PublicCursor{c[0], c[1]}
	}
	rows, err := h.s.PublicDecisions(r.Context(), f)
	out.Rows = append(out.Rows, rows...)
	if n := len(rows); n == feedRows {
		out.Next = web.CursorOf(rows[n-1].DecidedOn, rows[n-1].ID).Encode()
	}
	return out, err
}

// apiCase is a line of a list of cases.
type apiCase struct {
	ID          string      `json:"id"`
	Number      string      `json:"number"`
	Item        string      `json:"item"`
	Title       kernel.Text `json:"title"`
	Applicant   string      `json:"applicant"`
	Area        string      `json:"area"`
	State       State       `json:"state"`
	Step        Step        `json:"step"`
	Due         kernel.Date `json:"due"`
	PromisedDue kernel.Date `json:"promised_due"`
	Paused      bool        `json:"paused"`
	SubmittedOn kernel.Date `json:"submitted_on"`
	Sample      bool        `json:"sample,omitempty"`
}

func (h *Pages) apiCaseOf(row CaseRow) apiCase {
	c := apiCase{ID: row.ID, Number: row.Number, Item: row.Item, Title: h.s.itemTitle(row.Item), Applicant: row.Applicant, Area: row.Area, State: row.State, Step: row.Step,
		Due: row.Due, PromisedDue: row.PromisedDue, Paused: row.Paused, Sample: row.Sample}
	if !row.SubmittedAt.IsZero() {
		c.SubmittedOn = kernel.DateOf(row.SubmittedAt)
	}
	return c
}

func (h *Pages) apiCaseRows(rows []CaseRow) []apiCase {
	out := make([]apiCase, len(rows))
	for i, row := range rows {
		out[i] = h.apiCaseOf(row)
	}
	return out
}

type apiMyCasesIn struct {
	Show  string `query:"show" doc:"open, ended, draft or nothing for all"`
	After string `query:"after"`
}

func (h *Pages) apiMyCases(r *web.Request, in apiMyCasesIn) (apiList[apiCase], error) {
	page, err := h.s.Mine(r.Context(), r.Principal, MineFilter{Show: in.Show, Before: in.After, Limit: 50})
	out := apiList[apiCase]{Rows: h.apiCaseRows(page.Rows)}
	if page.More {
		out.Next = page.Rows[len(page.Rows)-1].ID
	}
	return out, err
}

type apiCaseIn struct {
	ID string `path:"id"`
}

// apiMyCaseOut is one case with what its applicant must still do.
type apiMyCaseOut struct {
	apiCase
	Stages  []apiStage          `json:"stages"`
	Missing []kernel.FieldError `json:"missing,omitempty" doc:"what a draft lacks"`
}

type apiStage struct {
	Name  string      `json:"name"`
	State string      `json:"state"`
	On    kernel.Date `json:"on"`
}

func (h *Pages) apiMyCase(r *web.Request, in apiCaseIn) (apiMyCaseOut, error) {
	c, err := h.s.MyCase(r.Context(), r.Principal, in.ID)
	if err != nil {
		return apiMyCaseOut{}, err
	}
	out := apiMyCaseOut{apiCase: h.apiCaseOf(rowOf(c.Case))}
	for _, st := range c.Stages() {
		out.Stages = append(out.Stages, apiStage(st))
	}
	if c.State == Draft {
		var check kernel.Check
		if err := c.Complete(); err != nil && !check.Merge("", err) {
			return out, err
		}
		out.Missing = check.Fields
	}
	return out, nil
}

// rowOf is a case as lists show it.
func rowOf(c *Case) CaseRow {
	return CaseRow{ID: c.ID, Number: c.Number, Item: c.Item, Applicant: c.Applicant, Area: c.Area, State: c.State, Step: c.Step, Due: c.Due,
		PromisedDue: c.PromisedDue, Paused: c.Paused, SubmittedAt: c.SubmittedAt, Sample: c.Sample}
}

func (h *Pages) apiSubmit(r *web.Request, in apiCaseIn) (apiCase, error) {
	c, err := h.s.Submit(r.Context(), r.Principal, in.ID, 0)
	if err != nil {
		return apiCase{}, err
	}
	return h.apiCaseOf(rowOf(c)), nil
}

type apiCasesIn struct {
	Step      string `query:"step"`
	State     string `query:"state"`
	Area      string `query:"area"`
	Item      string `query:"item"`
	Number    string `query:"number"`
	Applicant string `query:"applicant" doc:"beginning of the name"`
	Closed    bool   `query:"closed" doc:"closed cases too"`
	After     string `query:"after"`
}

func (h *Pages) apiCases(r *web.Request, in apiCasesIn) (apiList[apiCase], error) {
	out := apiList[apiCase]{Rows: []apiCase{}}
	c, err := web.ParseCursor(in.After, 2)
	if err != nil {
		return out, err
	}
	f := CaseFilter{Step: Step(in.Step), State: State(in.State), Area: in.Area, Item: in.Item, Number: in.Number, Applicant: in.Applicant, Open: !in.Closed}
	if c != nil {
		f.After = Cursor{c[0], c[1]}
	}
	page, err := h.s.Queue(r.Context(), r.Principal, f)
	out.Rows = h.apiCaseRows(page.Rows)
	if page.More {
		last := page.Rows[len(page.Rows)-1].Next()
		out.Next = web.CursorOf(last.Due, last.ID).Encode()
	}
	return out, err
}

type apiLicencesIn struct {
	Number string `query:"number" doc:"exact"`
	Holder string `query:"holder" doc:"beginning of the name"`
	Item   string `query:"item"`
	Area   string `query:"area"`
	State  string `query:"state"`
	After  string `query:"after"`
}

// apiLicence is a line of the register.
type apiLicence struct {
	ID        string       `json:"id"`
	Number    string       `json:"number"`
	Issue     int64        `json:"issue"`
	Item      string       `json:"item"`
	Title     kernel.Text  `json:"title"`
	Holder    string       `json:"holder"`
	Area      string       `json:"area"`
	Authority string       `json:"authority"`
	State     LicenceState `json:"state" doc:"as it counts today"`
	IssuedOn  kernel.Date  `json:"issued_on"`
	EndsOn    kernel.Date  `json:"ends_on" doc:"last day, extensions included; empty: without end"`
	Sample    bool         `json:"sample,omitempty"`
}

func (h *Pages) apiLicences(r *web.Request, in apiLicencesIn) (apiList[apiLicence], error) {
	out := apiList[apiLicence]{Rows: []apiLicence{}}
	c, err := web.ParseCursor(in.After, 2)
	if err != nil {
		return out, err
	}
	f := LicenceFilter{Number: in.Number, Holder: in.Holder, Item: in.Item, Area: in.Area, State: LicenceState(in.State)}
	if c != nil {
		f.After = LicenceCursor{c[0], c[1]}
	}
	page, err := h.s.Register(r.Context(), r.Principal, f)
	for _, l := range page.Rows {
		out.Rows = append(out.Rows, apiLicence{l.ID, l.Number, l.Issue, l.Item, h.s.licenceTitle(l.Item), l.Holder, l.Area, l.Authority, l.State, l.IssuedOn, l.EndsOn, l.Sample})
	}
	if page.More {
		last := page.Rows[len(page.Rows)-1]
		out.Next = web.CursorOf(last.EndsOn, last.ID).Encode()
	}
	return out, err
}
