package sample

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/registry"
)

// registration records an enterprise and its place.
func (c *City) registration(f firm) step {
	return step{f.Since, "enterprise " + f.USCC, func(ctx context.Context) error {
		e, found, err := c.enterprise(ctx, f)
		if err != nil {
			return err
		}
		if !found {
			if e, err = c.Registry.SaveEnterprise(ctx, c.builder, f.Enterprise); err != nil {
				return err
			}
		}
		if err := c.site(ctx, f, e); err != nil {
			return err
		}
		return c.staff(ctx, f, e)
	}}
}

// enterprise looks a planned enterprise up.
func (c *City) enterprise(ctx context.Context, f firm) (e registry.Enterprise, found bool, err error) {
	err = c.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		e, err = registry.FindEnterprise(ctx, q, auth.CityScope(), f.USCC)
		return err
	})
	if kernel.KindOf(err) == kernel.NotFound {
		return e, false, nil
	}
	return e, err == nil, err
}

var siteNames = map[registry.SiteKind]string{
	registry.Station: "站区", registry.TankFarm: "罐区", registry.Store: "仓库", registry.Plant: "厂区",
}

// site records the place of an enterprise that has one.
func (c *City) site(ctx context.Context, f firm, e registry.Enterprise) error {
	if f.Site == "" {
		return nil
	}
	var have int
	err := c.DB.View(ctx, func(ctx context.Context, q db.Q) error {
		page, err := registry.Sites(ctx, q, auth.CityScope(), registry.SiteFilter{Enterprise: e.ID, Limit: 1})
		have = page.Total
		return err
	})
	if err != nil || have > 0 {
		return err
	}
	_, err = c.Registry.SaveSite(ctx, c.builder, registry.Site{Enterprise: e.ID, Name: e.Name + siteNames[f.Site], Kind: f.Site,
		Area: e.Area, Address: e.Address, Pos: e.Pos, Sample: true})
	return err
}

// enrolment records a person.
func (c *City) enrolment(h holder) step {
	at := newDice(c.Seed, "enrolment "+h.IDNumber).morning(h.Since)
	return step{at, "person " + h.IDNumber[14:], func(ctx context.Context) error {
		p := h.Person
		if h.Employer > 0 {
			e, found, err := c.enterprise(ctx, c.plan.firms[h.Employer-1])
			if err != nil {
				return err
			}
			if found {
				p.Enterprise = e.ID
			}
		}
		return c.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := c.Registry.EnsurePerson(ctx, tx, c.builder.Actor, p)
			return err
		})
	}}
}
