package registry

import (
	"slices"

	"anlan/internal/kernel"
)

// UnitKind is the sort of a unit in the organisation tree.
type UnitKind string

// The kinds of unit.
const (
	Bureau           UnitKind = "bureau"            // the municipal emergency management bureau
	DistrictBureau   UnitKind = "district_bureau"   // emergency management bureau of a district or zone
	ApprovalBureau   UnitKind = "approval_bureau"   // 行政审批局 of a district or zone
	ReserveAuthority UnitKind = "reserve_authority" // keeps the municipal relief reserve
	Department       UnitKind = "department"        // 处, 科 of one of these
	Post             UnitKind = "post"              // 岗 of a department
)

var unitKinds = []UnitKind{Bureau, DistrictBureau, ApprovalBureau, ReserveAuthority, Department, Post}

// UnitKinds lists them, the highest first.
func UnitKinds() []UnitKind { return slices.Clone(unitKinds) }

// Heads reports whether units of kind k sign in their own name; departments
// and posts act for the unit above them.
func (k UnitKind) Heads() bool { return k != Department && k != Post }

// Unit is a node of the organisation tree.
type Unit struct {
	ID      string      `json:"id"`
	Name    kernel.Text `json:"name"`  // full name as it stands on papers and seals
	Short   string      `json:"short"` // as said every day; "" use Name
	Parent  string      `json:"parent"`
	Area    string      `json:"area"`
	Kind    UnitKind    `json:"kind"`
	Phone   string      `json:"phone"`   // office line, public
	Address string      `json:"address"` // of the counter, public
	Order   int64       `json:"order"`
	Closed  bool        `json:"closed"`
	Note    string      `json:"note"` // origin and confidence of the name
	Version int64       `json:"version"`
}

// BureauID is the unit of the municipal bureau, the root of the tree.
const BureauID = "unit-120000-bureau"

// ReserveID is the unit of the municipal reserve authority.
const ReserveID = "unit-120000-reserve"

// ApprovalDepartmentID is the bureau's department that handles licences.
const ApprovalDepartmentID = "unit-120000-approval"

// Check reports every field of u that breaks a rule by itself.
func (u Unit) Check() error {
	var c kernel.Check
	c.Text("name", u.Name.ZH, 80)
	c.Length("name_en", u.Name.EN, 160)
	c.Length("short", u.Short, 40)
	c.Length("phone", u.Phone, 40)
	c.Length("address", u.Address, 200)
	c.Require("area", u.Area)
	if !slices.Contains(unitKinds, u.Kind) {
		c.Add("kind", "choice", string(u.Kind))
	}
	if !u.Kind.Heads() {
		c.Require("parent", u.Parent)
	}
	if u.Parent == u.ID && u.ID != "" {
		c.Add("parent", "choice", u.Parent)
	}
	return c.Err()
}
