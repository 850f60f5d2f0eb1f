package licensing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/number"
	"anlan/internal/personal"
)

// Start is what an applicant chooses before the first page of the form.
type Start struct {
	Item         string
	EnterpriseID string // "" applies for oneself
	LicenceID    string // to renew, change, reissue or cancel
	Area         string // of a personal application; an enterprise's own otherwise
}

// StartDraft opens a draft and returns its id. Drafts live until they are
// submitted or withdrawn; nothing typed is lost by a time-out.
func (s *Service) StartDraft(ctx context.Context, p *auth.Principal, in Start) (string, error) {
	if err := allow(p, PermApply); err != nil {
		return "", err
	}
	now := s.Clock.Now()
	id := kernel.NewID(now)
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := s.newCase(ctx, tx, p, in, id, now)
		if err != nil {
			return err
		}
		if err := insertCase(ctx, tx, c); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.case.start", Subject: c.Subject(), After: brief(c)})
	})
	return id, err
}

func (s *Service) newCase(ctx context.Context, tx *db.Tx, p *auth.Principal, in Start, id string, now time.Time) (*Case, error) {
	v, err := s.versionFor(ctx, tx, in.Item, kernel.DateOf(now))
	if err != nil {
		return nil, err
	}
	c := &Case{ID: id, Item: in.Item, RuleVersion: v.ID, State: Draft, Step: AtApplicant, Account: p.Actor.ID,
		LicenceID: in.LicenceID, Area: in.Area, CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := s.aboutLicence(ctx, tx, p, &in, kernel.DateOf(now)); err != nil {
		return nil, err
	}
	form, err := s.prefill(ctx, tx, p, in, c, v)
	if err != nil {
		return nil, err
	}
	if err := s.checkStart(p, in, c, v); err != nil {
		return nil, err
	}
	key, err := s.Vault.NewKey(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	c.KeyID, c.key = key.Person(), &key
	return c, s.sealForm(ctx, tx, c, form)
}

// keyOf loads the key of a case's personal fields, once.
func (s *Service) keyOf(ctx context.Context, q db.Q, c *Case) (personal.Key, error) {
	if c.key == nil {
		key, err := s.Vault.Key(ctx, q, c.KeyID)
		if err != nil {
			return personal.Key{}, err
		}
		c.key = &key
	}
	return *c.key, nil
}

// sealForm stores the form's data, encrypted with the case's key.
func (s *Service) sealForm(ctx context.Context, q db.Q, c *Case, data map[string]any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	key, err := s.keyOf(ctx, q, c)
	if err != nil {
		return err
	}
	c.Form = key.Seal("form", string(b))
	return nil
}

// openForm is the inverse of sealForm.
func (s *Service) openForm(ctx context.Context, q db.Q, c *Case) (map[string]any, error) {
	data := map[string]any{}
	if c.Form == "" {
		return data, nil
	}
	key, err := s.keyOf(ctx, q, c)
	if err != nil {
		return data, err
	}
	clear, err := key.Open("form", c.Form)
	if err != nil {
		return data, err
	}
	return data, json.Unmarshal([]byte(clear), &data)
}

// Submit hands the case in and returns it with its number. It is safe to
// repeat: a case that is already submitted is returned as it is. The number is
// taken before; if the submit fails it is recorded void.
func (s *Service) Submit(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	c, err := s.readyToSubmit(ctx, p, caseID)
	if err != nil || c.State != Draft {
		return c, err
	}
	num, err := s.Numbers.Take(ctx, caseSeries(c, s.Clock.Now()), p.Actor)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		version = c.Version // what was found complete is what is handed in
	}
	done, err := s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, version: version, name: "submit"}, func(ctx context.Context, sc *scene) error {
		return s.submit(ctx, sc, num)
	})
	if err == nil {
		return done, nil
	}
	if verr := s.voidNumber(ctx, num, "submit failed", p.Actor); verr != nil {
		s.Log.Warn("number not voided yet", "series", num.Series, "error", verr)
	}
	if again, rerr := s.submitted(ctx, p, caseID); rerr == nil {
		return again, nil // the other click was first
	}
	return nil, err
}

