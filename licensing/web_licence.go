package licensing

import (
	"context"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// registerRoutes are the register, the pages of one licence and its papers.
func (h *Pages) registerRoutes() []web.Route {
	on := func(name string, perm auth.Permission, fn func(r *web.Request, id string) error) web.Route {
		return console("POST", "/licensing/licences/{id}/"+name, perm, h.onLicencePage(fn))
	}
	return []web.Route{
		inNav(console("GET", "/licensing/licences", PermRead, h.licences), "register", "licence", 3),
		console("GET", "/licensing/licences/{id}", PermRead, h.licencePage),
		on("act", PermRegister, h.actOn), on("answer", PermApprove, h.answerAct), on("contact", PermRenewal, h.logContact),
		on("point", PermRenewal, h.addPoint), on("material", PermRenewal, h.setMaterial), on("caught-up", PermRenewal, h.caughtUpByHand),
		{Method: "GET", Path: "/licensing/papers/{id}", Permission: web.SignedIn, Handler: h.paperFile},
		console("POST", "/licensing/papers/{id}/retry", PermMake, h.retryPaper),
	}
}

// registerView is the register's page.
type registerView struct {
	web.List[licenceLine]
	Areas, Items, States []ui.Option
}

// licenceLine is a row with its words.
type licenceLine struct {
	LicenceRow
	Title kernel.Text
	Tone  string
}

func (h *Pages) licences(r *web.Request) error {
	date, id, err := placeOf(r)
	if err != nil {
		return err
	}
	var in struct {
		State  string      `json:"state"`
		Area   string      `json:"area"`
		Item   string      `json:"item"`
		Number string      `json:"number"`
		Holder string      `json:"holder"`
		From   kernel.Date `json:"from"`
		To     kernel.Date `json:"to"`
	}
	if err := r.DecodeQuery(&in); err != nil {
		return err
	}
	page, err := h.s.Register(r.Context(), r.Principal, LicenceFilter{State: LicenceState(in.State), Area: in.Area, Item: in.Item, Number: in.Number, Holder: in.Holder,
		EndsFrom: in.From, EndsTo: in.To, After: LicenceCursor{date, id}})
	if err != nil {
		return err
	}
	v := registerView{List: listOf(h.lines(page.Rows), page.More, page.Total, func(l licenceLine) web.Cursor { return web.CursorOf(l.EndsOn, l.ID) }),
		Items: h.licenceOptions(r), States: options(r, "licensing.licence.state.", licenceStates[:])}
	if v.Areas, err = h.areaOptions(r); err != nil {
		return err
	}
	return r.Render("licensing/licences", v)
}

func (h *Pages) lines(rows []LicenceRow) []licenceLine {
	out := make([]licenceLine, len(rows))
	for i, row := range rows {
		out[i] = licenceLine{row, h.s.issuedTitle(row.Item), licenceTone(row.State)}
	}
	return out
}

// licenceView is one licence's page.
type licenceView struct {
	*LicenceView
	Tone     string
	Lamp     lamp
	Points   []ContactPoint
	Acts     []LicenceAct // the newest first
	CanActs  []ui.Option
	Channels []ui.Option
	Whom     []ui.Option // contact points to choose from
	Looks    int64       // how often its QR code was looked up
}

func (h *Pages) loadLicence(r *web.Request) (licenceView, error) {
	l, err := h.s.Licence(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return licenceView{}, err
	}
	v := licenceView{LicenceView: l, Tone: licenceTone(l.Now), Lamp: lampOf(l.Watch(), l.Today, false, 90), CanActs: options(r, "licensing.licence.act.", l.Can),
		Channels: options(r, "licensing.contact.channel.", contactChannels[:])}
	for i := len(l.Acts) - 1; i >= 0; i-- {
		v.Acts = append(v.Acts, l.Acts[i])
	}
	if v.Looks, err = view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (int64, error) { return h.s.Looks(ctx, q, l.ID) }); err != nil {
		return v, err
	}
	if !r.Principal.Can(PermRead) { // a holder knows whom to reach
		return v, nil
	}
	if v.Points, err = h.s.ContactPoints(r.Context(), r.Principal, l.ID); err != nil {
		return v, err
	}
	for i, p := range v.Points {
		if key := "registry.contact_role." + p.Post; r.Texts().Has(key) { // a role of the registry, not typed here
			v.Points[i].Post = r.T(key)
		}
		if p.DeadAt.IsZero() {
			v.Whom = append(v.Whom, ui.Option{Value: p.ID, Text: strings.TrimSpace(p.Name + " " + p.Shown)})
		}
	}
	return v, nil
}

