package plan

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// first makes a valid plan fast: goods go to the warehouse that can bring them
// soonest by what it already has to do, each warehouse has trucks of its own,
// and whichever dock is free next loads for the farthest site. Time grows
// little more than with the number of loads.
type first struct {
	*state
	near    func(s int) []int
	flows   []map[int]int64 // by cell, from where its goods must come; nil: from anywhere
	pending [][]int         // by warehouse: sites that wait, the farthest first
	due     []map[int][]lot
	busy    []float64 // by warehouse: seconds of one dock
	pool    [][]int   // by warehouse: its trucks
	idle    []int     // trucks whose warehouse has nothing left
	queue   dockQueue
	bias    []float64 // by warehouse: seconds by which it seems to be done later
	far     float64   // how much a way counts in the choice of a warehouse
	shared  bool      // few trucks: every dock may call any of them
}

// sharedTrucks is up to how many trucks every dock may call any of them.
const sharedTrucks = 2000

type freeDock struct {
	at          int64
	house, dock int
}

type dockQueue []freeDock

func (q dockQueue) Len() int { return len(q) }
func (q dockQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.house, b.house), cmp.Compare(a.dock, b.dock)) < 0
}
func (q dockQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dockQueue) Push(x any)   { *q = append(*q, x.(freeDock)) }
func (q *dockQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// build fills an empty state.
func (f *first) build() {
	f.allot()
	f.assignTrucks()
	for w := range f.m.houses {
		if len(f.pending[w]) > 0 {
			for k := range f.docks[w] {
				f.queue = append(f.queue, freeDock{f.m.opens(w, k), w, k})
			}
		}
	}
	heap.Init(&f.queue)
	for len(f.queue) > 0 {
		d := heap.Pop(&f.queue).(freeDock)
		if at := f.loadNext(d); at < never {
			heap.Push(&f.queue, freeDock{at, d.house, d.dock})
		}
	}
}

// allot divides the goods among the warehouses.
func (f *first) allot() {
	m := f.m
	f.due, f.pending, f.busy = make([]map[int][]lot, len(m.houses)), make([][]int, len(m.houses)), make([]float64, len(m.houses))
	order := make([]int, 0, len(m.sites))
	tail := make([]int64, len(m.sites))
	for s := range m.sites {
		if len(f.bySite[s]) == 0 {
			continue
		}
		order = append(order, s)
		tail[s] = never
		for _, w := range f.near(s) {
			tail[s] = min(tail[s], m.roads.out(w, s))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tail[b], tail[a]) })
	stock := make([][]int64, len(m.houses))
	for w := range stock {
		stock[w] = slices.Clone(f.stock[w])
	}
	for _, s := range order {
		for _, x := range f.bySite[s] {
			f.allotCell(x, stock)
		}
	}
	for w := range f.pending {
		slices.SortStableFunc(f.pending[w], func(a, b int) int { return cmp.Compare(m.roads.out(w, b), m.roads.out(w, a)) })
	}
}

func (f *first) allotCell(x int, stock [][]int64) {
	c := &f.cells[x]
	if f.flows != nil {
		left := c.n // may have become less than the flows since
		for w := range f.m.houses {
			if n := min(left, f.flows[x][w]); n > 0 {
				left -= n
				f.give(w, x, n)
			}
		}
		return
	}
	for left := c.n; left > 0; {
		w := f.soonest(f.near(c.site), c, stock)
		if w == none {
			w = f.soonest(nil, c, stock)
		}
		if w == none {
			return
		}
		n := min(left, stock[w][c.item])
		left -= n
		stock[w][c.item] -= n
		f.give(w, x, n)
	}
}

