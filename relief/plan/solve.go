package plan

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// Options are how long and from which seed Solve looks.
type Options struct {
	Seed uint64
	// Iterations is how many times Solve rebuilds a part of the plan. With it
	// the result is the same on every machine. 0: as long as Spent allows.
	Iterations int
	// Spent returns the part of the budget that is used, 1 when it is over.
	// It is not asked when Iterations is set.
	Spent func() float64
	// Improved is called with every better plan, the first one included; its
	// bound is what is proved so far.
	Improved func(*Plan)
	// Digest is written into the plan.
	Digest string
}

// MaxTrips is the largest plan that Solve makes.
const MaxTrips = 2_000_000

// Solve finds a plan for a valid problem: unmet need by class first, then the
// largest lateness by class, then the end of the last unloading, then the
// time of the trucks.
func Solve(p *Problem, o Options) (*Plan, error) {
	s, err := newSolver(p, o)
	if err != nil {
		return nil, err
	}
	return s.run(), nil
}

// run is the whole search.
func (s *solver) run() *Plan {
	s.begin()
	if s.proof != nil {
		s.tune(0.2, 40)
		s.proof.upper = s.score.end
		s.prove(0.4, 1200)
		if !s.proof.c.coarse {
			s.improve()
		}
	}
	return s.result()
}

// solver holds one search.
type solver struct {
	builder
	p          *Problem
	o          Options
	u          *wanted
	proof      *boundSearch // nil when nothing is brought
	best       snapshot
	score      score
	iterations int
	firstNear  func(s int) []int
}

func newSolver(p *Problem, o Options) (*solver, error) {
	m := newModel(p)
	s := &solver{p: p, o: o, u: newWanted(m)}
	if err := checkTrips(m, s.u.cells); err != nil {
		return nil, err
	}
	s.builder = builder{state: newState(m, s.u.cells), random: rand.New(rand.NewPCG(o.Seed, 0)), skip: 0.02, few: manyTrucks}
	for _, t := range m.trucks {
		s.most = max(s.most, t.ml)
	}
	return s, nil
}

// checkTrips refuses problems whose plan would be beyond all measure.
func checkTrips(m *model, cells []cell) error {
	var load, trips float64
	for _, t := range m.trucks {
		load = max(load, float64(t.ml))
	}
	for _, c := range cells {
		if load > 0 {
			trips += float64(c.n) * float64(m.items[c.item].ml) / load
		}
	}
	if trips > MaxTrips {
		return kernel.Bad("needs", "too_many_trips", strconv.FormatFloat(trips, 'f', 0, 64))
	}
	return nil
}

// begin makes the first plan. What it cannot bring is unmet for good.
func (s *solver) begin() {
	near := memo(nearHouses(s.m, 24), len(s.m.sites))
	f := &first{state: s.state, near: near, flows: s.u.flows, bias: make([]float64, len(s.m.houses)), far: 1}
	f.build()
	s.keep()
	if s.leftML > 0 && len(s.cells) <= 20_000 {
		s.usePrices(nil)
		s.serveAll()
		s.keep()
	}
	for x := range s.cells {
		if n := s.left[x]; n > 0 {
			s.cells[x].n -= n
			s.giveBack(x, -n)
		}
	}
	s.score = s.measureScore()
	s.save(&s.best)
	s.tell()
	if demands := s.demands(); len(demands) > 0 {
		s.proof = newBoundSearch(s.m, demands, s.latestDone())
	}
	s.firstNear = near
}

// tune makes fast plans again and again: warehouses that were done late get
// less to do the next time.
func (s *solver) tune(until float64, rounds int) {
	bias := make([]float64, len(s.m.houses))
	gentle := 0.3
	for round := 0; round < rounds && s.spent() < until; round++ {
		f := &first{state: newState(s.m, s.cells), near: s.firstNear, flows: s.u.flows, bias: bias, far: []float64{1, 0.5, 2, 3}[round%4]}
		f.build()
		f.keep()
		s.state, f.state = f.state, s.state
		if s.leftML == 0 {
			if now := s.measureScore(); now.less(&s.score) {
				s.score = now
				s.save(&s.best)
				s.tell()
			}
		}
		done, mean, n := make([]float64, len(bias)), 0.0, 0.0
		for _, j := range s.live {
			l := &s.loads[j]
			done[l.house] = max(done[l.house], float64(l.start+l.length))
		}
		for _, d := range done {
			if d > 0 {
				mean += d
				n++
			}
		}
		for w, d := range done {
			if d > 0 {
				bias[w] += gentle * (d - mean/n)
			} else {
				bias[w] -= gentle * mean / max(1, n) / 4
			}
		}
	}
	s.restore(&s.best)
}

