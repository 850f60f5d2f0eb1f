package auth

import "time"

// Token is a system that signs in with an API token: an actor of its own with
// its own permissions and scope.
type Token struct {
	ID          string
	Name        string
	Permissions []Permission
	Reach       Reach
	Unit, Area  string
	Enterprise  string
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   time.Time
	UsedAt      time.Time
}
