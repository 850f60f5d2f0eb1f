package admin

import (
	"context"
	"strconv"

	"anlan/internal/db"
	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// exchangeRoutes are records on their way to and from other systems.
func (h *Pages) exchangeRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/exchange", PermOperate, h.exchange), "admin.exchange.title", "compare", 23),
		page("GET", "/admin/exchange/messages/{id}", PermOperate, h.exchangeMessage),
		page("POST", "/admin/exchange/messages/{id}/retry", PermOperate, h.retryExchange),
		page("POST", "/admin/exchange/packages/{system}/{number}/write-again", PermOperate, h.writeAgain),
	}
}

// exchangeFilter chooses messages.
type exchangeFilter struct {
	System string `json:"system"`
	State  string `json:"state"` // a state, "bad" or "late" for all that need the operator
}

// exchangePage is the systems with what is on its way.
type exchangePage struct {
	Filter   exchangeFilter
	Counts   exchange.Counts
	Systems  []systemView
	States   []ui.Option
	Messages web.List[exchangeLine]
}

// systemView is a system with its packages that are not done with.
type systemView struct {
	exchange.System
	Packages []exchange.Package
}

// exchangeLine is a message in the list.
type exchangeLine struct {
	exchange.Message
	Overdue bool
}

// packagesShown bounds the open packages of a system on the page.
const packagesShown = 30

func (h *Pages) exchange(r *web.Request) error {
	v := exchangePage{States: []ui.Option{{Value: "bad", Text: r.T("admin.exchange.bad")}, {Value: "late", Text: r.T("admin.exchange.late")}}}
	if err := r.DecodeQuery(&v.Filter); err != nil {
		return err
	}
	for _, s := range exchange.States() {
		v.States = append(v.States, ui.Option{Value: string(s), Text: r.T("exchange.state." + string(s))})
	}
	before, err := before(r)
	if err != nil {
		return err
	}
	f := exchange.Filter{System: v.Filter.System, State: exchange.State(v.Filter.State), Before: before, Limit: web.PageSize + 1}
	switch v.Filter.State {
	case "bad":
		f.State, f.Bad = "", true
	case "late":
		f.State, f.Late = "", r.Today()
	}
	err = h.DB.View(r.Context(), func(ctx context.Context, q db.Q) error { return h.loadExchange(ctx, q, r, &v, f) })
	if err != nil {
		return err
	}
	return r.Render("admin/exchange", v)
}

func (h *Pages) loadExchange(ctx context.Context, q db.Q, r *web.Request, v *exchangePage, f exchange.Filter) (err error) {
	if v.Counts, err = exchange.Count(ctx, q, r.Today()); err != nil {
		return err
	}
	for _, s := range h.Exchange.Systems() {
		packages, err := exchange.Packages(ctx, q, s.ID, true, packagesShown)
		if err != nil {
			return err
		}
		v.Systems = append(v.Systems, systemView{s, packages})
	}
	rows, err := exchange.List(ctx, q, f)
	lines := make([]exchangeLine, len(rows))
	for i, m := range rows {
		lines[i] = exchangeLine{m, m.Late(r.Now())}
	}
	v.Messages = newest(lines, func(m exchangeLine) string { return m.ID })
	return err
}

// exchangeMessagePage is a message with why it was not taken, in words.
type exchangeMessagePage struct {
	exchangeLine
	Why []string
}

func (h *Pages) exchangeMessageView(r *web.Request) (exchangeMessagePage, error) {
	m, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (exchange.Message, error) {
		return exchange.Get(ctx, q, r.PathValue("id"))
	})
	if err != nil {
		return exchangeMessagePage{}, err
	}
	v := exchangeMessagePage{exchangeLine: exchangeLine{m, m.Late(r.Now())}}
	for _, p := range m.Problems {
		line := p.Field + r.T("admin.exchange.colon") + p.Rule // the peer's own words
		if r.Texts().Has("rule." + p.Rule) {
			line = p.Field + r.T("admin.exchange.colon") + r.Texts().Rule(r.Lang, kernel.FieldError{Field: p.Field, Rule: p.Rule, Value: p.Value, Args: p.Args})
		}
		v.Why = append(v.Why, line)
	}
	return v, nil
}

func (h *Pages) exchangeMessage(r *web.Request) error {
	v, err := h.exchangeMessageView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/exchange_message", v)
}

// retryExchange sends a message again; it may get a new id, so the list of
// its system is shown.
func (h *Pages) retryExchange(r *web.Request) error {
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return h.Exchange.Retry(ctx, tx, r.Now(), r.Actor(), r.PathValue("id"))
	})
	if kernel.KindOf(err) == kernel.Conflict {
		v, lerr := h.exchangeMessageView(r)
		if lerr != nil {
			return lerr
		}
		return r.Refill("admin/exchange_message", v, err)
	}
	if err != nil {
		return err
	}
	r.Flash("admin.flash.done")
	return r.Redirect("/admin/exchange")
}

func (h *Pages) writeAgain(r *web.Request) error {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		return kernel.Missing("package", r.PathValue("number"))
	}
	return h.change(r, "/admin/exchange", func(ctx context.Context, tx *db.Tx) error {
		return h.Exchange.WriteAgain(ctx, tx, r.Now(), r.Actor(), r.PathValue("system"), n)
	})
}
