package admin

import (
	"context"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/notify"
	"anlan/internal/web"
	"anlan/internal/worklist"
)

// machineryRoutes are the officer's home and the pages of the operator, who is
// one of three administrators: the system administrator runs and sets, the
// audit administrator reads what was done, and neither does the other's.
func (h *Pages) machineryRoutes() []web.Route {
	return slices.Concat(h.consoleRoutes(), h.noticeRoutes(), h.searchRoutes(), h.jobRoutes(), h.eventRoutes(), h.deliveryRoutes(),
		h.exchangeRoutes(), h.auditRoutes(), h.settingRoutes(), h.calendarRoutes(), h.organisationRoutes(), h.statusRoutes())
}

// page is a route of the console.
func page(method, path string, perm auth.Permission, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: perm, Handler: fn, Frame: web.Console}
}

// operator gives a page its place in the operator's navigation.
func operator(rt web.Route, label, icon string, order int) web.Route {
	rt.Nav = &web.Nav{Group: "admin", Label: label, Icon: icon, Order: 900 + order}
	return rt
}

// uploads says that a route takes files.
func uploads(rt web.Route) web.Route {
	rt.Upload = true
	return rt
}

// view reads what a page shows from one snapshot.
func view[T any](ctx context.Context, d *db.DB, fn func(ctx context.Context, q db.Q) (T, error)) (T, error) {
	var out T
	err := d.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		out, err = fn(ctx, q)
		return err
	})
	return out, err
}

// newest makes a page of a list that goes by id, the newest first.
func newest[T any](rows []T, id func(T) string) web.List[T] {
	return web.NewList(rows, web.PageSize, -1, func(row T) web.Cursor { return web.CursorOf(id(row)) })
}

// before is the id after which the page of such a list begins, "" for the
// first.
func before(r *web.Request) (string, error) {
	c, err := web.ParseCursor(r.URL.Query().Get("after"), 1)
	if err != nil || c == nil {
		return "", err
	}
	return c[0], nil
}

// change runs a deed of the operator in one transaction, says that it is done
// and goes to a page.
func (h *Pages) change(r *web.Request, to string, fn func(ctx context.Context, tx *db.Tx) error) error {
	if err := h.DB.InTx(r.Context(), fn); err != nil {
		return err
	}
	r.Flash("admin.flash.done")
	return r.Redirect(to)
}

// Counts are the numbers beside entries of the navigation.
func (h *Pages) Counts(r *web.Request) map[string]int {
	if r.Principal.Acting() == nil {
		return nil
	}
	out := map[string]int{}
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if out["/notices"], err = notify.Unread(ctx, q, r.Principal.Account.ID); err != nil || !r.Can(PermConsole) {
			return err
		}
		out["/console"], err = worklist.Waiting(ctx, q, listOf(r.Principal))
		return err
	})
	if err != nil {
		return nil // the page itself will say that the database is down
	}
	return out
}

// Topics are the live updates of these pages: the progress of a job, for who
// asked for it and for the operator.
func (h *Pages) Topics() []web.Topic {
	return []web.Topic{{Prefix: "job:", Allow: func(r *web.Request, name string) (bool, error) {
		if !r.Principal.SignedIn() {
			return false, nil
		}
		s, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (job.Status, error) { return job.Get(ctx, q, name[len("job:"):]) })
		return err == nil && (r.Can(PermOperate) || s.Actor.Same(r.Actor())), err
	}}}
}
