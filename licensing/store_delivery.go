package licensing

import (
	"context"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// deliveryColumns are the columns by which a scope is measured.
var deliveryColumns = auth.Columns{Area: "d.area", Enterprise: "c.enterprise_id", Account: caseColumns.Account, Unit: "c.authority", Item: "c.item"}

const deliveryFields = `d.id, d.case_id, d.licence_id, d.area, d.mode, d.state, d.key_id, d.recipient, d.phone, d.address,
	d.made_by, d.made_by_name, d.made_for, d.made_at, d.checked_by, d.checked_by_name, d.checked_at, d.handed_by, d.handed_by_name,
	d.carrier, d.waybill, d.posted_at, d.ended_at, d.attempts, d.due, d.note, d.version, d.created_at, d.sample`

const selectDelivery = `SELECT ` + deliveryFields + ` FROM licensing_deliveries d `

func scanDelivery(s db.Scanner) (*Delivery, error) {
	var d Delivery
	var made, checked, posted, ended, created int64
	err := s.Scan(&d.ID, &d.CaseID, &d.LicenceID, &d.Area, &d.Mode, &d.State, &d.KeyID, &d.Recipient, &d.Phone, &d.Address,
		&d.Made.ID, &d.Made.Name, &d.Made.For, &made, &d.Checked.ID, &d.Checked.Name, &checked, &d.Handed.ID, &d.Handed.Name,
		&d.Carrier, &d.Waybill, &posted, &ended, &d.Attempts, &d.Due, &d.Note, &d.Version, &created, &d.Sample)
	d.Made.At, d.Checked.At = kernel.FromMicros(made), kernel.FromMicros(checked)
	d.PostedAt, d.EndedAt, d.CreatedAt = kernel.FromMicros(posted), kernel.FromMicros(ended), kernel.FromMicros(created)
	d.Handed.At = d.PostedAt
	if d.State == PickedUp {
		d.Handed.At = d.EndedAt
	}
	return &d, err
}

// deliveryOf loads the delivery of a case that the caller has already been
// allowed to see.
func deliveryOf(ctx context.Context, q db.Q, caseID string) (*Delivery, error) {
	d, err := db.One(ctx, q, scanDelivery, selectDelivery+`WHERE d.case_id = $1`, caseID)
	return d, db.Found(err, "delivery", caseID)
}

func getDeliveryByWaybill(ctx context.Context, q db.Q, scope auth.Scope, carrier, waybill string) (*Delivery, error) {
	var w db.Where
	w.And("d.waybill = ?", waybill)
	if carrier != "" {
		w.And("d.carrier = ?", carrier)
	}
	scope.Where(&w, deliveryColumns)
	d, err := db.One(ctx, q, scanDelivery, `SELECT `+deliveryFields+` FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id `+w.SQL(), w.Args...)
	return d, db.Found(err, "waybill", waybill)
}

func insertDelivery(ctx context.Context, tx *db.Tx, d *Delivery) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_deliveries (id, case_id, licence_id, area, mode, state, key_id, recipient, phone, address,
		made_by, made_by_name, made_for, made_at, checked_by, checked_by_name, checked_at, handed_by, handed_by_name,
		carrier, waybill, posted_at, ended_at, attempts, due, note, version, created_at, sample)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', '', 0, '', '', 0, '', '', '', '', 0, 0, 0, $11, '', $12, $13, $14)`,
		d.ID, d.CaseID, d.LicenceID, d.Area, string(d.Mode), string(d.State), d.KeyID, string(d.Recipient), string(d.Phone), string(d.Address),
		d.Due, d.Version, kernel.Micros(d.CreatedAt), d.Sample)
	return err
}

// saveDelivery writes the delivery if nobody has written it since it was
// read, and adds a line to its log.
func saveDelivery(ctx context.Context, tx *db.Tx, d *Delivery, by kernel.Actor, note string, now time.Time) error {
	res, err := tx.ExecContext(ctx, `UPDATE licensing_deliveries SET mode = $1, state = $2, recipient = $3, phone = $4, address = $5,
		made_by = $6, made_by_name = $7, made_for = $8, made_at = $9, checked_by = $10, checked_by_name = $11, checked_at = $12,
		handed_by = $13, handed_by_name = $14, carrier = $15, waybill = $16, posted_at = $17, ended_at = $18, attempts = $19, note = $20, version = version + 1
		WHERE id = $21 AND version = $22`,
		string(d.Mode), string(d.State), string(d.Recipient), string(d.Phone), string(d.Address),
		d.Made.ID, d.Made.Name, d.Made.For, kernel.Micros(d.Made.At), d.Checked.ID, d.Checked.Name, kernel.Micros(d.Checked.At),
		d.Handed.ID, d.Handed.Name, d.Carrier, d.Waybill, kernel.Micros(d.PostedAt), kernel.Micros(d.EndedAt), d.Attempts, d.Note, d.ID, d.Version)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	d.Version++
	return insertDeliveryLog(ctx, tx, d, by, note, now)
}

