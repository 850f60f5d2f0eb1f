package admin

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/web"
	"anlan/ui"
)

// deliveryRoutes are messages to people with their outcome.
func (h *Pages) deliveryRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/deliveries", PermOperate, h.deliveries), "admin.delivery.title", "mail", 22),
		page("POST", "/admin/deliveries/{id}/retry", PermOperate, h.onDelivery((*notify.Notifier).Retry)),
		page("POST", "/admin/deliveries/{id}/give-up", PermOperate, h.onDelivery((*notify.Notifier).GiveUp)),
	}
}

// deliveryFilter chooses messages.
type deliveryFilter struct {
	Channel string `json:"channel"`
	State   string `json:"state"` // a state, "bad" for all that need the operator
	Subject string `json:"subject"`
}

// deliveriesPage is the list with its figures.
type deliveriesPage struct {
	Filter   deliveryFilter
	Counts   notify.Counts
	Paused   bool // nothing leaves the platform
	Channels []ui.Option
	States   []ui.Option
	List     web.List[notify.Delivery]
}

func (h *Pages) deliveriesView(r *web.Request) (deliveriesPage, error) {
	var v deliveriesPage
	if err := r.DecodeQuery(&v.Filter); err != nil {
		return v, err
	}
	before, err := before(r)
	if err != nil {
		return v, err
	}
	for _, c := range notify.Channels() {
		v.Channels = append(v.Channels, ui.Option{Value: c, Text: r.T("notify.channel." + c)})
	}
	v.States = []ui.Option{{Value: "bad", Text: r.T("admin.delivery.bad")}}
	for _, s := range notify.States() {
		v.States = append(v.States, ui.Option{Value: string(s), Text: r.T("notify.state." + string(s))})
	}
	f := notify.Filter{Channel: v.Filter.Channel, State: notify.State(v.Filter.State), Subject: v.Filter.Subject, Outward: v.Filter.Channel == "", Before: before, Limit: web.PageSize + 1}
	if v.Filter.State == "bad" {
		f.State, f.Bad = "", true
	}
	err = h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if v.Counts, err = notify.Count(ctx, q); err != nil {
			return err
		}
		if v.Paused, err = notify.OutwardPaused().At(ctx, q, r.Now()); err != nil {
			return err
		}
		rows, err := h.Notify.List(ctx, q, f)
		v.List = newest(rows, func(d notify.Delivery) string { return d.ID })
		return err
	})
	return v, err
}

func (h *Pages) deliveries(r *web.Request) error {
	v, err := h.deliveriesView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/deliveries", v)
}

// deliveryDeed is what an operator may do with a message.
type deliveryDeed func(n *notify.Notifier, ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error

// onDelivery is a handler that does something with a message and comes back
// to the list; what its state does not allow is said there.
func (h *Pages) onDelivery(fn deliveryDeed) web.Handler {
	return func(r *web.Request) error {
		err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
			return fn(h.Notify, ctx, tx, r.Now(), r.Actor(), r.PathValue("id"))
		})
		if kernel.KindOf(err) == kernel.Conflict {
			v, lerr := h.deliveriesView(r)
			if lerr != nil {
				return lerr
			}
			return r.Refill("admin/deliveries", v, err)
		}
		if err != nil {
			return err
		}
		r.Flash("admin.flash.done")
		return r.Redirect(r.ReturnTo("/admin/deliveries"))
	}
}
