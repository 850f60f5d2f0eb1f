package registry

import (
	"context"
	"database/sql"
	"errors"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

const areaColumns = `code, name_zh, name_en, full_name, COALESCE(parent, ''), kind, lat, lon, population, ord, note`

func scanArea(s db.Scanner) (Area, error) {
	var a Area
	err := s.Scan(&a.Code, &a.Name.ZH, &a.Name.EN, &a.Full, &a.Parent, &a.Kind, &a.Pos.Lat, &a.Pos.Lon, &a.Population, &a.Order, &a.Note)
	return a, err
}

// GetArea returns the area with a code.
func GetArea(ctx context.Context, q db.Q, code string) (Area, error) {
	a, err := db.One(ctx, q, scanArea, `SELECT `+areaColumns+` FROM registry_areas WHERE code = $1`, code)
	return a, db.Found(err, "area", code)
}

// Areas lists the areas of the given kinds in their usual order; without
// kinds, the city, its districts and zones.
func Areas(ctx context.Context, q db.Q, kinds ...AreaKind) ([]Area, error) {
	if len(kinds) == 0 {
		kinds = []AreaKind{CityArea, District, Zone}
	}
	var w db.Where
	w.In("kind", asStrings(kinds))
	return db.All(ctx, q, scanArea, `SELECT `+areaColumns+` FROM registry_areas `+w.SQL()+` ORDER BY ord, code`, w.Args...)
}

// Streets lists the streets of a district or zone.
func Streets(ctx context.Context, q db.Q, area string) ([]Area, error) {
	return db.All(ctx, q, scanArea, `SELECT `+areaColumns+` FROM registry_areas WHERE kind = 'street' AND parent = $1 ORDER BY ord, code`, area)
}

func asStrings[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// saveArea adds a or changes what stands under its code.
func saveArea(ctx context.Context, tx *db.Tx, a Area) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO registry_areas (code, name_zh, name_en, full_name, parent, kind, lat, lon, population, ord, note)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, $9, $10, $11)
		ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, full_name = excluded.full_name,
			parent = excluded.parent, kind = excluded.kind, lat = excluded.lat, lon = excluded.lon,
			population = excluded.population, ord = excluded.ord, note = excluded.note`,
		a.Code, a.Name.ZH, a.Name.EN, a.Full, a.Parent, string(a.Kind), a.Pos.Lat, a.Pos.Lon, a.Population, a.Order, a.Note)
	return err
}

// Tree answers what lies under an area or a unit; it is an auth.Directory.
type Tree struct{}

// AreasUnder returns an area and the districts and zones below it. Business
// rows name no street, so streets are left out.
func (Tree) AreasUnder(ctx context.Context, q db.Q, area string) ([]string, error) {
	return db.Column[string](ctx, q, `
		WITH RECURSIVE below AS (
			SELECT code FROM registry_areas WHERE code = $1
			UNION
			SELECT a.code FROM registry_areas a JOIN below b ON a.parent = b.code WHERE a.kind <> 'street')
		SELECT code FROM below ORDER BY code`, area)
}

// UnitsUnder returns a unit and every unit below it, closed ones too: their
// rows still have to be seen.
func (Tree) UnitsUnder(ctx context.Context, q db.Q, unit string) ([]string, error) {
	return db.Column[string](ctx, q, `
		WITH RECURSIVE below AS (
			SELECT id FROM registry_units WHERE id = $1
			UNION
			SELECT u.id FROM registry_units u JOIN below b ON u.parent = b.id)
		SELECT id FROM below ORDER BY id`, unit)
}

// checkPlace reports an area that carries no rows and a street that lies
// elsewhere.
func checkPlace(ctx context.Context, q db.Q, c *kernel.Check, area, street string) error {
	if area != "" {
		switch a, err := GetArea(ctx, q, area); {
		case kernel.KindOf(err) == kernel.NotFound, err == nil && !a.CarriesRows():
			c.Add("area", "choice", area)
		case err != nil:
			return err
		}
	}
	if street == "" {
		return nil
	}
	parent, err := db.Value[string](ctx, q, `SELECT COALESCE(parent, '') FROM registry_areas WHERE code = $1 AND kind = 'street'`, street)
	if errors.Is(err, sql.ErrNoRows) || err == nil && parent != area && parent != DistrictOf(area) {
		c.Add("street", "choice", street)
		return nil
	}
	return err
}
