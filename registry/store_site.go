package registry

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

var siteScope = auth.Columns{Area: "area", Enterprise: "enterprise_id", Facts: true}

const siteColumns = `id, COALESCE(enterprise_id, ''), name, kind, area, street, address, lat, lon, protected, state, sample, version, created_at, updated_at`

func scanSite(s db.Scanner) (Site, error) {
	var v Site
	var created, updated int64
	err := s.Scan(&v.ID, &v.Enterprise, &v.Name, &v.Kind, &v.Area, &v.Street, &v.Address, &v.Pos.Lat, &v.Pos.Lon,
		&v.Protected, &v.State, &v.Sample, &v.Version, &created, &updated)
	v.CreatedAt, v.UpdatedAt = kernel.FromMicros(created), kernel.FromMicros(updated)
	return v, err
}

// GetSite returns a site in scope.
func GetSite(ctx context.Context, q db.Q, scope auth.Scope, id string) (Site, error) {
	var w db.Where
	w.And("id = ?", id)
	scope.Where(&w, siteScope)
	v, err := db.One(ctx, q, scanSite, `SELECT `+siteColumns+` FROM registry_sites `+w.SQL(), w.Args...)
	return v, db.Found(err, "site", id)
}

// SiteFilter chooses sites; empty fields do not filter.
type SiteFilter struct {
	Enterprise string
	Area       string // with what lies under it
	Kind       SiteKind
	State      State
	Protected  bool   // only protected ones
	After      string // Page.Next of the page before
	Limit      int
}

// Sites returns a page of sites in scope, by name.
func Sites(ctx context.Context, q db.Q, scope auth.Scope, f SiteFilter) (Page[Site], error) {
	var page Page[Site]
	var w db.Where
	scope.Where(&w, siteScope)
	if f.Enterprise != "" {
		w.And("enterprise_id = ?", f.Enterprise)
	}
	if f.Area != "" {
		areas, err := Tree{}.AreasUnder(ctx, q, f.Area)
		if err != nil {
			return page, err
		}
		w.In("area", areas)
	}
	if f.Kind != "" {
		w.And("kind = ?", string(f.Kind))
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Protected {
		w.And("protected = ?", true)
	}
	return pageByName(ctx, q, w, pageQuery[Site]{"registry_sites", siteColumns, f.After, f.Limit, scanSite,
		func(v Site) cursor { return cursor{v.Name, v.ID} }})
}

// pageQuery says how to read one page of a table ordered by name.
type pageQuery[T any] struct {
	table, columns string
	after          string
	limit          int
	scan           func(db.Scanner) (T, error)
	key            func(T) cursor
}

func pageByName[T any](ctx context.Context, q db.Q, w db.Where, p pageQuery[T]) (page Page[T], err error) {
	if page.Total, page.Capped, err = count(ctx, q, p.table, w); err != nil {
		return page, err
	}
	if p.after != "" {
		c, err := parseCursor(p.after)
		if err != nil {
			return page, err
		}
		w.And("(name, id) > (?, ?)", c[0], c[1])
	}
	n := limitOr(p.limit)
	rows, err := db.All(ctx, q, p.scan, `SELECT `+p.columns+` FROM `+p.table+` `+w.SQL()+w.Bind(` ORDER BY name, id LIMIT ?`, n+1), w.Args...)
	if len(rows) > n {
		rows = rows[:n]
		page.Next = p.key(rows[n-1]).String()
	}
	page.Rows = rows
	return page, err
}

func insertSite(ctx context.Context, tx *db.Tx, v Site) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO registry_sites (id, enterprise_id, name, kind, area, street, address, lat, lon, protected, state, sample, version, created_at, updated_at)
		VALUES ($1, NULLIF($2, ''), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		v.ID, v.Enterprise, v.Name, string(v.Kind), v.Area, v.Street, v.Address, v.Pos.Lat, v.Pos.Lon,
		v.Protected, string(v.State), v.Sample, v.Version, kernel.Micros(v.CreatedAt), kernel.Micros(v.UpdatedAt))
	return err
}

// updateSite writes v over the version before it.
func updateSite(ctx context.Context, tx *db.Tx, v Site) error {
	return db.Changed(tx.ExecContext(ctx, `
		UPDATE registry_sites SET enterprise_id = NULLIF($1, ''), name = $2, kind = $3, area = $4, street = $5, address = $6,
			lat = $7, lon = $8, protected = $9, state = $10, version = $11, updated_at = $12
		WHERE id = $13 AND version = $14`,
		v.Enterprise, v.Name, string(v.Kind), v.Area, v.Street, v.Address, v.Pos.Lat, v.Pos.Lon,
		v.Protected, string(v.State), v.Version, kernel.Micros(v.UpdatedAt), v.ID, v.Version-1))
}
