package sample

import (
	"context"
	"fmt"
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/registry"
)

// yearsBack is how far the walk begins before today.
const yearsBack = 6

// opened is when the platform of the sample city went into service: its
// officers have accounts from then on.
func (c *City) opened() time.Time { return c.until.AddDate(-yearsBack, 0, -1) }

// appointment gives an officer an account, roles and a reach, as the system
// and the security administrator would.
func (c *City) appointment(o officer) step {
	return step{c.opened(), "officer " + o.Login, func(ctx context.Context) error {
		a, err := c.account(ctx, auth.NewAccount{Kind: auth.Officer, Login: o.Login, Name: o.Name, Area: o.Area, Unit: o.Unit})
		if err != nil || len(a.Roles) > 0 {
			return err
		}
		return c.Auth.Assign(ctx, c.personnel, a.ID, auth.Assignment{Roles: o.Roles, Reach: o.Reach, Area: o.Area, Unit: o.Unit})
	}}
}

// account returns the account with a login, which it opens when it is not
// there.
func (c *City) account(ctx context.Context, n auth.NewAccount) (*auth.Account, error) {
	a, err := c.find(ctx, n)
	if a != nil || err != nil {
		return a, err
	}
	a, _, err = c.Auth.Create(ctx, c.personnel, n)
	return a, err
}

// find looks an account up by its login, a person's by name and shown phone;
// nil when there is none.
func (c *City) find(ctx context.Context, n auth.NewAccount) (found *auth.Account, err error) {
	f := auth.AccountFilter{Kind: n.Kind, Text: n.Login, Limit: 1000}
	if n.Kind == auth.Person && n.Phone != "" {
		f.Text = maskedPhone(n.Phone)
	}
	err = c.DB.View(ctx, func(ctx context.Context, q db.Q) error {
		accounts, err := c.Auth.List(ctx, q, f)
		for _, a := range accounts {
			if a.Login == f.Text {
				found = a
			}
		}
		return err
	})
	return found, err
}

// maskedPhone is how a sample number is shown; the last four digits of the
// numbers of applicants are all different.
func maskedPhone(phone string) string { return phone[:3] + "****" + phone[7:] }

// handlerLogin is the login of the account that files for an enterprise.
func handlerLogin(f firm) string { return fmt.Sprintf("firm%03d", f.No) }

// managerLogin is the login of an enterprise's safety manager.
func managerLogin(f firm) string { return handlerLogin(f) + ".safety" }

// staff opens the accounts of an enterprise: who files for it, and in the core
// its safety manager.
func (c *City) staff(ctx context.Context, f firm, e registry.Enterprise) error {
	_, err := c.account(ctx, auth.NewAccount{Kind: auth.Enterprise, Login: handlerLogin(f), Name: f.Contacts[2].Name,
		Phone: f.Contacts[2].Phone, Enterprise: e.ID})
	if err != nil || !f.Core {
		return err
	}
	a, err := c.account(ctx, auth.NewAccount{Kind: auth.Enterprise, Login: managerLogin(f), Name: f.Contacts[1].Name,
		Phone: f.Contacts[1].Phone, Enterprise: e.ID})
	if err != nil || a.HasRole(auth.SafetyManager) {
		return err
	}
	return c.Auth.Assign(ctx, c.personnel, a.ID, auth.Assignment{Roles: []string{auth.Handler, auth.SafetyManager}})
}

// applicant is a person who applies for themselves.
type applicant struct {
	auth.NewAccount
	holder holder
}

// ApplicantCount is how many people have an account.
const ApplicantCount = 24

// applicants are the first people of the plan.
func (c *City) applicants() []applicant {
	out := make([]applicant, ApplicantCount)
	for i := range out {
		h := c.plan.holders[i]
		out[i] = applicant{auth.NewAccount{Kind: auth.Person, Name: h.Name, Phone: h.Phone, Area: h.Area}, h}
	}
	return out
}

// admission opens the account of a person.
func (c *City) admission(a applicant) step {
	return step{c.opened().Add(time.Hour), "applicant " + a.Phone, func(ctx context.Context) error {
		_, err := c.account(ctx, a.NewAccount)
		return err
	}}
}

