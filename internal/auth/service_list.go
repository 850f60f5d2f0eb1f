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

// maxWanted bounds in bytes what is looked for in logins and names.
const maxWanted = 500

// where is the condition of the filter, without the place in the list.
func (f AccountFilter) where() db.Where {
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
	switch text := strings.ToLower(strings.TrimSpace(f.Text)); {
	case len(text) > maxWanted:
		w.And("1 = 0") // nobody is called that, and engines refuse patterns without measure
	case text != "":
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
		w.And(`LOWER(a.login) LIKE ? ESCAPE '\' OR LOWER(a.name) LIKE ? ESCAPE '\'`, like, like)
	}
	return w
}

// List returns accounts by id, which is the order of their making.
func (s *Service) List(ctx context.Context, q db.Q, f AccountFilter) ([]*Account, error) {
	w := f.where()
	if f.After != "" {
		w.And("a.id > ?", f.After)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanAccount,
		`SELECT `+accountColumns+` FROM auth_accounts a `+w.SQL()+w.Bind(` ORDER BY a.id LIMIT ?`, f.Limit), w.Args...)
}

// Count returns how many accounts a filter chooses, counting no further than
// limit.
func (s *Service) Count(ctx context.Context, q db.Q, f AccountFilter, limit int) (int, error) {
	w := f.where()
	n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM auth_accounts a `+w.SQL()+w.Bind(` LIMIT ?`, limit)+`) counted`, w.Args...)
	return int(n), err
}

// Holders lists the active accounts that hold a role, for worklists and
// notices.
func (s *Service) Holders(ctx context.Context, q db.Q, role string) ([]*Account, error) {
	return s.List(ctx, q, AccountFilter{Role: role, State: Active, Limit: 1000})
}
