package licensing

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

const selectSpecial = `SELECT id, body, state, created_at, created_by, created_by_name, created_for, approved_at, approved_by, approved_by_name, ended_by, version FROM licensing_special_times `

func scanSpecial(s db.Scanner) (t SpecialTime, err error) {
	var body string
	var made, approved int64
	if err := s.Scan(&t.ID, &body, &t.State, &made, &t.Made.ID, &t.Made.Name, &t.Made.For, &approved, &t.Approved.ID, &t.Approved.Name, &t.EndedBy, &t.Version); err != nil {
		return t, err
	}
	t.Made.At, t.Approved.At = kernel.FromMicros(made), kernel.FromMicros(approved)
	return t, json.Unmarshal([]byte(body), &t.Rules)
}

func getSpecial(ctx context.Context, q db.Q, id string) (SpecialTime, error) {
	t, err := db.One(ctx, q, scanSpecial, selectSpecial+`WHERE id = $1`, id)
	return t, db.Found(err, "special time", id)
}

func listSpecials(ctx context.Context, q db.Q) ([]SpecialTime, error) {
	return db.All(ctx, q, scanSpecial, selectSpecial+`ORDER BY from_date DESC, id DESC LIMIT 200`)
}

// runningSpecials returns the packages in force on a date.
func runningSpecials(ctx context.Context, q db.Q, on kernel.Date) ([]SpecialTime, error) {
	all, err := db.All(ctx, q, scanSpecial, selectSpecial+`WHERE state IN ('running', 'ended') AND from_date <= $1 AND (to_date = '' OR to_date >= $1) ORDER BY from_date, id`, on)
	if err != nil {
		return nil, err
	}
	var out []SpecialTime
	for _, t := range all {
		if t.InForce(on) {
			out = append(out, t)
		}
	}
	return out, nil
}

func insertSpecial(ctx context.Context, tx *db.Tx, t SpecialTime) error {
	body, err := json.Marshal(t.Rules)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO licensing_special_times (id, notice, title, body, from_date, to_date, state, created_at, created_by, created_by_name, created_for,
		approved_at, approved_by, approved_by_name, ended_on, ended_by, ended_notice, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', '', '', '', '', 1)`,
		t.ID, t.Rules.Notice, t.Rules.Title.ZH, string(body), t.Rules.From, t.Rules.To, string(t.State), kernel.Micros(t.Made.At), t.Made.ID, t.Made.Name, t.Made.For)
	return err
}

func saveSpecial(ctx context.Context, tx *db.Tx, t *SpecialTime) error {
	body, err := json.Marshal(t.Rules)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE licensing_special_times SET body = $1, state = $2, approved_at = $3, approved_by = $4, approved_by_name = $5, ended_on = $6, ended_by = $7,
		ended_notice = $8, version = version + 1 WHERE id = $9 AND version = $10`,
		string(body), string(t.State), kernel.Micros(t.Approved.At), t.Approved.ID, t.Approved.Name, t.Rules.EndedOn, t.EndedBy, t.Rules.EndedBy, t.ID, t.Version)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	t.Version++
	return nil
}

// endingBetween returns a page of live licences by id whose own last day lies
// in a span; to zero is without end.
func endingBetween(ctx context.Context, q db.Q, from, to kernel.Date, after string, limit int) ([]*Licence, error) {
	var w db.Where
	w.And(live)
	w.And("l.id > ? AND l.valid_to >= ?", after, from)
	if !to.IsZero() {
		w.And("l.valid_to <= ?", to)
	}
	return db.All(ctx, q, scanLicence, selectLicence+w.SQL()+w.Bind(` ORDER BY l.id LIMIT ?`, limit), w.Args...)
}

func countEnding(ctx context.Context, q db.Q, from, to kernel.Date) (int64, error) {
	var w db.Where
	w.And(live)
	w.And("l.valid_to >= ?", from)
	if !to.IsZero() {
		w.And("l.valid_to <= ?", to)
	}
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM licensing_licences l `+w.SQL(), w.Args...)
}

// markExtended records that a package extended a licence; the same package
// does so once.
func markExtended(ctx context.Context, tx *db.Tx, specialID, licenceID string, oldTo, newTo kernel.Date, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_special_licences (special_id, licence_id, old_to, new_to, at, caught_up_at, caught_up_how) VALUES ($1, $2, $3, $4, $5, 0, '')
		ON CONFLICT (special_id, licence_id) DO UPDATE SET new_to = excluded.new_to, caught_up_at = 0, caught_up_how = ''`, specialID, licenceID, oldTo, newTo, kernel.Micros(now))
	return err
}

// caughtUp takes a licence off every catch-up list, with what made it good.
func caughtUp(ctx context.Context, tx *db.Tx, licenceID, how string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE licensing_special_licences SET caught_up_at = $1, caught_up_how = $2 WHERE licence_id = $3 AND caught_up_at = 0`, kernel.Micros(now), how, licenceID)
	return err
}

