package licensing

import (
	"fmt"
	"strings"

	"anlan/internal/kernel"
	"anlan/internal/web"
)

// deskRoutes are the officers' pages.
func (h *Pages) deskRoutes() []web.Route {
	queue := web.Route{Method: "GET", Path: "/licensing/cases", Permission: PermRead, Handler: h.queue, Frame: web.Console,
		Nav: &web.Nav{Group: "licensing", Label: "licensing.nav.queue", Icon: "tasks", Order: 1}}
	act := func(name string, fn func(r *web.Request, id string, version int64) (*Case, error)) web.Route {
		return web.Route{Method: "POST", Path: "/licensing/cases/{id}/" + name, Permission: PermRead, Frame: web.Console, Handler: h.acting(fn)}
	}
	return []web.Route{
		queue,
		{Method: "GET", Path: "/licensing/cases/{id}", Permission: PermRead, Handler: h.desk, Frame: web.Console},
		act("claim", h.claim), act("release", h.release), act("accept", h.accept), act("correct", h.askCorrection), act("turn-away", h.turnAway),
		act("pass-on", h.passOn), act("pause", h.pause), act("resume", h.resume), act("decide", h.decide), act("archive", h.archive),
	}
}

// Routes are the pages of this room.
func (h *Pages) Routes() []web.Route {
	routes := []web.Route{
		{Method: "GET", Path: "/guides", Permission: web.Public, Handler: h.guides, Frame: web.Hall},
		{Method: "GET", Path: "/guides/{item}", Permission: web.Public, Handler: h.guide, Frame: web.Hall},
	}
	return append(append(append(routes, h.hallRoutes()...), h.deskRoutes()...), h.afterRoutes()...)
}

// cursorOf reads the place where a page begins.
func cursorOf(r *web.Request) Cursor {
	due, id, ok := strings.Cut(r.URL.Query().Get("after"), "~")
	if !ok {
		return Cursor{}
	}
	return Cursor{Due: due, ID: id}
}

func (h *Pages) queue(r *web.Request) error {
	q := r.URL.Query()
	f := CaseFilter{Step: Step(q.Get("step")), Area: q.Get("area"), Number: q.Get("number"), Applicant: q.Get("applicant"), Open: q.Get("closed") == "", After: cursorOf(r)}
	page, err := h.s.Queue(r.Context(), r.Principal, f)
	if err != nil {
		return err
	}
	return r.Render("licensing/queue", h.rows(page))
}

// deskView is a case as the officers see it.
type deskView struct {
	*CaseView
	Mine bool // this officer works at the desk where the case lies
}

func (h *Pages) deskView(r *web.Request) (deskView, error) {
	c, err := h.load(r)
	if err != nil {
		return deskView{}, err
	}
	perm, staffed := stepPermission[c.Step]
	return deskView{c, staffed && r.Can(perm) && (c.Handler == "" || c.Handler == r.Actor().ID)}, nil
}

func (h *Pages) desk(r *web.Request) error {
	v, err := h.deskView(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/desk", v)
}

// acting runs one act on the case as the officer's page showed it, and comes
// back to that page, with the message on top when it was refused.
func (h *Pages) acting(fn func(r *web.Request, id string, version int64) (*Case, error)) web.Handler {
	return func(r *web.Request) error {
		var in struct {
			Version int64 `json:"version"`
		}
		if _, err := fmt.Sscan(r.Sent().Get("version"), &in.Version); err != nil {
			return kernel.Bad("version", "number", r.Sent().Get("version"))
		}
		id := r.PathValue("id")
		_, err := fn(r, id, in.Version)
		if err == nil {
			r.Flash("licensing.flash.done")
			return r.Redirect("/licensing/cases/" + id)
		}
		v, lerr := h.deskView(r)
		if lerr != nil {
			return lerr
		}
		return r.Refill("licensing/desk", v, err)
	}
}

func (h *Pages) claim(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.Claim(r.Context(), r.Principal, id, version)
}

func (h *Pages) release(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.Release(r.Context(), r.Principal, id, version)
}

// accept takes the ticked materials as promised to follow (容缺受理).
func (h *Pages) accept(r *web.Request, id string, version int64) (*Case, error) {
	in := Acceptance{Missing: r.Sent()["missing"]}
	if text := r.Sent().Get("missing_due"); text != "" {
		due, err := kernel.ParseDate(text)
		if err != nil {
			return nil, kernel.Bad("missing_due", "date", text)
		}
		in.MissingDue = due
	}
	return h.s.AcceptCase(r.Context(), r.Principal, id, version, in)
}

// askCorrection reads the notice's lines; empty ones do not count.
func (h *Pages) askCorrection(r *web.Request, id string, version int64) (*Case, error) {
	var faults []Fault
	for i := range 10 {
		f := Fault{Target: r.Sent().Get(fmt.Sprintf("faults.%d.target", i)), Fault: r.Sent().Get(fmt.Sprintf("faults.%d.fault", i)), Remedy: r.Sent().Get(fmt.Sprintf("faults.%d.remedy", i))}
		if f.Fault != "" || f.Remedy != "" {
			faults = append(faults, f)
		}
	}
	return h.s.SendCorrection(r.Context(), r.Principal, id, version, faults)
}

func (h *Pages) turnAway(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.TurnAway(r.Context(), r.Principal, id, version, State(r.Sent().Get("outcome")), r.Sent().Get("grounds"), r.Sent().Get("go_to"))
}

func (h *Pages) passOn(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.PassOn(r.Context(), r.Principal, id, version, r.Sent().Get("verdict"), r.Sent().Get("text"))
}

func (h *Pages) pause(r *web.Request, id string, version int64) (*Case, error) {
	var days int
	if _, err := fmt.Sscan(r.Sent().Get("days"), &days); err != nil {
		return nil, kernel.Bad("days", "number", r.Sent().Get("days"))
	}
	return h.s.Pause(r.Context(), r.Principal, id, version, Procedure{Cause: r.Sent().Get("cause"), Days: days, Reason: r.Sent().Get("pause_reason")})
}

func (h *Pages) resume(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.Resume(r.Context(), r.Principal, id, version)
}

func (h *Pages) decide(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.Decide(r.Context(), r.Principal, id, version, Verdict{Outcome: State(r.Sent().Get("outcome")), Grounds: r.Sent().Get("grounds")})
}

func (h *Pages) archive(r *web.Request, id string, version int64) (*Case, error) {
	return h.s.ArchiveCase(r.Context(), r.Principal, id, version)
}

// answerField is the name of the input that answers a line of the notice.
func answerField(seq int64) string { return fmt.Sprintf("answer.%d", seq) }
