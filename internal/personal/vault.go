package personal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/text/width"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "personal", Rank: 3, FS: sub}
}

//go:embed locale/*.json
var locale embed.FS

// Texts is the catalogue of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "personal", FS: locale} }

// Sealed is what a column stores for a personal field: base64url of a nonce
// and the AES-256-GCM ciphertext behind "p1."; "" is an empty field.
type Sealed string

const prefix = "p1."

// ErrErased is the cause of every failure to open a field of an erased person.
var ErrErased = errors.New("personal: the person has been erased")

// IsErased reports whether err says that the person has been erased, so that
// a screen can say so in the field's place.
func IsErased(err error) bool { return errors.Is(err, ErrErased) }

// Vault seals and opens personal fields. It keeps no person's key in memory.
type Vault struct {
	wrap cipher.AEAD
	hash []byte
}

// NewVault returns the vault of a master key of at least 32 random bytes. It
// panics on a shorter one: that is a broken installation, not an input.
func NewVault(master []byte) *Vault {
	if len(master) < 32 {
		panic("personal: the master key has fewer than 32 bytes")
	}
	return &Vault{wrap: mustAEAD(derive(master, "anlan personal wrap v1")), hash: derive(master, "anlan personal hash v1")}
}

func derive(master []byte, info string) []byte {
	key, err := hkdf.Key(sha256.New, master, nil, info, 32)
	if err != nil {
		panic(err) // 32 bytes are always allowed
	}
	return key
}

func mustAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key always has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// NewPerson creates the key of a new person.
func (v *Vault) NewPerson(ctx context.Context, tx *db.Tx, now time.Time) (personID string, err error) {
	k, err := v.NewKey(ctx, tx, now)
	return k.person, err
}

// NewKey creates a new person and returns the key, for fields that are sealed
// at once.
func (v *Vault) NewKey(ctx context.Context, tx *db.Tx, now time.Time) (Key, error) {
	id := kernel.NewID(now)
	key := make([]byte, 32)
	rand.Read(key)
	_, err := tx.ExecContext(ctx, `
		INSERT INTO personal_keys (person_id, wrapped, created_at, erased, held_for) VALUES ($1, $2, $3, $4, $5)`,
		id, seal(v.wrap, key, id), kernel.Micros(now), false, "")
	if err != nil {
		return Key{}, fmt.Errorf("new personal key: %w", err)
	}
	return Key{id, mustAEAD(key)}, nil
}

// Key is the unwrapped key of one person, for several fields at once. Do not
// keep it longer than one request.
type Key struct {
	person string
	aead   cipher.AEAD
}

// Person is the id of whose key it is.
func (k Key) Person() string { return k.person }

// Key loads the key of a person. The error of an erased person satisfies
// IsErased and is a NotFound.
func (v *Vault) Key(ctx context.Context, q db.Q, personID string) (Key, error) {
	type row struct {
		wrapped []byte
		erased  bool
	}
	r, err := db.One(ctx, q, func(s db.Scanner) (r row, err error) { return r, s.Scan(&r.wrapped, &r.erased) },
		`SELECT wrapped, erased FROM personal_keys WHERE person_id = $1`, personID)
	if err != nil {
		return Key{}, db.Found(err, "person", personID)
	}
	if r.erased {
		return Key{}, &kernel.Error{Kind: kernel.NotFound, Key: "personal.error.erased", Err: ErrErased}
	}
	key, err := open(v.wrap, r.wrapped, personID)
	if err != nil {
		return Key{}, fmt.Errorf("personal: key of person %s: %w (is this the master key of this database?)", personID, err)
	}
	return Key{personID, mustAEAD(key)}, nil
}

// Seal encrypts the clear value of a field; "" stays "".
func (k Key) Seal(field, clear string) Sealed {
	if clear == "" {
		return ""
	}
	return Sealed(prefix + base64.RawURLEncoding.EncodeToString(seal(k.aead, []byte(clear), k.person+"\x00"+field)))
}

// Open decrypts what Seal made for the same person and field.
func (k Key) Open(field string, s Sealed) (string, error) {
	if s == "" {
		return "", nil
	}
	text, ok := strings.CutPrefix(string(s), prefix)
	if !ok {
		return "", fmt.Errorf("personal: field %s: not a sealed value", field)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("personal: field %s: %w", field, err)
	}
	clear, err := open(k.aead, raw, k.person+"\x00"+field)
	if err != nil {
		return "", fmt.Errorf("personal: field %s: %w", field, err)
	}
	return string(clear), nil
}

func seal(aead cipher.AEAD, clear []byte, bound string) []byte {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(clear)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, clear, []byte(bound))
}

func open(aead cipher.AEAD, sealed []byte, bound string) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("too short to be sealed")
	}
	return aead.Open(nil, sealed[:n], sealed[n:], []byte(bound))
}

// Seal encrypts one field of a person; "" stays "" and needs no key.
func (v *Vault) Seal(ctx context.Context, q db.Q, personID, field, clear string) (Sealed, error) {
	if clear == "" {
		return "", nil
	}
	k, err := v.Key(ctx, q, personID)
	if err != nil {
		return "", err
	}
	return k.Seal(field, clear), nil
}

// Open decrypts one field of a person.
func (v *Vault) Open(ctx context.Context, q db.Q, personID, field string, s Sealed) (string, error) {
	if s == "" {
		return "", nil
	}
	k, err := v.Key(ctx, q, personID)
	if err != nil {
		return "", err
	}
	return k.Open(field, s)
}

// Reveal opens a field for a screen that shows it unmasked, and records who
// looked at which field of whom and why. The caller has checked the permission.
func (v *Vault) Reveal(ctx context.Context, tx *db.Tx, look Look) (string, error) {
	clear, err := v.Open(ctx, tx, look.PersonID, look.Field, look.Value)
	if err != nil {
		return "", err
	}
	return clear, audit.Write(ctx, tx, audit.Entry{At: look.At, Actor: look.Actor, Action: "personal.reveal",
		Subject: "person:" + look.PersonID, After: map[string]string{"field": look.Field, "reason": look.Reason}})
}

// Look is one look at an unmasked field.
type Look struct {
	At       time.Time
	Actor    kernel.Actor
	PersonID string
	Field    string
	Value    Sealed
	Reason   string // why, in the words of whoever looks
}

// Hash returns the keyed hash of a field's value for an equality search: hex
// of HMAC-SHA256 over the field's name and the value without surrounding
// space, in upper case and narrow forms, so that "１１０…x" finds "110…X".
// Equal values of different fields have different hashes. Whoever erases a
// person also blanks the hashes: without the master key they reveal nothing,
// with it they can be compared.
func (v *Vault) Hash(field, clear string) string {
	value := strings.ToUpper(strings.TrimSpace(width.Narrow.String(clear)))
	if value == "" {
		return ""
	}
	m := hmac.New(sha256.New, v.hash)
	m.Write([]byte(field))
	m.Write([]byte{0})
	m.Write([]byte(value))
	return hex.EncodeToString(m.Sum(nil))
}
