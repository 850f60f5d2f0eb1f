package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Sender puts a text message into the outbox of the caller's transaction.
// template is a catalogue key, args fill it.
type Sender interface {
	SendSMS(ctx context.Context, tx *db.Tx, now time.Time, phone, template, lang string, args map[string]any) error
}

// Limits of one-time codes.
const (
	codeLife      = 5 * time.Minute
	codeTries     = 5
	codePause     = time.Minute // between two codes to one phone
	codesPerHour  = 5           // to one phone
	codesPerDay   = 10          // to one phone
	codesPerPlace = 30          // in an hour, asked from one address
)

// Codes proves that somebody holds a phone, by a six-digit number sent to it.
type Codes struct {
	db     *db.DB
	vault  *personal.Vault
	clock  kernel.Clock
	sender Sender
}

// NewCodes returns the codes of an installation.
func NewCodes(d *db.DB, vault *personal.Vault, clock kernel.Clock, sender Sender) *Codes {
	return &Codes{d, vault, clock, sender}
}

// CodeRequest asks for a code.
type CodeRequest struct {
	Purpose string // "auth.register", "licensing.progress"; a code of one purpose proves nothing for another
	Phone   string
	Addr    string
	Lang    string
	// Decide says, inside the transaction, what is sent: the template of the
	// message, or "" for nothing. The caller of Request cannot tell the
	// difference, so that nobody learns which phones are known. nil: CodeTemplate.
	// A template other than CodeTemplate is sent without a code.
	Decide func(ctx context.Context, tx *db.Tx) (template string, err error)
}

// CodeTemplate is the message that carries a code: {code}, {minutes}.
const CodeTemplate = "auth.sms.code"

// Request sends a code. Its answer is the same whether or not the phone is
// known; it fails when the phone is not a mobile number, or with a wait (see
// RetryAfter) when the phone or the address asked too often.
func (c *Codes) Request(ctx context.Context, r CodeRequest) error {
	if err := kernel.CheckMobile("phone", r.Phone); err != nil {
		return err
	}
	if c.sender == nil {
		return kernel.Down("auth.error.no_sms", errors.New("auth: no sender for text messages"))
	}
	number, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	code := fmt.Sprintf("%06d", number)
	return c.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return c.send(ctx, tx, r, code) })
}

func (c *Codes) send(ctx context.Context, tx *db.Tx, r CodeRequest, code string) error {
	now, phone := c.clock.Now(), c.vault.Hash(hashPhone, r.Phone)
	if err := c.allowed(ctx, tx, now, phone, r.Addr); err != nil {
		return err
	}
	template := CodeTemplate
	if r.Decide != nil {
		var err error
		if template, err = r.Decide(ctx, tx); err != nil {
			return err
		}
	}
	id := kernel.NewID(now)
	stored := c.hash(id, code)
	if template != CodeTemplate {
		stored = c.hash(id, newToken()) // no code is right
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO auth_codes (id, purpose, phone_hash, addr, code_hash, tries, created_at, expires_at, used_at)
		VALUES ($1, $2, $3, $4, $5, 0, $6, $7, 0)`,
		id, r.Purpose, phone, addressOf(r.Addr).subject, stored, kernel.Micros(now), kernel.Micros(now.Add(codeLife)))
	if err != nil || template == "" {
		return err
	}
	args := map[string]any{"minutes": int(codeLife / time.Minute)}
	if template == CodeTemplate {
		args["code"] = code
	}
	return c.sender.SendSMS(ctx, tx, now, r.Phone, template, r.Lang, args)
}

func (c *Codes) hash(id, code string) string { return c.vault.Hash("auth.code:"+id, code) }

// allowed applies the limits, to known and unknown phones alike.
func (c *Codes) allowed(ctx context.Context, q db.Q, now time.Time, phone, addr string) error {
	times, err := db.Column[int64](ctx, q, `SELECT created_at FROM auth_codes WHERE phone_hash = $1 AND created_at > $2 ORDER BY created_at DESC`,
		phone, kernel.Micros(now.Add(-24*time.Hour)))
	if err != nil {
		return err
	}
	places, err := db.Column[int64](ctx, q, `SELECT created_at FROM auth_codes WHERE addr = $1 AND created_at > $2 ORDER BY created_at DESC`,
		addressOf(addr).subject, kernel.Micros(now.Add(-time.Hour)))
	if err != nil {
		return err
	}
	wait := max(after(times, 1, codePause, now), after(times, codesPerHour, time.Hour, now),
		after(times, codesPerDay, 24*time.Hour, now), after(places, codesPerPlace, time.Hour, now))
	if wait > 0 {
		return tooSoon(wait)
	}
	return nil
}

// after returns how long to wait until fewer than n of times (newest first,
// microseconds) lie within the last span.
func after(times []int64, n int, span time.Duration, now time.Time) time.Duration {
	if len(times) < n {
		return 0
	}
	return max(0, span-now.Sub(kernel.FromMicros(times[n-1])))
}

// Proof is a phone that was proved; Use spends it.
type Proof struct {
	id        string
	PhoneHash string
}

// Verify checks the code that was sent last for this purpose to this phone.
// Wrong codes are counted at once, whatever the caller does next. The error
// does not tell a wrong code from an expired one or from one that was never
// sent. A right code may be shown again until it expires or is used.
func (c *Codes) Verify(ctx context.Context, purpose, phone, code string) (Proof, error) {
	proof := Proof{PhoneHash: c.vault.Hash(hashPhone, phone)}
	right := false
	err := c.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		right = false
		var stored string
		var tries int
		row, err := db.One(ctx, tx, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id, &stored, &tries) }, `
			SELECT id, code_hash, tries FROM auth_codes
			WHERE phone_hash = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3 ORDER BY id DESC LIMIT 1`,
			proof.PhoneHash, purpose, kernel.Micros(c.clock.Now()))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil || tries >= codeTries {
			return err
		}
		proof.id = row
		right = code != "" && subtle.ConstantTimeCompare([]byte(stored), []byte(c.hash(row, code))) == 1
		_, err = tx.ExecContext(ctx, `UPDATE auth_codes SET tries = tries + 1 WHERE id = $1`, row)
		return err
	})
	if err == nil && !right {
		err = kernel.Bad("code", "auth_code", "")
	}
	if err != nil {
		return Proof{}, err
	}
	return proof, nil
}

// Use spends a proof in the transaction of what it allows; a second use is a
// Conflict.
func (c *Codes) Use(ctx context.Context, tx *db.Tx, p Proof) error {
	res, err := tx.ExecContext(ctx, `UPDATE auth_codes SET used_at = $1 WHERE id = $2 AND used_at = 0`, kernel.Micros(c.clock.Now()), p.id)
	return db.Changed(res, err)
}
