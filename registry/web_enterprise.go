package registry

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

// enterpriseRoutes are an enterprise and what may be done with it.
func (h *Pages) enterpriseRoutes() []web.Route {
	unmask := page("POST", "/enterprises/{id}/unmask", PermUnmask, h.unmask)
	unmask.NoReplay = true // the answer holds telephone numbers in clear
	return []web.Route{
		page("GET", "/enterprises/new", PermWrite, h.newEnterprise),
		page("POST", "/enterprises", PermWrite, h.registerEnterprise),
		page("GET", "/enterprises/{id}", PermRead, h.enterprise),
		page("GET", "/enterprises/{id}/edit", PermWrite, h.editEnterprise),
		page("POST", "/enterprises/{id}/edit", PermWrite, h.saveEnterprise),
		page("GET", "/enterprises/{id}/close", PermWrite, h.closePage),
		page("POST", "/enterprises/{id}/close", PermWrite, h.closeEnterprise),
		unmask,
	}
}

// enterprisePage is everything about an enterprise.
type enterprisePage struct {
	Enterprise
	Names   names
	Street  string
	Map     ui.Map
	Clear   []Contact // in clear, after asking with a reason
	Sites   []Site
	People  Page[Person]
	History []revisionLine
}

// revisionLine is a version with what it changed, in words.
type revisionLine struct {
	Revision
	Lines []changeLine
}

func (h *Pages) enterpriseView(r *web.Request) (enterprisePage, error) {
	return view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) (v enterprisePage, err error) {
		id := r.PathValue("id")
		if v.Enterprise, err = GetEnterprise(ctx, q, r.Scope(), id); err != nil {
			return v, err
		}
		if v.Names, err = loadNames(ctx, q); err != nil {
			return v, err
		}
		if v.Enterprise.Street != "" {
			street, err := GetArea(ctx, q, v.Enterprise.Street)
			if err != nil {
				return v, err
			}
			v.Street = r.Text(street.Name)
		}
		if v.Pos != (kernel.LatLon{}) {
			v.Map = ui.Map{Title: v.Name, Points: []ui.Point{pointOf(v.Enterprise)}}
		}
		sites, err := Sites(ctx, q, r.Scope(), SiteFilter{Enterprise: id, Limit: 100})
		if err != nil {
			return v, err
		}
		v.Sites = sites.Rows
		if v.People, err = People(ctx, q, r.Scope(), PersonFilter{Enterprise: id, Limit: 50}); err != nil {
			return v, err
		}
		revisions, err := History(ctx, q, r.Scope(), id)
		for _, rev := range revisions {
			v.History = append(v.History, revisionLine{rev, inWords(r, v.Names, rev.Changes)})
		}
		return v, err
	})
}

func (h *Pages) enterprise(r *web.Request) error {
	v, err := h.enterpriseView(r)
	if err != nil {
		return err
	}
	return r.Render("registry/enterprise", v)
}

// unmask shows the contacts in clear, once, to who says why.
func (h *Pages) unmask(r *web.Request) error {
	v, err := h.enterpriseView(r)
	if err != nil {
		return err
	}
	if v.Clear, err = h.s.Unmask(r.Context(), r.Principal, v.ID, r.Sent().Get("reason")); err != nil {
		return r.Refill("registry/enterprise", v, err)
	}
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("registry/enterprise", v)
}

// enterpriseForm is what the form sends; names are those of Enterprise.
type enterpriseForm struct {
	USCC        string        `json:"uscc"`
	Name        string        `json:"name"`
	Area        string        `json:"area"`
	Street      string        `json:"street"`
	Address     string        `json:"address"`
	Pos         kernel.LatLon `json:"pos"`
	Trade       string        `json:"trade"`
	LegalPerson string        `json:"legal_person"`
	Contacts    []Contact     `json:"contacts"`
	Attributes  Attributes    `json:"attributes"`
	Version     int64         `json:"version"`
}

// onto puts what was sent over what is stored. Contacts without any text are
// left out; kept tells where the others stood in the form.
func (f enterpriseForm) onto(e Enterprise) (_ Enterprise, kept []int) {
	e.USCC, e.Name, e.Area, e.Street, e.Address, e.Pos = f.USCC, f.Name, f.Area, f.Street, f.Address, f.Pos
	e.Trade, e.LegalPerson, e.Attributes, e.Version = f.Trade, f.LegalPerson, f.Attributes, f.Version
	e.Contacts, kept = filled(f.Contacts)
	return e, kept
}

