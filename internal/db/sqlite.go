package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// pragmas in the order they must run: busy_timeout first, so that the switch
// to WAL waits for another process instead of failing.
var pragmas = []string{
	"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	"temp_store(MEMORY)", "cache_size(-16000)", "wal_autocheckpoint(4000)",
}

func openSQLite(ctx context.Context, path string, opts Options) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database path: %w", err)
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	write, err := sqlitePool(path, false)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	conn, err := write.Conn(ctx)
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, mapError(err))
	}
	read, err := sqlitePool(path, true)
	if err != nil {
		conn.Close()
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	read.SetMaxOpenConns(opts.MaxConns)
	read.SetMaxIdleConns(opts.MaxConns)
	d := &DB{engine: SQLite, read: read, log: opts.Log, path: path, fault: opts.Fault, trace: opts.Trace}
	if d.writer, err = startWriter(d, write, conn, opts.HoldLimit); err != nil {
		return nil, errors.Join(err, conn.Close(), write.Close(), read.Close())
	}
	return d, nil
}

func sqlitePool(path string, readOnly bool) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(sqliteURL(path, readOnly))
	if err != nil {
		return nil, err
	}
	keep := keptByWriter
	if readOnly {
		keep = keptByReader
	}
	return sql.OpenDB(keepingConnector{connector, keep}), nil
}

func sqliteURL(path string, readOnly bool) string {
	v := url.Values{"_dqs": {"0"}}
	for _, p := range pragmas {
		v.Add("_pragma", p)
	}
	if readOnly {
		v.Add("_pragma", "query_only(1)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

// CopyTo writes a snapshot of an SQLite database into a new file at path,
// while others read and write, and flushes it. It fails when path has content.
func (d *DB) CopyTo(ctx context.Context, path string) error {
	if d.engine != SQLite {
		return errors.New("db: CopyTo copies SQLite databases only")
	}
	if err := createPrivate(path); err != nil {
		return err
	}
	own, err := sqlitePool(d.path, false) // query_only, which readers have, forbids it
	if err != nil {
		return err
	}
	defer own.Close()
	if _, err := own.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return mapError(err)
	}
	return flush(path)
}

// createPrivate makes an empty file that only its owner can read, unless it is
// there; SQLite gives its WAL the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// flush brings a file and its name to the disk.
func flush(path string) error {
	for _, p := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
