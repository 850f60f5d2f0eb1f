package plan

import (
	"math"
	"slices"
)

// score is what a complete plan is compared by: the largest lateness of each
// class, then the end.
type score struct {
	classes []int64 // in order
	late    []int64
	end     int64
}

// less reports whether r is the better score.
func (r *score) less(o *score) bool {
	for k := range r.late {
		if a, b := max(0, r.late[k]), max(0, o.late[k]); a != b {
			return a < b
		}
	}
	return r.end < o.end
}

func (s *solver) measureScore() score {
	r := score{end: s.latestDone()}
	for x := range s.cells {
		if c := &s.cells[x]; c.due < never && c.n > 0 && !slices.Contains(r.classes, c.class) {
			r.classes = append(r.classes, c.class)
		}
	}
	slices.Sort(r.classes)
	r.late = make([]int64, len(r.classes))
	for _, j := range s.live {
		l := &s.loads[j]
		for i := range l.stops {
			done := l.start + l.stops[i].done
			for _, x := range l.stops[i].lots {
				if c := &s.cells[x.cell]; c.due < never {
					k := slices.Index(r.classes, c.class)
					r.late[k] = max(r.late[k], done-c.due)
				}
			}
		}
	}
	return r
}

// improve works on one part of the score after the other; what is reached
// stays a condition of what follows.
func (s *solver) improve() {
	s.usePrices(s.proof.market)
	stages := 1
	for _, late := range s.score.late {
		if late > 0 {
			stages++
		}
	}
	from := s.spent()
	done := 0
	for k := range s.score.classes {
		if s.score.late[k] > 0 {
			done++
			s.stage(k, from+(1-from)*float64(done)/float64(stages))
		}
	}
	s.stage(len(s.score.classes), 1)
	s.restore(&s.best)
}

// part returns the k-th part of a score, the end behind the classes.
func (r *score) part(k int) int64 {
	if k < len(r.late) {
		return r.late[k]
	}
	return r.end
}

// aim sets deadlines so that part k of the score is at most target, and what
// comes before it no worse than it is.
func (s *solver) aim(k int, target int64) {
	s.setDeadlines(func(c *cell) int64 {
		limit := never
		if k == len(s.score.late) {
			limit = target
		}
		for i, class := range s.score.classes {
			if c.class != class || c.due == never {
				continue
			}
			switch {
			case i == k:
				limit = min(limit, c.due+max(target, 0))
			case i < k:
				limit = min(limit, c.due+max(s.score.late[i], 0))
			}
		}
		return limit
	})
}

// patience is how many rebuildings without progress end an attempt.
const patience = 150

// stage lowers part k of the score until a part of the budget is used.
func (s *solver) stage(k int, until float64) {
	low := int64(0)
	if k == len(s.score.late) {
		low = s.proof.proved + 1
	}
	if k == len(s.score.late) && len(s.cells)*len(s.m.houses) <= rebuildSize {
		s.rebuild(k, low, until)
	}
	stride := 0.04
	for s.spent() < until && s.score.part(k) > low {
		now := s.score.part(k)
		target := max(low, min(now-1, now-int64(stride*float64(now-low))))
		if !s.attempt(k, target, until, false) {
			if stride < 0.002 {
				stride = 0.06
			}
			stride /= 2
		}
	}
}

// rebuildSize is up to how many (cell, warehouse) pairs plans are made from
// nothing again: in larger ones it takes too long.
const rebuildSize = 10_000

// rebuild makes plans from nothing, with the prices of the bound, for ends
// between the bound and what there is: shorter ones as long as they succeed.
func (s *solver) rebuild(k int, low int64, until float64) {
	factors := []float64{1.04, 1.08, 1.12, 1.18, 1.25, 1.35, 1.45, 1.6, 1.8, 2.1}
	below, above := -1, len(factors)
	for below+1 < above && s.spent() < until {
		i := below + (above-below)*3/5
		if i == below {
			i++
		}
		target := int64(factors[i] * float64(low))
		if target >= s.score.end || s.attempt(k, target, until, true) {
			above = i
		} else {
			below = i
		}
	}
}

// attempt looks for a complete plan that meets a target, beginning with the
// best plan or with an empty one.
func (s *solver) attempt(k int, target int64, until float64, empty bool) bool {
	s.iterations++
	s.restore(&s.best)
	for empty && len(s.live) > 0 {
		s.remove(s.live[len(s.live)-1])
	}
	s.keep()
	s.aim(k, target)
	s.eject()
	s.serveAll()
	s.keep()
	if !s.repair(until) {
		return false
	}
	now := s.measureScore()
	if !now.less(&s.score) {
		return false
	}
	s.score = now
	s.save(&s.best)
	s.tell()
	return true
}

