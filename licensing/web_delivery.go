package licensing

import (
	"encoding/json"
	"errors"
	"io"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// deliveryRoutes are the desk where results are made, mailed and handed over.
func (h *Pages) deliveryRoutes() []web.Route {
	on := func(name string, perm auth.Permission, fn func(r *web.Request, caseID string, version int64) error) web.Route {
		return console("POST", "/licensing/deliveries/{id}/"+name, perm, h.onDelivery(fn))
	}
	waybills := console("POST", "/licensing/waybills", PermMail, h.sendWaybills)
	waybills.Upload = true
	return []web.Route{
		inNav(console("GET", "/licensing/deliveries", PermRead, h.deliveries), "deliveries", "mail", 4),
		console("GET", "/licensing/deliveries/{id}", PermRead, h.deliveryDesk),
		console("GET", "/licensing/deliveries/{id}/label", PermMail, h.label),
		on("made", PermMake, h.made), on("check", PermMake, h.checkMade), on("post", PermMail, h.post), on("signed", PermMail, h.signed),
		on("returned", PermMail, h.returned), on("contact", PermMail, h.settleReturned), on("hand-over", PermMail, h.handOver),
		inNav(console("GET", "/licensing/waybills", PermMail, h.waybills), "waybills", "truck", 5),
		waybills,
		web.Op("POST", "/api/v1/licensing/waybills", PermMail, kernel.Text{ZH: "登记寄件运单", EN: "Record parcels that went out"}, h.apiWaybills),
		web.Op("POST", "/api/v1/licensing/trackings", PermMail, kernel.Text{ZH: "登记物流状态", EN: "Record news about parcels"}, h.apiTrackings),
	}
}

// deliveriesView is the desk's list.
type deliveriesView struct {
	web.List[deliveryLine]
	Areas, States, Modes []ui.Option
}

// deliveryLine is a row with its words.
type deliveryLine struct {
	DeliveryRow
	Title kernel.Text
	Lamp  lamp
}

func (h *Pages) deliveries(r *web.Request) error {
	date, id, err := placeOf(r)
	if err != nil {
		return err
	}
	var in struct {
		State     string `json:"state"`
		Mode      string `json:"mode"`
		Area      string `json:"area"`
		Number    string `json:"number"`
		Waybill   string `json:"waybill"`
		Applicant string `json:"applicant"`
		All       bool   `json:"all"` // those that have arrived too
	}
	if err := r.DecodeQuery(&in); err != nil {
		return err
	}
	page, err := h.s.Deliveries(r.Context(), r.Principal, DeliveryFilter{State: DeliveryState(in.State), Mode: DeliveryMode(in.Mode), Area: in.Area, Number: in.Number,
		Waybill: in.Waybill, Applicant: in.Applicant, Open: !in.All && in.Number == "" && in.Waybill == "", After: Cursor{date, id}})
	if err != nil {
		return err
	}
	lines := make([]deliveryLine, len(page.Rows))
	for i, row := range page.Rows {
		lines[i] = deliveryLine{row, h.s.itemTitle(row.Item), lampOf(row.Due, r.Today(), !row.EndedAt.IsZero(), 3)}
	}
	v := deliveriesView{List: listOf(lines, page.More, page.Total, func(l deliveryLine) web.Cursor { return web.CursorOf(l.Due, l.ID) }),
		States: options(r, "licensing.delivery.state.", deliveryStates[:]), Modes: options(r, "licensing.mode.", []DeliveryMode{ByMail, ByPickUp, ByElectronic})}
	if v.Areas, err = h.areaOptions(r); err != nil {
		return err
	}
	return r.Render("licensing/deliveries", v)
}

// deliveryView is one delivery's page.
type deliveryView struct {
	*DeliveryView
	Lamp   lamp
	Ready  bool // every paper is sealed
	Sheets []paperLine
	Label  *Address
}

// paperLine is a paper with what keeps it from being made, in words.
type paperLine struct {
	Paper
	Why string
}

func paperLines(r *web.Request, papers []Paper) []paperLine {
	out := make([]paperLine, len(papers))
	for i, p := range papers {
		out[i].Paper = p
		if p.Error == "" {
			continue
		}
		args := map[string]any{}
		if json.Unmarshal([]byte(p.ErrorArgs), &args) != nil {
			args = nil // the text then keeps its holes
		}
		out[i].Why = r.Texts().Error(r.Lang, &kernel.Error{Key: p.Error, Args: args})
	}
	return out
}

func (h *Pages) loadDelivery(r *web.Request) (deliveryView, error) {
	d, err := h.s.DeliveryOf(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return deliveryView{}, err
	}
	v := deliveryView{DeliveryView: d, Lamp: lampOf(d.Due, d.Today, d.Ended(), 3), Ready: true, Sheets: paperLines(r, d.Papers)}
	for _, p := range d.Papers {
		v.Ready = v.Ready && p.Ready()
	}
	return v, nil
}

func (h *Pages) deliveryDesk(r *web.Request) error {
	v, err := h.loadDelivery(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/delivery", v)
}

// label is the sheet for the envelope, with the address in clear: the look is
// audited.
func (h *Pages) label(r *web.Request) error {
	v, err := h.loadDelivery(r)
	if err != nil {
		return err
	}
	a, err := h.s.AddressLabel(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.Label = &a
	return r.Render("licensing/label", v)
}

// onDelivery runs one act on a delivery as the page showed it.
func (h *Pages) onDelivery(fn func(r *web.Request, caseID string, version int64) error) web.Handler {
	return func(r *web.Request) error {
		version, err := seenVersion(r)
		if err != nil {
			return err
		}
		caseID := r.PathValue("id")
		if err := fn(r, caseID, version); err != nil {
			return again(r, "licensing/delivery", h.loadDelivery, err)
		}
		return done(r, "/licensing/deliveries/"+caseID)
	}
}

func (h *Pages) made(r *web.Request, caseID string, version int64) error {
	_, err := h.s.MarkMade(r.Context(), r.Principal, caseID, version)
	return err
}

func (h *Pages) checkMade(r *web.Request, caseID string, version int64) error {
	verdict := r.Sent().Get("verdict")
	if verdict != "pass" && verdict != "reject" {
		return kernel.Bad("verdict", "required", verdict)
	}
	_, err := h.s.CheckMade(r.Context(), r.Principal, caseID, version, verdict == "pass", r.Sent().Get("note"))
	return err
}

func (h *Pages) post(r *web.Request, caseID string, version int64) error {
	_, err := h.s.Post(r.Context(), r.Principal, caseID, version, Parcel{Carrier: r.Sent().Get("carrier"), Waybill: r.Sent().Get("waybill")})
	return err
}

func (h *Pages) signed(r *web.Request, caseID string, version int64) error {
	var at inputMoment
	if err := at.UnmarshalText([]byte(r.Sent().Get("at"))); err != nil {
		return err
	}
	_, err := h.s.MarkSigned(r.Context(), r.Principal, caseID, version, at.Time)
	return err
}

func (h *Pages) returned(r *web.Request, caseID string, version int64) error {
	_, err := h.s.MarkReturned(r.Context(), r.Principal, caseID, version, r.Sent().Get("note"))
	return err
}

func (h *Pages) settleReturned(r *web.Request, caseID string, version int64) error {
	get := r.Sent().Get
	_, err := h.s.SettleReturned(r.Context(), r.Principal, caseID, version, ContactResult{Mode: DeliveryMode(get("mode")), Note: get("note"),
		Address: Address{Recipient: get("recipient"), Phone: get("phone"), Address: get("address")}})
	return err
}

func (h *Pages) handOver(r *web.Request, caseID string, version int64) error {
	_, err := h.s.HandOver(r.Context(), r.Principal, caseID, version, r.Sent().Get("note"))
	return err
}

// waybillsView is the page of the import and what came of it.
type waybillsView struct {
	Kind     string // "postings", "trackings"
	DryRun   bool
	Outcomes []outcomeLine
	Done     int
	Failed   int
}

// outcomeLine is a row of the result with its reason in words.
type outcomeLine struct {
	RowOutcome
	Why []string
}

func (h *Pages) waybills(r *web.Request) error {
	return r.Render("licensing/waybills", waybillsView{Kind: "postings", DryRun: true})
}

// sendWaybills imports an uploaded list; a dry run shows what would happen.
func (h *Pages) sendWaybills(r *web.Request) error {
	v, err := h.importList(r)
	if err != nil {
		return r.Refill("licensing/waybills", v, err)
	}
	return r.Render("licensing/waybills", v)
}

func (h *Pages) importList(r *web.Request) (v waybillsView, err error) {
	read := false
	for file, err := range r.Files() {
		v.Kind, v.DryRun = r.Sent().Get("kind"), r.Sent().Get("dry_run") != ""
		if err != nil {
			return v, err
		}
		outcomes, err := h.importRows(r, v, file)
		if err != nil {
			return v, err
		}
		read = true
		for _, o := range outcomes {
			v.Outcomes = append(v.Outcomes, outcomeLine{o, whyNot(r, o.Err)})
			if o.Err != nil {
				v.Failed++
			} else {
				v.Done++
			}
		}
	}
	if !read {
		return v, kernel.Bad("file", "required", "")
	}
	return v, nil
}

func (h *Pages) importRows(r *web.Request, v waybillsView, file io.Reader) ([]RowOutcome, error) {
	if v.Kind == "trackings" {
		rows, err := ParseTrackings(file)
		if err != nil {
			return nil, err
		}
		return h.s.ImportTrackings(r.Context(), r.Principal, rows, v.DryRun)
	}
	rows, err := ParsePostings(file)
	if err != nil {
		return nil, err
	}
	return h.s.ImportPostings(r.Context(), r.Principal, rows, v.DryRun)
}

// whyNot says in words why a row failed.
func whyNot(r *web.Request, err error) []string {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return nil
	}
	if len(e.Fields) == 0 {
		return []string{r.Texts().Error(r.Lang, e)}
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, r.T("licensing.column."+f.Field)+"："+r.Texts().Rule(r.Lang, f))
	}
	return out
}

// waybillsIn is the body of the operation.
type waybillsIn struct {
	DryRun bool      `json:"dry_run" doc:"says what would happen and changes nothing"`
	Rows   []Posting `json:"rows" doc:"at most 5000"`
}

type trackingsIn struct {
	DryRun bool       `json:"dry_run" doc:"says what would happen and changes nothing"`
	Rows   []Tracking `json:"rows" doc:"at most 5000"`
}

// rowResult is a row of the answer.
type rowResult struct {
	RowOutcome
	Errors []string `json:"errors,omitempty" doc:"why the row failed"`
}

type rowResults struct {
	Rows []rowResult `json:"rows"`
}

func (h *Pages) apiWaybills(r *web.Request, in waybillsIn) (rowResults, error) {
	outcomes, err := h.s.ImportPostings(r.Context(), r.Principal, in.Rows, in.DryRun)
	return apiRows(r, outcomes), err
}

func (h *Pages) apiTrackings(r *web.Request, in trackingsIn) (rowResults, error) {
	outcomes, err := h.s.ImportTrackings(r.Context(), r.Principal, in.Rows, in.DryRun)
	return apiRows(r, outcomes), err
}

func apiRows(r *web.Request, outcomes []RowOutcome) rowResults {
	out := rowResults{Rows: make([]rowResult, len(outcomes))}
	for i, o := range outcomes {
		out.Rows[i] = rowResult{o, whyNot(r, o.Err)}
	}
	return out
}
