package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"anlan/app"
	"anlan/internal/kernel"
)

func serveCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return runPlatform("serve", false, args, stdout, stderr)
}

func demoCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return runPlatform("demo", true, args, stdout, stderr)
}

func runPlatform(name string, demo bool, args []string, stdout, stderr io.Writer) int {
	fs := newFlags(name, name+" [flags]")
	var cfg app.Config
	cfg.Register(fs, os.Getenv)
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	if err := cfg.Check(); err != nil {
		return fail(stderr, err)
	}
	ctx, cancel := untilSignal()
	defer cancel()
	err := app.Run(ctx, app.Options{Config: cfg, Demo: demo, Out: stdout, Log: app.NewLog(cfg, stderr)})
	if err != nil {
		return fail(stderr, err)
	}
	return exitYes
}

// untilSignal returns a context that ends when the operator or the system
// asks the program to stop; asked a second time it stops at once.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func migrateCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("migrate", "migrate [--dry-run] [flags]")
	dryRun := fs.Bool("dry-run", false, "list what would run, change nothing; exit 1 when there is something")
	var cfg app.Config
	cfg.Register(fs, os.Getenv)
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
	if !*dryRun {
		ran, err := b.Migrate(ctx)
		for _, m := range ran {
			fmt.Fprintln(stdout, m)
		}
		if err != nil {
			return fail(stderr, err)
		}
		return exitYes
	}
	pending, err := b.DB.Pending(ctx, app.Migrations())
	if err != nil {
		return fail(stderr, err)
	}
	for _, m := range pending {
		fmt.Fprintln(stdout, m)
	}
	if len(pending) > 0 {
		return exitNo
	}
	return exitYes
}
