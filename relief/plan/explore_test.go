package plan_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestExplore(t *testing.T) {
	sizes, modes := strings.Split(os.Getenv("SIZES"), ","), strings.Split(os.Getenv("MODES"), ",")
	if os.Getenv("MODES") == "" {
		modes = synthetic.Modes()
	}
	for _, size := range sizes {
		for _, mode := range modes {
			for seed := uint64(1); seed <= 2; seed++ {
				p, err := synthetic.Problem(size, mode, seed)
				if err != nil {
					t.Fatal(err)
				}
				text, _ := p.Encode()
				t0 := cpu()
				budget := 900 * time.Millisecond
				if os.Getenv("BUDGET") != "" {
					budget, _ = time.ParseDuration(os.Getenv("BUDGET"))
				}
				var first time.Duration
				n := 0
				var firstPlan *plan.Plan
				out, err := plan.Solve(p, plan.Options{Seed: 1, Digest: plan.Digest(text), Spent: func() float64 { return float64(cpu()-t0) / float64(budget) },
					Improved: func(q *plan.Plan) {
						if n == 0 {
							first = cpu() - t0
							firstPlan = q
						}
						n++
					}})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Printf("%s %s %d: first %v latest %d; n=%d latest %d bound %d ratio %.3f trips %d unmet %d cpu %v\n", size, mode, seed, first.Round(time.Millisecond), firstPlan.LatestS, n, out.LatestS, out.BoundS, float64(out.LatestS)/float64(out.BoundS), len(out.Trips), len(out.Unmet), (cpu() - t0).Round(time.Millisecond))
				for i, v := range plan.Check(p, plan.Digest(text), out) {
					if i < 5 {
						t.Error(v)
					}
				}
				for i, v := range plan.Check(p, plan.Digest(text), firstPlan) {
					if i < 5 {
						t.Error("first", v)
					}
				}
			}
		}
	}
}
