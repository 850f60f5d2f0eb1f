package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
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
	write, err := sql.Open("sqlite", sqliteURL(path, false))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	conn, err := write.Conn(ctx)
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, mapError(err))
	}
	read, err := sql.Open("sqlite", sqliteURL(path, true))
	if err != nil {
		conn.Close()
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	read.SetMaxOpenConns(opts.MaxConns)
	read.SetMaxIdleConns(opts.MaxConns)
	d := &DB{engine: SQLite, read: read, log: opts.Log, path: path, fault: opts.Fault}
	d.writer = startWriter(d, write, conn, opts.HoldLimit)
	return d, nil
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
