package licensing

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// licenceColumns are the columns by which a scope is measured.
var licenceColumns = auth.Columns{Area: "l.area", Enterprise: "l.enterprise_id", Account: "l.account", Unit: "l.unit", Item: "l.item"}

const selectLicence = `SELECT l.id, l.number, l.number_key, l.number_sealed, l.issue, l.item, l.category, l.state, l.holder, l.holder_sealed,
	l.holder_kind, l.enterprise_id, l.account, l.area, l.authority, l.unit, l.address, l.person_in_charge, l.mode, l.scope, l.issued_on,
	l.valid_from, l.valid_to, l.extended_to, l.review_due, l.continued, l.fields, l.code, l.case_id, l.previous_id, l.pending_case,
	l.pending_state, l.timely, l.deemed_on, l.key_id, l.contact_phone, l.import_id, l.imported, l.version, l.created_at, l.updated_at, l.sample
	FROM licensing_licences l `

func scanLicence(s db.Scanner) (*Licence, error) {
	var l Licence
	var created, updated int64
	var fields string
	err := s.Scan(&l.ID, &l.Number, &l.NumberKey, &l.NumberSealed, &l.Issue, &l.Item, &l.Category, &l.State, &l.Holder, &l.HolderSealed,
		&l.HolderKind, &l.EnterpriseID, &l.Account, &l.Area, &l.Authority, &l.Unit, &l.Address, &l.PersonInCharge, &l.Mode, &l.Scope, &l.IssuedOn,
		&l.ValidFrom, &l.ValidTo, &l.ExtendedTo, &l.ReviewDue, &l.Continued, &fields, &l.Code, &l.CaseID, &l.PreviousID, &l.PendingCase,
		&l.PendingState, &l.Timely, &l.DeemedOn, &l.KeyID, &l.ContactPhone, &l.ImportID, &l.Imported, &l.Version, &created, &updated, &l.Sample)
	if err != nil {
		return nil, err
	}
	l.CreatedAt, l.UpdatedAt = kernel.FromMicros(created), kernel.FromMicros(updated)
	return &l, json.Unmarshal([]byte(fields), &l.Fields)
}

// getLicence loads a licence that the scope may see; else it does not exist.
func getLicence(ctx context.Context, q db.Q, scope auth.Scope, id string) (*Licence, error) {
	var w db.Where
	w.And("l.id = ?", id)
	scope.Where(&w, licenceColumns)
	l, err := db.One(ctx, q, scanLicence, selectLicence+w.SQL(), w.Args...)
	return l, db.Found(err, "licence", id)
}

func getLicenceByCode(ctx context.Context, q db.Q, code string) (*Licence, error) {
	l, err := db.One(ctx, q, scanLicence, selectLicence+`WHERE l.code = $1`, code)
	return l, db.Found(err, "licence", "")
}

// lastIssue returns the highest issue of a number, 0 when it was never given.
func lastIssue(ctx context.Context, q db.Q, numberKey string) (int64, error) {
	return db.Value[int64](ctx, q, `SELECT COALESCE(MAX(issue), 0) FROM licensing_licences WHERE number_key = $1`, numberKey)
}

