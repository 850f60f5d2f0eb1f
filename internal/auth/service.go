package auth

import (
	"context"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// TOTPPolicy says who must have a second factor. Anybody may have one.
type TOTPPolicy string

// The policies.
const (
	TOTPAdmins   TOTPPolicy = ""         // the three administrators
	TOTPOfficers TOTPPolicy = "officers" // every officer
	TOTPNobody   TOTPPolicy = "nobody"   // the demo
)

// Options are what an installation decides. The zero value works: no text
// messages, no tree of areas, no demo.
type Options struct {
	Hashing       Hashing       // cost of a password hash; zero: DefaultHashing
	IdleLimit     time.Duration // a session unused for longer ends; 0: 30 minutes
	AbsoluteLimit time.Duration // a session older than this ends; 0: 12 hours
	TOTP          TOTPPolicy
	Demo          bool        // EnterAs works for loopback
	Sender        Sender      // nil: codes cannot be sent, which the caller is told
	Directory     Directory   // nil: an area or unit has nothing under it
	Enterprises   Enterprises // nil: no self-registration of enterprise accounts
}

// Service signs people in and manages accounts.
type Service struct {
	db     *db.DB
	vault  *personal.Vault
	links  *Links
	roles  *Roles
	clock  kernel.Clock
	opts   Options
	hasher *hasher
	codes  *Codes
}

// NewService returns the service over the business database.
func NewService(d *db.DB, vault *personal.Vault, links *Links, roles *Roles, clock kernel.Clock, opts Options) *Service {
	if opts.IdleLimit == 0 {
		opts.IdleLimit = 30 * time.Minute
	}
	if opts.AbsoluteLimit == 0 {
		opts.AbsoluteLimit = 12 * time.Hour
	}
	return &Service{db: d, vault: vault, links: links, roles: roles, clock: clock, opts: opts,
		hasher: newHasher(opts.Hashing), codes: NewCodes(d, vault, clock, opts.Sender)}
}

// Roles returns the roles in force.
func (s *Service) Roles() *Roles { return s.roles }

// Codes returns the one-time codes by text message, for rooms that let a
// visitor prove a phone number.
func (s *Service) Codes() *Codes { return s.codes }

// record writes the audit row of one act of this package.
func (s *Service) record(ctx context.Context, tx *db.Tx, actor kernel.Actor, action, subject string, before, after any) error {
	return audit.Write(ctx, tx, audit.Entry{At: s.clock.Now(), Actor: actor, Action: "auth." + action, Subject: subject,
		Before: before, After: after})
}

func accountSubject(id string) string { return "account:" + id }