// memo keeps what near returns for each site.
func memo(near func(s int) []int, sites int) func(s int) []int {
	known := make([][]int, sites)
	return func(s int) []int {
		if known[s] == nil {
			known[s] = near(s)
		}
		return known[s]
	}
}

// demands are the goods on the loads by (site, item).
func (s *solver) demands() []demand {
	var out []demand
	for _, c := range s.cells { // in the order of site and item
		if n := len(out); n > 0 && out[n-1].site == c.site && out[n-1].item == c.item {
			out[n-1].n += c.n
		} else if c.n > 0 {
			out = append(out, demand{c.site, c.item, c.n})
		}
	}
	return out
}

// spent is the part of the budget that is used.
func (s *solver) spent() float64 {
	if s.o.Iterations > 0 || s.o.Spent == nil {
		return float64(s.iterations) / float64(max(1, s.o.Iterations))
	}
	return s.o.Spent()
}

// prove looks for a better bound until a part of the budget is used.
func (s *solver) prove(until float64, rounds int) {
	// Without travel a round costs next to nothing.
	for s.proof.rounds < rounds && (s.spent() < until || s.proof.c.coarse && s.proof.rounds < 300) {
		s.proof.run(batch)
	}
}

// usePrices takes the prices of the market, or equal ones without it.
func (s *solver) usePrices(k *market) {
	m := s.m
	var total float64
	for _, c := range s.cells {
		total += float64(c.n) * float64(m.items[c.item].ml)
	}
	unit := 1 / max(1, total) // what a millilitre is worth when all is worth 1
	s.dockML, s.lot = make([]float64, len(m.houses)*len(m.sites)), make([]float64, len(m.houses)*len(m.items))
	s.least, s.near = make([]float64, len(m.items)), make([][]int, len(m.sites))
	s.truckS = make([]float64, len(m.types))
	for t := range m.types {
		s.truckS[t] = 0.02 * unit * float64(m.types[t].ml) / 10_000
	}
	for x := range s.dockML {
		s.dockML[x] = 0.05 * unit
	}
	if k != nil {
		k.addTo(&s.builder)
	}
	s.truckLeast = slices.Min(append(s.truckS, math.Inf(1)))
	near := nearHouses(m, 40)
	for i := range s.least {
		for w := range m.houses {
			if l := s.lot[w*len(m.items)+i]; w == 0 || l < s.least[i] {
				s.least[i] = l
			}
		}
	}
	for x := range m.sites {
		if len(s.bySite[x]) > 0 {
			s.near[x] = near(x)
		}
	}
}

// addTo adds the market's mean prices to those of a builder.
func (k *market) addTo(b *builder) {
	k.share = slices.Clone(k.mean)
	k.pricePairs()
	sites := len(b.m.sites)
	for w := range b.m.houses {
		sum := 0.0
		sums := []float64{0}
		for j := range k.c.tails[w] {
			sum += k.price(k.dockRow[w] + j)
			sums = append(sums, sum)
		}
		for s := range sites {
			b.dockML[w*sites+s] += sums[k.c.buckets(w, s)]
		}
		for i := range b.m.items {
			b.lot[w*len(b.m.items)+i] += k.price(k.lotRow[w*len(b.m.items)+i])
		}
	}
	for t, r := range k.truRow {
		b.truckS[t] += k.price(r)
	}
}

// serveAll tries to place everything that is left.
func (s *solver) serveAll() { s.serveSites(slices.Clone(s.waiting)) }

// serveSome tries to place what a rebuilding took out, the sites from
// position before on, and some of what was waiting already.
func (s *solver) serveSome(waiting []int) {
	sites := slices.Clone(s.waiting)
	sites = slices.DeleteFunc(sites, func(x int) bool { return slices.Contains(waiting, x) })
	for range min(3, len(waiting)) {
		if x := waiting[s.random.IntN(len(waiting))]; !slices.Contains(sites, x) {
			sites = append(sites, x)
		}
	}
	s.serveSites(sites)
}

// serveSites serves sites in an order that differs each time.
func (s *solver) serveSites(order []int) {
	s.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	switch s.random.IntN(3) {
	case 0: // far first
		slices.SortStableFunc(order, func(a, b int) int { return -compare(s.distance(a), s.distance(b)) })
	case 1: // much first
		slices.SortStableFunc(order, func(a, b int) int { return -compare(s.waitingML(a), s.waitingML(b)) })
	}
	for _, x := range order {
		s.serve(x)
	}
}

func (s *solver) distance(site int) int64 {
	if len(s.near[site]) == 0 {
		return never
	}
	return s.m.roads.out(s.near[site][0], site)
}

func (s *solver) waitingML(site int) int64 {
	var ml int64
	for _, x := range s.bySite[site] {
		ml += s.left[x] * s.m.items[s.cells[x].item].ml
	}
	return ml
}
