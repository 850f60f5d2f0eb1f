package registry

import (
	"context"
	"errors"
	"io"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
)

// The kinds of job and the group under which screens list them.
const (
	JobImport = "registry.import"
	JobExport = "registry.export"
	JobGroup  = "registry.enterprises"
)

// Sheets moves enterprises in and out of Excel workbooks, in jobs.
type Sheets struct {
	service *Service
	jobs    *job.Runner
	blobs   *blob.Store
	texts   *i18n.Catalogues
}

// NewSheets returns the imports and exports of s and registers their jobs.
func NewSheets(s *Service, jobs *job.Runner, blobs *blob.Store, texts *i18n.Catalogues) *Sheets {
	sh := &Sheets{s, jobs, blobs, texts}
	jobs.Handle(JobImport, sh.runImport)
	jobs.Handle(JobExport, sh.runExport)
	return sh
}

// Template writes the workbook that people fill in.
func (sh *Sheets) Template(ctx context.Context, w io.Writer, lang string) error {
	t, err := sh.table(ctx)
	if err != nil {
		return err
	}
	return t.Template(w, sh.texts, lang)
}

func (sh *Sheets) table(ctx context.Context) (t sheet.Table, err error) {
	err = sh.service.DB.View(ctx, func(ctx context.Context, q db.Q) error {
		t, err = enterpriseTable(ctx, q)
		return err
	})
	return t, err
}

// importArgs are the arguments of an import: the file, and with whose eyes it
// is read.
type importArgs struct {
	File  string     `json:"file"`
	Dry   bool       `json:"dry"`
	Scope auth.Scope `json:"scope"`
}

// Import takes a workbook and returns the id of the job that reads it. A dry
// run reports what would happen and writes nothing.
func (sh *Sheets) Import(ctx context.Context, p *auth.Principal, file io.Reader, dry bool) (string, error) {
	if err := need(p, PermImport); err != nil {
		return "", err
	}
	stored, err := sh.blobs.Put(ctx, file, blob.Limit{MaxBytes: sheet.MaxFile, Types: []string{blob.XLSX}})
	if err != nil {
		return "", err
	}
	title := kernel.Text{ZH: "导入企业名录", EN: "Import of enterprises"}
	if dry {
		title = kernel.Text{ZH: "试导入企业名录", EN: "Trial import of enterprises"}
	}
	return sh.enqueue(ctx, p, job.Job{Kind: JobImport, Args: importArgs{stored.Hash, dry, p.Scope}, Title: title},
		map[string]any{"file": stored.Hash, "dry": dry})
}

func (sh *Sheets) enqueue(ctx context.Context, p *auth.Principal, j job.Job, after map[string]any) (id string, err error) {
	j.Actor, j.Group = p.Actor, JobGroup
	err = sh.service.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if id, err = sh.jobs.Enqueue(ctx, tx, j); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: sh.service.Clock.Now(), Actor: p.Actor, Action: j.Kind, Subject: "job:" + id, After: after})
	})
	return id, err
}

// importSlice is how many rows are written in one transaction.
const importSlice = 20

// progress is what a slice of an import remembers.
type progress struct {
	Line    int `json:"line"` // last one that is done
	Rows    int `json:"rows"`
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	Bad     int `json:"bad"`
}

// importing is one run of an import.
type importing struct {
	*Sheets
	run   *job.Run
	by    hand // who asked, as far as they reached then
	dry   bool
	state progress
	total int64
	seen  map[string]int // line by code
	rows  []*sheet.Row
}

