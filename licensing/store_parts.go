package licensing

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// File is an uploaded material of a case.
type File struct {
	ID         string
	CaseID     string
	Material   string // id of the material in the rule version
	Name       string
	Hash       string
	Size       int64
	Type       string
	State      string // "current", "replaced"
	UploadedAt time.Time
	UploadedBy string
}

func scanFile(s db.Scanner) (File, error) {
	var f File
	var at int64
	err := s.Scan(&f.ID, &f.CaseID, &f.Material, &f.Name, &f.Hash, &f.Size, &f.Type, &f.State, &at, &f.UploadedBy)
	f.UploadedAt = kernel.FromMicros(at)
	return f, err
}

const selectFile = `SELECT id, case_id, material, name, hash, size, type, state, uploaded_at, uploaded_by FROM licensing_files `

func listFiles(ctx context.Context, q db.Q, caseID string) ([]File, error) {
	return db.All(ctx, q, scanFile, selectFile+`WHERE case_id = $1 ORDER BY id`, caseID)
}

func getFile(ctx context.Context, q db.Q, caseID, id string) (File, error) {
	f, err := db.One(ctx, q, scanFile, selectFile+`WHERE case_id = $1 AND id = $2`, caseID, id)
	return f, db.Found(err, "file", id)
}

func insertFile(ctx context.Context, tx *db.Tx, f File) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_files (id, case_id, material, name, hash, size, type, state, uploaded_at, uploaded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.ID, f.CaseID, f.Material, f.Name, f.Hash, f.Size, f.Type, f.State, kernel.Micros(f.UploadedAt), f.UploadedBy)
	return err
}

// addClock appends what the clocks count.
func addClock(ctx context.Context, tx *db.Tx, caseID string, e deadline.Event, actor kernel.Actor, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_clock_events (case_id, seq, kind, on_date, cause, days, actor, at)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM licensing_clock_events WHERE case_id = $1), $2, $3, $4, $5, $6, $7)`,
		caseID, string(e.Kind), e.On, e.Cause, e.N, actor.ID, kernel.Micros(now))
	return err
}

func listClock(ctx context.Context, q db.Q, caseID string) ([]deadline.Event, error) {
	return db.All(ctx, q, func(s db.Scanner) (e deadline.Event, err error) {
		return e, s.Scan(&e.Kind, &e.On, &e.Cause, &e.N)
	}, `SELECT kind, on_date, cause, days FROM licensing_clock_events WHERE case_id = $1 ORDER BY seq`, caseID)
}

// CorrectionItem is one fault of the correction notice.
type CorrectionItem struct {
	Seq        int64
	Target     string // "material:ID" or "field:PATH"
	Fault      string
	Remedy     string
	Answer     string
	AnsweredAt time.Time
}

func listCorrections(ctx context.Context, q db.Q, caseID string) ([]CorrectionItem, error) {
	return db.All(ctx, q, func(s db.Scanner) (i CorrectionItem, err error) {
		var at int64
		err = s.Scan(&i.Seq, &i.Target, &i.Fault, &i.Remedy, &i.Answer, &at)
		i.AnsweredAt = kernel.FromMicros(at)
		return i, err
	}, `SELECT seq, target, fault, remedy, answer, answered_at FROM licensing_correction_items WHERE case_id = $1 ORDER BY seq`, caseID)
}

func insertCorrection(ctx context.Context, tx *db.Tx, caseID string, i CorrectionItem) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_correction_items (case_id, seq, target, fault, remedy, answer, answered_at) VALUES ($1, $2, $3, $4, $5, '', 0)`,
		caseID, i.Seq, i.Target, i.Fault, i.Remedy)
	return err
}

