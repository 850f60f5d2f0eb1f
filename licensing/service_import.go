package licensing

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/sheet"
	"anlan/licensing/rule"
	"anlan/registry"
)

const (
	jobImport = "licensing.import"
	// importSlice is how many rows one transaction takes.
	importSlice = 50
	// maxImportBytes bounds an uploaded workbook.
	maxImportBytes = 20 << 20
)

// importTable is the sheet of existing licences. The kinds of licence are
// those of the catalogue.
func (s *Service) importTable() sheet.Table {
	var kinds []sheet.Option
	for _, it := range s.Rules.Items() {
		if it.Kind == rule.First && len(it.Versions) > 0 && len(it.Versions[0].Results) > 0 && it.Versions[0].Results[0].Kind == rule.Certificate {
			kinds = append(kinds, sheet.Option{Value: it.ID, Title: it.Title})
		}
	}
	text := func(name, zh, en string, required bool, max int) sheet.Column {
		return sheet.Column{Name: name, Title: kernel.Text{ZH: zh, EN: en}, Required: required, Max: max, Width: 20}
	}
	date := func(name, zh, en string, required bool) sheet.Column {
		return sheet.Column{Name: name, Title: kernel.Text{ZH: zh, EN: en}, Kind: sheet.Date, Required: required, Width: 14}
	}
	uscc := text("uscc", "统一社会信用代码", "Unified social credit code", false, 18)
	uscc.Check, uscc.Note = kernel.CheckUSCC, kernel.Text{ZH: "企业持证人必填", EN: "Required for an enterprise"}
	id := text("id_number", "身份证号", "Identity number", false, 18)
	id.Check, id.Note = kernel.CheckIDNumber, kernel.Text{ZH: "个人持证人必填", EN: "Required for a person"}
	phone := text("phone", "联系电话", "Telephone", false, 20)
	phone.Check = kernel.CheckPhone
	area := text("area", "区划代码", "Area code", true, 20)
	area.Note = kernel.Text{ZH: "区或功能区，如 120116、120116-TEDA", EN: "District or functional zone, such as 120116, 120116-TEDA"}
	return sheet.Table{Title: kernel.Text{ZH: "已有证照", EN: "Existing licences"}, Columns: []sheet.Column{
		{Name: "item", Title: kernel.Text{ZH: "证照类型", EN: "Licence"}, Kind: sheet.Choice, Options: kinds, Required: true, Width: 30},
		text("number", "证号", "Number", true, 60), text("holder", "持证人", "Holder", true, 120), uscc, id, area,
		text("address", "地址", "Address", false, 200), text("person_in_charge", "负责人", "Person in charge", false, 60),
		text("mode", "经营方式", "Mode of business", false, 200), text("scope", "许可范围", "Scope", false, 2000),
		date("issued_on", "发证日期", "Issued on", true), date("valid_from", "有效期自", "Valid from", true), date("valid_to", "有效期至", "Valid to", true),
		text("authority", "发证机关", "Authority", true, 80), phone,
	}}
}

// ImportTemplate writes the empty workbook for existing licences.
func (s *Service) ImportTemplate(w io.Writer, texts *i18n.Catalogues, lang string) error {
	return s.importTable().Template(w, texts, lang)
}

// importArgs are the arguments of the job.
type importArgs struct {
	ImportID string `json:"import_id"`
	Hash     string `json:"hash"`
	DryRun   bool   `json:"dry_run"`
	Sample   bool   `json:"sample,omitempty"` // what comes in is marked as sample
}

