package deadline

import (
	_ "embed"
	"maps"
	"sync"
	"time"

	"anlan/internal/kernel"
)

// DayType is what a calendar row says about its date.
type DayType string

// The types of calendar row.
const (
	Off  DayType = "off"  // a day off by notice
	Work DayType = "work" // a day worked, as a rule a weekend day in exchange (调休)
)

// Row is one dated row of the calendar.
type Row struct {
	Date   kernel.Date `json:"date"`
	Type   DayType     `json:"type"`
	Name   string      `json:"name"`   // the holiday, "春节"
	Source string      `json:"source"` // the notice, "国办发明电〔2025〕7号"
}

// The reasons a day counts or does not; Day.Why holds one of them. The text of
// each is found under the key "deadline.why."+Why, with {note}.
const (
	WhyStart   = "start"          // the day the limit starts: counting begins on the next
	WhyWorking = "working_day"    // an ordinary weekday
	WhyMakeUp  = "makeup_workday" // worked in exchange by notice
	WhyWeekend = "weekend"        // Saturday or Sunday
	WhyHoliday = "holiday"        // off by notice
	WhyPaused  = "paused"         // taken out by a pause
	WhyNatural = "natural_day"    // a natural day, counted without the calendar
	WhyRolled  = "rolled"         // after the last natural day was off: the period ends on the next working day
)

// Calendar tells working days from days off. It never changes once made and
// may be shared by goroutines.
type Calendar struct {
	base  map[kernel.Date]Row // embedded
	over  map[kernel.Date]Row // administrators' rows, which win
	known map[int]bool
}

//go:embed data/cn_holidays_2019_2026.csv
var embeddedCSV []byte

var embedded = sync.OnceValue(func() *Calendar {
	rows, faults := parse(embeddedCSV, "国务院办公厅年度节假日安排通知", func(kernel.Date) bool { return true })
	if len(faults) > 0 {
		panic("deadline: embedded calendar: " + faults[0].Error()) // a test reads it
	}
	base := make(map[kernel.Date]Row, len(rows))
	for _, r := range rows {
		base[r.Date] = r
	}
	c := &Calendar{base: base}
	c.known = c.completeYears()
	return c
})

// Embedded returns the calendar that comes with the program, 2019–2026.
func Embedded() *Calendar { return embedded() }

// With returns a calendar in which rows stand over those of c.
func (c *Calendar) With(rows []Row) *Calendar {
	n := &Calendar{base: c.base, over: maps.Clone(c.over)}
	if n.over == nil {
		n.over = make(map[kernel.Date]Row, len(rows))
	}
	for _, r := range rows {
		n.over[r.Date] = r
	}
	n.known = n.completeYears()
	return n
}

// completeYears finds the years whose notice is loaded: their New Year's Day
// and National Day, off in every year, are rows. A single correction in
// another year does not make that year known.
func (c *Calendar) completeYears() map[int]bool {
	known := map[int]bool{}
	for _, rows := range []map[kernel.Date]Row{c.base, c.over} {
		for d := range rows {
			y := d.Year()
			known[y] = c.offByNotice(kernel.NewDate(y, time.January, 1)) && c.offByNotice(kernel.NewDate(y, time.October, 1))
		}
	}
	return known
}

func (c *Calendar) offByNotice(d kernel.Date) bool {
	r, ok := c.Row(d)
	return ok && r.Type == Off
}

// Row returns the row that stands for d, if a notice or an administrator
// named it.
func (c *Calendar) Row(d kernel.Date) (Row, bool) {
	if r, ok := c.over[d]; ok {
		return r, true
	}
	r, ok := c.base[d]
	return r, ok
}

// Known reports whether the year's notice is loaded. Days of other years are
// judged by their weekday alone.
func (c *Calendar) Known(year int) bool { return c.known[year] }

// IsWorking reports whether d is a working day and why (a Why constant).
func (c *Calendar) IsWorking(d kernel.Date) (working bool, why string) {
	working, why, _ = c.look(d)
	return working, why
}

func (c *Calendar) look(d kernel.Date) (working bool, why, name string) {
	weekend := isWeekend(d)
	r, ok := c.Row(d)
	switch {
	case ok && r.Type == Off:
		return false, WhyHoliday, r.Name
	case ok && weekend:
		return true, WhyMakeUp, r.Name
	case !ok && weekend:
		return false, WhyWeekend, ""
	}
	return true, WhyWorking, ""
}

func isWeekend(d kernel.Date) bool {
	wd := d.Weekday()
	return wd == time.Saturday || wd == time.Sunday
}

// NextWorking returns d when it is a working day, else the next one.
func (c *Calendar) NextWorking(d kernel.Date) kernel.Date {
	for {
		if ok, _ := c.IsWorking(d); ok {
			return d
		}
		d = d.AddDays(1)
	}
}

// AddWorking returns the n-th working day after d (n > 0) or before d
// (n < 0); n = 0 is d itself.
func (c *Calendar) AddWorking(d kernel.Date, n int) kernel.Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.AddDays(step)
		if ok, _ := c.IsWorking(d); ok {
			n--
		}
	}
	return d
}

// WorkingBetween counts the working days after from up to and including to;
// negative when to is earlier.
func (c *Calendar) WorkingBetween(from, to kernel.Date) int {
	if to.Before(from) {
		return -c.WorkingBetween(to, from)
	}
	n := 0
	for d := from; d.Before(to); {
		d = d.AddDays(1)
		if ok, _ := c.IsWorking(d); ok {
			n++
		}
	}
	return n
}
