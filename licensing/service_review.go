package licensing

import (
	"context"
	"fmt"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// opinion is what the actor says at a desk.
func opinion(sc *scene, step Step, verdict, text string) Opinion {
	return Opinion{ID: kernel.NewID(sc.now), Step: step, Officer: sc.by.ID, OfficerFor: sc.by.For, OfficerName: sc.by.Name, Verdict: verdict, Text: text, At: sc.now}
}

// before lists the desks of the chain in front of step, with intake.
func before(chain []Step, step Step) []Step {
	i := slices.Index(chain, step)
	return append([]Step{Intake}, chain[:max(i, 0)]...)
}

// PassOn writes the desk's opinion and sends the case to the next desk, or
// back to the reviewer ("return"). Nobody passes a case on that they handled
// at an earlier desk, except the two desks of one reviewer (审查 and 核查).
func (s *Service) PassOn(ctx context.Context, p *auth.Principal, caseID string, version int64, verdict, text string) (*Case, error) {
	var check kernel.Check
	check.Text("text", text, 4000)
	if verdict != "agree" && verdict != "disagree" && verdict != "return" {
		check.Add("verdict", "one_of", verdict)
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "pass_on", hidden: true}, func(ctx context.Context, sc *scene) error {
		chain := chainOf(sc.v)
		at := slices.Index(chain, sc.c.Step)
		if at < 0 || sc.c.Step == Approve {
			return sc.c.wrongState("pass_on")
		}
		if err := s.otherHand(ctx, sc, chain); err != nil {
			return err
		}
		if err := s.checkPassed(ctx, sc, verdict); err != nil {
			return err
		}
		if err := insertOpinion(ctx, sc.tx, sc.c.ID, opinion(sc, sc.c.Step, verdict, text)); err != nil {
			return err
		}
		sc.note = string(sc.c.Step) + ": " + verdict
		if verdict == "return" {
			return sc.c.Forward(chain[0])
		}
		return sc.c.Forward(chain[at+1])
	})
}

