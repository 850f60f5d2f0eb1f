package licensing

import (
	"context"
	"fmt"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// Claim gives a case to the officer who works at its desk; only one holds it.
func (s *Service) Claim(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "claim", hidden: true}, func(_ context.Context, sc *scene) error {
		return sc.c.Claim(sc.by)
	})
}

// Release puts a claimed case back into its queue.
func (s *Service) Release(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "release", hidden: true}, func(_ context.Context, sc *scene) error {
		if sc.c.Handler != sc.by.ID {
			return kernel.Clash("licensing.error.claimed", map[string]any{"name": sc.c.HandlerName})
		}
		sc.c.release()
		return nil
	})
}

// Transfer gives a case to another officer, with a reason.
func (s *Service) Transfer(ctx context.Context, p *auth.Principal, caseID string, version int64, to kernel.Actor, reason string) (*Case, error) {
	var check kernel.Check
	check.Text("reason", reason, 500)
	check.Require("to", to.ID)
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.act(ctx, doing{by: p, needs: PermTransfer, caseID: caseID, version: version, name: "transfer", note: to.Name + "：" + reason, hidden: true}, func(_ context.Context, sc *scene) error {
		if sc.c.Step == AtApplicant || sc.c.Step == Done {
			return sc.c.wrongState("transfer")
		}
		sc.c.Handler, sc.c.HandlerName = to.ID, to.Name
		return nil
	})
}

// atDesk is act for the officer whose desk the case lies at: the permission is
// that of the step, and a case that somebody else has claimed is theirs.
func (s *Service) atDesk(ctx context.Context, p *auth.Principal, d doing, fn func(ctx context.Context, sc *scene) error) (*Case, error) {
	d.by, d.needs = p, PermRead
	return s.act(ctx, d, func(ctx context.Context, sc *scene) error {
		perm, staffed := stepPermission[sc.c.Step]
		if !staffed {
			return sc.c.wrongState(d.name)
		}
		if err := allow(p, perm); err != nil {
			return err
		}
		if sc.c.Handler != "" && sc.c.Handler != sc.by.ID {
			return kernel.Clash("licensing.error.claimed", map[string]any{"name": sc.c.HandlerName})
		}
		return fn(ctx, sc)
	})
}

// Fault is one thing that must be corrected.
type Fault struct {
	Target string // "material:ID" or "field:PATH"
	Fault  string
	Remedy string
}

// maxFaults bounds a correction notice.
const maxFaults = 200

// SendCorrection tells all faults at once, once (行政许可法 art. 32 (4)). Empty
// lines do not count.
func (s *Service) SendCorrection(ctx context.Context, p *auth.Principal, caseID string, version int64, faults []Fault) (*Case, error) {
	if err := checkFaults(faults); err != nil {
		return nil, err
	}
	faults = slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f == Fault{} })
	return s.numbered(ctx, p, caseID, PaperCorrection, func(paper paperTaken) (*Case, error) {
		return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "correct"}, func(ctx context.Context, sc *scene) error {
			if err := sc.c.AskCorrection(); err != nil {
				return err
			}
			for i, f := range faults {
				if err := insertCorrection(ctx, sc.tx, caseID, CorrectionItem{Seq: int64(i + 1), Target: f.Target, Fault: f.Fault, Remedy: f.Remedy}); err != nil {
					return err
				}
			}
			sc.note = fmt.Sprint(len(faults))
			if err := s.paper(ctx, sc, paper, CorrectionData{PaperHead: s.head(ctx, sc), Faults: s.paperFaults(sc, faults), Basis: basisAcceptance}); err != nil {
				return err
			}
			return s.tell(ctx, sc, "licensing.notice.correction")
		})
	})
}