func insertLicence(ctx context.Context, tx *db.Tx, l *Licence) error {
	fields, err := json.Marshal(l.Fields)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO licensing_licences (id, number, number_key, number_sealed, issue, item, category, state, holder, holder_sealed,
		holder_kind, enterprise_id, account, area, authority, unit, address, person_in_charge, mode, scope, issued_on,
		valid_from, valid_to, extended_to, ends_on, watch_on, review_due, continued, fields, code, case_id, previous_id, pending_case,
		pending_state, timely, deemed_on, key_id, contact_phone, import_id, imported, version, created_at, updated_at, sample)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
		$31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44)`,
		l.ID, l.Number, l.NumberKey, string(l.NumberSealed), l.Issue, l.Item, l.Category, string(l.State), l.Holder, string(l.HolderSealed),
		l.HolderKind, l.EnterpriseID, l.Account, l.Area, l.Authority, l.Unit, l.Address, l.PersonInCharge, l.Mode, l.Scope, l.IssuedOn,
		l.ValidFrom, l.ValidTo, l.ExtendedTo, l.End(), l.Watch(), l.ReviewDue, l.Continued, string(fields), l.Code, l.CaseID, l.PreviousID, l.PendingCase,
		string(l.PendingState), l.Timely, l.DeemedOn, l.KeyID, string(l.ContactPhone), l.ImportID, l.Imported, l.Version,
		kernel.Micros(l.CreatedAt), kernel.Micros(l.UpdatedAt), l.Sample)
	return err
}

// saveLicence writes what may change of a licence if nobody has written it
// since it was read.
func saveLicence(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
	fields, err := json.Marshal(l.Fields)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE licensing_licences SET state = $1, valid_to = $2, extended_to = $3, ends_on = $4, watch_on = $5, review_due = $6,
		continued = $7, pending_case = $8, pending_state = $9, timely = $10, deemed_on = $11, contact_phone = $12, number_sealed = $13, holder = $14,
		holder_sealed = $15, authority = $16, unit = $17, address = $18, person_in_charge = $19, mode = $20, scope = $21, fields = $22, case_id = $23,
		key_id = $24, updated_at = $25, version = version + 1 WHERE id = $26 AND version = $27`,
		string(l.State), l.ValidTo, l.ExtendedTo, l.End(), l.Watch(), l.ReviewDue,
		l.Continued, l.PendingCase, string(l.PendingState), l.Timely, l.DeemedOn, string(l.ContactPhone), string(l.NumberSealed), l.Holder,
		string(l.HolderSealed), l.Authority, l.Unit, l.Address, l.PersonInCharge, l.Mode, l.Scope, string(fields), l.CaseID,
		l.KeyID, kernel.Micros(now), l.ID, l.Version)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	l.Version++
	l.UpdatedAt = now
	return nil
}

// LicenceAct is one line of a licence's history.
type LicenceAct struct {
	ID         string
	LicenceID  string
	Act        Act
	On         kernel.Date
	Until      kernel.Date // of a suspension or an extension
	Basis      string      // clause of law or number of the notice
	Note       string
	CaseID     string
	Actor      string
	ActorName  string
	Second     string // who approved a harsh act
	SecondName string
	At         time.Time
}

func insertAct(ctx context.Context, tx *db.Tx, a LicenceAct) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_licence_acts (id, licence_id, act, on_date, until_date, basis, note, case_id, actor, actor_name, seconded_by, seconded_by_name, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		kernel.NewID(a.At), a.LicenceID, string(a.Act), a.On, a.Until, a.Basis, a.Note, a.CaseID, a.Actor, a.ActorName, a.Second, a.SecondName, kernel.Micros(a.At))
	return err
}

func listActs(ctx context.Context, q db.Q, licenceID string) ([]LicenceAct, error) {
	return db.All(ctx, q, func(s db.Scanner) (a LicenceAct, err error) {
		var at int64
		err = s.Scan(&a.ID, &a.LicenceID, &a.Act, &a.On, &a.Until, &a.Basis, &a.Note, &a.CaseID, &a.Actor, &a.ActorName, &a.Second, &a.SecondName, &at)
		a.At = kernel.FromMicros(at)
		return a, err
	}, `SELECT id, licence_id, act, on_date, until_date, basis, note, case_id, actor, actor_name, seconded_by, seconded_by_name, at
		FROM licensing_licence_acts WHERE licence_id = $1 ORDER BY id`, licenceID)
}

// LicenceFilter chooses licences for the register; empty fields do not filter.
type LicenceFilter struct {
	State      LicenceState // as it counts today
	Area       string
	Item       string
	Category   string
	Number     string // exact
	Holder     string // prefix of the name
	Enterprise string
	EndsFrom   kernel.Date
	EndsTo     kernel.Date
	Current    bool // without replaced issues
	Special    bool // extended by a special-time notice
	After      LicenceCursor
	Limit      int // 0: 50
}

// LicenceCursor is the place after which the next page begins.
type LicenceCursor struct {
	EndsOn string
	ID     string
}

