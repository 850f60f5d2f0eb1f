package auth

import (
	"context"
	"errors"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// errLogin is the one answer to a wrong name, a wrong password and an account
// without a password.
func errLogin() error { return &kernel.Error{Kind: kernel.Invalid, Key: "auth.error.login"} }

// Login checks a login and password. The returned session may be incomplete
// (Stage): then LoginTOTP or the enrolment of a second factor follows. The
// answer, and the time it takes, do not tell whether the login exists; after
// too many attempts RetryAfter says how long to wait.
func (s *Service) Login(ctx context.Context, login, password string, c Client) (Entry, error) {
	who := guarded{"login:" + s.vault.Hash(hashLogin, login), accountLockout}
	place := addressOf(c.Addr)
	at, err := s.reserve(ctx, place, who)
	if err != nil {
		return Entry{}, err
	}
	var account *Account
	err = s.db.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		account, err = s.findLogin(ctx, q, login)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	hash := ""
	if account != nil {
		hash = account.passwordHash
	}
	ok, stale, err := s.hasher.verify(ctx, hash, password)
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, errors.Join(errLogin(), s.refused(ctx, account, c.Addr, "login"))
	}
	if stale {
		if hash, err = s.hasher.hash(ctx, password); err != nil {
			return Entry{}, err
		}
	}
	var e Entry
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := account.mayEnter(); err != nil {
			return err
		}
		if err := settle(ctx, tx, at, who, place); err != nil {
			return err
		}
		if stale {
			if err := s.storePassword(ctx, tx, account, hash); err != nil {
				return err
			}
		}
		e, err = s.openSession(ctx, tx, account, ByPassword, s.stageFor(account), c)
		return err
	})
	return e, err
}

// refused records a failed attempt. Known and unknown names write one row
// each, so that both take as long.
func (s *Service) refused(ctx context.Context, a *Account, addr, what string) error {
	subject := accountSubject("unknown")
	if a != nil {
		subject = accountSubject(a.ID)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.record(ctx, tx, Public(addr).Actor, what+".refused", subject, nil, nil)
	})
}

// stageFor says what a right password still lacks.
func (s *Service) stageFor(a *Account) Stage {
	switch {
	case s.opts.TOTP == TOTPNobody:
		return Complete
	case a.TOTP:
		return NeedsTOTP
	case s.needsTOTP(a):
		return NeedsEnrol
	}
	return Complete
}

// needsTOTP reports whether the policy asks this account for a second factor.
func (s *Service) needsTOTP(a *Account) bool {
	switch s.opts.TOTP {
	case TOTPNobody:
		return false
	case TOTPOfficers:
		return a.Kind == Officer
	}
	return s.roles.admins(a.Roles)
}

// Confirm is the step-up before dangerous things: the person behind a live
// session proves again who they are, by the second factor if there is one,
// else by the password. In the demo, whose people have no secrets, it needs
// no proof. The session gets a new token.
func (s *Service) Confirm(ctx context.Context, p *Principal, proof string, addr string) (Entry, error) {
	if !p.SignedIn() || p.Session == nil {
		return Entry{}, errSignedOut()
	}
	var e Entry
	confirm := func(ctx context.Context, tx *db.Tx) (err error) {
		session := *p.Session
		session.ConfirmedAt = s.clock.Now()
		if e, err = s.rotate(ctx, tx, session, p.Account); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "session.confirm", accountSubject(p.Account.ID), nil, map[string]string{"session": session.ID})
	}
	if p.Session.Method == ByDemo && s.opts.Demo {
		return e, s.db.InTx(ctx, confirm)
	}
	who, place := guarded{"confirm:" + p.Account.ID, accountLockout}, addressOf(addr)
	at, err := s.reserve(ctx, place, who)
	if err != nil {
		return Entry{}, err
	}
	if !p.Account.TOTP {
		ok, _, err := s.hasher.verify(ctx, p.Account.passwordHash, proof)
		if err != nil {
			return Entry{}, err
		}
		if !ok {
			return Entry{}, errors.Join(kernel.Bad("proof", "auth_proof", ""), s.refused(ctx, p.Account, addr, "confirm"))
		}
	}
	right := true
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if p.Account.TOTP {
			if right, err = s.secondFactor(ctx, tx, p.Account.ID, proof); err != nil || !right {
				return err
			}
		}
		if err := settle(ctx, tx, at, who, place); err != nil {
			return err
		}
		return confirm(ctx, tx)
	})
	if err == nil && !right {
		err = errors.Join(kernel.Bad("proof", "auth_proof", ""), s.refused(ctx, p.Account, addr, "confirm"))
	}
	return e, err
}
