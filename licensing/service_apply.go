package licensing

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
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

// SaveForm keeps what was typed, complete or not, as long as the case is in
// the applicant's hands.
func (s *Service) SaveForm(ctx context.Context, p *auth.Principal, caseID string, version int64, data map[string]any) (*Case, error) {
	return s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, version: version, name: "edit", hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := editable(sc.c); err != nil {
			return err
		}
		return s.sealForm(ctx, sc.tx, sc.c, data)
	})
}

func editable(c *Case) error { return c.in("edit", Draft, Correcting) }

// maxFile bounds one uploaded material where the rule names no other size.
const maxFile = 20 << 20

// AddFile stores an upload for a material. The bytes are on disk before the
// row is; a row that fails leaves a file nobody refers to, which is collected.
func (s *Service) AddFile(ctx context.Context, p *auth.Principal, caseID, material, name string, r io.Reader) (File, error) {
	limit, err := s.fileLimit(ctx, p, caseID, material)
	if err != nil {
		return File{}, err
	}
	stored, err := s.Blobs.Put(ctx, r, limit)
	if err != nil {
		return File{}, err
	}
	now := s.Clock.Now()
	f := File{ID: kernel.NewID(now), CaseID: caseID, Material: material, Name: shorten(name, 120), Hash: stored.Hash, Size: stored.Size,
		Type: stored.Type, State: "current", UploadedAt: now, UploadedBy: p.Actor.ID}
	_, err = s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "add_file", note: f.Name, hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := editable(sc.c); err != nil {
			return err
		}
		return insertFile(ctx, sc.tx, f)
	})
	return f, err
}

// fileLimit looks up what may be uploaded before any byte is read.
func (s *Service) fileLimit(ctx context.Context, p *auth.Principal, caseID, material string) (blob.Limit, error) {
	if err := allow(p, PermApply); err != nil {
		return blob.Limit{}, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (blob.Limit, error) {
		c, err := getCase(ctx, q, p.Scope, caseID)
		if err != nil {
			return blob.Limit{}, err
		}
		if err := editable(c); err != nil {
			return blob.Limit{}, err
		}
		v, err := s.version(ctx, q, c)
		if err != nil {
			return blob.Limit{}, err
		}
		m := materialOf(v, material)
		if m == nil {
			return blob.Limit{}, kernel.Bad("material", "one_of", material)
		}
		limit := blob.Limit{MaxBytes: m.MaxBytes, Types: m.Types}
		if limit.MaxBytes == 0 {
			limit.MaxBytes = maxFile
		}
		return limit, nil
	})
}

func shorten(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[len(r)-max:]) // the end holds the extension
	}
	return s
}

// DropFile takes an upload back; the row stays, replaced, for the record of a
// corrected case.
func (s *Service) DropFile(ctx context.Context, p *auth.Principal, caseID, fileID string) error {
	_, err := s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "drop_file", hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := editable(sc.c); err != nil {
			return err
		}
		return db.Changed(sc.tx.ExecContext(ctx, `UPDATE licensing_files SET state = 'replaced' WHERE id = $1 AND case_id = $2 AND state = 'current'`, fileID, caseID))
	})
	return err
}

// SetDelivery records how the result shall be received (送达地址确认书).
func (s *Service) SetDelivery(ctx context.Context, p *auth.Principal, caseID string, mode DeliveryMode, to Address) error {
	_, err := s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "delivery", hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := editable(sc.c); err != nil {
			return err
		}
		if err := checkDelivery(mode, to); err != nil {
			return err
		}
		b, err := json.Marshal(to)
		if err != nil {
			return err
		}
		key, err := s.keyOf(ctx, sc.tx, sc.c)
		if err != nil {
			return err
		}
		sc.c.DeliveryMode, sc.c.Delivery = mode, key.Seal("delivery", string(b))
		sc.c.PhoneHash = s.Vault.Hash("phone", to.Phone)
		return nil
	})
	return err
}

func checkDelivery(mode DeliveryMode, to Address) error {
	var c kernel.Check
	switch mode {
	case ByMail:
		c.Text("address", to.Address, 200)
	case ByPickUp, ByElectronic:
	default:
		c.Add("mode", "one_of", string(mode))
	}
	c.Text("recipient", to.Recipient, 60)
	if err := kernel.CheckMobile("phone", to.Phone); err != nil {
		c.Merge("", err)
	}
	return c.Err()
}

func (s *Service) openAddress(ctx context.Context, q db.Q, c *Case) (Address, error) {
	var to Address
	if c.Delivery == "" {
		return to, nil
	}
	key, err := s.keyOf(ctx, q, c)
	if err != nil {
		return to, err
	}
	clear, err := key.Open("delivery", c.Delivery)
	if err != nil {
		return to, err
	}
	return to, json.Unmarshal([]byte(clear), &to)
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
	return s.prepareReceipt(ctx, sc)
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
	form, err := s.openForm(ctx, q, c)
	if err != nil {
		return err
	}
	var check kernel.Check
	f, err := s.form(v)
	if err != nil {
		return err
	}
	if err := f.Validate(form); err != nil && !check.Merge("form.", err) {
		return err
	}
	files, err := listFiles(ctx, q, c.ID)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, f := range files {
		have[f.Material] = have[f.Material] || f.State == "current"
	}
	for _, m := range v.Materials {
		if m.Needed(form) && !have[m.ID] && !(m.Deficit && v.Deficit.Allowed) {
			check.Add("material."+m.ID, "required", "")
		}
	}
	if c.Delivery == "" {
		check.Add("delivery", "required", "")
	}
	return check.Err()
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
