package registry

import (
	"context"
	"slices"
	"strconv"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// SaveArea adds an area or changes what stands under its code.
func (s *Service) SaveArea(ctx context.Context, p *auth.Principal, a Area) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermOrganisation); err != nil {
			return err
		}
		trim(&a.Name.ZH, &a.Name.EN, &a.Full)
		var c kernel.Check
		if err := a.Check(); err != nil && !c.Merge("", err) {
			return err
		}
		if err := checkParent(ctx, tx, &c, "", a); err != nil {
			return err
		}
		if err := c.Err(); err != nil {
			return err
		}
		entry := audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "registry.area.save", Subject: "area:" + a.Code, After: a}
		was, err := GetArea(ctx, tx, a.Code)
		switch {
		case err == nil && was.Kind != a.Kind:
			return kernel.Bad("kind", "choice", string(a.Kind)) // rows already rely on it
		case err == nil:
			entry.Before = was
		case kernel.KindOf(err) != kernel.NotFound:
			return err
		}
		if err := saveArea(ctx, tx, a); err != nil {
			return err
		}
		return audit.Write(ctx, tx, entry)
	})
}

// LoadStreets adds or renames streets, as ParseStreets read them, all or none.
func (s *Service) LoadStreets(ctx context.Context, p *auth.Principal, streets []Area) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermOrganisation); err != nil {
			return err
		}
		var c kernel.Check
		for i, a := range streets {
			if a.Kind != Street {
				c.Add("rows."+strconv.Itoa(i+2)+".kind", "choice", string(a.Kind))
				continue
			}
			if err := checkParent(ctx, tx, &c, "rows."+strconv.Itoa(i+2)+".", a); err != nil {
				return err
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
		for _, a := range streets {
			if err := saveArea(ctx, tx, a); err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "registry.area.streets",
			Subject: "area:" + CityCode, After: map[string]int{"streets": len(streets)}})
	})
}

// checkParent reports a parent that is not there or of the wrong kind.
func checkParent(ctx context.Context, q db.Q, c *kernel.Check, prefix string, a Area) error {
	if a.Kind == CityArea {
		if a.Parent != "" {
			c.Add(prefix+"parent", "choice", a.Parent)
		}
		return nil
	}
	parent, err := GetArea(ctx, q, a.Parent)
	if err != nil && kernel.KindOf(err) != kernel.NotFound {
		return err
	}
	allowed := map[AreaKind][]AreaKind{District: {CityArea}, Zone: {District}, Street: {District, Zone}}
	if err != nil || !slices.Contains(allowed[a.Kind], parent.Kind) {
		c.Add(prefix+"parent", "choice", a.Parent)
	}
	return nil
}

// SaveUnit adds a unit when it has no id, else changes it from the version
// that u carries. A closed unit keeps its rows and takes no new ones.
func (s *Service) SaveUnit(ctx context.Context, p *auth.Principal, u Unit) (Unit, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err := s.putUnit(ctx, tx, p, u)
		if err == nil {
			u = out
		}
		return err
	})
	return u, err
}

func (s *Service) putUnit(ctx context.Context, tx *db.Tx, p *auth.Principal, u Unit) (Unit, error) {
	if err := need(p, PermOrganisation); err != nil {
		return u, err
	}
	trim(&u.Name.ZH, &u.Name.EN, &u.Short, &u.Phone, &u.Address)
	if err := checkUnit(ctx, tx, u); err != nil {
		return u, err
	}
	now := s.Clock.Now()
	entry := audit.Entry{At: now, Actor: p.Actor, Action: "registry.unit.add"}
	save := insertUnit
	if u.ID == "" {
		u.ID, u.Version = kernel.NewID(now), 0
	} else {
		was, err := GetUnit(ctx, tx, u.ID)
		if err != nil {
			return u, err
		}
		if was.Version != u.Version {
			return u, unitClash(was, u)
		}
		entry.Action, entry.Before, save = "registry.unit.change", was, updateUnit
	}
	u.Version++
	if err := save(ctx, tx, u); err != nil {
		return u, err
	}
	entry.Subject, entry.After = "unit:"+u.ID, u
	if err := audit.Write(ctx, tx, entry); err != nil {
		return u, err
	}
	return u, UnitChanged.Emit(ctx, tx, s.Bus, now, p.Actor, entry.Subject, UnitChange{u.ID})
}

func checkUnit(ctx context.Context, q db.Q, u Unit) error {
	var c kernel.Check
	if err := u.Check(); err != nil && !c.Merge("", err) {
		return err
	}
	if u.Area != "" {
		a, err := GetArea(ctx, q, u.Area)
		if err != nil && kernel.KindOf(err) != kernel.NotFound {
			return err
		}
		if err != nil || a.Kind == Street {
			c.Add("area", "choice", u.Area)
		}
	}
	if u.Parent != "" && u.Parent != u.ID {
		if err := checkAbove(ctx, q, &c, u); err != nil {
			return err
		}
	}
	return c.Err()
}

// checkAbove reports a parent that is missing, closed, or lies under u.
func checkAbove(ctx context.Context, q db.Q, c *kernel.Check, u Unit) error {
	parent, err := GetUnit(ctx, q, u.Parent)
	if kernel.KindOf(err) == kernel.NotFound || err == nil && parent.Closed && !u.Closed {
		c.Add("parent", "choice", u.Parent)
		return nil
	}
	if err != nil || u.ID == "" {
		return err
	}
	below, err := Tree{}.UnitsUnder(ctx, q, u.ID)
	if slices.Contains(below, u.Parent) {
		c.Add("parent", "choice", u.Parent)
	}
	return err
}

// unitClash shows what differs between the stored unit and the one sent.
func unitClash(was, u Unit) error {
	var d differences
	d.add("name", was.Name.ZH, u.Name.ZH)
	d.add("name_en", was.Name.EN, u.Name.EN)
	d.add("short", was.Short, u.Short)
	d.add("parent", was.Parent, u.Parent)
	d.add("area", was.Area, u.Area)
	d.add("kind", string(was.Kind), string(u.Kind))
	d.add("phone", was.Phone, u.Phone)
	d.add("address", was.Address, u.Address)
	d.add("closed", strconv.FormatBool(was.Closed), strconv.FormatBool(u.Closed))
	return d.clash()
}
