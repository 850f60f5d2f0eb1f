package admin

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// auditRoutes are what the audit administrator reads.
func (h *Pages) auditRoutes() []web.Route {
	verify := page("POST", "/admin/audit/verify", auth.ReadAudit, h.verifyAudit)
	export := page("POST", "/admin/audit/export", auth.ReadAudit, h.exportAudit)
	verify.Timeout, export.Timeout = 10*time.Minute, 10*time.Minute // the whole chain
	return []web.Route{
		operator(page("GET", "/admin/audit", auth.ReadAudit, h.auditRows), "admin.audit.title", "history", 30),
		page("GET", "/admin/audit/{id}", auth.ReadAudit, h.auditRow),
		verify, export,
	}
}

// auditFilter chooses rows.
type auditFilter struct {
	Actor   string      `json:"actor"` // account id, or the login of an account
	Subject string      `json:"subject"`
	Action  string      `json:"action"` // beginning
	From    kernel.Date `json:"from"`
	To      kernel.Date `json:"to"`
}

// rows is the filter of package audit; an account is also found by its login.
func (h *Pages) auditFilter(ctx context.Context, q db.Q, f auditFilter) (audit.Filter, error) {
	var c kernel.Check
	if !f.To.IsZero() && f.To.Before(f.From) {
		c.Add("to", "date_order", f.To.String())
	}
	out := audit.Filter{Actor: f.Actor, Subject: f.Subject, Action: f.Action}
	if !f.From.IsZero() {
		out.Since = f.From.Start()
	}
	if !f.To.IsZero() {
		out.Until = f.To.End()
	}
	if f.Actor == "" {
		return out, c.Err()
	}
	named, err := h.Auth.List(ctx, q, auth.AccountFilter{Text: f.Actor})
	for _, a := range named {
		if a.Login == f.Actor {
			out.Actor = a.ID
		}
	}
	if err == nil {
		err = c.Err()
	}
	return out, err
}

// auditPage is the list with the end of the chain.
type auditPage struct {
	Filter   auditFilter
	Head     audit.Row // the last sealed row
	Unsealed int64
	Rows     web.List[audit.Row]
}

func (h *Pages) auditRows(r *web.Request) error {
	v := auditPage{Rows: web.List[audit.Row]{Total: -1}}
	err := r.DecodeQuery(&v.Filter)
	if err == nil {
		err = h.DB.View(r.Context(), func(ctx context.Context, q db.Q) error { return h.loadAudit(ctx, q, r, &v) })
	}
	if err != nil {
		return r.Refill("admin/audit", v, err)
	}
	return r.Render("admin/audit", v)
}

func (h *Pages) loadAudit(ctx context.Context, q db.Q, r *web.Request, v *auditPage) (err error) {
	if v.Head, v.Unsealed, err = audit.Tail(ctx, q); err != nil {
		return err
	}
	f, err := h.auditFilter(ctx, q, v.Filter)
	if err != nil {
		return err
	}
	if f.Before, err = before(r); err != nil {
		return err
	}
	f.Limit = web.PageSize + 1
	rows, err := audit.List(ctx, q, f)
	v.Rows = newest(rows, func(row audit.Row) string { return row.ID })
	return err
}

// auditRowPage is one row with what it changed.
type auditRowPage struct {
	audit.Row
	Fields []difference
}

func (h *Pages) auditRow(r *web.Request) error {
	row, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (audit.Row, error) { return audit.Get(ctx, q, r.PathValue("id")) })
	if err != nil {
		return err
	}
	return r.Render("admin/audit_row", auditRowPage{row, differences(row.Before, row.After)})
}

func (h *Pages) verifyAudit(r *web.Request) error {
	rep, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (audit.Report, error) { return audit.Verify(ctx, q, h.AuditHead) })
	if err != nil {
		return err
	}
	return r.Render("admin/audit_verify", rep)
}

// exportMost bounds an export; a longer one is asked for in parts of time.
const exportMost = 100_000

// exportAudit writes the rows of a filter as a table, and a row of its own
// about who took them along.
func (h *Pages) exportAudit(r *web.Request) error {
	var in auditFilter
	if err := r.Decode(&in); err != nil {
		return err
	}
	var f audit.Filter
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if f, err = h.auditFilter(ctx, tx, in); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: r.Now(), Actor: r.Actor(), Action: "audit.export", Subject: "audit:rows", After: in})
	})
	if err != nil {
		return err
	}
	name := r.T("admin.audit.title") + " " + i18n.Stamp(r.Now()) + ".csv"
	return r.Stream(web.Download{Name: strings.ReplaceAll(name, ":", ""), Type: "text/csv; charset=utf-8"}, func(w io.Writer) error {
		return h.writeAudit(r.Context(), w, f)
	})
}

// writeAudit writes rows as Excel opens them: with a byte order mark, and no
// cell that it could take for a formula.
func (h *Pages) writeAudit(ctx context.Context, w io.Writer, f audit.Filter) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Write([]string{"at", "actor_kind", "actor_id", "actor_name", "actor_for", "addr", "action", "subject", "before", "after", "seq", "hash", "id"})
	f.Limit = 1000
	for n := 0; n < exportMost; {
		rows, err := audit.List(ctx, h.DB.Reader(), f)
		if err != nil {
			return err
		}
		for _, a := range rows {
			out.Write([]string{a.At.In(kernel.Shanghai).Format(time.RFC3339Nano), string(a.Actor.Kind), a.Actor.ID, plainCell(a.Actor.Name), a.Actor.For,
				a.Actor.Addr, a.Action, plainCell(a.Subject), plainCell(a.Before), plainCell(a.After), strconv.FormatInt(a.Seq, 10), a.Hash, a.ID})
		}
		if n += len(rows); len(rows) < f.Limit {
			break
		}
		f.Before = rows[len(rows)-1].ID
	}
	out.Flush()
	return out.Error()
}

// plainCell keeps a spreadsheet from calculating with what somebody typed.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
