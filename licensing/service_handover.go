package licensing

import (
	"context"
	"slices"
	"strconv"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/settings"
	"anlan/internal/worklist"
)

// AcknowledgeWithin is the setting of how many working days the supervising
// office has to acknowledge a decision it was told of (审管联动).
var AcknowledgeWithin = settings.Key[int]{Name: "licensing.handover.acknowledge_within", Default: 3,
	Title: kernel.Text{ZH: "监管部门签收许可结果的期限（工作日）", EN: "Working days for the supervising office to acknowledge a decision"},
	Check: func(n int) error {
		if n < 1 || n > 30 {
			var c kernel.Check
			c.Add("value", "range", strconv.Itoa(n), "min", 1, "max", 30)
			return c.Err()
		}
		return nil
	}}

const (
	todoHandover = "licensing.handover"          // the supervising office: acknowledge
	todoLateHand = "licensing.handover_overdue"  // the deciding side: it was not
	todoFeedback = "licensing.handover_feedback" // the deciding side: a problem was found
)

// Handover is a decision that was told to the supervising office (审管联动).
type Handover struct {
	CaseID       string
	Number       string // 办件号
	Item         string
	Applicant    string
	Unit         string
	Area         string
	Outcome      State
	ToldAt       time.Time
	Due          kernel.Date
	Acknowledged Hand
	OverdueAt    time.Time // when the deciding side was told that it is late
	LicenceID    string
	Feedback     []Feedback
}

// Subject names the handover in to-dos.
func (h *Handover) Subject() string { return "handover:" + h.CaseID }

// Overdue reports whether the acknowledgement is late on a date.
func (h *Handover) Overdue(on kernel.Date) bool { return h.Acknowledged.ID == "" && on.After(h.Due) }

// Feedback is what the supervising office found at the holder.
type Feedback struct {
	Kind        string // "in_order", "problem", "not_operating"
	Text        string
	OfficerName string
	At          time.Time
}

// feedbackKinds are the kinds of feedback.
var feedbackKinds = [...]string{"in_order", "problem", "not_operating"}

// handoverColumns are the columns by which a scope is measured: the office
// that was told sees it, and who sees the case.
var handoverColumns = auth.Columns{Area: "h.area", Unit: "h.unit", Enterprise: "c.enterprise_id"}

const selectHandover = `SELECT h.case_id, c.number, c.item, c.applicant, h.unit, h.area, h.outcome, h.told_at, h.due, h.acknowledged_by, h.acknowledged_by_name,
	h.acknowledged_at, h.overdue_at, c.licence_id FROM licensing_handovers h JOIN licensing_cases c ON c.id = h.case_id `

func scanHandover(s db.Scanner) (*Handover, error) {
	var h Handover
	var told, ack, overdue int64
	err := s.Scan(&h.CaseID, &h.Number, &h.Item, &h.Applicant, &h.Unit, &h.Area, &h.Outcome, &told, &h.Due, &h.Acknowledged.ID, &h.Acknowledged.Name, &ack, &overdue, &h.LicenceID)
	h.ToldAt, h.Acknowledged.At, h.OverdueAt = kernel.FromMicros(told), kernel.FromMicros(ack), kernel.FromMicros(overdue)
	return &h, err
}

func getHandover(ctx context.Context, q db.Q, scope auth.Scope, caseID string) (*Handover, error) {
	var w db.Where
	w.And("h.case_id = ?", caseID)
	scope.Where(&w, handoverColumns)
	h, err := db.One(ctx, q, scanHandover, selectHandover+w.SQL(), w.Args...)
	return h, db.Found(err, "handover", caseID)
}

