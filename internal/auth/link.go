package auth

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Link is a right that a person holds by knowing an address: a driver, a
// receiver, a guest of a video call, the first administrator.
type Link struct {
	ID      string // given by Issue
	Purpose string // "relief.delivery": a link of one purpose opens nothing else
	Subject string // "delivery:ID"
	Until   time.Time
	Once    bool         // Consume ends it
	Actor   kernel.Actor // who issued it
}

// As returns the holder of the link as an actor coming from addr.
func (l Link) As(addr string) kernel.Actor {
	return kernel.Actor{Kind: kernel.ActorLink, ID: l.ID, Name: l.Purpose, Addr: addr}
}

// Links issues and checks signed links. The token carries an HMAC, so that
// guesses are refused without a look at the database, and names a row, so that
// it can be revoked and no secret is stored.
type Links struct {
	key   []byte
	clock kernel.Clock
}

// NewLinks returns the links of an installation's master key.
func NewLinks(master []byte, clock kernel.Clock) *Links {
	return &Links{key: derive(master, "anlan auth links v1"), clock: clock}
}

func derive(master []byte, info string) []byte {
	key, err := hkdf.Key(sha256.New, master, nil, info, 32)
	if err != nil {
		panic(err) // 32 bytes are always allowed
	}
	return key
}

// errLink is the answer to every token that opens nothing: wrong, expired,
// used, revoked or of another purpose look the same.
func errLink() error { return &kernel.Error{Kind: kernel.NotFound, Key: "auth.error.link"} }

// Issue makes a link and returns its token, 75 URL-safe characters.
func (l *Links) Issue(ctx context.Context, tx *db.Tx, link Link) (token string, err error) {
	now := l.clock.Now()
	if link.Purpose == "" || !link.Until.After(now) {
		return "", errors.New("auth: a link needs a purpose and an end in the future")
	}
	link.ID = kernel.NewID(now)
	_, err = tx.ExecContext(ctx, `
		INSERT INTO auth_links (id, purpose, subject, until, once, created_by, created_at, used_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`,
		link.ID, link.Purpose, link.Subject, kernel.Micros(link.Until), link.Once, link.Actor.ID, kernel.Micros(now))
	if err != nil {
		return "", fmt.Errorf("issue link: %w", err)
	}
	return l.token(link), audit.Write(ctx, tx, audit.Entry{At: now, Actor: link.Actor, Action: "auth.link.issue",
		Subject: "link:" + link.ID, After: map[string]any{"purpose": link.Purpose, "subject": link.Subject, "until": link.Until}})
}

// token is base64url(16 bytes of id, 8 bytes of until, 32 bytes of HMAC).
func (l *Links) token(link Link) string {
	raw, _ := hex.DecodeString(strings.ReplaceAll(link.ID, "-", ""))
	raw = binary.BigEndian.AppendUint64(raw, uint64(kernel.Micros(link.Until)))
	return base64.RawURLEncoding.EncodeToString(append(raw, l.mac(link.Purpose, raw)...))
}

func (l *Links) mac(purpose string, head []byte) []byte {
	m := hmac.New(sha256.New, l.key)
	m.Write(head)
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// parse checks the signature and the end of a token and returns the id.
func (l *Links) parse(purpose, token string) (id string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 16+8+32 {
		return "", false
	}
	if !hmac.Equal(raw[24:], l.mac(purpose, raw[:24])) {
		return "", false
	}
	if int64(binary.BigEndian.Uint64(raw[16:24])) <= kernel.Micros(l.clock.Now()) {
		return "", false
	}
	h := hex.EncodeToString(raw[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
}

// Resolve returns the link behind a token while it may be used. Every reason
// against it gives the same NotFound.
func (l *Links) Resolve(ctx context.Context, q db.Q, purpose, token string) (Link, error) {
	id, ok := l.parse(purpose, token)
	if !ok {
		return Link{}, errLink()
	}
	link, err := db.One(ctx, q, scanLink, `
		SELECT id, purpose, subject, until, once, created_by FROM auth_links
		WHERE id = $1 AND purpose = $2 AND until > $3 AND used_at = 0 AND revoked_at = 0`,
		id, purpose, kernel.Micros(l.clock.Now()))
	if err := db.Found(err, "link", ""); kernel.KindOf(err) == kernel.NotFound {
		return Link{}, errLink()
	}
	return link, err
}

func scanLink(s db.Scanner) (Link, error) {
	var l Link
	var until int64
	err := s.Scan(&l.ID, &l.Purpose, &l.Subject, &until, &l.Once, &l.Actor.ID)
	l.Until, l.Actor.Kind = kernel.FromMicros(until), kernel.ActorAccount
	return l, err
}

// Consume is Resolve for the act that the link is for: a link made with Once
// is used up by it, and of two at once one wins.
func (l *Links) Consume(ctx context.Context, tx *db.Tx, purpose, token string) (Link, error) {
	link, err := l.Resolve(ctx, tx, purpose, token)
	if err != nil || !link.Once {
		return link, err
	}
	res, err := tx.ExecContext(ctx, `UPDATE auth_links SET used_at = $1 WHERE id = $2 AND used_at = 0`,
		kernel.Micros(l.clock.Now()), link.ID)
	return link, db.Changed(res, err)
}

// Revoke ends the links of a purpose and subject before their time.
func (l *Links) Revoke(ctx context.Context, tx *db.Tx, purpose, subject string, by kernel.Actor) error {
	now := l.clock.Now()
	res, err := tx.ExecContext(ctx, `
		UPDATE auth_links SET revoked_at = $1 WHERE purpose = $2 AND subject = $3 AND revoked_at = 0 AND used_at = 0 AND until > $1`,
		kernel.Micros(now), purpose, subject)
	if err != nil {
		return fmt.Errorf("revoke links: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: by, Action: "auth.link.revoke", Subject: subject,
		After: map[string]string{"purpose": purpose}})
}
