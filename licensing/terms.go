package licensing

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"anlan/internal/kernel"
	"anlan/licensing/rule"
	"anlan/registry"
)

// terms are what the part of the room that begins with the decision needs
// from a rule version and its item.
type terms struct {
	v     *rule.Version
	item  *rule.Item // of the version
	under string     // item under which the licence stands in the register: the first issue of the group
}

// terms looks a version's item up. An item that is not in the catalogue (it
// was withdrawn) is taken for a first issue of itself.
func (s *Service) terms(v *rule.Version) terms {
	t := terms{v: v, item: &rule.Item{ID: v.Item, Group: v.Item, Kind: rule.First, Title: kernel.Text{ZH: v.Item}}, under: v.Item}
	if it, ok := s.Rules.ItemByID(v.Item); ok {
		t.item = it
	}
	if first, ok := s.Rules.Sibling(v.Item, rule.First); ok {
		t.under = first.ID
	}
	return t
}

// result is the document that a grant produces, Record when it is none.
func (t terms) result() rule.Result {
	if len(t.v.Results) == 0 {
		return rule.Result{Kind: rule.Record, Title: t.item.Title}
	}
	return t.v.Results[0]
}

// identityNumbered reports whether the number contains the holder's identity
// number (特种作业操作证: T and the number).
func (t terms) identityNumbered() bool { return strings.Contains(t.v.Number.Format, "{id}") }

var numberHole = regexp.MustCompile(`\{(\w+)(?::(\d+))?\}`)

// number writes the number of a result. The area is that of the district, a
// zone's without its suffix.
func (t terms) number(area, idNumber string, year int, n int64) string {
	return t.fill(area, idNumber, year, func(width int) string { return fmt.Sprintf("%0*d", width, n) })
}

// series is where the running numbers of the format are taken: one series per
// text that differs only in the running number, so that no two results can
// bear the same.
func (t terms) series(area string, year int) string {
	return "licensing.licence/" + t.fill(area, "", year, func(int) string { return "#" })
}

func (t terms) fill(area, idNumber string, year int, seq func(width int) string) string {
	return numberHole.ReplaceAllStringFunc(t.v.Number.Format, func(hole string) string {
		m := numberHole.FindStringSubmatch(hole)
		switch m[1] {
		case "year":
			return strconv.Itoa(year)
		case "area":
			return registry.DistrictOf(area)
		case "id":
			return idNumber
		}
		width, _ := strconv.Atoi(m[2]) // "" is 0: as long as it is
		return seq(width)
	})
}

// begins is the first day of a validity whose last day is given: the inverse
// of rule.Validity.LastDay.
func (t terms) begins(last kernel.Date) kernel.Date {
	return last.AddDays(1).AddYears(-t.v.Validity.Years)
}

// notes are the remarks printed in 副本.
func (t terms) notes() []string {
	if t.v.Validity.Note.ZH == "" {
		return nil
	}
	return []string{t.v.Validity.Note.ZH}
}
