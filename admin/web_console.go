package admin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/web"
	"anlan/internal/worklist"
	"anlan/registry"
	"anlan/ui"
)

// consoleRoutes are the officer's home.
func (h *Pages) consoleRoutes() []web.Route {
	home := page("GET", "/console", PermConsole, h.console)
	home.Nav = &web.Nav{Group: "admin.work", Label: "admin.console.title", Icon: "home", Order: 0}
	return []web.Route{
		home,
		page("POST", "/console/items/{id}/claim", PermConsole, h.claimItem),
		page("POST", "/console/items/{id}/release", PermConsole, h.releaseItem),
		page("GET", "/console/items/{id}/assign", PermAssign, h.handPage),
		page("POST", "/console/items/{id}/assign", PermAssign, h.handItem),
	}
}

// listOf says whose to-dos somebody sees: their own, those of the roles they
// act with, and what is addressed to their unit.
func listOf(p *auth.Principal) worklist.For {
	acting := p.Acting()
	if acting == nil {
		return worklist.For{}
	}
	f := worklist.For{Account: p.Account.ID, Roles: p.Roles(), Units: p.Scope.Units}
	if acting.Unit != "" && !slices.Contains(f.Units, acting.Unit) {
		f.Units = append(slices.Clone(f.Units), acting.Unit)
	}
	if p.StandInFor != nil {
		f.StandInFor = []string{p.StandInFor.ID}
	}
	if !p.Scope.City {
		f.Areas = append([]string{}, p.Scope.Areas...)
	}
	if !p.Scope.Officer || p.Scope.Enterprises != nil {
		f.Enterprises = append([]string{}, p.Scope.Enterprises...)
	}
	return f
}

// todoFilter narrows the list: whose, when, and words of the title.
type todoFilter struct {
	Room  string `json:"room"`
	Q     string `json:"q"`
	Whose string `json:"whose"` // "mine", "free", "" all
	When  string `json:"when"`  // "overdue", "soon", "week", "" all
	After string `json:"after"`
}

func (f todoFilter) filter(now time.Time) worklist.Filter {
	out := worklist.Filter{Room: f.Room, Search: f.Q, Mine: f.Whose == "mine", Unclaimed: f.Whose == "free", After: f.After, Limit: web.PageSize + 1}
	switch f.When {
	case "overdue":
		out.DueBefore = now
	case "soon":
		out.DueBefore = now.Add(24 * time.Hour)
	case "week":
		out.DueBefore = now.AddDate(0, 0, 7)
	}
	return out
}

// consolePage is the officer's home.
type consolePage struct {
	Filter  todoFilter
	Tabs    []ui.Tab
	Sum     worklist.Counts
	Notices []notify.Notice
	Todos   web.List[todo]
}

// todo is a line of the list.
type todo struct {
	worklist.Entry
	Tone, Words string // of the lamp
	Until       string // the due time; of a limit by days its last day
	By          string // who has taken it
	Mine        bool   // taken by whoever looks
}

func (h *Pages) console(r *web.Request) error {
	v, err := h.consoleView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/console", v)
}

func (h *Pages) consoleView(r *web.Request) (consolePage, error) {
	var v consolePage
	if err := r.DecodeQuery(&v.Filter); err != nil {
		return v, err
	}
	f, account := listOf(r.Principal), r.Principal.Account.ID
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) error {
		rooms, err := worklist.CountByRoom(ctx, q, f, r.Now())
		if err != nil {
			return err
		}
		v.count(r, rooms)
		if v.Notices, err = notify.Inbox(ctx, q, r.Texts(), r.Lang, account, notify.InboxFilter{Unread: true, Limit: 5}); err != nil {
			return err
		}
		rows, err := worklist.List(ctx, q, f, v.Filter.filter(r.Now()))
		if err != nil {
			return err
		}
		v.Todos.Total = -1
		if len(rows) > web.PageSize {
			rows = rows[:web.PageSize]
			v.Todos.Next = rows[web.PageSize-1].Cursor()
		}
		v.Todos.Rows, err = h.todos(ctx, q, r, rows)
		return err
	})
	return v, err
}

// count makes the tabs: all rooms and each, with how many wait there.
func (v *consolePage) count(r *web.Request, rooms map[string]worklist.Counts) {
	tab := func(room, text string, n int64) ui.Tab {
		href := "/console"
		if room != "" {
			href += "?room=" + room
		}
		return ui.Tab{Text: text, Href: href, Current: v.Filter.Room == room, Count: r.Texts().Show(r.Lang, n)}
	}
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		c := rooms[room]
		v.Sum.Open, v.Sum.Overdue, v.Sum.Soon, v.Sum.Mine = v.Sum.Open+c.Open, v.Sum.Overdue+c.Overdue, v.Sum.Soon+c.Soon, v.Sum.Mine+c.Mine
		name := room
		if key := room + ".nav"; r.Texts().Has(key) {
			name = r.T(key)
		}
		v.Tabs = append(v.Tabs, tab(room, name, c.Open))
	}
	v.Tabs = append([]ui.Tab{tab("", r.T("admin.console.all_rooms"), v.Sum.Open)}, v.Tabs...)
}

