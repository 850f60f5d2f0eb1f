package auth

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/personal"
)

// Profile is what an account's holder sees of themselves, in clear.
type Profile struct {
	Name, Phone, Email string
}

// Profile opens the personal fields of the account behind p, for its own
// pages. Everybody else's are shown by personal.Vault.Reveal.
func (s *Service) Profile(ctx context.Context, q db.Q, p *Principal) (Profile, error) {
	if p.Account == nil {
		return Profile{}, errSignedOut()
	}
	return s.profileOf(ctx, q, p.Account)
}

// Contact opens the personal fields of an account for the platform itself:
// to address a message or to print a name on a paper.
func (s *Service) Contact(ctx context.Context, q db.Q, account string) (Profile, error) {
	a, err := loadAccount(ctx, q, account)
	if err != nil {
		return Profile{}, err
	}
	return s.profileOf(ctx, q, a)
}

func (s *Service) profileOf(ctx context.Context, q db.Q, a *Account) (Profile, error) {
	key, err := s.vault.Key(ctx, q, a.PersonID)
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	for _, f := range []struct {
		dest  *string
		name  string
		value personal.Sealed
	}{{&p.Name, fieldName, a.nameSealed}, {&p.Phone, fieldPhone, a.phoneSealed}, {&p.Email, fieldEmail, a.emailSealed}} {
		if *f.dest, err = key.Open(f.name, f.value); err != nil {
			return Profile{}, err
		}
	}
	return p, nil
}

// Erase closes an account for good and makes its personal data unreadable
// everywhere. Rows that name the account stay. A legal hold refuses.
func (s *Service) Erase(ctx context.Context, p *Principal, account, reason string) error {
	own := p.Account != nil && p.Account.ID == account && p.Account.Kind == Person
	if !own {
		if err := p.need(EraseAccounts); err != nil {
			return err
		}
	}
	if err := p.NeedConfirmed(s.clock.Now()); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := s.keepAdmins(ctx, tx, a, nil); err != nil {
			return err
		}
		if err := s.vault.Erase(ctx, tx, a.PersonID); err != nil {
			return err
		}
		if err := s.endAll(ctx, tx, a.ID, "disabled", ""); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE auth_accounts SET state = $1, login = '', login_hash = '', name = '*', phone = '', phone_hash = '', password_hash = '', totp_confirmed = $2
			WHERE id = $3`, string(Erased), false, a.ID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM auth_identities WHERE account_id = $1`, a.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "account.erase", accountSubject(a.ID), nil, map[string]string{"reason": reason})
	})
}
