package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// deadlineFlags are the flags of anlan deadline as they were typed.
type deadlineFlags struct {
	start, working, natural single
	data                    single
	pauses                  many
	json                    bool
}

// single is a flag that may be given once; many one that repeats.
type (
	single struct {
		value string
		times int
	}
	many []string
)

func (s *single) String() string     { return s.value }
func (s *single) Set(v string) error { s.value, s.times = v, s.times+1; return nil }
func (m *many) String() string       { return strings.Join(*m, " ") }
func (m *many) Set(v string) error   { *m = append(*m, v); return nil }

// once reports a flag that was given twice, and a required one that was not.
func (s *single) once(c *kernel.Check, name string, required bool) {
	if s.times > 1 {
		c.Add("--"+name, "repeated", s.value)
	}
	if s.times > 0 && s.value == "" || required && s.times == 0 {
		c.Add("--"+name, "required", "")
	}
}

// deadlineCommand tells when a limit ends, day by day.
func deadlineCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	var f deadlineFlags
	fs := newFlags("deadline", "deadline --start DATE (--working-days N | --natural-days N) [--pause FROM:RESUMED]... [--data DIR] [--json]")
	fs.Var(&f.start, "start", "the `DATE` on which the limit starts; counting begins on the next day")
	fs.Var(&f.working, "working-days", "the limit in working days, make-up workdays included")
	fs.Var(&f.natural, "natural-days", "the limit in natural days; when the last one is off it ends on the next working day")
	fs.Var(&f.pauses, "pause", "a pause as `FROM:RESUMED`: the days from FROM to the one before RESUMED are not counted; repeatable")
	fs.Var(&f.data, "data", "use the calendar rows of this data `DIR` over the embedded ones")
	fs.BoolVar(&f.json, "json", false, "write one JSON object")
	if code, done := parseFlags(fs, args, stdout, stderr); done {
		return code
	}
	limit, events, err := f.read(fs)
	if err != nil {
		return fail(stderr, err)
	}
	cal, err := calendarOf(f.data.value)
	if err != nil {
		return fail(stderr, err)
	}
	state, err := deadline.Compute(cal, limit, events, kernel.Date{})
	if err != nil {
		return fail(stderr, err)
	}
	return f.write(stdout, stderr, limit, state)
}

// read checks every flag and reports all that are wrong.
func (f *deadlineFlags) read(fs *flag.FlagSet) (deadline.Limit, []deadline.Event, error) {
	var c kernel.Check
	noArguments(&c, fs)
	f.start.once(&c, "start", true)
	f.data.once(&c, "data", false)
	start := dateFlag(&c, "--start", f.start.value)
	limit := f.limit(&c)
	events := append([]deadline.Event{{Kind: deadline.Start, On: start}}, f.pauseEvents(&c, start)...)
	return limit, events, c.Err()
}

func (f *deadlineFlags) limit(c *kernel.Check) deadline.Limit {
	f.working.once(c, "working-days", false)
	f.natural.once(c, "natural-days", false)
	working := deadline.Limit{N: daysFlag(c, "--working-days", f.working.value), Unit: deadline.WorkingDays}
	natural := deadline.Limit{N: daysFlag(c, "--natural-days", f.natural.value), Unit: deadline.NaturalDays}
	switch {
	case f.natural.times == 0 && f.working.times == 0:
		c.Add("--working-days", "required", "")
	case f.natural.times == 0:
		return working
	case f.working.times > 0:
		c.Add("--natural-days", "conflict", f.natural.value)
	}
	return natural
}

// pauseEvents sorts the pauses and refuses those that overlap.
func (f *deadlineFlags) pauseEvents(c *kernel.Check, start kernel.Date) []deadline.Event {
	type pause struct {
		text      string
		from, end kernel.Date
	}
	var pauses []pause
	for _, text := range f.pauses {
		from, end, ok := strings.Cut(text, ":")
		a, errA := kernel.ParseDate(from)
		b, errB := kernel.ParseDate(end)
		switch {
		case !ok || errA != nil || errB != nil:
			c.Add("--pause", "date_range", text)
		case b.Before(a):
			c.Add("--pause", "order", text)
		case !start.IsZero() && a.Before(start):
			c.Add("--pause", "before_start", text)
		default:
			pauses = append(pauses, pause{text, a, b})
		}
	}
	slices.SortStableFunc(pauses, func(a, b pause) int { return a.from.Sub(b.from) })
	var events []deadline.Event
	for i, p := range pauses {
		if i > 0 && p.from.Before(pauses[i-1].end) {
			c.Add("--pause", "overlap", p.text)
		}
		events = append(events, deadline.Event{Kind: deadline.Pause, On: p.from}, deadline.Event{Kind: deadline.Resume, On: p.end})
	}
	return events
}

