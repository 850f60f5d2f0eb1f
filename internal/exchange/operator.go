package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Message is a record on its way as the room and the operator see it.
type Message struct {
	ID         string
	System     string
	Kind       string
	Subject    string
	Key        string
	Record     string // JSON, in the room's words
	Body       string // JSON, as it was or will be sent
	MapVersion string
	State      State
	Reason     string    // "exchange.reason."+Reason is its text; also why it waits
	Problems   []Problem // why it is invalid or was rejected
	Detail     string    // what the peer said, for the operator
	Receipt    string    // the peer's
	Package    int64     // number of its package, 0 none
	Tries      int
	CreatedAt  time.Time
	Due        kernel.Date // last day to hand it over, zero: none
	NextAt     time.Time   // of the next try while queued
	SentAt     time.Time   // when the peer or the 网闸 got it
	EndedAt    time.Time
}

// Late reports whether the message should have been handed over by now.
func (m Message) Late(now time.Time) bool {
	return !m.Due.IsZero() && m.State != Accepted && !now.Before(m.Due.End())
}

const columns = `id, system, kind, subject, key, record, body, map_version, state, reason, problem, detail, receipt, package, tries, created_at, due, next_at, sent_at, ended_at`

func scanMessage(s db.Scanner) (Message, error) {
	var m Message
	var problem string
	var created, next, sent, ended int64
	err := s.Scan(&m.ID, &m.System, &m.Kind, &m.Subject, &m.Key, &m.Record, &m.Body, &m.MapVersion, &m.State, &m.Reason, &problem, &m.Detail, &m.Receipt,
		&m.Package, &m.Tries, &created, &m.Due, &next, &sent, &ended)
	if err != nil {
		return m, err
	}
	m.CreatedAt, m.SentAt, m.EndedAt = kernel.FromMicros(created), kernel.FromMicros(sent), kernel.FromMicros(ended)
	if m.State == Queued {
		m.NextAt = kernel.FromMicros(next)
	}
	if problem != "" {
		err = json.Unmarshal([]byte(problem), &m.Problems)
	}
	return m, err
}

// Filter chooses messages for List; empty fields do not filter.
type Filter struct {
	System  string
	Kind    string
	Subject string
	State   State
	Bad     bool        // invalid, rejected or dead
	Late    kernel.Date // not accepted and due before this day; zero: all
	Before  string      // id of the last message of the page before
	Limit   int         // 0: 50
}

// Get returns a message.
func Get(ctx context.Context, q db.Q, id string) (Message, error) {
	m, err := db.One(ctx, q, scanMessage, `SELECT `+columns+` FROM exchange_messages WHERE id = $1`, id)
	return m, db.Found(err, "message", id)
}

// List returns messages, the newest first.
func List(ctx context.Context, q db.Q, f Filter) ([]Message, error) {
	var w db.Where
	for _, c := range []struct{ condition, value string }{
		{"system = ?", f.System}, {"kind = ?", f.Kind}, {"subject = ?", f.Subject}, {"state = ?", string(f.State)}, {"id < ?", f.Before},
	} {
		if c.value != "" {
			w.And(c.condition, c.value)
		}
	}
	if f.Bad {
		w.And("state IN ('invalid', 'rejected', 'dead')")
	}
	if !f.Late.IsZero() {
		w.And("due <> '' AND due < ? AND state <> 'accepted'", f.Late)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanMessage, `SELECT `+columns+` FROM exchange_messages `+w.SQL()+w.Bind(` ORDER BY id DESC LIMIT ?`, f.Limit), w.Args...)
}

// Counts are the numbers for the operator's front page.
type Counts struct {
	Waiting, Bad, Late int64 // Waiting: queued, packed or sent; Late: not accepted after its last day
}

// Count returns how many messages are on their way and how many need the
// operator.
func Count(ctx context.Context, q db.Q, today kernel.Date) (Counts, error) {
	return db.One(ctx, q, func(s db.Scanner) (c Counts, err error) { return c, s.Scan(&c.Waiting, &c.Bad, &c.Late) },
		`SELECT COUNT(*) FILTER (WHERE state IN ('queued', 'packed', 'sent')), COUNT(*) FILTER (WHERE state IN ('invalid', 'rejected', 'dead')),
			COUNT(*) FILTER (WHERE due <> '' AND due < $1) FROM exchange_messages WHERE state <> 'accepted'`, today)
}

// Retry sends a message again that is invalid, rejected or dead, after the
// field map that holds now; what waits is tried at once. A rejected or dead
// one gets a new id, because the peer has answered the old.
func (x *Exchange) Retry(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error {
	m, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	next := id
	switch m.State {
	case Queued, Invalid:
	case Rejected, Dead:
		next = x.nextID()
	default:
		return kernel.Clash("exchange.error.on_its_way", nil)
	}
	applied, err := mapped(ctx, tx, now, m.Kind, []byte(m.Record))
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE exchange_messages SET id = $1, state = $2, body = $3, map_version = $4, problem = $5, reason = '', detail = '', receipt = '',
		package = 0, tries = 0, sent_at = 0, ended_at = 0, next_at = $6 WHERE id = $7 AND state = $8 AND lease_until <= $9`,
		next, string(applied.state), applied.body, applied.version, applied.problem, kernel.Micros(now), id, string(m.State), time.Now().UnixMicro())
	if err := db.Changed(res, err); err != nil {
		return err
	}
	tx.AfterCommit(x.Wake)
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "exchange.retry", Subject: "message:" + id,
		Before: m.State, After: map[string]any{"id": next, "state": applied.state, "map": applied.version}})
}

// Package is a numbered package as the operator sees it.
type Package struct {
	System    string
	Out       bool // ours to the peer
	Number    int64
	State     string // out: made, written, acknowledged, refused; in: open, done, missing, refused
	Reason    string
	Records   int64
	Hash      string
	CreatedAt time.Time
	WrittenAt time.Time // out: the package; in: its receipt
	EndedAt   time.Time
}

// Packages lists the packages of a system, the newest numbers first; open
// shows only those that are not done with.
func Packages(ctx context.Context, q db.Q, system string, open bool, limit int) ([]Package, error) {
	condition := ""
	if open {
		condition = `AND state IN ('made', 'written', 'open', 'missing', 'refused')`
	}
	return db.All(ctx, q, func(s db.Scanner) (p Package, err error) {
		var direction string
		var created, written, ended int64
		err = s.Scan(&p.System, &direction, &p.Number, &p.State, &p.Reason, &p.Records, &p.Hash, &created, &written, &ended)
		p.Out, p.CreatedAt, p.WrittenAt, p.EndedAt = direction == "out", kernel.FromMicros(created), kernel.FromMicros(written), kernel.FromMicros(ended)
		return p, err
	}, `SELECT system, direction, number, state, reason, records, hash, created_at, written_at, ended_at FROM exchange_packages
		WHERE system = $1 `+condition+` ORDER BY number DESC, direction LIMIT $2`, system, limit)
}

// WriteAgain writes a package of ours once more, also one that was refused too
// often.
func (x *Exchange) WriteAgain(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, system string, n int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET state = 'made', writes = 0 WHERE system = $1 AND direction = 'out' AND number = $2 AND state IN ('written', 'refused')`, system, n)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	tx.AfterCommit(x.Wake)
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "exchange.write_again", Subject: fmt.Sprintf("package:%s/%d", system, n)})
}

const (
	messagesKept = 2 * 365 * 24 * time.Hour
	filesKept    = 180 * 24 * time.Hour
)

// Purge removes what was accepted two years ago, and files that were read half
// a year ago. It is a periodic task.
func (x *Exchange) Purge(ctx context.Context) error {
	before := kernel.Micros(x.clock.Now().Add(-messagesKept))
	err := x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM exchange_messages WHERE id IN (
			SELECT id FROM exchange_messages WHERE state = 'accepted' AND ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT 2000)`, before)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range x.opts.Systems {
		if s.Files == nil {
			continue
		}
		for _, dir := range []string{filepath.Join(s.Files.In, doneDir), filepath.Join(s.Files.In, refusedDir)} {
			if err := sweep(dir, time.Now().Add(-filesKept)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep removes the files of a directory that are older than a moment; the age
// of files is the machine's time.
func sweep(dir string, before time.Time) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.Type()&fs.ModeType == 0 && info.ModTime().Before(before) {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