// otherHand refuses an officer who has already acted at an earlier desk.
func (s *Service) otherHand(ctx context.Context, sc *scene, chain []Step) error {
	if sc.c.Step == Review || sc.c.Step == SiteCheck {
		return nil
	}
	opinions, err := listOpinions(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	return DifferentHand(sc.by, opinions, slices.DeleteFunc(before(chain, sc.c.Step), func(st Step) bool { return st == Intake })...)
}

// checkPassed holds a case at the check desk until the record is confirmed.
func (s *Service) checkPassed(ctx context.Context, sc *scene, verdict string) error {
	if sc.c.Step != SiteCheck || verdict == "return" || sc.c.Promise == "pledge" {
		return nil
	}
	checks, err := listChecks(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	for _, c := range checks {
		if c.State == "confirmed" {
			return nil
		}
	}
	return kernel.Clash("licensing.error.check_open", nil)
}

// CheckPlan is a planned verification on the spot.
type CheckPlan struct {
	Mode string // "site", "video"
	On   kernel.Date
	A, B kernel.Actor // two different officers (行政许可法 art. 34)
}

// PlanCheck plans a check by two officers and tells the applicant.
func (s *Service) PlanCheck(ctx context.Context, p *auth.Principal, caseID string, version int64, in CheckPlan) (*Case, error) {
	var check kernel.Check
	if in.Mode != "site" && in.Mode != "video" {
		check.Add("mode", "one_of", in.Mode)
	}
	check.Require("officer_a", in.A.ID)
	check.Require("officer_b", in.B.ID)
	if in.A.ID != "" && in.A.ID == in.B.ID {
		check.Add("officer_b", "different_person", in.B.Name)
	}
	if in.On.IsZero() {
		check.Add("on", "required", "")
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "plan_check", note: in.On.String()}, func(ctx context.Context, sc *scene) error {
		if err := sc.c.at("plan_check", Review, SiteCheck); err != nil {
			return err
		}
		if in.On.Before(sc.c.AcceptedOn) {
			return kernel.Bad("on", "after_acceptance", in.On.String())
		}
		if err := replan(ctx, sc, in); err != nil {
			return err
		}
		return s.tell(ctx, sc, "licensing.notice.check")
	})
}

// replan moves the check that is planned but not recorded yet; without one it
// adds one.
func replan(ctx context.Context, sc *scene, in CheckPlan) error {
	checks, err := listChecks(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	plan := Check{ID: kernel.NewID(sc.now), CaseID: sc.c.ID, Mode: in.Mode, PlannedOn: in.On, OfficerA: in.A.ID, OfficerAName: in.A.Name,
		OfficerB: in.B.ID, OfficerBName: in.B.Name, State: "planned", CreatedAt: sc.now}
	for _, c := range checks {
		if c.State == "planned" {
			plan.ID = c.ID
			return movePlan(ctx, sc.tx, plan)
		}
	}
	return insertCheck(ctx, sc.tx, plan)
}

// RecordCheck writes the record (检查笔录) of a planned check; one of its two
// officers does, which confirms it for that one.
func (s *Service) RecordCheck(ctx context.Context, p *auth.Principal, caseID, checkID string, record, result string) (*Case, error) {
	var check kernel.Check
	check.Text("record", record, 10000)
	if result != "pass" && result != "fail" {
		check.Add("result", "one_of", result)
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.act(ctx, doing{by: p, needs: PermReview, caseID: caseID, name: "record_check"}, func(ctx context.Context, sc *scene) error {
		c, err := getCheck(ctx, sc.tx, caseID, checkID)
		if err != nil {
			return err
		}
		if c.State == "confirmed" {
			return kernel.Clash("licensing.error.check_done", nil)
		}
		c.Record, c.Result, c.State = record, result, "recorded"
		c.ConfirmedA, c.ConfirmedB, c.ConfirmedByApp = zero, zero, zero
		c.Refusal, c.RefusalBy, c.RefusedAt = "", "", zero
		return confirmCheck(ctx, sc, c)
	})
}

// ConfirmCheck is the signature of the second officer or of the applicant
// under the record; with all three the check is done. An applicant may still
// sign while the officers have noted, but not both, that they would not.
func (s *Service) ConfirmCheck(ctx context.Context, p *auth.Principal, caseID, checkID string) (*Case, error) {
	needs := PermReview
	if !p.Can(PermReview) {
		needs = PermApply
	}
	return s.act(ctx, doing{by: p, needs: needs, caseID: caseID, name: "confirm_check"}, func(ctx context.Context, sc *scene) error {
		c, err := getCheck(ctx, sc.tx, caseID, checkID)
		if err != nil {
			return err
		}
		if c.State != "recorded" {
			return kernel.Clash("licensing.error.check_done", nil)
		}
		if needs == PermApply {
			c.ConfirmedByApp = sc.now
			c.Refusal, c.RefusalBy = "", ""
			return finish(ctx, sc, c)
		}
		return confirmCheck(ctx, sc, c)
	})
}

// RefuseCheck notes that the applicant does not sign a record that both
// officers have signed. The first officer gives the reason, the other one
// confirms it, and the check is done without the applicant.
func (s *Service) RefuseCheck(ctx context.Context, p *auth.Principal, caseID, checkID, reason string) (*Case, error) {
	return s.act(ctx, doing{by: p, needs: PermReview, caseID: caseID, name: "refuse_check"}, func(ctx context.Context, sc *scene) error {
		c, err := getCheck(ctx, sc.tx, caseID, checkID)
		if err != nil {
			return err
		}
		switch {
		case c.State != "recorded":
			return kernel.Clash("licensing.error.check_done", nil)
		case sc.by.ID != c.OfficerA && sc.by.ID != c.OfficerB:
			return kernel.Refused("licensing.error.not_checker")
		case c.ConfirmedA.IsZero() || c.ConfirmedB.IsZero():
			return kernel.Clash("licensing.error.check_unsigned", nil)
		case c.RefusalBy == sc.by.ID:
			return kernel.Refused("licensing.error.same_person_refusal")
		}
		if c.RefusalBy != "" {
			c.RefusedAt = sc.now
			sc.note = c.Refusal
			return finish(ctx, sc, c)
		}
		var check kernel.Check
		check.Text("reason", reason, 500)
		if err := check.Err(); err != nil {
			return err
		}
		c.Refusal, c.RefusalBy = reason, sc.by.ID
		sc.note = reason
		return finish(ctx, sc, c)
	})
}

func confirmCheck(ctx context.Context, sc *scene, c Check) error {
	switch sc.by.ID {
	case c.OfficerA:
		c.ConfirmedA = sc.now
	case c.OfficerB:
		c.ConfirmedB = sc.now
	default:
		return kernel.Refused("licensing.error.not_checker")
	}
	return finish(ctx, sc, c)
}

func finish(ctx context.Context, sc *scene, c Check) error {
	if !c.ConfirmedA.IsZero() && !c.ConfirmedB.IsZero() && (!c.ConfirmedByApp.IsZero() || !c.RefusedAt.IsZero()) {
		c.State = "confirmed"
	}
	return saveCheck(ctx, sc.tx, c)
}

// Procedure is a special procedure that stops the clocks (行政许可法 art. 45).
type Procedure struct {
	Cause  string // "expert-review", one of those the rule version excludes
	Days   int    // working days it will need, told to the applicant
	Reason string
}

// Pause stops the clocks for a special procedure and tells the applicant in
// writing how long it will take.
func (s *Service) Pause(ctx context.Context, p *auth.Principal, caseID string, version int64, in Procedure) (*Case, error) {
	var check kernel.Check
	if in.Days < 1 || in.Days > 200 {
		check.Add("days", "range", fmt.Sprint(in.Days), "min", 1, "max", 200)
	}
	check.Text("reason", in.Reason, 500)
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.numbered(ctx, p, caseID, PaperSpecial, func(paper paperTaken) (*Case, error) {
		return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "pause", note: in.Cause}, func(ctx context.Context, sc *scene) error {
			if err := sc.c.in("pause", Accepted); err != nil {
				return err
			}
			if sc.c.Paused {
				return sc.c.wrongState("pause")
			}
			if causeWord(sc.v, in.Cause) == "" {
				return kernel.Bad("cause", "one_of", in.Cause)
			}
			if err := addClock(ctx, sc.tx, sc.c.ID, deadline.Event{Kind: deadline.Pause, On: sc.today(), Cause: in.Cause}, sc.by, sc.now); err != nil {
				return err
			}
			data := SpecialData{PaperHead: s.head(ctx, sc), Procedure: causeWord(sc.v, in.Cause), Reason: in.Reason, Basis: basisSpecial, From: sc.today(), Days: in.Days,
				Until: sc.cal.AddWorking(sc.today(), in.Days)}
			if err := s.paper(ctx, sc, paper, data); err != nil {
				return err
			}
			return s.tell(ctx, sc, "licensing.notice.paused")
		})
	})
}

// Resume lets the clocks run again from today.
func (s *Service) Resume(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "resume"}, func(ctx context.Context, sc *scene) error {
		if !sc.c.Paused {
			return sc.c.wrongState("resume")
		}
		if err := addClock(ctx, sc.tx, sc.c.ID, deadline.Event{Kind: deadline.Resume, On: sc.today()}, sc.by, sc.now); err != nil {
			return err
		}
		return s.tell(ctx, sc, "licensing.notice.resumed")
	})
}