// tellSupervisor reacts to a decision: the supervising office is told.
func (s *Service) tellSupervisor(ctx context.Context, tx *db.Tx, e event.Event[CaseDecided]) error {
	d := e.Payload
	if d.Supervisor == "" {
		return nil
	}
	c, err := getCase(ctx, tx, auth.CityScope(), d.CaseID)
	if err != nil {
		return err
	}
	now := e.At // the office is told of it as of the decision, however late the receipt runs
	within, err := AcknowledgeWithin.At(ctx, tx, now)
	if err != nil {
		return err
	}
	cal, err := deadline.Load(ctx, tx)
	if err != nil {
		return err
	}
	due := cal.AddWorking(kernel.DateOf(now), within)
	res, err := tx.ExecContext(ctx, `INSERT INTO licensing_handovers (case_id, unit, area, outcome, told_at, due, acknowledged_by, acknowledged_by_name, acknowledged_at, overdue_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', '', 0, 0) ON CONFLICT (case_id) DO NOTHING`, c.ID, d.Supervisor, c.Area, string(d.Outcome), kernel.Micros(now), due)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 { // told already
		return err
	}
	word := map[State]kernel.Text{Granted: {ZH: "准予许可", EN: "granted"}, Denied: {ZH: "不予许可", EN: "denied"}}[d.Outcome]
	err = worklist.Open(ctx, tx, now, worklist.Item{Kind: todoHandover, Subject: "handover:" + c.ID, Unit: d.Supervisor, Area: c.Area, Room: "licensing",
		Title: kernel.Text{ZH: "审管联动签收：" + c.Applicant + "（" + word.ZH + "）", EN: "Acknowledge decision: " + c.Applicant + " (" + word.EN + ")"},
		Link:  "/licensing/handovers/" + c.ID, Due: due.End()})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: kernel.System("licensing.handover"), Action: "licensing.handover.tell", Subject: c.Subject(),
		After: map[string]any{"unit": d.Supervisor, "due": due}})
}

// Handovers lists decisions told to supervising offices, unacknowledged ones
// first, the earliest due first.
func (s *Service) Handovers(ctx context.Context, p *auth.Principal, onlyOpen bool, limit int) ([]*Handover, error) {
	if !p.Can(PermSupervise) && !p.Can(PermRead) {
		return nil, kernel.Refused("error.denied")
	}
	var w db.Where
	if onlyOpen {
		w.And("h.acknowledged_at = 0")
	}
	p.Scope.Where(&w, handoverColumns)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]*Handover, error) {
		return db.All(ctx, q, scanHandover, selectHandover+w.SQL()+w.Bind(` ORDER BY CASE WHEN h.acknowledged_at = 0 THEN 0 ELSE 1 END, h.due, h.case_id LIMIT ?`, orInt(limit, 100)), w.Args...)
	})
}

// Handover loads one with its feedback.
func (s *Service) Handover(ctx context.Context, p *auth.Principal, caseID string) (*Handover, error) {
	if !p.Can(PermSupervise) && !p.Can(PermRead) {
		return nil, kernel.Refused("error.denied")
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Handover, error) {
		h, err := getHandover(ctx, q, p.Scope, caseID)
		if err != nil {
			return nil, err
		}
		h.Feedback, err = db.All(ctx, q, func(s db.Scanner) (f Feedback, err error) {
			var at int64
			err = s.Scan(&f.Kind, &f.Text, &f.OfficerName, &at)
			f.At = kernel.FromMicros(at)
			return f, err
		}, `SELECT kind, text, officer_name, at FROM licensing_handover_feedback WHERE case_id = $1 ORDER BY id`, caseID)
		return h, err
	})
}

// onHandover runs fn on a handover in scope in one transaction.
func (s *Service) onHandover(ctx context.Context, p *auth.Principal, caseID string, fn func(ctx context.Context, tx *db.Tx, h *Handover, now time.Time) error) error {
	if err := allow(p, PermSupervise); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		h, err := getHandover(ctx, tx, p.Scope, caseID)
		if err != nil {
			return err
		}
		return fn(ctx, tx, h, s.Clock.Now())
	})
}

