package auth

import (
	"context"
	"strings"

	"anlan/internal/db"
)

// Account returns an account by id.
func (s *Service) Account(ctx context.Context, q db.Q, id string) (*Account, error) {
	return loadAccount(ctx, q, id)
}

// AccountFilter chooses accounts for List; empty fields do not filter.
type AccountFilter struct {
	Kind       AccountKind
	State      State
	Role       string
	Enterprise string
	Unit, Area string
	Text       string // part of login or shown name
	After      string // id of the last row of the page before
	Limit      int    // 0: 50
}

// List returns accounts by id, which is the order of their making.
func (s *Service) List(ctx context.Context, q db.Q, f AccountFilter) ([]*Account, error) {
	var w db.Where
	for _, e := range []struct{ column, value string }{{"a.kind", string(f.Kind)}, {"a.state", string(f.State)},
		{"a.enterprise", f.Enterprise}, {"a.unit", f.Unit}, {"a.area", f.Area}} {
		if e.value != "" {
			w.And(e.column+" = ?", e.value)
		}
	}
	if f.Role != "" {
		w.And("a.id IN (SELECT account_id FROM auth_assignments WHERE role = ?)", f.Role)
	}
	if text := strings.ToLower(strings.TrimSpace(f.Text)); text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
		w.And(`LOWER(a.login) LIKE ? ESCAPE '\' OR LOWER(a.name) LIKE ? ESCAPE '\'`, like, like)
	}
	if f.After != "" {
		w.And("a.id > ?", f.After)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	accounts, err := db.All(ctx, q, scanAccount,
		`SELECT `+accountColumns+` FROM auth_accounts a `+w.SQL()+w.Bind(` ORDER BY a.id LIMIT ?`, f.Limit), w.Args...)
	if err != nil {
		return nil, err
	}
	return accounts, loadRolesOf(ctx, q, accounts)
}

func loadRolesOf(ctx context.Context, q db.Q, accounts []*Account) error {
	byID := make(map[string]*Account, len(accounts))
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		byID[a.ID], ids[i] = a, a.ID
	}
	var w db.Where
	w.In("account_id", ids)
	pairs, err := db.All(ctx, q, func(s db.Scanner) (p [2]string, err error) { return p, s.Scan(&p[0], &p[1]) },
		`SELECT account_id, role FROM auth_assignments `+w.SQL()+` ORDER BY role`, w.Args...)
	for _, p := range pairs {
		byID[p[0]].Roles = append(byID[p[0]].Roles, p[1])
	}
	return err
}

// Holders lists the active accounts that hold a role, for worklists and
// notices.
func (s *Service) Holders(ctx context.Context, q db.Q, role string) ([]*Account, error) {
	return s.List(ctx, q, AccountFilter{Role: role, State: Active, Limit: 1000})
}
