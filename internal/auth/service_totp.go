package auth

import (
	"context"
	"errors"
	"fmt"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Enrolment is what an authenticator app needs. URL goes into a QR code,
// Secret is for typing. It is shown once.
type Enrolment struct {
	Secret string
	URL    string // otpauth://totp/…
}

// mayEnrol lets in a full session that was confirmed lately, or one that must
// enrol before it becomes full.
func (s *Service) mayEnrol(p *Principal) (*Account, error) {
	if p.Session != nil && p.Stage == NeedsEnrol && p.Pending != nil {
		return p.Pending, nil
	}
	if p.Session == nil || !p.SignedIn() {
		return nil, errSignedOut()
	}
	return p.Account, p.NeedConfirmed(s.clock.Now())
}

// EnrolTOTP makes a new secret. It takes effect when ConfirmTOTP has seen a
// code of it; until then an older one stays in force.
func (s *Service) EnrolTOTP(ctx context.Context, p *Principal) (Enrolment, error) {
	a, err := s.mayEnrol(p)
	if err != nil {
		return Enrolment{}, err
	}
	enrolment, err := newTOTP(a.Login)
	if err != nil {
		return Enrolment{}, fmt.Errorf("new second factor: %w", err)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		sealed, err := s.vault.Seal(ctx, tx, a.PersonID, fieldTOTP, enrolment.Secret)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE auth_accounts SET totp_pending = $1 WHERE id = $2`, string(sealed), a.ID)
		return err
	})
	return enrolment, err
}

// PendingTOTP is the secret that EnrolTOTP made last and ConfirmTOTP still
// waits for, to show it again after a wrong code.
func (s *Service) PendingTOTP(ctx context.Context, q db.Q, p *Principal) (Enrolment, error) {
	a, err := s.mayEnrol(p)
	if err != nil {
		return Enrolment{}, err
	}
	sealed, err := db.Value[personal.Sealed](ctx, q, `SELECT totp_pending FROM auth_accounts WHERE id = $1`, a.ID)
	if err != nil {
		return Enrolment{}, err
	}
	secret, err := s.vault.Open(ctx, q, a.PersonID, fieldTOTP, sealed)
	return enrolmentOf(a.Login, secret), err
}

// ConfirmTOTP puts the enrolled secret in force when code is of it, and
// returns recovery codes, each good for one sign-in without the app. The
// session gets a new token and other sessions of the account end.
func (s *Service) ConfirmTOTP(ctx context.Context, p *Principal, code string) (recovery []string, e Entry, err error) {
	a, err := s.mayEnrol(p)
	if err != nil {
		return nil, Entry{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		sealed, err := db.Value[personal.Sealed](ctx, tx, `SELECT totp_pending FROM auth_accounts WHERE id = $1`, a.ID)
		if err != nil {
			return err
		}
		secret, err := s.vault.Open(ctx, tx, a.PersonID, fieldTOTP, sealed)
		if err != nil {
			return err
		}
		step, ok := totpMatch(secret, code, s.clock.Now(), 0)
		if secret == "" || !ok {
			return kernel.Bad("code", "auth_code", "")
		}
		_, err = tx.ExecContext(ctx, `UPDATE auth_accounts SET totp_sealed = totp_pending, totp_pending = '', totp_confirmed = $1, totp_step = $2 WHERE id = $3`,
			true, step, a.ID)
		if err != nil {
			return err
		}
		if recovery, err = s.newRecovery(ctx, tx, a.ID); err != nil {
			return err
		}
		if err := s.endAll(ctx, tx, a.ID, "totp", p.Session.ID); err != nil {
			return err
		}
		if e, err = s.complete(ctx, tx, *p.Session, a); err != nil {
			return err
		}
		return s.record(ctx, tx, a.Actor(p.Actor.Addr), "totp.confirm", accountSubject(a.ID), nil, nil)
	})
	return recovery, e, err
}

// RenewRecovery replaces the recovery codes.
func (s *Service) RenewRecovery(ctx context.Context, p *Principal) (recovery []string, err error) {
	if !p.SignedIn() || p.Account == nil || !p.Account.TOTP {
		return nil, errSignedOut()
	}
	if err := p.NeedConfirmed(s.clock.Now()); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if recovery, err = s.newRecovery(ctx, tx, p.Account.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "totp.recovery", accountSubject(p.Account.ID), nil, nil)
	})
	return recovery, err
}

func (s *Service) newRecovery(ctx context.Context, tx *db.Tx, account string) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM auth_recovery WHERE account_id = $1`, account); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		_, err := tx.ExecContext(ctx, `INSERT INTO auth_recovery (account_id, code_hash, used_at) VALUES ($1, $2, 0)`,
			account, s.vault.Hash("auth.recovery", recoveryForm(codes[i])))
		if err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// RecoveryLeft counts the recovery codes not used yet.
func (s *Service) RecoveryLeft(ctx context.Context, q db.Q, account string) (int, error) {
	n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM auth_recovery WHERE account_id = $1 AND used_at = 0`, account)
	return int(n), err
}

// RemoveTOTP ends the second factor of one's own account where the policy
// does not ask for one.
func (s *Service) RemoveTOTP(ctx context.Context, p *Principal) error {
	if !p.SignedIn() || p.Account == nil {
		return errSignedOut()
	}
	if s.needsTOTP(p.Account) {
		return kernel.Refused("auth.error.totp_required")
	}
	if err := p.NeedConfirmed(s.clock.Now()); err != nil {
		return err
	}
	return s.dropTOTP(ctx, p, p.Account.ID, "totp.remove")
}

// ResetTOTP ends the second factor of somebody who lost theirs. Resetting a
// password and resetting a second factor are rights of different
// administrators, so that none of them alone can take over an account.
func (s *Service) ResetTOTP(ctx context.Context, p *Principal, account string) error {
	if err := s.dangerous(p, ReleaseLocks); err != nil {
		return err
	}
	if p.Account != nil && p.Account.ID == account {
		return kernel.Refused("auth.error.not_yourself")
	}
	return s.dropTOTP(ctx, p, account, "totp.reset")
}

func (s *Service) dropTOTP(ctx context.Context, p *Principal, account, action string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET totp_sealed = '', totp_pending = '', totp_confirmed = $1 WHERE id = $2`, false, account)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM auth_recovery WHERE account_id = $1`, account); err != nil {
			return err
		}
		keep := ""
		if p.Session != nil {
			keep = p.Session.ID
		}
		if err := s.endAll(ctx, tx, account, "totp", keep); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, action, accountSubject(account), nil, nil)
	})
}

// LoginTOTP completes a sign-in with a code of the app or a recovery code.
// token is that of the incomplete session.
func (s *Service) LoginTOTP(ctx context.Context, token, code string, c Client) (Entry, error) {
	var session Session
	var account *Account
	err := s.db.View(ctx, func(ctx context.Context, q db.Q) error {
		var err error
		session, account, _, err = s.liveSession(ctx, q, token)
		if err == nil && (account == nil || session.Stage != NeedsTOTP) {
			err = errSignedOut()
		}
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	who, place := guarded{"totp:" + account.ID, accountLockout}, addressOf(c.Addr)
	at, err := s.reserve(ctx, place, who)
	if err != nil {
		return Entry{}, err
	}
	right := false
	var e Entry
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := account.mayEnter(); err != nil {
			return err
		}
		if right, err = s.secondFactor(ctx, tx, account.ID, code); err != nil || !right {
			return err
		}
		if err := settle(ctx, tx, at, who, place); err != nil {
			return err
		}
		if e, err = s.complete(ctx, tx, session, account); err != nil {
			return err
		}
		return s.record(ctx, tx, account.Actor(c.Addr), "session.complete", accountSubject(account.ID), nil, map[string]string{"session": session.ID})
	})
	if err == nil && !right {
		err = errors.Join(kernel.Bad("code", "auth_code", ""), s.refused(ctx, account, c.Addr, "totp"))
	}
	return e, err
}

// secondFactor checks a code of the app, or spends a recovery code.
func (s *Service) secondFactor(ctx context.Context, tx *db.Tx, id, code string) (bool, error) {
	a, err := loadAccount(ctx, tx, id)
	if err != nil || !a.TOTP {
		return false, err
	}
	secret, err := s.vault.Open(ctx, tx, a.PersonID, fieldTOTP, a.totpSealed)
	if err != nil {
		return false, err
	}
	if step, ok := totpMatch(secret, code, s.clock.Now(), a.totpStep); ok {
		res, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET totp_step = $1 WHERE id = $2 AND totp_step < $1`, step, id)
		return err == nil, db.Changed(res, err)
	}
	form := recoveryForm(code)
	if form == "" {
		return false, nil
	}
	res, err := tx.ExecContext(ctx, `UPDATE auth_recovery SET used_at = $1 WHERE account_id = $2 AND code_hash = $3 AND used_at = 0`,
		kernel.Micros(s.clock.Now()), id, s.vault.Hash("auth.recovery", form))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
