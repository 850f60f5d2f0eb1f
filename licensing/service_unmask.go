package licensing

import (
	"context"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Unmask returns a case whose personal answers may be shown in clear, and
// records who looked and why.
func (s *Service) Unmask(ctx context.Context, p *auth.Principal, caseID, reason string) (*CaseView, error) {
	if err := allow(p, PermUnmask); err != nil {
		return nil, err
	}
	var c kernel.Check
	c.Text("reason", reason, 200)
	if err := c.Err(); err != nil {
		return nil, err
	}
	v, err := s.Case(ctx, p, caseID)
	if err != nil {
		return nil, err
	}
	return v, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "licensing.case.unmask", Subject: v.Subject(), After: map[string]string{"reason": reason}})
	})
}
