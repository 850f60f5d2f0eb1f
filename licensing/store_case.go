package licensing

import (
	"context"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// caseColumns are the columns by which a scope is measured. A case filed for
// an enterprise is the enterprise's: whoever filed it as its agent sees it
// while the letter of authority covers the item, and not for having filed it.
var caseColumns = auth.Columns{Area: "c.area", Enterprise: "c.enterprise_id", Account: "c.enterprise_id = '' AND c.account", Unit: "c.authority", Item: "c.item"}

const selectCase = `SELECT c.id, c.number, c.item, c.rule_version, c.state, c.step, c.area, c.authority, c.supervisor,
	c.account, c.enterprise_id, c.applicant, c.applicant_kind, c.key_id, c.form, c.delivery, c.phone_hash, c.delivery_mode, c.licence_id,
	c.promise, c.handler, c.handler_name, c.receipt_on, c.accepted_on, c.decided_on, c.due, c.promised_due, c.paused,
	c.correction_sent, c.submitted_at, c.closed_at, c.created_at, c.updated_at, c.version, c.sample FROM licensing_cases c `

// openEnd stands in the column for "no due day": the limit is paused, or has
// not begun. It sorts behind every day.
var openEnd = kernel.MustDate("9999-12-31")

func dueColumn(d kernel.Date) kernel.Date {
	if d.IsZero() {
		return openEnd
	}
	return d
}

func dueOf(column kernel.Date) kernel.Date {
	if column == openEnd {
		return kernel.Date{}
	}
	return column
}

func scanCase(s db.Scanner) (*Case, error) {
	var c Case
	var submitted, closed, created, updated int64
	err := s.Scan(&c.ID, &c.Number, &c.Item, &c.RuleVersion, &c.State, &c.Step, &c.Area, &c.Authority, &c.Supervisor,
		&c.Account, &c.EnterpriseID, &c.Applicant, &c.ApplicantKind, &c.KeyID, &c.Form, &c.Delivery, &c.PhoneHash, &c.DeliveryMode, &c.LicenceID,
		&c.Promise, &c.Handler, &c.HandlerName, &c.ReceiptOn, &c.AcceptedOn, &c.DecidedOn, &c.Due, &c.PromisedDue, &c.Paused,
		&c.CorrectionSent, &submitted, &closed, &created, &updated, &c.Version, &c.Sample)
	c.Due = dueOf(c.Due)
	c.SubmittedAt, c.ClosedAt = kernel.FromMicros(submitted), kernel.FromMicros(closed)
	c.CreatedAt, c.UpdatedAt = kernel.FromMicros(created), kernel.FromMicros(updated)
	return &c, err
}

// getCase loads a case that the scope may see; else it does not exist.
func getCase(ctx context.Context, q db.Q, scope auth.Scope, id string) (*Case, error) {
	var w db.Where
	w.And("c.id = ?", id)
	scope.Where(&w, caseColumns)
	c, err := db.One(ctx, q, scanCase, selectCase+w.SQL(), w.Args...)
	return c, db.Found(err, "case", id)
}

func getCaseByNumber(ctx context.Context, q db.Q, number string) (*Case, error) {
	c, err := db.One(ctx, q, scanCase, selectCase+`WHERE c.number = $1 AND c.number <> ''`, number)
	return c, db.Found(err, "case", number)
}

func insertCase(ctx context.Context, tx *db.Tx, c *Case) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_cases (id, number, item, rule_version, state, step, area, authority, supervisor,
		account, enterprise_id, applicant, applicant_kind, key_id, form, delivery, phone_hash, delivery_mode, licence_id,
		promise, handler, handler_name, receipt_on, accepted_on, decided_on, due, promised_due, paused,
		correction_sent, submitted_at, closed_at, created_at, updated_at, version, sample)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)`,
		c.ID, c.Number, c.Item, c.RuleVersion, string(c.State), string(c.Step), c.Area, c.Authority, c.Supervisor,
		c.Account, c.EnterpriseID, c.Applicant, c.ApplicantKind, c.KeyID, c.Form, c.Delivery, c.PhoneHash, string(c.DeliveryMode), c.LicenceID,
		c.Promise, c.Handler, c.HandlerName, c.ReceiptOn, c.AcceptedOn, c.DecidedOn, dueColumn(c.Due), c.PromisedDue, c.Paused,
		c.CorrectionSent, kernel.Micros(c.SubmittedAt), kernel.Micros(c.ClosedAt), kernel.Micros(c.CreatedAt), kernel.Micros(c.UpdatedAt), c.Version, c.Sample)
	return err
}

// saveCase writes the case if nobody has written it since it was read.
func saveCase(ctx context.Context, tx *db.Tx, c *Case, now time.Time) error {
	res, err := tx.ExecContext(ctx, `UPDATE licensing_cases SET number = $1, rule_version = $2, state = $3, step = $4, area = $5, authority = $6,
		supervisor = $7, applicant = $8, key_id = $9, form = $10, delivery = $11, phone_hash = $12, delivery_mode = $13, licence_id = $14, promise = $15,
		handler = $16, handler_name = $17, receipt_on = $18, accepted_on = $19, decided_on = $20, due = $21, promised_due = $22, paused = $23,
		correction_sent = $24, submitted_at = $25, closed_at = $26, updated_at = $27, version = version + 1
		WHERE id = $28 AND version = $29`,
		c.Number, c.RuleVersion, string(c.State), string(c.Step), c.Area, c.Authority,
		c.Supervisor, c.Applicant, c.KeyID, c.Form, c.Delivery, c.PhoneHash, string(c.DeliveryMode), c.LicenceID, c.Promise,
		c.Handler, c.HandlerName, c.ReceiptOn, c.AcceptedOn, c.DecidedOn, dueColumn(c.Due), c.PromisedDue, c.Paused,
		c.CorrectionSent, kernel.Micros(c.SubmittedAt), kernel.Micros(c.ClosedAt), kernel.Micros(now), c.ID, c.Version)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	c.Version++
	c.UpdatedAt = now
	return nil
}

// CaseFilter chooses cases for a list; empty fields do not filter.
type CaseFilter struct {
	Step      Step
	Steps     []string // any of these
	State     State
	Area      string // one district or zone
	Item      string
	Handler   string // account id; "-" means unclaimed
	Number    string // exact
	Applicant string // prefix of the name
	DueFrom   kernel.Date
	DueBefore kernel.Date
	Paused    bool   // only those whose clock stands still
	Undecided bool   // only those whose clock still runs
	Open      bool   // not yet closed
	Account   string // the applicant's own
	After     Cursor // last row of the page before
	Limit     int    // 0: 50
}

// Cursor is the place after which the next page begins.
type Cursor struct {
	Due string // sort key as stored, "" sorts first
	ID  string
}

// CaseRow is a line of the queue.
type CaseRow struct {
	ID, Number, Item, Applicant, Area string
	Handler, HandlerName              string
	State                             State
	Step                              Step
	Due, PromisedDue, DecidedOn       kernel.Date
	Left                              int // working days until Due, negative when it has passed; 0 without one
	Paused                            bool
	SubmittedAt                       time.Time
	Sample                            bool
}

// Next is the cursor of a page that ends with this row.
func (r CaseRow) Next() Cursor { return Cursor{Due: dueColumn(r.Due).String(), ID: r.ID} }

// TotalCap bounds how far a list counts: beyond it the total is "more than".
const TotalCap = 10000

func (f CaseFilter) where(scope auth.Scope) db.Where {
	var w db.Where
	add := func(on bool, piece string, arg any) {
		if on {
			w.And(piece, arg)
		}
	}
	if f.Open {
		w.And("c.closed_at = 0")
	}
	add(f.Step != "", "c.step = ?", string(f.Step))
	if len(f.Steps) > 0 {
		w.In("c.step", f.Steps)
	}
	add(f.State != "", "c.state = ?", string(f.State))
	add(f.Area != "", "c.area = ?", f.Area)
	add(f.Item != "", "c.item = ?", f.Item)
	add(f.Number != "", "c.number = ?", f.Number)
	add(f.Account != "", "c.account = ?", f.Account)
	add(!f.DueBefore.IsZero(), "c.due < ?", f.DueBefore)
	add(!f.DueFrom.IsZero(), "c.due >= ?", f.DueFrom)
	if f.Undecided {
		w.And("c.decided_on = ''")
	}
	if f.Paused {
		w.And("c.paused = TRUE")
	}
	switch f.Handler {
	case "":
	case "-":
		w.And("c.handler = ''")
	default:
		w.And("c.handler = ? AND c.handler <> ''", f.Handler) // the second half names the index
	}
	if f.Applicant != "" {
		w.And("substr(c.applicant, 1, ?) = ?", len([]rune(f.Applicant)), f.Applicant)
	}
	if scope.Officer { // drafts belong to their applicants alone
		w.And("c.state <> 'draft'")
	}
	scope.Where(&w, caseColumns)
	return w
}

// listCases returns a page sorted by due day, and the total up to TotalCap.
func listCases(ctx context.Context, q db.Q, scope auth.Scope, f CaseFilter) ([]CaseRow, error) {
	w := f.where(scope)
	if f.After.ID != "" {
		w.And("(c.due, c.id) > (?, ?)", f.After.Due, f.After.ID)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanCaseRow, selectCaseRow+w.SQL()+w.Bind(` ORDER BY c.due, c.id LIMIT ?`, f.Limit), w.Args...)
}

const selectCaseRow = `SELECT c.id, c.number, c.item, c.applicant, c.area, c.handler, c.handler_name, c.state, c.step, c.due, c.promised_due, c.decided_on, c.paused, c.submitted_at, c.sample FROM licensing_cases c `

func scanCaseRow(s db.Scanner) (CaseRow, error) {
	var r CaseRow
	var submitted int64
	err := s.Scan(&r.ID, &r.Number, &r.Item, &r.Applicant, &r.Area, &r.Handler, &r.HandlerName, &r.State, &r.Step, &r.Due, &r.PromisedDue, &r.DecidedOn, &r.Paused, &submitted, &r.Sample)
	r.Due, r.SubmittedAt = dueOf(r.Due), kernel.FromMicros(submitted)
	return r, err
}

func countCases(ctx context.Context, q db.Q, scope auth.Scope, f CaseFilter) (int64, error) {
	w := f.where(scope)
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_cases c `+w.SQL()+w.Bind(` LIMIT ?`, TotalCap+1)+`) t`, w.Args...)
}

