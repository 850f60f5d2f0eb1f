package licensing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/ui"
)

// deskRoutes are the officers' pages of a case.
func (h *Pages) deskRoutes() []web.Route {
	act := func(name string, perm auth.Permission, fn func(r *web.Request, id string, version int64) error) web.Route {
		return console("POST", "/licensing/cases/{id}/"+name, perm, h.acting(fn))
	}
	return append(h.queueRoutes(),
		console("GET", "/licensing/cases/{id}", PermRead, h.desk),
		console("GET", "/licensing/cases/{id}/files/{file}", PermRead, h.caseFile),
		console("POST", "/licensing/cases/{id}/unmask", PermUnmask, h.unmask),
		// whose desk it is depends on the step of the case: the use case says
		act("claim", PermRead, h.claim), act("release", PermRead, h.release), act("pass-on", PermRead, h.passOn),
		act("pause", PermRead, h.pause), act("resume", PermRead, h.resume), act("ask-extension", PermRead, h.askExtension),
		act("transfer", PermTransfer, h.transfer),
		act("accept", PermIntake, h.accept), console("POST", "/licensing/cases/{id}/correct", PermIntake, h.correctOrGrow), act("turn-away", PermIntake, h.turnAway), act("deficit", PermIntake, h.closeDeficit),
		act("plan-check", PermReview, h.planCheck), act("record-check", PermReview, h.recordCheck), act("confirm-check", PermReview, h.confirmCheck), act("refuse-check", PermReview, h.refuseCheck), act("verify-pledge", PermReview, h.verifyPledge),
		act("decide", PermApprove, h.decide), act("answer-extension", PermApprove, h.answerExtension),
		act("archive", PermArchive, h.archive),
	)
}

// Routes are the pages of this room.
func (h *Pages) Routes() []web.Route {
	return append(append(append(guideRoutes(h), h.hallRoutes()...), h.deskRoutes()...), h.afterRoutes()...)
}

// deskView is a case as the officers see it.
type deskView struct {
	*CaseView
	Can        Possible
	Limits     []limitView
	Stations   []waypoint
	Answers    []answerLine
	Clear      bool // personal answers are shown in clear
	Materials  []materialLine
	Sheets     []paperLine
	Story      []ui.Step
	Delivered  *Delivery
	Rating     *Rating
	Targets    []ui.Option // what a correction may be about
	Faults     int         // lines of the correction form
	AreaName   string
	Deficits   []ui.Option   // materials that may follow
	Causes     []ui.Option   // special procedures
	Colleagues []ui.Option   // who may take the case over
	Checkers   []ui.Option   // who may check on the spot
	Changed    []ui.Step     // what others did since this page was opened
	Silence    *rule.Silence // what follows when nobody acts in time
	Seen       int64         // micros of the case's last change, for Changed
}

func (h *Pages) loadDesk(r *web.Request) (*deskView, error) {
	c, err := h.load(r)
	if err != nil {
		return nil, err
	}
	return h.deskOf(r, c)
}

// deskOf gathers what the page of a case shows.
func (h *Pages) deskOf(r *web.Request, c *CaseView) (*deskView, error) {
	v := &deskView{CaseView: c, Can: c.May(r.Principal), Sheets: paperLines(r, c.Papers), Limits: limits(r, c), Stations: waypoints(r, c), Seen: kernel.Micros(c.UpdatedAt)}
	v.Silence = silenceOf(c)
	v.Materials = materialLines(c)
	v.Answers = answerLines(r, c, false)
	v.Story = story(r, c, c.Log)
	v.choices(r)
	if err := h.people(r, v); err != nil {
		return nil, err
	}
	areas, err := h.areaOptions(r)
	if err != nil {
		return nil, err
	}
	for _, a := range areas {
		if a.Value == v.Area {
			v.AreaName = a.Text
		}
	}
	return v, h.outcome(r, v)
}

