package notify

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "notify", Rank: 4, FS: sub}
}

// Recipient is who is told; each channel takes the field it needs.
type Recipient struct {
	Account string // in_app
	Phone   string // sms
	Email   string // email
	URL     string // webhook
}

// contact is the field that a channel uses.
func (r Recipient) contact(channel string) string {
	return map[string]string{"in_app": r.Account, "sms": r.Phone, "email": r.Email, "webhook": r.URL}[channel]
}

// Channels a message can take.
var channels = [...]string{"in_app", "sms", "email", "webhook"}

// Message is one thing to tell one recipient over one or more channels.
type Message struct {
	To       Recipient
	Channels []string
	Template string         // key of the text in the catalogues
	Args     map[string]any // fill the text
	Subject  string         // what it is about, "case:ID"
	Key      string         // a second message with the same key is not queued; "" none
	Lang     string         // "" Chinese
}

// Check reports every fault of a message.
func (m Message) Check() error {
	var c kernel.Check
	c.Require("template", m.Template)
	if len(m.Channels) == 0 {
		c.Add("channels", "required", "")
	}
	for _, ch := range m.Channels {
		if !slices.Contains(channels[:], ch) {
			c.Add("channels", "choice", ch)
		} else if m.To.contact(ch) == "" {
			c.Add("to."+ch, "required", "")
		}
	}
	return c.Err()
}

// Notifier queues messages and holds the keys of their contacts.
type Notifier struct {
	vault *personal.Vault
}

// NewNotifier returns a notifier; telephone numbers and addresses are stored
// under keys of vault.
func NewNotifier(vault *personal.Vault) *Notifier { return &Notifier{vault: vault} }

// Send queues m in the caller's transaction.
func (n *Notifier) Send(ctx context.Context, tx *db.Tx, now time.Time, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	args, err := json.Marshal(m.Args)
	if err != nil {
		return err
	}
	for _, ch := range m.Channels {
		if err := n.queue(ctx, tx, now, m, ch, string(args)); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notifier) queue(ctx context.Context, tx *db.Tx, now time.Time, m Message, channel, args string) error {
	var keyID string
	var contact personal.Sealed
	if channel != "in_app" {
		var err error
		if keyID, err = n.vault.NewPerson(ctx, tx, now); err != nil {
			return err
		}
		if contact, err = n.vault.Seal(ctx, tx, keyID, "contact", m.To.contact(channel)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO notify_messages (id, key, channel, account, key_id, contact, template, args, lang, subject, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $11) ON CONFLICT (key, channel) WHERE key <> '' DO NOTHING`,
		kernel.NewID(now), m.Key, channel, m.To.Account, keyID, string(contact), m.Template, args, m.Lang, m.Subject, kernel.Micros(now))
	return err
}
