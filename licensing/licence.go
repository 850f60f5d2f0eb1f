package licensing

import (
	"slices"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// LicenceState is what a licence is worth. The end states are different acts
// in law and never share a word.
type LicenceState string

// The states of a licence. Expired is derived from the date when read.
const (
	Valid      LicenceState = "valid"
	Changing   LicenceState = "changing"     // 变更中: a change, reissue or cancellation is being decided
	Renewing   LicenceState = "renewing"     // 延续中; undecided at expiry it is deemed renewed (art. 50)
	Suspended  LicenceState = "suspended"    // 暂扣
	Expired    LicenceState = "expired"      // 过期
	Replaced   LicenceState = "replaced"     // by a newer issue of itself
	Annulled   LicenceState = "annulled"     // 撤销, art. 69: should not have been granted
	Revoked    LicenceState = "revoked"      // 撤回, art. 8: the ground has gone
	Forfeited  LicenceState = "forfeited"    // 吊销: a penalty
	Deregister LicenceState = "deregistered" // 注销, art. 70: the register entry is closed
)

// licenceStates are all states in the order of the register's filter.
var licenceStates = [...]LicenceState{Valid, Changing, Renewing, Suspended, Expired, Replaced, Annulled, Revoked, Forfeited, Deregister}

// liveStates are those stored for a licence that has not ended by an act.
var liveStates = [...]LicenceState{Valid, Changing, Renewing, Suspended}

// Licence is one issue of a licence. Number and Holder are what screens show:
// masked for a person, in whose number the identity number may stand.
type Licence struct {
	ID             string
	Number         string // 证号
	NumberKey      string // what makes Number and Issue unique: the number, or its keyed hash
	NumberSealed   personal.Sealed
	Issue          int64 // 1, 2, …: a number and its issue are unique
	Item           string
	Category       string
	State          LicenceState
	Holder         string
	HolderSealed   personal.Sealed
	HolderKind     string // "enterprise", "person"
	EnterpriseID   string
	Account        string
	Area           string
	Authority      string // as printed
	Unit           string // its registry id
	Address        string
	PersonInCharge string
	Mode           string // 经营方式
	Scope          string // 许可范围
	IssuedOn       kernel.Date
	ValidFrom      kernel.Date
	ValidTo        kernel.Date // zero: without end
	ExtendedTo     kernel.Date // by a special-time notice
	ReviewDue      kernel.Date // 复审, personal certificates
	Continued      string      // 有效期延续情况, as printed, one line each
	Fields         []PaperPair // further lines of the certificate
	Code           string      // unguessable, in the QR
	CaseID         string      // that led to this issue, "" for imported ones
	PreviousID     string      // the issue that this one replaced
	PendingCase    string      // renewal, change, reissue or cancellation under way
	PendingState   LicenceState
	Timely         bool        // the pending renewal was applied for in time (art. 50)
	DeemedOn       kernel.Date // the pending renewal was deemed granted on this day
	KeyID          string
	ContactPhone   personal.Sealed
	ImportID       string
	Imported       bool
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Sample         bool
}

// Subject names the licence in audit rows, events and to-dos.
func (l *Licence) Subject() string { return "licence:" + l.ID }

// HolderKey tells holders apart, so that one message covers all licences of
// one holder.
func (l *Licence) HolderKey() string {
	switch {
	case l.EnterpriseID != "":
		return l.EnterpriseID
	case l.Account != "":
		return l.Account
	}
	return l.ID
}

// End is the last day of validity, special-time extension included; zero for
// a licence without end.
func (l *Licence) End() kernel.Date {
	if !l.ValidTo.IsZero() && l.ExtendedTo.After(l.ValidTo) {
		return l.ExtendedTo
	}
	return l.ValidTo
}

// Watch is the day that the expiry worklist looks at: the last day of
// validity, or a re-examination that is due before; zero for none.
func (l *Licence) Watch() kernel.Date {
	end := l.End()
	if !l.ReviewDue.IsZero() && (end.IsZero() || l.ReviewDue.Before(end)) {
		return l.ReviewDue
	}
	return end
}

// StateOn is the state that counts on a date: a licence whose last day has
// passed is expired, unless a renewal that was applied for in time is still
// undecided (行政许可法 art. 50).
func (l *Licence) StateOn(d kernel.Date) LicenceState {
	if !slices.Contains(liveStates[:], l.State) || l.State == Renewing && l.Timely && l.DeemedOn.IsZero() {
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
	ActImport     Act = "import"  // taken over from an older register
	ActRenew      Act = "renew"   // noted on the same certificate
	ActAmend      Act = "amend"   // a change noted on the same certificate
	ActRecheck    Act = "recheck" // 复审 passed
	ActDeem       Act = "deem"    // deemed renewed, art. 50
	ActReplace    Act = "replace"
	ActLink       Act = "link"   // an application about it was filed
	ActUnlink     Act = "unlink" // and ended without a new issue
	ActSuspend    Act = "suspend"
	ActResume     Act = "resume"
	ActAnnul      Act = "annul"
	ActRevoke     Act = "revoke"
	ActForfeit    Act = "forfeit"
	ActDeregister Act = "deregister"
	ActExtend     Act = "extend"  // by a special-time notice
	ActShorten    Act = "shorten" // the notice was ended early
)

// OfficerActs are the acts that an officer may do by themselves on the
// register; the others follow from cases, notices and imports.
var OfficerActs = [...]Act{ActSuspend, ActResume, ActAnnul, ActRevoke, ActForfeit, ActDeregister}

// Harsh reports whether the act takes something from the holder and so needs
// a second officer.
func (a Act) Harsh() bool {
	return a == ActSuspend || a == ActAnnul || a == ActRevoke || a == ActForfeit
}

type actMove struct {
	from []LicenceState
	to   LicenceState
}

// actMoves is the machine of the licence: from which states, as they count on
// the day, an act leads where.
var actMoves = map[Act]actMove{
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
		return l.wrongState(act, on)
	}
	l.State = move.to
	if act == ActResume && l.PendingCase != "" {
		l.State = l.PendingState
	}
	return nil
}

// Can lists the officers' acts that the licence admits on a date.
func (l *Licence) Can(on kernel.Date) []Act {
	var out []Act
	for _, act := range OfficerActs {
		if slices.Contains(actMoves[act].from, l.StateOn(on)) {
			out = append(out, act)
		}
	}
	return out
}

func (l *Licence) wrongState(act Act, on kernel.Date) error {
	return kernel.Clash("licensing.error.licence_state", map[string]any{"act": string(act), "state": string(l.StateOn(on))})
}

// Link records that an application about the licence was filed: to is Renewing
// for a renewal, Changing for the others. A suspended licence stays so.
func (l *Licence) Link(caseID string, to LicenceState, timely bool, on kernel.Date) error {
	if l.PendingCase != "" && l.PendingCase != caseID {
		return kernel.Clash("licensing.error.licence_pending", map[string]any{"number": l.Number})
	}
	state := l.StateOn(on)
	if state != Valid && state != Suspended && !(state == Expired && to == Changing) {
		return l.wrongState(ActLink, on)
	}
	l.PendingCase, l.PendingState, l.Timely = caseID, to, timely
	if l.State != Suspended {
		l.State = to
	}
	return nil
}

// Unlink records that the application ended without a new issue. A licence
// that was deemed renewed stays so: what silence gave, a late refusal does not
// take (that needs an annulment or a revocation of its own).
func (l *Licence) Unlink(caseID string) error {
	if l.PendingCase != caseID {
		return kernel.Clash("error.changed_meanwhile", nil)
	}
	if l.State == Renewing || l.State == Changing {
		l.State = Valid
	}
	l.PendingCase, l.PendingState, l.Timely, l.DeemedOn = "", "", false, kernel.Date{}
	return nil
}

// Deem renews the licence to a new last day because its renewal, applied for
// in time, was undecided when it expired (art. 50). The case stays linked:
// the certificate is still owed.
func (l *Licence) Deem(to, on kernel.Date) error {
	if l.PendingCase == "" || !l.Timely || !l.DeemedOn.IsZero() || l.State != Renewing || !on.After(l.End()) || !to.After(l.End()) {
		return l.wrongState(ActDeem, on)
	}
	l.DeemedOn, l.ValidTo, l.ExtendedTo, l.State = on, to, kernel.Date{}, Renewing
	return nil
}

// Settle ends a pending application by what it asked for.
func (l *Licence) Settle() {
	l.PendingCase, l.PendingState, l.Timely, l.DeemedOn = "", "", false, kernel.Date{}
}
