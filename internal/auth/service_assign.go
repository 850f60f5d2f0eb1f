package auth

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Assignment is what a security administrator gives an account. An empty Area
// or Unit leaves the one it has.
type Assignment struct {
	Roles      []string
	Reach      Reach
	Area, Unit string
}

func (a Assignment) check(roles *Roles, kind AccountKind) error {
	var c kernel.Check
	roles.Check(&c, "roles", kind, a.Roles)
	switch a.Reach {
	case ReachNone, ReachCity, ReachOverseen:
	case ReachArea:
		c.Require("area", a.Area)
	case ReachUnit:
		c.Require("unit", a.Unit)
	default:
		c.Add("reach", "choice", string(a.Reach))
	}
	if kind != Officer && a.Reach != ReachNone {
		c.Add("reach", "choice", string(a.Reach))
	}
	return c.Err()
}

// Assign replaces roles and reach of an account; its sessions end, so that it
// comes back with the new rights. Nobody assigns to themselves, and nobody may
// hold an administrator's role and any other through a second account with the
// same phone.
func (s *Service) Assign(ctx context.Context, p *Principal, account string, n Assignment) error {
	if err := s.dangerous(p, AssignRoles); err != nil {
		return err
	}
	if p.Actor.ID == account || p.Actor.For == account {
		return kernel.Refused("auth.error.not_yourself")
	}
	n.Roles = slices.Compact(slices.Sorted(slices.Values(n.Roles)))
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := n.check(s.roles, a.Kind); err != nil {
			return err
		}
		if err := s.separate(ctx, tx, a, n.Roles); err != nil {
			return err
		}
		if err := s.keepAdmins(ctx, tx, a, n.Roles); err != nil {
			return err
		}
		before := summary(a)
		if err := assignRoles(ctx, tx, a, n.Roles, p.Actor, s.clock.Now()); err != nil {
			return err
		}
		a.Reach, a.Area, a.Unit = n.Reach, cmp.Or(n.Area, a.Area), cmp.Or(n.Unit, a.Unit)
		_, err = tx.ExecContext(ctx, `UPDATE auth_accounts SET reach = $1, area = $2, unit = $3 WHERE id = $4`, string(a.Reach), a.Area, a.Unit, a.ID)
		if err != nil {
			return err
		}
		if err := s.endAll(ctx, tx, a.ID, "roles", ""); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "account.assign", accountSubject(a.ID), before, summary(a))
	})
}

// separate refuses roles that together with those of another account of the
// same phone would break the separation of the administrators.
func (s *Service) separate(ctx context.Context, q db.Q, a *Account, roles []string) error {
	others, err := db.Column[string](ctx, q, `
		SELECT r.role FROM auth_assignments r JOIN auth_accounts o ON o.id = r.account_id JOIN auth_accounts me ON me.id = $1
		WHERE o.id <> me.id AND o.phone_hash = me.phone_hash AND me.phone_hash <> '' AND o.state = 'active' AND o.kind = 'officer'`, a.ID)
	if err != nil || len(others) == 0 || len(roles) == 0 {
		return err
	}
	if s.roles.admins(roles) || s.roles.admins(others) {
		return kernel.Bad("roles", "auth_separate_person", strings.Join(roles, ", "))
	}
	return nil
}

// keepAdmins refuses to take an administrator's role from its last holder.
func (s *Service) keepAdmins(ctx context.Context, q db.Q, a *Account, after []string) error {
	for _, role := range a.Roles {
		r, _ := s.roles.Get(role)
		if !r.Admin || slices.Contains(after, role) {
			continue
		}
		n, err := db.Value[int64](ctx, q, `
			SELECT COUNT(*) FROM auth_assignments r JOIN auth_accounts a ON a.id = r.account_id
			WHERE r.role = $1 AND a.state = 'active' AND a.id <> $2`, role, a.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return kernel.Clash("auth.error.last_admin", map[string]any{"role": r.Title})
		}
	}
	return nil
}
