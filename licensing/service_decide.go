package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/number"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

// Verdict is the approver's decision.
type Verdict struct {
	Outcome State // Granted, Denied
	Grounds string
	Licence LicenceData // what a granted result says where the application does not say it right
}

// Decide ends the substance of a case: by an approver who handled no earlier
// desk, never while a promise or a check is open. A grant makes the licence,
// its papers and its delivery in the same transaction.
func (s *Service) Decide(ctx context.Context, p *auth.Principal, caseID string, version int64, in Verdict) (*Case, error) {
	var check kernel.Check
	check.Text("grounds", in.Grounds, 4000)
	if in.Outcome != Granted && in.Outcome != Denied {
		check.Add("outcome", "one_of", string(in.Outcome))
	}
	in.Licence.check(&check)
	if err := check.Err(); err != nil {
		return nil, err
	}
	kind := PaperDenial
	if in.Outcome == Granted {
		kind = PaperGrant
	}
	return s.numbered(ctx, p, caseID, kind, func(paper paperTaken) (*Case, error) {
		num, issue, err := s.numberForGrant(ctx, p, caseID, in)
		if err != nil {
			return nil, err
		}
		c, err := s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "decide", note: string(in.Outcome)}, func(ctx context.Context, sc *scene) error {
			if err := s.mayDecide(ctx, sc, in); err != nil {
				return err
			}
			return s.decide(ctx, sc, paper, num, issue, in)
		})
		if err != nil && num.ID != "" {
			if verr := s.voidNumber(ctx, num, "decision failed", p.Actor); verr != nil {
				s.Log.Warn("number not voided yet", "series", num.Series, "error", verr)
			}
		}
		return c, err
	})
}

// numberForGrant takes the licence's number before the transaction.
func (s *Service) numberForGrant(ctx context.Context, p *auth.Principal, caseID string, in Verdict) (number.Number, int64, error) {
	if in.Outcome != Granted {
		return number.Number{}, 0, nil
	}
	type found struct {
		c    *Case
		v    *rule.Version
		data LicenceData
	}
	f, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (f found, err error) {
		if f.c, err = getCase(ctx, q, p.Scope, caseID); err != nil {
			return f, err
		}
		if f.v, err = s.version(ctx, q, f.c); err != nil {
			return f, err
		}
		f.data, err = s.proposal(ctx, q, f.c, f.v)
		return f, err
	})
	if err != nil {
		return number.Number{}, 0, err
	}
	return s.planLicenceNumber(ctx, f.c, f.v, in.Licence.or(f.data).IDNumber, p.Actor)
}

