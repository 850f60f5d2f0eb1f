package deadline

import (
	"fmt"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// Unit is what a limit counts.
type Unit string

// The units.
const (
	WorkingDays Unit = "wd"
	NaturalDays Unit = "natural"
)

// Roll says where a period ends whose last natural day is off.
type Roll string

// The roll rules. The zero value is RollNext.
const (
	RollNext Roll = ""     // on the next working day
	RollNone Roll = "none" // on that day all the same
)

// Limit is a period of N days. N = 0 is "the same day": the period ends on
// the starting day, or on the next working day when that is off.
type Limit struct {
	N    int  `json:"n"`
	Unit Unit `json:"unit"`
	Roll Roll `json:"roll,omitempty"`
}

// MaxDays bounds a limit and its extensions together.
const MaxDays = 10000

// Kind is what an event does to the clock.
type Kind string

// The kinds of event.
const (
	Start  Kind = "start"  // the first event: counting begins on the next day
	Pause  Kind = "pause"  // from this day on nothing counts
	Resume Kind = "resume" // this day counts again
	Extend Kind = "extend" // the limit grows by N days of its unit
	Stop   Kind = "stop"   // decided: time used is frozen
)

// Event is one thing that happened to a clock. Cause is the reason code of a
// pause or an extension ("expert-review"); N is for Extend.
type Event struct {
	Kind  Kind        `json:"kind"`
	On    kernel.Date `json:"on"`
	Cause string      `json:"cause,omitempty"`
	N     int         `json:"n,omitempty"`
}

// Day is one day of a clock: whether it counted, as which day of the limit,
// and why (a Why constant); Note is the holiday or the cause of the pause.
type Day struct {
	Date    kernel.Date `json:"date"`
	Counted bool        `json:"counted"`
	N       int         `json:"n,omitempty"`
	Why     string      `json:"why"`
	Note    string      `json:"note,omitempty"`
}

// Reason is Why with its note for commands, "holiday: 春节".
func (d Day) Reason() string {
	why := strings.ReplaceAll(d.Why, "_", " ")
	if d.Note == "" {
		return why
	}
	return why + ": " + d.Note
}

// State is a clock as seen on a day.
//
// Used counts the days of the limit up to and including today (up to the stop
// once stopped), so it is the number of today's day; Left is Total − Used: 0
// on the due day, negative once days of the unit have passed after it.
type State struct {
	Start       kernel.Date
	Total       int         // the limit with its extensions
	Due         kernel.Date // to its end; zero while a pause is open
	Provisional bool        // the due date rests on a year whose notice is not loaded
	Paused      bool        // a pause is open
	Stopped     bool
	Overdue     bool // the due date had passed on the day of the reading, or when the clock was stopped
	Used, Left  int
	Days        []Day // from the start to the due date; with an open pause to today or the pause's first day, the later
}

// span is a pause: from … to−1 are taken out; a zero to is open.
type span struct {
	from, to kernel.Date
	cause    string
}

func (s span) covers(d kernel.Date) bool {
	return !d.Before(s.from) && (s.to.IsZero() || d.Before(s.to))
}

// timeline is what the events amount to.
type timeline struct {
	start  kernel.Date
	stop   kernel.Date
	total  int
	pauses []span
}

// Compute runs a limit over its events, as read on today (the zero date:
// nothing is used yet). Events come in order of time, the start first; one
// pause is open at a time, so a case with two causes at once opens the pause
// with the first and resumes with the last. A wrong limit or event is an
// Invalid error whose fields are "limit.n" or "events.2.on".
//
// The rules (行政许可法 art. 45, 82): a limit of N days that starts on day D
// counts from the next day, the N-th counted day is the due day, to its end.
// A pause from P with resumption on R takes the days P … R−1 out. Natural
// days count without the calendar; if the last one is off, the period ends on
// the next working day that no pause takes out.
func Compute(cal *Calendar, limit Limit, events []Event, today kernel.Date) (State, error) {
	line, err := read(limit, events)
	if err != nil {
		return State{}, err
	}
	w := walk{cal: cal, unit: limit.Unit, line: line}
	w.run(limit.Roll, today)
	s := State{
		Start: line.start, Total: line.total, Due: w.due, Provisional: w.provisional,
		Paused: line.stop.IsZero() && line.open(), Stopped: !line.stop.IsZero(), Days: w.days,
	}
	asOf := line.asOf(today)
	s.Overdue = !s.Due.IsZero() && asOf.After(s.Due)
	s.Used = w.used(asOf)
	s.Left = line.total - s.Used
	return s, nil
}

// read checks the limit and the events and gathers what they amount to.
func read(limit Limit, events []Event) (timeline, error) {
	var c kernel.Check
	limit.check(&c)
	line := timeline{total: limit.N}
	if len(events) == 0 {
		c.Add("events", "required", "")
	}
	for i, e := range events {
		if i > 0 && e.On.Before(events[i-1].On) {
			c.Add(at(i, "on"), "deadline_order", e.On.String(), "after", events[i-1].On.String())
		}
		line.take(&c, i, e)
	}
	if line.total > MaxDays {
		c.Add("limit.n", "too_large", strconv.Itoa(line.total), "max", MaxDays)
	}
	return line, c.Err()
}

// Check reports an unknown unit or roll rule and a number of days outside
// 0 … MaxDays, as fields "limit.unit", "limit.roll", "limit.n".
func (l Limit) Check() error {
	var c kernel.Check
	l.check(&c)
	return c.Err()
}

func (l Limit) check(c *kernel.Check) {
	if l.Unit != WorkingDays && l.Unit != NaturalDays {
		c.Add("limit.unit", "choice", string(l.Unit))
	}
	if l.Roll != RollNext && l.Roll != RollNone {
		c.Add("limit.roll", "choice", string(l.Roll))
	}
	if l.N < 0 || l.N > MaxDays {
		c.Add("limit.n", "range", strconv.Itoa(l.N), "min", 0, "max", MaxDays)
	}
}

// firstYear and lastYear bound the dates of events: outside them a date is a
// slip of the pen.
const firstYear, lastYear = 1970, 2199

func (l *timeline) take(c *kernel.Check, i int, e Event) {
	if e.On.IsZero() || e.On.Year() < firstYear || e.On.Year() > lastYear {
		c.Add(at(i, "on"), "range", e.On.String(), "min", firstYear, "max", lastYear)
	}
	if fault := l.fault(i, e); fault != "" {
		c.Add(at(i, "kind"), fault, string(e.Kind))
		return
	}
	switch e.Kind {
	case Start:
		l.start = e.On
	case Pause:
		l.pauses = append(l.pauses, span{from: e.On, cause: e.Cause})
	case Resume:
		l.pauses[len(l.pauses)-1].to = e.On
	case Stop:
		l.stop = e.On
	case Extend:
		if e.N < 1 || e.N > MaxDays {
			c.Add(at(i, "n"), "range", strconv.Itoa(e.N), "min", 1, "max", MaxDays)
			return
		}
		l.total = min(l.total+e.N, MaxDays+1)
	}
}

// open reports whether the last pause has not ended.
func (l *timeline) open() bool {
	return len(l.pauses) > 0 && l.pauses[len(l.pauses)-1].to.IsZero()
}

// asOf is the day on which the clock is read: today, or the stop before it;
// without a today, the start or the stop.
func (l *timeline) asOf(today kernel.Date) kernel.Date {
	switch {
	case !l.stop.IsZero() && (today.IsZero() || l.stop.Before(today)):
		return l.stop
	case today.IsZero():
		return l.start
	}
	return today
}

// pause returns the pause that takes d out.
func (l *timeline) pause(d kernel.Date) (span, bool) {
	for _, p := range l.pauses {
		if p.covers(d) {
			return p, true
		}
	}
	return span{}, false
}

// fault returns the rule that an event breaks by its place, "" for none.
func (l *timeline) fault(i int, e Event) string {
	switch {
	case e.Kind != Start && e.Kind != Pause && e.Kind != Resume && e.Kind != Extend && e.Kind != Stop:
		return "choice"
	case i == 0 && e.Kind != Start:
		return "deadline_start_first"
	case i > 0 && e.Kind == Start:
		return "deadline_started_twice"
	case !l.stop.IsZero():
		return "deadline_after_stop"
	case e.Kind == Pause && l.open():
		return "deadline_already_paused"
	case e.Kind == Resume && !l.open():
		return "deadline_not_paused"
	}
	return ""
}

func at(i int, field string) string { return fmt.Sprintf("events.%d.%s", i, field) }
