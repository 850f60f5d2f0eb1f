package licensing

import (
	"context"
	"io"
	"net/url"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
	"anlan/registry"
)

// SavedFilter is a filter of the list of cases that an officer keeps.
type SavedFilter struct {
	ID    string
	Name  string
	Query string // of the list's address
}

// maxFilters bounds how many one officer keeps.
const maxFilters = 20

// SavedFilters lists the officer's own filters by name.
func (s *Service) SavedFilters(ctx context.Context, p *auth.Principal) ([]SavedFilter, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]SavedFilter, error) {
		return db.All(ctx, q, func(s db.Scanner) (f SavedFilter, err error) { return f, s.Scan(&f.ID, &f.Name, &f.Query) },
			`SELECT id, name, query FROM licensing_filters WHERE account = $1 ORDER BY name`, p.Actor.ID)
	})
}

// SaveFilter keeps a filter under a name; one of the same name is replaced.
func (s *Service) SaveFilter(ctx context.Context, p *auth.Principal, name, query string) error {
	var c kernel.Check
	c.Text("name", name, 40)
	if _, err := url.ParseQuery(query); err != nil || len(query) > maxQuery {
		c.Add("query", "format", "")
	}
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := db.Value[int64](ctx, tx, `SELECT COUNT(*) FROM licensing_filters WHERE account = $1 AND name <> $2`, p.Actor.ID, name)
		if err != nil {
			return err
		}
		if n >= maxFilters {
			c.Add("name", "too_many", name, "max", maxFilters)
			return c.Err()
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO licensing_filters (id, account, name, query, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account, name) DO UPDATE SET query = excluded.query, at = excluded.at`, kernel.NewID(now), p.Actor.ID, name, query, kernel.Micros(now))
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.filter.save", Subject: "account:" + p.Actor.ID, After: map[string]string{"name": name, "query": query}})
	})
}

// DropFilter forgets one of the officer's own filters.
func (s *Service) DropFilter(ctx context.Context, p *auth.Principal, id string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM licensing_filters WHERE id = $1 AND account = $2`, id, p.Actor.ID)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return kernel.Missing("filter", id)
		}
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "licensing.filter.drop", Subject: "account:" + p.Actor.ID, After: map[string]string{"id": id}})
	})
}

// Words is in which language an export is written.
type Words struct {
	Texts *i18n.Catalogues
	Lang  string
}

// exportAtMost bounds the rows of an export.
const exportAtMost = 10000

// queueSheet is the list of cases as a workbook.
func queueSheet() sheet.Table {
	text := func(name, zh, en string, width float64) sheet.Column {
		return sheet.Column{Name: name, Title: kernel.Text{ZH: zh, EN: en}, Width: width}
	}
	day := func(name, zh, en string) sheet.Column {
		return sheet.Column{Name: name, Title: kernel.Text{ZH: zh, EN: en}, Kind: sheet.Date}
	}
	return sheet.Table{Title: kernel.Text{ZH: "办件列表", EN: "Cases"}, Columns: []sheet.Column{text("number", "办件号", "Number", 24), text("item", "事项", "Item", 36),
		text("applicant", "申请人", "Applicant", 36), text("area", "区域", "Area", 14), text("state", "状态", "State", 14), text("step", "环节", "Desk", 14),
		day("submitted", "收件日期", "Received"), day("due", "法定办结日", "Due"), day("promised", "承诺办结日", "Promised"), text("handler", "经办人", "Handler", 14)}}
}

// ExportQueue writes the cases that a filter finds as a workbook, up to 10,000
// rows, and records who took them.
func (s *Service) ExportQueue(ctx context.Context, p *auth.Principal, f CaseFilter, words Words, w io.Writer) error {
	f.After, f.Limit = Cursor{}, exportAtMost
	page, err := s.Queue(ctx, p, f)
	if err != nil {
		return err
	}
	areas, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]registry.Area, error) { return registry.Areas(ctx, q) })
	if err != nil {
		return err
	}
	names := map[string]kernel.Text{}
	for _, a := range areas {
		names[a.Code] = a.Name
	}
	now := s.Clock.Now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.case.export", Subject: "cases", After: map[string]any{"rows": len(page.Rows), "step": f.Step, "state": f.State, "area": f.Area}})
	})
	if err != nil {
		return err
	}
	out, err := queueSheet().NewWriter(w, words.Texts, words.Lang)
	if err != nil {
		return err
	}
	for _, r := range page.Rows {
		err := out.Row(r.Number, words.Texts.Show(words.Lang, s.itemTitle(r.Item)), r.Applicant, words.Texts.Show(words.Lang, names[r.Area]),
			words.Texts.T(words.Lang, "licensing.state."+string(r.State)), words.Texts.T(words.Lang, "licensing.step."+string(r.Step)),
			kernel.DateOf(r.SubmittedAt), r.Due, r.PromisedDue, r.HandlerName)
		if err != nil {
			return err
		}
	}
	return out.Close()
}
