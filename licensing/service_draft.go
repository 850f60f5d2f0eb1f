package licensing

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

// FormFaults is what is still missing from the form, or wrong with it.
func (v *CaseView) FormFaults() error { return v.FaultsIn(v.Data) }

// FaultsIn is what is wrong with these answers. What must be valid must be so
// on the day of the application.
func (v *CaseView) FaultsIn(data map[string]any) error {
	day := v.ReceiptOn
	if day.IsZero() {
		day = v.Today
	}
	return v.Form.ValidateOn(day, data)
}

// Absent lists the materials that must be handed in and are not there yet;
// those that may follow (容缺) are not among them.
func (v *CaseView) Absent() []rule.Material {
	return slices.DeleteFunc(slices.Clone(v.Rule.Materials), func(m rule.Material) bool {
		return !m.Needed(v.Data) || countCurrent(v.Files, m.ID) > 0 || m.Deficit && v.Rule.Deficit.Allowed
	})
}

// Complete reports everything that the application still lacks, at once: form
// fields as "form.PATH", materials as "material.ID", and "delivery".
func (v *CaseView) Complete() error {
	var check kernel.Check
	if err := v.FormFaults(); err != nil && !check.Merge("form.", err) {
		return err
	}
	for _, m := range v.Absent() {
		check.Add("material."+m.ID, "required", "")
	}
	if v.Case.Delivery == "" {
		check.Add("delivery", "required", "")
	}
	return check.Err()
}

// OpenDeficit is the promise to bring what is missing (容缺受理) while it is
// open, nil when there is none.
func (v *CaseView) OpenDeficit() *Promise { return openDeficit(v.Promises) }

func openDeficit(promises []Promise) *Promise {
	for i, p := range promises {
		if p.Kind == "deficit" && p.State == "open" {
			return &promises[i]
		}
	}
	return nil
}

// SaveForm keeps what was typed, complete or not, as long as the case is in
// the applicant's hands. version is the one that the page showed: what
// somebody else wrote meanwhile is not overwritten unseen.
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

// AddFile stores an upload for a material; its faults are those of the field
// "material.ID". The bytes are on disk before the row is; a row that fails
// leaves a file nobody refers to, which is collected.
func (s *Service) AddFile(ctx context.Context, p *auth.Principal, caseID, material, name string, r io.Reader) (File, error) {
	limit, err := s.fileLimit(ctx, p, caseID, material)
	if err != nil {
		return File{}, err
	}
	limit.Name = name
	stored, err := s.Blobs.Put(ctx, r, limit)
	if err != nil {
		return File{}, atMaterial(err, material)
	}
	now := s.Clock.Now()
	f := File{ID: kernel.NewID(now), CaseID: caseID, Material: material, Name: shorten(name, 120), Hash: stored.Hash, Size: stored.Size,
		Type: stored.Type, State: "current", UploadedAt: now, UploadedBy: p.Actor.ID}
	_, err = s.act(ctx, doing{by: p, needs: PermApply, caseID: caseID, name: "add_file", note: f.Name, hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := takesFile(ctx, sc.tx, sc.c, sc.v, material); err != nil {
			return err
		}
		if err := insertFile(ctx, sc.tx, f); err != nil {
			return err
		}
		return s.followFile(ctx, sc, f)
	})
	return f, err
}

// atMaterial names the material whose upload breaks a rule.
func atMaterial(err error, material string) error {
	var bad *kernel.Error
	if !errors.As(err, &bad) || bad.Kind != kernel.Invalid {
		return err
	}
	named := *bad
	named.Fields = slices.Clone(bad.Fields)
	for i := range named.Fields {
		named.Fields[i].Field = "material." + material
	}
	return &named
}

// followFile notes what an upload answers: a line of the correction notice
// that is about this material, or the promise to bring it (容缺).
func (s *Service) followFile(ctx context.Context, sc *scene, f File) error {
	switch sc.c.State {
	case Correcting:
		_, err := sc.tx.ExecContext(ctx, `UPDATE licensing_correction_items SET answer = $1, answered_at = $2 WHERE case_id = $3 AND target = $4 AND answer = ''`,
			"已重新上传："+f.Name, kernel.Micros(sc.now), sc.c.ID, "material:"+f.Material)
		return err
	case Accepted:
		return worklist.Open(ctx, sc.tx, sc.now, worklist.Item{Kind: todoDeficit, Subject: sc.c.Subject(), Role: RoleIntake, Area: sc.c.Area, Enterprise: sc.c.EnterpriseID, Room: "licensing",
			Title: kernel.Text{ZH: "容缺材料已上传：" + sc.c.Applicant + " " + sc.c.Number, EN: "Missing material came: " + sc.c.Applicant + " " + sc.c.Number},
			Link:  "/licensing/cases/" + sc.c.ID})
	}
	return nil
}

// todoDeficit is the to-do when something promised (容缺) has come.
const todoDeficit = "licensing.deficit"

// takesFile refuses an upload that the case cannot take now: it is out of the
// applicant's hands and did not promise this material, or has enough files.
func takesFile(ctx context.Context, q db.Q, c *Case, v *rule.Version, material string) error {
	m := materialOf(v, material)
	if m == nil {
		return kernel.Bad("material."+material, "one_of", material)
	}
	if err := handedBy(ctx, q, c, material); err != nil {
		return err
	}
	files, err := listFiles(ctx, q, c.ID)
	if err != nil {
		return err
	}
	if n := countCurrent(files, material); m.MaxFiles > 0 && n >= m.MaxFiles {
		var check kernel.Check
		check.Add("material."+material, "too_many", strconv.Itoa(n), "max", m.MaxFiles)
		return check.Err()
	}
	return nil
}

// handedBy reports whether the applicant may hand in or take back a material:
// while the case is theirs to edit, or the material is one that they promised.
func handedBy(ctx context.Context, q db.Q, c *Case, material string) error {
	if c.State != Accepted {
		return editable(c)
	}
	promises, err := listPromises(ctx, q, c.ID)
	if err != nil {
		return err
	}
	if d := openDeficit(promises); d == nil || !slices.Contains(d.Items, material) {
		return c.wrongState("edit")
	}
	return nil
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
		v, err := s.version(ctx, q, c)
		if err != nil {
			return blob.Limit{}, err
		}
		if err := takesFile(ctx, q, c, v, material); err != nil {
			return blob.Limit{}, err
		}
		m := materialOf(v, material)
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
		f, err := getFile(ctx, sc.tx, caseID, fileID)
		if err != nil {
			return err
		}
		if err := handedBy(ctx, sc.tx, sc.c, f.Material); err != nil {
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
	case ByMail, ByPickUp, ByElectronic:
	case "":
		c.Add("mode", "required", "")
	default:
		c.Add("mode", "one_of", string(mode))
	}
	c.Text("recipient", to.Recipient, 60)
	if to.Phone == "" {
		c.Add("phone", "required", "")
	} else {
		c.Merge("", kernel.CheckMobile("phone", to.Phone))
	}
	if mode == ByMail {
		c.Text("address", to.Address, 200)
	}
	if mode == ByElectronic && !to.Consent {
		c.Add("consent", "must_accept", "")
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