func filled(contacts []Contact) (out []Contact, kept []int) {
	for i, c := range contacts {
		if strings.TrimSpace(c.Name+c.Phone+c.Email) != "" {
			out, kept = append(out, c), append(kept, i)
		}
	}
	return out, kept
}

// placed gives faults of contacts the index that the form has.
func placed(err error, kept []int) error {
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		return err
	}
	out := *e
	out.Fields = append([]kernel.FieldError(nil), e.Fields...)
	for i, f := range out.Fields {
		at, name, ok := strings.Cut(strings.TrimPrefix(f.Field, "contacts."), ".")
		n, bad := strconv.Atoi(at)
		if ok && bad == nil && strings.HasPrefix(f.Field, "contacts.") && n < len(kept) {
			out.Fields[i].Field = "contacts." + strconv.Itoa(kept[n]) + "." + name
		}
	}
	return &out
}

// editPage is an enterprise in its form.
type editPage struct {
	Enterprise
	Areas   []ui.Option
	Streets []ui.Option
	Trades  []ui.Option
	Roles   []ui.Option
	Levels  []ui.Option // 1 to 3
	Grades  []ui.Option // 1 to 4
	Changes []changeLine
	Names   names
}

// blankContacts is how many empty rows the form offers.
const blankContacts = 2

func (h *Pages) editView(r *web.Request, id string) (editPage, error) {
	v := editPage{Trades: tradeOptions(r), Roles: contactRoleOptions(r), Levels: numbered(3), Grades: numbered(4)}
	err := h.s.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		if id != "" {
			if v.Enterprise, err = GetEnterprise(ctx, q, r.Scope(), id); err != nil {
				return err
			}
		}
		if v.Areas, err = areaOptions(ctx, q, r); err != nil {
			return err
		}
		if v.Names, err = loadNames(ctx, q); err != nil || v.Area == "" {
			return err
		}
		streets, err := Streets(ctx, q, v.Area)
		for _, s := range streets {
			v.Streets = append(v.Streets, ui.Option{Value: s.Code, Text: r.Text(s.Name)})
		}
		return err
	})
	v.Contacts = append(v.Contacts, make([]Contact, blankContacts)...)
	return v, err
}

func contactRoleOptions(r *web.Request) []ui.Option {
	return options(r, "registry.contact_role.", LegalPersonContact, SafetyManager, LicenceContact, DutyContact)
}

func numbered(n int) []ui.Option {
	var out []ui.Option
	for i := range n {
		text := strconv.Itoa(i + 1)
		out = append(out, ui.Option{Value: text, Text: text})
	}
	return out
}

func (h *Pages) newEnterprise(r *web.Request) error {
	v, err := h.editView(r, "")
	if err != nil {
		return err
	}
	return r.Render("registry/edit", v)
}

func (h *Pages) editEnterprise(r *web.Request) error {
	v, err := h.editView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Render("registry/edit", v)
}

func (h *Pages) registerEnterprise(r *web.Request) error { return h.save(r, "") }

func (h *Pages) saveEnterprise(r *web.Request) error { return h.save(r, r.PathValue("id")) }

// save registers or changes an enterprise; when somebody else was first, the
// form shows what differs and goes on from there.
func (h *Pages) save(r *web.Request, id string) error {
	v, err := h.editView(r, id)
	if err != nil {
		return err
	}
	var in enterpriseForm
	if err := r.Decode(&in); err != nil {
		return r.Refill("registry/edit", v, err)
	}
	e, kept := in.onto(v.Enterprise)
	e, err = h.s.SaveEnterprise(r.Context(), r.Principal, e)
	if err != nil {
		v.Changes = inWords(r, v.Names, Changes(err))
		return r.Refill("registry/edit", v, placed(err, kept))
	}
	r.Flash("registry.flash.saved")
	return r.Redirect("/enterprises/" + e.ID)
}

func (h *Pages) closePage(r *web.Request) error {
	v, err := h.editView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Render("registry/close", v)
}

func (h *Pages) closeEnterprise(r *web.Request) error {
	v, err := h.editView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	var in struct {
		Reason  string `json:"reason"`
		Version int64  `json:"version"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("registry/close", v, err)
	}
	if err := h.s.CloseEnterprise(r.Context(), r.Principal, v.ID, in.Version, in.Reason); err != nil {
		return r.Refill("registry/close", v, err)
	}
	r.Flash("registry.flash.closed")
	return r.Redirect("/enterprises/" + v.ID)
}
