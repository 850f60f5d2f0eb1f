package auth

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// StandIn lets one officer act in the place of another who is away, from the
// morning of From to the evening of Until. The stand-in gets the absent
// person's permissions and scope while acting for them, never both at once;
// every act names the real person and for whom. See DifferentHands for why
// this makes nobody maker and checker at once.
type StandIn struct {
	ID          string
	Absent      string // account ids
	AbsentName  string
	StandIn     string
	StandInName string
	From, Until kernel.Date
	Reason      string
	AskedBy     string
	AskedAt     time.Time
	ApprovedBy  string // "" not approved yet
	ApprovedAt  time.Time
	EndedAt     time.Time
}

// covers reports whether the stand-in may act on a date.
func (s StandIn) covers(today kernel.Date) bool {
	return s.ApprovedBy != "" && s.EndedAt.IsZero() && !today.Before(s.From) && !today.After(s.Until)
}

// longestStandIn is a year: longer absences are a change of post.
const longestStandIn = 366

func (s StandIn) check(today kernel.Date) error {
	var c kernel.Check
	c.Require("absent", s.Absent)
	c.Require("standin", s.StandIn)
	c.Text("reason", s.Reason, 200)
	if s.Absent != "" && s.Absent == s.StandIn {
		c.Add("standin", "auth_same_person", s.StandIn)
	}
	switch {
	case s.From.IsZero():
		c.Require("from", "")
	case s.Until.IsZero():
		c.Require("until", "")
	case s.Until.Before(s.From):
		c.Add("until", "date_order", s.Until.String())
	case s.Until.Before(today):
		c.Add("until", "date_future", s.Until.String())
	case s.Until.Sub(s.From) > longestStandIn:
		c.Add("until", "too_large", s.Until.String(), "max", s.From.AddDays(longestStandIn).String())
	}
	return c.Err()
}

const standInColumns = `t.id, t.absent, a.name, t.standin, b.name, t.from_date, t.until_date, t.reason, t.asked_by, t.asked_at, t.approved_by, t.approved_at, t.ended_at`

const standInFrom = ` FROM auth_standins t JOIN auth_accounts a ON a.id = t.absent JOIN auth_accounts b ON b.id = t.standin `

func scanStandIn(sc db.Scanner) (StandIn, error) {
	var s StandIn
	var asked, approved, ended int64
	err := sc.Scan(&s.ID, &s.Absent, &s.AbsentName, &s.StandIn, &s.StandInName, &s.From, &s.Until, &s.Reason, &s.AskedBy, &asked, &s.ApprovedBy, &approved, &ended)
	s.AskedAt, s.ApprovedAt, s.EndedAt = kernel.FromMicros(asked), kernel.FromMicros(approved), kernel.FromMicros(ended)
	return s, err
}

// AskStandIn files a stand-in for oneself, or as a manager for anybody. It
// has no effect until ApproveStandIn.
func (s *Service) AskStandIn(ctx context.Context, p *Principal, n StandIn) (id string, err error) {
	if !p.SignedIn() || p.Account == nil {
		return "", errSignedOut()
	}
	if p.Account.ID != n.Absent && !p.Can(ApproveStandIn) && !p.Can(ManageAccounts) {
		return "", kernel.Refused("error.denied")
	}
	now := s.clock.Now()
	if err := n.check(kernel.DateOf(now)); err != nil {
		return "", err
	}
	id = kernel.NewID(now)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.fitToStandIn(ctx, tx, n.Absent, n.StandIn); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO auth_standins (id, absent, standin, from_date, until_date, reason, asked_by, asked_at, approved_by, approved_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, 0)`,
			id, n.Absent, n.StandIn, n.From, n.Until, n.Reason, p.Actor.ID, kernel.Micros(now))
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "standin.ask", accountSubject(n.Absent), nil,
			map[string]any{"standin": id, "by": n.StandIn, "from": n.From, "until": n.Until, "reason": n.Reason})
	})
	return id, err
}

// fitToStandIn refuses accounts that are no officers, and the places of
// administrators: those are filled by another administrator of the same role.
func (s *Service) fitToStandIn(ctx context.Context, q db.Q, absent, standIn string) error {
	var c kernel.Check
	for _, x := range []struct{ field, id string }{{"absent", absent}, {"standin", standIn}} {
		a, err := loadAccount(ctx, q, x.id)
		switch {
		case kernel.KindOf(err) == kernel.NotFound && err != nil:
			c.Add(x.field, "not_found", x.id)
		case err != nil:
			return err
		case a.Kind != Officer || a.mayEnter() != nil:
			c.Add(x.field, "not_found", a.Login)
		case s.roles.admins(a.Roles):
			c.Add(x.field, "auth_separate", a.Login)
		}
	}
	return c.Err()
}

// ApproveStandIn puts a stand-in in force. Whoever asked for it, is absent or
// will act may not approve it.
func (s *Service) ApproveStandIn(ctx context.Context, p *Principal, id string) error {
	if err := s.dangerous(p, ApproveStandIn); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := getStandIn(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, other := range []string{t.AskedBy, t.Absent, t.StandIn} {
			if err := DifferentHands(kernel.Actor{ID: other}, p.Actor); err != nil {
				return err
			}
		}
		if err := s.fitToStandIn(ctx, tx, t.Absent, t.StandIn); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE auth_standins SET approved_by = $1, approved_at = $2 WHERE id = $3 AND approved_by = '' AND ended_at = 0`,
			p.Actor.ID, kernel.Micros(s.clock.Now()), id)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "standin.approve", accountSubject(t.Absent), nil, map[string]any{"standin": id, "by": t.StandIn})
	})
}

