package plan

import "slices"

// cell is one need to be served: its part that can be brought at all.
type cell struct {
	site, item int
	n          int64
	class      int64
	due        int64 // never when there is none
}

// lot is a quantity of a cell on a truck.
type lot struct {
	cell int
	n    int64
}

// stop is a place on a load with what is dropped there. Its lots are never
// changed in place, so that states can share them.
type stop struct {
	site int
	lots []lot
	ml   int64
	done int64 // seconds from the start of the load to the end of unloading
}

// load is one trip of a truck: when it is in the plan, it has a predecessor
// and a successor at its dock and on its truck.
type load struct {
	house, dock, truck                             int
	stops                                          []stop
	ml, g                                          int64
	dockTime                                       int64 // from start to departure
	length                                         int64 // from start to the end of the last unloading
	own                                            int64 // latest start for its own deadlines
	start, late                                    int64 // earliest start; latest for everybody's deadlines
	beforeDock, afterDock, beforeTruck, afterTruck int
	listed                                         bool
}

const none = -1

// state is a plan under construction: loads in the chains of docks and
// trucks, what is left to bring and what stock is left.
type state struct {
	m        *model
	cells    []cell
	deadline []int64 // by cell
	left     []int64 // by cell, not on any load
	stock    [][]int64
	loads    []load
	free     []int // unused entries of loads
	live     []int // entries in the plan
	place    []int // position in live
	docks    [][]chain
	trucks   []chain
	bySite   [][]int // cells of each site
	waiting  []int   // sites with something left
	at       []int   // position in waiting, −1
	leftML   int64
	log      []change
	forwardQ []int
	backQ    []int
}

type chain struct{ first, last int }

// change is one step that can be taken back.
type change struct {
	kind  byte // 'i' inserted, 'r' removed, 's' stops replaced
	load  int
	stops []stop
}

func newState(m *model, cells []cell) *state {
	s := &state{m: m, cells: cells, deadline: make([]int64, len(cells)), left: make([]int64, len(cells)),
		trucks: make([]chain, len(m.trucks)), bySite: make([][]int, len(m.sites)), at: make([]int, len(m.sites))}
	for i := range s.at {
		s.at[i] = none
	}
	for x, c := range cells {
		s.deadline[x] = never
		s.bySite[c.site] = append(s.bySite[c.site], x)
		s.giveBack(x, c.n)
	}
	for w := range m.houses {
		s.stock = append(s.stock, slices.Clone(m.houses[w].stock))
		s.docks = append(s.docks, slices.Repeat([]chain{{none, none}}, m.houses[w].docks))
	}
	for t := range s.trucks {
		s.trucks[t] = chain{none, none}
	}
	return s
}

// giveBack returns a quantity to what is left (negative: takes it).
func (s *state) giveBack(x int, n int64) {
	c := &s.cells[x]
	s.left[x] += n
	s.leftML += n * s.m.items[c.item].ml
	some := false
	for _, y := range s.bySite[c.site] {
		some = some || s.left[y] > 0
	}
	switch p := s.at[c.site]; {
	case some && p == none:
		s.at[c.site] = len(s.waiting)
		s.waiting = append(s.waiting, c.site)
	case !some && p != none:
		last := s.waiting[len(s.waiting)-1]
		s.waiting[p], s.at[last] = last, p
		s.waiting = s.waiting[:len(s.waiting)-1]
		s.at[c.site] = none
	}
}

// carry moves the goods of stops from stock and needs onto a load, or back.
func (s *state) carry(house int, stops []stop, sign int64) {
	for i := range stops {
		for _, l := range stops[i].lots {
			s.giveBack(l.cell, -sign*l.n)
			s.stock[house][s.cells[l.cell].item] -= sign * l.n
		}
	}
}

