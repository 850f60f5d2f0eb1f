package auth

import "time"

// Stage says what a session still lacks.
type Stage string

// The stages.
const (
	Complete  Stage = ""      // signed in
	NeedsTOTP Stage = "totp"  // the password was right, the second factor is missing
	NeedsEnr  Stage = "enrol" // a second factor must be enrolled first
)

// Session is a browser that signed in.
type Session struct {
	ID          string
	AccountID   string
	Stage       Stage
	Method      string // password, oidc, demo, setup
	Addr, Agent string // where it was opened from; Agent is cut to 200 characters
	ActingFor   string // account id of the absent person; "" none
	CreatedAt   time.Time
	SeenAt      time.Time
	ConfirmedAt time.Time // last proof of identity
	ExpiresAt   time.Time // absolute limit
	EndedAt     time.Time
	EndedWhy    string
}
