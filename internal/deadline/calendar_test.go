package deadline

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var sameDate = cmp.Comparer(func(a, b kernel.Date) bool { return a == b })

func TestWorkingDaysFollowTheNotices(t *testing.T) {
	tests := []struct {
		date    string
		working bool
		why     string
	}{
		{"2020-01-19", true, WhyMakeUp},   // Sunday, worked for the Spring Festival
		{"2020-01-31", false, WhyHoliday}, // the extension of 2020
		{"2020-02-03", true, WhyWorking},
		{"2020-02-08", false, WhyWeekend},
		{"2026-05-05", false, WhyHoliday},
		{"2026-05-09", true, WhyMakeUp},
		{"2026-10-01", false, WhyHoliday},
		{"2027-10-01", true, WhyWorking}, // not loaded: by its weekday
	}
	for _, tt := range tests {
		if working, why := Embedded().IsWorking(day(tt.date)); working != tt.working || why != tt.why {
			t.Errorf("%s: %v %q", tt.date, working, why)
		}
	}
}

// A common count of working days in mainland China for these years.
func TestWorkingDaysOfAYear(t *testing.T) {
	for year, want := range map[int]int{2019: 250, 2021: 250, 2022: 249, 2023: 249} {
		last := kernel.NewDate(year-1, 12, 31)
		if got := Embedded().WorkingBetween(last, kernel.NewDate(year, 12, 31)); got != want {
			t.Errorf("%d has %d working days, want %d", year, got, want)
		}
	}
}

func TestKnownYears(t *testing.T) {
	for year := 2015; year < 2035; year++ {
		if want := year >= 2019 && year <= 2026; Embedded().Known(year) != want {
			t.Errorf("%d known: %v", year, !want)
		}
	}
	one := Embedded().With([]Row{{Date: day("2027-02-06"), Type: Off, Name: "春节"}})
	if one.Known(2027) {
		t.Error("a single correction makes a year known")
	}
	both := one.With([]Row{{Date: day("2027-01-01"), Type: Off, Name: "元旦"}, {Date: day("2027-10-01"), Type: Off, Name: "国庆节"}})
	if !both.Known(2027) || one.Known(2027) {
		t.Error("New Year's Day and National Day make a year known, in the new calendar only")
	}
}

func TestAdministratorsRowsWin(t *testing.T) {
	c := Embedded().With([]Row{{Date: day("2026-05-04"), Type: Work, Name: "更正"}, {Date: day("2026-05-07"), Type: Off, Name: "更正"}})
	if ok, why := c.IsWorking(day("2026-05-04")); !ok || why != WhyWorking {
		t.Errorf("a holiday taken back: %v %q", ok, why)
	}
	if ok, _ := c.IsWorking(day("2026-05-07")); ok {
		t.Error("a new day off is not off")
	}
	if ok, _ := Embedded().IsWorking(day("2026-05-07")); !ok {
		t.Error("the embedded calendar changed")
	}
}

func TestStepsOverWorkingDays(t *testing.T) {
	c := Embedded()
	if got := c.NextWorking(day("2026-10-01")); got != day("2026-10-08") {
		t.Errorf("next working day: %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := day("2019-01-10").AddDays(rapid.IntRange(0, 2800).Draw(t, "day"))
		n := rapid.IntRange(-40, 40).Draw(t, "n")
		there := c.AddWorking(d, n)
		if got := c.WorkingBetween(d, there); n >= 0 && got != n {
			t.Fatalf("%s + %d = %s, %d days between", d, n, there, got)
		}
		if ok, _ := c.IsWorking(there); !ok && n != 0 {
			t.Fatalf("%s + %d = %s, a day off", d, n, there)
		}
		if n < 0 && !there.Before(d) {
			t.Fatalf("%s - %d = %s", d, -n, there)
		}
	})
}

func TestTheFirstDueDateIsThatOfAddWorking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := day("2019-01-10").AddDays(rapid.IntRange(0, 2700).Draw(t, "day"))
		n := rapid.IntRange(1, 60).Draw(t, "n")
		s, err := Compute(Embedded(), wd(n), []Event{{Kind: Start, On: d}}, d)
		if err != nil || s.Due != Embedded().AddWorking(d, n) {
			t.Fatalf("%s + %d: %s, %s (%v)", d, n, s.Due, Embedded().AddWorking(d, n), err)
		}
	})
}

