package licensing

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// helpLife is how long a help code lets one clerk look.
const helpLife = 30 * time.Minute

// HelpCode is what an applicant reads out on the telephone.
type HelpCode struct {
	Code  string // eight digits
	Until time.Time
}

// AskHelp makes a code for a case of the applicant's; earlier codes of the case
// end. Whoever hears it can see the case, and nothing more.
func (s *Service) AskHelp(ctx context.Context, p *auth.Principal, caseID string) (HelpCode, error) {
	if err := allow(p, PermApply); err != nil {
		return HelpCode{}, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return HelpCode{}, err
	}
	now := s.Clock.Now()
	out := HelpCode{Code: fmt.Sprintf("%08d", n), Until: now.Add(helpLife)}
	return out, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := getCase(ctx, tx, p.Scope, caseID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE licensing_help_codes SET until = $1 WHERE case_id = $2 AND until > $1`, kernel.Micros(now), c.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO licensing_help_codes (code_hash, case_id, until, used_by, used_at) VALUES ($1, $2, $3, '', 0)
			ON CONFLICT (code_hash) DO UPDATE SET case_id = excluded.case_id, until = excluded.until, used_by = '', used_at = 0`,
			s.Vault.Hash("help_code", out.Code), c.ID, kernel.Micros(out.Until))
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.help.ask", Subject: c.Subject()})
	})
}

// OpenHelp lets the clerk who was told a code see its case until the code
// ends; the applicant reads in the story that somebody looked. A code that was
// never given, has ended or was used by another clerk is the same fault.
func (s *Service) OpenHelp(ctx context.Context, p *auth.Principal, code string) (caseID string, err error) {
	if err := allow(p, PermAssist); err != nil {
		return "", err
	}
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	now, hash := s.Clock.Now(), s.Vault.Hash("help_code", code)
	return caseID, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := db.Column[string](ctx, tx, `SELECT case_id FROM licensing_help_codes WHERE code_hash = $1 AND until > $2 AND (used_by = '' OR used_by = $3)`, hash, kernel.Micros(now), p.Actor.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return kernel.Bad("code", "licensing.rule.help_code", "")
		}
		caseID = found[0]
		if _, err := tx.ExecContext(ctx, `UPDATE licensing_help_codes SET used_by = $1, used_at = $2 WHERE code_hash = $3`, p.Actor.ID, kernel.Micros(now), hash); err != nil {
			return err
		}
		if err := insertLog(ctx, tx, now, caseID, p.Actor, "assist_open", "", true); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.help.open", Subject: "case:" + caseID})
	})
}

// Assisted is a case as the clerk on the telephone sees it.
type Assisted struct {
	*CaseView
	Until   time.Time
	Missing []kernel.FieldError // what still stands in the way of submitting a draft
}

// Assisted loads a case that a code opened for this clerk. Drafts are shown
// too: that is where help is needed.
func (s *Service) Assisted(ctx context.Context, p *auth.Principal, caseID string) (*Assisted, error) {
	if err := allow(p, PermAssist); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Assisted, error) {
		c, until, err := s.assistedCase(ctx, q, p, caseID)
		if err != nil {
			return nil, err
		}
		a := &Assisted{Until: until}
		if a.CaseView, err = s.viewCase(ctx, q, c, false); err != nil {
			return nil, err
		}
		if c.State != Draft {
			return a, nil
		}
		var check kernel.Check
		if err := s.missing(ctx, q, c); err != nil && !check.Merge("", err) {
			return nil, err
		}
		a.Missing = check.Fields
		return a, nil
	})
}

// assistedCase is the case that an open code lets the clerk see; without one
// it does not exist.
func (s *Service) assistedCase(ctx context.Context, q db.Q, p *auth.Principal, caseID string) (*Case, time.Time, error) {
	until, err := db.Value[int64](ctx, q, `SELECT COALESCE(MAX(until), 0) FROM licensing_help_codes WHERE case_id = $1 AND used_by = $2 AND until > $3`, caseID, p.Actor.ID, kernel.Micros(s.Clock.Now()))
	if err != nil {
		return nil, zero, err
	}
	if until == 0 {
		return nil, zero, kernel.Missing("case", caseID)
	}
	c, err := getCase(ctx, q, auth.CityScope(), caseID)
	return c, kernel.FromMicros(until), err
}

// Enquiry is a question that somebody asked and what they were told.
type Enquiry struct {
	ID          string
	At          time.Time
	OfficerName string
	Channel     string // one of enquiryChannels
	Item        string // "" none
	CaseID      string // "" none
	Number      string // of the case
	Question    string
	Answer      string
}

var enquiryChannels = [...]string{"call", "online", "counter"}

// EnquiryInput is an enquiry to be recorded. Names and numbers of callers do
// not belong into it.
type EnquiryInput struct {
	Channel, Item, CaseID, Question, Answer string
}

