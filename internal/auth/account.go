package auth

import (
	"slices"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// AccountKind says for whom an account acts.
type AccountKind string

// The kinds of account.
const (
	Officer    AccountKind = "officer"    // of a bureau, or of a party that works under its orders
	Enterprise AccountKind = "enterprise" // acts for an enterprise
	Person     AccountKind = "person"     // applies for themselves, or as an agent
	System     AccountKind = "system"     // a part of the platform; never signs in
)

// State says whether an account may sign in.
type State string

// The states. An erased account is closed and its personal data unreadable;
// the row stays because audit rows and cases point to it.
const (
	Active   State = "active"
	Disabled State = "disabled"
	Erased   State = "erased"
)

// Reach says how far an officer's or a token's scope goes.
type Reach string

// The reaches.
const (
	ReachNone       Reach = ""           // own rows only
	ReachCity       Reach = "city"       // everything
	ReachArea       Reach = "area"       // Account.Area with everything under it
	ReachUnit       Reach = "unit"       // Account.Unit with everything under it
	ReachOverseen   Reach = "overseen"   // the enterprises assigned to a regulator
	ReachEnterprise Reach = "enterprise" // tokens: one enterprise
)

// Account is a person who signs in. Name is what screens show: the full name
// of an officer, the masked name of anybody else; the clear one is sealed.
type Account struct {
	ID         string
	Login      string // officers and enterprises: as chosen; persons: the masked phone
	Name       string
	Kind       AccountKind
	State      State
	Roles      []string // role ids in force now
	Reach      Reach
	Unit, Area string // ids of registry; "" none
	Enterprise string // registry id of the own enterprise, "" until vouched for
	PersonID   string // key of the personal fields in the vault
	Phone      string // masked
	TOTP       bool   // a second factor is confirmed
	Password   bool   // a password is set
	CreatedAt  time.Time
	SeenAt     time.Time // last sign-in, zero: never

	nameSealed, phoneSealed, emailSealed personal.Sealed
	passwordHash                         string
	totpSealed                           personal.Sealed
	totpStep                             int64
}

// HasRole reports whether the account holds role now.
func (a *Account) HasRole(role string) bool { return slices.Contains(a.Roles, role) }

// Actor returns the account as an actor coming from addr.
func (a *Account) Actor(addr string) kernel.Actor {
	return kernel.Actor{Kind: kernel.ActorAccount, ID: a.ID, Name: a.Name, Addr: addr}
}

// mayEnter refuses accounts that must not sign in.
func (a *Account) mayEnter() error {
	if a.Kind == System || a.State != Active {
		return kernel.Refused("auth.error.account_closed")
	}
	return nil
}