func (h *Pages) todos(ctx context.Context, q db.Q, r *web.Request, rows []worklist.Entry) ([]todo, error) {
	names := map[string]string{}
	out := make([]todo, len(rows))
	for i, e := range rows {
		t := todo{Entry: e, Mine: e.ClaimedBy == r.Principal.Account.ID}
		t.Tone, t.Words = dueLamp(r, e.Due)
		t.Until = until(r, e.Due)
		if e.ClaimedBy != "" {
			name, known := names[e.ClaimedBy]
			if !known {
				a, err := h.Auth.Account(ctx, q, e.ClaimedBy)
				if err != nil {
					return nil, err
				}
				name = a.Name
				names[e.ClaimedBy] = name
			}
			t.By = name
		}
		out[i] = t
	}
	return out, nil
}

// until is a due time in words. Limits by days end at midnight: what counts
// is the day before.
func until(r *web.Request, due time.Time) string {
	last := kernel.DateOf(due.Add(-time.Microsecond))
	switch {
	case due.IsZero():
		return ""
	case due.Equal(last.End()):
		return r.Texts().Date(r.Lang, last)
	}
	return r.Texts().DateTime(r.Lang, due)
}

// dueLamp says by colour and words how near a due time is.
func dueLamp(r *web.Request, due time.Time) (tone, words string) {
	if due.IsZero() {
		return "calm", r.T("admin.todo.no_due")
	}
	days := kernel.DateOf(due.Add(-time.Microsecond)).Sub(r.Today())
	switch {
	case !due.After(r.Now()):
		return "bad", r.T("admin.todo.overdue", "n", max(1, -days))
	case days == 0:
		return "warn", r.T("admin.todo.today")
	case days <= 3:
		return "warn", r.T("admin.todo.left", "n", days)
	}
	return "good", r.T("admin.todo.left", "n", days)
}

func (h *Pages) claimItem(r *web.Request) error {
	return h.onItem(r, func(ctx context.Context, tx *db.Tx, id string) error {
		return worklist.Claim(ctx, tx, r.Now(), r.Actor(), listOf(r.Principal), id)
	})
}

func (h *Pages) releaseItem(r *web.Request) error {
	return h.onItem(r, func(ctx context.Context, tx *db.Tx, id string) error {
		return worklist.Release(ctx, tx, r.Now(), r.Actor(), listOf(r.Principal), id)
	})
}

// onItem does something with a to-do and comes back to the list as it was
// filtered; when somebody else was first, the list says so.
func (h *Pages) onItem(r *web.Request, fn func(ctx context.Context, tx *db.Tx, id string) error) error {
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error { return fn(ctx, tx, r.PathValue("id")) })
	if kernel.KindOf(err) == kernel.Conflict {
		v, lerr := h.consoleView(r)
		if lerr != nil {
			return lerr
		}
		return r.Refill("admin/console", v, err)
	}
	if err != nil {
		return err
	}
	r.Flash("admin.flash.done")
	return r.Redirect(r.ReturnTo("/console"))
}

// handView is a to-do with those who may do it.
type handView struct {
	todo
	People []ui.Option
}

func (h *Pages) handView(r *web.Request) (handView, error) {
	return view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (v handView, err error) {
		e, err := worklist.Get(ctx, q, listOf(r.Principal), r.PathValue("id"))
		if err != nil {
			return v, err
		}
		rows, err := h.todos(ctx, q, r, []worklist.Entry{e})
		if err != nil {
			return v, err
		}
		v.todo = rows[0]
		people, err := h.candidates(ctx, q, e.Item)
		for _, a := range people {
			v.People = append(v.People, ui.Option{Value: a.ID, Text: a.Name + "（" + a.Login + "）"})
		}
		return v, err
	})
}

// candidates are the officers that a to-do is for: of its role or unit, with
// a reach that holds its area.
func (h *Pages) candidates(ctx context.Context, q db.Q, it worklist.Item) ([]*auth.Account, error) {
	accounts, err := h.Auth.List(ctx, q, auth.AccountFilter{Kind: auth.Officer, State: auth.Active, Role: it.Role, Unit: it.Unit, Limit: 500})
	if err != nil {
		return nil, err
	}
	district := registry.DistrictOf(it.Area)
	return slices.DeleteFunc(accounts, func(a *auth.Account) bool {
		return a.Reach == auth.ReachArea && it.Area != "" && cmp.Or(a.Area, it.Area) != it.Area && a.Area != district
	}), nil
}

func (h *Pages) handPage(r *web.Request) error {
	v, err := h.handView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/hand", v)
}

func (h *Pages) handItem(r *web.Request) error {
	var in struct {
		Account string `json:"account"`
		Return  string `json:"return"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.hand(r.Context(), r, in.Account)
	}
	if err != nil {
		v, lerr := h.handView(r)
		if lerr != nil {
			return lerr
		}
		return r.Refill("admin/hand", v, err)
	}
	r.Flash("admin.flash.done")
	return r.Redirect(r.ReturnTo("/console"))
}

// hand gives a to-do to an account that sees it on its own list.
func (h *Pages) hand(ctx context.Context, r *web.Request, account string) error {
	var c kernel.Check
	c.Require("account", account)
	if err := c.Err(); err != nil {
		return err
	}
	return h.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := h.Auth.As(ctx, tx, account)
		if err != nil {
			return kernel.Bad("account", "choice", account)
		}
		if _, err := worklist.Get(ctx, tx, listOf(p), r.PathValue("id")); err != nil {
			return kernel.Bad("account", "choice", account)
		}
		return worklist.Assign(ctx, tx, r.Now(), r.Actor(), listOf(r.Principal), r.PathValue("id"), account)
	})
}
