package plan

import (
	"math/rand/v2"
	"slices"
)

// areaPlanner looks for a plan that supplies an area in time.
type areaPlanner struct {
	*solver
	people, within int64
}

// unitsFor is what a number of people need of an item, rounded up.
func unitsFor(it *Item, people int64) int64 { return mulDivUp(people, it.PerPersonMilli, 1000) }

// areaProblem is the problem of supplying people in an area: the area as the
// only site, lost warehouses left out.
func areaProblem(p *Problem, area *Site, lost []int, people, within int64) *Problem {
	q := *p
	q.Sites, q.Areas, q.Needs, q.Warehouses = []Site{*area}, nil, nil, nil
	for w := range p.Warehouses {
		if !slices.Contains(lost, w) {
			q.Warehouses = append(q.Warehouses, p.Warehouses[w])
		}
	}
	for i := range p.Items {
		if n := unitsFor(&p.Items[i], people); n > 0 {
			q.Needs = append(q.Needs, Need{Site: area.ID, Item: p.Items[i].ID, Quantity: n, DueS: &within})
		}
	}
	return &q
}

// newAreaPlanner is nil when nothing can be brought at all.
func newAreaPlanner(p *Problem, area *Site, lost []int, people, within int64, seed uint64) *areaPlanner {
	q := areaProblem(p, area, lost, people, within)
	m := newModel(q)
	s := &solver{p: q, u: newWanted(m), o: Options{Iterations: 1}}
	if len(s.u.cells) == 0 || checkTrips(m, s.u.cells) != nil {
		return nil
	}
	s.builder = builder{state: newState(m, s.u.cells), random: rand.New(rand.NewPCG(seed, 1)), skip: 0.02, few: manyTrucks}
	for _, t := range m.trucks {
		s.most = max(s.most, t.ml)
	}
	a := &areaPlanner{s, people, within}
	demands := a.demands()
	if len(demands) == 0 {
		return nil
	}
	k := newMarket(newCapacities(m, demands))
	k.at(within)
	for range 200 {
		k.improve()
	}
	a.usePrices(k)
	return a
}

// search places as much as it can by the end of the time and returns how many
// people that supplies.
func (a *areaPlanner) search(rounds int) int64 {
	a.setDeadlines(func(*cell) int64 { return a.within })
	a.serveAll()
	a.keep()
	for round := 0; round < rounds && a.leftML > 0 && len(a.live) > 0; round++ {
		left := a.leftML
		a.ruin()
		a.eject()
		a.serveAll()
		if a.leftML > left {
			a.takeBack()
		} else {
			a.keep()
		}
	}
	return a.supplied()
}

// supplied is how many people what is on the loads is enough for.
func (a *areaPlanner) supplied() int64 {
	people := a.people
	brought := make([]int64, len(a.m.items))
	for x := range a.cells {
		brought[a.cells[x].item] += a.cells[x].n - a.left[x]
	}
	for i := range a.p.Items {
		if it := &a.p.Items[i]; it.PerPersonMilli > 0 && unitsFor(it, people) > 0 {
			people = min(people, mulDiv(brought[i], 1000, it.PerPersonMilli))
		}
	}
	return people
}

// proof cuts the plan down to what a number of people need and returns it with
// the problem it solves.
func (a *areaPlanner) proof(people int64) (*Problem, *Plan) {
	q := *a.p
	q.Needs = nil
	over := make([]int64, len(a.m.items))
	for x := range a.cells {
		over[a.cells[x].item] += a.cells[x].n - a.left[x]
	}
	for i := range q.Items {
		if n := unitsFor(&q.Items[i], people); n > 0 {
			q.Needs = append(q.Needs, Need{Site: q.Sites[0].ID, Item: q.Items[i].ID, Quantity: n, DueS: &a.within})
			over[i] -= n
		}
	}
	for _, j := range slices.Clone(a.live) {
		a.trim(j, over)
	}
	a.keep()
	a.solver.p = &q
	return &q, a.plan()
}

// trim takes goods that are too many off a load.
func (a *areaPlanner) trim(j int, over []int64) {
	var stops []stop
	changed := false
	for _, st := range a.loads[j].stops {
		kept := stop{site: st.site}
		for _, l := range st.lots {
			item := a.cells[l.cell].item
			n := min(l.n, max(0, over[item]))
			over[item] -= n
			changed = changed || n > 0
			if l.n > n {
				kept.lots = append(kept.lots, lot{l.cell, l.n - n})
				kept.ml += (l.n - n) * a.m.items[item].ml
			}
		}
		if len(kept.lots) > 0 {
			stops = append(stops, kept)
		}
	}
	switch {
	case len(stops) == 0:
		a.remove(j)
	case changed:
		a.replace(j, stops)
	}
}
