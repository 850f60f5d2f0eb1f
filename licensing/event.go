package licensing

import (
	"anlan/internal/event"
	"anlan/internal/kernel"
)

// CaseMoved is the payload of the events of a case: enough to act on, and the
// id to look the rest up.
type CaseMoved struct {
	CaseID       string `json:"case_id"`
	Number       string `json:"number"`
	Item         string `json:"item"`
	State        State  `json:"state"`
	Step         Step   `json:"step"`
	Area         string `json:"area"`
	EnterpriseID string `json:"enterprise_id,omitempty"`
}

// CaseDecided tells the supervising office and the publisher of a decision.
type CaseDecided struct {
	CaseID       string      `json:"case_id"`
	Number       string      `json:"number"`
	Item         string      `json:"item"`
	Outcome      State       `json:"outcome"`
	DecidedOn    kernel.Date `json:"decided_on"`
	LicenceID    string      `json:"licence_id,omitempty"`
	Supervisor   string      `json:"supervisor,omitempty"`
	Area         string      `json:"area"`
	EnterpriseID string      `json:"enterprise_id,omitempty"`
}

// LicenceMoved tells that a licence was issued or changed its worth.
type LicenceMoved struct {
	LicenceID    string       `json:"licence_id"`
	Number       string       `json:"number"`
	Act          Act          `json:"act"`
	State        LicenceState `json:"state"`
	Area         string       `json:"area"`
	EnterpriseID string       `json:"enterprise_id,omitempty"`
}

// The events of this room.
var (
	EventCaseSubmitted = event.Type[CaseMoved]{Name: "licensing.case.submitted"}
	EventCaseMoved     = event.Type[CaseMoved]{Name: "licensing.case.moved"}
	EventCaseDecided   = event.Type[CaseDecided]{Name: "licensing.case.decided"}
	EventLicenceMoved  = event.Type[LicenceMoved]{Name: "licensing.licence.moved"}
)

func moved(c *Case) CaseMoved {
	return CaseMoved{CaseID: c.ID, Number: c.Number, Item: c.Item, State: c.State, Step: c.Step, Area: c.Area, EnterpriseID: c.EnterpriseID}
}
