package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// licensingCommand answers questions about the rules of licensing.
func licensingCommand(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return fail(stderr, kernel.Bad("licensing", "required", "items | due"))
	}
	switch args[0] {
	case "items":
		return licensingItems(args[1:], stdout, stderr)
	case "due":
		return licensingDue(args[1:], stdout, stderr)
	case "help", "-h", "--help", "-help":
		fmt.Fprintln(stdout, "usage: anlan licensing items | due\n\nanlan licensing items --help and anlan licensing due --help list their flags.")
		return exitYes
	}
	return fail(stderr, kernel.Bad("licensing", "unknown", args[0]))
}

// itemJSON is an item with the version in force.
type itemJSON struct {
	ID          string          `json:"id"`
	Category    string          `json:"category"`
	Group       string          `json:"group"`
	Kind        rule.Kind       `json:"kind"`
	Title       kernel.Text     `json:"title"`
	RuleVersion string          `json:"rule_version"`
	From        kernel.Date     `json:"effective_from"`
	To          kernel.Date     `json:"effective_to,omitzero"`
	Confidence  rule.Confidence `json:"confidence"`
	Who         []rule.Who      `json:"who"`
	Start       rule.StartEvent `json:"start"`
	Statutory   deadline.Limit  `json:"statutory"`
	Promised    *deadline.Limit `json:"promised"`
	Years       int             `json:"validity_years"`
	Officers    int             `json:"site_check_officers"`
	Source      rule.Source     `json:"source"`
}

// licensingItems lists the items with the version in force on a date.
func licensingItems(args []string, stdout, stderr io.Writer) int {
	var on single
	fs := newFlags("licensing items", "licensing items [--on DATE] [--json]")
	fs.Var(&on, "on", "the versions in force on this `DATE`; today when not given")
	asJSON := fs.Bool("json", false, "write one JSON object")
	if code, done := parseFlags(fs, args, stdout, stderr); done {
		return code
	}
	var c kernel.Check
	noArguments(&c, fs)
	on.once(&c, "on", false)
	day := dateFlag(&c, "--on", on.value)
	if err := c.Err(); err != nil {
		return fail(stderr, err)
	}
	if on.times == 0 {
		day = kernel.DateOf(kernel.SystemClock{}.Now())
	}
	items := itemsOn(rule.Shipped(), day)
	if *asJSON {
		return writeJSON(stdout, stderr, struct {
			Items []itemJSON `json:"items"`
		}{items})
	}
	for _, it := range items {
		fmt.Fprintf(stdout, "%-30s %3d %-7s from %-10s %s  %s\n", it.ID, it.Statutory.N, it.Statutory.Unit, it.Start, it.Confidence, it.Title.ZH)
	}
	return exitYes
}

func itemsOn(cat *rule.Catalogue, day kernel.Date) []itemJSON {
	items := []itemJSON{}
	for _, it := range cat.Items() {
		v, ok := it.At(day)
		if !ok {
			continue // nothing in force: not yet, or no longer
		}
		j := itemJSON{ID: it.ID, Category: it.Category, Group: it.Group, Kind: it.Kind, Title: it.Title, RuleVersion: v.ID,
			From: v.EffectiveFrom, To: v.EffectiveTo, Confidence: v.Confidence(), Who: v.Who, Start: v.Start, Statutory: v.Statutory.Limit,
			Years: v.Validity.Years, Officers: v.SiteCheck.Officers, Source: v.Source}
		if v.Promised != nil {
			j.Promised = &v.Promised.Limit
		}
		items = append(items, j)
	}
	return items
}

// dueQuestion is a case as the command line tells it.
type dueQuestion struct {
	item     *rule.Item
	received kernel.Date
	events   []caseEvent
	receipt  kernel.Date // the day complete material was there
}

// caseEvent is one --event.
type caseEvent struct {
	text string // as typed
	kind string // accepted, pause, resume, supplemented, extend
	on   kernel.Date
	rest string
	n    int
}

const dueUsage = "licensing due --item ID --received TIME [--event EVENT]... [--data DIR] [--json]"