// TargetWord names what a fault is about, as the form's choice does.
func (v *deskView) TargetWord(target string) string {
	for _, t := range v.Targets {
		if t.Value == target {
			return t.Text
		}
	}
	return target
}

// PromiseWords are what was promised: materials by name, or conditions.
func (v *deskView) PromiseWords(p Promise) []string {
	out := make([]string, len(p.Items))
	for i, item := range p.Items {
		out[i] = item
		if p.Kind == "deficit" {
			out[i] = v.TargetWord("material:" + item)
		}
	}
	return out
}

// toneOf colours outcomes; words stand beside it.
var toneOf = map[string]string{"pass": "good", "fail": "bad", "confirmed": "good", "recorded": "warn", "planned": "main", "met": "good", "failed": "bad", "open": "warn",
	"granted": "good", "denied": "bad", "refused": "bad", "agree": "good", "disagree": "bad", "return": "warn"}

// Tone is the colour of an outcome.
func (v *deskView) Tone(of any) string { return toneOf[fmt.Sprint(of)] }

// silenceOf is what the law says follows when nobody acts in time.
func silenceOf(c *CaseView) *rule.Silence {
	on := map[State]string{Submitted: "acceptance", Correcting: "correction", Accepted: "decision"}[c.State]
	for i, s := range c.Rule.Silence {
		if s.On == on {
			return &c.Rule.Silence[i]
		}
	}
	return nil
}

// Prints reports whether a grant prints a certificate.
func (v *deskView) Prints() bool {
	return len(v.Rule.Results) > 0 && v.Rule.Results[0].Kind == rule.Certificate
}

// choices are the options of the page's forms.
func (v *deskView) choices(r *web.Request) {
	for _, m := range v.Rule.Materials {
		v.Targets = append(v.Targets, ui.Option{Value: "material:" + m.ID, Text: r.Text(m.Title)})
		if m.Deficit && v.Rule.Deficit.Allowed {
			v.Deficits = append(v.Deficits, ui.Option{Value: m.ID, Text: r.Text(m.Title)})
		}
	}
	group := ""
	for _, a := range v.Answers {
		if a.Heading {
			group = a.Label + " · "
			continue
		}
		name := a.Label
		if a.Level > 0 { // two people of one form both have a name
			name = group + name
		}
		v.Targets = append(v.Targets, ui.Option{Value: "field:" + a.Path, Text: r.T("licensing.desk.answer_of", "name", name)})
	}
	for _, e := range v.Rule.Excluded {
		v.Causes = append(v.Causes, ui.Option{Value: e.Cause, Text: r.Text(e.Title)})
	}
	v.Faults = faultLines(r)
}

// people are the officers whom a form lets choose.
func (h *Pages) people(r *web.Request, v *deskView) error {
	ask := func(desk Step) ([]ui.Option, error) {
		all, err := h.s.Colleagues(r.Context(), r.Principal, v.ID, desk)
		out := make([]ui.Option, 0, len(all))
		for _, a := range all {
			out = append(out, ui.Option{Value: a.ID, Text: a.Name})
		}
		return out, err
	}
	var err error
	if v.Can.Transfer {
		if v.Colleagues, err = ask(v.Step); err != nil {
			return err
		}
	}
	if v.Can.PlanCheck {
		v.Checkers, err = ask(SiteCheck)
	}
	return err
}

// outcome is what followed the decision.
func (h *Pages) outcome(r *web.Request, v *deskView) error {
	if v.Decision == nil {
		return nil
	}
	d, err := h.s.DeliveryOf(r.Context(), r.Principal, v.ID)
	switch {
	case err == nil:
		v.Delivered = d.Delivery
	case kernel.KindOf(err) != kernel.NotFound:
		return err
	}
	v.Rating, err = h.s.RatingOf(r.Context(), r.Principal, v.ID)
	return err
}

