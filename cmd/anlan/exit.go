package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"anlan/internal/kernel"
)

// The exit codes of every command.
const (
	exitYes      = 0  // done, or the answer is yes
	exitNo       = 1  // the answer is no, or rules are violated
	exitOpen     = 2  // neither yes nor no could be shown
	exitUsage    = 64 // the input or the command line is wrong
	exitInternal = 70 // the program or what it stands on failed
)

// fail writes err to stderr, one line for each broken rule, and returns the
// exit code that fits it.
func fail(stderr io.Writer, err error) int {
	var e *kernel.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(stderr, "anlan: internal: %s\n", oneLine(err.Error()))
		return exitInternal
	}
	for _, f := range e.Fields {
		fmt.Fprintf(stderr, "%s: %s: %s\n", f.Field, f.Rule, oneLine(f.Value))
	}
	if len(e.Fields) == 0 {
		fmt.Fprintf(stderr, "anlan: %s: %s\n", e.Kind, oneLine(e.Error()))
	}
	switch e.Kind {
	case kernel.Invalid, kernel.NotFound:
		return exitUsage
	case kernel.Conflict, kernel.Denied:
		return exitNo
	}
	return exitInternal
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// newFlags returns the flag set of a command. Its errors go through
// parseFlags, in the form of every other error.
func newFlags(name, summary string) *flag.FlagSet {
	fs := flag.NewFlagSet("anlan "+name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: anlan %s\n\nFlags:\n", summary)
		fs.PrintDefaults()
	}
	return fs
}

// parseFlags parses args. When the command must not go on, done is true and
// code its exit code: the help was asked for, or a flag is wrong.
func parseFlags(fs *flag.FlagSet, args []string, stdout, stderr io.Writer) (code int, done bool) {
	err := fs.Parse(args)
	switch {
	case err == nil:
		return exitYes, false
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(stdout)
		fs.Usage()
		return exitYes, true
	}
	return fail(stderr, kernel.Bad("flags", "usage", err.Error())), true
}

// parseMixed parses flags that may stand before and after the command's
// arguments, which must be as many as names.
func parseMixed(fs *flag.FlagSet, args []string, stdout, stderr io.Writer, names ...string) (given []string, code int, done bool) {
	for {
		if code, done := parseFlags(fs, args, stdout, stderr); done {
			return nil, code, true
		}
		if args = fs.Args(); len(args) == 0 {
			break
		}
		given, args = append(given, args[0]), args[1:]
	}
	switch {
	case len(given) > len(names):
		return nil, fail(stderr, kernel.Bad("arguments", "unknown", given[len(names)])), true
	case len(given) < len(names):
		return nil, fail(stderr, kernel.Bad(names[len(given)], "required", "")), true
	}
	return given, exitYes, false
}