// give makes it a warehouse's task to bring n units of cell x.
func (f *first) give(w, x int, n int64) {
	c := &f.cells[x]
	f.busy[w] += float64(n) * float64(f.m.items[c.item].ml) * f.m.houses[w].secondsPerMl
	if f.due[w] == nil {
		f.due[w] = map[int][]lot{}
	}
	if f.due[w][c.site] == nil {
		f.pending[w] = append(f.pending[w], c.site)
	}
	f.due[w][c.site] = append(f.due[w][c.site], lot{x, n})
}

// soonest is the warehouse with stock that would be done first; nil houses
// are all of them.
func (f *first) soonest(houses []int, c *cell, stock [][]int64) int {
	best, at := none, math.Inf(1)
	look := func(w int) {
		h := &f.m.houses[w]
		if stock[w][c.item] == 0 || h.docks == 0 {
			return
		}
		out := f.m.roads.out(w, c.site)
		if end := float64(h.opens) + f.far*float64(out) + f.busy[w]/float64(h.docks) + f.bias[w]; out < never && end < at {
			best, at = w, end
		}
	}
	if houses == nil {
		for w := range f.m.houses {
			look(w)
		}
	}
	for _, w := range houses {
		look(w)
	}
	return best
}

// assignTrucks gives every warehouse trucks in the measure of its work.
func (f *first) assignTrucks() {
	m := f.m
	f.pool = make([][]int, len(m.houses))
	if f.shared = len(m.trucks) <= sharedTrucks; f.shared {
		return
	}
	var total float64
	var working []int
	for w, b := range f.busy {
		total += b
		if b > 0 {
			working = append(working, w)
		}
	}
	quota := make([]float64, len(m.houses))
	for _, w := range working {
		quota[w] = max(1, f.busy[w]/total*float64(len(m.trucks)))
	}
	for t := range m.trucks {
		best, near := none, never
		for _, w := range f.candidates(t, working) {
			if d := m.roads.start(t, w); quota[w] > 0 && d < near {
				best, near = w, d
			}
		}
		if best == none {
			f.idle = append(f.idle, t)
			continue
		}
		f.pool[best] = append(f.pool[best], t)
		quota[best]--
	}
	f.evenOut(working)
}

// evenOut gives a truck to every warehouse that has work and none.
func (f *first) evenOut(working []int) {
	rich := slices.Clone(working)
	slices.SortStableFunc(rich, func(a, b int) int { return cmp.Compare(len(f.pool[b]), len(f.pool[a])) })
	for _, w := range working {
		if len(f.pool[w]) > 0 {
			continue
		}
		if n := len(f.idle); n > 0 {
			f.pool[w] = append(f.pool[w], f.idle[n-1])
			f.idle = f.idle[:n-1]
			continue
		}
		for _, r := range rich {
			if n := len(f.pool[r]); n > 1 {
				f.pool[w] = append(f.pool[w], f.pool[r][n-1])
				f.pool[r] = f.pool[r][:n-1]
				break
			}
		}
	}
}

// candidates limits the warehouses that a truck looks at when there are very
// many: a window that moves with the truck's number.
func (f *first) candidates(t int, working []int) []int {
	const most = 400
	if len(working) <= most {
		return working
	}
	from := t * most % len(working)
	if from+most > len(working) {
		from = len(working) - most
	}
	return working[from : from+most]
}

// free is when a truck can stand at a warehouse.
func (f *first) freeAt(t, w int) int64 {
	if j := f.trucks[t].last; j != none {
		l := &f.loads[j]
		return min(never, l.start+l.length+f.m.roads.back(l.lastSite(), w))
	}
	return min(never, f.m.trucks[t].ready+f.m.roads.start(t, w))
}

