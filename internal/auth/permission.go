package auth

import (
	"maps"
	"slices"
)

// Permission names one thing that may be done, "room.noun.verb". Rooms declare
// their own as constants; app groups them into roles.
type Permission string

// The permissions of this package.
const (
	ReadAccounts      Permission = "auth.account.read"      // look at accounts, roles and who may do what
	ManageAccounts    Permission = "auth.account.manage"    // create, disable, reset accounts
	AssignRoles       Permission = "auth.role.assign"       // give and take roles and reach
	ReleaseLocks      Permission = "auth.lock.release"      // end a lock-out early
	ManageTokens      Permission = "auth.token.manage"      // issue and revoke API tokens
	EndSessions       Permission = "auth.session.end"       // end another account's sessions
	ApproveStandIn    Permission = "auth.standin.approve"   // approve another's stand-in
	ConfirmEnterprise Permission = "auth.enterprise.vouch"  // accept that an account acts for an enterprise
	OverseeEnterprise Permission = "auth.enterprise.assign" // assign enterprises to a regulator
	Delegate          Permission = "auth.delegation.grant"  // let an agent file for one's enterprise
	EraseAccounts     Permission = "auth.account.erase"     // close an account and erase its personal data
	ReadAudit         Permission = "audit.read"             // read and export the audit rows
)

// Set is a set of permissions.
type Set map[Permission]struct{}

// NewSet returns the set of the given permissions.
func NewSet(perms ...Permission) Set {
	s := make(Set, len(perms))
	for _, p := range perms {
		s[p] = struct{}{}
	}
	return s
}

// Has reports whether p is in s; a nil set holds nothing.
func (s Set) Has(p Permission) bool { _, ok := s[p]; return ok }

// Sorted lists the permissions by name.
func (s Set) Sorted() []Permission { return slices.Sorted(maps.Keys(s)) }