func checkFaults(faults []Fault) error {
	var c kernel.Check
	if len(faults) > maxFaults {
		c.Add("faults", "too_many", "", "max", maxFaults)
	}
	if !slices.ContainsFunc(faults, func(f Fault) bool { return f != Fault{} }) {
		c.Add("faults", "required", "")
	}
	for i, f := range faults {
		if f == (Fault{}) {
			continue
		}
		c.Require(fmt.Sprintf("faults.%d.target", i), f.Target)
		c.Text(fmt.Sprintf("faults.%d.fault", i), f.Fault, 500)
		c.Text(fmt.Sprintf("faults.%d.remedy", i), f.Remedy, 500)
	}
	return c.Err()
}

// Acceptance is how a case is accepted.
type Acceptance struct {
	Missing    []string    // 容缺受理: ids of minor materials that follow
	MissingDue kernel.Date // by when
}

// AcceptCase accepts a complete case, or one whose missing items are minor and
// promised by a day (容缺受理).
func (s *Service) AcceptCase(ctx context.Context, p *auth.Principal, caseID string, version int64, in Acceptance) (*Case, error) {
	return s.numbered(ctx, p, caseID, PaperAcceptance, func(paper paperTaken) (*Case, error) {
		return s.atDesk(ctx, p, doing{caseID: caseID, version: version, name: "accept"}, func(ctx context.Context, sc *scene) error {
			if err := s.deficit(ctx, sc, in); err != nil {
				return err
			}
			if err := insertOpinion(ctx, sc.tx, sc.c.ID, opinion(sc, Intake, "agree", "")); err != nil {
				return err
			}
			return s.accept(ctx, sc, paper, sc.today(), false, in)
		})
	})
}

// deficit checks and stores the promise to bring what is missing; without one
// every required material must be there.
func (s *Service) deficit(ctx context.Context, sc *scene, in Acceptance) error {
	absent, err := s.absentMaterials(ctx, sc)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	var check kernel.Check
	for i, id := range in.Missing {
		if m := materialOf(sc.v, id); m == nil || !m.Deficit || !sc.v.Deficit.Allowed {
			check.Add(fmt.Sprintf("missing.%d", i), "may_not_follow", id)
		}
		named[id] = true
	}
	for _, id := range absent {
		if !named[id] {
			check.Add("material."+id, "required", "")
		}
	}
	if len(in.Missing) > 0 && !in.MissingDue.After(sc.today()) {
		check.Add("missing_due", "future", in.MissingDue.String())
	}
	if err := check.Err(); err != nil || len(in.Missing) == 0 {
		return err
	}
	sc.c.Promise = "deficit"
	return insertPromise(ctx, sc.tx, Promise{ID: kernel.NewID(sc.now), CaseID: sc.c.ID, Kind: "deficit", Items: in.Missing,
		Due: in.MissingDue, SignedAt: sc.now, SignedBy: sc.c.Account})
}