// call chooses the truck for a dock: the one that spends the least time for
// what it can take, waiting of the dock counted more than its own.
func (f *first) call(list []int, w int, at int64, small lot) int {
	best, least := none, math.Inf(1)
	it := f.m.items[f.cells[small.cell].item]
	for i, t := range list {
		truck := &f.m.trucks[t]
		come := f.freeAt(t, w)
		if truck.ml < it.ml || truck.g < it.g || come >= MaxInt {
			continue
		}
		free := truck.ready
		if j := f.trucks[t].last; j != none {
			free = f.loads[j].start + f.loads[j].length
		}
		seconds := float64(f.m.houses[w].setup) + float64(come-free) + 4*float64(max(0, come-at)) + 600
		if cost := seconds / float64(truck.ml); cost < least {
			best, least = i, cost
		}
	}
	return best
}

// truckFor finds a truck for a dock, none when no truck can come.
func (f *first) truckFor(w int, at int64, small lot) int {
	if f.shared {
		all := f.everyTruck()
		if i := f.call(all, w, at, small); i != none {
			return all[i]
		}
		return none
	}
	from := max(0, len(f.idle)-64)
	both := append(slices.Clone(f.pool[w]), f.idle[from:]...)
	i := f.call(both, w, at, small)
	if i == none {
		return none
	}
	if k := i - len(f.pool[w]); k >= 0 { // an idle truck stays here from now on
		f.pool[w] = append(f.pool[w], both[i])
		f.idle = slices.Delete(f.idle, from+k, from+k+1)
	}
	return both[i]
}

func (f *first) everyTruck() []int {
	if f.idle == nil {
		for t := range f.m.trucks {
			f.idle = append(f.idle, t)
		}
	}
	return f.idle
}

// loadNext loads a truck at a free dock and returns when the dock is free
// again, never when it has nothing more to do.
func (f *first) loadNext(d freeDock) int64 {
	w := d.house
	for len(f.pending[w]) > 0 && len(f.due[w][f.pending[w][0]]) == 0 {
		f.pending[w] = f.pending[w][1:]
	}
	if len(f.pending[w]) == 0 {
		f.idle = append(f.idle, f.pool[w]...)
		f.pool[w] = nil
		return never
	}
	site := f.pending[w][0]
	small := f.due[w][site][0]
	t := f.truckFor(w, d.at, small)
	if t == none {
		f.due[w][site] = f.due[w][site][1:] // left over
		return d.at
	}
	stops := f.fill(w, t)
	j := f.insert(load{house: w, dock: d.dock, truck: t, beforeDock: f.docks[w][d.dock].last, afterDock: none,
		beforeTruck: f.trucks[t].last, afterTruck: none, stops: stops})
	l := &f.loads[j]
	if l.start+l.length > MaxInt { // beyond what a plan can say
		f.remove(j)
		f.due[w] = nil
		return never
	}
	return l.start + l.dockTime
}

// fill takes goods for the first pending site, and for pending sites near it
// while there is room.
func (f *first) fill(w, t int) []stop {
	const stopsMost, looked = 4, 100
	ml, g := f.m.trucks[t].ml, f.m.trucks[t].g
	var stops []stop
	site := f.pending[w][0]
	for {
		st := stop{site: site}
		rest := f.due[w][site][:0]
		for _, l := range f.due[w][site] {
			it := &f.m.items[f.cells[l.cell].item]
			n := min(l.n, ml/it.ml)
			if it.g > 0 {
				n = min(n, g/it.g)
			}
			if n > 0 {
				st.lots = append(st.lots, lot{l.cell, n})
				st.ml += n * it.ml
				ml -= n * it.ml
				g -= n * it.g
			}
			if n < l.n {
				rest = append(rest, lot{l.cell, l.n - n})
			}
		}
		f.due[w][site] = rest
		if len(st.lots) > 0 {
			stops = append(stops, st)
		}
		if len(rest) > 0 || len(stops) == stopsMost {
			return stops
		}
		next, near := none, never
		for _, s := range f.pending[w][:min(looked, len(f.pending[w]))] {
			if d := f.m.roads.across(site, s); len(f.due[w][s]) > 0 && d < near {
				next, near = s, d
			}
		}
		if next == none {
			return stops
		}
		site = next
	}
}
