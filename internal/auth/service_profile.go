package auth

import (
	"context"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
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

// Change is what an administrator may correct in an account.
type Change struct {
	Name         string
	Phone, Email string
	Area, Unit   string
}

// keeping fills in what the form left as it is shown, masked: a name or a phone
// that nobody typed stays what it is, and so does an e-mail address left empty,
// which is not shown at all.
func (n Change) keeping(a *Account, clear Profile) Change {
	if n.Name == a.Name {
		n.Name = clear.Name
	}
	if n.Phone == a.Phone {
		n.Phone = clear.Phone
	}
	if n.Email == "" {
		n.Email = clear.Email
	}
	return n
}

// Update corrects an account. The login stays: it stands in papers and audit
// rows. A masked name or phone, as the account shows it, keeps what is stored.
func (s *Service) Update(ctx context.Context, p *Principal, account string, n Change) error {
	if err := p.need(ManageAccounts); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if a.Kind == Person {
			return kernel.Refused("auth.error.own_data") // persons change theirs themselves
		}
		clear, err := s.profileOf(ctx, tx, a)
		if err != nil {
			return err
		}
		n := n.keeping(a, clear)
		if err := (NewAccount{Kind: Officer, Login: "unchanged", Name: n.Name, Phone: n.Phone, Email: n.Email}).check(); err != nil {
			return err
		}
		before := summary(a)
		a.Area, a.Unit = n.Area, n.Unit
		if err := s.rewrite(ctx, tx, a, Profile{strings.TrimSpace(n.Name), n.Phone, n.Email}); err != nil {
			return err
		}
		if err := s.separate(ctx, tx, a, a.Roles); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "account.update", accountSubject(a.ID), before, summary(a))
	})
}

// rewrite seals the personal fields anew and stores them with area and unit.
func (s *Service) rewrite(ctx context.Context, tx *db.Tx, a *Account, p Profile) error {
	key, err := s.vault.Key(ctx, tx, a.PersonID)
	if err != nil {
		return err
	}
	a.Name, a.Phone = p.Name, personal.MaskPhone(p.Phone)
	if a.Kind != Officer {
		a.Name = personal.MaskName(p.Name)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE auth_accounts SET name = $1, name_sealed = $2, phone = $3, phone_hash = $4, phone_sealed = $5, email_sealed = $6, area = $7, unit = $8
		WHERE id = $9`,
		a.Name, string(key.Seal(fieldName, p.Name)), a.Phone, s.vault.Hash(hashPhone, p.Phone), string(key.Seal(fieldPhone, p.Phone)),
		string(key.Seal(fieldEmail, p.Email)), a.Area, a.Unit, a.ID)
	return err
}

// RequestPhone sends a code to a phone that is to replace one's own.
func (s *Service) RequestPhone(ctx context.Context, p *Principal, phone, lang string) error {
	if !p.SignedIn() || p.Account == nil {
		return errSignedOut()
	}
	return s.codes.Request(ctx, CodeRequest{Purpose: codePhone + p.Account.ID, Phone: phone, Addr: p.Actor.Addr, Lang: lang})
}

// ChangePhone replaces one's own phone by the one that RequestPhone sent a
// code to. A person signs in with the new one from then on.
func (s *Service) ChangePhone(ctx context.Context, p *Principal, phone, code string) error {
	if !p.SignedIn() || p.Account == nil {
		return errSignedOut()
	}
	if err := p.NeedConfirmed(s.clock.Now()); err != nil {
		return err
	}
	proof, err := s.codes.Verify(ctx, codePhone+p.Account.ID, phone, code)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.codes.Use(ctx, tx, proof); err != nil {
			return err
		}
		a, err := loadAccount(ctx, tx, p.Account.ID)
		if err != nil {
			return err
		}
		before := summary(a)
		clear, err := s.profileOf(ctx, tx, a)
		if err != nil {
			return err
		}
		if a.Kind == Person && a.Login != "" {
			if err := s.moveLogin(ctx, tx, a, phone); err != nil {
				return err
			}
		}
		if err := s.rewrite(ctx, tx, a, Profile{clear.Name, phone, clear.Email}); err != nil {
			return err
		}
		if err := s.separate(ctx, tx, a, a.Roles); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "account.phone", accountSubject(a.ID), before, summary(a))
	})
}

// moveLogin makes phone the login of a person.
func (s *Service) moveLogin(ctx context.Context, tx *db.Tx, a *Account, phone string) error {
	taken, err := s.findLogin(ctx, tx, phone)
	if err != nil {
		return err
	}
	if taken != nil && taken.ID != a.ID {
		return kernel.Clash("auth.error.registered", nil)
	}
	a.Login = personal.MaskPhone(phone)
	_, err = tx.ExecContext(ctx, `UPDATE auth_accounts SET login = $1, login_hash = $2 WHERE id = $3`, a.Login, s.vault.Hash(hashLogin, phone), a.ID)
	return err
}
