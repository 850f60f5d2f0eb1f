package registry

import (
	"fmt"
	"regexp"
	"strings"

	"anlan/internal/kernel"
)

// AreaKind is the sort of an area.
type AreaKind string

// The kinds of area. Business rows carry the code of a district or a zone;
// streets refine an address and carry no powers of their own here.
const (
	CityArea AreaKind = "city"
	District AreaKind = "district"
	Zone     AreaKind = "zone" // functional zone with offices of its own, under a district
	Street   AreaKind = "street"
)

// CityCode is the area of the whole city. One installation serves one city.
const CityCode = "120000"

// Area is a piece of the city. Code is the GB/T 2260 code of a district
// ("120116"), that code with a suffix for a functional zone
// ("120116-TEDA"), nine digits for a street ("120116001").
type Area struct {
	Code       string        `json:"code"`
	Name       kernel.Text   `json:"name"`       // as said every day: 经开区
	Full       string        `json:"full"`       // as in documents: 天津经济技术开发区
	Parent     string        `json:"parent"`     // "" for the city
	Kind       AreaKind      `json:"kind"`       //
	Pos        kernel.LatLon `json:"pos"`        // seat, WGS-84; zero: not known
	Population int64         `json:"population"` // census 2020; 0: not counted apart
	Order      int64         `json:"order"`
	Note       string        `json:"note"` // origin and confidence of what stands here
}

// CarriesRows reports whether business rows may name a as their area.
func (a Area) CarriesRows() bool { return a.Kind == District || a.Kind == Zone }

// DistrictOf returns the code of the district that a zone or street code lies
// in; the code of a district is its own.
func DistrictOf(code string) string {
	if len(code) < 6 {
		return code
	}
	return code[:6]
}

var areaCodes = map[AreaKind]*regexp.Regexp{
	CityArea: regexp.MustCompile(`^[1-9]\d0000$`),
	District: regexp.MustCompile(`^[1-9]\d{5}$`),
	Zone:     regexp.MustCompile(`^[1-9]\d{5}-[A-Z]{2,8}$`),
	Street:   regexp.MustCompile(`^[1-9]\d{8}$`),
}

// Check reports every field of a that breaks a rule by itself.
func (a Area) Check() error {
	var c kernel.Check
	c.Text("name", a.Name.ZH, 40)
	c.Length("name_en", a.Name.EN, 80)
	c.Length("full", a.Full, 60)
	pattern, known := areaCodes[a.Kind]
	switch {
	case !known:
		c.Add("kind", "choice", string(a.Kind))
	case !pattern.MatchString(a.Code):
		c.Add("code", "format", a.Code)
	case (a.Kind == Zone || a.Kind == Street) && !strings.HasPrefix(a.Parent, a.Code[:6]):
		c.Add("parent", "choice", a.Parent)
	}
	if !a.Pos.Valid() {
		c.Add("pos", "format", fmt.Sprint(a.Pos))
	}
	return c.Err()
}
