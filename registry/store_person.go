package registry

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

var personScope = auth.Columns{Area: "area", Enterprise: "enterprise_id", Facts: true}

// sealedPerson is a person as stored; audit rows keep it with the masks blank.
type sealedPerson struct {
	Person
	IDNumber personal.Sealed `json:"id_number"`
	Phone    personal.Sealed `json:"phone"`
	Address  personal.Sealed `json:"address"`
	idHash   string
}

const personColumns = `id, name, id_kind, id_sealed, id_masked, id_hash, phone_sealed, phone_masked, address_sealed, address_masked,
	area, COALESCE(enterprise_id, ''), state, sample, version, created_at, updated_at`

func scanPerson(s db.Scanner) (sealedPerson, error) {
	var p sealedPerson
	var created, updated int64
	m := &p.Person
	err := s.Scan(&m.ID, &m.Name, &m.IDKind, &p.IDNumber, &m.IDNumber, &p.idHash, &p.Phone, &m.Phone, &p.Address, &m.Address,
		&m.Area, &m.Enterprise, &m.State, &m.Sample, &m.Version, &created, &updated)
	m.CreatedAt, m.UpdatedAt = kernel.FromMicros(created), kernel.FromMicros(updated)
	return p, err
}

func scanMasked(s db.Scanner) (Person, error) {
	p, err := scanPerson(s)
	return p.Person, err
}

// GetPerson returns a person in scope, masked.
func GetPerson(ctx context.Context, q db.Q, scope auth.Scope, id string) (Person, error) {
	p, err := sealedByID(ctx, q, scope, id)
	return p.Person, err
}

func sealedByID(ctx context.Context, q db.Q, scope auth.Scope, id string) (sealedPerson, error) {
	var w db.Where
	w.And("id = ?", id)
	scope.Where(&w, personScope)
	p, err := db.One(ctx, q, scanPerson, `SELECT `+personColumns+` FROM registry_people `+w.SQL(), w.Args...)
	return p, db.Found(err, "person", id)
}

// PersonFilter chooses people; empty fields do not filter.
type PersonFilter struct {
	Enterprise string
	Area       string // with what lies under it
	Name       string // exactly
	State      State
	After      string // Page.Next of the page before
	Limit      int
}

// People returns a page of people in scope, masked, by name.
func People(ctx context.Context, q db.Q, scope auth.Scope, f PersonFilter) (Page[Person], error) {
	var w db.Where
	scope.Where(&w, personScope)
	if f.Enterprise != "" {
		w.And("enterprise_id = ?", f.Enterprise)
	}
	if f.Area != "" {
		areas, err := Tree{}.AreasUnder(ctx, q, f.Area)
		if err != nil {
			return Page[Person]{}, err
		}
		w.In("area", areas)
	}
	if f.Name != "" {
		w.And("name = ?", f.Name)
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	return pageByName(ctx, q, w, pageQuery[Person]{"registry_people", personColumns, f.After, f.Limit, scanMasked,
		func(p Person) cursor { return cursor{p.Name, p.ID} }})
}

func insertPerson(ctx context.Context, tx *db.Tx, p sealedPerson) error {
	m := p.Person
	_, err := tx.ExecContext(ctx, `
		INSERT INTO registry_people (id, name, id_kind, id_sealed, id_masked, id_hash, phone_sealed, phone_masked, address_sealed, address_masked,
			area, enterprise_id, state, sample, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULLIF($12, ''), $13, $14, $15, $16, $17)`,
		m.ID, m.Name, string(m.IDKind), string(p.IDNumber), m.IDNumber, p.idHash, string(p.Phone), m.Phone, string(p.Address), m.Address,
		m.Area, m.Enterprise, string(m.State), m.Sample, m.Version, kernel.Micros(m.CreatedAt), kernel.Micros(m.UpdatedAt))
	return err
}

// updatePerson writes p over the version before it.
func updatePerson(ctx context.Context, tx *db.Tx, p sealedPerson) error {
	m := p.Person
	return db.Changed(tx.ExecContext(ctx, `
		UPDATE registry_people SET name = $1, id_kind = $2, id_sealed = $3, id_masked = $4, id_hash = $5,
			phone_sealed = $6, phone_masked = $7, address_sealed = $8, address_masked = $9,
			area = $10, enterprise_id = NULLIF($11, ''), state = $12, version = $13, updated_at = $14
		WHERE id = $15 AND version = $16`,
		m.Name, string(m.IDKind), string(p.IDNumber), m.IDNumber, p.idHash, string(p.Phone), m.Phone, string(p.Address), m.Address,
		m.Area, m.Enterprise, string(m.State), m.Version, kernel.Micros(m.UpdatedAt), m.ID, m.Version-1))
}
