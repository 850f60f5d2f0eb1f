package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var sameDate = cmp.Comparer(func(a, b kernel.Date) bool { return a == b })

func TestShippedDataKeepEveryRule(t *testing.T) {
	if _, err := Load(data); err != nil {
		t.Fatal(err)
	}
}

// The catalogue in one page: what a reader of the law would check.
func TestShippedCatalogueGolden(t *testing.T) {
	var b strings.Builder
	cat := Shipped()
	for _, c := range cat.Categories() {
		fmt.Fprintf(&b, "%d %s %s\n", c.No, c.ID, c.Title)
		for _, it := range cat.ItemsOf(c.ID) {
			for _, v := range it.Versions {
				writeVersion(&b, v)
			}
		}
	}
	const file = "testdata/catalogue.golden"
	if os.Getenv("ANLAN_UPDATE") == "golden" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

func writeVersion(b *strings.Builder, v *Version) {
	promised, renewal, check := "-", "-", "-"
	if v.Promised != nil {
		promised = fmt.Sprint(v.Promised.N)
	}
	if r := v.Renewal; r != nil {
		renewal = fmt.Sprintf("%dm%dd..%dm%dd", r.Opens.Months, r.Opens.Days, r.Closes.Months, r.Closes.Days)
	}
	if v.SiteCheck.Needed {
		check = fmt.Sprint(v.SiteCheck.Officers)
	}
	var causes []string
	for _, e := range v.Excluded {
		causes = append(causes, e.Cause)
	}
	fmt.Fprintf(b, "  %s %s: %d %s from %s, promised %s, valid %dy review %dy, renew %s, officers %s, number %s %s, %s\n    not counted: %s\n",
		v.ID, v.Confidence(), v.Statutory.N, v.Statutory.Unit, v.Start, promised, v.Validity.Years, v.Validity.ReviewYears, renewal, check,
		v.Number.Numbering, v.Number.Format, v.Results[0].Title, strings.Join(causes, " "))
}

// Facts of the design that no edit of the data may lose.
func TestShippedLimits(t *testing.T) {
	tests := []struct {
		item, on     string
		n            int
		start        StartEvent
		years, check int
	}{
		{"hazchem-business.first", "2026-04-30", 30, OnReceipt, 3, 2},
		{"hazchem-business.first", "2026-05-01", 20, OnReceipt, 3, 2},
		{"petrol-station.renew", "2026-05-01", 20, OnReceipt, 3, 2},
		{"mine-safety.first", "2026-05-01", 45, OnReceipt, 3, 2},
		{"hazchem-production.first", "2026-05-01", 45, OnReceipt, 3, 2},
		{"fireworks-production.renew", "2026-05-01", 45, OnReceipt, 3, 2},
		{"special-operation.first", "2026-05-01", 20, OnAcceptance, 6, 0},
		{"special-operation.recheck", "2026-05-01", 20, OnAcceptance, 6, 0},
		{"hazchem-use.first", "2026-04-30", 45, OnReceipt, 3, 2},
		{"hazchem-use.first", "2026-05-01", 20, OnReceipt, 3, 2},
		{"fireworks-wholesale.first", "2026-05-01", 30, OnAcceptance, 3, 2},
		{"construction-conditions.review", "2026-04-30", 45, OnReceipt, 2, 2},
		{"construction-conditions.review", "2026-05-01", 20, OnReceipt, 2, 2},
		{"construction-design.review", "2026-05-01", 20, OnAcceptance, 2, 2},
		{"precursor-production.first", "2026-05-01", 60, OnReceipt, 3, 2},
		{"precursor-business.first", "2026-05-01", 30, OnReceipt, 3, 2},
		{"precursor-filing.first", "2026-05-01", 0, OnReceipt, 3, 0},
		{"evaluation-agency.first", "2026-05-01", 20, OnAcceptance, 5, 2},
	}
	for _, tt := range tests {
		v, ok := Shipped().VersionAt(tt.item, kernel.MustDate(tt.on))
		if !ok || v.Statutory.N != tt.n || v.Start != tt.start || v.Validity.Years != tt.years || v.SiteCheck.Officers != tt.check {
			t.Errorf("%s on %s: %+v", tt.item, tt.on, v)
		}
		if v.AcceptWithin.N != 5 && tt.n > 0 || v.DeliverWithin.N != 10 {
			t.Errorf("%s: accept within %d, deliver within %d", tt.item, v.AcceptWithin.N, v.DeliverWithin.N)
		}
	}
	if six := slices.DeleteFunc(Shipped().Categories(), func(c Category) bool { return !c.Six }); len(six) != 6 {
		t.Errorf("%d of the six categories", len(six))
	}
}

func TestVersionsRoundTrip(t *testing.T) {
	for _, it := range Shipped().Items() {
		for _, v := range it.Versions {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParseVersion(text)
			if err != nil {
				t.Fatalf("%s: %v", v.ID, err)
			}
			if diff := cmp.Diff(v, back, sameDate, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s", v.ID, diff)
			}
		}
	}
}

// Every condition of a material or an authority must be about a field that
// the form has, and about values it can take; else it would never hold.
func TestConditionsAreAboutFieldsOfTheForm(t *testing.T) {
	for _, it := range Shipped().Items() {
		for _, v := range it.Versions {
			schema, _ := v.FormSchema()
			f, err := form.Parse(schema)
			if err != nil {
				t.Fatalf("%s: %v", v.Form, err)
			}
			for _, m := range v.Materials {
				checkWhen(t, v.ID+" material "+m.ID, f, m.When)
			}
			for _, a := range v.Authority {
				checkWhen(t, v.ID+" authority", f, a.When)
			}
		}
	}
}

func checkWhen(t *testing.T, where string, f *form.Form, w *When) {
	if w == nil {
		return
	}
	i := slices.IndexFunc(f.Fields, func(x *form.Field) bool { return x.Name == w.Field })
	if i < 0 {
		t.Errorf("%s: the form has no field %q", where, w.Field)
		return
	}
	for _, value := range w.In {
		known := f.Fields[i].Kind == form.Boolean && (value == "true" || value == "false")
		for _, o := range f.Fields[i].Options {
			known = known || o.Value == value
		}
		if !known {
			t.Errorf("%s: %q cannot be %q", where, w.Field, value)
		}
	}
}

func TestGuidesSpeakBothLanguages(t *testing.T) {
	for _, it := range Shipped().Items() {
		for _, v := range it.Versions {
			for _, m := range v.Materials {
				if m.Title.EN == "" || m.Note.ZH != "" && m.Note.EN == "" || m.Sample.ZH != "" && m.Sample.EN == "" || m.WhenText.ZH != "" && m.WhenText.EN == "" {
					t.Errorf("%s: material %s lacks English", v.ID, m.ID)
				}
			}
			for _, s := range v.Steps {
				if s.Title.EN == "" {
					t.Errorf("%s: step %s lacks English", v.ID, s.ID)
				}
			}
			if it.Title.EN == "" || it.Summary.EN == "" || slices.ContainsFunc(v.Conditions, func(c kernel.Text) bool { return c.EN == "" }) {
				t.Errorf("%s lacks English", v.ID)
			}
		}
	}
}

// fresh returns a good version to break.
func fresh(t testing.TB) map[string]any {
	t.Helper()
	v, _ := Shipped().VersionByID("hazchem-business.first@2026-05-01")
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// set puts a value at a path; a nil value removes the key.
func set(m any, path string, value any) {
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		if list, ok := m.([]any); ok {
			var i int
			fmt.Sscan(p, &i)
			m = list[i]
			continue
		}
		m = m.(map[string]any)[p]
	}
	last := parts[len(parts)-1]
	if value == nil {
		delete(m.(map[string]any), last)
		return
	}
	m.(map[string]any)[last] = value
}

func TestBrokenVersionsAreNamedByPath(t *testing.T) {
	list := func(v ...any) []any { return v }
	tests := []struct {
		path  string
		value any
		want  string // the field and rule, when not path
	}{
		{"id", "", "id: required"},
		{"item", "Business", "item: format"},
		{"effective_from", nil, "effective_from: required"},
		{"effective_from", "2026-13-01", "date: date"},
		{"effective_to", "2020-01-01", "effective_to: date_order"},
		{"transition", "both", "transition: choice"},
		{"start", "whenever", "start: choice"},
		{"source.law", "", "source.law: required"},
		{"source.confidence", "sure", "source.confidence: choice"},
		{"statutory.n", -1, "statutory.n: range"},
		{"statutory.n", "twenty", "statutory.n: rule_type"},
		{"statutory.unit", "weeks", "statutory.unit: choice"},
		{"statutory.roll", "back", "statutory.roll: choice"},
		{"statutory.source.law", "", "statutory.source.law: required"},
		{"promised.n", 21, "promised.n: rule_longer_than_statutory"},
		{"accept_within.unit", "", "accept_within.unit: choice"},
		{"extension.days", 0, "extension.days: range"},
		{"extension.times", 10, "extension.times: range"},
		{"excluded.1.cause", "hearing", "excluded.1.cause: duplicate"},
		{"excluded.1.cause", "Expert Review", "excluded.1.cause: format"},
		{"who", list(), "who: required"},
		{"who", list("robot"), "who.0: choice"},
		{"steps.0.id", "coffee", "steps.0.id: choice"},
		{"steps.1.id", "intake", "steps.1.id: rule_step_order"},
		{"steps.1.limit.unit", "natural", "steps.1.limit.unit: choice"},
		{"steps.1.limit.n", 20, "steps: rule_longer_than_statutory"},
		{"steps", list(), "steps: rule_missing_step"},
		{"site_check.officers", 1, "site_check.officers: too_few"},
		{"materials.0.id", "Form 1", "materials.0.id: format"},
		{"materials.1.id", "application-signed", "materials.1.id: duplicate"},
		{"materials.0.title.en", "", "materials.0.title.en: required"},
		{"materials.0.required", "perhaps", "materials.0.required: choice"},
		{"materials.0.required", "when", "materials.0.when.field: required"},
		{"materials.0.types", list("pdf"), "materials.0.types.0: format"},
		{"materials.0.types", list(), "materials.0.types: required"},
		{"materials.0.max_bytes", 0, "materials.0.max_bytes: range"},
		{"materials.0.max_files", 0, "materials.0.max_files: range"},
		{"deficit.allowed", false, "materials.6.deficit: rule_deficit_off"},
		{"results", list(), "results: required"},
		{"results.0.kind", "paper", "results.0.kind: choice"},
		{"number.numbering", "random", "number.numbering: choice"},
		{"number.format", "津{year}", "number.format: rule_not_unique"},
		{"number.format", "津{seq:99}", "number.format: format"},
		{"number.format", "津{month}{seq}", "number.format: format"},
		{"validity.years", -3, "validity.years: range"},
		{"validity.review_years", 9, "validity.review_years: range"},
		{"renewal.closes.months", 7, "renewal.opens: rule_opens_late"},
		{"renewal.closes.days", -1, "renewal.closes.days: range"},
		{"renewal.reminders", list(30, 60), "renewal.reminders.1: rule_not_falling"},
		{"authority", list(), "authority: required"},
		{"authority.1.when", map[string]any{"field": "x", "in": list("y")}, "authority.1: rule_must_fit_all"},
		{"authority.1.level", "village", "authority.1.level: choice"},
		{"authority.0.when.in", list(), "authority.0.when.in: required"},
		{"basis", list(), "basis: required"},
		{"contacts.0.phone", "", "contacts.0.phone: required"},
		{"hotline", "", "hotline: required"},
		{"silence.0.on", "never", "silence.0.on: choice"},
		{"form", "none", "form: not_found"},
		{"fee.source.law", "", "fee.source.law: required"},
		{"colour", "red", "colour: unknown"},
	}
	texts := i18n.MustLoad(i18n.Source{Owner: "rule", FS: Locale()})
	for _, tt := range tests {
		m := fresh(t)
		set(m, tt.path, tt.value)
		text, _ := json.Marshal(m)
		_, err := ParseVersion(text)
		var e *kernel.Error
		if !errors.As(err, &e) || e.Kind != kernel.Invalid {
			t.Errorf("%s = %v: %v", tt.path, tt.value, err)
			continue
		}
		if !slices.ContainsFunc(e.Fields, func(f kernel.FieldError) bool { return f.Field+": "+f.Rule == tt.want }) {
			t.Errorf("%s = %v: %v, want %s", tt.path, tt.value, err, tt.want)
		}
		for _, f := range e.Fields {
			if text := texts.Rule("zh-CN", f); !texts.Has("rule."+f.Rule) || strings.ContainsAny(strings.ReplaceAll(text, f.Value, ""), "{}") {
				t.Errorf("%s = %v: rule %s says %q", tt.path, tt.value, f.Rule, text)
			}
		}
	}
}

func TestBrokenDataFilesAreNamedByPath(t *testing.T) {
	common, _ := data.ReadFile("data/common.json")
	tests := []struct{ file, want string }{
		{`{`, "data/x.json.json: json"},
		{`{"rows":[]}`, "data/x.json.rows: unknown"},
		{`{"category":{"id":7}}`, "data/x.json.category.id: rule_type"},
		{`{"items":[{"id":"a.first","group":"b","kind":"best"}]}`, "data/x.json.items.0.group: format|data/x.json.items.0.kind: choice|data/x.json.items.0.category: not_found|data/x.json.items.0.versions: required"},
		{`{"items":[{"id":"a.first","group":"a","kind":"first","versions":[{"use":["nobody"],"materials":["nothing"],"steps":"none","excluded":["sleep"],"effective_from":"2020-01-01"}]}]}`,
			"data/x.json.items.0.versions.0.use: not_found|data/x.json.items.0.versions.0.materials.0: not_found|data/x.json.items.0.versions.0.excluded.0: not_found|data/x.json.items.0.versions.0.steps: not_found"},
		{`{"items":[{"id":"a.first","versions":[3]}]}`, "data/x.json.items.0.versions: rule_type"},
		{`{"items":[{"id":"a.first","versions":[null]}]}`, "data/x.json.items.0.versions.0: required"},
	}
	for _, tt := range tests {
		_, err := Load(fstest.MapFS{"data/common.json": {Data: common}, "data/x.json": {Data: []byte(tt.file)}})
		var e *kernel.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		for want := range strings.SplitSeq(tt.want, "|") {
			if !slices.ContainsFunc(e.Fields, func(f kernel.FieldError) bool { return f.Field+": "+f.Rule == want }) {
				t.Errorf("%s: %v, want %s", tt.file, err, want)
			}
		}
	}
}

// Whatever an administrator pastes is a good version or a named fault, and a
// good one comes back the same.
func FuzzParseVersion(f *testing.F) {
	for _, id := range []string{"hazchem-business.first@2026-05-01", "special-operation.recheck@2010-07-01", "precursor-filing.first@2006-04-15"} {
		v, _ := Shipped().VersionByID(id)
		text, _ := json.Marshal(v)
		f.Add(text)
	}
	f.Add([]byte(`{"materials":[{"required":"when"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ParseVersion(text)
		if err != nil {
			if kernel.KindOf(err) != kernel.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		again, _ := json.Marshal(v)
		w, err := ParseVersion(again)
		if err != nil {
			t.Fatalf("does not come back: %v", err)
		}
		if third, _ := json.Marshal(w); !bytes.Equal(again, third) {
			t.Fatalf("%s\n%s", again, third)
		}
	})
}

func FuzzLoad(f *testing.F) {
	common, _ := data.ReadFile("data/common.json")
	for _, name := range []string{"data/fireworks.json", "data/safety-exam.json"} {
		text, _ := data.ReadFile(name)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := Load(fstest.MapFS{"data/common.json": {Data: common}, "data/x.json": {Data: text}}); err != nil && kernel.KindOf(err) != kernel.Invalid {
			t.Fatal(err)
		}
	})
}
