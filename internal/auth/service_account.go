package auth

import (
	"context"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// dangerous asks for a permission and for a fresh proof of identity.
func (s *Service) dangerous(p *Principal, perm Permission) error {
	if err := p.need(perm); err != nil {
		return err
	}
	return p.NeedConfirmed(s.clock.Now())
}

// NewAccount is an account that an administrator sets up.
type NewAccount struct {
	Kind         AccountKind // Officer, Enterprise or Person
	Login        string      // "" for a Person: the phone
	Name         string
	Phone, Email string // may be ""
	Area, Unit   string // registry ids, may be ""
	Enterprise   string // registry id, for Enterprise
}

func (n NewAccount) check() error {
	var c kernel.Check
	switch n.Kind {
	case Officer, Enterprise:
		checkLogin(&c, "login", n.Login)
	case Person:
		c.Require("phone", n.Phone)
	default:
		c.Add("kind", "choice", string(n.Kind))
	}
	if n.Kind == Enterprise {
		c.Require("enterprise", n.Enterprise)
	}
	c.Text("name", n.Name, 50)
	if n.Phone != "" {
		c.Merge("", kernel.CheckMobile("phone", n.Phone))
	}
	c.Length("email", n.Email, 254)
	if n.Email != "" && (strings.Count(n.Email, "@") != 1 || strings.ContainsAny(n.Email, " \t\r\n")) {
		c.Add("email", "email", n.Email)
	}
	return c.Err()
}

// Create sets up an account without roles and without a password. It returns
// the token of a one-time link with which its holder chooses a password; see
// PasswordLink. Roles are given by Assign, which is another administrator's.
func (s *Service) Create(ctx context.Context, p *Principal, n NewAccount) (a *Account, link string, err error) {
	if err := p.need(ManageAccounts); err != nil {
		return nil, "", err
	}
	if err := n.check(); err != nil {
		return nil, "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if a, err = s.create(ctx, tx, n, nil, "", p.Actor); err != nil {
			return err
		}
		link, err = s.passwordLink(ctx, tx, a, p.Actor)
		return err
	})
	return a, link, err
}

func (s *Service) create(ctx context.Context, tx *db.Tx, n NewAccount, roles []string, hash string, by kernel.Actor) (*Account, error) {
	pr := profile{Kind: n.Kind, Login: n.Login, Name: strings.TrimSpace(n.Name), Phone: n.Phone, Email: n.Email,
		Area: n.Area, Unit: n.Unit, Enterprise: n.Enterprise, Roles: roles, PasswordHash: hash}
	if pr.Login == "" {
		pr.Login = pr.Phone
	}
	switch {
	case len(roles) > 0:
	case n.Kind == Person:
		pr.Roles = []string{Applicant}
	case n.Kind == Enterprise:
		pr.Roles = []string{Handler}
	}
	a, err := s.insertAccount(ctx, tx, pr, by)
	if err != nil {
		return nil, err
	}
	return a, s.record(ctx, tx, by, "account.create", accountSubject(a.ID), nil, summary(a))
}

// SetState disables an account, which ends its sessions, or opens it again.
func (s *Service) SetState(ctx context.Context, p *Principal, account string, state State, reason string) error {
	if err := s.dangerous(p, ManageAccounts); err != nil {
		return err
	}
	var c kernel.Check
	c.Text("reason", reason, 500)
	if state != Active && state != Disabled {
		c.Add("state", "choice", string(state))
	}
	if err := c.Err(); err != nil {
		return err
	}
	if p.Actor.ID == account {
		return kernel.Refused("auth.error.not_yourself")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if a.State == Erased {
			return kernel.Clash("auth.error.account_closed", nil)
		}
		if state == Disabled {
			if err := s.keepAdmins(ctx, tx, a, nil); err != nil {
				return err
			}
			if err := s.endAll(ctx, tx, a.ID, "disabled", ""); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET state = $1 WHERE id = $2`, string(state), a.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "account.state", accountSubject(a.ID), map[string]any{"state": a.State},
			map[string]any{"state": state, "reason": reason})
	})
}

// Unlock ends the lock-outs of an account.
func (s *Service) Unlock(ctx context.Context, p *Principal, account string) error {
	if err := p.need(ReleaseLocks); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		hash, err := db.Value[string](ctx, tx, `SELECT login_hash FROM auth_accounts WHERE id = $1`, account)
		if err != nil {
			return db.Found(err, "account", account)
		}
		for _, subject := range []string{"login:" + hash, "totp:" + account, "confirm:" + account} {
			if err := saveAttempts(ctx, tx, subject, attempts{}); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, p.Actor, "account.unlock", accountSubject(account), nil, nil)
	})
}