// LicenceRow is a line of the register.
type LicenceRow struct {
	ID, Number, Item, Category, Holder, Area, Authority string
	Issue                                               int64
	State                                               LicenceState // as it counts on the day of the list
	EndsOn, ValidTo, IssuedOn                           kernel.Date
	Extended, Imported, Sample                          bool
}

// Next is the cursor of a page that ends with this row.
func (r LicenceRow) Next() LicenceCursor { return LicenceCursor{EndsOn: r.EndsOn.String(), ID: r.ID} }

// lapsed is the condition that StateOn calls Expired, with the day twice.
const lapsed = `l.ends_on <> '' AND l.ends_on < ? AND (l.state IN ('valid', 'changing', 'suspended') OR l.state = 'renewing' AND (l.timely = FALSE OR l.deemed_on <> ''))`

func (f LicenceFilter) where(scope auth.Scope, today kernel.Date) db.Where {
	var w db.Where
	add := func(on bool, piece string, args ...any) {
		if on {
			w.And(piece, args...)
		}
	}
	switch f.State {
	case "":
	case Expired:
		w.And(lapsed, today)
	case Valid, Changing, Renewing, Suspended:
		w.And("l.state = ? AND NOT ("+lapsed+")", string(f.State), today)
	default:
		w.And("l.state = ?", string(f.State))
	}
	add(f.Area != "", "l.area = ?", f.Area)
	add(f.Item != "", "l.item = ?", f.Item)
	add(f.Category != "", "l.category = ?", f.Category)
	add(f.Enterprise != "", "l.enterprise_id = ?", f.Enterprise)
	add(f.Holder != "", "substr(l.holder, 1, ?) = ?", len([]rune(f.Holder)), f.Holder)
	add(!f.EndsFrom.IsZero(), "l.ends_on >= ?", f.EndsFrom)
	add(!f.EndsTo.IsZero(), "l.ends_on <> '' AND l.ends_on <= ?", f.EndsTo)
	add(f.Current, "l.state <> 'replaced'")
	add(f.Special, "l.extended_to <> ''")
	scope.Where(&w, licenceColumns)
	return w
}

// listLicences returns a page sorted by last day. numberKeys are the keys under
// which the number asked for may stand, nil for none asked.
func listLicences(ctx context.Context, q db.Q, scope auth.Scope, f LicenceFilter, numberKeys []string, today kernel.Date) ([]LicenceRow, error) {
	w := f.where(scope, today)
	if numberKeys != nil {
		w.In("l.number_key", numberKeys)
	}
	if f.After.ID != "" {
		w.And("(l.ends_on, l.id) > (?, ?)", f.After.EndsOn, f.After.ID)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, func(s db.Scanner) (LicenceRow, error) { return scanLicenceRow(s, today) },
		`SELECT l.id, l.number, l.issue, l.item, l.category, l.holder, l.area, l.authority, l.state, l.timely, l.deemed_on, l.ends_on, l.valid_to, l.extended_to, l.issued_on, l.imported, l.sample
		FROM licensing_licences l `+w.SQL()+w.Bind(` ORDER BY l.ends_on, l.id LIMIT ?`, f.Limit), w.Args...)
}

func scanLicenceRow(s db.Scanner, today kernel.Date) (LicenceRow, error) {
	var r LicenceRow
	var l Licence
	err := s.Scan(&r.ID, &r.Number, &r.Issue, &r.Item, &r.Category, &r.Holder, &r.Area, &r.Authority, &l.State, &l.Timely, &l.DeemedOn,
		&r.EndsOn, &l.ValidTo, &l.ExtendedTo, &r.IssuedOn, &r.Imported, &r.Sample)
	r.ValidTo, r.Extended, r.State = l.ValidTo, !l.ExtendedTo.IsZero(), l.StateOn(today)
	return r, err
}

func countLicences(ctx context.Context, q db.Q, scope auth.Scope, f LicenceFilter, numberKeys []string, today kernel.Date) (int64, error) {
	w := f.where(scope, today)
	if numberKeys != nil {
		w.In("l.number_key", numberKeys)
	}
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_licences l `+w.SQL()+w.Bind(` LIMIT ?`, TotalCap+1)+`) t`, w.Args...)
}
