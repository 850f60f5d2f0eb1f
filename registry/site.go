package registry

import (
	"fmt"
	"slices"
	"time"

	"anlan/internal/kernel"
)

// SiteKind is the sort of a place.
type SiteKind string

// The kinds of site.
const (
	Plant           SiteKind = "plant"
	TankFarm        SiteKind = "tank_farm"
	Store           SiteKind = "store"
	Station         SiteKind = "station"
	Workshop        SiteKind = "workshop"
	Hospital        SiteKind = "hospital"
	QuarantinePoint SiteKind = "quarantine_point"
	Warehouse       SiteKind = "warehouse"
	OtherSite       SiteKind = "other"
)

var siteKinds = []SiteKind{Plant, TankFarm, Store, Station, Workshop, Hospital, QuarantinePoint, Warehouse, OtherSite}

// Site is a place that matters by itself: of an enterprise (a store, a
// station) or on its own (a designated hospital).
type Site struct {
	ID         string
	Enterprise string // "" belongs to none
	Name       string
	Kind       SiteKind
	Area       string
	Street     string
	Address    string
	Pos        kernel.LatLon
	Protected  bool // extra forces, one policy of its own
	State      State
	Sample     bool
	Version    int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Check reports every field of s that breaks a rule by itself.
func (s Site) Check() error {
	var c kernel.Check
	c.Text("name", s.Name, 120)
	c.Require("area", s.Area)
	c.Text("address", s.Address, 200)
	if !slices.Contains(siteKinds, s.Kind) {
		c.Add("kind", "choice", string(s.Kind))
	}
	if !s.Pos.Valid() {
		c.Add("pos", "format", fmt.Sprint(s.Pos))
	}
	return c.Err()
}
