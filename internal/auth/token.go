package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Token is a system that signs in with an API token: an actor of its own with
// its own permissions and scope.
type Token struct {
	ID          string
	Name        string // the system, as audit rows show it
	Permissions []Permission
	Reach       Reach
	Area, Unit  string
	Enterprise  string
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   time.Time
	UsedAt      time.Time // to the minute
}

// tokenPrefix lets secret scanners know a leaked token.
const tokenPrefix = "anlan_"

// longestToken is how far away the end of a token may lie.
const longestToken = 366 * 24 * time.Hour

func (t Token) check(roles *Roles, now time.Time) error {
	var c kernel.Check
	c.Text("name", t.Name, 100)
	if len(t.Permissions) == 0 {
		c.Require("permissions", "")
	}
	known, admins := roles.Known(), NewSet()
	for _, r := range roles.List() {
		if r.Admin {
			for _, p := range r.Permissions {
				admins[p] = struct{}{}
			}
		}
	}
	for _, p := range t.Permissions {
		if !known.Has(p) || admins.Has(p) { // no system administers this one
			c.Add("permissions", "choice", string(p))
		}
	}
	switch t.Reach {
	case ReachCity:
	case ReachArea:
		c.Require("area", t.Area)
	case ReachUnit:
		c.Require("unit", t.Unit)
	case ReachEnterprise:
		c.Require("enterprise", t.Enterprise)
	default:
		c.Add("reach", "choice", string(t.Reach))
	}
	switch {
	case t.ExpiresAt.IsZero():
		c.Require("expires", "")
	case !t.ExpiresAt.After(now):
		c.Add("expires", "date_future", kernel.DateOf(t.ExpiresAt).String())
	case t.ExpiresAt.Sub(now) > longestToken:
		c.Add("expires", "too_large", kernel.DateOf(t.ExpiresAt).String(), "max", kernel.DateOf(now.Add(longestToken)).String())
	}
	return c.Err()
}

// IssueToken makes an API token and returns its text, which is shown once.
func (s *Service) IssueToken(ctx context.Context, p *Principal, t Token) (id, text string, err error) {
	if err := s.dangerous(p, ManageTokens); err != nil {
		return "", "", err
	}
	now := s.clock.Now()
	if err := t.check(s.roles, now); err != nil {
		return "", "", err
	}
	perms, err := json.Marshal(t.Permissions)
	if err != nil {
		return "", "", err
	}
	id, text = kernel.NewID(now), tokenPrefix+newToken()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO auth_tokens (id, token_hash, name, permissions, reach, area, unit, enterprise, created_by, created_at, expires_at, revoked_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)`,
			id, hashToken(text), t.Name, string(perms), string(t.Reach), t.Area, t.Unit, t.Enterprise, p.Actor.ID, kernel.Micros(now), kernel.Micros(t.ExpiresAt))
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "token.issue", "token:"+id, nil, map[string]any{"name": t.Name, "permissions": t.Permissions,
			"reach": t.Reach, "area": t.Area, "unit": t.Unit, "enterprise": t.Enterprise, "expires": t.ExpiresAt})
	})
	return id, text, err
}

// RevokeToken ends a token at once.
func (s *Service) RevokeToken(ctx context.Context, p *Principal, id string) error {
	if err := p.need(ManageTokens); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE auth_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, kernel.Micros(s.clock.Now()), id)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "token.revoke", "token:"+id, nil, nil)
	})
}

const tokenColumns = `id, name, permissions, reach, area, unit, enterprise, created_by, created_at, expires_at, revoked_at, used_at`

func scanToken(sc db.Scanner) (Token, error) {
	var t Token
	var perms string
	var created, expires, revoked, used int64
	err := sc.Scan(&t.ID, &t.Name, &perms, &t.Reach, &t.Area, &t.Unit, &t.Enterprise, &t.CreatedBy, &created, &expires, &revoked, &used)
	if err != nil {
		return t, err
	}
	t.CreatedAt, t.ExpiresAt = kernel.FromMicros(created), kernel.FromMicros(expires)
	t.RevokedAt, t.UsedAt = kernel.FromMicros(revoked), kernel.FromMicros(used)
	return t, json.Unmarshal([]byte(perms), &t.Permissions)
}

// Tokens lists all tokens, newest first.
func (s *Service) Tokens(ctx context.Context, q db.Q, p *Principal) ([]Token, error) {
	if err := p.need(ManageTokens); err != nil {
		return nil, err
	}
	return db.All(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM auth_tokens ORDER BY id DESC`)
}

func (s *Service) authenticateToken(ctx context.Context, c Credential) (*Principal, error) {
	now := s.clock.Now()
	var p *Principal
	err := s.db.View(ctx, func(ctx context.Context, q db.Q) error {
		t, err := db.One(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM auth_tokens WHERE token_hash = $1 AND revoked_at = 0 AND expires_at > $2`,
			hashToken(c.Bearer), kernel.Micros(now))
		if errors.Is(err, sql.ErrNoRows) {
			return errSignedOut()
		}
		if err != nil {
			return err
		}
		p = &Principal{Actor: kernel.Actor{Kind: kernel.ActorToken, ID: t.ID, Name: t.Name, Addr: c.Addr}, Token: &t, Permissions: NewSet(t.Permissions...)}
		p.Scope, err = s.reachOf(ctx, q, reached{t.Reach, t.Area, t.Unit, t.Enterprise, ""})
		return err
	})
	if err != nil || now.Sub(p.Token.UsedAt) < touchEvery {
		return p, err
	}
	return p, s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE auth_tokens SET used_at = $1 WHERE id = $2 AND used_at < $1`, kernel.Micros(now), p.Token.ID)
		return err
	})
}
