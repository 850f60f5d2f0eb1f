package registry

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"time"

	"anlan/internal/kernel"
)

// State tells whether a fact still holds. Rows end by state, not by deletion.
type State string

// The states of enterprises, sites and people. An enterprise is unconfirmed
// while only an account's claim says that it exists.
const (
	Active      State = "active"
	Unconfirmed State = "unconfirmed"
	Closed      State = "closed"
)

// Enterprise is a legal person or its branch with a unified social credit
// code of its own.
type Enterprise struct {
	ID          string        `json:"id"`
	USCC        string        `json:"uscc"` // GB 32100-2015, 18 characters, checked
	Name        string        `json:"name"` // as registered
	FormerNames []FormerName  `json:"former_names"`
	Area        string        `json:"area"`   // district or zone
	Street      string        `json:"street"` // "" not known
	Address     string        `json:"address"`
	Pos         kernel.LatLon `json:"pos"`          // WGS-84; zero: not known
	Trade       string        `json:"trade"`        // see Trades
	LegalPerson string        `json:"legal_person"` // name of the 法定代表人 or 负责人: stands in the public register
	Contacts    []Contact     `json:"contacts"`     // nil in lists
	Attributes  Attributes    `json:"attributes"`
	State       State         `json:"state"`
	Sample      bool          `json:"sample"`  // made by the sample city; screens say so
	Version     int64         `json:"version"` // rises by one with every change
	CreatedAt   time.Time     `json:"created_at"`
	UpdatedAt   time.Time     `json:"updated_at"`
}

// FormerName is a name that the enterprise had until a day.
type FormerName struct {
	Name  string      `json:"name"`
	Until kernel.Date `json:"until"`
}

// Attributes are further facts of an enterprise; zero values mean "not
// known" or "no".
type Attributes struct {
	Standardisation      int         `json:"standardisation,omitempty"` // 安全生产标准化 level 1 (best) to 3; 0 none
	StandardisationUntil kernel.Date `json:"standardisation_until"`
	MajorHazard          int         `json:"major_hazard,omitempty"` // highest grade of 重大危险源, 1 (worst) to 4; 0 none
	Employees            int         `json:"employees,omitempty"`
	KeySupply            bool        `json:"key_supply,omitempty"` // on the 保供名单
	Website              string      `json:"website,omitempty"`
}

// ContactRole says what a contact answers for.
type ContactRole string

// The roles of contacts. Notices go to several of them.
const (
	LegalPersonContact ContactRole = "legal_person"
	SafetyManager      ContactRole = "safety_manager"
	LicenceContact     ContactRole = "licence"
	DutyContact        ContactRole = "duty"
)

var contactRoles = []ContactRole{LegalPersonContact, SafetyManager, LicenceContact, DutyContact}

// Contact is a person to reach at an enterprise. Phone and Email are masked
// when read; Unmask and Reach give them in clear. In a change, the masked text
// left as it was keeps what is stored.
type Contact struct {
	ID    string      `json:"id"` // also names the person's key
	Role  ContactRole `json:"role"`
	Name  string      `json:"name"`
	Phone string      `json:"phone"`
	Email string      `json:"email"`
}

// Change is a field that two people changed at once, or that differs between
// two versions.
type Change struct {
	Field  string `json:"field"`
	Was    string `json:"was"`    // in the version both started from
	Theirs string `json:"theirs"` // as stored now
	Yours  string `json:"yours"`  // as sent
}

// Check reports every field of e that breaks a rule by itself. was is what is
// stored: masked telephone numbers that it shows are not looked at again.
func (e Enterprise) Check(was Enterprise) error {
	var c kernel.Check
	c.Merge("", kernel.CheckUSCC("uscc", e.USCC))
	c.Text("name", e.Name, 120)
	c.Require("area", e.Area)
	c.Text("address", e.Address, 200)
	c.Text("legal_person", e.LegalPerson, 60)
	if !knownTrade(e.Trade) {
		c.Add("trade", "choice", e.Trade)
	}
	if !e.Pos.Valid() {
		c.Add("pos", "format", fmt.Sprint(e.Pos))
	}
	for i, f := range e.FormerNames {
		c.Text("former_names."+strconv.Itoa(i)+".name", f.Name, 120)
	}
	e.Attributes.check(&c)
	checkContacts(&c, e.Contacts, was.Contacts)
	return c.Err()
}

func checkContacts(c *kernel.Check, contacts, was []Contact) {
	if len(contacts) > maxContacts {
		c.Add("contacts", "too_many", strconv.Itoa(len(contacts)), "max", maxContacts)
	}
	for i, contact := range contacts {
		contact.check(c, "contacts."+strconv.Itoa(i)+".", contactOf(was, contact.ID))
	}
}

// maxContacts is more than any form shows.
const maxContacts = 20

// contactOf returns the contact with an id, or a zero one.
func contactOf(contacts []Contact, id string) Contact {
	for _, c := range contacts {
		if id != "" && c.ID == id {
			return c
		}
	}
	return Contact{}
}

func (a Attributes) check(c *kernel.Check) {
	number := func(field string, v, max int) {
		if v < 0 {
			c.Add("attributes."+field, "too_small", strconv.Itoa(v), "min", 0)
		}
		if v > max {
			c.Add("attributes."+field, "too_large", strconv.Itoa(v), "max", max)
		}
	}
	number("standardisation", a.Standardisation, 3)
	number("major_hazard", a.MajorHazard, 4)
	number("employees", a.Employees, 1_000_000)
	c.Length("attributes.website", a.Website, 200)
}

func (p Contact) check(c *kernel.Check, prefix string, was Contact) {
	if !slices.Contains(contactRoles, p.Role) {
		c.Add(prefix+"role", "choice", string(p.Role))
	}
	c.Text(prefix+"name", p.Name, 60)
	if p.Phone == "" && p.Email == "" {
		c.Add(prefix+"phone", "required", "")
	}
	if p.Phone != "" && p.Phone != was.Phone {
		c.Merge("", kernel.CheckPhone(prefix+"phone", p.Phone))
	}
	if p.Email != "" && p.Email != was.Email {
		if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email || len(p.Email) > 120 {
			c.Add(prefix+"email", "email", p.Email)
		}
	}
}
