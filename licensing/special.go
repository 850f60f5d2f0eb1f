package licensing

import (
	"time"

	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// SpecialState says how far a special-time package has come.
type SpecialState string

// The states of a package.
const (
	SpecialProposed SpecialState = "proposed" // waits for a second officer
	SpecialDeclined SpecialState = "declined"
	SpecialRunning  SpecialState = "running" // in force from its first day on
	SpecialEnded    SpecialState = "ended"   // by another notice; its last day may still come
)

// SpecialTime is a package of rules for a special time (特殊时期规则包) with who
// made it.
type SpecialTime struct {
	ID       string
	Rules    rule.Special
	State    SpecialState
	Made     Hand
	Approved Hand
	EndedBy  string // name of the officer
	Version  int64
}

// Subject names the package in audit rows and to-dos.
func (t *SpecialTime) Subject() string { return "special:" + t.ID }

// InForce reports whether the package counts on a date.
func (t *SpecialTime) InForce(on kernel.Date) bool {
	return (t.State == SpecialRunning || t.State == SpecialEnded) && t.Rules.Runs(on)
}

// SpecialMark is what a licence says about a package that extended it.
type SpecialMark struct {
	SpecialID string
	Notice    string
	Title     kernel.Text
	OldTo     kernel.Date
	NewTo     kernel.Date
	CaughtUp  time.Time
	How       string
}

// CatchUp is a line of the list that a package leaves behind: a licence that
// it extended, or a site check that it replaced, to be made good.
type CatchUp struct {
	SpecialID string
	LicenceID string // "" for a check
	CaseID    string // "" for a licence
	Number    string // of the licence or the case
	Holder    string
	Item      string
	Area      string
	Instead   rule.Swap   // of a check
	OldTo     kernel.Date // of a licence
	NewTo     kernel.Date
	Pending   string      // case filed about the licence
	Due       kernel.Date // of a check; zero while the special time is open
	DoneAt    time.Time
	How       string
}
