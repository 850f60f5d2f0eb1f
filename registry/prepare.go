package registry

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed data/*.csv
var data embed.FS

// Prepare adds the areas and units that the platform ships and the database
// lacks. It changes nothing that is there, and costs one read when nothing is
// missing.
func Prepare(ctx context.Context, d *db.DB) error {
	areas, err := shippedAreas()
	if err != nil {
		return err
	}
	units, err := shippedUnits()
	if err != nil {
		return err
	}
	var have map[string]bool
	err = d.View(ctx, func(ctx context.Context, q db.Q) error {
		have, err = present(ctx, q)
		return err
	})
	if err != nil || hasAll(have, areas, units) {
		return err
	}
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := present(ctx, tx)
		if err != nil {
			return err
		}
		return addMissing(ctx, tx, have, areas, units)
	})
}

func present(ctx context.Context, q db.Q) (map[string]bool, error) {
	ids, err := db.Column[string](ctx, q, `SELECT code FROM registry_areas WHERE kind <> 'street' UNION ALL SELECT id FROM registry_units`)
	have := make(map[string]bool, len(ids))
	for _, id := range ids {
		have[id] = true
	}
	return have, err
}

func hasAll(have map[string]bool, areas []Area, units []Unit) bool {
	for _, a := range areas {
		if !have[a.Code] {
			return false
		}
	}
	for _, u := range units {
		if !have[u.ID] {
			return false
		}
	}
	return true
}

func addMissing(ctx context.Context, tx *db.Tx, have map[string]bool, areas []Area, units []Unit) error {
	for _, a := range areas {
		if have[a.Code] {
			continue
		}
		if err := saveArea(ctx, tx, a); err != nil {
			return fmt.Errorf("area %s: %w", a.Code, err)
		}
	}
	for _, u := range units {
		if have[u.ID] {
			continue
		}
		if err := insertUnit(ctx, tx, u); err != nil {
			return fmt.Errorf("unit %s: %w", u.ID, err)
		}
	}
	return nil
}

func shippedAreas() ([]Area, error) {
	rows, err := shipped("data/areas.csv", 10)
	if err != nil {
		return nil, err
	}
	out := make([]Area, len(rows))
	for i, r := range rows {
		lat, e1 := strconv.ParseFloat(r[6], 64)
		lon, e2 := strconv.ParseFloat(r[7], 64)
		people, e3 := strconv.ParseInt(r[8], 10, 64)
		if e1 != nil || e2 != nil || e3 != nil {
			return nil, fmt.Errorf("data/areas.csv: %s: not a number", r[0])
		}
		out[i] = Area{Code: r[0], Name: kernel.Text{ZH: r[1], EN: r[2]}, Full: r[3], Parent: r[4], Kind: AreaKind(r[5]),
			Pos: kernel.LatLon{Lat: lat, Lon: lon}, Population: people, Order: int64(i), Note: r[9]}
	}
	return out, nil
}

func shippedUnits() ([]Unit, error) {
	rows, err := shipped("data/units.csv", 8)
	if err != nil {
		return nil, err
	}
	out := make([]Unit, len(rows))
	for i, r := range rows {
		out[i] = Unit{ID: r[0], Name: kernel.Text{ZH: r[1], EN: r[2]}, Short: r[3], Parent: r[4], Area: r[5],
			Kind: UnitKind(r[6]), Order: int64(i), Note: r[7], Version: 1}
	}
	return out, nil
}

// shipped reads an embedded table without its header.
func shipped(name string, columns int) ([][]string, error) {
	text, err := data.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = columns
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows[1:], nil
}

// maxStreets is several times what a city has.
const maxStreets = 5000

// ParseStreets reads streets from CSV with the columns code, name, parent.
// Every bad row is reported at once, as "rows.N.field"; N counts lines from 1,
// the header included.
func ParseStreets(r io.Reader) ([]Area, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil || strings.TrimPrefix(strings.Join(header, ","), "\ufeff") != "code,name,parent" {
		return nil, kernel.Bad("file", "format", "code,name,parent")
	}
	var out []Area
	var c kernel.Check
	for line := 2; ; line++ {
		row, err := in.Read()
		if err == io.EOF {
			return out, c.Err()
		}
		var parse *csv.ParseError
		if err != nil && !errors.As(err, &parse) {
			return nil, err
		}
		at := "rows." + strconv.Itoa(line) + "."
		switch {
		case err != nil || len(row) != 3:
			c.Add(at+"row", "format", strings.Join(row, ","))
			continue
		case len(out) == maxStreets:
			c.Add(at+"row", "too_many", strconv.Itoa(line), "max", maxStreets)
			return nil, c.Err()
		}
		a := Area{Code: row[0], Name: kernel.Text{ZH: row[1]}, Full: row[1], Parent: row[2], Kind: Street, Order: int64(line)}
		c.Merge(at, a.Check())
		out = append(out, a)
	}
}