// as makes a principal of an account, as signing in would.
func (c *City) as(ctx context.Context, a *auth.Account) (*auth.Principal, error) {
	p := &auth.Principal{Actor: a.Actor("127.0.0.1"), Account: a, Permissions: c.Auth.Roles().Permissions(a.Roles...)}
	switch {
	case a.Kind != auth.Officer:
		p.Scope = auth.Scope{Account: a.ID, Own: a.Enterprise}
		if a.Enterprise != "" {
			p.Scope.Enterprises = []string{a.Enterprise}
		}
	case a.Reach == auth.ReachCity:
		p.Scope = auth.CityScope()
	default:
		err := c.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
			p.Scope.Officer = true
			p.Scope.Areas, err = c.Registry.AreasUnder(ctx, q, a.Area)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Entry is a role that a visitor of the demo can enter as with one click.
type Entry struct {
	Role    string           // id of the role
	Account string           // id, for auth.Service.EnterAs
	Login   string           //
	Name    string           // as shown
	Where   kernel.Text      // office or enterprise
	Kind    auth.AccountKind // officer, enterprise or person
	Group   string           // of the front door
}

// The groups of the front door.
const (
	GroupHall      = "hall"      // applicants and enterprises
	GroupLicensing = "licensing" // the licence desks of the municipal bureau
	GroupBureau    = "bureau"    // its other offices
	GroupDistrict  = "district"  // a district and a functional zone
	GroupAdmin     = "admin"     // the three administrators
)

// Entries lists whom a visitor can enter as, in the order of the licence
// chain and then of the other duties.
func (c *City) Entries(ctx context.Context, q db.Q) ([]Entry, error) {
	var out []Entry
	for _, n := range c.entryLogins() {
		accounts, err := c.Auth.List(ctx, q, auth.AccountFilter{Kind: n.Kind, Text: n.Login, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			if a.Login != n.Login || len(a.Roles) == 0 {
				continue
			}
			where, err := c.where(ctx, q, a)
			if err != nil {
				return nil, err
			}
			who, err := c.Auth.Contact(ctx, q, a.ID) // invented people are shown by their full names
			if err != nil {
				return nil, err
			}
			out = append(out, Entry{Role: leading(a), Account: a.ID, Login: a.Login, Name: who.Name, Where: where, Kind: a.Kind, Group: c.group(a)})
		}
	}
	return out, nil
}

// group is where the front door shows an account.
func (c *City) group(a *auth.Account) string {
	role, _ := c.Auth.Roles().Get(leading(a))
	switch {
	case a.Kind != auth.Officer:
		return GroupHall
	case role.Admin:
		return GroupAdmin
	case a.Area != registry.CityCode:
		return GroupDistrict
	case isDesk(officer{Roles: a.Roles}):
		return GroupLicensing
	}
	return GroupBureau
}

// leading is the role under which the front door shows an account.
func leading(a *auth.Account) string {
	if a.HasRole(auth.SafetyManager) {
		return auth.SafetyManager
	}
	if a.HasRole(auth.MailClerk) {
		return auth.MailClerk
	}
	return a.Roles[0]
}

func (c *City) where(ctx context.Context, q db.Q, a *auth.Account) (kernel.Text, error) {
	switch {
	case a.Enterprise != "":
		names, err := registry.EnterpriseNames(ctx, q, []string{a.Enterprise})
		return kernel.Text{ZH: names[a.Enterprise]}, err
	case a.Unit != "":
		u, err := registry.GetUnit(ctx, q, a.Unit)
		return u.Name, err
	}
	area, err := registry.GetArea(ctx, q, a.Area)
	return area.Name, err
}

func (c *City) entryLogins() []auth.NewAccount {
	station := c.plan.firms[0]
	first := c.applicants()[0]
	out := []auth.NewAccount{
		{Kind: auth.Enterprise, Login: handlerLogin(station)},
		{Kind: auth.Enterprise, Login: managerLogin(station)},
		{Kind: auth.Person, Login: maskedPhone(first.Phone)},
	}
	var others []auth.NewAccount
	for _, o := range c.plan.officers {
		n := auth.NewAccount{Kind: auth.Officer, Login: o.Login}
		switch {
		case !o.Entry:
		case isDesk(o):
			out = append(out, n)
		default:
			others = append(others, n)
		}
	}
	return append(out, others...)
}

func isDesk(o officer) bool {
	for _, k := range desks() {
		if slices.Contains(o.Roles, k.roles[0]) {
			return true
		}
	}
	return false
}
