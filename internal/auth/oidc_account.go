package auth

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Identity ties a subject of the identity provider to an account. The
// provider's subject is the only thing trusted for that: names, phones and
// addresses there can change hands.
type Identity struct {
	Issuer   string
	Subject  string
	LinkedAt time.Time
}

// enter signs in the account of a subject.
func (o *OIDC) enter(ctx context.Context, tx *db.Tx, who claims, c Client) (Entry, error) {
	account, err := o.owner(ctx, tx, who.Subject)
	if err != nil {
		return Entry{}, err
	}
	var a *Account
	switch {
	case account != "":
		a, err = loadAccount(ctx, tx, account)
	case o.cfg.Provision:
		a, err = o.provision(ctx, tx, who, c)
	default:
		err = kernel.Refused("auth.error.not_linked")
	}
	if err != nil {
		return Entry{}, err
	}
	if err := a.mayEnter(); err != nil {
		return Entry{}, err
	}
	stage := o.s.stageFor(a)
	if secondFactorUsed(who.Methods) {
		stage = Complete
	}
	return o.s.openSession(ctx, tx, a, ByOIDC, stage, c)
}

// secondFactorUsed reports whether the provider asked for more than a
// password (RFC 8176).
func secondFactorUsed(methods []string) bool {
	return slices.ContainsFunc(methods, func(m string) bool {
		return slices.Contains([]string{"mfa", "otp", "hwk", "swk", "sc"}, m)
	})
}

// owner returns the account of a subject, "" when there is none.
func (o *OIDC) owner(ctx context.Context, q db.Q, subject string) (string, error) {
	id, err := db.Value[string](ctx, q, `SELECT account_id FROM auth_identities WHERE issuer = $1 AND subject = $2`, o.cfg.Issuer, subject)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// provision opens an account for a person whom the provider knows. It signs
// in through the provider only: it has no login and no password.
func (o *OIDC) provision(ctx context.Context, tx *db.Tx, who claims, c Client) (*Account, error) {
	p := profile{Kind: Person, Name: cut(who.Name, 50), Roles: []string{Applicant}}
	if who.PhoneVerified && kernel.CheckMobile("phone", who.Phone) == nil {
		p.Phone = who.Phone
	}
	a, err := o.s.insertAccount(ctx, tx, p, Public(c.Addr).Actor)
	if err != nil {
		return nil, err
	}
	if err := o.tie(ctx, tx, a.ID, who.Subject); err != nil {
		return nil, err
	}
	return a, o.s.record(ctx, tx, a.Actor(c.Addr), "account.provision", accountSubject(a.ID), nil, summary(a))
}

func (o *OIDC) tie(ctx context.Context, tx *db.Tx, account, subject string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO auth_identities (issuer, subject, account_id, linked_at) VALUES ($1, $2, $3, $4)`,
		o.cfg.Issuer, subject, account, kernel.Micros(o.s.clock.Now()))
	return err
}

// sameSession refuses a callback that comes back to another session than the
// one that left.
func sameSession(p *Principal, f flow) error {
	if !p.SignedIn() || p.Session == nil || p.Session.ID != f.session {
		return errSignedOut()
	}
	return nil
}

func (o *OIDC) link(ctx context.Context, tx *db.Tx, p *Principal, f flow, who claims) (Entry, error) {
	if err := sameSession(p, f); err != nil {
		return Entry{}, err
	}
	account, err := o.owner(ctx, tx, who.Subject)
	if err != nil {
		return Entry{}, err
	}
	if account != "" && account != p.Account.ID {
		return Entry{}, kernel.Clash("auth.error.linked_elsewhere", nil)
	}
	if account == "" {
		if err := o.tie(ctx, tx, p.Account.ID, who.Subject); err != nil {
			return Entry{}, err
		}
		if err := o.s.record(ctx, tx, p.Actor, "identity.link", accountSubject(p.Account.ID), nil, map[string]string{"issuer": o.cfg.Issuer}); err != nil {
			return Entry{}, err
		}
	}
	return o.s.rotate(ctx, tx, *p.Session, p.Account)
}

// confirm is the step-up: the same subject must have signed in at the
// provider after the visit began.
func (o *OIDC) confirm(ctx context.Context, tx *db.Tx, p *Principal, f flow, who claims) (Entry, error) {
	if err := sameSession(p, f); err != nil {
		return Entry{}, err
	}
	account, err := o.owner(ctx, tx, who.Subject)
	if err != nil {
		return Entry{}, err
	}
	if account != p.Account.ID {
		return Entry{}, kernel.Refused("auth.error.not_linked")
	}
	const clockDifference = time.Minute
	if time.Unix(who.AuthTime, 0).Before(f.started.Add(-clockDifference)) {
		return Entry{}, errOIDC(errors.New("the provider did not ask again"))
	}
	session := *p.Session
	session.ConfirmedAt = o.s.clock.Now()
	e, err := o.s.rotate(ctx, tx, session, p.Account)
	if err != nil {
		return Entry{}, err
	}
	return e, o.s.record(ctx, tx, p.Actor, "session.confirm", accountSubject(p.Account.ID), nil, map[string]string{"session": session.ID, "method": ByOIDC})
}

// Identities lists the provider's subjects of an account.
func (s *Service) Identities(ctx context.Context, q db.Q, account string) ([]Identity, error) {
	return db.All(ctx, q, func(sc db.Scanner) (i Identity, err error) {
		var at int64
		err = sc.Scan(&i.Issuer, &i.Subject, &at)
		i.LinkedAt = kernel.FromMicros(at)
		return i, err
	}, `SELECT issuer, subject, linked_at FROM auth_identities WHERE account_id = $1 ORDER BY linked_at`, account)
}

// Unlink unties a subject from one's own account. The last way in stays.
func (s *Service) Unlink(ctx context.Context, p *Principal, issuer, subject string) error {
	if !p.SignedIn() || p.Account == nil {
		return errSignedOut()
	}
	if err := p.NeedConfirmed(s.clock.Now()); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		all, err := s.Identities(ctx, tx, p.Account.ID)
		if err != nil {
			return err
		}
		if len(all) <= 1 && !p.Account.Password {
			return kernel.Clash("auth.error.last_way_in", nil)
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM auth_identities WHERE issuer = $1 AND subject = $2 AND account_id = $3`, issuer, subject, p.Account.ID)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "identity.unlink", accountSubject(p.Account.ID), nil, map[string]string{"issuer": issuer})
	})
}
