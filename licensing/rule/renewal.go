package rule

import (
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// Before is a span before the last day of a licence.
type Before struct {
	Months int `json:"months,omitempty"`
	Days   int `json:"days,omitempty"`
}

func (b Before) from(expiry kernel.Date) kernel.Date {
	return lastOfMonth(expiry, -b.Months).AddDays(-b.Days)
}

// Renewal is when and how a licence is renewed.
type Renewal struct {
	Opens     Before      `json:"opens"`     // earliest application
	Closes    Before      `json:"closes"`    // last timely application
	Reminders []int       `json:"reminders"` // days before the last day, falling
	Direct    []Condition `json:"direct"`    // all of these: renewed without review (直接延期); none: never
	Note      kernel.Text `json:"note,omitzero"`
	Source    Source      `json:"source"`
}

// Condition is one condition of a direct renewal.
type Condition struct {
	ID   string      `json:"id"` // "no-fatal-accident"
	Text kernel.Text `json:"text"`
}

// Window is the renewal of one licence as dates.
type Window struct {
	Opens       kernel.Date
	Closes      kernel.Date   // last day of a timely application
	FileBy      kernel.Date   // the last working day not after Closes: what a reminder advises
	Expires     kernel.Date   // last day of validity
	Reminders   []kernel.Date // in order of time, each on a working day
	Provisional bool          // some of these years' notices are not loaded
}

// Timely reports whether an application on d preserves the licence: undecided
// at expiry it is deemed renewed (行政许可法 art. 50).
func (w Window) Timely(d kernel.Date) bool { return !d.After(w.Closes) }

// Open reports whether an application on d is neither too early nor after the
// licence's last day.
func (w Window) Open(d kernel.Date) bool { return !d.Before(w.Opens) && !d.After(w.Expires) }

// RenewalWindow returns the window of a licence whose last day is expiry; ok
// is false when the item is not renewed.
func (v *Version) RenewalWindow(expiry kernel.Date, cal *deadline.Calendar) (w Window, ok bool) {
	if v.Renewal == nil || expiry.IsZero() {
		return Window{}, false
	}
	w = Window{Opens: v.Renewal.Opens.from(expiry), Closes: v.Renewal.Closes.from(expiry), Expires: expiry}
	w.FileBy = lastWorking(cal, w.Closes)
	for _, days := range v.Renewal.Reminders {
		w.Reminders = append(w.Reminders, lastWorking(cal, expiry.AddDays(-days)))
	}
	w.Provisional = !cal.Known(w.Opens.Year()) || !cal.Known(expiry.Year())
	return w, true
}

// lastWorking returns d, or the last working day before it.
func lastWorking(cal *deadline.Calendar, d kernel.Date) kernel.Date {
	for {
		if ok, _ := cal.IsWorking(d); ok {
			return d
		}
		d = d.AddDays(-1)
	}
}

// lastOfMonth adds months without rolling over a short month: three months
// before 31 May is the last of February.
func lastOfMonth(d kernel.Date, months int) kernel.Date {
	first := kernel.NewDate(d.Year(), d.Month(), 1).AddMonths(months)
	last := first.AddMonths(1).AddDays(-1)
	return first.AddDays(min(d.Day(), last.Day()) - 1)
}

// LastDay returns the last day of a result that is valid from a day on: three
// years from 2026-05-06 end on 2029-05-05. Zero when it has no end.
func (v Validity) LastDay(from kernel.Date) kernel.Date {
	if v.Years == 0 {
		return kernel.Date{}
	}
	return from.AddYears(v.Years).AddDays(-1)
}

// ReviewDue returns the day by which a result valid from a day on must be
// re-examined for the first time, zero for never.
func (v Validity) ReviewDue(from kernel.Date) kernel.Date {
	if v.ReviewYears == 0 {
		return kernel.Date{}
	}
	return from.AddYears(v.ReviewYears).AddDays(-1)
}
