package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anlan/bench"
	"anlan/internal/kernel"
)

func benchCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "db":
			return benchDB(args[1:], stdout, stderr)
		case "submit":
			return benchSubmit(args[1:], stdout, stderr)
		case "http":
			return benchHTTP(args[1:], stdout, stderr)
		}
	}
	fs := newFlags("bench", "bench db|submit|http [flags]\n\nMeasures the database or a running platform on this machine.")
	given, code, done := parseMixed(fs, args, stdout, stderr, "db|submit|http")
	if done {
		return code
	}
	return fail(stderr, kernel.Bad("bench", "unknown", given[0]))
}

func benchDB(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench db", "bench db [flags]\n\nWrites transactions of seven statements through the database layer and without it.")
	dir := fs.String("dir", os.TempDir(), "make the SQLite database in this `directory`, on the disk to be measured")
	dsn := fs.String("database", "", "measure this empty PostgreSQL database instead; its bench_ tables stay")
	writers := fs.Int("writers", 8, "writers at once")
	length := fs.Duration("for", 10*time.Second, "how long to measure")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	var check kernel.Check
	if *writers < 1 || *writers > 256 {
		check.Add("writers", "range", fmt.Sprint(*writers), "min", 1, "max", 256)
	}
	if *length <= 0 || *length > 10*time.Minute {
		check.Add("for", "range", length.String(), "min", "1s", "max", "10m")
	}
	if *dsn != "" && !strings.HasPrefix(*dsn, "postgres") {
		check.Add("database", "url", "")
	}
	if err := check.Err(); err != nil {
		return fail(stderr, err)
	}
	if *dsn == "" {
		made, err := os.MkdirTemp(*dir, "anlan-bench-")
		if err != nil {
			return fail(stderr, err)
		}
		defer os.RemoveAll(made)
		*dsn = "sqlite:" + filepath.Join(made, "bench.db")
	}
	ctx, cancel := untilSignal()
	defer cancel()
	res, err := bench.DB(ctx, *dsn, *writers, *length)
	return benchResult(res, err, stdout, stderr)
}

func benchSubmit(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench submit", "bench submit [flags]\n\nHands in applications through the service, and runs the same statements without it.")
	dir := fs.String("dir", os.TempDir(), "make files in this `directory`, on the disk to be measured")
	s := bench.Submissions{}
	fs.StringVar(&s.Database, "database", "", "measure on the server of this PostgreSQL database; databases are made beside it and dropped")
	fs.IntVar(&s.Writers, "writers", 8, "writers at once")
	fs.IntVar(&s.Cases, "cases", 8000, "applications to hand in")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	var err error
	if s.Dir, err = os.MkdirTemp(*dir, "anlan-bench-"); err != nil {
		return fail(stderr, err)
	}
	defer os.RemoveAll(s.Dir)
	ctx, cancel := untilSignal()
	defer cancel()
	res, err := bench.Submit(ctx, s)
	return benchResult(res, err, stdout, stderr)
}

func benchHTTP(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench http", "bench http --url URL [flags]\n\nSends GET requests at a steady rate to a platform on this machine.")
	var l bench.Load
	fs.StringVar(&l.URL, "url", "", "page to ask for, on a loopback address")
	fs.IntVar(&l.Rate, "rate", 200, "requests a second")
	fs.DurationVar(&l.For, "for", 10*time.Second, "how long to measure")
	fs.StringVar(&l.Cookie, "cookie", "", "Cookie header of a session")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	ctx, cancel := untilSignal()
	defer cancel()
	res, err := bench.HTTP(ctx, l)
	return benchResult(res, err, stdout, stderr)
}

func benchResult(res any, err error, stdout, stderr io.Writer) int {
	if err != nil {
		return fail(stderr, err)
	}
	out := json.NewEncoder(stdout)
	out.SetIndent("", "  ")
	out.Encode(res)
	return exitYes
}
