package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// setupLife is how long the set-up link of a new installation works.
const setupLife = 24 * time.Hour

const setupSubject = "installation"

// Adopt writes the roles in force into the database, so that an auditor sees
// which permissions a role had when. App calls it once at start.
func (s *Service) Adopt(ctx context.Context) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		type row struct {
			Permissions    string
			Officer, Admin bool
		}
		for _, role := range s.roles.List() {
			perms, err := json.Marshal(role.Permissions)
			if err != nil {
				return err
			}
			now := row{string(perms), role.Officer, role.Admin}
			old, err := db.All(ctx, tx, func(sc db.Scanner) (r row, err error) { return r, sc.Scan(&r.Permissions, &r.Officer, &r.Admin) },
				`SELECT permissions, officer, admin FROM auth_roles WHERE id = $1`, role.ID)
			if err != nil {
				return err
			}
			if len(old) == 1 && old[0] == now {
				continue
			}
			_, err = tx.ExecContext(ctx, `
				INSERT INTO auth_roles (id, permissions, officer, admin, updated_at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (id) DO UPDATE SET permissions = excluded.permissions, officer = excluded.officer, admin = excluded.admin, updated_at = excluded.updated_at`,
				role.ID, now.Permissions, now.Officer, now.Admin, kernel.Micros(s.clock.Now()))
			if err != nil {
				return err
			}
			if err := s.record(ctx, tx, kernel.System("auth.roles"), "role.adopt", "role:"+role.ID, old, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetupNeeded reports whether one of the three administrators is missing, as
// in a new installation.
func (s *Service) SetupNeeded(ctx context.Context, q db.Q) (bool, error) {
	for _, role := range []string{SystemAdmin, SecurityAdmin, AuditAdmin} {
		n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM auth_assignments WHERE role = $1`, role)
		if err != nil || n == 0 {
			return true, err
		}
	}
	return false, nil
}

// SetupLink makes the one-time link of the first start, for the path
// /auth/setup/{token}; earlier ones end. It is a Conflict when the
// administrators exist.
func (s *Service) SetupLink(ctx context.Context) (token string, err error) {
	actor := kernel.System("auth.setup")
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.openSetup(ctx, tx); err != nil {
			return err
		}
		if err := s.links.Revoke(ctx, tx, linkSetup, setupSubject, actor); err != nil {
			return err
		}
		token, err = s.links.Issue(ctx, tx, Link{Purpose: linkSetup, Subject: setupSubject, Until: s.clock.Now().Add(setupLife), Once: true, Actor: actor})
		return err
	})
	return token, err
}

func (s *Service) openSetup(ctx context.Context, q db.Q) error {
	needed, err := s.SetupNeeded(ctx, q)
	if err == nil && !needed {
		err = kernel.Clash("auth.error.set_up", nil)
	}
	return err
}

// CheckSetup reports whether a set-up link still works, to show its form.
func (s *Service) CheckSetup(ctx context.Context, q db.Q, token string) error {
	if _, err := s.links.Resolve(ctx, q, linkSetup, token); err != nil {
		return err
	}
	return s.openSetup(ctx, q)
}

// FirstAdmin is one of the first three administrators. Password may be empty:
// then the answer holds a link with which its holder chooses one.
type FirstAdmin struct {
	Login, Name, Phone, Password string
}

// Setup names the first three administrators, who must be three people.
type Setup struct {
	System, Security, Audit FirstAdmin
}

func (u Setup) each() []struct {
	field, role string
	FirstAdmin
} {
	return []struct {
		field, role string
		FirstAdmin
	}{{"system", SystemAdmin, u.System}, {"security", SecurityAdmin, u.Security}, {"audit", AuditAdmin, u.Audit}}
}

func (u Setup) check() error {
	var c kernel.Check
	var logins, phones []string
	for _, a := range u.each() {
		c.Merge(a.field+".", NewAccount{Kind: Officer, Login: a.Login, Name: a.Name, Phone: a.Phone}.check())
		if a.Password != "" {
			CheckPassword(&c, a.field+".password", a.Password, a.Login, a.Phone, a.Name)
		}
		if slices.Contains(logins, a.Login) {
			c.Add(a.field+".login", "duplicate", a.Login)
		}
		if a.Phone != "" && slices.Contains(phones, a.Phone) {
			c.Add(a.field+".phone", "auth_separate_person", a.Phone)
		}
		logins, phones = append(logins, a.Login), append(phones, a.Phone)
	}
	return c.Err()
}

// CompleteSetup spends the set-up link and creates the three administrators.
// It returns, in the order system, security, audit, the password link of each
// whose password was left empty.
func (s *Service) CompleteSetup(ctx context.Context, token string, u Setup, addr string) (links [3]string, err error) {
	if err := s.db.View(ctx, func(ctx context.Context, q db.Q) error { return s.CheckSetup(ctx, q, token) }); err != nil {
		return links, err
	}
	if err := u.check(); err != nil {
		return links, err
	}
	var hashes [3]string
	for i, a := range u.each() {
		if a.Password != "" {
			if hashes[i], err = s.hasher.hash(ctx, a.Password); err != nil {
				return links, err
			}
		}
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.openSetup(ctx, tx); err != nil {
			return err
		}
		link, err := s.links.Consume(ctx, tx, linkSetup, token)
		if err != nil {
			return err
		}
		for i, n := range u.each() {
			a, err := s.create(ctx, tx, NewAccount{Kind: Officer, Login: n.Login, Name: n.Name, Phone: n.Phone}, []string{n.role}, hashes[i], link.As(addr))
			if err != nil {
				return fmt.Errorf("set up %s: %w", n.role, err)
			}
			if hashes[i] != "" {
				continue
			}
			if links[i], err = s.passwordLink(ctx, tx, a, link.As(addr)); err != nil {
				return err
			}
		}
		return nil
	})
	return links, err
}

// EnterAs signs in to an account without a secret. It works only when the
// demo option is on and the request comes from this machine; otherwise the
// page does not exist.
func (s *Service) EnterAs(ctx context.Context, account string, c Client) (Entry, error) {
	ip, err := netip.ParseAddr(c.Addr)
	if !s.opts.Demo || err != nil || !ip.Unmap().IsLoopback() {
		return Entry{}, kernel.Missing("page", "")
	}
	var e Entry
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := a.mayEnter(); err != nil {
			return err
		}
		e, err = s.openSession(ctx, tx, a, ByDemo, Complete, c)
		return err
	})
	return e, err
}

// keepEnded is how long ended sessions, attempts, codes and flows stay for
// inquiries.
const keepEnded = 30 * 24 * time.Hour

// Sweep removes what ended long ago. A job calls it daily.
func (s *Service) Sweep(ctx context.Context) error {
	before := kernel.Micros(s.clock.Now().Add(-keepEnded))
	for _, stmt := range []string{
		`DELETE FROM auth_sessions WHERE expires_at < $1`,
		`DELETE FROM auth_attempts WHERE last_at < $1`,
		`DELETE FROM auth_codes WHERE expires_at < $1`,
		`DELETE FROM auth_oidc_flows WHERE expires_at < $1`,
		`DELETE FROM auth_links WHERE until < $1`,
	} {
		err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, stmt, before)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}
