package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/worklist"
	"anlan/registry"
)

// publishActor writes what the publisher does.
var publishActor = kernel.System("licensing.publish")

// todoPublish is the to-do about a decision that was not published in time.
const todoPublish = "licensing.publish"

// publishDecided reacts to a decision: a grant is published at once, well
// within its seven working days.
func (s *Service) publishDecided(ctx context.Context, tx *db.Tx, e event.Event[CaseDecided]) error {
	if e.Payload.Outcome != Granted {
		return nil
	}
	return s.publish(ctx, tx, e.Payload.CaseID, publishActor, s.Clock.Now())
}

// publish writes the public record of a granted case and hands it to the
// exchange. A second call for an unchanged case does nothing.
func (s *Service) publish(ctx context.Context, tx *db.Tx, caseID string, by kernel.Actor, now time.Time) error {
	c, err := getCase(ctx, tx, auth.CityScope(), caseID)
	if err != nil {
		return err
	}
	d, err := getDecision(ctx, tx, caseID)
	if err != nil {
		return err
	}
	if d == nil || d.Outcome != Granted {
		return c.wrongState("publish")
	}
	record, err := s.publicRecord(ctx, tx, c, d)
	if err != nil {
		return err
	}
	last, err := lastPublication(ctx, tx, caseID)
	if err != nil {
		return err
	}
	if last != nil && last.same(record) {
		return nil
	}
	record.ID, record.Seq, record.PublishedAt = kernel.NewID(now), 1, now
	if last != nil {
		record.Seq = last.Seq + 1
	}
	if err := insertPublication(ctx, tx, record); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE licensing_decisions SET published_at = $1 WHERE case_id = $2 AND published_at = 0`, kernel.Micros(now), caseID); err != nil {
		return err
	}
	if err := worklist.Close(ctx, tx, now, todoPublish, "publish:"+caseID); err != nil {
		return err
	}
	if err := s.sendPublication(ctx, tx, record, now); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: by, Action: "licensing.publish", Subject: c.Subject(), After: record})
}

// publicRecord writes a case as it may be read by anyone: names of persons and
// numbers that hold an identity number are masked, nothing else personal is
// in it.
func (s *Service) publicRecord(ctx context.Context, q db.Q, c *Case, d *Decision) (Publication, error) {
	authority := unitName(ctx, q, c.Authority)
	p := Publication{CaseID: c.ID, Area: c.Area, Item: c.Item, Due: d.PublishBy, Sample: c.Sample, Holder: c.Applicant, HolderKind: "法人及非法人组织",
		Document: paperTitle[PaperGrant], DocumentNo: d.Number, Kind: "普通", Content: s.itemTitle(c.Item).ZH, DecidedOn: c.DecidedOn,
		ValidFrom: c.DecidedOn, Authority: authority, Source: authority, Status: InEffect}
	if c.ApplicantKind == holderPerson {
		p.Holder, p.HolderKind = personal.MaskName(c.Applicant), "自然人"
	} else if e, err := registry.GetEnterprise(ctx, q, auth.CityScope(), c.EnterpriseID); err == nil {
		p.USCC, p.LegalPerson = e.USCC, e.LegalPerson
	}
	l, err := licenceOfCase(ctx, q, c.ID)
	if err != nil || l == nil {
		return p, err
	}
	v, err := s.version(ctx, q, c)
	if err != nil {
		return p, err
	}
	p.Certificate, p.Number, p.ValidFrom, p.ValidTo = s.terms(v).result().Title.ZH, l.Number, l.ValidFrom, l.End()
	if l.Scope != "" {
		p.Content = l.Scope
	}
	p.Status = publicStatus(l.State)
	return p, nil
}

func (p Publication) same(q Publication) bool {
	q.ID, q.Seq, q.PublishedAt = p.ID, p.Seq, p.PublishedAt
	q.Due = p.Due
	return p == q
}

// licenceOfCase returns the licence that a case led to, nil for none.
func licenceOfCase(ctx context.Context, q db.Q, caseID string) (*Licence, error) {
	l, err := db.One(ctx, q, scanLicence, selectLicence+`WHERE l.case_id = $1 AND l.case_id <> ''`, caseID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return l, err
}

// republish brings the public record of a licence up to its new status.
func (s *Service) republish(ctx context.Context, tx *db.Tx, l *Licence, by kernel.Actor, now time.Time) error {
	if l.CaseID == "" {
		return nil
	}
	last, err := lastPublication(ctx, tx, l.CaseID)
	if err != nil || last == nil {
		return err
	}
	return s.publish(ctx, tx, l.CaseID, by, now)
}

const selectPublication = `SELECT p.id, p.case_id, p.seq, p.area, p.item, p.due, p.record, p.published_at, p.sample FROM licensing_publications p `

func scanPublication(s db.Scanner) (p Publication, err error) {
	var id, caseID, area, item, record string
	var seq, at int64
	var due kernel.Date
	var sample bool
	if err := s.Scan(&id, &caseID, &seq, &area, &item, &due, &record, &at, &sample); err != nil {
		return p, err
	}
	err = json.Unmarshal([]byte(record), &p)
	p.ID, p.CaseID, p.Seq, p.Area, p.Item, p.Due, p.PublishedAt, p.Sample = id, caseID, seq, area, item, due, kernel.FromMicros(at), sample
	return p, err
}

func lastPublication(ctx context.Context, q db.Q, caseID string) (*Publication, error) {
	p, err := db.One(ctx, q, scanPublication, selectPublication+`WHERE p.case_id = $1 AND p.current = TRUE`, caseID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

func insertPublication(ctx context.Context, tx *db.Tx, p Publication) error {
	record, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE licensing_publications SET current = FALSE WHERE case_id = $1 AND current = TRUE`, p.CaseID); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO licensing_publications (id, case_id, seq, area, item, applicant, decided_on, due, record, published_at, current, sample)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, TRUE, $11)`,
		p.ID, p.CaseID, p.Seq, p.Area, p.Item, p.Holder, p.DecidedOn, p.Due, string(record), kernel.Micros(p.PublishedAt), p.Sample)
	return err
}

// PublicFilter chooses public decisions; empty fields do not filter.
type PublicFilter struct {
	Area   string
	Item   string
	Holder string // part of the name as published
	From   kernel.Date
	To     kernel.Date
	Before PublicCursor // last row of the page before
	Limit  int          // 0: 50, at most 1000
}

// PublicCursor is the place after which the next page begins.
type PublicCursor struct {
	DecidedOn string
	ID        string
}

// Next is the cursor of a page that ends with this row.
func (p Publication) Next() PublicCursor { return PublicCursor{p.DecidedOn.String(), p.ID} }

// PublicDecisions lists what is published, the newest decision first. Anyone
// may ask.
func (s *Service) PublicDecisions(ctx context.Context, f PublicFilter) ([]Publication, error) {
	f.Limit = min(orInt(f.Limit, 50), 1000)
	var w db.Where
	w.And("p.current = TRUE")
	add := func(on bool, piece string, args ...any) {
		if on {
			w.And(piece, args...)
		}
	}
	add(f.Area != "", "p.area = ?", f.Area)
	add(f.Item != "", "p.item = ?", f.Item)
	add(f.Holder != "", `p.applicant LIKE ? ESCAPE '!'`, "%"+escapeLike(f.Holder)+"%")
	add(!f.From.IsZero(), "p.decided_on >= ?", f.From)
	add(!f.To.IsZero(), "p.decided_on <= ?", f.To)
	add(f.Before.ID != "", "(p.decided_on, p.id) < (?, ?)", f.Before.DecidedOn, f.Before.ID)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Publication, error) {
		return db.All(ctx, q, scanPublication, selectPublication+w.SQL()+w.Bind(` ORDER BY p.decided_on DESC, p.id DESC LIMIT ?`, f.Limit), w.Args...)
	})
}

// Unpublished is a grant that is not public yet.
type Unpublished struct {
	CaseID    string
	Number    string
	Area      string
	Applicant string
	Due       kernel.Date
}

// PublishOverdue publishes grants that no event published, and puts those
// that still cannot be on the worklist before their seven working days are
// over. A daily job calls it.
func (s *Service) PublishOverdue(ctx context.Context) error {
	today := kernel.DateOf(s.Clock.Now())
	late, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Unpublished, error) {
		return db.All(ctx, q, func(s db.Scanner) (u Unpublished, err error) {
			return u, s.Scan(&u.CaseID, &u.Number, &u.Area, &u.Applicant, &u.Due)
		}, `SELECT c.id, c.number, c.area, c.applicant, d.publish_by FROM licensing_decisions d JOIN licensing_cases c ON c.id = d.case_id
			WHERE d.published_at = 0 AND d.outcome = 'granted' AND d.publish_by <= $1 ORDER BY d.publish_by, c.id LIMIT 1000`, today.AddDays(4))
	})
	if err != nil {
		return err
	}
	for _, u := range late {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.publish(ctx, tx, u.CaseID, publishActor, s.Clock.Now())
		})
		if err == nil {
			continue
		}
		s.Log.Error("decision not published", "case", u.CaseID, "error", err)
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return openPublishTodo(ctx, tx, u, s.Clock.Now()) }); err != nil {
			return fmt.Errorf("to-do about publishing case %s: %w", u.CaseID, err)
		}
	}
	return nil
}

func openPublishTodo(ctx context.Context, tx *db.Tx, u Unpublished, now time.Time) error {
	return worklist.Open(ctx, tx, now, worklist.Item{Kind: todoPublish, Subject: "publish:" + u.CaseID, Role: RoleArchive, Area: u.Area, Room: "licensing",
		Title: kernel.Text{ZH: "双公示未完成：" + u.Applicant + " " + u.Number, EN: "Decision not published: " + u.Applicant + " " + u.Number},
		Link:  "/licensing/cases/" + u.CaseID, Due: u.Due.End()})
}

// escapeLike makes a text match itself in a LIKE pattern with '!' as escape.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}