// mayDecide is everything that must be true before a decision.
func (s *Service) mayDecide(ctx context.Context, sc *scene, in Verdict) error {
	if err := sc.c.at("decide", Approve); err != nil {
		return err
	}
	if sc.c.Paused {
		return kernel.Clash("licensing.error.paused", nil)
	}
	opinions, err := listOpinions(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	if err := DifferentHand(sc.by, opinions, before(chainOf(sc.v), Approve)...); err != nil {
		return err
	}
	if in.Outcome != Granted {
		return nil
	}
	promises, err := listPromises(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	for _, p := range promises {
		if p.Kind == "deficit" && p.State == "open" {
			return kernel.Clash("licensing.error.deficit_open", map[string]any{"due": p.Due.String()})
		}
	}
	checks, err := listChecks(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	return allowsGrant(checks)
}

// allowsGrant refuses a grant while a check is open and when the last one
// found that the conditions are not met.
func allowsGrant(checks []Check) error {
	for i, c := range checks {
		switch {
		case c.State != "confirmed":
			return kernel.Clash("licensing.error.check_open", nil)
		case i == len(checks)-1 && c.Result == "fail":
			return kernel.Clash("licensing.error.check_failed", nil)
		}
	}
	return nil
}

func (s *Service) decide(ctx context.Context, sc *scene, paper paperTaken, num number.Number, issue int64, in Verdict) error {
	if err := sc.c.Decide(in.Outcome, sc.now); err != nil {
		return err
	}
	if err := stopClock(ctx, sc); err != nil {
		return err
	}
	countersigned, err := lastExaminer(ctx, sc)
	if err != nil {
		return err
	}
	d := Decision{CaseID: sc.c.ID, Outcome: in.Outcome, Number: paper.text, Grounds: in.Grounds, Remedies: s.remedies(ctx, sc), DecidedBy: sc.by.ID,
		DecidedByName: sc.by.Name, CountersignedBy: countersigned, DecidedAt: sc.now, PublishBy: sc.cal.AddWorking(sc.today(), publishWithin)}
	if err := insertDecision(ctx, sc.tx, d); err != nil {
		return err
	}
	if err := insertOpinion(ctx, sc.tx, sc.c.ID, opinion(sc, Approve, string(in.Outcome), in.Grounds)); err != nil {
		return err
	}
	var l *Licence
	if in.Outcome == Granted {
		proposed, err := s.proposal(ctx, sc.tx, sc.c, sc.v)
		if err != nil {
			return err
		}
		data := in.Licence.or(proposed).heads(s.head(ctx, sc), in.Grounds, d.Remedies)
		if l, err = s.issueLicence(ctx, sc.tx, sc.c, sc.v, num, issue, data, sc.by, sc.now); err != nil {
			return err
		}
		if l != nil {
			sc.c.LicenceID = l.ID
		}
	} else if err := s.unlinkRenewal(ctx, sc.tx, sc.c, sc.now); err != nil {
		return err
	}
	return s.announce(ctx, sc, paper, d, l)
}

// lastExaminer is who stood for the case before the approver: the
// countersignature.
func lastExaminer(ctx context.Context, sc *scene) (string, error) {
	opinions, err := listOpinions(ctx, sc.tx, sc.c.ID)
	if err != nil || len(opinions) == 0 {
		return "", err
	}
	return opinions[len(opinions)-1].OfficerName, nil
}

// announce writes the letter, opens the delivery and tells the applicant and
// whoever has subscribed (审管联动, 双公示).
func (s *Service) announce(ctx context.Context, sc *scene, paper paperTaken, d Decision, l *Licence) error {
	if err := s.paper(ctx, sc, paper, s.decisionData(ctx, sc, d, l)); err != nil {
		return err
	}
	to, err := s.openAddress(ctx, sc.tx, sc.c)
	if err != nil {
		return err
	}
	licenceID := ""
	if l != nil {
		licenceID = l.ID
	}
	if err := s.openDelivery(ctx, sc.tx, sc.c, licenceID, to, sc.by, sc.now); err != nil {
		return err
	}
	event := CaseDecided{CaseID: sc.c.ID, Number: sc.c.Number, Item: sc.c.Item, Outcome: d.Outcome, DecidedOn: sc.c.DecidedOn, LicenceID: licenceID,
		Supervisor: sc.c.Supervisor, Area: sc.c.Area, EnterpriseID: sc.c.EnterpriseID}
	if err := EventCaseDecided.Emit(ctx, sc.tx, s.Bus, sc.now, sc.by, sc.c.Subject(), event); err != nil {
		return err
	}
	return s.tell(ctx, sc, "licensing.notice.decided")
}

// CloseDeficit records that missing items came (met) or did not: then the case
// is terminated, as was promised (容缺受理).
func (s *Service) CloseDeficit(ctx context.Context, p *auth.Principal, caseID string, version int64, promiseID string, met bool, note string) (*Case, error) {
	state := map[bool]string{true: "met", false: "failed"}[met]
	return s.act(ctx, doing{by: p, needs: PermIntake, caseID: caseID, version: version, name: "deficit_" + state, note: note}, func(ctx context.Context, sc *scene) error {
		if met {
			absent, err := s.absentMaterials(ctx, sc)
			if err != nil {
				return err
			}
			var check kernel.Check
			for _, id := range absent {
				check.Add("material."+id, "required", "")
			}
			if err := check.Err(); err != nil {
				return err
			}
		}
		if err := closePromise(ctx, sc.tx, promiseID, state, note, sc.by, sc.now); err != nil {
			return err
		}
		if err := worklist.Close(ctx, sc.tx, sc.now, todoDeficit, sc.c.Subject()); err != nil || met {
			return err
		}
		if err := sc.c.Terminate(sc.now); err != nil {
			return err
		}
		if err := s.tell(ctx, sc, "licensing.notice.terminated"); err != nil {
			return err
		}
		return s.ended(ctx, sc)
	})
}

// Pledge puts a case under 告知承诺: the applicant promises the conditions, the
// site check comes after the decision as a to-do.
func (s *Service) Pledge(ctx context.Context, p *auth.Principal, caseID string, version int64, conditions []string) (*Case, error) {
	return s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, version: version, name: "pledge"}, func(ctx context.Context, sc *scene) error {
		if err := editable(sc.c); err != nil {
			return err
		}
		if !sc.v.Pledge.Allowed {
			return kernel.Clash("licensing.error.no_pledge", nil)
		}
		if sc.c.Promise == "pledge" {
			return nil
		}
		sc.c.Promise = "pledge"
		verify := sc.cal.AddWorking(sc.today(), max(sc.v.Pledge.VerifyWithin.N, 1))
		if err := insertPromise(ctx, sc.tx, Promise{ID: kernel.NewID(sc.now), CaseID: sc.c.ID, Kind: "pledge", Items: conditions, Due: verify, SignedAt: sc.now, SignedBy: sc.by.ID}); err != nil {
			return err
		}
		return worklist.Open(ctx, sc.tx, sc.now, worklist.Item{Kind: "licensing.verify_pledge", Subject: sc.c.Subject(), Role: RoleReviewer, Area: sc.c.Area, Enterprise: sc.c.EnterpriseID,
			Title: kernel.Text{ZH: "承诺核查：" + sc.c.Applicant, EN: "Verify pledge: " + sc.c.Applicant}, Link: "/licensing/cases/" + sc.c.ID, Due: verify.End(), Room: "licensing"})
	})
}

// VerifyPledge records the later verification of a pledge.
func (s *Service) VerifyPledge(ctx context.Context, p *auth.Principal, caseID, promiseID string, kept bool, note string) (*Case, error) {
	state := map[bool]string{true: "met", false: "failed"}[kept]
	return s.act(ctx, doing{by: p, needs: PermReview, caseID: caseID, name: "pledge_" + state, note: note}, func(ctx context.Context, sc *scene) error {
		if err := closePromise(ctx, sc.tx, promiseID, state, note, sc.by, sc.now); err != nil {
			return err
		}
		return worklist.Close(ctx, sc.tx, sc.now, "licensing.verify_pledge", sc.c.Subject())
	})
}

// ArchiveCase puts a delivered or ended case to rest.
func (s *Service) ArchiveCase(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	return s.act(ctx, doing{by: p, needs: PermArchive, caseID: caseID, version: version, name: "archive", hidden: true}, func(_ context.Context, sc *scene) error {
		if err := sc.c.at("archive", Archive); err != nil {
			return err
		}
		sc.c.Close(sc.now)
		return nil
	})
}
