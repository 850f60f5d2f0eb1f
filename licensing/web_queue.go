package licensing

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// queueRoutes are the list of cases and what is done to several at once.
func (h *Pages) queueRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/licensing/cases", Permission: PermRead, Handler: h.queue, Frame: web.Console,
			Nav: &web.Nav{Group: "licensing", Label: "licensing.nav.queue", Icon: "tasks", Order: 1}},
		console("GET", "/licensing/cases/news", PermRead, h.queueNews),
		console("GET", "/licensing/cases/export.xlsx", PermRead, h.exportQueue),
		console("POST", "/licensing/cases/claim", PermRead, h.claimMany),
		console("POST", "/licensing/filters", PermRead, h.saveFilter),
		console("POST", "/licensing/filters/{id}/drop", PermRead, h.dropFilter),
	}
}

// queueQuery is what the address of the list says.
type queueQuery struct {
	Who       string `json:"who"` // "", "mine", "free"
	Step      string `json:"step"`
	State     string `json:"state"`
	Item      string `json:"item"`
	Area      string `json:"area"`
	Lamp      string `json:"lamp"` // "overdue", "today", "soon", "paused"
	Number    string `json:"number"`
	Applicant string `json:"applicant"`
	Closed    bool   `json:"closed"` // those at rest too
}

// soonWithin is how many working days before its due day a case is urgent.
const soonWithin = 3

// filter makes a filter of what the address says.
func (h *Pages) filter(r *web.Request, in queueQuery) (CaseFilter, error) {
	f := CaseFilter{Step: Step(in.Step), State: State(in.State), Item: in.Item, Area: in.Area, Number: in.Number, Applicant: in.Applicant,
		Open: !in.Closed && in.Number == ""}
	due, id, err := placeOf(r)
	if err != nil {
		return f, err
	}
	f.After = Cursor{due, id}
	switch in.Who {
	case "mine":
		f.Handler = r.Actor().ID
	case "free":
		f.Handler = "-"
		for _, step := range queueSteps {
			if perm, staffed := stepPermission[step]; staffed && r.Can(perm) {
				f.Steps = append(f.Steps, string(step))
			}
		}
	}
	today := r.Today()
	switch in.Lamp {
	case "overdue":
		f.DueBefore, f.Undecided = today, true
	case "today":
		f.DueFrom, f.DueBefore, f.Undecided = today, today.AddDays(1), true
	case "soon":
		cal, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (*deadline.Calendar, error) { return deadline.Load(ctx, q) })
		if err != nil {
			return f, err
		}
		f.DueFrom, f.DueBefore, f.Undecided = today, cal.AddWorking(today, soonWithin).AddDays(1), true
	case "paused":
		f.Paused = true
	}
	return f, nil
}

// queueView is the list's page.
type queueView struct {
	web.List[queueLine]
	Tabs                       []ui.Tab
	Areas, Items, Steps, Lamps []ui.Option
	States                     []ui.Option
	Filters                    []SavedFilter
	Query                      string // of the address, without the page's place
	Claimable                  bool   // the officer works at a desk that has rows on this page
}

// queueLine is a row with its words.
type queueLine struct {
	CaseRow
	Title     kernel.Text
	AreaName  string
	Lamp      lamp
	Claimable bool
}

var (
	queueSteps  = []Step{AtApplicant, Intake, Review, SiteCheck, Examine, Legal, Panel, Approve, Make, Deliver, Archive, Done}
	queueStates = []State{Submitted, Correcting, Accepted, Granted, Denied, Refused, NotNeeded, OtherAuthority, Withdrawn, Terminated}
	queueLamps  = []string{"overdue", "today", "soon", "paused"}
)