// moveSpecial lets the next issue of a licence stand on the catch-up lists in
// place of the old one.
func moveSpecial(ctx context.Context, tx *db.Tx, from, to string) error {
	_, err := tx.ExecContext(ctx, `UPDATE licensing_special_licences SET licence_id = $1 WHERE licence_id = $2 AND caught_up_at = 0`, to, from)
	return err
}

// specialMarks returns the packages that extended a licence.
func specialMarks(ctx context.Context, q db.Q, licenceID string) ([]SpecialMark, error) {
	return db.All(ctx, q, func(s db.Scanner) (m SpecialMark, err error) {
		var at int64
		err = s.Scan(&m.SpecialID, &m.Notice, &m.Title.ZH, &m.OldTo, &m.NewTo, &at, &m.How)
		m.CaughtUp = kernel.FromMicros(at)
		return m, err
	}, `SELECT t.id, t.notice, t.title, x.old_to, x.new_to, x.caught_up_at, x.caught_up_how FROM licensing_special_licences x
		JOIN licensing_special_times t ON t.id = x.special_id WHERE x.licence_id = $1 ORDER BY x.at, t.id`, licenceID)
}

// extendedBy returns a page of what a package extended and nothing has made
// good yet, by licence.
func extendedBy(ctx context.Context, q db.Q, specialID, after string, limit int) ([]SpecialMark, []string, error) {
	var ids []string
	marks, err := db.All(ctx, q, func(s db.Scanner) (m SpecialMark, err error) {
		var id string
		err = s.Scan(&id, &m.OldTo, &m.NewTo)
		ids = append(ids, id)
		return m, err
	}, `SELECT licence_id, old_to, new_to FROM licensing_special_licences WHERE special_id = $1 AND caught_up_at = 0 AND licence_id > $2 ORDER BY licence_id LIMIT $3`, specialID, after, limit)
	return marks, ids, err
}

func listCatchUpLicences(ctx context.Context, q db.Q, scope auth.Scope, specialID string, open bool, after string, limit int) ([]CatchUp, error) {
	var w db.Where
	w.And("x.special_id = ? AND x.licence_id > ?", specialID, after)
	if open {
		w.And("x.caught_up_at = 0")
	}
	scope.Where(&w, licenceColumns)
	return db.All(ctx, q, func(s db.Scanner) (c CatchUp, err error) {
		var at int64
		err = s.Scan(&c.SpecialID, &c.LicenceID, &c.Number, &c.Holder, &c.Item, &c.Area, &c.OldTo, &c.NewTo, &c.Pending, &at, &c.How)
		c.DoneAt = kernel.FromMicros(at)
		return c, err
	}, `SELECT x.special_id, l.id, l.number, l.holder, l.item, l.area, x.old_to, x.new_to, l.pending_case, x.caught_up_at, x.caught_up_how
		FROM licensing_special_licences x JOIN licensing_licences l ON l.id = x.licence_id `+w.SQL()+w.Bind(` ORDER BY x.licence_id LIMIT ?`, limit), w.Args...)
}

func listSwapped(ctx context.Context, q db.Q, scope auth.Scope, specialID string, open bool, after string, limit int) ([]CatchUp, error) {
	var w db.Where
	w.And("x.special_id = ? AND x.case_id > ?", specialID, after)
	if open {
		w.And("x.verified_at = 0")
	}
	scope.Where(&w, caseColumns)
	return db.All(ctx, q, func(s db.Scanner) (c CatchUp, err error) {
		var at int64
		err = s.Scan(&c.SpecialID, &c.CaseID, &c.Number, &c.Holder, &c.Item, &c.Area, &c.Instead, &c.Due, &at, &c.How)
		c.DoneAt = kernel.FromMicros(at)
		return c, err
	}, `SELECT x.special_id, c.id, c.number, c.applicant, c.item, c.area, x.instead, x.due, x.verified_at, x.note
		FROM licensing_special_checks x JOIN licensing_cases c ON c.id = x.case_id `+w.SQL()+w.Bind(` ORDER BY x.case_id LIMIT ?`, limit), w.Args...)
}

func insertSwap(ctx context.Context, tx *db.Tx, specialID string, c *Case, instead rule.Swap, due kernel.Date, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_special_checks (special_id, case_id, instead, area, due, at, verified_at, verified_by, verified_by_name, passed, note)
		VALUES ($1, $2, $3, $4, $5, $6, 0, '', '', FALSE, '') ON CONFLICT (special_id, case_id) DO NOTHING`,
		specialID, c.ID, string(instead), c.Area, due, kernel.Micros(now))
	return err
}

func verifySwap(ctx context.Context, tx *db.Tx, specialID, caseID string, passed bool, note string, by kernel.Actor, now time.Time) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_special_checks SET verified_at = $1, verified_by = $2, verified_by_name = $3, passed = $4, note = $5
		WHERE special_id = $6 AND case_id = $7 AND verified_at = 0`, kernel.Micros(now), by.ID, by.Name, passed, note, specialID, caseID))
}