// ImportLicences stores a workbook of existing licences and starts the job
// that reads it; a dry run only says what would happen. It returns the job's
// id. The same file in the same mode is not started twice while it runs.
func (s *Service) ImportLicences(ctx context.Context, p *auth.Principal, name string, r io.Reader, dryRun bool) (jobID string, err error) {
	if err := allow(p, PermImport); err != nil {
		return "", err
	}
	file, err := s.Blobs.Put(ctx, r, blob.Limit{MaxBytes: maxImportBytes, Types: []string{blob.XLSX}, Name: name})
	if err != nil {
		return "", err
	}
	now := s.Clock.Now()
	title := kernel.Text{ZH: "导入已有证照：" + name, EN: "Import existing licences: " + name}
	if dryRun {
		title = kernel.Text{ZH: "试导入已有证照：" + name, EN: "Dry run, existing licences: " + name}
	}
	args := importArgs{ImportID: kernel.NewID(now), Hash: file.Hash, DryRun: dryRun, Sample: s.Sample}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		jobID, err = s.Jobs.Enqueue(ctx, tx, job.Job{Kind: jobImport, Args: args, Actor: p.Actor, Title: title, Key: fmt.Sprintf("%s/%t", file.Hash, dryRun), Group: "licensing.import"})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO licensing_imports (id, file_hash, file_name, dry_run, job_id, at, actor, actor_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			args.ImportID, file.Hash, shorten(name, 120), dryRun, jobID, kernel.Micros(now), p.Actor.ID, p.Actor.Name)
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.import.start", Subject: "import:" + args.ImportID, After: args})
	})
	return jobID, err
}

// importState is how far the job has come.
type importState struct {
	Line    int   `json:"line"` // last line that was dealt with
	Done    int64 `json:"done"`
	Created int64 `json:"created"`
	Present int64 `json:"present"` // in the register already
	Faulty  int64 `json:"faulty"`
}

// importer reads one file, slice by slice. What a slice did and how far it
// came are one transaction, so a job that was killed goes on where it stood.
type importer struct {
	s     *Service
	run   *job.Run
	args  importArgs
	table sheet.Table
	at    importState
	total int64
	slice []*sheet.Row
}

func (s *Service) runImport(ctx context.Context, run *job.Run) error {
	im := &importer{s: s, run: run, table: s.importTable()}
	if err := run.Args(&im.args); err != nil {
		return err
	}
	if _, err := run.Saved(&im.at); err != nil {
		return err
	}
	count, err := im.read(ctx, func(*sheet.Row) error { return nil })
	if err != nil {
		return err
	}
	im.total = int64(count.Rows)
	if _, err := im.read(ctx, func(row *sheet.Row) error { return im.take(ctx, row) }); err != nil {
		return err
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	text := fmt.Sprintf("outcome,rows\ncreated,%d\npresent,%d\nfaulty,%d\n", im.at.Created, im.at.Present, im.at.Faulty)
	return run.Result(ctx, "import.csv", "text/csv; charset=utf-8", strings.NewReader(text))
}

func (im *importer) read(ctx context.Context, each func(*sheet.Row) error) (sheet.Result, error) {
	f, err := im.s.Blobs.Get(ctx, im.args.Hash)
	if err != nil {
		return sheet.Result{}, err
	}
	defer f.Close()
	return im.table.Read(ctx, f, each)
}

func (im *importer) take(ctx context.Context, row *sheet.Row) error {
	if row.Line <= im.at.Line { // done by an earlier run
		return nil
	}
	im.slice = append(im.slice, row)
	if len(im.slice) < importSlice {
		return nil
	}
	return im.flush(ctx)
}

// flush deals with a slice in one transaction.
func (im *importer) flush(ctx context.Context) error {
	if len(im.slice) == 0 {
		return nil
	}
	err := im.s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		at := im.at
		for _, row := range im.slice {
			outcome, err := im.row(ctx, tx, row)
			if err != nil {
				return err
			}
			at.count(outcome)
			at.Line = row.Line
		}
		tx.AfterCommit(func() { im.at = at })
		return im.run.Save(ctx, tx, at)
	})
	if err != nil {
		return err
	}
	im.slice = im.slice[:0]
	return im.run.Progress(ctx, im.at.Done, im.total)
}

func (st *importState) count(outcome string) {
	st.Done++
	switch outcome {
	case "created":
		st.Created++
	case "present":
		st.Present++
	default:
		st.Faulty++
	}
}

// row deals with one row: "created", "present" or "faulty".
func (im *importer) row(ctx context.Context, tx *db.Tx, row *sheet.Row) (string, error) {
	l, clear, err := im.licence(ctx, tx, row)
	if err != nil {
		return "", err
	}
	if len(row.Errors.Fields) == 0 {
		outcome, err := im.put(ctx, tx, row, l, clear)
		if err != nil || outcome != "faulty" {
			return outcome, err
		}
	}
	return "faulty", im.run.RowError(ctx, row.Line, row.Errors.Err())
}

// importClear is what is personal or sealed of a row.
type importClear struct{ number, holder, phone string }