// measure computes what follows from a load's stops.
func (s *state) measure(j int) {
	l := &s.loads[j]
	l.ml, l.g = 0, 0
	for i := range l.stops {
		for _, x := range l.stops[i].lots {
			it := &s.m.items[s.cells[x.cell].item]
			l.ml += x.n * it.ml
			l.g += x.n * it.g
		}
	}
	l.dockTime = s.m.loadTime(l.house, l.ml)
	l.length, l.own = l.dockTime, never
	for i := range l.stops {
		st := &l.stops[i]
		if i == 0 {
			l.length += s.m.roads.out(l.house, st.site)
		} else {
			l.length += s.m.roads.across(l.stops[i-1].site, st.site)
		}
		l.length += s.m.unloadTime(st.site, st.ml)
		st.done = l.length
		for _, x := range st.lots {
			l.own = min(l.own, s.deadline[x.cell]-st.done)
		}
	}
}

func (l *load) lastSite() int { return l.stops[len(l.stops)-1].site }

// earliest is when a load can start behind its predecessors.
func (s *state) earliest(l *load) int64 {
	at := s.m.opens(l.house, l.dock)
	if l.beforeDock != none {
		b := &s.loads[l.beforeDock]
		at = max(at, b.start+b.dockTime)
	}
	if l.beforeTruck != none {
		b := &s.loads[l.beforeTruck]
		return max(at, b.start+b.length+s.m.roads.back(b.lastSite(), l.house))
	}
	return max(at, s.m.trucks[l.truck].ready+s.m.roads.start(l.truck, l.house))
}

// latest is when a load must start for its successors and its deadlines.
func (s *state) latest(l *load) int64 {
	at := l.own
	if l.afterDock != none {
		at = min(at, s.loads[l.afterDock].late-l.dockTime)
	}
	if l.afterTruck != none {
		a := &s.loads[l.afterTruck]
		at = min(at, a.late-l.length-s.m.roads.back(l.lastSite(), a.house))
	}
	return at
}

// forward follows a change at load j to everything behind it.
func (s *state) forward(j int) {
	if j == none {
		return
	}
	s.forwardQ = append(s.forwardQ[:0], j)
	for i := 0; i < len(s.forwardQ); i++ {
		l := &s.loads[s.forwardQ[i]]
		if at := s.earliest(l); at != l.start || i == 0 {
			l.start = at
			if l.afterDock != none {
				s.forwardQ = append(s.forwardQ, l.afterDock)
			}
			if l.afterTruck != none {
				s.forwardQ = append(s.forwardQ, l.afterTruck)
			}
		}
	}
}

// backward follows a change at load j to everything before it.
func (s *state) backward(j int) {
	if j == none {
		return
	}
	s.backQ = append(s.backQ[:0], j)
	for i := 0; i < len(s.backQ); i++ {
		l := &s.loads[s.backQ[i]]
		if at := s.latest(l); at != l.late || i == 0 {
			l.late = at
			if l.beforeDock != none {
				s.backQ = append(s.backQ, l.beforeDock)
			}
			if l.beforeTruck != none {
				s.backQ = append(s.backQ, l.beforeTruck)
			}
		}
	}
}

// retime follows a change at load j in both directions.
func (s *state) retime(j int) {
	s.forward(j)
	s.backward(j)
}

// link puts load j between the neighbours it names.
func (s *state) link(j int) {
	l := &s.loads[j]
	s.join(l, j, j, j, j)
	l.listed = true
	s.place[j] = len(s.live)
	s.live = append(s.live, j)
	s.carry(l.house, l.stops, 1)
	s.retime(j)
}

// unlink takes load j out; it keeps the names of its neighbours.
func (s *state) unlink(j int) {
	l := &s.loads[j]
	s.join(l, l.afterDock, l.beforeDock, l.afterTruck, l.beforeTruck)
	l.listed = false
	last := s.live[len(s.live)-1]
	s.live[s.place[j]], s.place[last] = last, s.place[j]
	s.live = s.live[:len(s.live)-1]
	s.carry(l.house, l.stops, -1)
	s.forward(l.afterDock)
	s.forward(l.afterTruck)
	s.backward(l.beforeDock)
	s.backward(l.beforeTruck)
}

