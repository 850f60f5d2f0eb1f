package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
)

// MyCase is a case as its applicant sees it.
type MyCase struct {
	*CaseView
	Sending *Delivery // of the result, nil before the decision
	Rating  *Rating   // nil: not rated
	Office  string    // who decides, in words
	Phone   string    // of the office's counter
}

// MyCase loads a case for the applicant's pages.
func (s *Service) MyCase(ctx context.Context, p *auth.Principal, caseID string) (*MyCase, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*MyCase, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err != nil {
			return nil, err
		}
		v := &MyCase{}
		if v.CaseView, err = s.viewCase(ctx, q, c, false); err != nil {
			return nil, err
		}
		if u, err := s.Registry.Unit(ctx, q, c.Authority); err == nil {
			v.Office, v.Phone = u.Name.ZH, u.Phone
		}
		if v.Sending, err = deliveryOf(ctx, q, caseID); kernel.KindOf(err) == kernel.NotFound {
			v.Sending, err = nil, nil
		}
		if err != nil {
			return nil, err
		}
		v.Rating, err = ratingOf(ctx, q, caseID)
		return v, err
	})
}

// Rateable reports whether the applicant may still rate the case.
func (v *MyCase) Rateable() bool { return v.Rating == nil && v.Ended() && v.Number != "" }

// ToConfirm is the recorded check that waits for the applicant's word, nil for
// none.
func (v *MyCase) ToConfirm() *Check {
	for i, c := range v.Checks {
		if c.State == "recorded" && c.ConfirmedByApp.IsZero() {
			return &v.Checks[i]
		}
	}
	return nil
}

// Planned is the check that is still to come, nil for none.
func (v *MyCase) Planned() *Check {
	for i, c := range v.Checks {
		if c.State == "planned" {
			return &v.Checks[i]
		}
	}
	return nil
}

// Stage is a part of the way that a case goes, as the applicant counts it.
type Stage struct {
	Name  string // "submit", "accept", "review", "decide", "deliver"
	State string // "done", "now", "later", "ended"
	On    kernel.Date
}

// Stages are the parts of the way with how far the case has come.
func (v *MyCase) Stages() []Stage {
	out := []Stage{{Name: "submit", State: "done"}, {Name: "accept", State: "now"}, {Name: "review", State: "later"}, {Name: "decide", State: "later"}, {Name: "deliver", State: "later"}}
	if !v.SubmittedAt.IsZero() {
		out[0].On = kernel.DateOf(v.SubmittedAt)
	}
	switch v.State {
	case Accepted:
		out[1].State, out[1].On, out[2].State = "done", v.AcceptedOn, "now"
		if v.Step == Approve {
			out[2].State, out[3].State = "done", "now"
		}
	case Granted, Denied:
		out[1].State, out[1].On, out[2].State, out[3].State, out[3].On, out[4].State = "done", v.AcceptedOn, "done", "done", v.DecidedOn, "now"
		if v.Sending != nil && v.Sending.Ended() {
			out[4].State, out[4].On = "done", kernel.DateOf(v.Sending.EndedAt)
		}
	case Refused, NotNeeded, OtherAuthority, Withdrawn, Terminated:
		if !v.AcceptedOn.IsZero() {
			out[1].State, out[1].On = "done", v.AcceptedOn
			out = out[:2]
		} else {
			out = out[:1]
		}
		out = append(out, Stage{Name: string(v.State), State: "ended", On: v.DecidedOn})
	}
	return out
}

// todoHearing is the to-do about a hearing that the applicant asked for.
const todoHearing = "licensing.hearing"

// hearingWithin is how soon a hearing is held, in natural days (art. 47).
const hearingWithin = 20

// AskHearing asks for a hearing before the decision (行政许可法 art. 46, 47).
func (s *Service) AskHearing(ctx context.Context, p *auth.Principal, caseID, reason string) (*Case, error) {
	var check kernel.Check
	check.Text("hearing", reason, 500)
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "ask_hearing", note: reason}, func(ctx context.Context, sc *scene) error {
		if err := sc.c.in("ask_hearing", Accepted); err != nil {
			return err
		}
		return worklist.Open(ctx, sc.tx, sc.now, worklist.Item{Kind: todoHearing, Subject: sc.c.Subject(), Role: RoleReviewer, Area: sc.c.Area, Enterprise: sc.c.EnterpriseID, Room: "licensing",
			Title: kernel.Text{ZH: "申请听证：" + sc.c.Applicant + " " + sc.c.Number, EN: "Hearing asked for: " + sc.c.Applicant + " " + sc.c.Number},
			Link:  "/licensing/cases/" + sc.c.ID, Due: sc.today().AddDays(hearingWithin).End()})
	})
}
