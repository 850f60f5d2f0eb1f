package licensing

import (
	"io"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// publicRoutes are what anyone may see without signing in.
func (h *Pages) publicRoutes() []web.Route {
	public := func(path string, fn web.Handler, n int) web.Route {
		return web.Route{Method: "GET", Path: path, Permission: web.Public, Handler: fn, Frame: web.Hall, Limit: web.Limit{N: n, Per: time.Minute}}
	}
	return append(h.progressRoutes(),
		public(VerifyPath+"{code}", h.verify, 30),
		inNav(public("/verify", h.verifyForm, 60), "verify", "qr", 3),
		inNav(public("/decisions", h.decisions, 120), "decisions", "megaphone", 4),
		public("/decisions.csv", h.decisionsCSV, 20), public("/decisions.json", h.decisionsJSON, 60),
		public("/special-times", h.notices, 120),
	)
}

// notices lists the special times in force.
func (h *Pages) notices(r *web.Request) error {
	all, err := h.s.Notices(r.Context())
	if err != nil {
		return err
	}
	return r.Render("licensing/notices", all)
}

// verify shows what a licence is worth now. A code that does not exist is told
// in the same calm words as one that does.
func (h *Pages) verify(r *web.Request) error {
	v, err := h.s.Verify(r.Context(), r.PathValue("code"), r.Actor().Addr)
	if kernel.KindOf(err) == kernel.NotFound {
		return r.Refill("licensing/verify_form", nil, &kernel.Error{Kind: kernel.NotFound, Key: "licensing.error.no_licence"})
	}
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("licensing/verify", verifyView{v, licenceTone(v.State)})
}

// verifyView is the verification's page.
type verifyView struct {
	Verification
	Tone string
}

// verifyForm asks for a code; one that was typed goes to its page.
func (h *Pages) verifyForm(r *web.Request) error {
	if code := r.URL.Query().Get("code"); code != "" {
		return r.Redirect(VerifyPath + pathSafe(code))
	}
	return r.Render("licensing/verify_form", nil)
}

// pathSafe keeps of a typed code what a code can hold.
func pathSafe(code string) string {
	out := []rune{}
	for _, c := range code {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return "-"
	}
	return string(out)
}

// decisionsView is the public list.
type decisionsView struct {
	web.List[decisionLine]
	Areas, Items []ui.Option
}

// decisionLine is a publication with the name of its item.
type decisionLine struct {
	Publication
	Title kernel.Text
}

func publicFilter(r *web.Request, limit int) (PublicFilter, error) {
	c, err := web.ParseCursor(r.URL.Query().Get("after"), 2)
	if err != nil {
		return PublicFilter{}, err
	}
	var in struct {
		Area   string      `json:"area"`
		Item   string      `json:"item"`
		Holder string      `json:"holder"`
		From   kernel.Date `json:"from"`
		To     kernel.Date `json:"to"`
	}
	if err := r.DecodeQuery(&in); err != nil {
		return PublicFilter{}, err
	}
	f := PublicFilter{Area: in.Area, Item: in.Item, Holder: in.Holder, From: in.From, To: in.To, Limit: limit}
	if c != nil {
		f.Before = PublicCursor{c[0], c[1]}
	}
	return f, nil
}

func (h *Pages) decisions(r *web.Request) error {
	f, err := publicFilter(r, web.PageSize+1)
	if err != nil {
		return err
	}
	rows, err := h.s.PublicDecisions(r.Context(), f)
	if err != nil {
		return err
	}
	lines := make([]decisionLine, len(rows))
	for i, p := range rows {
		lines[i] = decisionLine{p, h.s.itemTitle(p.Item)}
	}
	v := decisionsView{List: web.NewList(lines, web.PageSize, -1, func(l decisionLine) web.Cursor { return web.CursorOf(l.DecidedOn, l.ID) })}
	for _, it := range h.s.Rules.Items() {
		v.Items = append(v.Items, ui.Option{Value: it.ID, Text: r.Text(it.Title)})
	}
	if v.Areas, err = h.areaOptions(r); err != nil {
		return err
	}
	return r.Render("licensing/decisions", v)
}

// feedRows is how many records one file of the feed holds.
const feedRows = 1000

func (h *Pages) decisionsCSV(r *web.Request) error {
	f, err := publicFilter(r, feedRows)
	if err != nil {
		return err
	}
	rows, err := h.s.PublicDecisions(r.Context(), f)
	if err != nil {
		return err
	}
	return r.Stream(web.Download{Name: r.T("licensing.decisions.file") + ".csv", Type: "text/csv; charset=utf-8"}, func(w io.Writer) error { return WriteFeedCSV(w, rows) })
}

// feed is the JSON of the public list.
type feed struct {
	Records []Publication `json:"records"`
	Next    string        `json:"next,omitempty"` // value of after for the next records
}

func (h *Pages) decisionsJSON(r *web.Request) error {
	f, err := publicFilter(r, feedRows)
	if err != nil {
		return err
	}
	rows, err := h.s.PublicDecisions(r.Context(), f)
	if err != nil {
		return err
	}
	out := feed{Records: rows}
	if out.Records == nil {
		out.Records = []Publication{}
	}
	if n := len(rows); n == feedRows {
		out.Next = web.CursorOf(rows[n-1].DecidedOn, rows[n-1].ID).Encode()
	}
	return r.JSON(200, out)
}
