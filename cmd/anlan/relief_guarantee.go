package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"anlan/internal/kernel"
	"anlan/relief/plan"
)

const reliefGuaranteeUsage = `relief guarantee PROBLEM --people N --within DURATION [--loss K] [--budget DURATION] [--seed N]

Answers for each area, asked alone with the whole stock and fleet: can N people
be supplied within the time, whichever K warehouses are lost? Exit 0 PROVED, 1
REFUTED, 2 OPEN.`

func reliefGuarantee(args []string, stdout, stderr io.Writer) int {
	start := time.Now()
	fs := newFlags("relief guarantee", reliefGuaranteeUsage)
	var people, within single
	fs.Var(&people, "people", "how many people (`N`)")
	fs.Var(&within, "within", "until when, from the alarm to the end of unloading: 12h, 90m, 4400s")
	loss := fs.Int64("loss", 0, "lose every set of at most `K` warehouses")
	budget := fs.Duration("budget", 0, "stop looking for plans after this time; 0: when everything is answered")
	seed := fs.Uint64("seed", 1, "where the search begins")
	given, code, done := parseMixed(fs, args, stdout, stderr, "problem")
	if done {
		return code
	}
	claim, err := readClaim(&people, &within, *loss, *budget)
	if err != nil {
		return fail(stderr, err)
	}
	p, _, err := readProblem(given[0])
	if err != nil {
		return fail(stderr, err)
	}
	o := plan.GuaranteeOptions{Seed: *seed}
	if *budget > 0 {
		o.Spent = func() float64 { return float64(time.Since(start)) / float64(*budget) }
	}
	answer, err := plan.Prove(p, claim, o)
	if err != nil {
		return fail(stderr, err)
	}
	if code := writeJSON(stdout, stderr, answer); code != exitYes {
		return code
	}
	switch answer.Verdict {
	case plan.Proved:
		return exitYes
	case plan.Refuted:
		return exitNo
	}
	return exitOpen
}

// readClaim reads what is claimed from the flags.
func readClaim(people, within *single, loss int64, budget time.Duration) (plan.Claim, error) {
	var c kernel.Check
	people.once(&c, "people", true)
	within.once(&c, "within", true)
	claim := plan.Claim{Loss: loss}
	if people.value != "" {
		n, err := strconv.ParseInt(people.value, 10, 64)
		claim.People = n
		if err != nil || claim.People < 0 || claim.People > 1<<40 {
			c.Add("--people", "range", people.value, "min", 0, "max", int64(1)<<40)
		}
	}
	if within.value != "" {
		d, err := time.ParseDuration(within.value)
		switch {
		case err != nil:
			c.Add("--within", "duration", within.value)
		case d <= 0 || d > 1000*24*time.Hour || d%time.Second != 0:
			c.Add("--within", "range", within.value, "min", "1s", "max", "24000h")
		}
		claim.WithinS = int64(d / time.Second)
	}
	if loss < 0 || loss > 1000 {
		c.Add("--loss", "range", fmt.Sprint(loss), "min", 0, "max", 1000)
	}
	if budget < 0 {
		c.Add("--budget", "range", budget.String(), "min", "0s")
	}
	return claim, c.Err()
}
