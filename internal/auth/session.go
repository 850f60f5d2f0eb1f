package auth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Stage says what a session still lacks.
type Stage string

// The stages.
const (
	Complete   Stage = ""      // signed in
	NeedsTOTP  Stage = "totp"  // the password was right, the second factor is missing
	NeedsEnrol Stage = "enrol" // a second factor must be enrolled first
)

// stageLife is how long a session may stay incomplete.
const stageLife = 10 * time.Minute

// The methods of signing in.
const (
	ByPassword = "password"
	ByOIDC     = "oidc"
	ByDemo     = "demo"
)

// Session is a browser that signed in. Its token is known to the browser
// alone; the database has the hash.
type Session struct {
	ID          string
	AccountID   string
	Stage       Stage
	Method      string // ByPassword, ByOIDC, ByDemo
	Addr, Agent string // where it was opened from; Agent is cut to 200 characters
	ActingFor   string // account id of the absent person; "" none
	CreatedAt   time.Time
	SeenAt      time.Time
	ConfirmedAt time.Time // last proof of identity
	ExpiresAt   time.Time // absolute limit
	EndedAt     time.Time
	EndedWhy    string // "sign_out", "revoked", "password", "roles", "disabled", "idle"
}

// Entry is a session together with the token that the browser must get in
// its cookie. Every sign-in, step-up and change of place gives a new token;
// the old one is dead.
type Entry struct {
	Token   string
	Session Session
	Account *Account
}

// Client is the browser behind a request.
type Client struct {
	Addr   string
	Agent  string
	Cookie string // the session token it came with, ended by a new sign-in
}

const sessionColumns = `s.id, s.account_id, s.stage, s.method, s.addr, s.agent, s.acting_for, s.created_at, s.seen_at,
	s.confirmed_at, s.expires_at, s.ended_at, s.ended_why`

func sessionFields(s *Session) (dest []any, done func()) {
	var created, seen, confirmed, expires, ended int64
	return []any{&s.ID, &s.AccountID, &s.Stage, &s.Method, &s.Addr, &s.Agent, &s.ActingFor, &created, &seen, &confirmed, &expires, &ended, &s.EndedWhy},
		func() {
			s.CreatedAt, s.SeenAt, s.ConfirmedAt = kernel.FromMicros(created), kernel.FromMicros(seen), kernel.FromMicros(confirmed)
			s.ExpiresAt, s.EndedAt = kernel.FromMicros(expires), kernel.FromMicros(ended)
		}
}

func scanSession(sc db.Scanner) (Session, error) {
	var s Session
	dest, done := sessionFields(&s)
	err := sc.Scan(dest...)
	done()
	return s, err
}

// hashToken is what the database keeps of a token of 256 random bits; such a
// token needs no slow hash.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// newToken returns 256 random bits as 43 URL-safe characters.
func newToken() string { return kernel.NewSecret(32) }

// openSession starts a session and ends the one that the browser came with,
// so that a planted cookie is worth nothing after a sign-in.
func (s *Service) openSession(ctx context.Context, tx *db.Tx, a *Account, method string, stage Stage, c Client) (Entry, error) {
	now := s.clock.Now()
	if err := s.endByToken(ctx, tx, c.Cookie, "sign_in"); err != nil {
		return Entry{}, err
	}
	session := Session{ID: kernel.NewID(now), AccountID: a.ID, Stage: stage, Method: method, Addr: c.Addr, Agent: cut(c.Agent, 200),
		CreatedAt: now, SeenAt: now, ConfirmedAt: now, ExpiresAt: now.Add(s.opts.AbsoluteLimit)}
	if stage != Complete {
		session.ConfirmedAt, session.ExpiresAt = time.Time{}, now.Add(stageLife)
	}
	token := newToken()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO auth_sessions (id, token_hash, account_id, stage, method, addr, agent, acting_for, created_at, seen_at,
			confirmed_at, expires_at, ended_at, ended_why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $11, 0, '')`,
		session.ID, hashToken(token), a.ID, string(stage), method, session.Addr, session.Agent, kernel.Micros(now), kernel.Micros(now),
		kernel.Micros(session.ConfirmedAt), kernel.Micros(session.ExpiresAt))
	if err != nil {
		return Entry{}, fmt.Errorf("open session: %w", err)
	}
	if stage == Complete {
		if _, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET seen_at = $1 WHERE id = $2`, kernel.Micros(now), a.ID); err != nil {
			return Entry{}, err
		}
	}
	return Entry{token, session, a}, s.record(ctx, tx, a.Actor(c.Addr), "session.open", accountSubject(a.ID),
		nil, map[string]string{"session": session.ID, "method": method, "stage": string(stage)})
}

