package exchange

import (
	"context"
	"crypto/ecdsa"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/outward"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "exchange", Rank: 4, FS: sub}
}

// Texts are the words of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "exchange", FS: locale} }

// State is where a message stands.
type State string

// The states.
const (
	Queued   State = "queued"   // waits for its first or next try, or for a package
	Invalid  State = "invalid"  // the field map could not be applied; Problem says why
	Packed   State = "packed"   // stands in a package
	Sent     State = "sent"     // the peer has it and will answer later
	Accepted State = "accepted" // the peer has taken it over
	Rejected State = "rejected" // the peer does not want it as it is
	Dead     State = "dead"     // given up
)

// States lists them, in the order a message may go through them.
func States() []State { return []State{Queued, Invalid, Packed, Sent, Accepted, Rejected, Dead} }

// System is a system that records go to or come from.
type System struct {
	ID    string // "credit", permanent: it stands in rows and packages
	Title kernel.Text
	Kinds []string // the records it receives
	HTTP  *Endpoint
	Files *Directory // exactly one of both
}

// Endpoint is a peer that is called over HTTP; see deliver.go for what is said.
type Endpoint struct {
	URL     string
	Secret  []byte        // signs
	Later   bool          // the peer answers 2xx for "has it" and sends receipts later
	Timeout time.Duration // 0: 20 s
}

// Directory is a peer behind a 网闸: packages are written to Out and read from
// In, which the 网闸 carries away and fills.
type Directory struct {
	Out, In string
	Peer    string           // the peer's name for itself in its packages
	Key     *ecdsa.PublicKey // SM2, of the peer's signatures
}

// Options are the systems and the identity of this installation.
type Options struct {
	Self    string          // name of this installation in packages, "anlan-tj"
	Key     *sm2.PrivateKey // signs packages; needed for systems with Files
	Systems []System
}

// Record is something to hand over, in the words of the room.
type Record struct {
	Kind    string      // "licence_publication"
	Subject string      // "case:ID"; records of one subject keep their order
	Key     string      // of this version of the record; a second one is not queued
	Due     kernel.Date // last day to hand it over, zero: none
	Body    any         // a JSON object without personal data that the receiver may not have
}

// Exchange queues, delivers and takes records. It is safe for use by many
// goroutines.
type Exchange struct {
	db      *db.DB
	clock   kernel.Clock
	log     *slog.Logger
	opts    Options
	clients map[string]*outward.Client
	takers  map[string]Taker // complete before Start
	owner   string
	lease   time.Duration

	mu     sync.Mutex
	lastID time.Time // ids rise in the order of Put

	lines map[string]*line
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// line is what runs for one system: a peer that is slow or gone holds up no
// other.
type line struct {
	wake chan struct{} // capacity 1: "something is queued"
	one  sync.Mutex    // packages are written and read by one goroutine at a time
}

// New checks the systems and returns an exchange that does not run yet.
func New(d *db.DB, clock kernel.Clock, log *slog.Logger, opts Options) (*Exchange, error) {
	host, _ := os.Hostname() // a name is only for telling processes apart
	x := &Exchange{db: d, clock: clock, log: log, opts: opts, clients: map[string]*outward.Client{}, takers: map[string]Taker{},
		owner: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), kernel.NewSecret(6)), lease: leaseTime, lines: map[string]*line{}}
	seen := map[string]bool{}
	for _, s := range opts.Systems {
		if err := x.check(s, seen); err != nil {
			return nil, fmt.Errorf("system %q: %w", s.ID, err)
		}
		seen[s.ID] = true
		x.lines[s.ID] = &line{wake: make(chan struct{}, 1)}
		if s.HTTP != nil {
			x.clients[s.ID] = outward.NewClient(outward.Options{AllowPrivate: true, Timeout: s.HTTP.Timeout})
		}
	}
	return x, nil
}

