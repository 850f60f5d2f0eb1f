package admin

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/web"
)

// jobRoutes are long work and periodic tasks as the operator sees them.
func (h *Pages) jobRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/jobs", PermOperate, h.jobs), "admin.job.title", "gauge", 20),
		page("GET", "/admin/jobs/{id}", PermOperate, h.job),
		page("GET", "/admin/jobs/{id}/result", PermOperate, h.jobResult),
		page("POST", "/admin/jobs/{id}/cancel", PermOperate, h.cancelJob),
		page("POST", "/admin/jobs/{id}/retry", PermOperate, h.retryJob),
	}
}

// jobsPage is the list with its figures and the periodic tasks.
type jobsPage struct {
	Counts job.Counts
	Jobs   web.List[job.Status]
	Tasks  []job.TaskStatus
}

func (h *Pages) jobs(r *web.Request) error {
	before, err := before(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	f := job.Filter{State: job.State(state), Before: before, Limit: web.PageSize + 1}
	if state == "stuck" {
		f.State, f.Stuck = "", true
	}
	v, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (v jobsPage, err error) {
		if v.Counts, err = job.Count(ctx, q); err != nil {
			return v, err
		}
		rows, err := job.List(ctx, q, f)
		if err != nil {
			return v, err
		}
		v.Jobs = newest(rows, func(s job.Status) string { return s.ID })
		v.Tasks, err = job.Tasks(ctx, q)
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/jobs", v)
}

func (h *Pages) job(r *web.Request) error {
	v, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (web.JobView, error) {
		s, err := job.Get(ctx, q, r.PathValue("id"))
		if err != nil {
			return web.JobView{}, err
		}
		return r.Job(ctx, q, s)
	})
	if err != nil {
		return err
	}
	return r.Render("admin/job", v)
}

func (h *Pages) jobResult(r *web.Request) error {
	s, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (job.Status, error) { return job.Get(ctx, q, r.PathValue("id")) })
	if err != nil {
		return err
	}
	return r.JobResult(h.Files, s)
}

func (h *Pages) cancelJob(r *web.Request) error {
	id := r.PathValue("id")
	return h.change(r, "/admin/jobs/"+id, func(ctx context.Context, tx *db.Tx) error {
		return h.Jobs.Cancel(ctx, tx, r.Now(), r.Actor(), id)
	})
}

func (h *Pages) retryJob(r *web.Request) error {
	id := r.PathValue("id")
	return h.change(r, "/admin/jobs/"+id, func(ctx context.Context, tx *db.Tx) error {
		return h.Jobs.Retry(ctx, tx, r.Now(), r.Actor(), id)
	})
}