func (h *Pages) desk(r *web.Request) error {
	v, err := h.loadDesk(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/desk", v)
}

// unmask shows the page with the personal answers in clear, once.
func (h *Pages) unmask(r *web.Request) error {
	c, err := h.s.Unmask(r.Context(), r.Principal, r.PathValue("id"), r.Sent().Get("unmask_reason"))
	if err != nil {
		return h.refused(r, err)
	}
	v, err := h.deskOf(r, c)
	if err != nil {
		return err
	}
	v.Clear, v.Answers = true, answerLines(r, c, true)
	return r.Render("licensing/desk", v)
}

// caseFile sends an uploaded material; the look is audited.
func (h *Pages) caseFile(r *web.Request) error {
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

// limitView is a clock of the case in words.
type limitView struct {
	Title       string
	Lamp        lamp
	Due         kernel.Date
	Used, Total int
	Paused      bool
	Provisional bool
	Natural     bool
	Note        string
	Days        []ui.Day
}

// limits are the clocks side by side.
func limits(r *web.Request, c *CaseView) []limitView {
	var out []limitView
	if c.Acceptance != nil {
		out = append(out, limitOf(r, c, *c.Acceptance))
	}
	for _, k := range c.Clocks {
		out = append(out, limitOf(r, c, k))
	}
	if c.Desk != nil {
		out = append(out, limitOf(r, c, *c.Desk))
	}
	return out
}

func limitOf(r *web.Request, c *CaseView, k rule.Clock) limitView {
	s := k.State
	v := limitView{Title: r.T("licensing.clock." + string(k.Kind)), Due: s.Due, Used: s.Used, Total: s.Total, Paused: s.Paused && !s.Stopped, Provisional: s.Provisional,
		Natural: k.Limit.Unit != "wd", Note: sourceLine(k.Source)}
	switch {
	case s.Stopped && s.Overdue:
		v.Lamp = lamp{"bad", "licensing.lamp.stopped_late", 0}
	case s.Stopped:
		v.Lamp = lamp{"good", "licensing.lamp.stopped", 0}
	case s.Paused:
		v.Lamp = lamp{"calm", "licensing.lamp.paused", 0}
	case v.Natural:
		v.Lamp = lampOf(s.Due, c.Today, false, soonWithin)
	case s.Overdue:
		v.Lamp = workingLamp(min(s.Left, -1))
	default:
		v.Lamp = workingLamp(s.Left)
	}
	for _, d := range s.Days {
		note := d.Note
		if word := causeWord(c.Rule, note); word != "" {
			note = word
		}
		v.Days = append(v.Days, ui.Day{Date: d.Date, Counted: d.Counted, N: d.N, Why: r.T("deadline.why."+d.Why, "note", note)})
	}
	return v
}

// sourceLine names the law that a limit comes from.
func sourceLine(s rule.Source) string {
	if s.Law == "" {
		return ""
	}
	return "《" + s.Law + "》" + s.Clause
}

// waypoint is a desk of the case's way.
type waypoint struct {
	Step  Step
	State string // "done", "now", "later"
	Due   kernel.Date
	Late  bool
}

// waypoints are the desks in order, with when each should be done.
func waypoints(r *web.Request, c *CaseView) []waypoint {
	due := map[Step]kernel.Date{}
	for _, d := range c.Desks {
		due[Step(d.Step)] = d.Due
	}
	way := append(append([]Step{Intake}, c.Chain...), Make, Deliver, Archive)
	at := -1
	for i, s := range way {
		if s == c.Step {
			at = i
		}
	}
	if c.Step == Done {
		at = len(way)
	}
	out := make([]waypoint, len(way))
	for i, s := range way {
		state := "later"
		switch {
		case i < at:
			state = "done"
		case i == at:
			state = "now"
		}
		out[i] = waypoint{s, state, due[s], state == "now" && !due[s].IsZero() && r.Today().After(due[s])}
	}
	return out
}

// answerLine is an answer of the form as the page shows it.
type answerLine struct {
	Path, Label, Value string
	Heading, Hidden    bool // Hidden: the value is masked
	Level              int
}

// answerLines are the form's answers; personal ones are masked unless clear.
func answerLines(r *web.Request, c *CaseView, clear bool) []answerLine {
	rows := c.Form.Summary(r.Texts(), r.Lang, c.Data)
	out := make([]answerLine, len(rows))
	for i, row := range rows {
		out[i] = answerLine{Path: row.Path, Label: rowLabel(r, row), Value: row.Value, Heading: row.Heading, Level: row.Level}
		if row.Sensitive && !clear && row.Value != "" {
			out[i].Value, out[i].Hidden = masked(row.Value), true
		}
	}
	return out
}

func rowLabel(r *web.Request, row form.Row) string {
	label := r.Text(row.Title)
	if row.Number > 0 {
		label += " " + strconv.Itoa(row.Number)
	}
	return label
}

// masked hides most of a personal value, whatever it is.
func masked(s string) string {
	digits := strings.Trim(s, "0123456789Xx") == ""
	switch n := len([]rune(s)); {
	case digits && n >= 15:
		return personal.MaskIDNumber(s)
	case digits:
		return personal.MaskPhone(s)
	case n <= 4:
		return personal.MaskName(s)
	}
	return personal.MaskAddress(s)
}

// materialLine is a material of the item with what was handed in.
type materialLine struct {
	rule.Material
	Needed   bool
	Files    []File // current ones
	Replaced []File
}

func materialLines(c *CaseView) []materialLine {
	out := make([]materialLine, 0, len(c.Rule.Materials))
	for _, m := range c.Rule.Materials {
		l := materialLine{Material: m, Needed: m.Needed(c.Data)}
		for _, f := range c.Files {
			switch {
			case f.Material != m.ID:
			case f.State == "current":
				l.Files = append(l.Files, f)
			default:
				l.Replaced = append(l.Replaced, f)
			}
		}
		if l.Needed || len(l.Files)+len(l.Replaced) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// story is what happened, the newest first.
func story(r *web.Request, c *CaseView, log []LogLine) []ui.Step {
	out := make([]ui.Step, 0, len(log))
	for i := len(log) - 1; i >= 0; i-- {
		l := log[i]
		out = append(out, ui.Step{At: l.At, By: l.ActorName, Title: r.T("licensing.log." + l.Act), Text: noteText(r, c, l), Tone: storyTone(l.Act)})
	}
	return out
}

// noteText puts the notes that are codes into words.
func noteText(r *web.Request, c *CaseView, l LogLine) string {
	switch l.Act {
	case "pass_on":
		step, verdict, _ := strings.Cut(l.Note, ": ")
		return r.T("licensing.step."+step) + " · " + r.T("licensing.verdict."+verdict)
	case "decide":
		return r.T("licensing.state." + l.Note)
	case "pause":
		if word := causeWord(c.Rule, l.Note); word != "" {
			return word
		}
	case "correct":
		return r.T("licensing.log.faults", "n", l.Note)
	case "ask_extension", "answer_extension":
		if l.Note != "" {
			return r.T("licensing.log.days", "n", l.Note)
		}
	}
	return l.Note
}

func storyTone(act string) string {
	switch act {
	case "accept", "deemed_accepted", "decide", "confirm_check", "deficit_met", "pledge_met":
		return "good"
	case "correct", "pause", "refuse_check", "ask_extension", "return":
		return "warn"
	case "turn_away", "deficit_failed", "pledge_failed", "withdraw":
		return "bad"
	}
	return "calm"
}

// changedSince is what stands in the story after an instant in micros.
func changedSince(r *web.Request, c *CaseView, seen int64) []ui.Step {
	var since []LogLine
	for _, l := range c.Log {
		if l.At.After(time.UnixMicro(seen)) {
			since = append(since, l)
		}
	}
	return story(r, c, since)
}
