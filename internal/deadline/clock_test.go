package deadline

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var (
	day = kernel.MustDate
	wd  = func(n int) Limit { return Limit{N: n, Unit: WorkingDays} }
	nat = func(n int) Limit { return Limit{N: n, Unit: NaturalDays} }
)

// events reads "start:2020-01-20 pause:2020-02-05:expert extend:2020-02-06:10".
func events(t testing.TB, text string) []Event {
	t.Helper()
	var out []Event
	for f := range strings.FieldsSeq(text) {
		part := strings.SplitN(f, ":", 3)
		e := Event{Kind: Kind(part[0]), On: day(part[1])}
		if len(part) == 3 && e.Kind == Extend {
			for _, r := range part[2] {
				e.N = e.N*10 + int(r-'0')
			}
		} else if len(part) == 3 {
			e.Cause = part[2]
		}
		out = append(out, e)
	}
	return out
}

func TestDueDates(t *testing.T) {
	tests := []struct {
		name   string
		limit  Limit
		events string
		due    string
	}{
		{"spring festival of 2020 with its extension", wd(20), "start:2020-01-20", "2020-02-25"},
		{"a pause takes P to R-1 out", wd(20), "start:2020-01-20 pause:2020-02-05 resume:2020-02-10", "2020-02-28"},
		{"a pause of no day takes nothing out", wd(20), "start:2020-01-20 pause:2020-02-05 resume:2020-02-05", "2020-02-25"},
		{"an open pause has no due date", wd(20), "start:2020-01-20 pause:2020-02-05", ""},
		{"a pause after the due date does not move it", wd(20), "start:2020-01-20 pause:2020-02-26", "2020-02-25"},
		{"a pause on the due day moves it", wd(20), "start:2020-01-20 pause:2020-02-25 resume:2020-02-27", "2020-02-27"},
		{"a pause on the starting day", wd(1), "start:2020-03-02 pause:2020-03-02 resume:2020-03-04", "2020-03-04"},
		{"two pauses", wd(5), "start:2026-05-06 pause:2026-05-07 resume:2026-05-08 pause:2026-05-12 resume:2026-05-13", "2026-05-14"},
		{"an extension", wd(20), "start:2026-05-06 extend:2026-05-20:10", "2026-06-16"},
		{"make-up Saturday counts", wd(1), "start:2026-05-08", "2026-05-09"},
		{"weekend start counts from Monday", wd(1), "start:2026-05-16", "2026-05-18"},
		{"natural days ignore the calendar", nat(10), "start:2026-05-06", "2026-05-18"}, // the 16th is a Saturday
		{"natural days end in the week", nat(30), "start:2026-03-02", "2026-04-01"},
		{"natural days roll over a holiday", nat(2), "start:2026-09-29", "2026-10-08"},
		{"no roll by rule", Limit{2, NaturalDays, RollNone}, "start:2026-09-29", "2026-10-01"},
		{"natural days pause", nat(10), "start:2026-03-02 pause:2026-03-05 resume:2026-03-10", "2026-03-17"},
		{"the roll does not end inside a pause", nat(5), "start:2026-03-02 pause:2026-03-09 resume:2026-03-11", "2026-03-11"},
		{"an open pause during the roll", nat(5), "start:2026-03-02 pause:2026-03-08", ""},
		{"same day", wd(0), "start:2026-05-06", "2026-05-06"},
		{"same day received on a holiday", wd(0), "start:2026-05-01", "2026-05-06"},
		{"a stop leaves the due date", wd(20), "start:2020-01-20 stop:2020-02-03", "2020-02-25"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Compute(Embedded(), tt.limit, events(t, tt.events), kernel.Date{})
			if err != nil || s.Due.String() != tt.due {
				t.Errorf("due %q, want %q (%v)", s.Due, tt.due, err)
			}
		})
	}
}

