package registry

import (
	"bytes"
	"context"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
)

// exportArgs are the arguments of an export.
type exportArgs struct {
	Filter EnterpriseFilter `json:"filter"`
	Lang   string           `json:"lang"`
	Scope  auth.Scope       `json:"scope"`
}

// Export returns the id of the job that writes the enterprises of a filter to
// a workbook. Telephone numbers are masked in it.
func (sh *Sheets) Export(ctx context.Context, p *auth.Principal, f EnterpriseFilter, lang string) (string, error) {
	if err := need(p, PermRead); err != nil {
		return "", err
	}
	return sh.enqueue(ctx, p, job.Job{Kind: JobExport, Args: exportArgs{f, lang, p.Scope}, Title: kernel.Text{ZH: "导出企业名录", EN: "Export of enterprises"}},
		map[string]any{"filter": f})
}

func (sh *Sheets) runExport(ctx context.Context, run *job.Run) error {
	var args exportArgs
	if err := run.Args(&args); err != nil {
		return err
	}
	t, err := sh.table(ctx)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	w, err := t.NewWriter(&file, sh.texts, args.Lang)
	if err != nil {
		return err
	}
	if err := sh.exportRows(ctx, run, w, args); err != nil {
		w.Discard()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return run.Result(ctx, "enterprises.xlsx", blob.XLSX, &file)
}

func (sh *Sheets) exportRows(ctx context.Context, run *job.Run, w *sheet.Writer, args exportArgs) error {
	f := args.Filter
	f.Limit, f.After = 500, ""
	var done int64
	for {
		var page Page[Enterprise]
		err := sh.service.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
			if page, err = ListEnterprises(ctx, q, args.Scope, f); err != nil {
				return err
			}
			return withContacts(ctx, q, page.Rows)
		})
		if err != nil {
			return err
		}
		for _, e := range page.Rows {
			if err := w.Row(cells(e)...); err != nil {
				return err
			}
		}
		done += int64(len(page.Rows))
		if err := run.Progress(ctx, done, max(done, int64(page.Total))); err != nil {
			return err
		}
		if f.After = page.Next; f.After == "" {
			return nil
		}
	}
}

// cells are the values of an enterprise in the order of enterpriseTable.
func cells(e Enterprise) []any {
	at := e.Attributes
	row := []any{e.USCC, e.Name, e.Area, e.Address, e.LegalPerson, e.Trade, orNil(at.Standardisation), nil, orNil(at.MajorHazard), orNil(at.Employees), at.KeySupply, nil, nil}
	if !at.StandardisationUntil.IsZero() {
		row[7] = at.StandardisationUntil
	}
	if e.Pos != (kernel.LatLon{}) {
		row[11], row[12] = e.Pos.Lon, e.Pos.Lat
	}
	for _, role := range []ContactRole{SafetyManager, LicenceContact} {
		var name, phone any
		for _, c := range e.Contacts {
			if c.Role == role {
				name, phone = c.Name, c.Phone
				break
			}
		}
		row = append(row, name, phone)
	}
	return row
}

func orNil(n int) any {
	if n == 0 {
		return nil
	}
	return n
}
