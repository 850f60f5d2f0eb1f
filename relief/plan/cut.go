package plan

import (
	"fmt"
	"math"
	"slices"
)

// areaLimit bounds how many people of an area can be supplied in time: the
// min cut of the flow source → item → item at warehouse → warehouse → fleet →
// sink. With one destination a cut is a set of items: each warehouse gives
// what its docks load in time or what it has of these items, whichever is
// less; or it is the fleet.
type areaLimit struct {
	p       *Problem
	c       *capacities
	within  int64
	docks   []int64 // by warehouse: millilitres that can be under way in time
	blocked []bool  // by warehouse: no road, or too far
	items   []int   // those that people need
	subsets [][]int
	given   [][]int64 // by subset and warehouse
	sum     []int64
	person  []int64 // by subset: millilitres for a thousand people
	fleet   int64   // millilitres that the trucks can bring in time
	byFleet int64   // people for them
}

// manyItems is up to how many items every subset is a cut.
const manyItems = 10

func newAreaLimit(p *Problem, area *Site, within int64) *areaLimit {
	q := areaProblem(p, area, nil, 1, within)
	m := newModel(q)
	l := &areaLimit{p: p, within: within}
	var cells []demand
	for i := range p.Items {
		if p.Items[i].PerPersonMilli > 0 {
			l.items = append(l.items, i)
			cells = append(cells, demand{0, i, 1})
		}
	}
	l.c = newCapacities(m, cells)
	for w := range m.houses {
		var ml int64
		reach := l.c.reachOf(w, 0)
		open := reach < never && len(l.c.heads[w]) > 0 && l.c.heads[w][0]+m.houses[w].setup+reach < within
		if open {
			ml = l.c.deadlineVolume(w, reach, within)
		}
		l.docks, l.blocked = append(l.docks, ml), append(l.blocked, !open)
	}
	l.chooseSubsets()
	l.given = make([][]int64, len(l.subsets))
	for x := range l.subsets {
		var sum int64
		for w := range p.Warehouses {
			n := l.give(x, w, l.docks[w])
			l.given[x] = append(l.given[x], n)
			sum = addCeiled(sum, n)
		}
		l.sum = append(l.sum, sum)
	}
	l.fleet = l.fleetVolume()
	l.byFleet = mulDiv(l.fleet, 1000, max(1, l.person[l.all()]))
	return l
}

// chooseSubsets takes every set of items, or, of many items, those that are
// scarcest together.
func (l *areaLimit) chooseSubsets() {
	n := len(l.items)
	if n <= manyItems {
		for bits := 1; bits < 1<<n; bits++ {
			var set []int
			for k, i := range l.items {
				if bits>>k&1 == 1 {
					set = append(set, i)
				}
			}
			l.subsets = append(l.subsets, set)
		}
	} else {
		order := slices.Clone(l.items)
		cover := func(i int) int64 {
			var stock int64
			for w := range l.p.Warehouses {
				stock = addCeiled(stock, l.p.Warehouses[w].Stock[l.p.Items[i].ID])
			}
			return mulDiv(stock, 1000, l.p.Items[i].PerPersonMilli)
		}
		slices.SortStableFunc(order, func(a, b int) int { return compare(cover(a), cover(b)) })
		for k := range order {
			l.subsets = append(l.subsets, order[k:k+1])
		}
		for k := 2; k <= n; k++ {
			l.subsets = append(l.subsets, order[:k])
		}
	}
	for _, set := range l.subsets {
		var ml int64
		for _, i := range set {
			ml = addCeiled(ml, mulDiv(l.p.Items[i].PerPersonMilli, l.p.Items[i].VolumeML, 1))
		}
		l.person = append(l.person, ml)
	}
}

// all is the subset of all items, the last one.
func (l *areaLimit) all() int { return len(l.subsets) - 1 }

// stockML is what a warehouse has of a subset.
func (l *areaLimit) stockML(x, w int) int64 {
	var ml int64
	for _, i := range l.subsets[x] {
		ml = addCeiled(ml, mulDiv(l.p.Warehouses[w].Stock[l.p.Items[i].ID], l.p.Items[i].VolumeML, 1))
	}
	return ml
}

