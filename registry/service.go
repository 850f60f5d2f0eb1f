package registry

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "registry", Rank: 6, FS: sub}
}

//go:embed locale/*.json
var texts embed.FS

// Locale holds the texts of this package under locale/.
func Locale() fs.FS { return texts }

// Parts are what the service is built from; every field is needed.
type Parts struct {
	DB    *db.DB
	Clock kernel.Clock
	Bus   *event.Bus
	Vault *personal.Vault
}

// Service is the use cases that change facts or open personal fields. What
// only reads is a function of the package that takes a db.Q and a scope, so
// that rooms can read inside their own transactions.
type Service struct {
	Parts
	Tree // auth.Directory
}

// New returns the service.
func New(p Parts) *Service { return &Service{Parts: p} }

// need refuses without perm: not signed in and not allowed are different.
func need(p *auth.Principal, perm auth.Permission) error {
	if !p.SignedIn() {
		return &kernel.Error{Kind: kernel.SignedOut, Key: "error.signed_out"}
	}
	if !p.Can(perm) {
		return kernel.Refused("error.denied")
	}
	return nil
}

// totalCap is where an exact count stops.
const totalCap = 10_000

// Page is one page of a list. Total is exact up to 10,000; Capped says that
// there are more.
type Page[T any] struct {
	Rows   []T
	Next   string // cursor of the following page, "" none
	Total  int
	Capped bool
}

// pageSize is how many rows a list shows unless told.
const pageSize = 50

func limitOr(n int) int {
	if n <= 0 || n > 500 {
		return pageSize
	}
	return n
}

// cursor is the sort key and id of the last row of a page.
type cursor [2]string

func (c cursor) String() string {
	b, _ := json.Marshal([2]string(c))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, (*[2]string)(&c))
	}
	if err != nil || !kernel.IsText(c[0]+c[1]) {
		return c, kernel.Bad("after", "format", s)
	}
	return c, nil
}

// count returns the number of rows of a condition, at most totalCap.
func count(ctx context.Context, q db.Q, table string, w db.Where) (total int, capped bool, err error) {
	query := `SELECT COUNT(*) FROM (SELECT 1 FROM ` + table + ` ` + w.SQL() + w.Bind(` LIMIT ?`, totalCap+1) + `) c`
	total, err = db.Value[int](ctx, q, query, w.Args...)
	return min(total, totalCap), total > totalCap, err
}

// Changes returns the fields that a Conflict of this package shows, nil when
// err is none.
func Changes(err error) []Change {
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Conflict {
		return nil
	}
	changes, _ := e.Args["changes"].([]Change)
	return changes
}

// trim takes surrounding blanks off texts that people typed.
func trim(fields ...*string) {
	for _, f := range fields {
		*f = strings.TrimSpace(*f)
	}
}
