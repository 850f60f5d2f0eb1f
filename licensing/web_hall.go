package licensing

import (
	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// hall is a page of the applicant.
func hall(method, path string, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: PermApply, Handler: fn, Frame: web.Hall}
}

// hallRoutes are the applicant's pages.
func (h *Pages) hallRoutes() []web.Route {
	routes := []web.Route{
		inNav(hall("GET", "/my", h.home), "home", "home", 9),
		inNav(hall("GET", "/my/cases", h.mine), "mine", "files", 10),
	}
	return append(append(append(append(routes, h.applyRoutes()...), h.myCaseRoutes()...), h.helpRoutes()...), h.apiRoutes()...)
}

// homePage is the applicant's first page.
type homePage struct {
	*Home
	Tasks    []taskLine
	Cases    []rowView
	Licences []holdingLine
}

// taskLine is a task with its words and the page where it is done.
type taskLine struct {
	HallTask
	Title kernel.Text
	Href  string
	Lamp  lamp
}

// holdingLine is a licence with its words.
type holdingLine struct {
	Holding
	Title kernel.Text
	Tone  string
	Lamp  lamp
}

func (h *Pages) home(r *web.Request) error {
	home, err := h.s.HallHome(r.Context(), r.Principal)
	if err != nil {
		return err
	}
	v := homePage{Home: home}
	for _, t := range home.Tasks {
		v.Tasks = append(v.Tasks, taskLine{t, h.s.itemTitle(t.Item), taskPage(t), lampOf(t.Due, home.Today, false, 3)})
	}
	for _, c := range home.Cases {
		v.Cases = append(v.Cases, rowView{c, h.s.itemTitle(c.Item)})
	}
	v.Licences = h.holdingLines(home.Licences, home.Today)
	return r.Render("licensing/home", v)
}

// taskPage is where a task is done.
func taskPage(t HallTask) string {
	page := "/my/cases/" + t.CaseID
	switch t.Kind {
	case "correct":
		return page + "/correction"
	case "deficit":
		return page + "/deficit"
	}
	return page
}

func (h *Pages) holdingLines(all []Holding, today kernel.Date) []holdingLine {
	out := make([]holdingLine, len(all))
	for i, l := range all {
		out[i] = holdingLine{l, h.s.licenceTitle(l.Item), licenceTone(l.State), lampOf(l.EndsOn, today, false, 90)}
	}
	return out
}

// minePage is a page of the applicant's cases.
type minePage struct {
	web.List[rowView]
	Show string
	Tabs []ui.Tab
}

func (h *Pages) mine(r *web.Request) error {
	c, err := web.ParseCursor(r.URL.Query().Get("after"), 1)
	if err != nil {
		return err
	}
	f := MineFilter{Show: r.URL.Query().Get("show")}
	if c != nil {
		f.Before = c[0]
	}
	page, err := h.s.Mine(r.Context(), r.Principal, f)
	if err != nil {
		return err
	}
	v := minePage{List: listOf(h.rows(page).Rows, page.More, page.Total, func(row rowView) web.Cursor { return web.CursorOf(row.ID) }), Show: f.Show}
	for _, show := range []string{"", "open", "draft", "ended"} {
		path := "/my/cases"
		if show != "" {
			path += "?show=" + show
		}
		v.Tabs = append(v.Tabs, ui.Tab{Text: r.T("licensing.mine.show_" + orElse(show, "all")), Href: path, Current: show == f.Show})
	}
	return r.Render("licensing/mine", v)
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

// areaOfPerson is where somebody applies for themselves: their own area, ""
// when the account names none.
func areaOfPerson(p *auth.Principal) string {
	if p.Account != nil {
		return p.Account.Area
	}
	return ""
}

func (h *Pages) load(r *web.Request) (*CaseView, error) {
	return h.s.Case(r.Context(), r.Principal, r.PathValue("id"))
}

func (h *Pages) loadMine(r *web.Request) (*MyCase, error) {
	return h.s.MyCase(r.Context(), r.Principal, r.PathValue("id"))
}

func myCasePath(id string) string { return "/my/cases/" + id }
