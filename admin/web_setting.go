package admin

import (
	"context"
	"slices"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/settings"
	"anlan/internal/web"
)

// settingRoutes are what may be changed while the platform runs.
func (h *Pages) settingRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/settings", PermSettings, h.settings), "admin.setting.title", "gear", 12),
		page("GET", "/admin/settings/{name}", PermSettings, h.setting),
		page("POST", "/admin/settings/{name}", PermSettings, h.setSetting),
	}
}

func (h *Pages) settings(r *web.Request) error {
	v, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) ([]settings.Listed, error) {
		return settings.List(ctx, q, r.Now(), h.Settings)
	})
	if err != nil {
		return err
	}
	return r.Render("admin/settings", v)
}

// settingPage is one setting with every value it ever had.
type settingPage struct {
	settings.Listed
	History []settings.Row
}

func (h *Pages) settingView(r *web.Request) (settingPage, error) {
	name := r.PathValue("name")
	at := slices.IndexFunc(h.Settings, func(e settings.Editable) bool { return e.Name == name })
	if at < 0 {
		return settingPage{}, kernel.Missing("setting", name)
	}
	return view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (v settingPage, err error) {
		list, err := settings.List(ctx, q, r.Now(), h.Settings[at:at+1])
		if err != nil {
			return v, err
		}
		v.Listed = list[0]
		v.History, err = v.Editable.History(ctx, q)
		return v, err
	})
}

func (h *Pages) setting(r *web.Request) error {
	v, err := h.settingView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/setting", v)
}

func (h *Pages) setSetting(r *web.Request) error {
	var in struct {
		Value string      `json:"value"`
		From  kernel.Date `json:"from"`
	}
	v, err := h.settingView(r)
	if err != nil {
		return err
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("admin/setting", v, err)
	}
	err = h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return v.Set(ctx, tx, r.Now(), r.Actor(), in.From, in.Value)
	})
	if err != nil {
		return r.Refill("admin/setting", v, err)
	}
	r.Flash("admin.flash.set")
	return r.Redirect("/admin/settings/" + v.Name)
}
