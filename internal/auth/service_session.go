package auth

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Logout ends the session of a token. An unknown token is no error.
func (s *Service) Logout(ctx context.Context, p *Principal, token string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.endByToken(ctx, tx, token, "sign_out"); err != nil || p.Session == nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "session.end", accountSubject(p.Session.AccountID), nil,
			map[string]string{"session": p.Session.ID, "why": "sign_out"})
	})
}

// Sessions lists the live sessions of the account behind p, newest first.
func (s *Service) Sessions(ctx context.Context, q db.Q, p *Principal) ([]Session, error) {
	if p.Account == nil {
		return nil, errSignedOut()
	}
	return s.SessionsOf(ctx, q, p.Account.ID)
}

// SessionsOf lists the live sessions of an account, for an administrator.
func (s *Service) SessionsOf(ctx context.Context, q db.Q, account string) ([]Session, error) {
	now := s.clock.Now()
	return db.All(ctx, q, scanSession, `SELECT `+sessionColumns+` FROM auth_sessions s
		WHERE s.account_id = $1 AND s.ended_at = 0 AND s.expires_at > $2 AND s.seen_at > $3 ORDER BY s.id DESC`,
		account, kernel.Micros(now), kernel.Micros(now.Add(-s.opts.IdleLimit)))
}

// EndSession ends one session: one's own, or with EndSessions anybody's.
func (s *Service) EndSession(ctx context.Context, p *Principal, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		session, err := db.One(ctx, tx, scanSession, `SELECT `+sessionColumns+` FROM auth_sessions s WHERE s.id = $1 AND s.ended_at = 0`, id)
		if err != nil {
			return db.Found(err, "session", id)
		}
		own := p.Account != nil && p.Account.ID == session.AccountID
		if !own && !p.Can(EndSessions) {
			return kernel.Missing("session", id)
		}
		res, err := tx.ExecContext(ctx, `UPDATE auth_sessions SET ended_at = $1, ended_why = 'revoked' WHERE id = $2 AND ended_at = 0`,
			kernel.Micros(s.clock.Now()), id)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "session.end", accountSubject(session.AccountID), nil,
			map[string]string{"session": id, "why": "revoked"})
	})
}

// EndOtherSessions ends every session of the account behind p but its own.
func (s *Service) EndOtherSessions(ctx context.Context, p *Principal) error {
	if p.Account == nil || p.Session == nil {
		return errSignedOut()
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.endAll(ctx, tx, p.Account.ID, "revoked", p.Session.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "session.end_others", accountSubject(p.Account.ID), nil, nil)
	})
}

func errSignedOut() error { return &kernel.Error{Kind: kernel.SignedOut, Key: "error.signed_out"} }