// insertLog adds a line to the case's story.
func insertLog(ctx context.Context, tx *db.Tx, now time.Time, caseID string, actor kernel.Actor, act, note string, open bool) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_case_log (id, case_id, at, actor, actor_name, act, note, open_to_applicant) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		kernel.NewID(now), caseID, kernel.Micros(now), actor.ID, actor.Name, act, note, open)
	return err
}

// LogLine is one line of the case's story.
type LogLine struct {
	At        time.Time `json:"at"`
	ActorName string    `json:"-"`
	Act       string    `json:"act"`
	Note      string    `json:"note,omitempty"`
	Open      bool      `json:"-"` // shown to the applicant
}

func listLog(ctx context.Context, q db.Q, caseID string, onlyOpen bool) ([]LogLine, error) {
	query := `SELECT at, actor_name, act, note, open_to_applicant FROM licensing_case_log WHERE case_id = $1 `
	if onlyOpen {
		query += `AND open_to_applicant = TRUE `
	}
	return db.All(ctx, q, func(s db.Scanner) (l LogLine, err error) {
		var at int64
		err = s.Scan(&at, &l.ActorName, &l.Act, &l.Note, &l.Open)
		l.At = kernel.FromMicros(at)
		return l, err
	}, query+`ORDER BY id`, caseID)
}