func (h *Pages) queue(r *web.Request) error {
	v, err := h.loadQueue(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/queue", v)
}

// queueNews is what an open list puts in place of nothing when a case has
// moved: rows are not exchanged under somebody's ticks.
func (h *Pages) queueNews(r *web.Request) error {
	return r.RenderBlock("licensing/queue", "queue-news", nil)
}

func (h *Pages) loadQueue(r *web.Request) (queueView, error) {
	var in queueQuery
	if err := r.DecodeQuery(&in); err != nil {
		return queueView{}, err
	}
	f, err := h.filter(r, in)
	if err != nil {
		return queueView{}, err
	}
	page, err := h.s.Queue(r.Context(), r.Principal, f)
	if err != nil {
		return queueView{}, err
	}
	areas, err := h.areaOptions(r)
	if err != nil {
		return queueView{}, err
	}
	v := queueView{Areas: areas, Items: h.itemOptions(r), Steps: options(r, "licensing.step.", queueSteps), States: options(r, "licensing.state.", queueStates),
		Lamps: options(r, "licensing.queue.lamp.", queueLamps), Tabs: queueTabs(r, in.Who), Query: queryWithout(r, "after")}
	lines := h.queueLines(r, page.Rows, areas)
	v.Claimable = slices.ContainsFunc(lines, func(l queueLine) bool { return l.Claimable })
	v.List = listOf(lines, page.More, page.Total, func(l queueLine) web.Cursor { return web.CursorOf(l.Due, l.ID) })
	v.Filters, err = h.s.SavedFilters(r.Context(), r.Principal)
	return v, err
}

func (h *Pages) queueLines(r *web.Request, rows []CaseRow, areas []ui.Option) []queueLine {
	names := map[string]string{}
	for _, a := range areas {
		names[a.Value] = a.Text
	}
	out := make([]queueLine, len(rows))
	for i, row := range rows {
		perm, staffed := stepPermission[row.Step]
		out[i] = queueLine{CaseRow: row, Title: h.s.itemTitle(row.Item), AreaName: names[row.Area], Lamp: caseLamp(row), Claimable: staffed && r.Can(perm) && row.Handler == ""}
	}
	return out
}

// caseLamp says how a case stands to its limit, in working days.
func caseLamp(row CaseRow) lamp {
	switch {
	case !row.DecidedOn.IsZero():
		return lamp{"good", "licensing.lamp.decided", 0}
	case row.Paused:
		return lamp{"calm", "licensing.lamp.paused", 0}
	case row.Due.IsZero():
		return lamp{"calm", "licensing.lamp.waits", 0}
	}
	return workingLamp(row.Left)
}

// workingLamp is the lamp of a clock with so many working days left.
func workingLamp(left int) lamp {
	switch {
	case left < 0:
		return lamp{"bad", "licensing.lamp.working_over", -left}
	case left == 0:
		return lamp{"bad", "licensing.lamp.today", 0}
	case left <= soonWithin:
		return lamp{"warn", "licensing.lamp.working_left", left}
	}
	return lamp{"good", "licensing.lamp.working_left", left}
}

func queueTabs(r *web.Request, who string) []ui.Tab {
	var out []ui.Tab
	for _, w := range []string{"", "mine", "free"} {
		q := r.URL.Query()
		q.Del("after")
		q.Del("who")
		if w != "" {
			q.Set("who", w)
		}
		out = append(out, ui.Tab{Text: r.T("licensing.queue.who." + cmp.Or(w, "all")), Href: "/licensing/cases?" + q.Encode(), Current: w == who})
	}
	return out
}

// queryWithout is the address's query without some parameters.
func queryWithout(r *web.Request, names ...string) string {
	q := r.URL.Query()
	for _, n := range names {
		q.Del(n)
	}
	for name, values := range q {
		if len(values) == 1 && values[0] == "" {
			q.Del(name)
		}
	}
	return q.Encode()
}

// itemOptions are all items that can be applied for.
func (h *Pages) itemOptions(r *web.Request) []ui.Option {
	items := h.s.Rules.Items()
	out := make([]ui.Option, len(items))
	for i, it := range items {
		out[i] = ui.Option{Value: it.ID, Text: r.Text(it.Title)}
	}
	return out
}

// exportQueue streams the list as a workbook; that somebody took it is
// audited.
func (h *Pages) exportQueue(r *web.Request) error {
	var in queueQuery
	if err := r.DecodeQuery(&in); err != nil {
		return err
	}
	f, err := h.filter(r, in)
	if err != nil {
		return err
	}
	return r.Stream(web.Download{Name: r.T("licensing.queue.title") + " " + r.Today().String() + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		func(w io.Writer) error {
			return h.s.ExportQueue(r.Context(), r.Principal, f, Words{r.Texts(), r.Lang}, w)
		})
}

// claimManyView is the page before and after several cases are claimed.
type claimManyView struct {
	Lines []claimLine
	Done  bool
	Good  int
	Back  string
}

// claimLine is a case with what claiming it does or did.
type claimLine struct {
	queueLine
	Why string // why it cannot be claimed, "" it can be, or was
}

// maxQuery bounds the filters of an address.
const maxQuery = 500

// queueAddress is the list with the filters that a form carries along; what is
// no query is left away.
func queueAddress(query string) string {
	q, err := url.ParseQuery(query)
	if err != nil || len(query) > maxQuery {
		return "/licensing/cases"
	}
	return "/licensing/cases?" + q.Encode()
}

// claimMany shows what would be claimed, and on confirmation claims it, one
// case at a time: one that somebody else took meanwhile stops no other.
func (h *Pages) claimMany(r *web.Request) error {
	var in struct {
		IDs       []string `json:"case"`
		Confirmed bool     `json:"confirmed"`
		Query     string   `json:"query"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	back := queueAddress(in.Query)
	if len(in.IDs) > web.PageSize {
		var c kernel.Check
		c.Add("case", "too_many", strconv.Itoa(len(in.IDs)), "max", web.PageSize)
		return c.Err()
	}
	if len(in.IDs) == 0 {
		r.FlashWarn("licensing.queue.none_chosen")
		return r.Redirect(back)
	}
	v := claimManyView{Done: in.Confirmed, Back: back}
	for _, id := range in.IDs {
		line, err := h.claimOne(r, id, in.Confirmed)
		if err != nil {
			return err
		}
		if line.Why == "" {
			v.Good++
		}
		v.Lines = append(v.Lines, line)
	}
	return r.Render("licensing/claim_many", v)
}

func (h *Pages) claimOne(r *web.Request, id string, really bool) (claimLine, error) {
	c, err := h.s.Case(r.Context(), r.Principal, id)
	if err != nil {
		return claimLine{}, err
	}
	l := claimLine{queueLine: queueLine{CaseRow: CaseRow{ID: c.ID, Number: c.Number, Applicant: c.Applicant, Step: c.Step, Sample: c.Sample}, Title: c.Title}}
	switch may := c.May(r.Principal); {
	case !really && may.Claim:
	case !really && c.Handler != "":
		l.Why = r.T("licensing.error.claimed", "name", c.HandlerName)
	case !really:
		l.Why = r.T("licensing.queue.not_your_desk")
	default:
		_, err = h.s.Claim(r.Context(), r.Principal, id, 0)
	}
	if err == nil {
		return l, nil
	}
	if kernel.KindOf(err) != kernel.Conflict && kernel.KindOf(err) != kernel.Denied {
		return l, err
	}
	l.Why = errorText(r, err)
	return l, nil
}

func (h *Pages) saveFilter(r *web.Request) error {
	var in struct {
		Name  string `json:"name"`
		Query string `json:"query"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.s.SaveFilter(r.Context(), r.Principal, in.Name, in.Query)
	}
	switch {
	case kernel.KindOf(err) == kernel.Invalid:
		r.FlashWarn("licensing.queue.filter_bad", "why", errorText(r, err))
	case err != nil:
		return err
	default:
		r.Flash("licensing.flash.saved")
	}
	return r.Redirect(queueAddress(in.Query))
}

func (h *Pages) dropFilter(r *web.Request) error {
	if err := h.s.DropFilter(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	return done(r, "/licensing/cases")
}
