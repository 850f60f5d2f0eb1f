package licensing

import (
	"context"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

// Act is one thing that somebody does to a case: who, which case, the version
// that their screen showed, and the name under which it is audited.
type doing struct {
	by      *auth.Principal
	needs   auth.Permission
	caseID  string
	version int64  // of the case as seen, 0: whatever it is now
	name    string // "accept"
	note    string // stands in the case's story
	hidden  bool   // not shown to the applicant
}

// scene is what an act works with inside its transaction.
type scene struct {
	tx   *db.Tx
	c    *Case
	v    *rule.Version
	cal  *deadline.Calendar
	to   string // the applicant as letters name them: a person in clear
	by   kernel.Actor
	now  time.Time
	note string
}

func (sc *scene) today() kernel.Date { return kernel.DateOf(sc.now) }

// act runs fn on a case in one transaction: permission, load within scope,
// fn's rule, clocks, save, story, audit, to-do, event. fn must be repeatable.
func (s *Service) act(ctx context.Context, d doing, fn func(ctx context.Context, sc *scene) error) (*Case, error) {
	if err := allow(d.by, d.needs); err != nil {
		return nil, err
	}
	var done *Case
	moved := false
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		sc, err := s.open(ctx, tx, d)
		if err != nil {
			return err
		}
		before := *sc.c
		if err := fn(ctx, sc); err != nil {
			return err
		}
		if err := s.settle(ctx, sc, d, before); err != nil {
			return err
		}
		done, moved = sc.c, before.Step != sc.c.Step || before.Handler != sc.c.Handler
		return nil
	})
	if err == nil && moved && s.Live != nil {
		s.Live.Publish(queueTopic, struct{}{})
	}
	return done, err
}

// allow refuses a principal without the permission.
func allow(p *auth.Principal, perm auth.Permission) error {
	if !p.Can(perm) {
		return kernel.Refused("error.denied")
	}
	return nil
}

func (s *Service) open(ctx context.Context, tx *db.Tx, d doing) (*scene, error) {
	c, err := getCase(ctx, tx, d.by.Scope, d.caseID)
	if err != nil {
		return nil, err
	}
	if d.version != 0 && d.version != c.Version && d.needs == PermApply {
		return nil, kernel.Clash("licensing.error.form_changed", nil)
	}
	if d.version != 0 && d.version != c.Version {
		return nil, kernel.Clash("licensing.error.changed", map[string]any{"number": c.Number, "state": stateWord[c.State], "step": stepWord[c.Step]})
	}
	v, err := s.version(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	cal, err := deadline.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	to, err := s.addressee(ctx, tx, c, v)
	if err != nil {
		return nil, err
	}
	return &scene{tx: tx, c: c, v: v, cal: cal, to: to, by: d.by.Actor, now: s.Clock.Now(), note: d.note}, nil
}

// settle writes what every act leaves behind.
func (s *Service) settle(ctx context.Context, sc *scene, d doing, before Case) error {
	c := sc.c
	if err := s.refreshClocks(ctx, sc); err != nil {
		return err
	}
	if err := saveCase(ctx, sc.tx, c, sc.now); err != nil {
		return err
	}
	if before.State == Draft && c.State == Draft { // a draft is nobody else's business yet
		return nil
	}
	if err := insertLog(ctx, sc.tx, sc.now, c.ID, sc.by, d.name, sc.note, !d.hidden); err != nil {
		return err
	}
	err := audit.Write(ctx, sc.tx, audit.Entry{At: sc.now, Actor: sc.by, Action: "licensing.case." + d.name, Subject: c.Subject(),
		Before: brief(&before), After: brief(c)})
	if err != nil {
		return err
	}
	if err := s.updateTodo(ctx, sc); err != nil {
		return err
	}
	if err := unwarn(ctx, sc, before); err != nil {
		return err
	}
	if before.State == c.State && before.Step == c.Step {
		return nil
	}
	typ := EventCaseMoved
	if before.State == Draft {
		typ = EventCaseSubmitted
	}
	return typ.Emit(ctx, sc.tx, s.Bus, sc.now, sc.by, c.Subject(), moved(c))
}

// brief is what audit rows keep of a case: no personal data.
func brief(c *Case) map[string]any {
	return map[string]any{"number": c.Number, "item": c.Item, "rule": c.RuleVersion, "state": c.State, "step": c.Step,
		"handler": c.Handler, "due": c.Due, "paused": c.Paused, "version": c.Version}
}

// updateTodo keeps exactly one to-do for the desk at which the case lies.
func (s *Service) updateTodo(ctx context.Context, sc *scene) error {
	c := sc.c
	if c.Step == Done {
		return worklist.CloseAll(ctx, sc.tx, sc.now, c.Subject())
	}
	title := s.itemTitle(c.Item)
	it := worklist.Item{Kind: "licensing.case", Subject: c.Subject(), Room: "licensing", Enterprise: c.EnterpriseID,
		Title: kernel.Text{ZH: stepWord[c.Step].ZH + "：" + title.ZH + " " + c.Applicant, EN: stepWord[c.Step].EN + ": " + title.EN + " " + c.Applicant}}
	if c.Step == AtApplicant {
		it.Account, it.Link = c.Account, "/my/cases/"+c.ID
	} else {
		it.Role, it.Area, it.Link = stepRole[c.Step], c.Area, "/licensing/cases/"+c.ID
	}
	if due := s.stepDue(sc); !due.IsZero() {
		it.Due = due.End()
	}
	return worklist.Open(ctx, sc.tx, sc.now, it)
}

// stepDue is the day by which the desk must have acted: acceptance within 5
// working days (art. 32), otherwise the statutory day.
func (s *Service) stepDue(sc *scene) kernel.Date {
	switch {
	case sc.c.State == Submitted:
		return silenceDay(sc.cal, sc.c)
	case sc.c.Step == Make || sc.c.Step == Deliver:
		return sc.cal.AddWorking(sc.c.DecidedOn, deliverWithin)
	case sc.c.State == Accepted && !sc.c.PromisedDue.IsZero():
		return sc.c.PromisedDue
	}
	return sc.c.Due
}