// AskExtension asks for up to ten more working days, once (art. 42).
func (s *Service) AskExtension(ctx context.Context, p *auth.Principal, caseID string, version int64, days int, reason string) (*Case, error) {
	var check kernel.Check
	if days < 1 || days > extendAtMost {
		check.Add("days", "range", fmt.Sprint(days), "min", 1, "max", extendAtMost)
	}
	check.Text("reason", reason, 500)
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "ask_extension", note: fmt.Sprint(days), hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := sc.c.in("ask_extension", Accepted); err != nil {
			return err
		}
		asked, err := listRequests(ctx, sc.tx, caseID)
		if err != nil {
			return err
		}
		for _, r := range asked {
			if r.State != "refused" {
				return kernel.Clash("licensing.error.extended_once", nil)
			}
		}
		return insertRequest(ctx, sc.tx, caseID, Request{ID: kernel.NewID(sc.now), Kind: "extend", Days: days, Reason: reason,
			AskedBy: sc.by.ID, AskedByName: sc.by.Name, AskedAt: sc.now})
	})
}

// AnswerExtension is the head's answer; not by the person who asked. A grant
// moves the limits and tells the applicant why.
func (s *Service) AnswerExtension(ctx context.Context, p *auth.Principal, caseID string, version int64, requestID string, grant bool, answer string) (*Case, error) {
	return s.numbered(ctx, p, caseID, PaperExtension, func(paper paperTaken) (*Case, error) {
		return s.act(ctx, doing{by: p, needs: PermApprove, caseID: caseID, version: version, name: "answer_extension", hidden: !grant}, func(ctx context.Context, sc *scene) error {
			r, err := openRequest(ctx, sc, requestID)
			if err != nil {
				return err
			}
			if r.AskedBy == sc.by.ID || r.AskedBy == sc.by.For {
				return kernel.Refused("licensing.error.same_person_extension")
			}
			if !grant {
				return answerRequest(ctx, sc.tx, r.ID, "refused", answer, sc.by, sc.now)
			}
			return s.extend(ctx, sc, paper, r, answer)
		})
	})
}

func openRequest(ctx context.Context, sc *scene, id string) (Request, error) {
	all, err := listRequests(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return Request{}, err
	}
	for _, r := range all {
		if r.ID == id && r.State == "open" {
			return r, nil
		}
	}
	return Request{}, kernel.Missing("request", id)
}

func (s *Service) extend(ctx context.Context, sc *scene, paper paperTaken, r Request, answer string) error {
	if err := sc.c.in("extend", Accepted); err != nil {
		return err
	}
	if err := answerRequest(ctx, sc.tx, r.ID, "granted", answer, sc.by, sc.now); err != nil {
		return err
	}
	old := sc.c.Due
	if err := addClock(ctx, sc.tx, sc.c.ID, deadline.Event{Kind: deadline.Extend, On: sc.today(), Cause: "art42", N: r.Days}, sc.by, sc.now); err != nil {
		return err
	}
	if err := s.refreshClocks(ctx, sc); err != nil {
		return err
	}
	sc.note = fmt.Sprint(r.Days)
	data := ExtensionData{PaperHead: s.head(ctx, sc), Days: r.Days, Unit: string(sc.v.Statutory.Unit), Reason: r.Reason, ApprovedBy: sc.by.Name, OldDue: old, NewDue: sc.c.Due}
	if err := s.paper(ctx, sc, paper, data); err != nil {
		return err
	}
	return s.tell(ctx, sc, "licensing.notice.extended")
}