// Acknowledge records that the supervising office has taken note. Repeating
// it changes nothing.
func (s *Service) Acknowledge(ctx context.Context, p *auth.Principal, caseID string) error {
	return s.onHandover(ctx, p, caseID, func(ctx context.Context, tx *db.Tx, h *Handover, now time.Time) error {
		if h.Acknowledged.ID != "" {
			return nil
		}
		err := db.Changed(tx.ExecContext(ctx, `UPDATE licensing_handovers SET acknowledged_by = $1, acknowledged_by_name = $2, acknowledged_at = $3 WHERE case_id = $4 AND acknowledged_at = 0`,
			p.Actor.ID, p.Actor.Name, kernel.Micros(now), caseID))
		if err != nil {
			return err
		}
		if err := worklist.Close(ctx, tx, now, todoHandover, h.Subject()); err != nil {
			return err
		}
		if err := worklist.Close(ctx, tx, now, todoLateHand, h.Subject()); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.handover.acknowledge", Subject: "case:" + caseID})
	})
}

// GiveFeedback sends back what the supervising office found at the holder; a
// problem becomes a to-do of the deciding side.
func (s *Service) GiveFeedback(ctx context.Context, p *auth.Principal, caseID, kind, text string) error {
	var c kernel.Check
	if !slices.Contains(feedbackKinds[:], kind) {
		c.Add("kind", "one_of", kind)
	}
	c.Text("text", text, 2000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.onHandover(ctx, p, caseID, func(ctx context.Context, tx *db.Tx, h *Handover, now time.Time) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO licensing_handover_feedback (id, case_id, kind, text, officer, officer_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			kernel.NewID(now), caseID, kind, text, p.Actor.ID, p.Actor.Name, kernel.Micros(now))
		if err != nil {
			return err
		}
		if kind != "in_order" {
			err := worklist.Open(ctx, tx, now, worklist.Item{Kind: todoFeedback, Subject: h.Subject(), Role: RoleApprover, Area: h.Area, Room: "licensing",
				Title: kernel.Text{ZH: "监管反馈：" + h.Applicant + " " + h.Number, EN: "Feedback of supervision: " + h.Applicant + " " + h.Number}, Link: "/licensing/handovers/" + caseID})
			if err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.handover.feedback", Subject: "case:" + caseID, After: map[string]string{"kind": kind}})
	})
}

// CloseFeedback takes the to-do about a feedback off the list: the deciding
// side has dealt with it.
func (s *Service) CloseFeedback(ctx context.Context, p *auth.Principal, caseID, note string) error {
	var c kernel.Check
	c.Text("note", note, 500)
	if err := c.Err(); err != nil {
		return err
	}
	_, err := s.act(ctx, doing{by: p, needs: PermApprove, caseID: caseID, name: "feedback_closed", note: note, hidden: true}, func(ctx context.Context, sc *scene) error {
		return worklist.Close(ctx, sc.tx, sc.now, todoFeedback, "handover:"+caseID)
	})
	return err
}

// ChaseHandovers tells the deciding side of acknowledgements that are late,
// once each. A daily job calls it.
func (s *Service) ChaseHandovers(ctx context.Context) error {
	now := s.Clock.Now()
	late, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]*Handover, error) {
		return db.All(ctx, q, scanHandover, selectHandover+`WHERE h.acknowledged_at = 0 AND h.overdue_at = 0 AND h.due < $1 ORDER BY h.due, h.case_id LIMIT 1000`, kernel.DateOf(now))
	})
	if err != nil {
		return err
	}
	for _, h := range late {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			err := db.Changed(tx.ExecContext(ctx, `UPDATE licensing_handovers SET overdue_at = $1 WHERE case_id = $2 AND acknowledged_at = 0 AND overdue_at = 0`, kernel.Micros(now), h.CaseID))
			if err != nil {
				return err
			}
			return worklist.Open(ctx, tx, now, worklist.Item{Kind: todoLateHand, Subject: h.Subject(), Role: RoleApprover, Area: h.Area, Room: "licensing",
				Title: kernel.Text{ZH: "监管部门逾期未签收：" + h.Applicant + " " + h.Number, EN: "Not acknowledged in time: " + h.Applicant + " " + h.Number}, Link: "/licensing/handovers/" + h.CaseID})
		})
		if err != nil && kernel.KindOf(err) != kernel.Conflict {
			return err
		}
	}
	return nil
}
