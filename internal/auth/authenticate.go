package auth

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Credential is what a request came with.
type Credential struct {
	Cookie string // session token, "" none
	Bearer string // API token, "" none
	Addr   string // the real client address
}

// touchEvery is how stale the "last seen" of a session may get; so a session
// costs one write a minute, not one a request.
const touchEvery = time.Minute

// Authenticate turns a credential into a principal, with permissions and
// scope. Without a credential, or with a dead session, the principal is
// public; Expired and Stage say more. A bearer token that is not valid is a
// SignedOut error, because a system must not fall back to being a visitor.
func (s *Service) Authenticate(ctx context.Context, c Credential) (*Principal, error) {
	if c.Bearer != "" {
		return s.authenticateToken(ctx, c)
	}
	if c.Cookie == "" {
		return Public(c.Addr), nil
	}
	p := Public(c.Addr)
	err := s.db.View(ctx, func(ctx context.Context, q db.Q) error {
		session, account, expired, err := s.liveSession(ctx, q, c.Cookie)
		if err != nil || account == nil {
			p.Expired = expired
			return err
		}
		p, err = s.principal(ctx, q, session, account, c.Addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.Session != nil && s.clock.Now().Sub(p.Session.SeenAt) >= touchEvery {
		return p, s.touch(ctx, p.Session)
	}
	return p, nil
}

func (s *Service) touch(ctx context.Context, session *Session) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE auth_sessions SET seen_at = $1 WHERE id = $2 AND ended_at = 0 AND seen_at < $1`,
			kernel.Micros(s.clock.Now()), session.ID)
		return err
	})
}

// principal makes the principal of a live session.
func (s *Service) principal(ctx context.Context, q db.Q, session Session, account *Account, addr string) (p *Principal, err error) {
	if session.Stage != Complete {
		p := Public(addr) // not known well enough to act
		p.Pending, p.Session, p.Stage = account, &session, session.Stage
		return p, nil
	}
	p = &Principal{Actor: account.Actor(addr), Account: account, Session: &session}
	acting := account
	if session.ActingFor != "" {
		absent, err := s.standInFor(ctx, q, account.ID, session.ActingFor)
		if err != nil {
			return nil, err
		}
		if absent != nil {
			acting, p.StandInFor, p.Actor.For = absent, absent, absent.ID
		}
	}
	p.Permissions = s.roles.Permissions(acting.Roles...)
	p.Scope, err = s.scopeOf(ctx, q, acting)
	return p, err
}

// As returns the principal that an account would be if it signed in now, for
// the sample city and for jobs that act in somebody's name. It has no session,
// so nothing that asks for a fresh proof of identity can be done with it.
func (s *Service) As(ctx context.Context, q db.Q, account string) (*Principal, error) {
	a, err := loadAccount(ctx, q, account)
	if err != nil {
		return nil, err
	}
	if err := a.mayEnter(); err != nil {
		return nil, err
	}
	p := &Principal{Actor: a.Actor(""), Account: a, Permissions: s.roles.Permissions(a.Roles...)}
	p.Scope, err = s.scopeOf(ctx, q, a)
	return p, err
}

// scopeOf computes the scope of an account once per request. Administrators
// do no business and see no business rows.
func (s *Service) scopeOf(ctx context.Context, q db.Q, a *Account) (Scope, error) {
	if a.Kind == Officer {
		if s.roles.admins(a.Roles) {
			return Scope{Officer: true}, nil
		}
		return s.reachOf(ctx, q, reached{a.Reach, a.Area, a.Unit, "", a.ID})
	}
	scope := Scope{Account: a.ID, Own: a.Enterprise}
	if a.Enterprise != "" {
		scope.Enterprises = []string{a.Enterprise}
	}
	held, err := s.delegationsTo(ctx, q, a.ID, kernel.DateOf(s.clock.Now()))
	if err != nil {
		return Scope{}, err
	}
	for _, d := range held {
		if len(d.Items) == 0 {
			scope.Enterprises = append(scope.Enterprises, d.Enterprise)
		} else {
			scope.Delegated = append(scope.Delegated, Delegated{d.Enterprise, d.Items})
		}
	}
	return scope, nil
}

// reached is where an officer's or token's reach begins.
type reached struct {
	reach                  Reach
	area, unit, enterprise string
	account                string // whose overseen enterprises count
}

func (s *Service) reachOf(ctx context.Context, q db.Q, r reached) (scope Scope, err error) {
	scope.Officer = true
	switch r.reach {
	case ReachCity:
		scope.City = true
	case ReachArea:
		scope.Areas = []string{r.area}
		if s.opts.Directory != nil {
			scope.Areas, err = s.opts.Directory.AreasUnder(ctx, q, r.area)
		}
	case ReachUnit:
		scope.Units = []string{r.unit}
		if s.opts.Directory != nil {
			scope.Units, err = s.opts.Directory.UnitsUnder(ctx, q, r.unit)
		}
	case ReachOverseen:
		scope.Enterprises, err = db.Column[string](ctx, q, `SELECT enterprise FROM auth_overseen WHERE account_id = $1 ORDER BY enterprise`, r.account)
	case ReachEnterprise:
		scope.Officer, scope.Enterprises, scope.Own = false, []string{r.enterprise}, r.enterprise
	}
	return scope, err
}
