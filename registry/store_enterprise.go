package registry

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// inScope is how a scope reads registry_enterprises: an enterprise is a fact
// about itself.
var inScope = auth.Columns{Area: "area", Enterprise: "id", Facts: true}

const enterpriseColumns = `id, uscc, name, former_names, area, street, address, lat, lon, trade, legal_person,
	standardisation, standardisation_until, major_hazard, employees, key_supply, website,
	state, sample, version, created_at, updated_at`

func scanEnterprise(s db.Scanner) (Enterprise, error) {
	var e Enterprise
	var former string
	var created, updated int64
	at := &e.Attributes
	err := s.Scan(&e.ID, &e.USCC, &e.Name, &former, &e.Area, &e.Street, &e.Address, &e.Pos.Lat, &e.Pos.Lon, &e.Trade, &e.LegalPerson,
		&at.Standardisation, &at.StandardisationUntil, &at.MajorHazard, &at.Employees, &at.KeySupply, &at.Website,
		&e.State, &e.Sample, &e.Version, &created, &updated)
	if err != nil {
		return e, err
	}
	e.CreatedAt, e.UpdatedAt = kernel.FromMicros(created), kernel.FromMicros(updated)
	return e, json.Unmarshal([]byte(former), &e.FormerNames)
}

// GetEnterprise returns an enterprise with its contacts, masked.
func GetEnterprise(ctx context.Context, q db.Q, scope auth.Scope, id string) (Enterprise, error) {
	return findEnterprise(ctx, q, scope, "id", id)
}

// FindEnterprise returns the enterprise with a unified social credit code.
func FindEnterprise(ctx context.Context, q db.Q, scope auth.Scope, uscc string) (Enterprise, error) {
	return findEnterprise(ctx, q, scope, "uscc", strings.TrimSpace(uscc))
}

func findEnterprise(ctx context.Context, q db.Q, scope auth.Scope, column, value string) (Enterprise, error) {
	var w db.Where
	w.And(column+" = ?", value)
	scope.Where(&w, inScope)
	e, err := db.One(ctx, q, scanEnterprise, `SELECT `+enterpriseColumns+` FROM registry_enterprises `+w.SQL(), w.Args...)
	if err != nil {
		return e, db.Found(err, "enterprise", value)
	}
	sealed, err := loadContacts(ctx, q, e.ID)
	e.Contacts = masked(sealed)
	return e, err
}

// AreaOfEnterprise returns the area in which an enterprise stands, for a case
// that it has filed.
func AreaOfEnterprise(ctx context.Context, q db.Q, id string) (string, error) {
	area, err := db.Value[string](ctx, q, `SELECT area FROM registry_enterprises WHERE id = $1`, id)
	return area, db.Found(err, "enterprise", id)
}

// EnterpriseNames returns the names of enterprises by id, for lists that only
// show them. Whoever calls has already decided that the rows may be seen.
func EnterpriseNames(ctx context.Context, q db.Q, ids []string) (map[string]string, error) {
	var w db.Where
	w.In("id", ids)
	pairs, err := db.All(ctx, q, func(s db.Scanner) (p [2]string, err error) { return p, s.Scan(&p[0], &p[1]) },
		`SELECT id, name FROM registry_enterprises `+w.SQL(), w.Args...)
	names := make(map[string]string, len(pairs))
	for _, p := range pairs {
		names[p[0]] = p[1]
	}
	return names, err
}

// EnterpriseFilter chooses enterprises; empty fields do not filter.
type EnterpriseFilter struct {
	Area        string // with what lies under it
	Trade       string
	State       State
	MajorHazard bool // only those with a major hazard installation
	KeySupply   bool // only those on the 保供名单
	Sample      *bool
	Text        string // words of name, former name, code, address, legal person; or a whole code
	ByUpdate    bool   // newest change first, instead of by name
	After       string // Page.Next of the page before
	Limit       int    // 0: 50; at most 500
}

// ListEnterprises returns a page of enterprises in scope, without contacts.
func ListEnterprises(ctx context.Context, q db.Q, scope auth.Scope, f EnterpriseFilter) (Page[Enterprise], error) {
	var page Page[Enterprise]
	w, err := f.where(ctx, q, scope)
	if err != nil {
		return page, err
	}
	if page.Total, page.Capped, err = count(ctx, q, "registry_enterprises", w); err != nil {
		return page, err
	}
	order := ` ORDER BY name, id`
	if f.ByUpdate {
		order = ` ORDER BY updated_at DESC, id DESC`
	}
	if err := f.after(&w); err != nil {
		return page, err
	}
	n := limitOr(f.Limit)
	rows, err := db.All(ctx, q, scanEnterprise,
		`SELECT `+enterpriseColumns+` FROM registry_enterprises `+w.SQL()+order+w.Bind(` LIMIT ?`, n+1), w.Args...)
	if len(rows) > n {
		rows = rows[:n]
		page.Next = f.cursorOf(rows[n-1]).String()
	}
	page.Rows = rows
	return page, err
}

func (f EnterpriseFilter) cursorOf(e Enterprise) cursor {
	if f.ByUpdate {
		return cursor{strconv.FormatInt(kernel.Micros(e.UpdatedAt), 10), e.ID}
	}
	return cursor{e.Name, e.ID}
}

func (f EnterpriseFilter) after(w *db.Where) error {
	if f.After == "" {
		return nil
	}
	c, err := parseCursor(f.After)
	if err != nil {
		return err
	}
	if !f.ByUpdate {
		w.And("(name, id) > (?, ?)", c[0], c[1])
		return nil
	}
	at, err := strconv.ParseInt(c[0], 10, 64)
	if err != nil {
		return kernel.Bad("after", "format", f.After)
	}
	w.And("(updated_at, id) < (?, ?)", at, c[1])
	return nil
}