// eject takes out the loads that miss a deadline of their own. Taking others
// out can make a load late as well: its truck may have no road from where it
// now comes, or a longer one.
func (s *solver) eject() {
	for found := true; found; {
		found = false
		for i := len(s.live) - 1; i >= 0; i-- {
			if j := s.live[i]; s.loads[j].start > s.loads[j].own {
				s.remove(j)
				found = true
				break
			}
		}
	}
}

// repair rebuilds parts of the plan until everything has its place or no
// progress is made.
func (s *solver) repair(until float64) bool {
	left, least := s.leftML, s.leftML
	var all int64
	for x := range s.cells {
		all += s.cells[x].n * s.m.items[s.cells[x].item].ml
	}
	if left > all/40 {
		return false // hopeless
	}
	for waited := 0; s.leftML > 0 && waited < patience && s.spent() < until; waited++ {
		s.iterations++
		waiting := slices.Clone(s.waiting)
		s.ruin()
		s.eject()
		s.touch()
		s.serveSome(waiting)
		limit := float64(left) - math.Log(1-s.random.Float64())*0.02*float64(s.most)
		if float64(s.leftML) > limit {
			s.takeBack()
			continue
		}
		s.keep()
		if left = s.leftML; left < least {
			least, waited = left, 0
		}
	}
	s.touched, s.few = s.touched[:0], manyTrucks
	return s.leftML == 0
}

// How many trucks are looked at for a place: when a plan is built, and in a
// rebuilding besides those that lost a load.
const (
	manyTrucks = 50
	fewTrucks  = 10
)

// touch notes the trucks that the rebuilding took loads from.
func (s *solver) touch() {
	s.touched, s.few = s.touched[:0], fewTrucks
	for _, c := range s.log {
		if t := s.loads[c.load].truck; !slices.Contains(s.touched, t) {
			s.touched = append(s.touched, t)
		}
	}
}

// ruin takes loads that have to do with each other out of the plan: around a
// place, along docks, or of a truck.
func (s *solver) ruin() {
	if len(s.live) == 0 {
		return
	}
	most := 2 + s.random.IntN(min(10, len(s.live)))
	var centre int
	if len(s.waiting) > 0 && s.random.IntN(4) > 0 {
		centre = s.waiting[s.random.IntN(len(s.waiting))]
	} else {
		l := &s.loads[s.live[s.random.IntN(len(s.live))]]
		centre = l.stops[0].site
	}
	switch s.random.IntN(5) {
	case 0:
		s.ruinTruck(most)
	case 1, 2:
		s.ruinDocks(centre, most)
	default:
		s.ruinAround(centre, most)
	}
}

// ruinAround takes out loads to sites near a site.
func (s *solver) ruinAround(centre, most int) {
	type near struct {
		load int
		at   float64
	}
	var all []near
	for _, j := range s.live {
		at := math.Inf(1)
		for i := range s.loads[j].stops {
			at = min(at, float64(s.m.roads.across(centre, s.loads[j].stops[i].site)))
		}
		all = append(all, near{j, (at + 300) * (0.5 + s.random.Float64())})
	}
	for range min(most, len(all)) {
		k := 0
		for i := range all {
			if all[i].at < all[k].at {
				k = i
			}
		}
		s.remove(all[k].load)
		all[k] = all[len(all)-1]
		all = all[:len(all)-1]
	}
}

// ruinDocks takes out strings of loads at docks of warehouses that could
// serve a site.
func (s *solver) ruinDocks(centre, most int) {
	var houses []int
	for _, w := range s.near[centre] {
		if a := s.available(w, centre); a.ml > 0 || s.at[centre] == none {
			houses = append(houses, w)
		}
	}
	if len(houses) == 0 {
		return
	}
	for most > 0 {
		w := houses[min(s.random.IntN(len(houses)), s.random.IntN(len(houses)))]
		var chain []int
		k := s.random.IntN(len(s.docks[w]))
		for j := s.docks[w][k].first; j != none; j = s.loads[j].afterDock {
			chain = append(chain, j)
		}
		most--
		if len(chain) == 0 {
			continue
		}
		n := min(1+s.random.IntN(4), len(chain), most+1)
		from := s.random.IntN(len(chain) - n + 1)
		for _, j := range chain[from : from+n] {
			s.remove(j)
			most--
		}
	}
}

// ruinTruck takes out what some trucks do.
func (s *solver) ruinTruck(most int) {
	for most > 0 && len(s.live) > 0 {
		t := s.loads[s.live[s.random.IntN(len(s.live))]].truck
		for j := s.trucks[t].first; j != none; {
			next := s.loads[j].afterTruck
			s.remove(j)
			most--
			j = next
		}
	}
}
