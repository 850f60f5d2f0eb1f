package licensing

import (
	"io"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// superviseRoutes are 审管联动, the ratings and the archive.
func (h *Pages) superviseRoutes() []web.Route {
	list := inNav(console("GET", "/licensing/handovers", PermRead, h.handovers), "handovers", "compare", 9)
	return []web.Route{
		list,
		console("GET", "/licensing/handovers/{id}", PermRead, h.handover),
		console("POST", "/licensing/handovers/{id}/acknowledge", PermSupervise, h.acknowledge),
		console("POST", "/licensing/handovers/{id}/feedback", PermSupervise, h.feedback),
		console("POST", "/licensing/handovers/{id}/close", PermApprove, h.closeFeedback),
		inNav(console("GET", "/licensing/ratings", PermRead, h.ratings), "ratings", "star", 10),
		console("POST", "/licensing/ratings/{id}/answer", PermApprove, h.answerRating),
		console("GET", "/licensing/cases/{id}/archive.zip", PermArchive, h.archiveFile),
	}
}

// handoverLine is a handover with its words.
type handoverLine struct {
	*Handover
	Title kernel.Text
	Lamp  lamp
}

func (h *Pages) handoverLine(r *web.Request, x *Handover) handoverLine {
	return handoverLine{x, h.s.itemTitle(x.Item), lampOf(x.Due, r.Today(), x.Acknowledged.ID != "", 1)}
}

func (h *Pages) handovers(r *web.Request) error {
	rows, err := h.s.Handovers(r.Context(), r.Principal, r.URL.Query().Get("all") == "", 200)
	if err != nil {
		return err
	}
	lines := make([]handoverLine, len(rows))
	for i, row := range rows {
		lines[i] = h.handoverLine(r, row)
	}
	return r.Render("licensing/handovers", lines)
}

// handoverView is one handover's page.
type handoverView struct {
	handoverLine
	Kinds []ui.Option
}

func (h *Pages) loadHandover(r *web.Request) (handoverView, error) {
	x, err := h.s.Handover(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return handoverView{}, err
	}
	return handoverView{h.handoverLine(r, x), options(r, "licensing.feedback.", feedbackKinds[:])}, nil
}

func (h *Pages) handover(r *web.Request) error {
	v, err := h.loadHandover(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/handover", v)
}

// after comes back to the handover's page.
func (h *Pages) afterHandover(r *web.Request, err error) error {
	if err != nil {
		return again(r, "licensing/handover", h.loadHandover, err)
	}
	return done(r, "/licensing/handovers/"+r.PathValue("id"))
}

func (h *Pages) acknowledge(r *web.Request) error {
	return h.afterHandover(r, h.s.Acknowledge(r.Context(), r.Principal, r.PathValue("id")))
}

func (h *Pages) feedback(r *web.Request) error {
	return h.afterHandover(r, h.s.GiveFeedback(r.Context(), r.Principal, r.PathValue("id"), r.Sent().Get("kind"), r.Sent().Get("text")))
}

func (h *Pages) closeFeedback(r *web.Request) error {
	return h.afterHandover(r, h.s.CloseFeedback(r.Context(), r.Principal, r.PathValue("id"), r.Sent().Get("note")))
}

// ratingsView is the list of ratings with this year's tally.
type ratingsView struct {
	Rows  []ratingLine
	Tally RatingTally
	Mean  float64
	All   bool
}

// ratingLine is a rating with its words.
type ratingLine struct {
	Rating
	Title kernel.Text
	Tone  string
}

func (h *Pages) loadRatings(r *web.Request) (v ratingsView, err error) {
	v.All = r.URL.Query().Get("all") != ""
	rows, err := h.s.Ratings(r.Context(), r.Principal, !v.All, 200)
	if err != nil {
		return v, err
	}
	for _, row := range rows {
		line := ratingLine{row, h.s.itemTitle(row.Item), "good"}
		if row.Bad() {
			line.Tone = "bad"
		}
		v.Rows = append(v.Rows, line)
	}
	today := r.Today()
	v.Tally, err = h.s.RatingsBetween(r.Context(), r.Principal.Scope, kernel.NewDate(today.Year(), 1, 1), today)
	if v.Tally.Count > 0 {
		v.Mean = float64(v.Tally.Sum) / float64(v.Tally.Count)
	}
	return v, err
}

func (h *Pages) ratings(r *web.Request) error {
	v, err := h.loadRatings(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/ratings", v)
}

func (h *Pages) answerRating(r *web.Request) error {
	if err := h.s.AnswerRating(r.Context(), r.Principal, r.PathValue("id"), r.Sent().Get("answer")); err != nil {
		return again(r, "licensing/ratings", h.loadRatings, err)
	}
	return done(r, "/licensing/ratings")
}

// archiveFile streams the file of a case for the archive.
func (h *Pages) archiveFile(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Stream(web.Download{Name: c.Number + ".zip", Type: "application/zip"}, func(w io.Writer) error {
		return h.s.ExportArchive(r.Context(), r.Principal, c.ID, w)
	})
}