func TestTimeLeftIsReadOffTheDay(t *testing.T) {
	tests := []struct {
		events, today string
		used, left    int
		flags         string
	}{
		{"start:2026-05-06", "2026-05-06", 0, 3, ""},
		{"start:2026-05-06", "2026-05-07", 1, 2, ""},
		{"start:2026-05-06", "2026-05-09", 3, 0, ""}, // a make-up Saturday, the due day
		{"start:2026-05-06", "2026-05-10", 3, 0, "overdue"},
		{"start:2026-05-06", "2026-05-12", 5, -2, "overdue"},
		{"start:2026-05-06 pause:2026-05-08", "2026-06-30", 1, 2, "paused"},
		{"start:2026-05-06 pause:2026-05-08 stop:2026-05-20", "2026-06-30", 1, 2, "stopped"},
		{"start:2026-05-06 stop:2026-05-08", "2026-06-30", 2, 1, "stopped"},
		{"start:2026-05-06 stop:2026-05-11", "2026-06-30", 4, -1, "stopped overdue"},
		{"start:2026-05-06 extend:2026-05-08:1", "2026-05-09", 3, 1, ""},
	}
	for _, tt := range tests {
		s, err := Compute(Embedded(), wd(3), events(t, tt.events), day(tt.today))
		if err != nil {
			t.Fatal(err)
		}
		var flags []string
		for _, f := range []struct {
			set  bool
			name string
		}{{s.Paused, "paused"}, {s.Stopped, "stopped"}, {s.Overdue, "overdue"}} {
			if f.set {
				flags = append(flags, f.name)
			}
		}
		if got := strings.Join(flags, " "); s.Used != tt.used || s.Left != tt.left || got != tt.flags {
			t.Errorf("%s on %s: used %d left %d %q, want %d %d %q", tt.events, tt.today, s.Used, s.Left, got, tt.used, tt.left, tt.flags)
		}
	}
}

func TestDaysSayWhy(t *testing.T) {
	s, err := Compute(Embedded(), wd(3), events(t, "start:2020-01-22 pause:2020-02-03:expert-review resume:2020-02-04"), kernel.Date{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range s.Days {
		got = append(got, d.Date.String()[5:]+" "+d.Reason())
	}
	want := []string{"01-22 start", "01-23 working day", "01-24 holiday: 春节", "01-25 holiday: 春节", "01-26 holiday: 春节",
		"01-27 holiday: 春节", "01-28 holiday: 春节", "01-29 holiday: 春节", "01-30 holiday: 春节", "01-31 holiday: 春节",
		"02-01 holiday: 春节", "02-02 holiday: 春节", "02-03 paused: expert-review", "02-04 working day", "02-05 working day"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestYearsBeyondTheNoticesAreProvisional(t *testing.T) {
	for text, want := range map[string]bool{"start:2026-12-01": false, "start:2026-12-20": true, "start:2027-02-01": true, "start:2018-12-28": true, "start:2018-12-31": false} {
		s, err := Compute(Embedded(), wd(10), events(t, text), kernel.Date{})
		if err != nil || s.Provisional != want {
			t.Errorf("%s: provisional %v, want %v (%v)", text, s.Provisional, want, err)
		}
	}
}

func TestComputeReportsEveryWrongEvent(t *testing.T) {
	tests := []struct {
		limit  Limit
		events []Event
		want   string
	}{
		{wd(20), nil, "events: required: "},
		{Limit{-1, "weeks", "back"}, events(t, "start:2020-01-20"), "limit.unit: choice: weeks; limit.roll: choice: back; limit.n: range: -1"},
		{wd(20), events(t, "pause:2020-01-20"), "events.0.kind: deadline_start_first: pause"},
		{wd(20), events(t, "start:2020-01-20 start:2020-01-21"), "events.1.kind: deadline_started_twice: start"},
		{wd(20), events(t, "start:2020-01-20 resume:2020-01-21"), "events.1.kind: deadline_not_paused: resume"},
		{wd(20), events(t, "start:2020-01-20 pause:2020-01-21 pause:2020-01-22"), "events.2.kind: deadline_already_paused: pause"},
		{wd(20), events(t, "start:2020-01-20 pause:2020-01-19"), "events.1.on: deadline_order: 2020-01-19"},
		{wd(20), events(t, "start:2020-01-20 stop:2020-01-21 extend:2020-01-22:5"), "events.2.kind: deadline_after_stop: extend"},
		{wd(20), events(t, "start:2020-01-20 extend:2020-01-22"), "events.1.n: range: 0"},
		{wd(20), events(t, "start:2020-01-20 rest:2020-01-22"), "events.1.kind: choice: rest"},
		{wd(20), events(t, "start:2020-01-20 extend:2020-01-21:9999 extend:2020-01-21:9999"), "limit.n: too_large: 10001"},
		{wd(20), []Event{{Kind: Start}}, "events.0.on: range: "},
		{wd(20), events(t, "start:9999-01-20"), "events.0.on: range: 9999-01-20"},
	}
	texts := i18n.MustLoad(Texts())
	for _, tt := range tests {
		_, err := Compute(Embedded(), tt.limit, tt.events, kernel.Date{})
		var e *kernel.Error
		if !errors.As(err, &e) || e.Kind != kernel.Invalid || e.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
			continue
		}
		for _, f := range e.Fields {
			wantText(t, texts, f)
		}
	}
}

// naive is the same law told day by day, without sharing code with Compute.
func naive(cal *Calendar, l Limit, evs []Event) (due kernel.Date) {
	taken := func(d kernel.Date) (out, forever bool) {
		for i, e := range evs {
			if e.Kind != Pause || d.Before(e.On) {
				continue
			}
			end := kernel.Date{}
			for _, f := range evs[i:] {
				if f.Kind == Resume {
					end = f.On
					break
				}
			}
			if end.IsZero() {
				return true, true
			}
			if d.Before(end) {
				return true, false
			}
		}
		return false, false
	}
	left := l.N
	for _, e := range evs {
		left += e.N
	}
	d, sameDay := evs[0].On, left == 0
	for left > 0 {
		d = d.AddDays(1)
		out, forever := taken(d)
		if forever {
			return kernel.Date{}
		}
		works, _ := cal.IsWorking(d)
		if !out && (works || l.Unit == NaturalDays) {
			left--
		}
	}
	for l.Roll == RollNext && (sameDay || l.Unit == NaturalDays) {
		out, forever := taken(d)
		if works, _ := cal.IsWorking(d); works && !out {
			break
		}
		if _, next := taken(d.AddDays(1)); forever || next {
			return kernel.Date{}
		}
		d = d.AddDays(1)
	}
	return d
}

func drawEvents(t *rapid.T) []Event {
	d := day("2018-12-01").AddDays(rapid.IntRange(0, 3300).Draw(t, "start"))
	out := []Event{{Kind: Start, On: d}}
	paused := false
	for range rapid.IntRange(0, 6).Draw(t, "events") {
		d = d.AddDays(rapid.IntRange(0, 15).Draw(t, "gap"))
		e := Event{Kind: Pause, On: d, Cause: "testing"}
		switch {
		case rapid.Bool().Draw(t, "extend"):
			e = Event{Kind: Extend, On: d, N: rapid.IntRange(1, 10).Draw(t, "n")}
		case paused:
			e = Event{Kind: Resume, On: d}
			paused = false
		default:
			paused = true
		}
		out = append(out, e)
	}
	return out
}

func TestComputeAgreesWithANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := Limit{
			N:    rapid.IntRange(0, 60).Draw(t, "n"),
			Unit: rapid.SampledFrom([]Unit{WorkingDays, NaturalDays}).Draw(t, "unit"),
			Roll: rapid.SampledFrom([]Roll{RollNext, RollNone}).Draw(t, "roll"),
		}
		evs := drawEvents(t)
		today := evs[0].On.AddDays(rapid.IntRange(0, 200).Draw(t, "today"))
		s, err := Compute(Embedded(), limit, evs, today)
		if err != nil {
			t.Fatal(err)
		}
		if want := naive(Embedded(), limit, evs); s.Due != want {
			t.Fatalf("due %s, want %s", s.Due, want)
		}
		checkDays(t, s, today)
	})
}

