package licensing

import (
	"context"
	"io"

	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// importRoutes are the import of existing licences.
func (h *Pages) importRoutes() []web.Route {
	send := console("POST", "/licensing/imports", PermImport, h.startImport)
	send.Upload = true
	return []web.Route{
		inNav(console("GET", "/licensing/imports", PermImport, h.imports), "imports", "upload", 11),
		send,
		console("GET", "/licensing/imports/template.xlsx", PermImport, h.importTemplate),
		console("GET", "/licensing/imports/{id}", PermImport, h.importPage),
	}
}

func (h *Pages) loadImports(r *web.Request) ([]job.Status, error) {
	return view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) ([]job.Status, error) {
		return job.List(ctx, q, job.Filter{Group: "licensing.import", Limit: 50})
	})
}

func (h *Pages) imports(r *web.Request) error {
	v, err := h.loadImports(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/imports", v)
}

func (h *Pages) importTemplate(r *web.Request) error {
	return r.Stream(web.Download{Name: r.T("licensing.import.template") + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		func(w io.Writer) error { return h.s.ImportTemplate(w, r.Texts(), r.Lang) })
}

func (h *Pages) startImport(r *web.Request) error {
	jobID := ""
	for file, err := range r.Files() {
		if err == nil {
			jobID, err = h.s.ImportLicences(r.Context(), r.Principal, file.Name, file, r.Sent().Get("dry_run") != "")
		}
		if err != nil {
			return again(r, "licensing/imports", h.loadImports, err)
		}
	}
	if jobID == "" {
		return again(r, "licensing/imports", h.loadImports, kernel.Bad("file", "required", ""))
	}
	return r.Redirect("/licensing/imports/" + jobID)
}

// importView is one import with its faulty rows.
type importView struct {
	job.Status
	Rows []importLine
}

// importLine is a faulty row in words.
type importLine struct {
	Row int
	Why []string
}

// importErrors bounds the faulty rows on the page.
const importErrors = 500

func (h *Pages) importPage(r *web.Request) error {
	v, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (v importView, err error) {
		if v.Status, err = job.Get(ctx, q, r.PathValue("id")); err != nil {
			return v, err
		}
		if v.Group != "licensing.import" { // jobs of others are not ours to show
			return v, kernel.Missing("job", v.ID)
		}
		rows, err := job.RowErrors(ctx, q, v.ID, 0, importErrors)
		for _, row := range rows {
			v.Rows = append(v.Rows, importLine{row.Row, whyNot(r, row.Problem.Err())})
		}
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("licensing/import", v)
}
