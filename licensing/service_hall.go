package licensing

import (
	"context"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
	"anlan/registry"
)

// HallTask is something that only the applicant can do.
type HallTask struct {
	Kind      string // "draft", "correct", "deficit", "check", "returned", "receive", "rate"
	CaseID    string
	Number    string
	Item      string
	Applicant string
	Due       kernel.Date // zero: no day
}

// Holding is a licence with how long it runs and how it is renewed.
type Holding struct {
	LicenceRow
	Renewal string      // item that renews it now, "" none
	OpensOn kernel.Date // first day of a renewal; zero: nobody says
	FileBy  kernel.Date // last working day of a timely one
}

// Home is the applicant's first page.
type Home struct {
	Tasks    []HallTask
	Cases    []CaseRow
	Licences []Holding
	Acting   []Filer // enterprises that the account files for
	Today    kernel.Date
}

const (
	homeTasks    = 20
	homeCases    = 5
	homeLicences = 6
)

// HallHome gathers what waits for the applicant, their latest cases, and the
// licences that end first.
func (s *Service) HallHome(ctx context.Context, p *auth.Principal) (*Home, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	today := kernel.DateOf(s.Clock.Now())
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Home, error) {
		h := &Home{Today: today}
		var err error
		if h.Tasks, err = hallTasks(ctx, q, p.Scope, homeTasks); err != nil {
			return nil, err
		}
		if h.Cases, err = listMine(ctx, q, p.Scope, MineFilter{Show: "open", Limit: homeCases}); err != nil {
			return nil, err
		}
		rows, err := listLicences(ctx, q, p.Scope, LicenceFilter{Current: true, EndsFrom: today.AddDays(-365), Limit: homeLicences}, nil, today)
		if err != nil {
			return nil, err
		}
		if h.Licences, err = s.holdings(ctx, q, rows, today); err != nil {
			return nil, err
		}
		h.Acting, err = acting(ctx, q, p)
		return h, err
	})
}

// Holdings says of licences that the caller was shown when they are renewed.
func (s *Service) Holdings(ctx context.Context, rows []LicenceRow) ([]Holding, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Holding, error) {
		return s.holdings(ctx, q, rows, kernel.DateOf(s.Clock.Now()))
	})
}

// holdings says of each licence whether it can be renewed now.
func (s *Service) holdings(ctx context.Context, q db.Q, rows []LicenceRow, today kernel.Date) ([]Holding, error) {
	rules, err := s.catalogue(ctx, q)
	if err != nil {
		return nil, err
	}
	cal, err := deadline.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Holding, len(rows))
	for i, row := range rows {
		out[i] = Holding{LicenceRow: row}
		renewal, ok := rules.Sibling(row.Item, rule.Renew)
		if !ok || !row.State.Admits(rule.Renew) || row.EndsOn.IsZero() {
			continue
		}
		out[i].Renewal = renewal.ID
		if v, ok := rules.VersionAt(row.Item, today); ok && v.Renewal != nil {
			if w, ok := v.RenewalWindow(row.EndsOn, cal); ok {
				out[i].OpensOn, out[i].FileBy = w.Opens, w.FileBy
			}
		}
	}
	return out, nil
}

func acting(ctx context.Context, q db.Q, p *auth.Principal) ([]Filer, error) {
	ids := p.Scope.Represents()
	names, err := registry.EnterpriseNames(ctx, q, ids)
	out := make([]Filer, len(ids))
	for i, id := range ids {
		out[i] = Filer{Enterprise: id, Name: names[id], Agent: id != p.Scope.Own}
	}
	return out, err
}

// hallWaits says where the tasks of each kind are found.
var hallWaits = [...]struct{ kind, due, join, is string }{
	{"correct", "''", "", "c.state = 'correcting'"},
	{"deficit", "m.due", "JOIN licensing_promises m ON m.case_id = c.id ", "c.state = 'accepted' AND m.kind = 'deficit' AND m.state = 'open'"},
	{"check", "''", "JOIN licensing_checks k ON k.case_id = c.id ", "c.state = 'accepted' AND k.state = 'recorded' AND k.confirmed_applicant = 0"},
	{"returned", "d.due", "JOIN licensing_deliveries d ON d.case_id = c.id ", "c.closed_at = 0 AND d.state = 'returned'"},
	{"receive", "''", "JOIN licensing_deliveries d ON d.case_id = c.id ", "c.closed_at = 0 AND d.state = 'posted'"},
	{"draft", "''", "", "c.state = 'draft'"},
}

// hallTasks lists what waits for the applicants of a scope, the nearest day
// first, tasks without a day last.
func hallTasks(ctx context.Context, q db.Q, scope auth.Scope, limit int) ([]HallTask, error) {
	var out []HallTask
	for _, part := range hallWaits {
		var w db.Where
		w.And(part.is)
		scope.Where(&w, caseColumns)
		mine, err := db.All(ctx, q, func(s db.Scanner) (t HallTask, err error) {
			t.Kind = part.kind
			return t, s.Scan(&t.CaseID, &t.Number, &t.Item, &t.Applicant, &t.Due)
		}, `SELECT c.id, c.number, c.item, c.applicant, `+part.due+` FROM licensing_cases c `+part.join+w.SQL()+w.Bind(` ORDER BY c.id DESC LIMIT ?`, limit), w.Args...)
		if err != nil {
			return nil, err
		}
		out = append(out, mine...)
	}
	slices.SortStableFunc(out, func(a, b HallTask) int {
		switch {
		case a.Due.IsZero() != b.Due.IsZero() && a.Due.IsZero():
			return 1
		case a.Due.IsZero() != b.Due.IsZero():
			return -1
		}
		return a.Due.Sub(b.Due)
	})
	return out[:min(limit, len(out))], nil
}

// MineFilter chooses among the applicant's cases.
type MineFilter struct {
	Show   string // "": all, "open", "ended", "draft"
	Item   string
	Before string // id of the last case of the page before
	Limit  int    // 0: 20
}

// Mine lists the cases of the applicant and of whom they file for, the newest
// first.
func (s *Service) Mine(ctx context.Context, p *auth.Principal, f MineFilter) (Page, error) {
	if err := allow(p, PermApply); err != nil {
		return Page{}, err
	}
	f.Limit = orInt(f.Limit, 20)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (out Page, err error) {
		ask := f
		ask.Limit++
		if out.Rows, err = listMine(ctx, q, p.Scope, ask); err != nil {
			return out, err
		}
		if len(out.Rows) > f.Limit {
			out.Rows, out.More = out.Rows[:f.Limit], true
		}
		w := f.where(p.Scope)
		out.Total, err = db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_cases c `+w.SQL()+w.Bind(` LIMIT ?`, TotalCap+1)+`) t`, w.Args...)
		return out, err
	})
}

func (f MineFilter) where(scope auth.Scope) db.Where {
	var w db.Where
	switch f.Show {
	case "open":
		w.And("c.closed_at = 0 AND c.state <> 'draft'")
	case "ended":
		w.And("c.closed_at <> 0")
	case "draft":
		w.And("c.state = 'draft'")
	}
	if f.Item != "" {
		w.And("c.item = ?", f.Item)
	}
	scope.Where(&w, caseColumns)
	return w
}

func listMine(ctx context.Context, q db.Q, scope auth.Scope, f MineFilter) ([]CaseRow, error) {
	w := f.where(scope)
	if f.Before != "" {
		w.And("c.id < ?", f.Before)
	}
	return db.All(ctx, q, scanCaseRow, selectCaseRow+w.SQL()+w.Bind(` ORDER BY c.id DESC LIMIT ?`, f.Limit), w.Args...)
}