// cut shortens what a stranger sent to n characters and takes out bytes that
// PostgreSQL refuses in a text.
func cut(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "")
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// rotate gives a live session a new token and writes what changed in it.
func (s *Service) rotate(ctx context.Context, tx *db.Tx, session Session, a *Account) (Entry, error) {
	token := newToken()
	res, err := tx.ExecContext(ctx, `
		UPDATE auth_sessions SET token_hash = $1, stage = $2, acting_for = $3, confirmed_at = $4, expires_at = $5, seen_at = $6
		WHERE id = $7 AND ended_at = 0`,
		hashToken(token), string(session.Stage), session.ActingFor, kernel.Micros(session.ConfirmedAt),
		kernel.Micros(session.ExpiresAt), kernel.Micros(s.clock.Now()), session.ID)
	return Entry{token, session, a}, db.Changed(res, err)
}

// complete turns an incomplete session into a full one.
func (s *Service) complete(ctx context.Context, tx *db.Tx, session Session, a *Account) (Entry, error) {
	now := s.clock.Now()
	session.Stage, session.ConfirmedAt, session.ExpiresAt = Complete, now, now.Add(s.opts.AbsoluteLimit)
	if _, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET seen_at = $1 WHERE id = $2`, kernel.Micros(now), a.ID); err != nil {
		return Entry{}, err
	}
	return s.rotate(ctx, tx, session, a)
}

// liveSession returns the session of a token and its account while it may be
// used; account is nil when there is none, and expired says that there was one.
func (s *Service) liveSession(ctx context.Context, q db.Q, token string) (session Session, account *Account, expired bool, err error) {
	account = new(Account)
	_, err = db.One(ctx, q, func(sc db.Scanner) (struct{}, error) {
		dest, doneSession := sessionFields(&session)
		more, doneAccount := accountFields(account)
		err := sc.Scan(append(dest, more...)...)
		doneSession()
		doneAccount()
		return struct{}{}, err
	}, `SELECT `+sessionColumns+`, `+accountColumns+` FROM auth_sessions s JOIN auth_accounts a ON a.id = s.account_id
		WHERE s.token_hash = $1`, hashToken(token))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Session{}, nil, false, nil
	case err != nil:
		return Session{}, nil, false, err
	case s.over(session, s.clock.Now()) || account.mayEnter() != nil:
		return Session{}, nil, true, nil
	}
	return session, account, false, nil
}

// over reports whether a session has reached one of its ends.
func (s *Service) over(session Session, now time.Time) bool {
	return !session.EndedAt.IsZero() || !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) >= s.opts.IdleLimit
}

func (s *Service) endByToken(ctx context.Context, tx *db.Tx, token, why string) error {
	if token == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE auth_sessions SET ended_at = $1, ended_why = $2 WHERE token_hash = $3 AND ended_at = 0`,
		kernel.Micros(s.clock.Now()), why, hashToken(token))
	return err
}

// endAll ends the sessions of an account, but not the one named by except.
func (s *Service) endAll(ctx context.Context, tx *db.Tx, account, why, except string) error {
	_, err := tx.ExecContext(ctx, `UPDATE auth_sessions SET ended_at = $1, ended_why = $2 WHERE account_id = $3 AND ended_at = 0 AND id <> $4`,
		kernel.Micros(s.clock.Now()), why, account, except)
	return err
}

// tokenShaped reports whether s has the form of newToken.
func tokenShaped(s string) bool {
	return len(s) == 43 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
