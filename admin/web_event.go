package admin

import (
	"context"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// eventRoutes are the receipts of events that are not done.
func (h *Pages) eventRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/events", PermOperate, h.events), "admin.event.title", "stamp", 21),
		page("POST", "/admin/events/{id}/{subscription}/retry", PermOperate, h.retryReceipt),
		page("POST", "/admin/events/{id}/{subscription}/drop", PermOperate, h.dropReceipt),
	}
}

// eventsPage is the figures and the receipts that wait or are parked.
type eventsPage struct {
	Counts   event.Counts
	Receipts []event.Receipt
	Drop     string // the receipt whose dropping was refused, so that its form is open
}

// receiptsShown bounds the page: what stands behind a parked receipt shows the
// same fault.
const receiptsShown = 200

func (h *Pages) eventsView(r *web.Request) (eventsPage, error) {
	return view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (v eventsPage, err error) {
		if v.Counts, err = event.Count(ctx, q); err != nil {
			return v, err
		}
		v.Receipts, err = event.Open(ctx, q, receiptsShown)
		return v, err
	})
}

func (h *Pages) events(r *web.Request) error {
	v, err := h.eventsView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/events", v)
}

func (h *Pages) retryReceipt(r *web.Request) error {
	id, subscription := r.PathValue("id"), r.PathValue("subscription")
	return h.change(r, "/admin/events", func(ctx context.Context, tx *db.Tx) error {
		if err := h.Bus.Retry(ctx, tx, id, subscription); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: r.Now(), Actor: r.Actor(), Action: "event.retry", Subject: "event:" + id,
			After: map[string]string{"subscription": subscription}})
	})
}

// dropReceipt gives a receipt up, with the reason kept in the audit.
func (h *Pages) dropReceipt(r *web.Request) error {
	var in struct {
		Reason string `json:"reason"`
	}
	id, subscription := r.PathValue("id"), r.PathValue("subscription")
	err := r.Decode(&in)
	if err == nil {
		err = h.drop(r, id, subscription, in.Reason)
	}
	if err != nil {
		v, lerr := h.eventsView(r)
		if lerr != nil {
			return lerr
		}
		v.Drop = id + "/" + subscription
		return r.Refill("admin/events", v, err)
	}
	r.Flash("admin.flash.done")
	return r.Redirect("/admin/events")
}

func (h *Pages) drop(r *web.Request, id, subscription, reason string) error {
	var c kernel.Check
	c.Text("reason", reason, 500)
	if err := c.Err(); err != nil {
		return err
	}
	return h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := h.Bus.Drop(ctx, tx, id, subscription); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: r.Now(), Actor: r.Actor(), Action: "event.drop", Subject: "event:" + id,
			After: map[string]string{"subscription": subscription, "reason": reason}})
	})
}
