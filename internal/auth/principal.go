package auth

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Principal is who asks during one request.
type Principal struct {
	Actor       kernel.Actor
	Account     *Account // nil for visitors, tokens, links and the platform; while standing in, the real person
	Pending     *Account // whose sign-in is not complete yet (Stage); such a principal has no rights
	StandInFor  *Account // whose place the account takes, nil: acts for itself
	Permissions Set
	Scope       Scope
	Session     *Session // nil unless a browser signed in
	Token       *Token   // nil unless a system came with an API token
	Stage       Stage    // what is still missing before the session counts; Complete otherwise
	Expired     bool     // a session cookie came that has ended; say so on the sign-in page
}

// Can reports whether the principal holds perm.
func (p *Principal) Can(perm Permission) bool { return p.Permissions.Has(perm) }

// SignedIn reports whether an account or a system is behind the request.
func (p *Principal) SignedIn() bool {
	return p.Stage == Complete && (p.Account != nil || p.Token != nil || p.platform())
}

func (p *Principal) platform() bool { return p.Actor.Kind == kernel.ActorSystem }

// Confirmed reports whether the person proved who they are within the last
// StepUpFor before now; dangerous things ask for it. A token needs no proof
// beyond itself.
func (p *Principal) Confirmed(now time.Time) bool {
	if p.Token != nil || p.platform() {
		return true
	}
	return p.Session != nil && !p.Session.ConfirmedAt.IsZero() && now.Sub(p.Session.ConfirmedAt) < StepUpFor
}

// NeedConfirmed refuses with "auth.error.confirm_first" when the person must
// prove again who they are; web shows the confirmation page for it.
func (p *Principal) NeedConfirmed(now time.Time) error {
	if p.Confirmed(now) {
		return nil
	}
	return kernel.Refused(KeyConfirmFirst)
}

// KeyConfirmFirst is the key of the error that asks for a step-up.
const KeyConfirmFirst = "auth.error.confirm_first"

// StepUpFor is how long a proof of identity covers dangerous things.
const StepUpFor = 10 * time.Minute

// Acting returns the account whose rights the principal has: the absent person
// while standing in, else its own; nil when no account is behind it.
func (p *Principal) Acting() *Account {
	if p.StandInFor != nil {
		return p.StandInFor
	}
	return p.Account
}

// Roles lists the roles that the principal acts with, for its worklist.
func (p *Principal) Roles() []string {
	if a := p.Acting(); a != nil {
		return a.Roles
	}
	return nil
}

// need refuses without perm: not signed in and not allowed are different.
func (p *Principal) need(perm Permission) error {
	if !p.SignedIn() {
		return errSignedOut()
	}
	if !p.Can(perm) {
		return kernel.Refused("error.denied")
	}
	return nil
}

// Public returns the principal of a visitor who did not sign in.
func Public(addr string) *Principal {
	return &Principal{Actor: kernel.Actor{Kind: kernel.ActorPublic, ID: "public", Name: "public", Addr: addr}}
}

// Holder returns the principal of whoever holds a signed link: an actor
// without permissions and without scope, for whom the page of the link decides.
func Holder(l Link, addr string) *Principal { return &Principal{Actor: l.As(addr)} }

// Platform returns the principal of a part of the platform itself, which sees
// everything and may do what perms say.
func Platform(part string, perms ...Permission) *Principal {
	return &Principal{Actor: kernel.System(part), Permissions: NewSet(perms...), Scope: CityScope()}
}

// DifferentHands refuses when maker and checker are not two different people:
// the same person, a person and their stand-in, or two stand-ins of one
// person. Comparing is by identity, so no change of role or session helps.
func DifferentHands(maker, checker kernel.Actor) error {
	for _, m := range []string{maker.ID, maker.For} {
		if m != "" && (m == checker.ID || m == checker.For) {
			return kernel.Refused("auth.error.same_person")
		}
	}
	return nil
}

// Directory knows the tree of areas and the tree of units; registry implements
// it. Both answers include the id that was asked for.
type Directory interface {
	AreasUnder(ctx context.Context, q db.Q, area string) ([]string, error)
	UnitsUnder(ctx context.Context, q db.Q, unit string) ([]string, error)
}

// Enterprises finds the enterprise that an account claims to act for; registry
// implements it. ClaimEnterprise returns the id of the enterprise with this
// unified social credit code, which it records as unconfirmed when it is new,
// or an Invalid error whose fields are "uscc" and "enterprise_name".
type Enterprises interface {
	ClaimEnterprise(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, uscc, name string) (id string, err error)
}
