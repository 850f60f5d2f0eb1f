package rule

import (
	"slices"
	"strconv"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// Swap says what stands for a site check in a special time.
type Swap string

// The swaps. The zero value keeps the site check.
const (
	NoSwap      Swap = ""
	SwapPromise Swap = "promise" // the applicant's promise, verified later
	SwapVideo   Swap = "video"   // a video check, verified later
)

// Prolong extends licences that end while the package runs: to a date, or by
// months from their last day; one of the two.
type Prolong struct {
	Until  kernel.Date `json:"until"`
	Months int         `json:"months,omitempty"`
}

// Special is a package of rules for a special time (特殊时期规则包), made by a
// dated notice and ended by another, as provinces did in spring 2020.
type Special struct {
	Notice       string         `json:"notice"` // its number, "津应急〔2020〕7号"
	Title        kernel.Text    `json:"title"`
	Areas        []string       `json:"areas"` // codes; a district covers its zones; empty: the whole city
	Items        []string       `json:"items"` // item ids, groups or categories; empty: all
	From         kernel.Date    `json:"from"`
	To           kernel.Date    `json:"to"` // last day; zero: until ended
	Prolong      *Prolong       `json:"prolong,omitempty"`
	SiteCheck    Swap           `json:"site_check,omitempty"`
	VerifyWithin deadline.Limit `json:"verify_within,omitzero"` // of the swapped check, from the end of the special time
	ShiftDays    int            `json:"shift_days,omitempty"`   // reminders come so many days earlier (> 0) or later
	EndedOn      kernel.Date    `json:"ended_on"`               // by another notice; zero: not yet
	EndedBy      string         `json:"ended_by,omitempty"`     // its number
}

// ParseSpecial reads a package from JSON and checks it.
func ParseSpecial(text []byte) (*Special, error) {
	var s Special
	if err := decode(text, &s); err != nil {
		return nil, err
	}
	return &s, s.Check()
}

// Check reports every broken rule of the package.
func (s *Special) Check() error {
	var c kernel.Check
	c.Text("notice", s.Notice, 80)
	c.Require("title.zh-CN", s.Title.ZH)
	if s.From.IsZero() {
		c.Add("from", "required", "")
	}
	if !s.To.IsZero() && s.To.Before(s.From) {
		c.Add("to", "date_order", s.To.String())
	}
	if !s.EndedOn.IsZero() && s.EndedOn.Before(s.From) {
		c.Add("ended_on", "date_order", s.EndedOn.String())
	}
	if s.EndedOn.IsZero() != (s.EndedBy == "") {
		c.Add("ended_by", "rule_ended_together", s.EndedBy)
	}
	oneOf(&c, "site_check", s.SiteCheck, NoSwap, SwapPromise, SwapVideo)
	if s.SiteCheck != NoSwap {
		checkLimit(&c, "verify_within.", s.VerifyWithin)
	}
	between(&c, "shift_days", s.ShiftDays, -366, 366)
	s.Prolong.check(&c, s.From)
	if s.Prolong == nil && s.SiteCheck == NoSwap && s.ShiftDays == 0 {
		c.Add("prolong", "rule_no_effect", "")
	}
	return c.Err()
}

func (p *Prolong) check(c *kernel.Check, from kernel.Date) {
	switch {
	case p == nil:
	case p.Until.IsZero() == (p.Months == 0):
		c.Add("prolong", "rule_one_prolong", strconv.Itoa(p.Months))
	case p.Months != 0:
		between(c, "prolong.months", p.Months, 1, 36)
	case !p.Until.IsZero() && p.Until.Before(from):
		c.Add("prolong.until", "date_order", p.Until.String())
	}
}

// LastDay is the last day of the special time, zero while it is open.
func (s *Special) LastDay() kernel.Date {
	if !s.EndedOn.IsZero() && (s.To.IsZero() || s.EndedOn.Before(s.To)) {
		return s.EndedOn
	}
	return s.To
}

// Runs reports whether the special time covers a date.
func (s *Special) Runs(on kernel.Date) bool {
	last := s.LastDay()
	return !on.Before(s.From) && (last.IsZero() || !on.After(last))
}

// Covers reports whether the package is about an item and an area.
func (s *Special) Covers(it *Item, area string) bool {
	return s.CoversItem(it) && coversArea(s.Areas, area)
}

// CoversItem reports whether the package is about an item, somewhere.
func (s *Special) CoversItem(it *Item) bool {
	return len(s.Items) == 0 || slices.Contains(s.Items, it.ID) || slices.Contains(s.Items, it.Group) || slices.Contains(s.Items, it.Category)
}

// Prolongs returns the last day of a licence that would end on expiry while
// the package runs; ok is false when the package leaves it as it is.
func (s *Special) Prolongs(it *Item, area string, expiry kernel.Date) (last kernel.Date, ok bool) {
	if s.Prolong == nil || !s.Runs(expiry) || !s.Covers(it, area) {
		return expiry, false
	}
	last = s.Prolong.Until
	if s.Prolong.Months > 0 {
		last = lastOfMonth(expiry, s.Prolong.Months)
	}
	return last, last.After(expiry)
}

// Swaps says what stands for the site check of an item on a date.
func (s *Special) Swaps(it *Item, area string, on kernel.Date) Swap {
	if !s.Runs(on) || !s.Covers(it, area) {
		return NoSwap
	}
	return s.SiteCheck
}

// VerifyBy is the day by which a swapped check must be made good; zero while
// the special time is open.
func (s *Special) VerifyBy(cal *deadline.Calendar) (kernel.Date, error) {
	last := s.LastDay()
	if last.IsZero() || s.SiteCheck == NoSwap {
		return kernel.Date{}, nil
	}
	state, err := deadline.Compute(cal, s.VerifyWithin, []deadline.Event{{Kind: deadline.Start, On: last}}, kernel.Date{})
	return state.Due, err
}
