package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"anlan/app"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// configured reads the flags of a command that works on an installation. It
// takes exactly the named arguments.
func configured(fs *flag.FlagSet, args []string, stdout, stderr io.Writer, names ...string) (cfg app.Config, given []string, code int, done bool) {
	cfg.Register(fs, os.Getenv)
	given, code, done = parseMixed(fs, args, stdout, stderr, names...)
	if done {
		return cfg, nil, code, true
	}
	if err := cfg.Check(); err != nil {
		return cfg, nil, fail(stderr, err), true
	}
	return cfg, given, exitYes, false
}

func backupCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("backup", "backup DIR [flags]\n\nCopies a running installation into the empty directory DIR.")
	cfg, given, code, done := configured(fs, args, stdout, stderr, "DIR")
	if done {
		return code
	}
	ctx, cancel := untilSignal()
	defer cancel()
	b, err := app.Attach(ctx, cfg, app.NewLog(cfg, stderr))
	if err != nil {
		return fail(stderr, err)
	}
	defer b.Close()
	m, err := b.Backup(ctx, given[0])
	if err != nil {
		return fail(stderr, err)
	}
	fmt.Fprintf(stdout, "backup %s: %d files, %d bytes, engine %s, key %s\n", given[0], len(m.Files), m.Bytes(), m.Engine, m.Key)
	return exitYes
}

func restoreCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("restore", "restore DIR [flags]\n\nMakes an installation in an empty data directory (and empty PostgreSQL databases) out of the backup DIR.")
	cfg, given, code, done := configured(fs, args, stdout, stderr, "DIR")
	if done {
		return code
	}
	ctx, cancel := untilSignal()
	defer cancel()
	res, err := app.Restore(ctx, cfg, given[0], app.NewLog(cfg, stderr))
	if err != nil {
		return fail(stderr, err)
	}
	fmt.Fprintf(stdout, "restored the backup of %s: %d files, %d bytes\n", i18n.Stamp(res.Manifest.MadeAt), len(res.Manifest.Files), res.Manifest.Bytes())
	return reportAudit(res.Audit, false, stdout, stderr)
}

func auditCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("audit", "audit verify [--json] [flags]\n\nWalks the audit chain; exit 1 when a record was changed or is missing.")
	asJSON := fs.Bool("json", false, "write one JSON object")
	cfg, given, code, done := configured(fs, args, stdout, stderr, "verify")
	if done {
		return code
	}
	if given[0] != "verify" {
		return fail(stderr, kernel.Bad("audit", "unknown", given[0]))
	}
	ctx, cancel := untilSignal()
	defer cancel()
	b, err := app.Attach(ctx, cfg, app.NewLog(cfg, stderr))
	if err != nil {
		return fail(stderr, err)
	}
	defer b.Close()
	rep, err := b.VerifyAudit(ctx)
	if err != nil {
		return fail(stderr, err)
	}
	return reportAudit(rep, *asJSON, stdout, stderr)
}

func doctorCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("doctor", "doctor [--json] [--lang zh-CN|en] [flags]\n\nTells what is configured, what is missing and what that means; exit 1 when something is at fault.")
	asJSON := fs.Bool("json", false, "write one JSON array")
	lang := fs.String("lang", shellLanguage(), "language of the findings, zh-CN or en")
	var cfg app.Config
	cfg.Register(fs, os.Getenv)
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	if *lang != i18n.Chinese && *lang != i18n.English {
		return fail(stderr, kernel.Bad("lang", "choice", *lang))
	}
	texts, err := i18n.Load(app.Texts())
	if err != nil {
		return fail(stderr, err)
	}
	found := app.Doctor(context.Background(), cfg, time.Now(), app.NewLog(cfg, io.Discard))
	type line struct {
		app.Finding
		Text string `json:"text"`
	}
	var lines []line
	code := exitYes
	for _, f := range found {
		lines = append(lines, line{f, texts.T(*lang, "app.doctor."+f.Key, f.Args...)})
		if f.Level == app.Fault {
			code = exitNo
		}
	}
	if *asJSON {
		json.NewEncoder(stdout).Encode(lines)
		return code
	}
	for _, l := range lines {
		fmt.Fprintf(stdout, "%-6s%-14s%s\n", l.Level, l.Topic, l.Text)
	}
	return code
}

// shellLanguage is Chinese unless the shell speaks another language.
func shellLanguage() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch v := os.Getenv(name); {
		case v == "" || v == "C" || v == "POSIX" || strings.HasPrefix(v, "C."):
		case strings.HasPrefix(v, "zh"):
			return i18n.Chinese
		default:
			return i18n.English
		}
	}
	return i18n.Chinese
}
