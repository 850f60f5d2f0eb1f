package notify

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Delivery is a message with its outcome, for the room it is about and for the
// operator. The contact is masked.
type Delivery struct {
	ID        string
	Channel   string
	Account   string
	Contact   string // masked; "" when it has been erased
	Template  string
	Subject   string
	State     State
	Reason    string // "notify.reason."+Reason is its text; also why it waits
	Detail    string // what the peer said, for the operator only
	Receipt   string // the peer's
	Tries     int
	CreatedAt time.Time
	NextAt    time.Time // of the next try while queued
	EndedAt   time.Time // zero while it is not decided
	ReadAt    time.Time // in_app: when the recipient read it
}

// Filter chooses deliveries for List; empty fields do not filter.
type Filter struct {
	Subject string
	Account string
	Channel string
	State   State
	Outward bool   // only what leaves the platform: not in_app
	Bad     bool   // dead, unclear or withheld
	Before  string // id of the last row of the page before
	Limit   int    // 0: 50
}

// List returns deliveries, the newest first.
func (n *Notifier) List(ctx context.Context, q db.Q, f Filter) ([]Delivery, error) {
	var w db.Where
	for _, c := range []struct{ condition, value string }{
		{"subject = ?", f.Subject}, {"account = ?", f.Account}, {"channel = ?", f.Channel}, {"state = ?", string(f.State)}, {"id < ?", f.Before},
	} {
		if c.value != "" {
			w.And(c.condition, c.value)
		}
	}
	if f.Outward {
		w.And("channel <> ?", InApp)
	}
	if f.Bad {
		w.And("state IN ('dead', 'unclear', 'withheld')")
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	rows, err := db.All(ctx, q, scanStored, `SELECT `+columns+` FROM notify_messages `+w.SQL()+w.Bind(` ORDER BY id DESC LIMIT ?`, f.Limit), w.Args...)
	if err != nil {
		return nil, err
	}
	out := make([]Delivery, len(rows))
	for i, r := range rows {
		if out[i], err = n.masked(ctx, q, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stored is a delivery with its contact still sealed.
type stored struct {
	Delivery
	keyID   string
	contact personal.Sealed
}

const columns = `id, channel, account, template, subject, state, reason, detail, receipt, tries, created_at, next_at, ended_at, read_at, key_id, contact`

func scanStored(s db.Scanner) (stored, error) {
	var r stored
	var created, next, ended, read int64
	err := s.Scan(&r.ID, &r.Channel, &r.Account, &r.Template, &r.Subject, &r.State, &r.Reason, &r.Detail, &r.Receipt, &r.Tries,
		&created, &next, &ended, &read, &r.keyID, &r.contact)
	r.CreatedAt, r.EndedAt, r.ReadAt = kernel.FromMicros(created), kernel.FromMicros(ended), kernel.FromMicros(read)
	if r.State == Queued {
		r.NextAt = kernel.FromMicros(next)
	}
	return r, err
}

func (n *Notifier) masked(ctx context.Context, q db.Q, r stored) (Delivery, error) {
	if r.contact == "" {
		return r.Delivery, nil
	}
	clear, err := n.vault.Open(ctx, q, r.keyID, "notify.contact", r.contact)
	if personal.IsErased(err) {
		return r.Delivery, nil
	}
	if err != nil {
		return r.Delivery, err
	}
	switch r.Channel {
	case SMS:
		r.Contact = personal.MaskPhone(clear)
	case Email:
		r.Contact = maskEmail(clear)
	default:
		r.Contact = maskURL(clear)
	}
	return r.Delivery, nil
}

// maskEmail keeps the first character and the domain.
func maskEmail(s string) string {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return "***"
	}
	name, domain, _ := strings.Cut(a.Address, "@")
	return string([]rune(name)[:1]) + "***@" + domain
}

// maskURL keeps scheme and host: paths of webhooks hold secrets.
func maskURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "***"
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/…"
}

// Counts are the numbers for the operator's front page.
type Counts struct {
	Queued, Retrying, Dead, Unclear int64 // Retrying: queued after a failure
}

// Count returns how many messages wait and how many need the operator.
func Count(ctx context.Context, q db.Q) (Counts, error) {
	return db.One(ctx, q, func(s db.Scanner) (c Counts, err error) {
		return c, s.Scan(&c.Queued, &c.Retrying, &c.Dead, &c.Unclear)
	}, `SELECT COUNT(*) FILTER (WHERE state = 'queued'), COUNT(*) FILTER (WHERE state = 'queued' AND reason <> ''),
			COUNT(*) FILTER (WHERE state = 'dead'), COUNT(*) FILTER (WHERE state = 'unclear')
		FROM notify_messages WHERE state IN ('queued', 'dead', 'unclear')`)
}

// Retry sends a message again that is dead, unclear or withheld, or waits
// after a failure, with all its tries. Of an unclear one the operator thereby
// accepts that it may arrive twice.
func (n *Notifier) Retry(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error {
	tx.AfterCommit(n.poke)
	return change(ctx, tx, now, actor, "notify.retry", id, `UPDATE notify_messages SET state = 'queued', tries = 0, next_at = $1, ended_at = 0
		WHERE id = $2 AND key_id <> '' AND (state IN ('dead', 'unclear', 'withheld') OR state = 'queued' AND lease_until = 0)`)
}

// GiveUp ends a message that waits or is unclear.
func (n *Notifier) GiveUp(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error {
	return change(ctx, tx, now, actor, "notify.give_up", id, `UPDATE notify_messages SET state = 'dead', reason = 'given_up', ended_at = $1
		WHERE id = $2 AND (state = 'unclear' OR state = 'queued' AND lease_until = 0)`)
}

func change(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, action, id, query string) error {
	before, err := db.One(ctx, tx, scanStored, `SELECT `+columns+` FROM notify_messages WHERE id = $1`, id)
	if err != nil {
		return db.Found(err, "message", id)
	}
	err = db.Changed(tx.ExecContext(ctx, query, kernel.Micros(now), id))
	if kernel.KindOf(err) == kernel.Conflict {
		return kernel.Clash("notify.error.not_waiting", nil)
	}
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: action, Subject: "message:" + id,
		Before: map[string]any{"state": before.State, "reason": before.Reason}})
}

// Forget erases the contacts and arguments of messages that ended 180 days
// ago, as far as they have a key of their own, and removes in_app messages of
// two years ago. It is a periodic task.
func (p *Post) Forget(ctx context.Context) error {
	now := p.clock.Now()
	for {
		n := 0
		err := p.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = p.forgetSome(ctx, tx, kernel.Micros(now.Add(-reachable)))
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	return p.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM notify_messages WHERE id IN (
			SELECT id FROM notify_messages WHERE channel = 'in_app' AND created_at < $1 ORDER BY id LIMIT 2000)`, kernel.Micros(now.Add(-inboxKept)))
		return err
	})
}

func (p *Post) forgetSome(ctx context.Context, tx *db.Tx, before int64) (int, error) {
	type row struct {
		id, key string
		own     bool
	}
	rows, err := db.All(ctx, tx, func(s db.Scanner) (r row, err error) { return r, s.Scan(&r.id, &r.key, &r.own) },
		`SELECT id, key_id, own_key FROM notify_messages WHERE key_id <> '' AND ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT 100`, before)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range rows {
		if r.own {
			err := p.from.vault.Erase(ctx, tx, r.key)
			if kernel.KindOf(err) == kernel.Conflict {
				continue // a legal hold
			}
			if err != nil {
				return 0, err
			}
		}
		n++
		if _, err := tx.ExecContext(ctx, `UPDATE notify_messages SET key_id = '', contact = '', args = '' WHERE id = $1`, r.id); err != nil {
			return 0, err
		}
	}
	return n, nil
}
