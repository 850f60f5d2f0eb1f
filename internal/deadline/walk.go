package deadline

import "anlan/internal/kernel"

// walk goes over a clock day by day.
type walk struct {
	cal         *Calendar
	unit        Unit
	line        timeline
	due         kernel.Date
	provisional bool
	days        []Day
}

// run finds the due date and lists the days up to it.
func (w *walk) run(roll Roll, today kernel.Date) {
	d, n := w.line.start, 0
	w.days = make([]Day, 1, 2*w.line.total+16)
	w.days[0] = Day{Date: d, Why: WhyStart}
	for n < w.line.total {
		d = d.AddDays(1)
		if p, ok := w.line.pause(d); ok {
			if p.to.IsZero() {
				w.listOpen(d, p, today)
				return
			}
			w.days = append(w.days, Day{Date: d, Why: WhyPaused, Note: p.cause})
			continue
		}
		day := w.count(d)
		if day.Counted {
			n++
			day.N = n
		}
		w.days = append(w.days, day)
	}
	w.settle(d, roll, today)
}

// settle ends the period on d, its last day, or rolls on to the next day that
// may end it. Working days need no rolling, except "the same day".
func (w *walk) settle(d kernel.Date, roll Roll, today kernel.Date) {
	if roll == RollNext && (w.unit == NaturalDays || w.line.total == 0) {
		for !w.mayEnd(d) {
			d = d.AddDays(1)
			p, paused := w.line.pause(d)
			switch {
			case paused && p.to.IsZero():
				w.listOpen(d, p, today)
				return
			case paused:
				w.days = append(w.days, Day{Date: d, Why: WhyPaused, Note: p.cause})
			default:
				w.days = append(w.days, Day{Date: d, Why: WhyRolled})
			}
		}
	}
	w.due = d
}

func (w *walk) mayEnd(d kernel.Date) bool {
	working, _, _ := w.look(d)
	_, paused := w.line.pause(d)
	return working && !paused
}

// listOpen lists the days of an open pause from d to today.
func (w *walk) listOpen(d kernel.Date, p span, today kernel.Date) {
	until := w.line.asOf(today)
	for first := true; first || !d.After(until); first = false {
		w.days = append(w.days, Day{Date: d, Why: WhyPaused, Note: p.cause})
		d = d.AddDays(1)
	}
}

// count judges a day that no pause takes out.
func (w *walk) count(d kernel.Date) Day {
	if w.unit == NaturalDays {
		return Day{Date: d, Counted: true, Why: WhyNatural}
	}
	working, why, name := w.look(d)
	return Day{Date: d, Counted: working, Why: why, Note: name}
}

func (w *walk) look(d kernel.Date) (working bool, why, name string) {
	if !w.cal.Known(d.Year()) {
		w.provisional = true
	}
	return w.cal.look(d)
}

// used counts the days of the clock's unit up to and including asOf, going on
// after the due date. The days after it say nothing about the due date, so
// they leave provisional alone.
func (w *walk) used(asOf kernel.Date) int {
	n := 0
	for _, d := range w.days {
		if d.Counted && !d.Date.After(asOf) {
			n++
		}
	}
	if w.due.IsZero() {
		return n
	}
	for d := w.due.AddDays(1); !d.After(asOf); d = d.AddDays(1) {
		if _, paused := w.line.pause(d); paused {
			continue
		}
		working, _ := w.cal.IsWorking(d)
		if working || w.unit == NaturalDays {
			n++
		}
	}
	return n
}
