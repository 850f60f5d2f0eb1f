package admin

import (
	"context"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
	"anlan/ui"
)

func (h *Pages) agentRoutes() []web.Route {
	grant := web.Route{Method: "POST", Path: "/account/agents/new", Permission: auth.Delegate, Handler: h.grantAgent, Upload: true, MaxBody: letterBody}
	return []web.Route{
		own("GET", "/account/agents", h.agents),
		{Method: "GET", Path: "/account/agents/new", Permission: auth.Delegate, Handler: h.agentPage},
		grant,
		own("GET", "/account/agents/{id}/letter", h.agentLetter),
		own("GET", "/account/agents/{id}/end", h.endAgentPage),
		own("POST", "/account/agents/{id}/end", h.endAgent),
	}
}

// Licence is a licence that an agent may be limited to, with the items that are
// about it: the first issue, the renewal and so on.
type Licence struct {
	ID    string // of the first issue
	Title kernel.Text
	Items []string
}

// agentRow is a delegation as both sides see it.
type agentRow struct {
	auth.Delegation
	Firm  string
	Items string // titles, "" for all
	Mine  bool   // one is the agent
}

// agentsView is who acts for whose enterprise.
type agentsView struct {
	Given, Held []agentRow
	Firm        string // the own enterprise, "" none
}

func (h *Pages) delegations(r *web.Request) ([]agentRow, error) {
	a, err := myself(r)
	if err != nil {
		return nil, err
	}
	return read(r, h, func(ctx context.Context, q db.Q) ([]agentRow, error) {
		all, err := h.Auth.Delegations(ctx, q, r.Principal)
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(all))
		for i, d := range all {
			ids[i] = d.Enterprise
		}
		names, err := registry.EnterpriseNames(ctx, q, ids)
		rows := make([]agentRow, len(all))
		for i, d := range all {
			rows[i] = agentRow{Delegation: d, Firm: names[d.Enterprise], Items: words(r, h.licenceTitles(d.Items)), Mine: d.Agent == a.ID}
		}
		return rows, err
	})
}

// licenceTitles names the licences that items are about; an item that is no
// more is its own name.
func (h *Pages) licenceTitles(items []string) []kernel.Text {
	var out []kernel.Text
	for _, id := range items {
		title := kernel.Text{ZH: id}
		if at := slices.IndexFunc(h.Licences, func(l Licence) bool { return slices.Contains(l.Items, id) }); at >= 0 {
			title = h.Licences[at].Title
		}
		if !slices.Contains(out, title) {
			out = append(out, title)
		}
	}
	return out
}

// itemsOf are the items of the licences that were chosen.
func (h *Pages) itemsOf(licences []string) ([]string, error) {
	var out []string
	for _, id := range licences {
		at := slices.IndexFunc(h.Licences, func(l Licence) bool { return l.ID == id })
		if at < 0 {
			return nil, kernel.Bad("items", "one_of", id)
		}
		out = append(out, h.Licences[at].Items...)
	}
	return out, nil
}

func (h *Pages) agents(r *web.Request) error {
	rows, err := h.delegations(r)
	if err != nil {
		return err
	}
	var view agentsView
	for _, row := range rows {
		if row.Mine {
			view.Held = append(view.Held, row)
		} else {
			view.Given = append(view.Given, row)
		}
	}
	view.Firm, err = read(r, h, func(ctx context.Context, q db.Q) (string, error) {
		_, _, firm, err := where(ctx, q, r.Principal.Account)
		return firm, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/agents", view)
}

// delegation is one that the account takes part in.
func (h *Pages) delegation(r *web.Request) (agentRow, error) {
	rows, err := h.delegations(r)
	if err != nil {
		return agentRow{}, err
	}
	for _, row := range rows {
		if row.ID == r.PathValue("id") {
			return row, nil
		}
	}
	return agentRow{}, kernel.Missing("delegation", r.PathValue("id"))
}

// agentForm is what can be chosen when an agent is named.
type agentForm struct {
	Items []ui.Option
	Today kernel.Date
}

func (h *Pages) agentForm(r *web.Request) agentForm {
	f := agentForm{Today: r.Today()}
	for _, l := range h.Licences {
		f.Items = append(f.Items, ui.Option{Value: l.ID, Text: r.Text(l.Title)})
	}
	return f
}

func (h *Pages) agentPage(r *web.Request) error {
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/agent_new", h.agentForm(r))
}

func (h *Pages) grantAgent(r *web.Request) error {
	letter, err := h.letter(r)
	var in struct {
		Phone string      `json:"agent_phone"`
		Name  string      `json:"agent_name"`
		Items []string    `json:"items"`
		From  kernel.Date `json:"from"`
		Until kernel.Date `json:"until"`
	}
	if err == nil {
		err = r.Decode(&in)
	}
	var items []string
	if err == nil {
		items, err = h.itemsOf(in.Items)
	}
	if err == nil {
		_, err = h.Auth.Grant(r.Context(), r.Principal, auth.NewDelegation{Enterprise: r.Principal.Scope.Own, AgentPhone: in.Phone, AgentName: in.Name,
			Items: items, Document: letter, From: in.From, Until: in.Until})
	}
	if err != nil {
		return r.Refill("admin/agent_new", h.agentForm(r), err)
	}
	r.Flash("admin.flash.agent_named")
	return r.Redirect("/account/agents")
}

func (h *Pages) agentLetter(r *web.Request) error {
	d, err := h.delegation(r)
	if err != nil {
		return err
	}
	return h.showLetter(r, d.Document, r.T("admin.agents.letter"))
}

func (h *Pages) endAgentPage(r *web.Request) error {
	d, err := h.delegation(r)
	if err != nil {
		return err
	}
	return r.Render("admin/agent_end", d)
}

func (h *Pages) endAgent(r *web.Request) error {
	if err := h.Auth.Revoke(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	r.Flash("admin.flash.agent_ended")
	return r.Redirect("/account/agents")
}
