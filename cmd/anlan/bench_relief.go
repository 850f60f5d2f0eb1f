package main

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"anlan/bench"
	"anlan/internal/kernel"
	"anlan/relief/synthetic"
)

// benchRelief plans synthetic problems and writes one JSON line for each.
func benchRelief(args []string, stdout, stderr io.Writer) int {
	fs := newFlags("bench relief", "bench relief [flags]\n\nPlans synthetic relief problems on one thread and checks the plans; one JSON line each.")
	sizes := fs.String("sizes", "A,B,C", "sizes, A to F")
	modes := fs.String("modes", "dock", "what is scarce: "+strings.Join(synthetic.Modes(), ", "))
	seeds := fs.String("seeds", "1", "seeds of the generator")
	budget := fs.Duration("budget", 900*time.Millisecond, "how long to look for better plans")
	keep := fs.String("keep", "", "write the problems into this `directory`, for other programs")
	if _, code, done := parseMixed(fs, args, stdout, stderr); done {
		return code
	}
	var c kernel.Check
	for _, s := range strings.Split(*sizes, ",") {
		if !slices.ContainsFunc(synthetic.Sizes(), func(z synthetic.Size) bool { return z.Name == s }) {
			c.Add("--sizes", "unknown", s)
		}
	}
	for _, m := range strings.Split(*modes, ",") {
		if !slices.Contains(synthetic.Modes(), m) {
			c.Add("--modes", "unknown", m)
		}
	}
	var numbers []uint64
	for _, s := range strings.Split(*seeds, ",") {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			c.Add("--seeds", "integer", s)
		}
		numbers = append(numbers, n)
	}
	if *budget <= 0 {
		c.Add("--budget", "range", budget.String(), "min", "1ms")
	}
	if err := c.Err(); err != nil {
		return fail(stderr, err)
	}
	out := json.NewEncoder(stdout)
	for _, size := range strings.Split(*sizes, ",") {
		for _, mode := range strings.Split(*modes, ",") {
			for _, seed := range numbers {
				res, err := bench.Relief(bench.ReliefRun{Size: size, Mode: mode, Seed: seed, Budget: *budget, Keep: *keep})
				if err != nil {
					return fail(stderr, err)
				}
				out.Encode(res)
			}
		}
	}
	return exitYes
}
