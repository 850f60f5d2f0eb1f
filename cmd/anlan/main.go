package main

import (
	"fmt"
	"io"
	"os"

	"anlan/internal/kernel"
)

// command is one word after "anlan". run returns the exit code.
type command struct {
	name    string
	summary string
	run     func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// commands is the table of every command, in the order of the help.
func commands() []command {
	return []command{
		{"serve", "serve the platform", serveCommand},
		{"demo", "serve it with the sample city", demoCommand},
		{"migrate", "bring the database up to this program", migrateCommand},
		{"backup", "copy a running installation into a directory", backupCommand},
		{"restore", "make an installation out of a backup", restoreCommand},
		{"audit", "verify the audit chain", auditCommand},
		{"doctor", "what is configured, what is missing, what that means", doctorCommand},
		{"deadline", "when a legal limit ends, day by day", deadlineCommand},
		{"licensing", "items of licensing, and when a case is due", licensingCommand},
		{"relief", "plan relief supplies, check plans, prove promises", reliefCommand},
		{"bench", "measure the database, a running platform or the planner", benchCommand},
		{"version", "which build this is", versionCommand},
	}
}

func main() {
	os.Exit(dispatch(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func dispatch(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help", "-help":
		usage(stdout)
		return exitYes
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(args[1:], stdin, stdout, stderr)
		}
	}
	return fail(stderr, kernel.Bad("command", "unknown", args[0]))
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: anlan COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nanlan COMMAND --help lists its flags. Every flag of the platform can also be\ngiven as ANLAN_NAME in the environment.\n")
}
