package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// dueAnswer is the JSON of anlan licensing due.
type dueAnswer struct {
	Item        string      `json:"item"`
	RuleVersion string      `json:"rule_version"`
	Clocks      []clockJSON `json:"clocks"`
	Steps       []stepJSON  `json:"steps"`

	states []deadline.State
}

type clockJSON struct {
	Kind        rule.ClockKind `json:"kind"`
	Start       kernel.Date    `json:"start"`
	Due         *kernel.Date   `json:"due"` // null while a pause is open
	Provisional bool           `json:"provisional"`
	Days        []dayJSON      `json:"days"`
}

type stepJSON struct {
	Step string       `json:"step"`
	Due  *kernel.Date `json:"due"`
}

// answer finds the version the case follows and runs its clocks.
func (q *dueQuestion) answer(cat *rule.Catalogue, cal *deadline.Calendar) (*dueAnswer, error) {
	first, ok := cat.VersionAt(q.item.ID, q.received)
	if !ok {
		return nil, kernel.Bad("--received", "no_rules_yet", q.received.String())
	}
	v, err := q.follows(cat, cal, first)
	if err != nil {
		return nil, err
	}
	events, err := q.clockEvents(v)
	if err != nil {
		return nil, err
	}
	clocks, err := v.Clocks(cal, events, kernel.Date{})
	if err != nil {
		return nil, q.explain(err)
	}
	steps, err := v.StepDues(cal, q.receipt, events)
	if err != nil {
		return nil, q.explain(err)
	}
	a := &dueAnswer{Item: q.item.ID, RuleVersion: v.ID, Clocks: []clockJSON{}, Steps: []stepJSON{}}
	for _, c := range clocks {
		if c.Kind != rule.Internal {
			a.Clocks = append(a.Clocks, clockJSON{c.Kind, c.State.Start, orNull(c.State.Due), c.State.Provisional, daysJSON(c.State)})
			a.states = append(a.states, c.State)
		}
	}
	for _, s := range steps {
		a.Steps = append(a.Steps, stepJSON{s.Step, orNull(s.Due)})
	}
	return a, nil
}

// follows lets later versions take the case over while it runs: until it is
// due under the version it began with, or to today while a pause is open.
func (q *dueQuestion) follows(cat *rule.Catalogue, cal *deadline.Calendar, first *rule.Version) (*rule.Version, error) {
	events, err := q.clockEvents(first)
	if err != nil {
		return nil, err
	}
	clocks, err := first.Clocks(cal, events, kernel.Date{})
	if err != nil {
		return nil, q.explain(err)
	}
	until := clocks[0].State.Due
	if until.IsZero() {
		until = kernel.DateOf(kernel.SystemClock{}.Now())
	}
	v, _ := cat.VersionFor(q.item.ID, q.received, until)
	return v, nil
}

// clockEvents turns what happened into what a clock counts, and refuses what
// the version does not allow.
func (q *dueQuestion) clockEvents(v *rule.Version) ([]deadline.Event, error) {
	var c kernel.Check
	start := q.receipt
	var out []deadline.Event
	extended, times := 0, 0
	for _, e := range q.events {
		switch e.kind {
		case "accepted":
			if !v.StartsAtReceipt() {
				start = e.on
			}
		case "pause":
			if !v.Excludes(e.rest) {
				c.Add("--event", "not_excluded", e.text)
			}
			out = append(out, deadline.Event{Kind: deadline.Pause, On: e.on, Cause: e.rest})
		case "resume":
			out = append(out, deadline.Event{Kind: deadline.Resume, On: e.on})
		case "extend":
			extended, times = extended+e.n, times+1
			if x := v.Extension; x == nil {
				c.Add("--event", "no_extension", e.text)
			} else if extended > x.Days || times > x.Times {
				c.Add("--event", "extension_too_long", e.text)
			}
			out = append(out, deadline.Event{Kind: deadline.Extend, On: e.on, N: e.n})
		}
	}
	return append([]deadline.Event{{Kind: deadline.Start, On: start}}, out...), c.Err()
}

// explain names the --event behind a fault of the clock.
func (q *dueQuestion) explain(err error) error {
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		return err
	}
	var counted []caseEvent // those behind events 1, 2, …; 0 is the start
	for _, x := range q.events {
		if x.kind != "accepted" && x.kind != "supplemented" {
			counted = append(counted, x)
		}
	}
	var c kernel.Check
	for _, f := range e.Fields {
		parts := strings.Split(f.Field, ".")
		if n, err := strconv.Atoi(parts[min(1, len(parts)-1)]); err == nil && n >= 1 && n <= len(counted) {
			f.Field, f.Rule, f.Value = "--event", strings.TrimPrefix(f.Rule, "deadline_"), counted[n-1].text
		}
		c.Fields = append(c.Fields, f)
	}
	return c.Err()
}

func orNull(d kernel.Date) *kernel.Date {
	if d.IsZero() {
		return nil
	}
	return &d
}

func (a *dueAnswer) writeText(w io.Writer) {
	fmt.Fprintf(w, "item  %s\nrules %s\n", a.Item, a.RuleVersion)
	for i, c := range a.Clocks {
		fmt.Fprintf(w, "\n%s, from %s\n", c.Kind, c.Start)
		writeClockText(w, a.states[i])
	}
	fmt.Fprintln(w, "\nsteps")
	for _, s := range a.Steps {
		due := "none while the pause is open"
		if s.Due != nil {
			due = s.Due.String()
		}
		fmt.Fprintf(w, "%-8s %s\n", s.Step, due)
	}
}