func (h *Pages) licencePage(r *web.Request) error {
	v, err := h.loadLicence(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/licence", v)
}

// onLicencePage runs one act on a licence and comes back to its page, with the
// message on top when it was refused.
func (h *Pages) onLicencePage(fn func(r *web.Request, id string) error) web.Handler {
	return func(r *web.Request) error {
		id := r.PathValue("id")
		if err := fn(r, id); err != nil {
			return again(r, "licensing/licence", h.loadLicence, err)
		}
		return done(r, "/licensing/licences/"+id)
	}
}

func (h *Pages) actOn(r *web.Request, id string) error {
	var in struct {
		Version int64       `json:"version"`
		Act     string      `json:"act"`
		Basis   string      `json:"basis"`
		Note    string      `json:"note"`
		Until   kernel.Date `json:"until"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	_, err := h.s.ActOn(r.Context(), r.Principal, id, in.Version, ActInput{Act: Act(in.Act), Basis: in.Basis, Note: in.Note, Until: in.Until})
	return err
}

func (h *Pages) answerAct(r *web.Request, id string) error {
	var in struct {
		Request string `json:"request"`
		Verdict string `json:"verdict"`
		Answer  string `json:"answer"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	if in.Verdict != "approve" && in.Verdict != "decline" {
		return kernel.Bad("verdict", "required", in.Verdict)
	}
	_, err := h.s.AnswerAct(r.Context(), r.Principal, id, in.Request, in.Verdict == "approve", in.Answer)
	return err
}

func (h *Pages) logContact(r *web.Request, id string) error {
	var in struct {
		Channel   string `json:"channel"`
		Point     string `json:"point"`
		Outcome   string `json:"outcome"` // "confirmed", "reached", "not_reached", "dead"
		Explained string `json:"explained"`
		Note      string `json:"contact_note"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	if in.Outcome == "" {
		return kernel.Bad("outcome", "required", "")
	}
	return h.s.LogContact(r.Context(), r.Principal, id, ContactInput{Channel: in.Channel, PointID: in.Point, Reached: in.Outcome == "confirmed" || in.Outcome == "reached",
		Confirmed: in.Outcome == "confirmed", Dead: in.Outcome == "dead", Explained: in.Explained, Note: in.Note})
}

func (h *Pages) addPoint(r *web.Request, id string) error {
	var in struct {
		Name  string `json:"name"`
		Post  string `json:"post"`
		Phone string `json:"phone"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	return h.s.AddContactPoint(r.Context(), r.Principal, id, PointInput(in))
}

func (h *Pages) setMaterial(r *web.Request, id string) error {
	var in struct {
		Name    string      `json:"material_name"`
		ValidTo kernel.Date `json:"valid_to"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	return h.s.SetMaterial(r.Context(), r.Principal, id, "", in.Name, in.ValidTo)
}

func (h *Pages) caughtUpByHand(r *web.Request, id string) error {
	return h.s.CatchUpLicence(r.Context(), r.Principal, id, r.Sent().Get("how"))
}

// paperFile sends the PDF of a paper to whoever may see its case.
func (h *Pages) paperFile(r *web.Request) error {
	p, f, err := h.s.OpenPaper(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	name := paperTitle[p.Kind]
	if p.Number != "" {
		name += " " + p.Number
	}
	return r.File(web.Download{Name: name + ".pdf", Type: "application/pdf", Inline: true, Modified: p.RenderedAt, Hash: p.Hash}, f)
}

func (h *Pages) retryPaper(r *web.Request) error {
	if err := h.s.RetryPaper(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	return done(r, r.ReturnTo("/licensing/deliveries"))
}