// join makes the neighbours of l point to the given loads.
func (s *state) join(l *load, nextDock, prevDock, nextTruck, prevTruck int) {
	d, t := &s.docks[l.house][l.dock], &s.trucks[l.truck]
	if l.beforeDock != none {
		s.loads[l.beforeDock].afterDock = nextDock
	} else {
		d.first = nextDock
	}
	if l.afterDock != none {
		s.loads[l.afterDock].beforeDock = prevDock
	} else {
		d.last = prevDock
	}
	if l.beforeTruck != none {
		s.loads[l.beforeTruck].afterTruck = nextTruck
	} else {
		t.first = nextTruck
	}
	if l.afterTruck != none {
		s.loads[l.afterTruck].beforeTruck = prevTruck
	} else {
		t.last = prevTruck
	}
}

// insert adds a load between the neighbours it names and returns its entry.
func (s *state) insert(l load) int {
	j := len(s.loads)
	if n := len(s.free); n > 0 {
		j = s.free[n-1]
		s.free = s.free[:n-1]
		s.loads[j] = l
	} else {
		s.loads = append(s.loads, l)
		s.place = append(s.place, 0)
	}
	s.measure(j)
	s.link(j)
	s.log = append(s.log, change{kind: 'i', load: j})
	return j
}

// remove takes a load out. Its entry stays until the changes are kept.
func (s *state) remove(j int) {
	s.unlink(j)
	s.log = append(s.log, change{kind: 'r', load: j})
}

// replace gives a load other stops.
func (s *state) replace(j int, stops []stop) {
	l := &s.loads[j]
	s.log = append(s.log, change{'s', j, l.stops})
	s.setStops(j, stops)
}

func (s *state) setStops(j int, stops []stop) {
	l := &s.loads[j]
	s.carry(l.house, l.stops, -1)
	l.stops = stops
	s.carry(l.house, l.stops, 1)
	s.measure(j)
	s.retime(j)
}

// keep makes the changes since the last keep final.
func (s *state) keep() {
	for _, c := range s.log {
		if c.kind == 'r' {
			s.free = append(s.free, c.load)
		}
	}
	s.log = s.log[:0]
}

// takeBack undoes the changes since the last keep.
func (s *state) takeBack() {
	for i := len(s.log) - 1; i >= 0; i-- {
		switch c := s.log[i]; c.kind {
		case 'i':
			s.unlink(c.load)
			s.free = append(s.free, c.load)
		case 'r':
			s.link(c.load)
		case 's':
			s.setStops(c.load, c.stops)
		}
	}
	s.log = s.log[:0]
}

// setDeadlines gives every cell its deadline and recomputes all latest starts.
func (s *state) setDeadlines(deadline func(c *cell) int64) {
	for x := range s.cells {
		s.deadline[x] = deadline(&s.cells[x])
	}
	for _, j := range s.live {
		s.measure(j)
	}
	for _, j := range s.live {
		s.retime(j)
	}
}

// latestDone is the end of the last unloading.
func (s *state) latestDone() int64 {
	var end int64
	for _, j := range s.live {
		end = max(end, s.loads[j].start+s.loads[j].length)
	}
	return end
}

// snapshot is a state to return to.
type snapshot struct {
	loads  []load
	live   []int
	docks  [][]chain
	trucks []chain
}

func (s *state) save(to *snapshot) {
	to.loads = append(to.loads[:0], s.loads...)
	to.live = append(to.live[:0], s.live...)
	to.trucks = append(to.trucks[:0], s.trucks...)
	if to.docks == nil {
		to.docks = make([][]chain, len(s.docks))
	}
	for w := range s.docks {
		to.docks[w] = append(to.docks[w][:0], s.docks[w]...)
	}
}

func (s *state) restore(from *snapshot) {
	s.keep()
	for _, j := range s.live {
		s.carry(s.loads[j].house, s.loads[j].stops, -1)
	}
	s.loads = append(s.loads[:0], from.loads...)
	s.live = append(s.live[:0], from.live...)
	s.trucks = append(s.trucks[:0], from.trucks...)
	for w := range s.docks {
		s.docks[w] = append(s.docks[w][:0], from.docks[w]...)
	}
	s.place = append(s.place[:0], make([]int, len(s.loads))...)
	s.free = s.free[:0]
	for j := range s.loads {
		if !s.loads[j].listed {
			s.free = append(s.free, j)
		}
	}
	for i, j := range s.live {
		s.place[j] = i
		s.carry(s.loads[j].house, s.loads[j].stops, 1)
	}
}