// EndStandIn ends a stand-in early or refuses one that was asked for: the
// absent person back at work, the stand-in, or whoever may approve.
func (s *Service) EndStandIn(ctx context.Context, p *Principal, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := getStandIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.Actor.ID != t.Absent && p.Actor.ID != t.StandIn && !p.Can(ApproveStandIn) {
			return kernel.Missing("stand-in", id)
		}
		res, err := tx.ExecContext(ctx, `UPDATE auth_standins SET ended_at = $1 WHERE id = $2 AND ended_at = 0`, kernel.Micros(s.clock.Now()), id)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "standin.end", accountSubject(t.Absent), nil, map[string]any{"standin": id})
	})
}

func getStandIn(ctx context.Context, q db.Q, id string) (StandIn, error) {
	t, err := db.One(ctx, q, scanStandIn, `SELECT `+standInColumns+standInFrom+`WHERE t.id = $1`, id)
	return t, db.Found(err, "stand-in", id)
}

// StandIns lists the stand-ins that are not over: all for whoever may approve
// them, else those in which the account takes part.
func (s *Service) StandIns(ctx context.Context, q db.Q, p *Principal) ([]StandIn, error) {
	if p.Account == nil {
		return nil, errSignedOut()
	}
	var w db.Where
	w.And("t.ended_at = 0 AND t.until_date >= ?", kernel.DateOf(s.clock.Now()))
	if !p.Can(ApproveStandIn) {
		w.And("t.absent = ? OR t.standin = ?", p.Account.ID, p.Account.ID)
	}
	return db.All(ctx, q, scanStandIn, `SELECT `+standInColumns+standInFrom+w.SQL()+` ORDER BY t.id`, w.Args...)
}

// Places lists the stand-ins that the account behind p may act in today.
func (s *Service) Places(ctx context.Context, q db.Q, p *Principal) ([]StandIn, error) {
	if p.Account == nil {
		return nil, nil
	}
	return db.All(ctx, q, scanStandIn, `SELECT `+standInColumns+standInFrom+`
		WHERE t.standin = $1 AND t.from_date <= $2 AND t.until_date >= $2 AND t.approved_by <> '' AND t.ended_at = 0 ORDER BY t.id`,
		p.Account.ID, kernel.DateOf(s.clock.Now()))
}

// standInFor returns the absent account for which standIn may act now, nil
// when the stand-in is over: then the session acts for itself again.
func (s *Service) standInFor(ctx context.Context, q db.Q, standIn, absent string) (*Account, error) {
	today := kernel.DateOf(s.clock.Now())
	id, err := db.Value[string](ctx, q, `SELECT id FROM auth_standins
		WHERE standin = $1 AND absent = $2 AND from_date <= $3 AND until_date >= $3 AND approved_by <> '' AND ended_at = 0 LIMIT 1`,
		standIn, absent, today)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t, err := getStandIn(ctx, q, id)
	if err != nil || !t.covers(today) {
		return nil, err
	}
	a, err := loadAccount(ctx, q, absent)
	if err != nil || a.mayEnter() != nil || s.roles.admins(a.Roles) {
		return nil, err // an account that was closed or became an administrator's lends no rights
	}
	return a, nil
}

// TakePlace makes the session act for an absent person; absent "" goes back
// to acting for oneself. The session gets a new token.
func (s *Service) TakePlace(ctx context.Context, p *Principal, absent string) (Entry, error) {
	if !p.SignedIn() || p.Session == nil {
		return Entry{}, errSignedOut()
	}
	var e Entry
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if absent != "" {
			a, err := s.standInFor(ctx, tx, p.Account.ID, absent)
			if err != nil {
				return err
			}
			if a == nil {
				return kernel.Missing("stand-in", absent)
			}
		}
		session := *p.Session
		session.ActingFor = absent
		if e, err = s.rotate(ctx, tx, session, p.Account); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Account.Actor(p.Actor.Addr), "session.place", accountSubject(p.Account.ID),
			map[string]string{"for": p.Session.ActingFor}, map[string]string{"for": absent})
	})
	return e, err
}