func (x *Exchange) check(s System, seen map[string]bool) error {
	switch {
	case !validName(s.ID):
		return errors.New("an id has letters, digits, - and _ only")
	case seen[s.ID]:
		return errors.New("two systems have this id")
	case (s.HTTP == nil) == (s.Files == nil):
		return errors.New("a system is reached over HTTP or by files")
	case s.HTTP != nil:
		return outward.CheckURL(s.HTTP.URL, true)
	case x.opts.Key == nil || !validName(x.opts.Self) || s.Files.Key == nil || !validName(s.Files.Peer):
		return errors.New("packages need names and keys of both sides")
	case s.Files.Out == "" || s.Files.In == "" || s.Files.Out == s.Files.In:
		return errors.New("packages need a directory each way")
	}
	return nil
}

// validName keeps names fit for file names.
func validName(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Systems lists the systems.
func (x *Exchange) Systems() []System { return slices.Clone(x.opts.Systems) }

func (x *Exchange) system(id string) (System, bool) {
	i := slices.IndexFunc(x.opts.Systems, func(s System) bool { return s.ID == id })
	if i < 0 {
		return System{}, false
	}
	return x.opts.Systems[i], true
}

// Put queues a record for every system that receives its kind, in the
// transaction of what happened. A record that the field map cannot express is
// kept as invalid and shown: what happened is not undone because a receiver's
// form has no place for it. Without a receiver nothing is written.
func (x *Exchange) Put(ctx context.Context, tx *db.Tx, now time.Time, r Record) error {
	if r.Kind == "" || r.Subject == "" || r.Key == "" {
		return errors.New("exchange: a record needs kind, subject and key")
	}
	body, err := json.Marshal(r.Body)
	if err != nil {
		return fmt.Errorf("exchange %s: %w", r.Kind, err)
	}
	for _, s := range x.opts.Systems {
		if slices.Contains(s.Kinds, r.Kind) {
			if err := x.put(ctx, tx, now, s, r, body); err != nil {
				return fmt.Errorf("exchange %s for %s: %w", r.Kind, s.ID, err)
			}
		}
	}
	tx.AfterCommit(x.Wake)
	return nil
}

func (x *Exchange) put(ctx context.Context, tx *db.Tx, now time.Time, s System, r Record, record []byte) error {
	m, err := mapped(ctx, tx, now, r.Kind, record)
	if err != nil {
		return err
	}
	at := kernel.Micros(now)
	_, err = tx.ExecContext(ctx, `INSERT INTO exchange_messages (id, system, kind, subject, key, record, body, map_version, state, created_at, due,
			next_at, tries, owner, lease_until, package, sent_at, ended_at, reason, problem, detail, receipt)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, 0, '', 0, 0, 0, 0, '', $12, '', '')
		ON CONFLICT (system, kind, key) DO NOTHING`,
		x.nextID(), s.ID, r.Kind, r.Subject, r.Key, string(record), m.body, m.version, string(m.state), at, r.Due, m.problem)
	return err
}

// nextID returns ids that rise in the order in which records are put, also
// when several of one transaction carry the same instant.
func (x *Exchange) nextID() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := kernel.SystemClock{}.Now()
	if !now.After(x.lastID) {
		now = x.lastID.Add(time.Microsecond)
	}
	x.lastID = now
	return kernel.NewID(now)
}

// mapping is a record in the words of the receivers.
type mapping struct {
	state                  State
	body, version, problem string
}

// mapped applies the field map of a kind that holds now.
func mapped(ctx context.Context, q db.Q, now time.Time, kind string, record []byte) (mapping, error) {
	fm, ok, err := mapOf(ctx, q, now, kind)
	if err != nil {
		return mapping{}, err
	}
	if !ok { // a kind without a map goes out as it is
		return mapping{state: Queued, body: string(record)}, nil
	}
	body, err := fm.Apply(record)
	if kernel.KindOf(err) == kernel.Invalid {
		problem, merr := json.Marshal(problemsOf(err))
		return mapping{state: Invalid, version: fm.Version, problem: string(problem)}, merr
	}
	return mapping{state: Queued, body: string(body), version: fm.Version}, err
}

// Wake makes a running exchange look at its queues at once.
func (x *Exchange) Wake() {
	for _, l := range x.lines {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// isNoRow spares a name for the usual case of nothing found.
func isNoRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }
