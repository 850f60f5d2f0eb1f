package worklist

import (
	"context"
	"embed"
	"io/fs"
	"math"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "worklist", Rank: 4, FS: sub}
}

// Texts are the words of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "worklist", FS: locale} }

// Item is one thing to do. Kind and Subject together are its name while it is
// open.
type Item struct {
	Kind       string // "licensing.review"
	Subject    string // "case:ID"
	Role       string // who: a role …
	Unit       string // … of this unit, "" any
	Account    string // or this account alone
	Area       string // whose rows it concerns, "" all
	Enterprise string // the same; without role and account: whoever acts for it
	Title      kernel.Text
	Link       string    // path of the page where it is done
	Due        time.Time // zero: no limit
	Room       string    // "licensing", for the filter
}

// noDue sorts items without a due time behind the others.
const noDue = math.MaxInt64

func (it Item) due() int64 {
	if it.Due.IsZero() {
		return noDue
	}
	return kernel.Micros(it.Due)
}

// Check reports what an item lacks.
func (it Item) Check() error {
	var c kernel.Check
	c.Require("kind", it.Kind)
	c.Require("subject", it.Subject)
	c.Require("title", it.Title.ZH)
	c.Require("link", it.Link)
	c.Require("room", it.Room)
	if it.Role == "" && it.Account == "" && it.Enterprise == "" && it.Unit == "" {
		c.Add("role", "required", "")
	}
	return c.Err()
}

// Open puts it on the list. When an item of this kind and subject is open,
// that one is changed; a claim stays unless the addressee is another.
func Open(ctx context.Context, tx *db.Tx, now time.Time, it Item) error {
	if err := it.Check(); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO worklist_items (id, kind, subject, role, unit, account, area, enterprise, title_zh, title_en, link, room,
			due_at, opened_at, claimed_by, claimed_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', 0, 0)
		ON CONFLICT (kind, subject) WHERE closed_at = 0 DO UPDATE SET
			claimed_by = CASE WHEN worklist_items.role = excluded.role AND worklist_items.unit = excluded.unit
				AND worklist_items.account = excluded.account AND worklist_items.area = excluded.area
				AND worklist_items.enterprise = excluded.enterprise THEN worklist_items.claimed_by ELSE '' END,
			claimed_at = CASE WHEN worklist_items.role = excluded.role AND worklist_items.unit = excluded.unit
				AND worklist_items.account = excluded.account AND worklist_items.area = excluded.area
				AND worklist_items.enterprise = excluded.enterprise THEN worklist_items.claimed_at ELSE 0 END,
			role = excluded.role, unit = excluded.unit, account = excluded.account, area = excluded.area, enterprise = excluded.enterprise,
			title_zh = excluded.title_zh, title_en = excluded.title_en, link = excluded.link, room = excluded.room, due_at = excluded.due_at`,
		kernel.NewID(now), it.Kind, it.Subject, it.Role, it.Unit, it.Account, it.Area, it.Enterprise, it.Title.ZH, it.Title.EN,
		it.Link, it.Room, it.due(), kernel.Micros(now))
	return err
}

// Close takes the item of this kind and subject off the list. That none is
// open is no error: others may have closed it.
func Close(ctx context.Context, tx *db.Tx, now time.Time, kind, subject string) error {
	_, err := tx.ExecContext(ctx, `UPDATE worklist_items SET closed_at = $1 WHERE kind = $2 AND subject = $3 AND closed_at = 0`,
		kernel.Micros(now), kind, subject)
	return err
}

// CloseAll takes every item about subject off the list: it has ended.
func CloseAll(ctx context.Context, tx *db.Tx, now time.Time, subject string) error {
	_, err := tx.ExecContext(ctx, `UPDATE worklist_items SET closed_at = $1 WHERE subject = $2 AND closed_at = 0`, kernel.Micros(now), subject)
	return err
}

// SetDue moves the due time of an open item, when a clock was paused or
// extended; zero takes it away.
func SetDue(ctx context.Context, tx *db.Tx, kind, subject string, due time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE worklist_items SET due_at = $1 WHERE kind = $2 AND subject = $3 AND closed_at = 0`,
		Item{Due: due}.due(), kind, subject)
	return err
}

// Purge removes items that were closed before a moment, at most 1000 at once,
// and returns how many.
func Purge(ctx context.Context, tx *db.Tx, before time.Time) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM worklist_items WHERE id IN (
		SELECT id FROM worklist_items WHERE closed_at > 0 AND closed_at < $1 ORDER BY closed_at LIMIT 1000)`, kernel.Micros(before))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