// checkDays: the list has no gap, its numbers run 1, 2, 3 …, and the number
// of the last counted day up to today is what was used.
func checkDays(t *rapid.T, s State, today kernel.Date) {
	n, used := 0, 0
	for i, d := range s.Days {
		if d.Date != s.Start.AddDays(i) {
			t.Fatalf("day %d is %s", i, d.Date)
		}
		if d.Counted {
			n++
			if d.N != n {
				t.Fatalf("%s is number %d, want %d", d.Date, d.N, n)
			}
			if !d.Date.After(today) {
				used = n
			}
		}
	}
	if !s.Due.IsZero() && (n != s.Total || s.Days[len(s.Days)-1].Date != s.Due) {
		t.Fatalf("counted %d of %d, the list ends on %s, due %s", n, s.Total, s.Days[len(s.Days)-1].Date, s.Due)
	}
	if !s.Overdue && s.Used != used || s.Used+s.Left != s.Total || s.Overdue != (!s.Due.IsZero() && today.After(s.Due)) {
		t.Fatalf("used %d (want %d), left %d of %d, overdue %v", s.Used, used, s.Left, s.Total, s.Overdue)
	}
}

func BenchmarkTwentyWorkingDays(b *testing.B) {
	cal, evs := Embedded(), events(b, "start:2020-01-20 pause:2020-02-05:expert-review resume:2020-02-10")
	for b.Loop() {
		if _, err := Compute(cal, wd(20), evs, day("2020-02-12")); err != nil {
			b.Fatal(err)
		}
	}
}
