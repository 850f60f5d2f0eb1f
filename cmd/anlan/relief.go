package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"anlan/internal/kernel"
	"anlan/relief/plan"
)

// reliefCommand plans relief supplies, checks plans and proves promises.
func reliefCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return fail(stderr, kernel.Bad("relief", "required", "plan | check | guarantee"))
	}
	switch args[0] {
	case "plan":
		return reliefPlan(args[1:], stdout, stderr)
	case "check":
		return reliefCheck(args[1:], stdout, stderr)
	case "guarantee":
		return reliefGuarantee(args[1:], stdout, stderr)
	case "help", "-h", "--help", "-help":
		fmt.Fprintln(stdout, "usage: anlan relief plan | check | guarantee\n\nThe formats of their files stand in docs/formats/relief.md. Each lists its flags with --help.")
		return exitYes
	}
	return fail(stderr, kernel.Bad("relief", "unknown", args[0]))
}

const reliefPlanUsage = `relief plan PROBLEM [-o FILE] [--budget DURATION | --iterations N] [--seed N]

Plans who brings what from where, and writes the plan with its proved bound. Exit
0 whenever a valid plan was written, with unmet needs or without.`

func reliefPlan(args []string, stdout, stderr io.Writer) int {
	start := time.Now()
	fs := newFlags("relief plan", reliefPlanUsage)
	output := fs.String("o", "", "write the plan to this `file`, not to stdout")
	budget := fs.Duration("budget", 900*time.Millisecond, "how long to look for better plans")
	iterations := fs.Int("iterations", 0, "rebuild parts of the plan `N` times instead: the same result, byte for byte, on every machine")
	seed := fs.Uint64("seed", 1, "where the search begins")
	given, code, done := parseMixed(fs, args, stdout, stderr, "problem")
	if done {
		return code
	}
	var c kernel.Check
	if *budget <= 0 || *budget > 24*time.Hour {
		c.Add("--budget", "range", budget.String(), "min", "1ms", "max", "24h")
	}
	if *iterations < 0 {
		c.Add("--iterations", "range", fmt.Sprint(*iterations), "min", 0)
	}
	if err := c.Err(); err != nil {
		return fail(stderr, err)
	}
	p, text, err := readProblem(given[0])
	if err != nil {
		return fail(stderr, err)
	}
	found, err := plan.Solve(p, plan.Options{Seed: *seed, Iterations: *iterations, Digest: plan.Digest(text),
		Spent: func() float64 { return float64(time.Since(start)) / float64(*budget) }})
	if err != nil {
		return fail(stderr, err)
	}
	out, err := found.Encode()
	if err != nil {
		return fail(stderr, err)
	}
	return writeResult(*output, out, stdout, stderr)
}

// readInput reads a file that the command line names.
func readInput(field, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, kernel.Bad(field, "no_file", name)
	case errors.As(err, &path):
		return nil, kernel.Bad(field, "unreadable", name+": "+path.Err.Error())
	}
	return text, err
}

func readProblem(name string) (*plan.Problem, []byte, error) {
	text, err := readInput("problem", name)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.DecodeProblem(text)
	return p, text, err
}

// writeResult writes to stdout or, whole or not at all, to a file.
func writeResult(name string, out []byte, stdout, stderr io.Writer) int {
	if name == "" {
		if _, err := stdout.Write(out); err != nil {
			return fail(stderr, err)
		}
		return exitYes
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".anlan-*")
	if err != nil {
		return fail(stderr, kernel.Bad("-o", "unwritable", name))
	}
	defer os.Remove(f.Name())
	_, err = f.Write(out)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fail(stderr, err)
	}
	return exitYes
}

const reliefCheckUsage = `relief check PROBLEM PLAN

Replays a plan against its problem and proves its bound anew. Exit 0 when it is
valid, 1 with one line for each broken rule.`

func reliefCheck(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("relief check", reliefCheckUsage)
	given, code, done := parseMixed(fs, args, stdout, stderr, "problem", "plan")
	if done {
		return code
	}
	p, text, err := readProblem(given[0])
	if err != nil {
		return fail(stderr, err)
	}
	planText, err := readInput("plan", given[1])
	if err != nil {
		return fail(stderr, err)
	}
	answer, err := plan.DecodePlan(planText)
	if err != nil {
		return fail(stderr, err)
	}
	violations := plan.Check(p, plan.Digest(text), answer)
	for _, v := range violations {
		fmt.Fprintf(stdout, "%s: %s: %s\n", v.Field, v.Rule, oneLine(v.Value))
	}
	if len(violations) > 0 {
		return exitNo
	}
	fmt.Fprintf(stdout, "valid: %d trips, latest_s %d, bound_s %d, %d unmet\n", len(answer.Trips), answer.LatestS, answer.BoundS, len(answer.Unmet))
	return exitYes
}
