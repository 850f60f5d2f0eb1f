// Command anlan is the platform: it serves it, shows it with a sample city,
// and holds the tools that an officer or operator runs from a shell.
//
// Every command writes its results to stdout and its errors to stderr, one a
// line as "path: rule: value", and exits with one of the codes in exit.go.
package main
