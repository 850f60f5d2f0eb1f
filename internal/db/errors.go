package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"anlan/internal/kernel"
)

// ConstraintKind is the sort of constraint that a statement broke.
type ConstraintKind string

// The kinds of constraint.
const (
	Unique     ConstraintKind = "unique"
	ForeignKey ConstraintKind = "foreign_key"
	NotNull    ConstraintKind = "not_null"
	CheckRule  ConstraintKind = "check"
)

// ConstraintError is a broken constraint, the same on both engines.
type ConstraintError struct {
	Kind ConstraintKind
	Err  error
}

func (e *ConstraintError) Error() string { return fmt.Sprintf("db: %s constraint: %v", e.Kind, e.Err) }

// Unwrap returns the engine's error.
func (e *ConstraintError) Unwrap() error { return e.Err }

// IsUnique reports whether err is a broken unique constraint or primary key.
func IsUnique(err error) bool {
	var c *ConstraintError
	return errors.As(err, &c) && c.Kind == Unique
}

// IsForeignKey reports whether err is a broken foreign key.
func IsForeignKey(err error) bool {
	var c *ConstraintError
	return errors.As(err, &c) && c.Kind == ForeignKey
}

// mapError turns engine errors into ours, at the only place that knows them.
func mapError(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var le *sqlite.Error
	if errors.As(err, &le) {
		return mapSQLite(le.Code(), err)
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return mapPostgres(pe.Code, err)
	}
	var ce *pgconn.ConnectError
	if errors.As(err, &ce) {
		return kernel.Down("error.database_down", withoutSecret(err))
	}
	return err
}

func mapSQLite(code int, err error) error {
	switch code {
	case sqlitelib.SQLITE_CONSTRAINT_UNIQUE, sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY, sqlitelib.SQLITE_CONSTRAINT_ROWID:
		return &ConstraintError{Unique, err}
	case sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return &ConstraintError{ForeignKey, err}
	case sqlitelib.SQLITE_CONSTRAINT_NOTNULL:
		return &ConstraintError{NotNull, err}
	case sqlitelib.SQLITE_CONSTRAINT_CHECK:
		return &ConstraintError{CheckRule, err}
	}
	switch code & 0xff {
	case sqlitelib.SQLITE_FULL:
		return kernel.Down("error.disk_full", err)
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return kernel.Down("error.busy", err)
	case sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN:
		return kernel.Down("error.database_down", err)
	}
	return err
}

func mapPostgres(code string, err error) error {
	switch code {
	case "23505":
		return &ConstraintError{Unique, err}
	case "23503":
		return &ConstraintError{ForeignKey, err}
	case "23502":
		return &ConstraintError{NotNull, err}
	case "23514":
		return &ConstraintError{CheckRule, err}
	case "53100":
		return kernel.Down("error.disk_full", err)
	case "57P01", "57P02", "57P03", "53300":
		return kernel.Down("error.database_down", err)
	}
	return err
}

// endsGroup reports whether SQLite rolls back the whole transaction, or may
// have, for an error of this kind; see sqlite.org/lang_transaction.html,
// section 3.1.
func endsGroup(err error) bool {
	var le *sqlite.Error
	if !errors.As(err, &le) {
		return false
	}
	switch le.Code() & 0xff {
	case sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_NOMEM, sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// retryable reports whether PostgreSQL asks for the transaction to be run again.
func retryable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

var secretInURL = regexp.MustCompile(`(postgres(?:ql)?://[^:@/\s]*):[^@\s]*@`)

func withoutSecret(err error) error {
	return errors.New(secretInURL.ReplaceAllString(err.Error(), "$1:…@"))
}
