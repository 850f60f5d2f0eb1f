package notify

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// Notice is an in_app message as its recipient reads it.
type Notice struct {
	ID      string
	At      time.Time
	Title   string
	Text    string
	Link    string // path of a page, "" none
	Subject string
	ReadAt  time.Time // zero: not yet
}

// InboxFilter chooses a page of an inbox.
type InboxFilter struct {
	Unread bool
	Before string // id of the last notice of the page before
	Limit  int    // 0: 50
}

// Inbox returns the notices of an account in lang, the newest first.
func Inbox(ctx context.Context, q db.Q, texts *i18n.Catalogues, lang, account string, f InboxFilter) ([]Notice, error) {
	var w db.Where
	w.And("channel = 'in_app'")
	w.And("account = ?", account)
	if f.Unread {
		w.And("read_at = 0")
	}
	if f.Before != "" {
		w.And("id < ?", f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanNotice(texts, lang), `SELECT `+noticeColumns+` FROM notify_messages `+w.SQL()+w.Bind(` ORDER BY id DESC LIMIT ?`, f.Limit), w.Args...)
}

// GetNotice returns one notice of an account; another's does not exist.
func GetNotice(ctx context.Context, q db.Q, texts *i18n.Catalogues, lang, account, id string) (Notice, error) {
	n, err := db.One(ctx, q, scanNotice(texts, lang), `SELECT `+noticeColumns+` FROM notify_messages
		WHERE id = $1 AND account = $2 AND channel = 'in_app'`, id, account)
	return n, db.Found(err, "notice", id)
}

const noticeColumns = `id, created_at, template, args, subject, read_at`

func scanNotice(texts *i18n.Catalogues, lang string) func(db.Scanner) (Notice, error) {
	return func(s db.Scanner) (Notice, error) {
		var n Notice
		var template, args string
		var at, read int64
		if err := s.Scan(&n.ID, &at, &template, &args, &n.Subject, &read); err != nil {
			return n, err
		}
		n.At, n.ReadAt = kernel.FromMicros(at), kernel.FromMicros(read)
		words, err := render(texts, InApp, lang, template, args)
		if err != nil { // a text that was taken out of the program since
			words.Title, words.Text = texts.T(lang, "notify.title"), texts.T(lang, "notify.reason.no_text")
		}
		n.Title, n.Text, n.Link = words.Title, words.Text, words.Link
		return n, nil
	}
}

// Unread counts the notices that an account has not read, up to 100: more are
// shown as "99+".
func Unread(ctx context.Context, q db.Q, account string) (int, error) {
	return db.Value[int](ctx, q, `SELECT COUNT(*) FROM (SELECT id FROM notify_messages
		WHERE channel = 'in_app' AND account = $1 AND read_at = 0 LIMIT 100) unread`, account)
}

// MarkRead notes that an account has read a notice; reading it again changes
// nothing. Another's notice does not exist.
func MarkRead(ctx context.Context, tx *db.Tx, now time.Time, account, id string) error {
	res, err := tx.ExecContext(ctx, `UPDATE notify_messages SET read_at = CASE WHEN read_at = 0 THEN CAST($1 AS BIGINT) ELSE read_at END
		WHERE id = $2 AND account = $3 AND channel = 'in_app'`, kernel.Micros(now), id, account)
	if err := db.Changed(res, err); err != nil {
		if kernel.KindOf(err) == kernel.Conflict {
			return kernel.Missing("notice", id)
		}
		return err
	}
	return nil
}

// MarkAllRead notes that an account has read everything written until now.
func MarkAllRead(ctx context.Context, tx *db.Tx, now time.Time, account string) error {
	_, err := tx.ExecContext(ctx, `UPDATE notify_messages SET read_at = $1 WHERE account = $2 AND channel = 'in_app' AND read_at = 0 AND created_at <= $1`,
		kernel.Micros(now), account)
	return err
}