func TestCalendarFiles(t *testing.T) {
	text := "\ufeffdate,type,name,source\r\n2027-01-01,off,元旦,国办发明电〔2026〕示例号\r\n2027-02-06,work, 春节 ,\r\n"
	rows, faults := ParseCSV(strings.NewReader(text), "通知")
	want := []Row{
		{Date: day("2027-01-01"), Type: Off, Name: "元旦", Source: "国办发明电〔2026〕示例号"},
		{Date: day("2027-02-06"), Type: Work, Name: "春节", Source: "通知"},
	}
	if diff := cmp.Diff(want, rows, sameDate); diff != "" || len(faults) > 0 {
		t.Error(diff, faults)
	}
}

func TestEveryWrongRowOfACalendarFileIsNamed(t *testing.T) {
	long := strings.Repeat("节", 41)
	tests := []struct{ text, want string }{
		{"", "line 1: header: deadline_header: "},
		{"day,kind\n", "line 1: header: deadline_header: day,kind"},
		{"date,type,name\n2027-13-01,off,元旦\n2027-01-01,away,元旦\n2027-01-02,off,\n2027-01-03,off," + long + "\n",
			"line 2: date: date: 2027-13-01|line 3: type: choice: away|line 4: name: required: |line 5: name: too_long: 41"},
		{"date,type,name\n2027-01-01,off,元旦\n2027-01-01,off,元旦\n", "line 3: date: duplicate: 2027-01-01"},
		{"date,type,name\n2027-01-01,off\n", "line 2: row: deadline_columns: 2"},
		{"date,type,name\n2027-01-05,work,元旦\n", "line 2: date: deadline_not_weekend: 2027-01-05"},
		{"date,type,name\n1066-10-14,off,x\n", "line 2: date: range: 1066-10-14"},
		{"date,type,name\n2027-01-01,\"off,元旦\n", "line 2: row: csv: "},
		{"date,type,name\n" + strings.Repeat("#", maxCSV), "line 1: file: too_large: "},
	}
	texts := i18n.MustLoad(Texts())
	for _, tt := range tests {
		_, faults := ParseCSV(strings.NewReader(tt.text), "通知")
		var got []string
		for _, f := range faults {
			wantText(t, texts, f.FieldError)
			got = append(got, f.Error())
		}
		if diff := cmp.Diff(strings.Split(tt.want, "|"), got); diff != "" {
			t.Errorf("%.60q: %s", tt.text, diff)
		}
	}
}

// Whatever the file, every row is good or named, and good rows survive being
// written and read again.
func FuzzParseCSV(f *testing.F) {
	text, _ := os.ReadFile("data/cn_holidays_2019_2026.csv")
	f.Add(text[:800])
	f.Add([]byte("date,type,name,source\n2027-01-01,off,元旦,\"国办\n发\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, faults := ParseCSV(bytes.NewReader(text), "通知")
		for _, r := range rows {
			if err := r.Check(); err != nil || !kernel.IsText(r.Name+r.Source) {
				t.Fatalf("%+v: %v", r, err)
			}
		}
		for _, f := range faults {
			if f.Line < 1 || f.Rule == "" || f.Field == "" {
				t.Fatalf("%+v", f)
			}
		}
		if len(rows) > 0 {
			Embedded().With(rows)
		}
	})
}

func TestEveryReasonHasAText(t *testing.T) {
	texts := i18n.MustLoad(Texts())
	for _, why := range []string{WhyStart, WhyWorking, WhyMakeUp, WhyWeekend, WhyHoliday, WhyPaused, WhyNatural, WhyRolled} {
		if !texts.Has("deadline.why." + why) {
			t.Errorf("no text for %s", why)
		}
	}
}

// wantText fails unless the broken rule has a text with every hole filled.
func wantText(t *testing.T, texts *i18n.Catalogues, f kernel.FieldError) {
	t.Helper()
	for _, lang := range i18n.Languages() {
		if text := texts.Rule(lang, f); !texts.Has("rule."+f.Rule) || strings.ContainsAny(text, "{}") {
			t.Errorf("%s: rule %s says %q", lang, f.Rule, text)
		}
	}
}
