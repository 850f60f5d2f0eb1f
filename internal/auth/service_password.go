package auth

import (
	"cmp"
	"context"
	"errors"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Purposes of links and codes of this package.
const (
	linkPassword = "auth.password"
	linkSetup    = "auth.setup"
	codeRegister = "auth.register"
	codeReset    = "auth.reset"
	codePhone    = "auth.phone:" // followed by the account
)

// passwordLinkLife is how long a new officer has to choose a password.
const passwordLinkLife = 72 * time.Hour

func (s *Service) storePassword(ctx context.Context, tx *db.Tx, a *Account, hash string) error {
	res, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET password_hash = $1, password_at = $2 WHERE id = $3`,
		hash, kernel.Micros(s.clock.Now()), a.ID)
	return db.Changed(res, err)
}

// ChangePassword sets a new password for whoever knows the old one. Other
// sessions of the account end, this one gets a new token.
func (s *Service) ChangePassword(ctx context.Context, p *Principal, old, new string) (Entry, error) {
	if !p.SignedIn() || p.Session == nil {
		return Entry{}, errSignedOut()
	}
	var check kernel.Check
	CheckPassword(&check, "new", new, p.Account.Login, p.Account.Name)
	if err := check.Err(); err != nil {
		return Entry{}, err
	}
	who, place := guarded{"confirm:" + p.Account.ID, accountLockout}, addressOf(p.Actor.Addr)
	at, err := s.reserve(ctx, place, who)
	if err != nil {
		return Entry{}, err
	}
	ok, _, err := s.hasher.verify(ctx, p.Account.passwordHash, old)
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, errors.Join(kernel.Bad("old", "auth_proof", ""), s.refused(ctx, p.Account, p.Actor.Addr, "password"))
	}
	hash, err := s.hasher.hash(ctx, new)
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := settle(ctx, tx, at, who, place); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, p.Account, hash, p.Session.ID); err != nil {
			return err
		}
		session := *p.Session
		session.ConfirmedAt = s.clock.Now()
		if e, err = s.rotate(ctx, tx, session, p.Account); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "password.change", accountSubject(p.Account.ID), nil, nil)
	})
	return e, err
}

// replacePassword stores a hash, ends the sessions but one, and takes back
// every link that could set another password.
func (s *Service) replacePassword(ctx context.Context, tx *db.Tx, a *Account, hash, keep string) error {
	if err := s.storePassword(ctx, tx, a, hash); err != nil {
		return err
	}
	if err := s.endAll(ctx, tx, a.ID, "password", keep); err != nil {
		return err
	}
	return s.links.Revoke(ctx, tx, linkPassword, accountSubject(a.ID), a.Actor(""))
}

// PasswordLink issues a one-time link with which the holder of an account
// chooses a password, valid three days. Earlier ones end. The token is for
// the path /auth/password/{token}.
func (s *Service) PasswordLink(ctx context.Context, p *Principal, account string) (token string, err error) {
	if err := s.dangerous(p, ManageAccounts); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := a.mayEnter(); err != nil {
			return err
		}
		token, err = s.passwordLink(ctx, tx, a, p.Actor)
		return err
	})
	return token, err
}

func (s *Service) passwordLink(ctx context.Context, tx *db.Tx, a *Account, by kernel.Actor) (string, error) {
	if err := s.links.Revoke(ctx, tx, linkPassword, accountSubject(a.ID), by); err != nil {
		return "", err
	}
	return s.links.Issue(ctx, tx, Link{Purpose: linkPassword, Subject: accountSubject(a.ID),
		Until: s.clock.Now().Add(passwordLinkLife), Once: true, Actor: by})
}

// PasswordLinkAccount returns the account that a password link is for, to
// greet its holder.
func (s *Service) PasswordLinkAccount(ctx context.Context, q db.Q, token string) (*Account, error) {
	link, err := s.links.Resolve(ctx, q, linkPassword, token)
	if err != nil {
		return nil, err
	}
	return loadAccount(ctx, q, link.Subject[len(accountSubject("")):])
}

// SetPassword chooses a password by a link and spends it. It does not sign in.
func (s *Service) SetPassword(ctx context.Context, token, password, addr string) error {
	var account *Account
	err := s.db.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		account, err = s.PasswordLinkAccount(ctx, q, token)
		return err
	})
	if err != nil {
		return err
	}
	var check kernel.Check
	CheckPassword(&check, "password", password, account.Login, account.Name)
	if err := check.Err(); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		link, err := s.links.Consume(ctx, tx, linkPassword, token)
		if err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, account, hash, ""); err != nil {
			return err
		}
		return s.record(ctx, tx, link.As(addr), "password.set", accountSubject(account.ID), nil, nil)
	})
}

// forgetful returns the account that this login and phone belong to, nil when
// none does. Officers are not among them: their passwords are reset by an
// administrator's link.
func (s *Service) forgetful(ctx context.Context, q db.Q, login, phone string) (*Account, error) {
	a, err := s.findLogin(ctx, q, cmp.Or(login, phone))
	if err != nil || a == nil || a.Kind == Officer || a.mayEnter() != nil {
		return nil, err
	}
	clear, err := s.profileOf(ctx, q, a)
	if err != nil || s.vault.Hash(hashPhone, clear.Phone) != s.vault.Hash(hashPhone, phone) {
		return nil, err
	}
	return a, nil
}

// RequestReset sends a code with which a forgotten password can be replaced,
// if there is an account with this login and phone; login "" is the phone.
// The answer is the same if there is none.
func (s *Service) RequestReset(ctx context.Context, login, phone, addr, lang string) error {
	return s.codes.Request(ctx, CodeRequest{Purpose: codeReset, Phone: phone, Addr: addr, Lang: lang,
		Decide: func(ctx context.Context, tx *db.Tx) (string, error) {
			a, err := s.forgetful(ctx, tx, login, phone)
			if err != nil || a == nil {
				return "", err
			}
			return CodeTemplate, nil
		}})
}

// Forgotten is a password to be replaced with the code that RequestReset sent.
type Forgotten struct {
	Login    string // "" is the phone
	Phone    string
	Code     string
	Password string // the new one
}

// Reset replaces a forgotten password and ends the sessions of the account. A
// second factor stays in force; it does not sign in.
func (s *Service) Reset(ctx context.Context, f Forgotten, addr string) error {
	var check kernel.Check
	CheckPassword(&check, "password", f.Password, f.Phone, f.Login)
	if err := check.Err(); err != nil {
		return err
	}
	place := addressOf(addr)
	at, err := s.reserve(ctx, place)
	if err != nil {
		return err
	}
	proof, err := s.codes.Verify(ctx, codeReset, f.Phone, f.Code)
	if err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, f.Password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := s.forgetful(ctx, tx, f.Login, f.Phone)
		if err != nil {
			return err
		}
		if a == nil {
			return kernel.Bad("code", "auth_code", "")
		}
		if err := s.codes.Use(ctx, tx, proof); err != nil {
			return err
		}
		if err := refund(ctx, tx, at, place); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, a, hash, ""); err != nil {
			return err
		}
		return s.record(ctx, tx, a.Actor(addr), "password.reset", accountSubject(a.ID), nil, nil)
	})
}
