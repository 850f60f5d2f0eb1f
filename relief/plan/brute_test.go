package plan_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"anlan/relief/plan"
)

// tiny draws a problem of at most three units in which everything can be
// brought, so that its shortest plan can be found by trying all.
func tiny(t *rapid.T) *plan.Problem {
	n := func(label string, low, high int64) int64 { return rapid.Int64Range(low, high).Draw(t, label) }
	p := &plan.Problem{Schema: plan.ProblemSchema, Items: []plan.Item{{ID: "I", VolumeML: 10}},
		TruckTypes: []plan.TruckType{{ID: "k", VolumeML: n("load", 10, 30)}}}
	for i := range n("warehouses", 1, 2) {
		p.Warehouses = append(p.Warehouses, plan.Warehouse{ID: fmt.Sprintf("W%d", i), Docks: 1, DockMLPS: n("rate", 1, 10), SetupS: n("setup", 0, 20),
			OpensS: n("opens", 0, 30), Stock: map[string]int64{"I": n("stock", 2, 4)}})
	}
	p.Warehouses[0].Stock["I"] = 4
	for i := range n("sites", 1, 2) {
		p.Sites = append(p.Sites, plan.Site{ID: fmt.Sprintf("S%d", i), UnloadSetupS: n("unload setup", 0, 20), UnloadMLPS: n("unload", 1, 10)})
		p.Needs = append(p.Needs, plan.Need{Site: p.Sites[i].ID, Item: "I", Quantity: n("quantity", 1, 2-i)})
	}
	for i := range n("trucks", 1, 2) {
		p.Trucks = append(p.Trucks, plan.Truck{ID: fmt.Sprintf("T%d", i), Type: "k", ReadyS: n("ready", 0, 30)})
	}
	p.Travel = randomMatrix(p, func(label string, low, high int64) int64 {
		if label == "missing" {
			return 0
		}
		return n(label, low, min(high, 60))
	})
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

// brute tries every way to put units on trips and every order of trips.
type brute struct {
	p     *plan.Problem
	row   map[string]int
	best  int64
	stock []int64
}

func shortest(p *plan.Problem) int64 {
	b := &brute{p: p, row: map[string]int{}, best: math.MaxInt64}
	for i, id := range p.Travel.Nodes {
		b.row[id] = i
	}
	left := make([]int64, len(p.Sites))
	for i, n := range p.Needs {
		left[i] = n.Quantity
	}
	b.stock = make([]int64, len(p.Warehouses))
	for w := range b.stock {
		b.stock[w] = p.Warehouses[w].Stock["I"]
	}
	free := make([]int64, len(p.Trucks))
	at := make([]string, len(p.Trucks))
	for i, tr := range p.Trucks {
		free[i], at[i] = tr.ReadyS, tr.ID
	}
	docks := make([]int64, len(p.Warehouses))
	for w := range docks {
		docks[w] = p.Warehouses[w].OpensS
	}
	b.next(left, free, at, docks, 0)
	return b.best
}

func (b *brute) drive(from, to string) int64 { return b.p.Travel.Seconds[b.row[from]][b.row[to]] }

// next starts one more trip, as early as the trips before it allow.
func (b *brute) next(left, free []int64, at []string, docks []int64, end int64) {
	var open int64
	for _, n := range left {
		open += n
	}
	if open == 0 {
		b.best = min(b.best, end)
		return
	}
	if end >= b.best {
		return
	}
	for t := range free {
		for w := range docks {
			start := max(docks[w], free[t]+b.drive(at[t], b.p.Warehouses[w].ID))
			b.loads(left, func(sites []int, units []int64, total int64) {
				if total > b.stock[w] {
					return
				}
				house := &b.p.Warehouses[w]
				now := start + house.SetupS + (total*10+house.DockMLPS-1)/house.DockMLPS
				wasDock, wasFree, wasAt := docks[w], free[t], at[t]
				docks[w] = now
				b.stock[w] -= total
				place := house.ID
				for i, s := range sites {
					site := &b.p.Sites[s]
					now += b.drive(place, site.ID) + site.UnloadSetupS + (units[i]*10+site.UnloadMLPS-1)/site.UnloadMLPS
					place = site.ID
					left[s] -= units[i]
				}
				free[t], at[t] = now, place
				b.next(left, free, at, docks, max(end, now))
				docks[w], free[t], at[t] = wasDock, wasFree, wasAt
				b.stock[w] += total
				for i, s := range sites {
					left[s] += units[i]
				}
			})
		}
	}
}

// loads calls try with every load of one or two stops that fits.
func (b *brute) loads(left []int64, try func(sites []int, units []int64, total int64)) {
	room := b.p.TruckTypes[0].VolumeML / 10
	for s := range left {
		for n := int64(1); n <= min(left[s], room); n++ {
			try([]int{s}, []int64{n}, n)
			for o := range left {
				for m := int64(1); o != s && m <= min(left[o], room-n); m++ {
					try([]int{s, o}, []int64{n, m}, n+m)
				}
			}
		}
	}
}

func TestTheBoundIsBelowAndThePlanAboveTheShortestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tiny(t)
		found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Unmet) > 0 {
			t.Fatalf("unmet %v", found.Unmet)
		}
		for _, v := range plan.Check(p, "", found) {
			t.Errorf("%s: %s: %s", v.Field, v.Rule, v.Value)
		}
		if best := shortest(p); found.BoundS > best || best > found.LatestS {
			text, _ := p.Encode()
			t.Errorf("bound %d, shortest %d, plan %d\n%s", found.BoundS, best, found.LatestS, text)
		}
	})
}
