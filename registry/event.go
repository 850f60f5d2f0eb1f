package registry

import "anlan/internal/event"

// EnterpriseChange is the payload of the events of an enterprise, whose
// subject is "enterprise:ID".
type EnterpriseChange struct {
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	Area    string   `json:"area"`
	Fields  []string `json:"fields,omitempty"` // which changed
	Reason  string   `json:"reason,omitempty"` // of closing
}

// UnitChange is the payload of UnitChanged, whose subject is "unit:ID".
type UnitChange struct {
	ID string `json:"id"`
}

// The events of this package.
var (
	EnterpriseRegistered = event.Type[EnterpriseChange]{Name: "registry.enterprise.registered"}
	EnterpriseChanged    = event.Type[EnterpriseChange]{Name: "registry.enterprise.changed"}
	EnterpriseClosed     = event.Type[EnterpriseChange]{Name: "registry.enterprise.closed"}
	UnitChanged          = event.Type[UnitChange]{Name: "registry.unit.changed"}
)
