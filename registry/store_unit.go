package registry

import (
	"context"
	"database/sql"
	"errors"

	"anlan/internal/db"
)

const unitColumns = `id, name_zh, name_en, short, COALESCE(parent, ''), area, kind, phone, address, ord, closed, note, version`

func scanUnit(s db.Scanner) (Unit, error) {
	var u Unit
	err := s.Scan(&u.ID, &u.Name.ZH, &u.Name.EN, &u.Short, &u.Parent, &u.Area, &u.Kind, &u.Phone, &u.Address, &u.Order, &u.Closed, &u.Note, &u.Version)
	return u, err
}

// GetUnit returns the unit with an id, closed or not.
func GetUnit(ctx context.Context, q db.Q, id string) (Unit, error) {
	u, err := db.One(ctx, q, scanUnit, `SELECT `+unitColumns+` FROM registry_units WHERE id = $1`, id)
	return u, db.Found(err, "unit", id)
}

// Unit is GetUnit, for rooms that hold the service.
func (Tree) Unit(ctx context.Context, q db.Q, id string) (Unit, error) { return GetUnit(ctx, q, id) }

// UnitFilter chooses units; empty fields do not filter.
type UnitFilter struct {
	Area   string // exactly
	Parent string
	Kind   UnitKind
	Closed bool // closed ones too
}

// Units lists units in their usual order.
func Units(ctx context.Context, q db.Q, f UnitFilter) ([]Unit, error) {
	var w db.Where
	if f.Area != "" {
		w.And("area = ?", f.Area)
	}
	if f.Parent != "" {
		w.And("parent = ?", f.Parent)
	}
	if f.Kind != "" {
		w.And("kind = ?", string(f.Kind))
	}
	if !f.Closed {
		w.And("closed = ?", false)
	}
	return db.All(ctx, q, scanUnit, `SELECT `+unitColumns+` FROM registry_units `+w.SQL()+` ORDER BY ord, id`, w.Args...)
}

// UnitOf returns the open unit of a kind that answers for an area: its own, or
// that of the nearest area above. A functional zone without an approval
// bureau is answered for by its district's.
func UnitOf(ctx context.Context, q db.Q, area string, kind UnitKind) (Unit, error) {
	for at := area; at != ""; {
		u, err := db.One(ctx, q, scanUnit, `SELECT `+unitColumns+` FROM registry_units
			WHERE area = $1 AND kind = $2 AND closed = FALSE ORDER BY ord, id LIMIT 1`, at, string(kind))
		if !errors.Is(err, sql.ErrNoRows) {
			return u, err
		}
		a, err := GetArea(ctx, q, at)
		if err != nil {
			return Unit{}, err
		}
		at = a.Parent
	}
	return Unit{}, db.Found(sql.ErrNoRows, "unit", area)
}

func insertUnit(ctx context.Context, tx *db.Tx, u Unit) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO registry_units (id, name_zh, name_en, short, parent, area, kind, phone, address, ord, closed, note, version)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, $9, $10, $11, $12, $13)`,
		u.ID, u.Name.ZH, u.Name.EN, u.Short, u.Parent, u.Area, string(u.Kind), u.Phone, u.Address, u.Order, u.Closed, u.Note, u.Version)
	return err
}

// updateUnit writes u over the version before it.
func updateUnit(ctx context.Context, tx *db.Tx, u Unit) error {
	return db.Changed(tx.ExecContext(ctx, `
		UPDATE registry_units SET name_zh = $1, name_en = $2, short = $3, parent = NULLIF($4, ''), area = $5, kind = $6,
			phone = $7, address = $8, ord = $9, closed = $10, note = $11, version = $12
		WHERE id = $13 AND version = $14`,
		u.Name.ZH, u.Name.EN, u.Short, u.Parent, u.Area, string(u.Kind), u.Phone, u.Address, u.Order, u.Closed, u.Note, u.Version,
		u.ID, u.Version-1))
}