func (l *areaLimit) give(x, w int, docks int64) int64 { return min(docks, l.stockML(x, w)) }

// fleetVolume is what the trucks can bring by the end if every trip were the
// shortest: from where loading, driving and unloading take the least time.
func (l *areaLimit) fleetVolume() int64 {
	m := l.c.m
	fixed, rate := never, int64(1)
	for w := range m.houses {
		if !l.blocked[w] {
			fixed = min(fixed, m.houses[w].setup+l.c.reachOf(w, 0))
			rate = max(rate, m.houses[w].rate)
		}
	}
	var sum int64
	for t := range m.trucks {
		sum = addCeiled(sum, l.truckVolume(t, fixed, rate))
	}
	return sum
}

// truckVolume is the most that one truck brings, over the number of its trips.
func (l *areaLimit) truckVolume(t int, fixed, rate int64) int64 {
	var best int64
	load := l.c.load[l.c.m.trucks[t].kind]
	through := mulDivUp(rate*1000, l.c.unload, rate+l.c.unload) // microlitres a second
	left := l.within - l.c.first[t]
	for n := int64(1); ; n++ {
		left -= fixed
		if n > 1 {
			left -= l.c.home[0]
		}
		if left <= 0 || n > 10_000 {
			break
		}
		volume := mulDivUp(left, through, 1000)
		best = max(best, min(mulDiv(load, n, 1), volume))
		if volume <= mulDiv(load, n, 1) {
			break
		}
	}
	if left > 0 && best < mulDivUp(left, through, 1000) {
		return max(best, mulDivUp(left, through, 1000)) // very many trips: the flow itself
	}
	return best
}

// upper is the bound when these warehouses are lost.
func (l *areaLimit) upper(lost []int) int64 {
	best := l.byFleet
	for x := range l.subsets {
		sum := l.sum[x]
		for _, w := range lost {
			sum -= l.given[x][w]
		}
		best = min(best, mulDiv(sum, 1000, l.person[x]))
	}
	return best
}

// worst finds the loss of at most k warehouses under which the bound is
// lowest: for each cut, the k that give most to it.
func (l *areaLimit) worst(k int) (int64, []int) {
	best, at := l.upper(nil), []int{}
	order := make([]int, len(l.p.Warehouses))
	for x := range l.subsets {
		for w := range order {
			order[w] = w
		}
		slices.SortStableFunc(order, func(a, b int) int { return compare(l.given[x][b], l.given[x][a]) })
		var lost []int
		for _, w := range order[:k] {
			if l.given[x][w] > 0 {
				lost = append(lost, w)
			}
		}
		if u := l.upper(lost); u < best {
			best, at = u, slices.Clone(lost)
		}
	}
	slices.Sort(at)
	return best, at
}

// sets lists every set of at most k warehouses that carry flow, those with the
// lowest bound first.
func (l *areaLimit) sets(k int) [][]int {
	var carrying []int
	for w := range l.p.Warehouses {
		if l.given[l.all()][w] > 0 {
			carrying = append(carrying, w)
		}
	}
	out := [][]int{{}}
	for from, depth := 0, 0; depth < k && len(out) <= maxSets; depth++ {
		until := len(out)
		for _, set := range out[from:until] {
			for _, w := range carrying {
				if len(set) == 0 || w > set[len(set)-1] {
					out = append(out, append(slices.Clone(set), w))
				}
			}
		}
		from = until
	}
	bound := map[string]int64{}
	for _, set := range out {
		bound[fmt.Sprint(set)] = l.upper(set)
	}
	slices.SortStableFunc(out, func(a, b []int) int { return compare(bound[fmt.Sprint(a)], bound[fmt.Sprint(b)]) })
	return out
}

