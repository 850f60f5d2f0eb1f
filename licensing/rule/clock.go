package rule

import (
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// ClockKind is which limit a clock runs.
type ClockKind string

// The kinds of clock.
const (
	Acceptance ClockKind = "acceptance" // to accept, refuse or name all faults
	Statutory  ClockKind = "statutory"
	Promised   ClockKind = "promised"
	Internal   ClockKind = "internal"
)

// Clock is one limit of a case as it stands. Ignored are pauses for a cause
// that the version does not exclude: they stop nothing.
type Clock struct {
	Kind    ClockKind
	Limit   deadline.Limit
	Source  Source
	State   deadline.State
	Ignored []deadline.Event
}

// Clocks returns the limits of a case: the statutory one, the promised and
// the internal where the version has them. The first event is the start; see
// StartsAtReceipt. An extension lengthens them all.
func (v *Version) Clocks(cal *deadline.Calendar, events []deadline.Event, today kernel.Date) ([]Clock, error) {
	counted, ignored := v.split(events)
	var out []Clock
	add := func(kind ClockKind, p *Period) error {
		if p == nil {
			return nil
		}
		s, err := deadline.Compute(cal, p.Limit, counted, today)
		out = append(out, Clock{Kind: kind, Limit: p.Limit, Source: p.Source, State: s, Ignored: ignored})
		return err
	}
	for _, c := range []struct {
		kind ClockKind
		p    *Period
	}{{Statutory, &v.Statutory}, {Promised, v.Promised}, {Internal, v.Internal}} {
		if err := add(c.kind, c.p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AcceptanceClock runs the limit to accept, from the day of receipt; stopped
// is the day of acceptance, refusal or the correction notice, zero for none.
func (v *Version) AcceptanceClock(cal *deadline.Calendar, received, stopped, today kernel.Date) (Clock, error) {
	events := []deadline.Event{{Kind: deadline.Start, On: received}}
	if !stopped.IsZero() {
		events = append(events, deadline.Event{Kind: deadline.Stop, On: stopped})
	}
	s, err := deadline.Compute(cal, v.AcceptWithin, events, today)
	return Clock{Kind: Acceptance, Limit: v.AcceptWithin, Source: v.acceptanceSource(), State: s}, err
}

// acceptanceSource is the law behind the limit to accept: the one that says
// what its silence means.
func (v *Version) acceptanceSource() Source {
	for _, s := range v.Silence {
		if s.On == "acceptance" {
			return s.Source
		}
	}
	return v.Source
}

// split takes out the pauses that stop nothing under this version, with the
// resumptions that end them.
func (v *Version) split(events []deadline.Event) (counted, ignored []deadline.Event) {
	dropped := false
	for _, e := range events {
		switch {
		case e.Kind == deadline.Pause && !v.Excludes(e.Cause):
			dropped = true
			ignored = append(ignored, e)
		case e.Kind == deadline.Resume && dropped:
			dropped = false
			ignored = append(ignored, e)
		default:
			counted = append(counted, e)
		}
	}
	return counted, ignored
}

// StepIDs are the desks in the order officials know (收件受理 → 审查 → 核查 →
// 审核 → 法制审核 → 集体讨论 → 审批 → 制证 → 送达 → 归档).
func StepIDs() []string {
	return []string{"intake", "review", "check", "examine", "legal", "panel", "approve", "make", "deliver", "archive"}
}

// StepDue is when a desk must be done; the zero date while a pause is open.
type StepDue struct {
	Step        string
	Title       kernel.Text
	Due         kernel.Date
	Provisional bool
}

// StepDues returns the due date of every desk. Intake counts from the receipt.
// The desks up to the decision share the time of the case: each ends when the
// limits of all before it and its own are used up, counted from where the
// statutory limit starts, pauses and extensions taken into account. What comes
// after the decision counts from the due date of the decision, or from the
// stop when it is made.
func (v *Version) StepDues(cal *deadline.Calendar, received kernel.Date, events []deadline.Event) ([]StepDue, error) {
	counted, _ := v.split(events)
	decided, counted := cutStop(counted)
	plan := stepPlan{version: v, cal: cal, received: received, counted: counted, after: decided, decided: !decided.IsZero()}
	out := make([]StepDue, 0, len(v.Steps))
	for _, s := range v.Steps {
		due, err := plan.step(s)
		if err != nil {
			return nil, err
		}
		out = append(out, due)
	}
	return out, nil
}

// DeskClock is the internal limit of a desk between acceptance and decision: the
// limits of all desks before it and its own, counted like the statutory one;
// false for other desks. An extension is the deciding desk's.
func (v *Version) DeskClock(cal *deadline.Calendar, step string, events []deadline.Event, today kernel.Date) (Clock, bool, error) {
	at, ok := v.Step(step)
	if !ok || phase(step) != "decide" || len(events) == 0 {
		return Clock{}, false, nil
	}
	limit, n := at.Limit, 0
	for _, s := range v.Steps {
		if phase(s.ID) == "decide" || phase(s.ID) == "accept" && v.StartsAtReceipt() {
			n += s.Limit.N
		}
		if s.ID == step {
			break
		}
	}
	limit.N = n
	counted, ignored := v.split(events)
	if step != "approve" {
		counted = withoutExtension(counted)
	}
	state, err := deadline.Compute(cal, limit, counted, today)
	return Clock{Kind: Internal, Limit: limit, State: state, Ignored: ignored}, true, err
}

// stepPlan walks the chain.
type stepPlan struct {
	version  *Version
	cal      *deadline.Calendar
	received kernel.Date
	counted  []deadline.Event
	used     int         // days of the case's time given to the desks so far
	after    kernel.Date // where the next desk after the decision starts
	decided  bool
}

func (p *stepPlan) step(s Step) (StepDue, error) {
	due := StepDue{Step: s.ID, Title: s.Title}
	limit, events := s.Limit, p.counted
	switch phase(s.ID) {
	case "accept":
		events = []deadline.Event{{Kind: deadline.Start, On: p.received}}
		if p.version.StartsAtReceipt() {
			p.used += s.Limit.N
		}
	case "decide":
		p.used += s.Limit.N
		limit.N = p.used
		if s.ID != "approve" {
			events = withoutExtension(events)
		}
	case "deliver":
		events = nil
		if !p.after.IsZero() {
			events = []deadline.Event{{Kind: deadline.Start, On: p.after}}
		}
	}
	if len(events) > 0 {
		state, err := deadline.Compute(p.cal, limit, events, kernel.Date{})
		if err != nil {
			return due, err
		}
		due.Due, due.Provisional = state.Due, state.Provisional
	}
	if !p.decided || phase(s.ID) == "deliver" {
		p.after = due.Due
	}
	return due, nil
}

func phase(step string) string {
	switch step {
	case "intake":
		return "accept"
	case "make", "deliver", "archive":
		return "deliver"
	}
	return "decide"
}

// cutStop takes the stop off the events and returns its day.
func cutStop(events []deadline.Event) (kernel.Date, []deadline.Event) {
	if n := len(events); n > 0 && events[n-1].Kind == deadline.Stop {
		return events[n-1].On, events[:n-1]
	}
	return kernel.Date{}, events
}

// withoutExtension leaves the time an extension adds to the deciding desk.
func withoutExtension(events []deadline.Event) []deadline.Event {
	var out []deadline.Event
	for _, e := range events {
		if e.Kind != deadline.Extend {
			out = append(out, e)
		}
	}
	return out
}