func insertDeliveryLog(ctx context.Context, tx *db.Tx, d *Delivery, by kernel.Actor, note string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_delivery_log (id, delivery_id, at, actor, actor_name, state, note) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		kernel.NewID(now), d.ID, kernel.Micros(now), by.ID, by.Name, string(d.State), note)
	return err
}

// DeliveryLine is one line of a delivery's log.
type DeliveryLine struct {
	At        time.Time
	ActorName string
	State     DeliveryState
	Note      string
}

func listDeliveryLog(ctx context.Context, q db.Q, deliveryID string) ([]DeliveryLine, error) {
	return db.All(ctx, q, func(s db.Scanner) (l DeliveryLine, err error) {
		var at int64
		err = s.Scan(&at, &l.ActorName, &l.State, &l.Note)
		l.At = kernel.FromMicros(at)
		return l, err
	}, `SELECT at, actor_name, state, note FROM licensing_delivery_log WHERE delivery_id = $1 ORDER BY id`, deliveryID)
}

// DeliveryFilter chooses deliveries for the desk; empty fields do not filter.
type DeliveryFilter struct {
	State     DeliveryState
	Mode      DeliveryMode
	Area      string
	Item      string
	Number    string // 办件号, exact
	Waybill   string // exact
	Applicant string // prefix
	DueBefore kernel.Date
	Open      bool // not yet arrived
	After     Cursor
	Limit     int // 0: 50
}

// DeliveryRow is a line of the desk.
type DeliveryRow struct {
	ID, CaseID, CaseNumber, Item, Applicant, Area, Carrier, Waybill, MadeBy, Note string
	Outcome                                                                       State
	Mode                                                                          DeliveryMode
	State                                                                         DeliveryState
	Due                                                                           kernel.Date
	PostedAt, EndedAt                                                             time.Time
	Attempts                                                                      int64
	Sample                                                                        bool
}

// Next is the cursor of a page that ends with this row.
func (r DeliveryRow) Next() Cursor { return Cursor{Due: r.Due.String(), ID: r.ID} }

func (f DeliveryFilter) where(scope auth.Scope) db.Where {
	var w db.Where
	add := func(on bool, piece string, args ...any) {
		if on {
			w.And(piece, args...)
		}
	}
	add(f.Open, "d.ended_at = 0")
	add(f.State != "", "d.state = ?", string(f.State))
	add(f.Mode != "", "d.mode = ?", string(f.Mode))
	add(f.Area != "", "d.area = ?", f.Area)
	add(f.Item != "", "c.item = ?", f.Item)
	add(f.Number != "", "c.number = ?", f.Number)
	add(f.Waybill != "", "d.waybill = ?", f.Waybill)
	add(f.Applicant != "", "substr(c.applicant, 1, ?) = ?", len([]rune(f.Applicant)), f.Applicant)
	add(!f.DueBefore.IsZero(), "d.due <> '' AND d.due < ?", f.DueBefore)
	scope.Where(&w, deliveryColumns)
	return w
}

func listDeliveries(ctx context.Context, q db.Q, scope auth.Scope, f DeliveryFilter) ([]DeliveryRow, error) {
	w := f.where(scope)
	if f.After.ID != "" {
		w.And("(d.due, d.id) > (?, ?)", f.After.Due, f.After.ID)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanDeliveryRow, `SELECT d.id, d.case_id, c.number, c.item, c.applicant, d.area, d.carrier, d.waybill, d.made_by, d.note, c.state,
		d.mode, d.state, d.due, d.posted_at, d.ended_at, d.attempts, d.sample
		FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id `+w.SQL()+w.Bind(` ORDER BY d.due, d.id LIMIT ?`, f.Limit), w.Args...)
}

func scanDeliveryRow(s db.Scanner) (r DeliveryRow, err error) {
	var posted, ended int64
	err = s.Scan(&r.ID, &r.CaseID, &r.CaseNumber, &r.Item, &r.Applicant, &r.Area, &r.Carrier, &r.Waybill, &r.MadeBy, &r.Note, &r.Outcome,
		&r.Mode, &r.State, &r.Due, &posted, &ended, &r.Attempts, &r.Sample)
	r.PostedAt, r.EndedAt = kernel.FromMicros(posted), kernel.FromMicros(ended)
	return r, err
}

func countDeliveries(ctx context.Context, q db.Q, scope auth.Scope, f DeliveryFilter) (int64, error) {
	w := f.where(scope)
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id `+
		w.SQL()+w.Bind(` LIMIT ?`, TotalCap+1)+`) t`, w.Args...)
}

// electronicReady lists the cases whose electronic delivery waits only for
// this: every paper of the case is sealed.
func electronicReady(ctx context.Context, q db.Q, limit int) ([]string, error) {
	return db.Column[string](ctx, q, `SELECT d.case_id FROM licensing_deliveries d WHERE d.ended_at = 0 AND d.mode = 'electronic'
		AND NOT EXISTS (SELECT 1 FROM licensing_papers p WHERE p.case_id = d.case_id AND p.state <> 'sealed')
		ORDER BY d.id LIMIT $1`, limit)
}