// LogEnquiry records a question and its answer. One about a case that a help
// code opened also stands in the case's story, for the applicant to read.
func (s *Service) LogEnquiry(ctx context.Context, p *auth.Principal, in EnquiryInput) error {
	if err := allow(p, PermAssist); err != nil {
		return err
	}
	var c kernel.Check
	if !slices.Contains(enquiryChannels[:], in.Channel) {
		c.Add("channel", "required", "")
	}
	if _, ok := s.Rules.ItemByID(in.Item); in.Item != "" && !ok {
		c.Add("item", "choice", in.Item)
	}
	c.Text("question", in.Question, 1000)
	c.Text("answer", in.Answer, 2000)
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		area := ""
		if p.Account != nil {
			area = p.Account.Area
		}
		if in.CaseID != "" {
			about, _, err := s.assistedCase(ctx, tx, p, in.CaseID)
			if err != nil {
				return err
			}
			area, in.Item = about.Area, about.Item
			if err := insertLog(ctx, tx, now, in.CaseID, p.Actor, "assist_note", in.Answer, true); err != nil {
				return err
			}
		}
		id := kernel.NewID(now)
		_, err := tx.ExecContext(ctx, `INSERT INTO licensing_enquiries (id, at, officer, officer_name, channel, item, case_id, area, question, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			id, kernel.Micros(now), p.Actor.ID, p.Actor.Name, in.Channel, in.Item, in.CaseID, area, in.Question, in.Answer)
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.enquiry.log", Subject: "enquiry:" + id, After: map[string]string{"channel": in.Channel, "item": in.Item, "case": in.CaseID}})
	})
}

// Enquiries lists the log, the newest first; before is the id of the last row
// of the page before. Officers see those of their areas and their own.
func (s *Service) Enquiries(ctx context.Context, p *auth.Principal, before string, limit int) ([]Enquiry, error) {
	if err := allow(p, PermAssist); err != nil {
		return nil, err
	}
	var w db.Where
	if before != "" {
		w.And("e.id < ?", before)
	}
	scope := p.Scope
	scope.Account = p.Actor.ID
	scope.Where(&w, auth.Columns{Area: "e.area", Account: "e.officer"})
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Enquiry, error) {
		return db.All(ctx, q, func(s db.Scanner) (e Enquiry, err error) {
			var at int64
			err = s.Scan(&e.ID, &at, &e.OfficerName, &e.Channel, &e.Item, &e.CaseID, &e.Number, &e.Question, &e.Answer)
			e.At = kernel.FromMicros(at)
			return e, err
		}, `SELECT e.id, e.at, e.officer_name, e.channel, e.item, e.case_id, COALESCE(c.number, ''), e.question, e.answer FROM licensing_enquiries e LEFT JOIN licensing_cases c ON c.id = e.case_id `+
			w.SQL()+w.Bind(` ORDER BY e.id DESC LIMIT ?`, orInt(limit, 50)), w.Args...)
	})
}

// Helping is whether somebody may look at a case by a code of its applicant.
type Helping struct {
	Until time.Time // zero: no code is open
	By    string    // the clerk who uses it, "" nobody yet
}

// HelpOf tells the applicant who may look at a case now.
func (s *Service) HelpOf(ctx context.Context, p *auth.Principal, caseID string) (Helping, error) {
	if err := allow(p, PermApply); err != nil {
		return Helping{}, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (Helping, error) {
		if _, err := getCase(ctx, q, p.Scope, caseID); err != nil {
			return Helping{}, err
		}
		open, err := db.All(ctx, q, func(s db.Scanner) (h Helping, err error) {
			var until int64
			err = s.Scan(&until, &h.By)
			h.Until = kernel.FromMicros(until)
			return h, err
		}, `SELECT h.until, CASE WHEN h.used_by = '' THEN '' ELSE COALESCE((SELECT l.actor_name FROM licensing_case_log l
			WHERE l.case_id = h.case_id AND l.actor = h.used_by AND l.act = 'assist_open' ORDER BY l.id DESC LIMIT 1), '') END
			FROM licensing_help_codes h WHERE h.case_id = $1 AND h.until > $2`, caseID, kernel.Micros(s.Clock.Now()))
		if err != nil || len(open) == 0 {
			return Helping{}, err
		}
		return open[0], nil
	})
}

// EndHelp takes the code of a case back: from now on nobody sees it by one.
func (s *Service) EndHelp(ctx context.Context, p *auth.Principal, caseID string) error {
	if err := allow(p, PermApply); err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := getCase(ctx, tx, p.Scope, caseID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE licensing_help_codes SET until = $1 WHERE case_id = $2 AND until > $1`, kernel.Micros(now), c.ID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.help.end", Subject: c.Subject()})
	})
}
