package rule

import (
	"slices"
	"strings"

	"anlan/internal/kernel"
)

// Level is the level of the issuing authority.
type Level string

// The levels.
const (
	City     Level = "city"
	District Level = "district" // or a functional zone
)

// AuthorityRule says who decides and who supervises; of a version's rules the
// first that fits is taken, and the last must fit everywhere.
type AuthorityRule struct {
	Areas      []string    `json:"areas,omitempty"` // codes; a district covers its zones; empty: everywhere
	When       *When       `json:"when,omitempty"`  // on the form
	Level      Level       `json:"level"`
	Decides    string      `json:"decides"`    // unit id; {area} is the applicant's area code
	Supervises string      `json:"supervises"` // unit id likewise; told of the decision (审管联动)
	Title      kernel.Text `json:"title"`      // the authority in words, for the guide
	Note       kernel.Text `json:"note,omitzero"`
	Source     Source      `json:"source"`
}

// Office is the answer to "who decides this".
type Office struct {
	Unit       string // decides
	Supervisor string // supervises afterwards
	Area       string // the applicant's area, or the city's when Level is City
	Level      Level
	Title      kernel.Text
	Note       kernel.Text
}

// CityCode is the area code of the city: one installation serves one city.
const CityCode = "120000"

// AuthorityFor returns the office for an applicant in area (a district or
// functional zone code), given the data of the form; nil data gives the
// ordinary case. ok is false when no rule fits, or one that needs a district
// or zone and area is none.
func (v *Version) AuthorityFor(area string, data map[string]any) (o Office, ok bool) {
	for _, r := range v.Authority {
		if !r.covers(area) || !r.When.Holds(data) {
			continue
		}
		if (area == "" || area == CityCode) && strings.Contains(r.Decides, "{area}") {
			return Office{}, false
		}
		o = Office{
			Unit: strings.ReplaceAll(r.Decides, "{area}", area), Supervisor: strings.ReplaceAll(r.Supervises, "{area}", area),
			Area: area, Level: r.Level, Title: r.Title, Note: r.Note,
		}
		if r.Level == City {
			o.Area = CityCode
		}
		return o, true
	}
	return Office{}, false
}

func (r AuthorityRule) covers(area string) bool { return coversArea(r.Areas, area) }

// coversArea reports whether codes name area or the district it lies in; no
// codes cover everything.
func coversArea(codes []string, area string) bool {
	district, _, _ := strings.Cut(area, "-")
	return len(codes) == 0 || slices.Contains(codes, area) || slices.Contains(codes, district) || slices.Contains(codes, CityCode)
}
