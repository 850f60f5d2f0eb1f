package rule

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

var day = kernel.MustDate

func version(t testing.TB, id string) *Version {
	t.Helper()
	v, ok := Shipped().VersionByID(id)
	if !ok {
		t.Fatalf("no version %s", id)
	}
	return v
}

// variant is a copy of a version with changes.
func variant(t testing.TB, of, id, from string, change func(v *Version)) *Version {
	t.Helper()
	v := *version(t, of)
	v.ID, v.EffectiveFrom, v.EffectiveTo = id, day(from), kernel.Date{}
	if change != nil {
		change(&v)
	}
	return &v
}

func TestARunningCaseFollowsTheTransition(t *testing.T) {
	const of = "fireworks-wholesale.first@2013-12-01"
	with := func(n int, tr Transition) *Catalogue {
		c, err := Shipped().With(nil, []*Version{variant(t, of, "new", "2026-07-01", func(v *Version) {
			v.Transition, v.Statutory.N, v.Promised = tr, n, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tests := []struct {
		n               int
		transition      Transition
		received, today string
		want            string
	}{
		{25, ToShorter, "2026-06-01", "2026-06-30", of},
		{25, ToShorter, "2026-06-01", "2026-07-01", "new"},
		{40, ToShorter, "2026-06-01", "2026-07-01", of},
		{30, ToShorter, "2026-06-01", "2026-07-01", of},
		{40, ToNew, "2026-06-01", "2026-07-01", "new"},
		{25, StayOld, "2026-06-01", "2026-07-01", of},
		{40, StayOld, "2026-07-01", "2026-07-01", "new"}, // not running then: it began under the new one
	}
	for _, tt := range tests {
		v, ok := with(tt.n, tt.transition).VersionFor("fireworks-wholesale.first", day(tt.received), day(tt.today))
		if !ok || v.ID != tt.want {
			t.Errorf("%d days, %q, received %s, on %s: %v, want %s", tt.n, tt.transition, tt.received, tt.today, v, tt.want)
		}
	}
}

func TestAVersionHoldsFromItsDateOn(t *testing.T) {
	for on, want := range map[string]string{"2012-08-31": "", "2012-09-01": "@2012-09-01", "2026-04-30": "@2012-09-01", "2026-05-01": "@2026-05-01", "2099-01-01": "@2026-05-01"} {
		v, ok := Shipped().VersionAt("petrol-station.first", day(on))
		if ok != (want != "") || ok && v.ID != "petrol-station.first"+want {
			t.Errorf("%s: %v", on, v)
		}
	}
}

func TestAdministratorsCorrectByANewVersion(t *testing.T) {
	shipped := Shipped()
	fix := variant(t, "hazchem-business.first@2026-05-01", "correction-1", "2026-05-01", func(v *Version) { v.Promised.N = 15 })
	c, err := shipped.With(nil, []*Version{fix})
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := c.VersionAt("hazchem-business.first", day("2026-06-01")); v.ID != "correction-1" {
		t.Errorf("in force: %s", v.ID)
	}
	if _, ok := c.VersionByID("hazchem-business.first@2026-05-01"); !ok {
		t.Error("a case cannot find the version it runs under")
	}
	if v, _ := shipped.VersionAt("hazchem-business.first", day("2026-06-01")); v.ID == "correction-1" {
		t.Error("the shipped catalogue changed")
	}
	if _, err := c.With(nil, []*Version{fix, {ID: "x", Item: "no.such"}}); err == nil {
		t.Error("a second version with one id and one without an item were taken")
	}
}

func TestANewItemNeedsNoCode(t *testing.T) {
	v := variant(t, "hazchem-business.first@2026-05-01", "diving.first@2026-06-01", "2026-06-01", func(v *Version) {
		v.Item, v.Form, v.Schema = "diving.first", "", json.RawMessage(`{"type":"object","title":"潜水","properties":{}}`)
	})
	text, _ := json.Marshal(Item{ID: "diving.first", Category: "work-safety", Group: "diving", Kind: First,
		Title: kernel.Text{ZH: "潜水作业", EN: "Diving"}, Summary: kernel.Text{ZH: "潜水作业许可"}, Versions: []*Version{v}})
	it, err := ParseItem(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Shipped().With([]Item{it}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := c.VersionAt("diving.first", day("2026-06-02"))
	if !ok || got.ID != "diving.first@2026-06-01" {
		t.Errorf("%v", got)
	}
	if schema, ok := got.FormSchema(); !ok || string(schema) == "" {
		t.Error("its own form is lost")
	}
}

func TestAuthorityByItemDateAndArea(t *testing.T) {
	toxic := map[string]any{"special_kinds": []any{"highly_toxic"}}
	none := map[string]any{"special_kinds": []any{}}
	tests := []struct {
		item, area string
		data       map[string]any
		unit, sup  string
		of         string
	}{
		{"hazchem-business.first", "120110", nil, "unit-120110-approval", "unit-120110-emergency", "120110"},
		{"hazchem-business.first", "120110", none, "unit-120110-approval", "unit-120110-emergency", "120110"},
		{"hazchem-business.first", "120116-TEDA", none, "unit-120116-TEDA-approval", "unit-120116-TEDA-emergency", "120116-TEDA"},
		{"hazchem-business.first", "120116-TEDA", toxic, "unit-120000-bureau", "unit-120116-TEDA-emergency", CityCode},
		{"petrol-station.renew", "120101", nil, "unit-120101-approval", "unit-120101-emergency", "120101"},
		{"hazchem-production.first", "120101", nil, "unit-120000-bureau", "unit-120101-emergency", CityCode},
		{"special-operation.first", "120101", nil, "unit-120000-bureau", "unit-120101-emergency", CityCode},
		{"precursor-filing.first", "120101", map[string]any{"class_activity": "class3_business"}, "unit-120101-approval", "unit-120101-emergency", "120101"},
		{"precursor-filing.first", "120101", map[string]any{"class_activity": "class2_business"}, "unit-120000-bureau", "unit-120101-emergency", CityCode},
	}
	for _, tt := range tests {
		o, ok := Shipped().Authority(tt.item, day("2026-06-01"), tt.area, tt.data)
		if !ok || o.Unit != tt.unit || o.Supervisor != tt.sup || o.Area != tt.of {
			t.Errorf("%s in %s: %+v", tt.item, tt.area, o)
		}
	}
	if _, ok := Shipped().Authority("hazchem-business.first", day("2026-06-01"), "", nil); ok {
		t.Error("somebody decides for nowhere")
	}
	if _, ok := Shipped().Authority("hazchem-business.first", day("2026-06-01"), CityCode, nil); ok {
		t.Error("the city has no approval bureau of its own")
	}
}

func TestAreasOfARuleCoverTheirZones(t *testing.T) {
	for _, tt := range []struct {
		codes []string
		area  string
		want  bool
	}{
		{nil, "120101", true}, {[]string{"120116"}, "120116-TEDA", true}, {[]string{"120116-TEDA"}, "120116", false},
		{[]string{"120116-TEDA"}, "120116-DJ", false}, {[]string{CityCode}, "120101", true}, {[]string{"120101"}, "120102", false},
	} {
		if got := coversArea(tt.codes, tt.area); got != tt.want {
			t.Errorf("%v covers %s: %v", tt.codes, tt.area, got)
		}
	}
}

func TestMaterialsNeededByTheForm(t *testing.T) {
	v := version(t, "hazchem-business.first@2026-05-01")
	m, ok := v.Material("storage-evaluation")
	if !ok {
		t.Fatal("no such material")
	}
	for _, tt := range []struct {
		data map[string]any
		want bool
	}{
		{nil, false}, {map[string]any{"storage": "none"}, false}, {map[string]any{"storage": "own"}, true},
		{map[string]any{"storage": map[string]any{}}, false},
	} {
		if m.Needed(tt.data) != tt.want {
			t.Errorf("%v: want %v", tt.data, tt.want)
		}
	}
	if a, _ := v.Material("authorisation"); !a.Needed(map[string]any{"by_agent": true}) || a.Needed(map[string]any{"by_agent": false}) {
		t.Error("the power of attorney goes by whether an agent applies")
	}
	nested := &When{Field: "a.b", In: []string{"3"}}
	if !nested.Holds(map[string]any{"a": map[string]any{"b": json.Number("3")}}) || nested.Holds(map[string]any{"a": "3"}) {
		t.Error("a path into a group")
	}
}

func TestRenewalWindows(t *testing.T) {
	tests := []struct {
		version, expiry, opens, closes, fileBy string
	}{
		{"petrol-station.renew@2026-05-01", "2026-08-15", "2026-02-15", "2026-05-15", "2026-05-15"},
		{"petrol-station.renew@2026-05-01", "2026-05-31", "2025-11-30", "2026-02-28", "2026-02-28"}, // a make-up Saturday
		{"petrol-station.first@2026-05-01", "2026-12-03", "2026-06-03", "2026-09-03", "2026-09-03"},
		{"special-operation.renew@2010-07-01", "2026-10-05", "2026-08-06", "2026-10-05", "2026-09-30"}, // in the National Day holiday
	}
	for _, tt := range tests {
		w, ok := version(t, tt.version).RenewalWindow(day(tt.expiry), deadline.Embedded())
		got := []string{w.Opens.String(), w.Closes.String(), w.FileBy.String(), w.Expires.String()}
		if diff := cmp.Diff([]string{tt.opens, tt.closes, tt.fileBy, tt.expiry}, got); !ok || diff != "" {
			t.Errorf("%s %s: %s", tt.version, tt.expiry, diff)
		}
	}
	if _, ok := version(t, "petrol-station.cancel@2026-05-01").RenewalWindow(day("2026-08-15"), deadline.Embedded()); ok {
		t.Error("a deregistration is not renewed")
	}
}

func TestRenewalWindowsAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := rapid.SampledFrom(Shipped().Items()).Draw(t, "item")
		v := rapid.SampledFrom(it.Versions).Draw(t, "version")
		expiry := day("2019-06-01").AddDays(rapid.IntRange(0, 3000).Draw(t, "expiry"))
		w, ok := v.RenewalWindow(expiry, deadline.Embedded())
		if !ok {
			return
		}
		if w.Opens.After(w.Closes) || w.Closes.After(w.Expires) || w.FileBy.After(w.Closes) || !w.Timely(w.FileBy) || w.Timely(w.Closes.AddDays(1)) || w.Open(w.Opens.AddDays(-1)) {
			t.Fatalf("%s: %+v", v.ID, w)
		}
		for i, r := range w.Reminders {
			if working, _ := deadline.Embedded().IsWorking(r); !working || r.After(w.Expires) || i > 0 && r.Before(w.Reminders[i-1]) {
				t.Fatalf("%s: reminders %v", v.ID, w.Reminders)
			}
		}
	})
}

func TestLastDays(t *testing.T) {
	v := Validity{Years: 3}
	for from, want := range map[string]string{"2026-05-06": "2029-05-05", "2024-02-29": "2027-02-28", "2026-01-01": "2028-12-31"} {
		if got := v.LastDay(day(from)); got.String() != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
	six := Validity{Years: 6, ReviewYears: 3}
	if six.ReviewDue(day("2026-05-06")).String() != "2029-05-05" || !(Validity{}).LastDay(day("2026-05-06")).IsZero() {
		t.Error("re-examination after three years; no years, no end")
	}
}

func TestClocksOfACase(t *testing.T) {
	v := version(t, "hazchem-business.first@2026-05-01")
	events := []deadline.Event{
		{Kind: deadline.Start, On: day("2026-05-06")},
		{Kind: deadline.Pause, On: day("2026-05-12"), Cause: "site-check"}, // the new law names none such
		{Kind: deadline.Resume, On: day("2026-05-13")},
		{Kind: deadline.Pause, On: day("2026-05-14"), Cause: "expert-review"},
		{Kind: deadline.Resume, On: day("2026-05-18")},
	}
	clocks, err := v.Clocks(deadline.Embedded(), events, day("2026-05-18"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[ClockKind]string{}
	for _, c := range clocks {
		got[c.Kind] = c.State.Due.String()
		if len(c.Ignored) != 2 {
			t.Errorf("%s ignored %v", c.Kind, c.Ignored)
		}
	}
	if diff := cmp.Diff(map[ClockKind]string{Statutory: "2026-06-04", Promised: "2026-05-28"}, got); diff != "" {
		t.Error(diff)
	}
	old := version(t, "hazchem-business.first@2012-09-01")
	clocks, err = old.Clocks(deadline.Embedded(), events, day("2026-05-18"))
	if err != nil || len(clocks[0].Ignored) != 0 {
		t.Errorf("the old rules exclude the site check: %v %v", clocks, err)
	}
	acceptance, err := v.AcceptanceClock(deadline.Embedded(), day("2026-05-06"), kernel.Date{}, day("2026-05-13"))
	if err != nil || acceptance.State.Due.String() != "2026-05-12" || !acceptance.State.Overdue || acceptance.Source.Law != "行政许可法" {
		t.Errorf("%+v %v", acceptance, err)
	}
}

func TestStepsShareTheTimeOfTheCase(t *testing.T) {
	dues := func(id, received string, events ...deadline.Event) map[string]string {
		steps, err := version(t, id).StepDues(deadline.Embedded(), day(received), events)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, s := range steps {
			out[s.Step] = s.Due.String()
		}
		return out
	}
	start := deadline.Event{Kind: deadline.Start, On: day("2026-05-06")}
	got := dues("hazchem-business.cancel@2026-05-01", "2026-05-06", start)
	want := map[string]string{"intake": "2026-05-08", "review": "2026-05-09", "approve": "2026-05-12", "make": "2026-05-14", "deliver": "2026-05-21", "archive": "2026-05-28"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	decided := dues("hazchem-business.cancel@2026-05-01", "2026-05-06", start, deadline.Event{Kind: deadline.Stop, On: day("2026-05-08")})
	if decided["make"] != "2026-05-11" {
		t.Errorf("the certificate is due from the decision: %v", decided)
	}
	waiting := dues("fireworks-wholesale.first@2013-12-01", "2026-05-06")
	if waiting["intake"] != "2026-05-09" || waiting["review"] != "" {
		t.Errorf("not accepted yet: %v", waiting)
	}
	longer := dues("hazchem-business.cancel@2026-05-01", "2026-05-06", start, deadline.Event{Kind: deadline.Extend, On: day("2026-05-08"), N: 5})
	if longer["review"] != want["review"] || longer["approve"] != "2026-05-19" {
		t.Errorf("an extension is the decider's: %v", longer)
	}
}

func TestEveryStepEndsWithinTheStatutoryLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := rapid.SampledFrom(Shipped().Items()).Draw(t, "item")
		v := rapid.SampledFrom(it.Versions).Draw(t, "version")
		on := day("2019-01-10").AddDays(rapid.IntRange(0, 2500).Draw(t, "start"))
		events := []deadline.Event{{Kind: deadline.Start, On: on}}
		if len(v.Excluded) > 0 && rapid.Bool().Draw(t, "pause") {
			p := on.AddDays(rapid.IntRange(0, 20).Draw(t, "from"))
			events = append(events, deadline.Event{Kind: deadline.Pause, On: p, Cause: v.Excluded[0].Cause},
				deadline.Event{Kind: deadline.Resume, On: p.AddDays(rapid.IntRange(0, 20).Draw(t, "days"))})
		}
		clocks, err := v.Clocks(deadline.Embedded(), events, on)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := v.StepDues(deadline.Embedded(), on, events)
		if err != nil {
			t.Fatal(err)
		}
		last := kernel.Date{}
		for _, s := range steps {
			if s.Due.Before(last) {
				t.Fatalf("%s: %v", v.ID, steps)
			}
			if s.Step != "intake" {
				last = s.Due
			}
			if s.Step == "approve" && s.Due.After(clocks[0].State.Due) {
				t.Fatalf("%s: approve by %s, due %s", v.ID, s.Due, clocks[0].State.Due)
			}
		}
	})
}

func TestSiblingsActOnTheSameLicence(t *testing.T) {
	it, ok := Shipped().Sibling("petrol-station.first", Renew)
	if !ok || it.ID != "petrol-station.renew" {
		t.Errorf("%v", it)
	}
	if _, ok := Shipped().Sibling("special-operation.first", Cancel); ok {
		t.Error("found an item that is not there")
	}
}

func TestDeskClockEndsWhereTheDeskIsDue(t *testing.T) {
	cal, received := deadline.Embedded(), day("2026-05-06")
	v, ok := Shipped().VersionAt("hazchem-business.first", received)
	if !ok {
		t.Fatal("no rules")
	}
	events := []deadline.Event{{Kind: deadline.Start, On: received}}
	dues, err := v.StepDues(cal, received, events)
	if err != nil {
		t.Fatal(err)
	}
	for _, due := range dues {
		clock, ok, err := v.DeskClock(cal, due.Step, events, received)
		if err != nil {
			t.Fatal(err)
		}
		if ok != (phase(due.Step) == "decide") {
			t.Errorf("%s: a clock of its own: %v", due.Step, ok)
		}
		if ok && clock.State.Due != due.Due {
			t.Errorf("%s: the clock ends on %s, the desk is due on %s", due.Step, clock.State.Due, due.Due)
		}
	}
}
