package licensing

import (
	"strings"
	"time"

	"anlan/internal/web"
	"anlan/ui"
)

// progressRoutes are the public query by number and telephone.
func (h *Pages) progressRoutes() []web.Route {
	public := func(method, path string, fn web.Handler, n int) web.Route {
		return web.Route{Method: method, Path: path, Permission: web.Public, Handler: fn, Frame: web.Hall, Limit: web.Limit{N: n, Per: time.Minute}, NoReplay: true}
	}
	return []web.Route{
		inNav(public("GET", "/progress", h.progressForm, 60), "progress", "search", 2),
		public("POST", "/progress/code", h.progressCode, 10),
		public("POST", "/progress", h.progress, 20),
	}
}

// progressInput is what the two steps of the query send.
type progressInput struct {
	Number string `json:"number"`
	Phone  string `json:"phone"`
	Code   string `json:"code"`
}

func (in progressInput) query() ProgressQuery {
	return ProgressQuery{Number: strings.ToUpper(strings.TrimSpace(in.Number)), Phone: strings.TrimSpace(in.Phone)}
}

// progressView is a case as anyone with its telephone sees it.
type progressView struct {
	Progress
	Story []ui.Step
	Tone  string
}

func (h *Pages) progressForm(r *web.Request) error {
	return r.Render("licensing/progress", progressInput{Number: r.URL.Query().Get("number")})
}

// progressCode sends the code and asks for it.
func (h *Pages) progressCode(r *web.Request) error {
	var in progressInput
	err := r.Decode(&in)
	if err == nil {
		err = h.s.AskProgress(r.Context(), in.query(), r.Addr, r.Lang)
	}
	if err != nil {
		return r.Refill("licensing/progress", in, err)
	}
	return r.Render("licensing/progress_code", in)
}

func (h *Pages) progress(r *web.Request) error {
	var in progressInput
	err := r.Decode(&in)
	var p Progress
	if err == nil {
		p, err = h.s.ProgressByCode(r.Context(), in.query(), strings.TrimSpace(in.Code))
	}
	if err != nil {
		return r.Refill("licensing/progress_code", in, err)
	}
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("licensing/progress_shown", progressView{Progress: p, Story: myStory(r, p.Log)})
}
