package notify

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "notify", Rank: 4, FS: sub}
}

// Texts are the words of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "notify", FS: locale} }

// The channels a message can take.
const (
	InApp   = "in_app"
	SMS     = "sms"
	Email   = "email"
	Webhook = "webhook"
)

// Channels lists them, those that leave the platform last.
func Channels() []string { return []string{InApp, SMS, Email, Webhook} }

// State is where a message stands.
type State string

// The states. An in_app message is Sent from the start.
const (
	Queued   State = "queued"   // waits for its first or next try
	Sending  State = "sending"  // the peer may have it from now on
	Sent     State = "sent"     // the peer has taken it
	Dead     State = "dead"     // given up; Reason says why
	Unclear  State = "unclear"  // it may have arrived; the operator decides
	Withheld State = "withheld" // outward sending was off when it was written; never sent by itself
)

// States lists them, in the order a message may go through them.
func States() []State { return []State{Queued, Sending, Sent, Dead, Unclear, Withheld} }

// Recipient is who is told; each channel takes the field it needs.
type Recipient struct {
	Account string // in_app
	Phone   string // sms
	Email   string // email
	URL     string // webhook
	Person  string // id of the personal key of a natural person, "" when there is none
}

// contact is the field that a channel uses.
func (r Recipient) contact(channel string) string {
	switch channel {
	case InApp:
		return r.Account
	case SMS:
		return r.Phone
	case Email:
		return r.Email
	case Webhook:
		return r.URL
	}
	return ""
}

// Message is one thing to tell one recipient over one or more channels.
type Message struct {
	To       Recipient
	Channels []string
	Template string         // key of the text; Template+".title", ".sms" and ".body" replace it where they exist
	Args     map[string]any // fill the text; "link" is the path of a page
	Subject  string         // what it is about, "case:ID"
	Key      string         // a second message with the same key is not queued; "" none
	Lang     string         // "" Chinese
	Until    time.Time      // of no use later and not sent then; zero: always
}

// Check reports every fault of a message.
func (m Message) Check() error {
	var c kernel.Check
	c.Require("template", m.Template)
	if len(m.Channels) == 0 {
		c.Add("channels", "required", "")
	}
	for _, ch := range m.Channels {
		if !slices.Contains(Channels(), ch) {
			c.Add("channels", "choice", ch)
		} else if m.To.contact(ch) == "" {
			c.Add("to."+ch, "required", "")
		}
	}
	return c.Err()
}

// Notifier queues messages and holds the keys of their contacts.
type Notifier struct {
	vault    *personal.Vault
	withhold bool
	wake     chan struct{} // capacity 1: "something is queued"
}

// NewNotifier returns a notifier; telephone numbers and addresses are stored
// under keys of vault.
func NewNotifier(vault *personal.Vault) *Notifier {
	return &Notifier{vault: vault, wake: make(chan struct{}, 1)}
}

// Withholding returns a notifier whose messages never leave the platform: they
// stand as withheld. The sample city is built with it.
func (n *Notifier) Withholding() *Notifier {
	return &Notifier{vault: n.vault, withhold: true, wake: n.wake}
}

func (n *Notifier) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Send queues m in the caller's transaction.
func (n *Notifier) Send(ctx context.Context, tx *db.Tx, now time.Time, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	args, err := json.Marshal(m.Args)
	if err != nil {
		return fmt.Errorf("notify %s: %w", m.Template, err)
	}
	for _, ch := range m.Channels {
		if err := n.queue(ctx, tx, now, m, ch, string(args)); err != nil {
			return fmt.Errorf("notify %s: %w", m.Template, err)
		}
	}
	return nil
}

func (n *Notifier) queue(ctx context.Context, tx *db.Tx, now time.Time, m Message, channel, args string) error {
	row := sealedRow{args: args}
	state, reason, ended := Queued, "", int64(0)
	switch {
	case channel == InApp:
		state, ended = Sent, kernel.Micros(now)
	case n.withhold:
		state, reason, ended = Withheld, "off", kernel.Micros(now)
	}
	if channel != InApp {
		known, err := taken(ctx, tx, m.Key, channel)
		if err != nil || known {
			return err
		}
		if row, err = n.seal(ctx, tx, now, m.To, channel, args); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO notify_messages (id, key, channel, account, key_id, own_key, contact, template, args, lang, subject,
			state, created_at, until_at, next_at, tries, owner, lease_until, ended_at, reason, detail, receipt, read_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, 0, '', 0, $15, $16, '', '', 0)
		ON CONFLICT (key, channel) WHERE key <> '' DO NOTHING`,
		kernel.NewID(now), m.Key, channel, m.To.Account, row.keyID, row.own, string(row.contact), m.Template, row.args, m.Lang, m.Subject,
		string(state), kernel.Micros(now), kernel.Micros(m.Until), ended, reason)
	tx.AfterCommit(n.poke)
	return err
}

// taken reports whether a message with this key is there, before a personal
// key is made for nothing.
func taken(ctx context.Context, q db.Q, key, channel string) (bool, error) {
	if key == "" {
		return false, nil
	}
	n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM notify_messages WHERE key = $1 AND channel = $2`, key, channel)
	return n > 0, err
}

// sealedRow is what a row keeps of the recipient.
type sealedRow struct {
	keyID   string
	own     bool // the key was made for this message
	contact personal.Sealed
	args    string
}

func (n *Notifier) seal(ctx context.Context, tx *db.Tx, now time.Time, to Recipient, channel, args string) (row sealedRow, err error) {
	var key personal.Key
	if to.Person == "" {
		row.own = true
		key, err = n.vault.NewKey(ctx, tx, now)
	} else {
		key, err = n.vault.Key(ctx, tx, to.Person)
	}
	if err != nil {
		return row, err
	}
	row.keyID, row.contact, row.args = key.Person(), key.Seal("notify.contact", to.contact(channel)), string(key.Seal("notify.args", args))
	return row, nil
}