func answerCorrection(ctx context.Context, tx *db.Tx, caseID string, seq int64, answer string, now time.Time) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_correction_items SET answer = $1, answered_at = $2 WHERE case_id = $3 AND seq = $4`,
		answer, kernel.Micros(now), caseID, seq))
}

func insertOpinion(ctx context.Context, tx *db.Tx, caseID string, o Opinion) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_opinions (id, case_id, step, officer, officer_for, officer_name, verdict, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		o.ID, caseID, string(o.Step), o.Officer, o.OfficerFor, o.OfficerName, o.Verdict, o.Text, kernel.Micros(o.At))
	return err
}

func listOpinions(ctx context.Context, q db.Q, caseID string) ([]Opinion, error) {
	return db.All(ctx, q, func(s db.Scanner) (o Opinion, err error) {
		var at int64
		err = s.Scan(&o.ID, &o.Step, &o.Officer, &o.OfficerFor, &o.OfficerName, &o.Verdict, &o.Text, &at)
		o.At = kernel.FromMicros(at)
		return o, err
	}, `SELECT id, step, officer, officer_for, officer_name, verdict, text, at FROM licensing_opinions WHERE case_id = $1 ORDER BY id`, caseID)
}

// Check is a verification on the spot by two officers, on site or by video.
type Check struct {
	ID                                     string
	CaseID                                 string
	Mode                                   string // "site", "video"
	PlannedOn                              kernel.Date
	OfficerA, OfficerAName                 string
	OfficerB, OfficerBName                 string
	Record                                 string
	Result                                 string // "pass", "fail"
	ConfirmedA, ConfirmedB, ConfirmedByApp time.Time
	Refusal                                string    // why the applicant did not sign
	RefusalBy                              string    // the officer who noted it
	RefusedAt                              time.Time // when the other officer confirmed it
	State                                  string    // "planned", "recorded", "confirmed"
	CreatedAt                              time.Time
}

const selectCheck = `SELECT id, case_id, mode, planned_on, officer_a, officer_a_name, officer_b, officer_b_name, record, result,
	confirmed_a, confirmed_b, confirmed_applicant, refusal, refusal_by, refused_at, state, created_at FROM licensing_checks `

func scanCheck(s db.Scanner) (Check, error) {
	var c Check
	var a, b, app, refused, created int64
	err := s.Scan(&c.ID, &c.CaseID, &c.Mode, &c.PlannedOn, &c.OfficerA, &c.OfficerAName, &c.OfficerB, &c.OfficerBName, &c.Record, &c.Result,
		&a, &b, &app, &c.Refusal, &c.RefusalBy, &refused, &c.State, &created)
	c.ConfirmedA, c.ConfirmedB, c.ConfirmedByApp = kernel.FromMicros(a), kernel.FromMicros(b), kernel.FromMicros(app)
	c.RefusedAt, c.CreatedAt = kernel.FromMicros(refused), kernel.FromMicros(created)
	return c, err
}

func listChecks(ctx context.Context, q db.Q, caseID string) ([]Check, error) {
	return db.All(ctx, q, scanCheck, selectCheck+`WHERE case_id = $1 ORDER BY id`, caseID)
}

func getCheck(ctx context.Context, q db.Q, caseID, id string) (Check, error) {
	c, err := db.One(ctx, q, scanCheck, selectCheck+`WHERE case_id = $1 AND id = $2`, caseID, id)
	return c, db.Found(err, "check", id)
}

func insertCheck(ctx context.Context, tx *db.Tx, c Check) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_checks (id, case_id, mode, planned_on, officer_a, officer_a_name, officer_b, officer_b_name, record, result,
		confirmed_a, confirmed_b, confirmed_applicant, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 0, 0, 0, $9, $10)`,
		c.ID, c.CaseID, c.Mode, c.PlannedOn, c.OfficerA, c.OfficerAName, c.OfficerB, c.OfficerBName, c.State, kernel.Micros(c.CreatedAt))
	return err
}

// movePlan changes the day, the kind and the officers of a check.
func movePlan(ctx context.Context, tx *db.Tx, c Check) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_checks SET mode = $1, planned_on = $2, officer_a = $3, officer_a_name = $4, officer_b = $5, officer_b_name = $6
		WHERE id = $7 AND state = 'planned'`, c.Mode, c.PlannedOn, c.OfficerA, c.OfficerAName, c.OfficerB, c.OfficerBName, c.ID))
}

func saveCheck(ctx context.Context, tx *db.Tx, c Check) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_checks SET record = $1, result = $2, confirmed_a = $3, confirmed_b = $4, confirmed_applicant = $5,
		refusal = $6, refusal_by = $7, refused_at = $8, state = $9 WHERE id = $10`,
		c.Record, c.Result, kernel.Micros(c.ConfirmedA), kernel.Micros(c.ConfirmedB), kernel.Micros(c.ConfirmedByApp),
		c.Refusal, c.RefusalBy, kernel.Micros(c.RefusedAt), c.State, c.ID))
}

// Promise is what an applicant signed: to bring missing minor items by a day
// ("deficit", 容缺受理), or to fulfil the conditions, verified later ("pledge",
// 告知承诺).
type Promise struct {
	ID       string
	CaseID   string
	Kind     string
	Items    []string // material ids, or conditions in words
	Due      kernel.Date
	SignedAt time.Time
	SignedBy string
	State    string // "open", "met", "failed"
	ClosedAt time.Time
	ClosedBy string
	Note     string
}

func scanPromise(s db.Scanner) (Promise, error) {
	var p Promise
	var items string
	var signed, closed int64
	err := s.Scan(&p.ID, &p.CaseID, &p.Kind, &items, &p.Due, &signed, &p.SignedBy, &p.State, &closed, &p.ClosedBy, &p.Note)
	p.SignedAt, p.ClosedAt = kernel.FromMicros(signed), kernel.FromMicros(closed)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(items), &p.Items)
}

