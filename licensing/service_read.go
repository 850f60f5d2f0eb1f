package licensing

import (
	"context"
	"slices"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// zero is the instant "not yet".
var zero = time.Time{}

// CaseView is everything a page shows of one case.
type CaseView struct {
	*Case
	Title       kernel.Text
	Rule        *rule.Version
	Chain       []Step
	Form        *form.Form
	Data        map[string]any
	Address     Address
	Files       []File
	Corrections []CorrectionItem
	Checks      []Check
	Promises    []Promise
	Opinions    []Opinion
	Requests    []Request
	Decision    *Decision
	Papers      []Paper
	Log         []LogLine
	Clocks      []rule.Clock
	Acceptance  *rule.Clock    // while acceptance is open
	Desk        *rule.Clock    // the internal limit of the desk at which the case lies
	Desks       []rule.StepDue // when each desk should be done, once the clocks run
	SilenceDue  kernel.Date    // while acceptance is open
	Today       kernel.Date
	Proposal    LicenceData // what a grant will print, for the approver; personal values in clear
}

// Case loads a case for a page. An applicant sees the open lines of its story
// only, and no officers' opinions.
func (s *Service) Case(ctx context.Context, p *auth.Principal, caseID string) (*CaseView, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*CaseView, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err != nil {
			return nil, err
		}
		if c.State == Draft && c.Account != p.Actor.ID && p.Scope.Officer {
			return nil, kernel.Missing("case", caseID) // a draft is the applicant's alone
		}
		return s.viewCase(ctx, q, c, p.Can(PermRead))
	})
}

func (s *Service) viewCase(ctx context.Context, q db.Q, c *Case, officer bool) (*CaseView, error) {
	v := &CaseView{Case: c, Title: s.itemTitle(c.Item), Today: kernel.DateOf(s.Clock.Now())}
	var err error
	load := func(step func() error) {
		if err == nil {
			err = step()
		}
	}
	load(func() error { v.Rule, err = s.version(ctx, q, c); return err })
	load(func() error { v.Form, err = s.formOf(c, v.Rule); return err })
	load(func() error { v.Data, err = s.openForm(ctx, q, c); return err })
	load(func() error { v.Address, err = s.openAddress(ctx, q, c); return err })
	load(func() error { v.Files, err = listFiles(ctx, q, c.ID); return err })
	load(func() error { v.Corrections, err = listCorrections(ctx, q, c.ID); return err })
	load(func() error { v.Checks, err = listChecks(ctx, q, c.ID); return err })
	load(func() error { v.Promises, err = listPromises(ctx, q, c.ID); return err })
	load(func() error { v.Decision, err = getDecision(ctx, q, c.ID); return err })
	load(func() error { v.Papers, err = listPapers(ctx, q, c.ID); return err })
	load(func() error { v.Log, err = listLog(ctx, q, c.ID, !officer); return err })
	if officer && c.Step == Approve {
		load(func() error { v.Proposal, err = s.proposed(ctx, q, c, v.Rule); return err })
	}
	if officer {
		load(func() error { v.Opinions, err = listOpinions(ctx, q, c.ID); return err })
		load(func() error { v.Requests, err = listRequests(ctx, q, c.ID); return err })
	}
	load(func() error { return s.viewClocks(ctx, q, v) })
	if err != nil {
		return nil, err
	}
	v.Chain = chainOf(v.Rule)
	return v, nil
}

func (s *Service) viewClocks(ctx context.Context, q db.Q, v *CaseView) error {
	cal, err := deadline.Load(ctx, q)
	if err != nil {
		return err
	}
	if v.State == Submitted {
		v.SilenceDue = silenceDay(cal, v.Case)
		open, err := v.Rule.AcceptanceClock(cal, v.ReceiptOn, kernel.Date{}, v.Today)
		if err != nil {
			return err
		}
		v.Acceptance = &open
	}
	events, err := listClock(ctx, q, v.ID)
	if err != nil {
		return err
	}
	if v.Clocks, err = clocks(cal, v.Case, v.Rule, events, v.Today); err != nil || len(v.Clocks) == 0 {
		return err
	}
	if v.State == Accepted && v.Rule.Internal == nil { // then each desk has its own
		desk, ok, err := v.Rule.DeskClock(cal, string(v.Step), events, v.Today)
		if err != nil {
			return err
		}
		if ok {
			v.Desk = &desk
		}
	}
	v.Desks, err = v.Rule.StepDues(cal, v.ReceiptOn, events)
	return err
}

// Page is a page of the queue.
type Page struct {
	Rows  []CaseRow
	Total int64 // exact up to TotalCap
	More  bool
}

// Queue lists cases in the officer's scope, nearest due day first.
func (s *Service) Queue(ctx context.Context, p *auth.Principal, f CaseFilter) (Page, error) {
	if err := allow(p, PermRead); err != nil {
		return Page{}, err
	}
	return s.page(ctx, p.Scope, f)
}

func (s *Service) page(ctx context.Context, scope auth.Scope, f CaseFilter) (Page, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (p Page, err error) {
		ask := f
		ask.Limit++
		if p.Rows, err = listCases(ctx, q, scope, ask); err != nil {
			return p, err
		}
		if len(p.Rows) > f.Limit {
			p.Rows, p.More = p.Rows[:f.Limit], true
		}
		if p.Total = int64(len(p.Rows)); p.More || f.After.ID != "" { // else this page is all there is
			if p.Total, err = countCases(ctx, q, scope, f); err != nil {
				return p, err
			}
		}
		return p, s.countLeft(ctx, q, p.Rows)
	})
}

// countLeft fills in the working days that rows have left.
func (s *Service) countLeft(ctx context.Context, q db.Q, rows []CaseRow) error {
	cal, err := deadline.Load(ctx, q)
	if err != nil {
		return err
	}
	today := kernel.DateOf(s.Clock.Now())
	for i := range rows {
		if !rows[i].Due.IsZero() {
			rows[i].Left = cal.WorkingBetween(today, rows[i].Due)
		}
	}
	return nil
}

// Attachment opens an uploaded material through the case that owns it; an
// officer's look is audited.
func (s *Service) Attachment(ctx context.Context, p *auth.Principal, caseID, fileID string) (File, error) {
	var f File
	now := s.Clock.Now()
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := getCase(ctx, tx, p.Scope, caseID); err != nil {
			return err
		}
		var err error
		if f, err = getFile(ctx, tx, caseID, fileID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.file.read", Subject: "case:" + caseID, After: map[string]string{"file": fileID, "hash": f.Hash}})
	})
	return f, err
}

// FilesOf lists the files of a material that count now.
func (v *CaseView) FilesOf(material string) []File {
	var out []File
	for _, f := range v.Files {
		if f.Material == material && f.State == "current" {
			out = append(out, f)
		}
	}
	return out
}

// PapersOf lists the papers of a kind.
func (v *CaseView) PapersOf(kind PaperKind) []Paper {
	return slices.DeleteFunc(slices.Clone(v.Papers), func(p Paper) bool { return p.Kind != kind })
}
