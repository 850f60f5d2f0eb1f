package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Officers knows who works in the bureau; app passes the identity service in.
type Officers interface {
	Holders(ctx context.Context, q db.Q, role string) ([]*auth.Account, error)
	As(ctx context.Context, q db.Q, account string) (*auth.Principal, error)
}

// Colleagues lists the officers who may work on a case at a desk: they hold
// the desk's role and see the case.
func (s *Service) Colleagues(ctx context.Context, p *auth.Principal, caseID string, desk Step) ([]kernel.Actor, error) {
	if err := allow(p, PermRead); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]kernel.Actor, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err != nil {
			return nil, err
		}
		return s.colleagues(ctx, q, c, desk)
	})
}

func (s *Service) colleagues(ctx context.Context, q db.Q, c *Case, desk Step) ([]kernel.Actor, error) {
	holders, err := s.Officers.Holders(ctx, q, stepRole[desk])
	if err != nil {
		return nil, err
	}
	var out []kernel.Actor
	for _, a := range holders {
		p, err := s.Officers.As(ctx, q, a.ID)
		if kernel.KindOf(err) == kernel.Denied { // may not sign in just now
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.Can(stepPermission[desk]) && (p.Scope.Sees(c.Area, c.EnterpriseID, "") || p.Scope.SeesUnit(c.Authority)) {
			out = append(out, p.Actor)
		}
	}
	return out, nil
}

// Colleague is the officer with an id among those who may work on the case at
// a desk; anybody else is a fault of the field.
func (s *Service) Colleague(ctx context.Context, p *auth.Principal, caseID string, desk Step, field, id string) (kernel.Actor, error) {
	all, err := s.Colleagues(ctx, p, caseID, desk)
	if err != nil {
		return kernel.Actor{}, err
	}
	for _, a := range all {
		if a.ID == id {
			return a, nil
		}
	}
	if id == "" {
		return kernel.Actor{}, kernel.Bad(field, "required", "")
	}
	return kernel.Actor{}, kernel.Bad(field, "choice", id)
}
