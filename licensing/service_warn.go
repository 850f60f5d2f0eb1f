package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
)

const (
	todoLimit = "licensing.limit" // the head's: a limit ends soon, or has ended

	// warnWithin is how many working days before its end a limit is warned
	// about: by silence a case is accepted, by lateness the authority is liable.
	warnWithin = 2
)

// WarnOfLimits puts every case whose limit ends within two working days, or
// has ended, on the list of the head of the department. A daily job calls it;
// whoever acts on the case takes it off.
func (s *Service) WarnOfLimits(ctx context.Context) error {
	var after Cursor
	for {
		soon, err := s.endingSoon(ctx, after)
		if err != nil || len(soon) == 0 {
			return err
		}
		for _, row := range soon {
			if err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.warn(ctx, tx, row.ID) }); err != nil {
				return err
			}
		}
		after = soon[len(soon)-1].Next()
	}
}

// endingSoon is a slice of the cases whose limit ends soon or has ended.
func (s *Service) endingSoon(ctx context.Context, after Cursor) ([]CaseRow, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]CaseRow, error) {
		cal, err := deadline.Load(ctx, q)
		if err != nil {
			return nil, err
		}
		until := cal.AddWorking(kernel.DateOf(s.Clock.Now()), warnWithin).AddDays(1)
		return listCases(ctx, q, auth.CityScope(), CaseFilter{Open: true, Undecided: true, DueBefore: until, After: after, Limit: 500})
	})
}

// warn opens the head's to-do, unless somebody has acted meanwhile.
func (s *Service) warn(ctx context.Context, tx *db.Tx, caseID string) error {
	c, err := getCase(ctx, tx, auth.CityScope(), caseID)
	if err != nil || c.Due.IsZero() || !c.DecidedOn.IsZero() || c.Paused {
		return err
	}
	title := kernel.Text{ZH: "法定时限将到：" + c.Applicant + " " + c.Number, EN: "Statutory limit ends: " + c.Applicant + " " + c.Number}
	if c.State == Submitted {
		title = kernel.Text{ZH: "将视为受理：" + c.Applicant + " " + c.Number, EN: "Will be deemed accepted: " + c.Applicant + " " + c.Number}
	}
	return worklist.Open(ctx, tx, s.Clock.Now(), worklist.Item{Kind: todoLimit, Subject: c.Subject(), Role: auth.DepartmentHead, Area: c.Area, Enterprise: c.EnterpriseID,
		Room: "licensing", Title: title, Link: "/licensing/cases/" + c.ID, Due: c.Due.End()})
}

// unwarn takes the warning off the list when its ground is gone: the case was
// decided, paused, or given another day.
func unwarn(ctx context.Context, sc *scene, before Case) error {
	c := sc.c
	if before.State == Draft || before.State == c.State && before.Due == c.Due && before.Paused == c.Paused {
		return nil
	}
	return worklist.Close(ctx, sc.tx, sc.now, todoLimit, c.Subject())
}
