package registry

import (
	"context"
	"io"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// sheetRoutes are the ways in from Excel and out to it. Everybody sees their
// own imports and exports.
func (h *Pages) sheetRoutes() []web.Route {
	upload := page("POST", "/registry/imports", PermImport, h.startImport)
	upload.Upload = true
	return []web.Route{
		inNav(page("GET", "/registry/jobs", PermRead, h.sheetJobs), "registry.sheet.title", "upload", 3),
		page("GET", "/registry/template.xlsx", PermImport, h.template),
		upload,
		page("POST", "/registry/exports", PermRead, h.startExport),
		page("GET", "/registry/jobs/{id}", PermRead, h.sheetJob),
		page("GET", "/registry/jobs/{id}/result", PermRead, h.sheetResult),
		page("POST", "/registry/jobs/{id}/cancel", PermRead, h.cancelSheet),
	}
}

func (h *Pages) ownJobs(r *web.Request) ([]job.Status, error) {
	return view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) ([]job.Status, error) {
		return job.List(ctx, q, job.Filter{Group: JobGroup, Actor: r.Actor().ID})
	})
}

func (h *Pages) sheetJobs(r *web.Request) error {
	v, err := h.ownJobs(r)
	if err != nil {
		return err
	}
	return r.Render("registry/jobs", v)
}

func (h *Pages) template(r *web.Request) error {
	return r.Stream(web.Download{Name: r.T("registry.sheet.template") + ".xlsx", Type: blob.XLSX},
		func(w io.Writer) error { return h.sheets.Template(r.Context(), w, r.Lang) })
}

func (h *Pages) startImport(r *web.Request) error {
	id := ""
	for file, err := range r.Files() {
		if err == nil {
			id, err = h.sheets.Import(r.Context(), r.Principal, file, r.Sent().Get("dry") != "")
		}
		if err != nil {
			return h.refillJobs(r, err)
		}
	}
	if id == "" {
		return h.refillJobs(r, kernel.Bad("file", "required", ""))
	}
	return r.Redirect("/registry/jobs/" + id)
}

func (h *Pages) refillJobs(r *web.Request, err error) error {
	v, lerr := h.ownJobs(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill("registry/jobs", v, err)
}

// startExport writes the enterprises of the list's filter.
func (h *Pages) startExport(r *web.Request) error {
	var f listFilter
	if err := r.Decode(&f); err != nil {
		return err
	}
	id, err := h.sheets.Export(r.Context(), r.Principal, f.filter(), r.Lang)
	if err != nil {
		return err
	}
	return r.Redirect("/registry/jobs/" + id)
}

// ownJob returns an import or export of whoever asks; another's does not
// exist.
func (h *Pages) ownJob(ctx context.Context, q db.Q, r *web.Request) (job.Status, error) {
	s, err := job.Get(ctx, q, r.PathValue("id"))
	if err == nil && (s.Group != JobGroup || !s.Actor.Same(r.Actor())) {
		err = kernel.Missing("job", s.ID)
	}
	return s, err
}

func (h *Pages) sheetJob(r *web.Request) error {
	v, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (web.JobView, error) {
		s, err := h.ownJob(ctx, q, r)
		if err != nil {
			return web.JobView{}, err
		}
		return r.Job(ctx, q, s)
	})
	if err != nil {
		return err
	}
	return r.Render("registry/job", v)
}

func (h *Pages) sheetResult(r *web.Request) error {
	s, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (job.Status, error) { return h.ownJob(ctx, q, r) })
	if err != nil {
		return err
	}
	return r.JobResult(h.files, s)
}

func (h *Pages) cancelSheet(r *web.Request) error {
	err := h.s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		s, err := h.ownJob(ctx, tx, r)
		if err != nil {
			return err
		}
		return h.jobs.Cancel(ctx, tx, r.Now(), r.Actor(), s.ID)
	})
	if err != nil {
		return err
	}
	return r.Redirect("/registry/jobs/" + r.PathValue("id"))
}
