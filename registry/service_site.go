package registry

import (
	"context"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// SaveSite records v when it has no id, else changes it from the version that
// v carries. State Closed closes it; "" keeps or opens it.
func (s *Service) SaveSite(ctx context.Context, p *auth.Principal, v Site) (Site, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err := s.putSite(ctx, tx, p, v)
		if err == nil {
			v = out
		}
		return err
	})
	return v, err
}

func (s *Service) putSite(ctx context.Context, tx *db.Tx, p *auth.Principal, v Site) (Site, error) {
	if err := need(p, PermWrite); err != nil {
		return v, err
	}
	trim(&v.Name, &v.Address, &v.Street)
	var was Site
	if v.ID != "" {
		var err error
		if was, err = GetSite(ctx, tx, p.Scope, v.ID); err != nil {
			return v, err
		}
	}
	if err := checkSite(ctx, tx, p.Scope, v); err != nil {
		return v, err
	}
	now := s.Clock.Now()
	entry := audit.Entry{At: now, Actor: p.Actor, Action: "registry.site.record"}
	save := insertSite
	if v.ID == "" {
		v.ID, v.CreatedAt = kernel.NewID(now), now
	} else {
		if v.Version != was.Version {
			return v, siteClash(was, v)
		}
		v.Sample, v.CreatedAt, save = was.Sample, was.CreatedAt, updateSite
		entry.Action, entry.Before = "registry.site.change", was
	}
	if v.State == "" {
		v.State = Active
	}
	v.Version, v.UpdatedAt = was.Version+1, now
	if err := save(ctx, tx, v); err != nil {
		return v, err
	}
	if err := indexSite(ctx, tx, v); err != nil {
		return v, err
	}
	entry.Subject, entry.After = "site:"+v.ID, v
	return v, audit.Write(ctx, tx, entry)
}

func checkSite(ctx context.Context, q db.Q, scope auth.Scope, v Site) error {
	var c kernel.Check
	if err := v.Check(); err != nil && !c.Merge("", err) {
		return err
	}
	if v.State != "" && v.State != Active && v.State != Closed {
		c.Add("state", "choice", string(v.State))
	}
	if err := checkPlace(ctx, q, &c, v.Area, v.Street); err != nil {
		return err
	}
	if err := checkOwner(ctx, q, &c, scope, v.Enterprise); err != nil {
		return err
	}
	if v.Enterprise == "" && v.Area != "" && !scope.Sees(v.Area, "", "") {
		c.Add("area", "choice", v.Area)
	}
	return c.Err()
}

// checkOwner reports an enterprise that does not exist for the caller.
func checkOwner(ctx context.Context, q db.Q, c *kernel.Check, scope auth.Scope, enterprise string) error {
	if enterprise == "" {
		return nil
	}
	_, err := GetEnterprise(ctx, q, scope, enterprise)
	if kernel.KindOf(err) == kernel.NotFound {
		c.Add("enterprise", "not_found", enterprise)
		return nil
	}
	return err
}

// siteClash shows what differs between the stored site and the one sent.
func siteClash(was, v Site) error {
	var d differences
	d.add("name", was.Name, v.Name)
	d.add("kind", string(was.Kind), string(v.Kind))
	d.add("enterprise", was.Enterprise, v.Enterprise)
	d.add("area", was.Area, v.Area)
	d.add("street", was.Street, v.Street)
	d.add("address", was.Address, v.Address)
	d.add("pos", position(was.Pos), position(v.Pos))
	d.add("state", string(was.State), string(v.State))
	return d.clash()
}
