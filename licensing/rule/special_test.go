package rule

import (
	"encoding/json"
	"testing"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// spring2020 is a package as provinces made them.
func spring2020() Special {
	return Special{
		Notice: "津应急〔2020〕示例号", Title: kernel.Text{ZH: "疫情防控期间许可事项办理", EN: "Licensing during the epidemic"},
		Areas: []string{"120116"}, Items: []string{"hazchem-business", "special-operation.renew"},
		From: day("2020-01-24"), To: day("2020-06-30"), Prolong: &Prolong{Months: 3}, SiteCheck: SwapPromise,
		VerifyWithin: deadline.Limit{N: 30, Unit: deadline.WorkingDays}, ShiftDays: 30,
	}
}

func TestASpecialTimeExtendsAndSwaps(t *testing.T) {
	s := spring2020()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	item := func(id string) *Item { it, _ := Shipped().ItemByID(id); return it }
	tests := []struct{ item, area, expiry, last string }{
		{"petrol-station.first", "120116-TEDA", "2020-03-31", "2020-06-30"}, // by its category, in a zone of the district
		{"petrol-station.first", "120116", "2020-01-23", ""},                // ended before
		{"petrol-station.first", "120116", "2020-07-01", ""},                // ends after
		{"petrol-station.first", "120101", "2020-03-31", ""},                // another district
		{"special-operation.first", "120116", "2020-03-31", ""},             // not named
		{"special-operation.renew", "120116", "2020-01-31", "2020-04-30"},
	}
	for _, tt := range tests {
		last, ok := s.Prolongs(item(tt.item), tt.area, day(tt.expiry))
		if ok != (tt.last != "") || ok && last.String() != tt.last {
			t.Errorf("%s in %s to %s: %s %v", tt.item, tt.area, tt.expiry, last, ok)
		}
	}
	if got := s.Swaps(item("hazchem-business.first"), "120116", day("2020-02-10")); got != SwapPromise {
		t.Errorf("site check: %q", got)
	}
	if got := s.Swaps(item("hazchem-business.first"), "120116", day("2020-07-01")); got != NoSwap {
		t.Errorf("after the special time: %q", got)
	}
	s.EndedOn, s.EndedBy = day("2020-04-30"), "津应急〔2020〕另一示例号"
	if by, err := s.VerifyBy(deadline.Embedded()); err != nil || by.String() != "2020-06-15" {
		t.Errorf("verify by %s (%v)", by, err)
	}
	if s.Runs(day("2020-05-01")) || !s.Runs(day("2020-04-30")) {
		t.Error("ended by another notice on 30 April")
	}
}

func TestSpecialTimesAreChecked(t *testing.T) {
	tests := []struct {
		change func(s *Special)
		want   string
	}{
		{func(s *Special) { s.Notice, s.Title.ZH = "", "" }, "notice: required: ; title.zh-CN: required: "},
		{func(s *Special) { s.From = kernel.Date{} }, "from: required: "},
		{func(s *Special) { s.To = day("2020-01-01") }, "to: date_order: 2020-01-01"},
		{func(s *Special) { s.EndedOn = day("2020-05-01") }, "ended_by: rule_ended_together: "},
		{func(s *Special) { s.SiteCheck = "skip" }, "site_check: choice: skip"},
		{func(s *Special) { s.VerifyWithin.N = -1 }, "verify_within.n: range: -1"},
		{func(s *Special) { s.ShiftDays = 1000 }, "shift_days: range: 1000"},
		{func(s *Special) { s.Prolong = &Prolong{} }, "prolong: rule_one_prolong: 0"},
		{func(s *Special) { s.Prolong = &Prolong{Months: 99} }, "prolong.months: range: 99"},
		{func(s *Special) { s.Prolong = &Prolong{Until: day("2019-01-01")} }, "prolong.until: date_order: 2019-01-01"},
		{func(s *Special) { s.Prolong, s.SiteCheck, s.ShiftDays = nil, NoSwap, 0 }, "prolong: rule_no_effect: "},
	}
	for _, tt := range tests {
		s := spring2020()
		tt.change(&s)
		text, _ := json.Marshal(s)
		if _, err := ParseSpecial(text); err == nil || err.Error() != tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

func FuzzParseSpecial(f *testing.F) {
	s := spring2020()
	text, _ := json.Marshal(s)
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSpecial(text)
		if err != nil {
			if kernel.KindOf(err) != kernel.Invalid {
				t.Fatal(err)
			}
			return
		}
		it := Shipped().Items()[0]
		if last, ok := s.Prolongs(it, "120101", s.From); ok && !last.After(s.From) {
			t.Fatalf("extended back to %s", last)
		}
	})
}
