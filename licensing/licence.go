package licensing

import (
	"slices"
	"time"

	"anlan/internal/kernel"
)

// LicenceState is what a licence is worth. The end states are different acts
// in law and never share a word.
type LicenceState string

// The states of a licence. Expired is derived from the date when read.
const (
	Valid      LicenceState = "valid"
	Changing   LicenceState = "changing"     // 变更中
	Renewing   LicenceState = "renewing"     // 延续中; undecided at expiry it is deemed renewed (art. 50)
	Suspended  LicenceState = "suspended"    // 暂扣
	Expired    LicenceState = "expired"      // 过期
	Replaced   LicenceState = "replaced"     // by a newer issue of itself
	Annulled   LicenceState = "annulled"     // 撤销, art. 69: should not have been granted
	Revoked    LicenceState = "revoked"      // 撤回, art. 8: the ground has gone
	Forfeited  LicenceState = "forfeited"    // 吊销: a penalty
	Deregister LicenceState = "deregistered" // 注销, art. 70: the register entry is closed
)

// Licence is one issue of a licence.
type Licence struct {
	ID             string
	Number         string // 证号
	Issue          int64  // 1, 2, …: a number and its issue are unique
	Item           string
	Category       string
	State          LicenceState
	Holder         string
	HolderKind     string
	EnterpriseID   string
	Account        string
	Area           string
	Authority      string // as printed
	Address        string
	PersonInCharge string
	Mode           string // 经营方式
	Scope          string // 许可范围
	IssuedOn       kernel.Date
	ValidFrom      kernel.Date
	ValidTo        kernel.Date
	ExtendedTo     kernel.Date // by a special-time notice
	ReviewDue      kernel.Date // 复审, personal certificates
	Continued      string      // 有效期延续情况, as printed
	Code           string      // unguessable, in the QR
	CaseID         string
	KeyID          string
	ContactPhone   string // sealed
	Imported       bool
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Sample         bool
}

// Subject names the licence in audit rows, events and to-dos.
func (l *Licence) Subject() string { return "licence:" + l.ID }

// End is the last day of validity, special-time extension included.
func (l *Licence) End() kernel.Date {
	if l.ExtendedTo.After(l.ValidTo) {
		return l.ExtendedTo
	}
	return l.ValidTo
}

// StateOn is the state that counts on a date: a licence whose last day has
// passed is expired, unless a renewal that was applied for in time is still
// undecided (行政许可法 art. 50).
func (l *Licence) StateOn(d kernel.Date) LicenceState {
	if l.State != Valid && l.State != Changing && l.State != Suspended {
		return l.State
	}
	if !l.End().IsZero() && d.After(l.End()) {
		return Expired
	}
	return l.State
}

// Act is something done to a licence, by its legal name.
type Act string

// The acts.
const (
	ActIssue      Act = "issue"
	ActReplace    Act = "replace"
	ActSuspend    Act = "suspend"
	ActResume     Act = "resume"
	ActAnnul      Act = "annul"
	ActRevoke     Act = "revoke"
	ActForfeit    Act = "forfeit"
	ActDeregister Act = "deregister"
	ActExtend     Act = "extend"
)

var actMoves = map[Act]struct {
	from []LicenceState
	to   LicenceState
}{
	ActSuspend:    {[]LicenceState{Valid, Changing, Renewing}, Suspended},
	ActResume:     {[]LicenceState{Suspended}, Valid},
	ActAnnul:      {[]LicenceState{Valid, Changing, Renewing, Suspended, Expired}, Annulled},
	ActRevoke:     {[]LicenceState{Valid, Changing, Renewing, Suspended}, Revoked},
	ActForfeit:    {[]LicenceState{Valid, Changing, Renewing, Suspended}, Forfeited},
	ActDeregister: {[]LicenceState{Valid, Changing, Renewing, Suspended, Expired, Annulled, Revoked, Forfeited}, Deregister},
	ActReplace:    {[]LicenceState{Valid, Changing, Renewing, Expired}, Replaced},
}

// Do applies an act to the licence as it stands on a date.
func (l *Licence) Do(act Act, on kernel.Date) error {
	move, ok := actMoves[act]
	if !ok {
		return kernel.Bad("act", "one_of", string(act))
	}
	if !slices.Contains(move.from, l.StateOn(on)) {
		return kernel.Clash("licensing.error.licence_state", map[string]any{"act": string(act), "state": string(l.StateOn(on))})
	}
	l.State = move.to
	return nil
}
