package licensing

import (
	"context"
	"io"
	"slices"

	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// importGroup is the group of jobs that import licences.
const importGroup = "licensing.import"

// importRoutes are the import of existing licences.
func (h *Pages) importRoutes() []web.Route {
	send := console("POST", "/licensing/imports", PermImport, h.startImport)
	send.Upload = true
	return []web.Route{
		inNav(console("GET", "/licensing/imports", PermImport, h.imports), "imports", "upload", 11),
		send,
		console("GET", "/licensing/imports/template.xlsx", PermImport, h.importTemplate),
		console("GET", "/licensing/imports/{id}", PermImport, h.importPage),
		console("POST", "/licensing/imports/{id}/cancel", PermImport, h.cancelImport),
	}
}

func (h *Pages) loadImports(r *web.Request) ([]job.Status, error) {
	all, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) ([]job.Status, error) {
		return job.List(ctx, q, job.Filter{Group: importGroup, Limit: 50})
	})
	return slices.DeleteFunc(all, func(s job.Status) bool { return !importSeen(r, s) }), err
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

// importOf returns an import that the visitor may see: their own, and any for
// who sees the whole city. Jobs of other kinds are not ours to show.
func importOf(ctx context.Context, q db.Q, r *web.Request) (job.Status, error) {
	s, err := job.Get(ctx, q, r.PathValue("id"))
	if err == nil && !importSeen(r, s) {
		err = kernel.Missing("job", s.ID)
	}
	return s, err
}

func importSeen(r *web.Request, s job.Status) bool {
	return s.Group == importGroup && (r.Scope().City || s.Actor.Same(r.Actor()))
}

func (h *Pages) importPage(r *web.Request) error {
	v, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (web.JobView, error) {
		s, err := importOf(ctx, q, r)
		if err != nil {
			return web.JobView{}, err
		}
		return r.Job(ctx, q, s)
	})
	if err != nil {
		return err
	}
	return r.Render("licensing/import", v)
}

func (h *Pages) cancelImport(r *web.Request) error {
	err := h.s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		s, err := importOf(ctx, tx, r)
		if err != nil {
			return err
		}
		return h.s.Jobs.Cancel(ctx, tx, r.Now(), r.Actor(), s.ID)
	})
	if err != nil {
		return err
	}
	return r.Redirect("/licensing/imports/" + r.PathValue("id"))
}