// licence makes a licence of a row and adds what is wrong between its cells to
// the row's errors.
func (im *importer) licence(ctx context.Context, q db.Q, row *sheet.Row) (*Licence, importClear, error) {
	clear := importClear{row.Text("number"), row.Text("holder"), row.Text("phone")}
	l := &Licence{Item: row.Text("item"), Holder: clear.holder, HolderKind: holderEnterprise, Area: row.Text("area"), Address: row.Text("address"),
		PersonInCharge: row.Text("person_in_charge"), Mode: row.Text("mode"), Scope: row.Text("scope"), Authority: row.Text("authority"),
		IssuedOn: row.Date("issued_on"), ValidFrom: row.Date("valid_from"), ValidTo: row.Date("valid_to"), Imported: true, ImportID: im.args.ImportID, Issue: 1, State: Valid, Sample: im.args.Sample}
	if it, ok := im.s.Rules.ItemByID(l.Item); ok {
		l.Category = it.Category
	}
	uscc, id := row.Text("uscc"), row.Text("id_number")
	switch {
	case uscc == "" && id == "" && row.Errors.Err() == nil:
		row.Add("uscc", "required_one_of", "")
	case uscc != "" && id != "":
		row.Add("id_number", "only_one_of", "")
	case id != "":
		l.HolderKind = holderPerson
	}
	if !l.ValidTo.IsZero() && l.ValidTo.Before(l.ValidFrom) {
		row.Add("valid_to", "order", l.ValidTo.String())
	}
	if l.Area != "" {
		a, err := registry.GetArea(ctx, q, l.Area)
		if err != nil && kernel.KindOf(err) != kernel.NotFound {
			return nil, clear, err
		}
		if err != nil || !a.CarriesRows() && a.Kind != registry.CityArea {
			row.Add("area", "choice", l.Area)
		}
	}
	if uscc == "" {
		return l, clear, nil
	}
	e, err := registry.FindEnterprise(ctx, q, auth.CityScope(), uscc)
	switch {
	case kernel.KindOf(err) == kernel.NotFound: // stays a licence without an enterprise until one registers
		return l, clear, nil
	case err != nil:
		return nil, clear, err
	}
	l.EnterpriseID, l.Sample = e.ID, l.Sample || e.Sample
	return l, clear, nil
}

// put enters a licence unless it is in the register already. The same number
// with other facts is a fault of the row.
func (im *importer) put(ctx context.Context, tx *db.Tx, row *sheet.Row, l *Licence, clear importClear) (string, error) {
	s, now := im.s, im.s.Clock.Now()
	key := clear.number
	if l.HolderKind == holderPerson {
		key = s.Vault.Hash("licence_number", clear.number)
	}
	there, err := db.All(ctx, tx, scanLicence, selectLicence+`WHERE l.number_key = $1 ORDER BY l.issue DESC LIMIT 1`, key)
	if err != nil {
		return "", err
	}
	if len(there) > 0 {
		if there[0].Item == l.Item && there[0].ValidTo == l.ValidTo {
			return "present", nil
		}
		row.Add("number", "number_taken", l.Number)
		return "faulty", nil
	}
	if im.args.DryRun {
		return "created", nil
	}
	return "created", im.enter(ctx, tx, l, clear, now)
}

// enter writes an imported licence with its sealed fields.
func (im *importer) enter(ctx context.Context, tx *db.Tx, l *Licence, clear importClear, now time.Time) (err error) {
	s := im.s
	key, err := s.Vault.NewKey(ctx, tx, now)
	if err != nil {
		return err
	}
	l.KeyID = key.Person()
	l.HolderSealed, l.ContactPhone = key.Seal("holder", clear.holder), key.Seal("contact_phone", clear.phone)
	if l.HolderKind == holderPerson {
		l.Holder = personal.MaskName(clear.holder)
	}
	if err := s.setNumber(ctx, tx, l, clear.number); err != nil {
		return err
	}
	l.ID, l.Code, l.Version, l.CreatedAt, l.UpdatedAt = kernel.NewID(now), kernel.NewSecret(16), 1, now, now
	if err := insertLicence(ctx, tx, l); err != nil {
		return err
	}
	return s.did(ctx, tx, l, "", LicenceAct{Act: ActImport, Until: l.ValidTo}, im.run.Actor, now)
}