// licensingDue tells when a case is due under the rules it follows.
func licensingDue(args []string, stdout, stderr io.Writer) int {
	var item, received, data single
	var events many
	fs := newFlags("licensing due", dueUsage)
	fs.Var(&item, "item", "the `ID` of the item, as in anlan licensing items")
	fs.Var(&received, "received", "when the material came: a date or a date and `TIME`, in Asia/Shanghai unless a zone is given")
	fs.Var(&events, "event", "what happened since, in order of time; repeatable: accepted:DATE, supplemented:DATE, pause:DATE:CAUSE, resume:DATE, extend:DATE:DAYS. Without accepted, a limit from acceptance starts at receipt: silence is acceptance (行政许可法 art. 32)")
	fs.Var(&data, "data", "use the calendar rows of this data `DIR`")
	asJSON := fs.Bool("json", false, "write one JSON object")
	if code, done := parseFlags(fs, args, stdout, stderr); done {
		return code
	}
	var c kernel.Check
	noArguments(&c, fs)
	data.once(&c, "data", false)
	q := readDue(&c, &item, &received, events)
	if err := c.Err(); err != nil {
		return fail(stderr, err)
	}
	cal, err := calendarOf(data.value)
	if err != nil {
		return fail(stderr, err)
	}
	a, err := q.answer(rule.Shipped(), cal)
	if err != nil {
		return fail(stderr, err)
	}
	if *asJSON {
		return writeJSON(stdout, stderr, a)
	}
	a.writeText(stdout)
	return exitYes
}

// readDue checks every flag and gathers the case.
func readDue(c *kernel.Check, item, received *single, events many) dueQuestion {
	var q dueQuestion
	item.once(c, "item", true)
	received.once(c, "received", true)
	if item.value != "" {
		it, ok := rule.Shipped().ItemByID(item.value)
		if !ok {
			c.Add("--item", "unknown", item.value)
		}
		q.item = it
	}
	if received.value != "" {
		q.received = receivedFlag(c, received.value)
	}
	for _, text := range events {
		if e, ok := readCaseEvent(c, text); ok {
			q.events = append(q.events, e)
		}
	}
	q.checkOrder(c)
	return q
}

// receivedFlag reads when the material came: the legal date is what the
// calendar in Shanghai shows.
func receivedFlag(c *kernel.Check, value string) kernel.Date {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, value, kernel.Shanghai); err == nil {
			return dateFlag(c, "--received", kernel.DateOf(t).String())
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, value); err == nil {
			return dateFlag(c, "--received", kernel.DateOf(t).String())
		}
	}
	c.Add("--received", "time", value)
	return kernel.Date{}
}

func readCaseEvent(c *kernel.Check, text string) (caseEvent, bool) {
	parts := strings.SplitN(text, ":", 3)
	e := caseEvent{text: text, kind: parts[0]}
	if !slices.Contains([]string{"accepted", "supplemented", "pause", "resume", "extend"}, e.kind) {
		c.Add("--event", "unknown", text)
		return e, false
	}
	if len(parts) < 2 {
		c.Add("--event", "date", text)
		return e, false
	}
	on, err := kernel.ParseDate(parts[1])
	if err != nil || on.Year() < 1971 || on.Year() > 2198 {
		c.Add("--event", "date", text)
		return e, false
	}
	e.on = on
	if len(parts) == 3 {
		e.rest = parts[2]
	}
	return e, e.checkRest(c)
}

// checkRest checks what follows the date: the cause of a pause, the days of
// an extension, nothing else.
func (e *caseEvent) checkRest(c *kernel.Check) bool {
	switch e.kind {
	case "pause":
		if e.rest == "" {
			c.Add("--event", "cause", e.text)
			return false
		}
	case "extend":
		n, err := strconv.Atoi(e.rest)
		if err != nil || n < 1 || n > deadline.MaxDays {
			c.Add("--event", "days", e.text)
			return false
		}
		e.n = n
	default:
		if strings.Count(e.text, ":") > 1 {
			c.Add("--event", "unexpected", e.text)
			return false
		}
	}
	return true
}

// checkOrder refuses events out of time or out of sense, and finds the day of
// complete material.
func (q *dueQuestion) checkOrder(c *kernel.Check) {
	last, accepted := q.received, false
	q.receipt = q.received
	for _, e := range q.events {
		switch {
		case e.on.Before(last):
			c.Add("--event", "order", e.text)
		case e.kind == "accepted" && accepted:
			c.Add("--event", "repeated", e.text)
		case e.kind == "supplemented" && accepted:
			c.Add("--event", "after_acceptance", e.text)
		case e.kind == "supplemented":
			q.receipt = e.on
		}
		accepted = accepted || e.kind == "accepted"
		last = e.on
	}
}