func (f *deadlineFlags) write(stdout, stderr io.Writer, limit deadline.Limit, s deadline.State) int {
	if !f.json {
		writeClockText(stdout, s)
		return exitYes
	}
	answer := struct {
		Start       kernel.Date `json:"start"`
		Working     *int        `json:"working_days,omitempty"`
		Natural     *int        `json:"natural_days,omitempty"`
		Due         kernel.Date `json:"due"`
		Provisional bool        `json:"provisional"`
		Days        []dayJSON   `json:"days"`
	}{Start: s.Start, Due: s.Due, Provisional: s.Provisional, Days: daysJSON(s)}
	if limit.Unit == deadline.NaturalDays {
		answer.Natural = &limit.N
	} else {
		answer.Working = &limit.N
	}
	return writeJSON(stdout, stderr, answer)
}

// dayJSON is one day of a clock as the commands write it.
type dayJSON struct {
	Date    kernel.Date `json:"date"`
	Counted bool        `json:"counted"`
	Why     string      `json:"why"`
}

func daysJSON(s deadline.State) []dayJSON {
	days := make([]dayJSON, len(s.Days))
	for i, d := range s.Days {
		days[i] = dayJSON{d.Date, d.Counted, d.Reason()}
	}
	return days
}

func writeClockText(w io.Writer, s deadline.State) {
	due := s.Due.String()
	if s.Due.IsZero() {
		due = "none while the pause is open"
	}
	fmt.Fprintf(w, "due  %s\n", due)
	if s.Provisional {
		fmt.Fprintln(w, "provisional: the holidays of a year on the way are not loaded")
	}
	for _, d := range s.Days {
		n := ""
		if d.Counted {
			n = strconv.Itoa(d.N)
		}
		fmt.Fprintf(w, "%s %4s  %s\n", d.Date, n, d.Reason())
	}
}

func writeJSON(stdout, stderr io.Writer, v any) int {
	enc := json.NewEncoder(stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fail(stderr, err)
	}
	return exitYes
}

func noArguments(c *kernel.Check, fs *flag.FlagSet) {
	for _, a := range fs.Args() {
		c.Add("arguments", "unexpected", a)
	}
}

// dateFlag reads a date; "" is left to the check of what is required.
func dateFlag(c *kernel.Check, name, value string) kernel.Date {
	if value == "" {
		return kernel.Date{}
	}
	d, err := kernel.ParseDate(value)
	switch {
	case err != nil:
		c.Add(name, "date", value)
	case d.Year() < 1971 || d.Year() > 2198:
		c.Add(name, "range", value)
	}
	return d
}

func daysFlag(c *kernel.Check, name, value string) int {
	n, err := strconv.Atoi(value)
	switch {
	case value == "":
	case err != nil && !errors.Is(err, strconv.ErrRange):
		c.Add(name, "integer", value)
	case err != nil || n < 1 || n > deadline.MaxDays:
		c.Add(name, "range", value)
	}
	return n
}

// calendarOf returns the embedded calendar with the administrators' rows of a
// data directory over it; "" is the embedded one. The database is opened
// read-only: a running platform is not disturbed.
func calendarOf(dir string) (*deadline.Calendar, error) {
	if dir == "" {
		return deadline.Embedded(), nil
	}
	path, err := filepath.Abs(filepath.Join(dir, "anlan.db"))
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return nil, kernel.Bad("--data", "no_database", dir)
	}
	query := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}}
	d, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var tables int
	ctx := context.Background()
	err = d.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'deadline_days'`).Scan(&tables)
	if err != nil || tables == 0 {
		return nil, &kernel.Error{Kind: kernel.Invalid, Key: "error.invalid", Err: err,
			Fields: []kernel.FieldError{{Field: "--data", Rule: "not_anlan", Value: dir}}}
	}
	return deadline.Load(ctx, d)
}
