package admin

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/job"
	"anlan/internal/notify"
	"anlan/internal/web"
)

// statusRoutes are what is configured, what is missing and what waits.
func (h *Pages) statusRoutes() []web.Route {
	status := operator(page("GET", "/admin/status", PermOperate, h.status), "admin.status.title", "shield", 1)
	return []web.Route{status}
}

// Finding is one thing that was looked at. Level is "ok", "note" (works, but
// something is not offered or not safe everywhere) or "fault".
type Finding struct{ Level, Topic, Text string }

// statusPage is the findings with the figures of what needs the operator.
type statusPage struct {
	Findings []Finding
	Jobs     job.Counts
	Events   event.Counts
	Messages notify.Counts
	Exchange exchange.Counts
}

func (h *Pages) status(r *web.Request) error {
	v, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (v statusPage, err error) {
		if v.Jobs, err = job.Count(ctx, q); err != nil {
			return v, err
		}
		if v.Events, err = event.Count(ctx, q); err != nil {
			return v, err
		}
		if v.Messages, err = notify.Count(ctx, q); err != nil {
			return v, err
		}
		v.Exchange, err = exchange.Count(ctx, q, r.Today())
		return v, err
	})
	if err != nil {
		return err
	}
	v.Findings = h.Status(r.Context(), r.Lang)
	return r.Render("admin/status", v)
}

// BadMessages is how many messages need the operator.
func (p statusPage) BadMessages() int64 { return p.Messages.Dead + p.Messages.Unclear }
