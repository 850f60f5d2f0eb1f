package licensing

import (
	"slices"

	"anlan/internal/auth"
)

// Possible says what one person may do to a case now, so that a page offers
// that and nothing else. The use cases check everything again.
type Possible struct {
	Claim, Release, Transfer   bool
	Accept, Correct, TurnAway  bool
	PassOn, Decide, Grant      bool
	PlanCheck                  bool
	Pause, Resume              bool
	AskExtension               bool
	AnswerExtension            bool
	CloseDeficit, VerifyPledge bool
	Archive, Export, Unmask    bool
	Blocked                    string // who acted at an earlier desk and so may not act at this one: the desk's name, "" nobody
	RecordCheck, ConfirmCheck  map[string]bool
	RefuseCheck                map[string]bool // to note, or to confirm, that the applicant does not sign
}

// Any reports whether there is anything to do.
func (m Possible) Any() bool {
	return m.Claim || m.Release || m.Transfer || m.Accept || m.Correct || m.TurnAway || m.PassOn || m.Decide || m.PlanCheck || m.Pause || m.Resume ||
		m.AskExtension || m.Archive
}

// May is what a person may do to the case that the view shows.
func (v *CaseView) May(p *auth.Principal) Possible {
	perm, staffed := stepPermission[v.Step]
	works := staffed && p.Can(perm)
	mine := works && (v.Handler == "" || v.Handler == p.Actor.ID)
	m := Possible{
		Claim:    works && v.Handler == "",
		Release:  works && v.Handler == p.Actor.ID,
		Transfer: staffed && p.Can(PermTransfer),
		Accept:   mine && v.State == Submitted,
		Correct:  mine && v.State == Submitted && !v.CorrectionSent,
		TurnAway: mine && v.State == Submitted || v.State == Correcting && p.Can(PermIntake) && (v.Handler == "" || v.Handler == p.Actor.ID),
		Archive:  p.Can(PermArchive) && v.Step == Archive,
		Export:   p.Can(PermArchive) && v.Number != "",
		Unmask:   p.Can(PermUnmask),
	}
	if v.State == Accepted {
		v.mayWork(p, mine, &m)
	}
	v.mayFollowUp(p, &m)
	v.mayCheck(p, &m)
	return m
}

// mayWork is what the desks between acceptance and decision may do.
func (v *CaseView) mayWork(p *auth.Principal, mine bool, m *Possible) {
	earlier := before(v.Chain, v.Step)
	if v.Step != Approve {
		earlier = earlier[1:] // intake may go on with the case, but not decide it
	}
	if v.Step != Review && v.Step != SiteCheck && DifferentHand(p.Actor, v.Opinions, earlier...) != nil {
		m.Blocked = v.handledAt(p)
	}
	free := mine && m.Blocked == ""
	m.PassOn = free && slices.Contains(v.Chain, v.Step) && v.Step != Approve
	m.Decide = free && v.Step == Approve && !v.Paused
	m.Grant = m.Decide && !slices.ContainsFunc(v.Promises, func(x Promise) bool { return x.Kind == "deficit" && x.State == "open" })
	m.PlanCheck = mine && (v.Step == Review || v.Step == SiteCheck)
	m.Pause, m.Resume = mine && !v.Paused && len(v.Rule.Excluded) > 0, mine && v.Paused
	m.AskExtension = mine && !slices.ContainsFunc(v.Requests, func(r Request) bool { return r.State != "refused" })
	m.AnswerExtension = p.Can(PermApprove) && slices.ContainsFunc(v.Requests, func(r Request) bool {
		return r.State == "open" && r.AskedBy != p.Actor.ID && r.AskedBy != p.Actor.For
	})
}

// handledAt names the desk at which a person has already acted.
func (v *CaseView) handledAt(p *auth.Principal) string {
	for _, o := range v.Opinions {
		if DifferentHand(p.Actor, []Opinion{o}, o.Step) != nil {
			return string(o.Step)
		}
	}
	return ""
}

func (v *CaseView) mayFollowUp(p *auth.Principal, m *Possible) {
	for _, x := range v.Promises {
		if x.State != "open" {
			continue
		}
		m.CloseDeficit = m.CloseDeficit || x.Kind == "deficit" && v.State == Accepted && p.Can(PermIntake)
		m.VerifyPledge = m.VerifyPledge || x.Kind == "pledge" && v.State == Granted && p.Can(PermReview)
	}
}

// mayCheck is what the officers of a check may do with its record.
func (v *CaseView) mayCheck(p *auth.Principal, m *Possible) {
	m.RecordCheck, m.ConfirmCheck, m.RefuseCheck = map[string]bool{}, map[string]bool{}, map[string]bool{}
	if !p.Can(PermReview) {
		return
	}
	for _, c := range v.Checks {
		a, b := c.OfficerA == p.Actor.ID, c.OfficerB == p.Actor.ID
		m.RecordCheck[c.ID] = (a || b) && c.State != "confirmed"
		m.ConfirmCheck[c.ID] = c.State == "recorded" && (a && c.ConfirmedA.IsZero() || b && c.ConfirmedB.IsZero())
		m.RefuseCheck[c.ID] = c.State == "recorded" && (a || b) && !c.ConfirmedA.IsZero() && !c.ConfirmedB.IsZero() && c.RefusalBy != p.Actor.ID
	}
}
