package licensing

import (
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// renewalRoutes are the expiry worklist.
func (h *Pages) renewalRoutes() []web.Route {
	return []web.Route{inNav(console("GET", "/licensing/renewals", PermRead, h.renewals), "renewals", "calendar", 6)}
}

// renewalsView is the expiry worklist's page.
type renewalsView struct {
	web.List[dueLine]
	Areas, Items []ui.Option
	Within       int
	Tally        EarlyContact // this month
	Windows      []int
}

// dueLine is a row with its words.
type dueLine struct {
	DueRow
	Title kernel.Text
	Lamp  lamp
	Reach string // "filed", "confirmed", "reached", "unreachable", "none"
	First bool   // a material lapses before the licence
}

// dueWindows are the spans of the list, in days.
var dueWindows = [...]int{7, 30, 60, 90, 180}

func (h *Pages) renewals(r *web.Request) error {
	date, id, err := placeOf(r)
	if err != nil {
		return err
	}
	var in struct {
		Within int    `json:"within"`
		Area   string `json:"area"`
		Item   string `json:"item"`
		Who    string `json:"who"` // "unreachable", "unconfirmed", "filed"
	}
	if err := r.DecodeQuery(&in); err != nil {
		return err
	}
	f := DueFilter{Within: orInt(in.Within, 180), Area: in.Area, Item: in.Item, Unreachable: in.Who == "unreachable", Unconfirmed: in.Who == "unconfirmed", Filed: in.Who == "filed",
		After: LicenceCursor{date, id}}
	page, err := h.s.DueList(r.Context(), r.Principal, f)
	if err != nil {
		return err
	}
	lines := make([]dueLine, len(page.Rows))
	for i, row := range page.Rows {
		lines[i] = h.dueLine(r, row)
	}
	v := renewalsView{List: listOf(lines, page.More, page.Total, func(l dueLine) web.Cursor { return web.CursorOf(l.WatchOn, l.ID) }),
		Items: h.licenceOptions(r), Within: f.Within, Windows: dueWindows[:]}
	if v.Areas, err = h.areaOptions(r); err != nil {
		return err
	}
	today := r.Today()
	if v.Tally, err = h.s.EarlyContacts(r.Context(), r.Principal.Scope, kernel.NewDate(today.Year(), today.Month(), 1), today); err != nil {
		return err
	}
	return r.Render("licensing/renewals", v)
}

func (h *Pages) dueLine(r *web.Request, row DueRow) dueLine {
	l := dueLine{DueRow: row, Title: h.s.issuedTitle(row.Item), Lamp: lampOf(row.WatchOn, r.Today(), false, 90), Reach: "none",
		First: !row.FirstLapse.IsZero() && row.FirstLapse.Before(row.WatchOn)}
	switch {
	case row.Pending != "":
		l.Reach = "filed"
	case row.Confirmed > 0:
		l.Reach = "confirmed"
	case row.Reached > 0:
		l.Reach = "reached"
	case row.Tries > 0:
		l.Reach = "unreachable"
	}
	return l
}