const selectPromise = `SELECT id, case_id, kind, items, due, signed_at, signed_by, state, closed_at, closed_by, note FROM licensing_promises `

func listPromises(ctx context.Context, q db.Q, caseID string) ([]Promise, error) {
	return db.All(ctx, q, scanPromise, selectPromise+`WHERE case_id = $1 ORDER BY id`, caseID)
}

func insertPromise(ctx context.Context, tx *db.Tx, p Promise) error {
	items, err := json.Marshal(p.Items)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO licensing_promises (id, case_id, kind, items, due, signed_at, signed_by, state, closed_at, closed_by, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', 0, '', '')`, p.ID, p.CaseID, p.Kind, string(items), p.Due, kernel.Micros(p.SignedAt), p.SignedBy)
	return err
}

func closePromise(ctx context.Context, tx *db.Tx, id, state, note string, by kernel.Actor, now time.Time) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_promises SET state = $1, closed_at = $2, closed_by = $3, note = $4 WHERE id = $5 AND state = 'open'`,
		state, kernel.Micros(now), by.ID, note, id))
}

// Request is something a second person must approve: more time (art. 42).
type Request struct {
	ID                     string
	Kind                   string // "extend"
	Days                   int
	Reason                 string
	AskedBy, AskedByName   string
	AskedAt                time.Time
	State                  string // "open", "granted", "refused"
	AnsweredByName, Answer string
	AnsweredAt             time.Time
}

func listRequests(ctx context.Context, q db.Q, caseID string) ([]Request, error) {
	return db.All(ctx, q, func(s db.Scanner) (r Request, err error) {
		var asked, answered int64
		err = s.Scan(&r.ID, &r.Kind, &r.Days, &r.Reason, &r.AskedBy, &r.AskedByName, &asked, &r.State, &r.AnsweredByName, &answered, &r.Answer)
		r.AskedAt, r.AnsweredAt = kernel.FromMicros(asked), kernel.FromMicros(answered)
		return r, err
	}, `SELECT id, kind, days, reason, asked_by, asked_by_name, asked_at, state, answered_by_name, answered_at, answer FROM licensing_requests WHERE case_id = $1 ORDER BY id`, caseID)
}

func insertRequest(ctx context.Context, tx *db.Tx, caseID string, r Request) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_requests (id, case_id, kind, days, reason, asked_by, asked_by_name, asked_at, state, answered_by, answered_by_name, answered_at, answer)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '', '', 0, '')`, r.ID, caseID, r.Kind, r.Days, r.Reason, r.AskedBy, r.AskedByName, kernel.Micros(r.AskedAt))
	return err
}

func answerRequest(ctx context.Context, tx *db.Tx, id, state, answer string, by kernel.Actor, now time.Time) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_requests SET state = $1, answered_by = $2, answered_by_name = $3, answered_at = $4, answer = $5 WHERE id = $6 AND state = 'open'`,
		state, by.ID, by.Name, kernel.Micros(now), answer, id))
}

// Decision is how a case ended in substance.
type Decision struct {
	CaseID          string
	Outcome         State
	Number          string // 文号
	Grounds         string
	Remedies        Remedies
	DecidedBy       string
	DecidedByName   string
	CountersignedBy string
	DecidedAt       time.Time
	PublishBy       kernel.Date // 双公示: 7 working days
}

func insertDecision(ctx context.Context, tx *db.Tx, d Decision) error {
	remedies, err := json.Marshal(d.Remedies)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO licensing_decisions (case_id, outcome, number, grounds, remedies, decided_by, decided_by_name, countersigned_by, decided_at, publish_by, published_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`, d.CaseID, string(d.Outcome), d.Number, d.Grounds, string(remedies), d.DecidedBy, d.DecidedByName, d.CountersignedBy, kernel.Micros(d.DecidedAt), d.PublishBy)
	return err
}

// getDecision returns the decision of a case, nil while there is none.
func getDecision(ctx context.Context, q db.Q, caseID string) (*Decision, error) {
	all, err := db.All(ctx, q, func(s db.Scanner) (d Decision, err error) {
		var at int64
		var remedies string
		if err = s.Scan(&d.CaseID, &d.Outcome, &d.Number, &d.Grounds, &remedies, &d.DecidedBy, &d.DecidedByName, &d.CountersignedBy, &at, &d.PublishBy); err != nil {
			return d, err
		}
		d.DecidedAt = kernel.FromMicros(at)
		return d, json.Unmarshal([]byte(remedies), &d.Remedies)
	}, `SELECT case_id, outcome, number, grounds, remedies, decided_by, decided_by_name, countersigned_by, decided_at, publish_by FROM licensing_decisions WHERE case_id = $1`, caseID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}
