package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

func TestEveryProvedAreaHasCheckedPlansForEveryLoss(t *testing.T) {
	p, err := synthetic.Problem("A", "dock", 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Areas = p.Areas[:2]
	type proof struct {
		people int64
		uses   []string
	}
	proofs := map[string][]proof{}
	claim := plan.Claim{People: 20_000, WithinS: 12 * 3600, Loss: 1}
	answer, err := plan.Prove(p, claim, plan.GuaranteeOptions{Proof: func(area string, people int64, q *plan.Problem, found *plan.Plan) {
		if v := plan.Check(q, "", found); len(v) > 0 || len(found.Unmet) > 0 || found.LatestS > claim.WithinS {
			t.Errorf("%s: a proof that is none: %v", area, v)
		}
		var uses []string
		for _, trip := range found.Trips {
			uses = append(uses, trip.Warehouse)
		}
		proofs[area] = append(proofs[area], proof{people, uses})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Verdict != plan.Proved {
		t.Fatalf("%s %d of %d", answer.Verdict, answer.Achievable, answer.Upper)
	}
	for _, area := range answer.Areas {
		if area.Achievable > area.Upper || area.Achievable < claim.People {
			t.Errorf("%s: %d of %d", area.Area, area.Achievable, area.Upper)
		}
		for _, w := range p.Warehouses {
			if !slices.ContainsFunc(proofs[area.Area], func(f proof) bool { return f.people >= area.Achievable && !slices.Contains(f.uses, w.ID) }) {
				t.Errorf("%s: no plan without %s", area.Area, w.ID)
			}
		}
	}
}

func TestTheAnswerIsOpenWhenTimeIsUpAndRefutedByTheBoundAlone(t *testing.T) {
	p, err := synthetic.Problem("A", "dock", 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Areas = p.Areas[:1]
	over := plan.GuaranteeOptions{Spent: func() float64 { return 1 }}
	answer, err := plan.Prove(p, plan.Claim{People: 20_000, WithinS: 12 * 3600, Loss: 1}, over)
	if err != nil || answer.Verdict != plan.Open || answer.Achievable != 0 {
		t.Errorf("%+v %v", answer, err)
	}
	answer, err = plan.Prove(p, plan.Claim{People: 10_000_000, WithinS: 12 * 3600}, plan.GuaranteeOptions{BoundsOnly: true})
	if err != nil || answer.Verdict != plan.Refuted || len(answer.Areas[0].Cut) == 0 {
		t.Fatalf("%+v %v", answer, err)
	}
	for _, cut := range answer.Areas[0].Cut {
		if zh, en, found := strings.Cut(cut.Text, " / "); !found || zh == "" || en == "" {
			t.Errorf("the text %q is not in both languages", cut.Text)
		}
	}
}

func TestTheUpperBoundFallsWithEveryLoss(t *testing.T) {
	for _, mode := range synthetic.Modes() {
		p, err := synthetic.Problem("B", mode, 1)
		if err != nil {
			t.Fatal(err)
		}
		last := plan.MaxInt
		for loss := range int64(4) {
			answer, err := plan.Prove(p, plan.Claim{WithinS: 12 * 3600, Loss: loss}, plan.GuaranteeOptions{BoundsOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			if answer.Upper > last {
				t.Errorf("%s: losing %d lifts the bound from %d to %d", mode, loss, last, answer.Upper)
			}
			last = answer.Upper
		}
	}
}

func BenchmarkUpperBoundsOfAllPairsLost(b *testing.B) {
	p, err := synthetic.Problem("C", "dock", 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := plan.Prove(p, plan.Claim{People: 70_000, WithinS: 12 * 3600, Loss: 2}, plan.GuaranteeOptions{BoundsOnly: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstPlan(b *testing.B) {
	p, err := synthetic.Problem("C", "dock", 1)
	if err != nil {
		b.Fatal(err)
	}
	var total time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		seen := false
		_, err := plan.Solve(p, plan.Options{Spent: func() float64 { return 1 }, Improved: func(*plan.Plan) {
			if !seen {
				total += time.Since(start)
				n++
			}
			seen = true
		}})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(total.Microseconds())/1000/float64(n), "ms/first")
}
