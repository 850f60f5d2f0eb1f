package auth

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Erase closes an account for good and makes its personal data unreadable
// everywhere. Rows that name the account stay. A legal hold refuses. Whoever
// does it to another's says why.
func (s *Service) Erase(ctx context.Context, p *Principal, account, reason string) error {
	own := p.Account != nil && p.Account.ID == account && p.Account.Kind == Person
	if !own {
		if err := p.need(EraseAccounts); err != nil {
			return err
		}
		var c kernel.Check
		if c.Text("reason", reason, 500); c.Err() != nil {
			return c.Err()
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
