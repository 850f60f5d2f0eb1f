package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anlan/app"
	"anlan/bench"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// benches is the table of measurements, in the order of the help.
var benches = []struct {
	name string
	run  func(args []string, stdout, stderr io.Writer) int
}{{"db", benchDB}, {"submit", benchSubmit}, {"fill", benchFill}, {"progress", benchProgress}, {"http", benchHTTP}, {"relief", benchRelief}}

func benchCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	var names []string
	for _, b := range benches {
		if len(args) > 0 && args[0] == b.name {
			return b.run(args[1:], stdout, stderr)
		}
		names = append(names, b.name)
	}
	fs := newFlags("bench", "bench "+strings.Join(names, "|")+" [flags]\n\nMeasures the database, the platform or the planner on this machine.")
	given, code, done := parseMixed(fs, args, stdout, stderr, strings.Join(names, "|"))
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

func benchFill(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench fill", "bench fill [flags]\n\nMultiplies the cases of a stopped demo, so that its pages can be measured with as many as a city has.")
	var f bench.Filling
	var cfg app.Config
	cfg.Register(fs, os.Getenv)
	fs.IntVar(&f.Cases, "cases", 1_000_000, "cases to make")
	fs.IntVar(&f.Open, "open", 200_000, "those of them that are not closed")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	ctx, cancel := untilSignal()
	defer cancel()
	b, err := app.Open(ctx, cfg, kernel.SystemClock{}, app.NewLog(cfg, stderr))
	if err != nil {
		return fail(stderr, err)
	}
	defer b.Close()
	err = bench.Fill(ctx, b.DB, f, kernel.DateOf(b.Clock.Now()), personal.NewVault(b.Key).Hash("phone", bench.FilledPhone), func(done int) {
		if done%100_000 == 0 || done == f.Cases {
			fmt.Fprintf(stdout, "%d cases\n", done)
		}
	})
	if err != nil {
		return fail(stderr, err)
	}
	return exitYes
}

func benchProgress(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench progress", "bench progress [flags]\n\nAsks how far cases are, as the public does, on a stopped demo that bench fill has filled.")
	var a bench.Asking
	var cfg app.Config
	cfg.Register(fs, os.Getenv)
	fs.IntVar(&a.Cases, "cases", 1_000_000, "cases that bench fill has made")
	fs.IntVar(&a.Rate, "rate", 1000, "questions a second")
	fs.DurationVar(&a.For, "for", 20*time.Second, "how long to measure")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	var err error
	if a.Dir, err = os.MkdirTemp("", "anlan-bench-"); err != nil {
		return fail(stderr, err)
	}
	defer os.RemoveAll(a.Dir)
	ctx, cancel := untilSignal()
	defer cancel()
	b, err := app.Open(ctx, cfg, kernel.SystemClock{}, app.NewLog(cfg, stderr))
	if err != nil {
		return fail(stderr, err)
	}
	defer b.Close()
	res, err := bench.Progress(ctx, b.DB, personal.NewVault(b.Key), a)
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
