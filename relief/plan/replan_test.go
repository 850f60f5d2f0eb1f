package plan_test

import (
	"slices"
	"testing"

	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

func TestReplanKeepsWhatHasBegunAndAnswersTheEvent(t *testing.T) {
	p, err := synthetic.Problem("A", "dock", 2)
	if err != nil {
		t.Fatal(err)
	}
	old, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 20})
	if err != nil {
		t.Fatal(err)
	}
	now := old.LatestS / 2
	under := old.Trips[slices.IndexFunc(old.Trips, func(t plan.Trip) bool { return t.DepartS < now && t.Stops[len(t.Stops)-1].DoneS > now })]
	waiting := old.Trips[slices.IndexFunc(old.Trips, func(t plan.Trip) bool { return t.LoadStartS > now })]
	for name, e := range map[string]plan.Event{
		"nothing happened": {},
		"truck lost":       {TrucksLost: []string{under.Truck}},
		"road closed":      {RoadsClosed: [][2]string{{waiting.Warehouse, waiting.Stops[0].Site}}},
		"stock short":      {StockLeft: []plan.StockCount{{Warehouse: waiting.Warehouse, Item: "QUILT", Units: 5}}},
		"need added":       {NeedsAdded: []plan.Need{{Site: "S1", Item: "QUILT", Quantity: 600}}},
	} {
		e.NowS = now
		r, err := plan.Replan(p, old, e, plan.Options{Seed: 1, Iterations: 20})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, v := range plan.Check(r.Problem, "", r.Plan) {
			t.Errorf("%s: %s: %s: %s", name, v.Field, v.Rule, v.Value)
		}
		for _, trip := range old.Trips {
			lost := slices.Contains(e.TrucksLost, trip.Truck)
			kept := slices.ContainsFunc(r.Plan.Trips, func(n plan.Trip) bool { return n.Truck == trip.Truck && n.LoadStartS == trip.LoadStartS })
			if trip.LoadStartS <= now && !lost && !kept {
				t.Errorf("%s: the trip of %s at %d has begun and is gone", name, trip.Truck, trip.LoadStartS)
			}
		}
		for _, trip := range r.Plan.Trips {
			if trip.LoadStartS <= now {
				continue
			}
			if slices.Contains(e.TrucksLost, trip.Truck) {
				t.Errorf("%s: the lost truck %s drives on", name, trip.Truck)
			}
			for _, road := range e.RoadsClosed {
				if trip.Warehouse == road[0] && trip.Stops[0].Site == road[1] {
					t.Errorf("%s: a new trip uses the closed road", name)
				}
			}
		}
		if name == "need added" && len(r.Difference.Added) == 0 {
			t.Error("a need was added and no trip")
		}
	}
}

func TestReplanRefusesEventsAboutNothing(t *testing.T) {
	p, err := synthetic.Problem("A", "dock", 2)
	if err != nil {
		t.Fatal(err)
	}
	old, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = plan.Replan(p, old, plan.Event{NowS: -1, TrucksLost: []string{"X"}, RoadsClosed: [][2]string{{"W1", "Y"}}, StockLeft: []plan.StockCount{{Warehouse: "W1", Item: "Z"}}}, plan.Options{Iterations: 1})
	if want := "now_s: range: -1|trucks_lost.0: unknown: X|roads_closed.0: unknown: Y|stock_left.0: unknown: W1 Z"; lines(err) != want {
		t.Errorf("got %s, want %s", lines(err), want)
	}
}