// submit is the rule and the writes of Submit.
func (s *Service) submit(ctx context.Context, sc *scene, num number.Number) error {
	v, err := s.versionFor(ctx, sc.tx, sc.c.Item, sc.today())
	if err != nil {
		return err
	}
	sc.v, sc.c.RuleVersion = v, v.ID
	data, err := s.openForm(ctx, sc.tx, sc.c)
	if err != nil {
		return err
	}
	area, err := areaOf(ctx, sc)
	if err != nil {
		return err
	}
	if err := settleAuthority(sc.c, v, area, data); err != nil {
		return err
	}
	if err := sc.c.Submit(caseNumber(sc.c, num, sc.now), sc.now); err != nil {
		return err
	}
	sc.note = sc.c.Number
	if err := number.Use(ctx, sc.tx, num, sc.c.Subject()); err != nil {
		return err
	}
	if err := s.linkRenewal(ctx, sc.tx, sc.c, sc.now); err != nil {
		return err
	}
	if err := s.prepareReceipt(ctx, sc); err != nil {
		return err
	}
	return s.prepareAddress(ctx, sc)
}

// readyToSubmit reports everything that is still missing, at once.
func (s *Service) readyToSubmit(ctx context.Context, p *auth.Principal, caseID string) (*Case, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Case, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err != nil || c.State != Draft {
			return c, err
		}
		return c, s.missing(ctx, q, c)
	})
}

// missing is an Invalid error that names every field and material that is
// still wrong or absent.
func (s *Service) missing(ctx context.Context, q db.Q, c *Case) error {
	v, err := s.version(ctx, q, c)
	if err != nil {
		return err
	}
	f, err := s.form(v)
	if err != nil {
		return err
	}
	data, err := s.openForm(ctx, q, c)
	if err != nil {
		return err
	}
	files, err := listFiles(ctx, q, c.ID)
	if err != nil {
		return err
	}
	return (&CaseView{Case: c, Rule: v, Form: f, Data: data, Files: files, Today: kernel.DateOf(s.Clock.Now())}).Complete()
}

func (s *Service) submitted(ctx context.Context, p *auth.Principal, caseID string) (*Case, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Case, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err == nil && c.State == Draft {
			err = c.wrongState("submit")
		}
		return c, err
	})
}

func caseSeries(c *Case, now time.Time) string {
	return fmt.Sprintf("licensing.case/%s/%d", baseArea(c.Area), kernel.DateOf(now).Year())
}

// caseNumber is 办件号: area, day and a running number of area and year.
func caseNumber(c *Case, n number.Number, now time.Time) string {
	return fmt.Sprintf("%s-%s-%05d", baseArea(c.Area), strings.ReplaceAll(kernel.DateOf(now).String(), "-", ""), n.Value)
}

// baseArea keeps letters of functional zones out of series that read alike.
func baseArea(area string) string { return strings.ReplaceAll(area, "-", "") }

func (s *Service) voidNumber(ctx context.Context, n number.Number, reason string, actor kernel.Actor) error {
	return s.DB.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		return number.Void(ctx, tx, n, reason, actor)
	})
}

// Withdraw ends the case at the applicant's wish.
func (s *Service) Withdraw(ctx context.Context, p *auth.Principal, caseID string, version int64, reason string) (*Case, error) {
	return s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, version: version, name: "withdraw", note: reason}, func(ctx context.Context, sc *scene) error {
		if err := sc.c.Withdraw(sc.now); err != nil {
			return err
		}
		return s.ended(ctx, sc)
	})
}

// ended follows every end without a grant: clocks stop, the old licence is as
// it was before.
func (s *Service) ended(ctx context.Context, sc *scene) error {
	if err := stopClock(ctx, sc); err != nil {
		return err
	}
	return s.unlinkRenewal(ctx, sc.tx, sc.c, sc.now)
}

// Answer is the applicant's answer to one fault of the correction notice.
type Answer struct {
	Seq  int64
	Text string
}

// AnswerCorrection keeps answers, item by item; SubmitCorrection sends them.
func (s *Service) AnswerCorrection(ctx context.Context, p *auth.Principal, caseID string, answers []Answer) error {
	_, err := s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "answer_correction", hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := sc.c.in("answer_correction", Correcting); err != nil {
			return err
		}
		for _, a := range answers {
			if err := answerCorrection(ctx, sc.tx, caseID, a.Seq, shorten(a.Text, 2000), sc.now); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// SubmitCorrection returns the corrected case to its officer. Every item needs
// an answer; repeating it after success changes nothing.
func (s *Service) SubmitCorrection(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Case, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	if c, err := s.submitted(ctx, p, caseID); err == nil && c.State == Submitted && c.CorrectionSent {
		return c, nil
	}
	return s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, version: version, name: "supplement"}, func(ctx context.Context, sc *scene) error {
		items, err := listCorrections(ctx, sc.tx, caseID)
		if err != nil {
			return err
		}
		var check kernel.Check
		for _, i := range items {
			check.Require(fmt.Sprintf("answer.%d", i.Seq), i.Answer)
		}
		if err := check.Err(); err != nil {
			return err
		}
		return sc.c.Supplement(sc.now)
	})
}