func (f EnterpriseFilter) where(ctx context.Context, q db.Q, scope auth.Scope) (db.Where, error) {
	var w db.Where
	scope.Where(&w, inScope)
	if f.Area != "" {
		areas, err := Tree{}.AreasUnder(ctx, q, f.Area)
		if err != nil {
			return w, err
		}
		w.In("area", areas)
	}
	if f.Trade != "" {
		w.And("trade = ?", f.Trade)
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.MajorHazard {
		w.And("major_hazard > 0")
	}
	if f.KeySupply {
		w.And("key_supply = ?", true)
	}
	if f.Sample != nil {
		w.And("sample = ?", *f.Sample)
	}
	if f.Text != "" {
		matching(&w, q, f.Text)
	}
	return w, nil
}

func insertEnterprise(ctx context.Context, tx *db.Tx, e Enterprise) error {
	former, err := json.Marshal(e.FormerNames)
	if err != nil {
		return err
	}
	at := e.Attributes
	_, err = tx.ExecContext(ctx, `
		INSERT INTO registry_enterprises (id, uscc, name, former_names, area, street, address, lat, lon, trade, legal_person,
			standardisation, standardisation_until, major_hazard, employees, key_supply, website,
			state, sample, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		e.ID, e.USCC, e.Name, string(former), e.Area, e.Street, e.Address, e.Pos.Lat, e.Pos.Lon, e.Trade, e.LegalPerson,
		at.Standardisation, at.StandardisationUntil, at.MajorHazard, at.Employees, at.KeySupply, at.Website,
		string(e.State), e.Sample, e.Version, kernel.Micros(e.CreatedAt), kernel.Micros(e.UpdatedAt))
	if db.IsUnique(err) { // somebody registered it since this transaction looked
		return kernel.Bad("uscc", "taken", e.USCC)
	}
	return err
}

// updateEnterprise writes e over the version before it.
func updateEnterprise(ctx context.Context, tx *db.Tx, e Enterprise) error {
	former, err := json.Marshal(e.FormerNames)
	if err != nil {
		return err
	}
	at := e.Attributes
	return db.Changed(tx.ExecContext(ctx, `
		UPDATE registry_enterprises SET uscc = $1, name = $2, former_names = $3, area = $4, street = $5, address = $6, lat = $7, lon = $8,
			trade = $9, legal_person = $10, standardisation = $11, standardisation_until = $12, major_hazard = $13, employees = $14,
			key_supply = $15, website = $16, state = $17, version = $18, updated_at = $19
		WHERE id = $20 AND version = $21`,
		e.USCC, e.Name, string(former), e.Area, e.Street, e.Address, e.Pos.Lat, e.Pos.Lon,
		e.Trade, e.LegalPerson, at.Standardisation, at.StandardisationUntil, at.MajorHazard, at.Employees,
		at.KeySupply, at.Website, string(e.State), e.Version, kernel.Micros(e.UpdatedAt), e.ID, e.Version-1))
}

// record is an enterprise as history and audit keep it: contacts sealed.
type record struct {
	Enterprise
	Contacts []sealedContact `json:"contacts"`
}

func insertVersion(ctx context.Context, tx *db.Tx, actor kernel.Actor, r record) error {
	who, err := json.Marshal(actor)
	if err != nil {
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO registry_enterprise_versions (enterprise_id, version, at, actor, data) VALUES ($1, $2, $3, $4, $5)`,
		r.ID, r.Version, kernel.Micros(r.UpdatedAt), string(who), string(body))
	return err
}

// Revision is an enterprise as it was in one version. Its contacts carry names
// and roles; telephone numbers and addresses of mail stay sealed.
type Revision struct {
	Enterprise Enterprise
	At         time.Time
	Actor      kernel.Actor
	Changes    []Change // against the version before: Was and Theirs
	record     record
}

// History returns the versions of an enterprise, newest first.
func History(ctx context.Context, q db.Q, scope auth.Scope, id string) ([]Revision, error) {
	if _, err := GetEnterprise(ctx, q, scope, id); err != nil {
		return nil, err
	}
	revisions, err := db.All(ctx, q, scanRevision,
		`SELECT at, actor, data FROM registry_enterprise_versions WHERE enterprise_id = $1 ORDER BY version DESC`, id)
	for i := range revisions {
		if i+1 < len(revisions) {
			before, after := revisions[i+1].record, revisions[i].record
			revisions[i].Changes = compare(before, after, after)
		}
	}
	return revisions, err
}

func scanRevision(s db.Scanner) (Revision, error) {
	var r Revision
	var at int64
	var actor, body string
	if err := s.Scan(&at, &actor, &body); err != nil {
		return r, err
	}
	r.At = kernel.FromMicros(at)
	if err := json.Unmarshal([]byte(actor), &r.Actor); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(body), &r.record); err != nil {
		return r, err
	}
	r.Enterprise = r.record.Enterprise
	r.Enterprise.Contacts = masked(r.record.Contacts)
	return r, nil
}

// versionOf returns one version, for a three-way comparison.
func versionOf(ctx context.Context, q db.Q, id string, version int64) (record, error) {
	r, err := db.One(ctx, q, scanRevision,
		`SELECT at, actor, data FROM registry_enterprise_versions WHERE enterprise_id = $1 AND version = $2`, id, version)
	return r.record, err
}