func (sh *Sheets) runImport(ctx context.Context, run *job.Run) error {
	var args importArgs
	if err := run.Args(&args); err != nil {
		return err
	}
	im := &importing{Sheets: sh, run: run, by: hand{run.Actor, args.Scope}, dry: args.Dry, seen: map[string]int{}}
	if _, err := run.Saved(&im.state); err != nil {
		return err
	}
	if err := im.count(ctx, args.File); err != nil {
		return err
	}
	if err := im.read(ctx, args.File, im.row); err != nil {
		return err
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	return run.Progress(ctx, im.total, im.total)
}

func (im *importing) read(ctx context.Context, hash string, each func(ctx context.Context, r *sheet.Row) error) error {
	t, err := im.table(ctx)
	if err != nil {
		return err
	}
	f, err := im.blobs.Get(ctx, hash)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = t.Read(ctx, f, func(r *sheet.Row) error { return each(ctx, r) })
	return err
}

// count looks through the whole file first: a file with a wrong head or too
// many rows changes nothing.
func (im *importing) count(ctx context.Context, hash string) error {
	return im.read(ctx, hash, func(context.Context, *sheet.Row) error { im.total++; return nil })
}

func (im *importing) row(ctx context.Context, r *sheet.Row) error {
	code := r.Text("uscc")
	if first, twice := im.seen[code]; twice && code != "" {
		r.Add("uscc", "duplicate", code, "line", first)
	} else {
		im.seen[code] = r.Line
	}
	if r.Line <= im.state.Line {
		return nil // an earlier run has done it
	}
	im.rows = append(im.rows, r)
	if len(im.rows) < importSlice {
		return nil
	}
	return im.flush(ctx)
}

// flush deals with the gathered rows: writes them in one transaction with what
// the run remembers, or in a dry run only looks.
func (im *importing) flush(ctx context.Context) error {
	if len(im.rows) == 0 {
		return nil
	}
	var after progress
	err := im.service.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		after = im.state
		for _, r := range im.rows {
			if err := im.put(ctx, tx, r, &after); err != nil {
				return err
			}
		}
		after.Line = im.rows[len(im.rows)-1].Line
		if err := im.run.Progress(ctx, int64(after.Rows), im.total); err != nil {
			return err
		}
		return im.run.Save(ctx, tx, after)
	})
	if err != nil {
		return err
	}
	im.state, im.rows = after, nil
	return im.run.Progress(ctx, int64(im.state.Rows), im.total)
}

func (im *importing) put(ctx context.Context, tx *db.Tx, r *sheet.Row, n *progress) error {
	n.Rows++
	what, err := im.apply(ctx, tx, r)
	switch {
	case err == nil:
		*map[outcome]*int{added: &n.Added, changed: &n.Changed, same: &n.Same}[what]++
		return nil
	case kernel.KindOf(err) == kernel.Invalid:
		n.Bad++
		return im.run.RowError(ctx, r.Line, err)
	}
	return err
}

// outcome is what came of a row.
type outcome string

const (
	added   outcome = "added"
	changed outcome = "changed"
	same    outcome = "same"
)

// apply writes one row, or in a dry run reports what writing would. Every
// fault of the row is reported at once and before anything is written.
func (im *importing) apply(ctx context.Context, tx *db.Tx, r *sheet.Row) (outcome, error) {
	faults := kernel.Check{Fields: append([]kernel.FieldError(nil), r.Errors.Fields...)}
	stored, err := FindEnterprise(ctx, tx, im.by.scope, r.Text("uscc"))
	if err != nil && kernel.KindOf(err) != kernel.NotFound {
		return "", err
	}
	row := *r
	row.Errors = faults
	e := overlay(stored, &row)
	tidy(&e)
	was, err := im.service.stored(ctx, tx, im.by.scope, e.ID)
	if err != nil {
		return "", err
	}
	clear, err := im.service.Reach(ctx, tx, e.ID)
	if err != nil {
		return "", err
	}
	maskKnown(e.Contacts, was.Contacts, clear)
	if err := mergeRow(&row, im.service.checkEnterprise(ctx, tx, im.by.scope, e, was)); err != nil {
		return "", err
	}
	if err := row.Errors.Err(); err != nil {
		return "", err
	}
	what := changed
	switch {
	case e.ID == "":
		what = added
	case sameAs(e, was):
		return same, nil
	}
	if im.dry {
		return what, nil
	}
	_, err = im.service.put(ctx, tx, im.by, e)
	return what, err
}

// mergeRow adds the faults that only the database knows to those of the
// cells; a column keeps its first fault.
func mergeRow(row *sheet.Row, err error) error {
	var e *kernel.Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		return err
	}
	known := map[string]bool{}
	for _, f := range row.Errors.Fields {
		known[f.Field] = true
	}
	for _, f := range e.Fields {
		f.Field = columnOf(f.Field)
		if !known[f.Field] {
			row.Errors.Fields = append(row.Errors.Fields, f)
		}
	}
	return nil
}

// sameAs reports whether a row says nothing new.
func sameAs(e Enterprise, was record) bool {
	now := record{e, asSealed(e.Contacts, was.Contacts)}
	return len(changedFields(was, now)) == 0
}