func (s *Service) absentMaterials(ctx context.Context, sc *scene) ([]string, error) {
	form, err := s.openForm(ctx, sc.tx, sc.c)
	if err != nil {
		return nil, err
	}
	files, err := listFiles(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, f := range files {
		have[f.Material] = have[f.Material] || f.State == "current"
	}
	var absent []string
	for _, m := range sc.v.Materials {
		if m.Needed(form) && !have[m.ID] {
			absent = append(absent, m.ID)
		}
	}
	return absent, nil
}

// accept moves the case to the first desk, starts its clocks and writes the
// notice; deemed is acceptance by silence.
func (s *Service) accept(ctx context.Context, sc *scene, paper paperTaken, on kernel.Date, deemed bool, in Acceptance) error {
	if err := sc.c.Accept(on, chainOf(sc.v)[0]); err != nil {
		return err
	}
	if err := startClock(ctx, sc.tx, sc); err != nil {
		return err
	}
	if err := s.refreshClocks(ctx, sc); err != nil {
		return err
	}
	data := AcceptanceData{PaperHead: s.head(ctx, sc), AcceptedOn: on, Deemed: deemed, LimitDays: sc.v.Statutory.N, LimitUnit: string(sc.v.Statutory.Unit),
		Due: sc.c.Due, PromisedDue: sc.c.PromisedDue, Excluded: excludedWords(sc.v), Deficits: s.materialNames(sc, in.Missing), DeficitDue: in.MissingDue}
	if err := s.paper(ctx, sc, paper, data); err != nil {
		return err
	}
	return s.tell(ctx, sc, "licensing.notice.accepted")
}

// TurnAway ends a case before acceptance: refused, not needed, or another
// authority's; the applicant is told why and where to go. A case whose one
// correction notice stays unanswered lies with the applicant and is refused from
// there.
func (s *Service) TurnAway(ctx context.Context, p *auth.Principal, caseID string, version int64, outcome State, grounds, goTo string) (*Case, error) {
	var check kernel.Check
	check.Text("grounds", grounds, 2000)
	if outcome == OtherAuthority {
		check.Text("go_to", goTo, 200)
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	return s.numbered(ctx, p, caseID, PaperRefusal, func(paper paperTaken) (*Case, error) {
		return s.act(ctx, doing{by: p, needs: PermIntake, caseID: caseID, version: version, name: "turn_away", note: grounds}, func(ctx context.Context, sc *scene) error {
			if sc.c.Handler != "" && sc.c.Handler != sc.by.ID {
				return kernel.Clash("licensing.error.claimed", map[string]any{"name": sc.c.HandlerName})
			}
			if err := sc.c.TurnAway(outcome, sc.now); err != nil {
				return err
			}
			data := RefusalData{PaperHead: s.head(ctx, sc), Outcome: outcome, Grounds: grounds, Basis: basisAcceptance, GoTo: goTo, Remedies: s.remedies(ctx, sc)}
			if err := s.paper(ctx, sc, paper, data); err != nil {
				return err
			}
			if err := s.tell(ctx, sc, "licensing.notice.turned_away"); err != nil {
				return err
			}
			return s.ended(ctx, sc)
		})
	})
}

// Silence accepts every case whose five working days have passed without an
// answer: by law it counts as accepted from the day the material was received
// (art. 32). It leaves the notice, a line in the story and a to-do, and
// returns how many. A daily job calls it.
func (s *Service) Silence(ctx context.Context) (int, error) {
	today := kernel.DateOf(s.Clock.Now())
	ids, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]string, error) {
		return db.Column[string](ctx, q, `SELECT id FROM licensing_cases WHERE state = 'submitted' AND due < $1 AND closed_at = 0 ORDER BY due, id LIMIT 1000`, today)
	})
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := s.deemAccepted(ctx, id); err != nil {
			return i, fmt.Errorf("deem case %s accepted: %w", id, err)
		}
	}
	return len(ids), nil
}

func (s *Service) deemAccepted(ctx context.Context, caseID string) error {
	p := auth.Platform("licensing.silence", PermRead, PermIntake)
	_, err := s.numbered(ctx, p, caseID, PaperAcceptance, func(paper paperTaken) (*Case, error) {
		return s.act(ctx, doing{by: p, needs: PermIntake, caseID: caseID, name: "deemed_accepted"}, func(ctx context.Context, sc *scene) error {
			if !sc.today().After(silenceDay(sc.cal, sc.c)) { // answered or corrected meanwhile
				return sc.c.wrongState("deemed_accepted")
			}
			return s.accept(ctx, sc, paper, sc.c.ReceiptOn, true, Acceptance{})
		})
	})
	if kernel.KindOf(err) == kernel.Conflict { // an officer was faster
		return nil
	}
	return err
}

func stopClock(ctx context.Context, sc *scene) error {
	events, err := listClock(ctx, sc.tx, sc.c.ID)
	if err != nil || len(events) == 0 {
		return err
	}
	return addClock(ctx, sc.tx, sc.c.ID, deadline.Event{Kind: deadline.Stop, On: sc.today()}, sc.by, sc.now)
}