// words names every capacity of the cut that gives the bound, and what the
// bound would be without it.
func (l *areaLimit) words(lost []int, upper int64) []Cut {
	if l.byFleet == upper {
		return []Cut{{Kind: "fleet", Text: fmt.Sprintf(
			"车队在时限内最多运送 %s 立方米，够 %s 人；再多须增加车辆 / the fleet brings at most %s m³ in time, enough for %s people; more needs more trucks",
			grouped(l.fleet/1_000_000), grouped(upper), grouped(l.fleet/1_000_000), grouped(upper))}}
	}
	x := l.binding(lost, upper)
	cuts := []Cut{}
	for w := range l.p.Warehouses {
		if slices.Contains(lost, w) {
			continue
		}
		stock := l.stockML(x, w)
		switch {
		case stock > 0 && l.blocked[w]:
			cuts = append(cuts, l.roadCut(w))
		case l.docks[w] < stock:
			cuts = append(cuts, l.dockCut(x, w, lost))
		default:
			cuts = append(cuts, l.stockCuts(x, w, lost)...)
		}
	}
	return cuts
}

// binding is the subset whose cut gives the bound.
func (l *areaLimit) binding(lost []int, upper int64) int {
	return max(0, slices.IndexFunc(l.subsets, func(set []int) bool {
		x := slices.IndexFunc(l.subsets, func(s []int) bool { return slices.Equal(s, set) })
		sum := l.sum[x]
		for _, w := range lost {
			sum -= l.given[x][w]
		}
		return mulDiv(sum, 1000, l.person[x]) == upper
	}))
}

func (l *areaLimit) roadCut(w int) Cut {
	id := l.p.Warehouses[w].ID
	return Cut{Kind: "road", Warehouse: id, Text: fmt.Sprintf(
		"%s 的物资在时限内无法送达：无路可通或路程太长 / goods of %s cannot arrive in time: no road, or too far", id, id)}
}

// dockCut says what one more dock would change.
func (l *areaLimit) dockCut(x, w int, lost []int) Cut {
	house := &l.p.Warehouses[w]
	one := int64(0)
	if n := len(l.c.heads[w]); n > 0 {
		one = l.c.dockVolume(w, max(0, l.within-l.c.reachOf(w, 0)-l.c.heads[w][n-1]))
	}
	lifted := l.upperWith(lost, w, addCeiled(l.docks[w], one))
	m3 := grouped(l.docks[w] / 1_000_000)
	return Cut{Kind: "dock", Warehouse: house.ID, Text: fmt.Sprintf(
		"%s 的 %d 个装车位在时限内最多装出 %s 立方米；增加一个装车位，上限升至 %s 人 / the %d docks of %s load at most %s m³ in time; one more dock lifts the bound to %s",
		house.ID, house.Docks, m3, grouped(lifted), house.Docks, house.ID, m3, grouped(lifted))}
}

// upperWith is the bound if the docks of a warehouse loaded another volume.
func (l *areaLimit) upperWith(lost []int, w int, docks int64) int64 {
	best := l.byFleet
	for x := range l.subsets {
		sum := l.sum[x] - l.given[x][w] + l.give(x, w, docks)
		for _, v := range lost {
			sum -= l.given[x][v]
		}
		best = min(best, mulDiv(sum, 1000, l.person[x]))
	}
	return best
}

// stockCuts names the goods of a warehouse that are all used.
func (l *areaLimit) stockCuts(x, w int, lost []int) []Cut {
	var cuts []Cut
	house := &l.p.Warehouses[w]
	for _, i := range l.subsets[x] {
		it := &l.p.Items[i]
		n := house.Stock[it.ID]
		if n == 0 {
			continue
		}
		name := it.Name
		if name == "" {
			name = it.ID
		}
		cuts = append(cuts, Cut{Kind: "stock", Warehouse: house.ID, Item: it.ID, Text: fmt.Sprintf(
			"%s 库存的 %s 仅 %s 件，须全部用上 / all %s of %s at %s are needed", house.ID, name, grouped(n), grouped(n), it.ID, house.ID)})
	}
	return cuts
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	if n == math.MaxInt64 {
		return "∞"
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
