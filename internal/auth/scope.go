package auth

import (
	"slices"
	"strings"

	"anlan/internal/db"
)

// Scope says whose rows a principal may see. It is made once per request;
// every store function on business rows takes it, and rows outside it do not
// exist for the caller. The zero Scope sees nothing.
type Scope struct {
	City        bool        // everything in the city
	Officer     bool        // an officer or a system of the administration
	Areas       []string    // area codes, expanded: a district comes with its zones and streets
	Units       []string    // unit ids, expanded
	Enterprises []string    // own, overseen, and delegated for every item
	Delegated   []Delegated // enterprises delegated for named items only
	Account     string      // own rows of whoever signed in; "" none
	Own         string      // the account's own enterprise; "" none
}

// Delegated is an enterprise for which an agent may act in named items only.
type Delegated struct {
	Enterprise string
	Items      []string
}

// CityScope sees everything: for jobs and commands of the platform itself.
func CityScope() Scope { return Scope{City: true, Officer: true} }

// Columns names the columns of a table that Where compares; "" means that the
// table has none. Item is the column of the licence item, so that an agent who
// may act for some items sees only their rows. Facts says that the rows are
// facts about the enterprise as such (its name, its address): an agent for any
// item sees them.
type Columns struct {
	Area, Enterprise, Account, Unit string
	Item                            string
	Facts                           bool
}

// Where adds the condition that a row lies in the scope. A scope that may see
// nothing of the table adds 1 = 0.
func (s Scope) Where(w *db.Where, c Columns) {
	if s.City {
		return
	}
	var p pieces
	p.in(c.Area, s.Areas)
	p.in(c.Unit, s.Units)
	p.in(c.Enterprise, s.Enterprises)
	if s.Account != "" {
		p.in(c.Account, []string{s.Account})
	}
	for _, d := range s.Delegated {
		p.delegated(c, d)
	}
	if len(p.text) == 0 {
		w.And("1 = 0")
		return
	}
	w.And(strings.Join(p.text, " OR "), p.args...)
}

// pieces are alternatives of one condition.
type pieces struct {
	text []string
	args []any
}

func (p *pieces) in(column string, values []string) {
	if column == "" || len(values) == 0 {
		return
	}
	p.text = append(p.text, column+" IN ("+p.marks(values)+")")
}

func (p *pieces) marks(values []string) string {
	for _, v := range values {
		p.args = append(p.args, v)
	}
	return strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
}

func (p *pieces) delegated(c Columns, d Delegated) {
	switch {
	case c.Enterprise == "":
	case c.Facts:
		p.in(c.Enterprise, []string{d.Enterprise})
	case c.Item != "" && len(d.Items) > 0:
		p.args = append(p.args, d.Enterprise)
		p.text = append(p.text, "("+c.Enterprise+" = ? AND "+c.Item+" IN ("+p.marks(d.Items)+"))")
	}
}

// Sees reports whether a row of this area, enterprise and owner lies in the
// scope; "" is "has none". It leaves units and items out: see SeesUnit and
// SeesItem.
func (s Scope) Sees(area, enterprise, account string) bool {
	return s.City ||
		area != "" && slices.Contains(s.Areas, area) ||
		enterprise != "" && slices.Contains(s.Enterprises, enterprise) ||
		account != "" && account == s.Account
}

// SeesItem is Sees for a row that belongs to a licence item.
func (s Scope) SeesItem(area, enterprise, account, item string) bool {
	return s.Sees(area, enterprise, account) || slices.ContainsFunc(s.Delegated, func(d Delegated) bool {
		return enterprise != "" && d.Enterprise == enterprise && slices.Contains(d.Items, item)
	})
}

// SeesUnit reports whether rows of unit lie in the scope.
func (s Scope) SeesUnit(unit string) bool {
	return s.City || unit != "" && slices.Contains(s.Units, unit)
}

// ActsFor reports whether the principal may file for enterprise in item: as
// the enterprise itself or as its agent. Officers see enterprises but never
// act for them.
func (s Scope) ActsFor(enterprise, item string) bool {
	if s.Officer || enterprise == "" {
		return false
	}
	return s.SeesItem("", enterprise, "", item)
}

// Represents lists the enterprises for which the principal may file something.
func (s Scope) Represents() []string {
	if s.Officer {
		return nil
	}
	out := slices.Clone(s.Enterprises)
	for _, d := range s.Delegated {
		if !slices.Contains(out, d.Enterprise) {
			out = append(out, d.Enterprise)
		}
	}
	return out
}
