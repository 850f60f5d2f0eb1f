package plan

import (
	"slices"
)

// boundSearch looks for the best bound in slices, so that it can share time
// with the search for plans.
type boundSearch struct {
	c      *capacities
	market *market
	proved int64   // no plan ends by then; −1 nothing proved
	upper  int64   // a plan ends by then
	best   *prices // the proof
	rounds int
	wanted []int64 // units by item
}

// newBoundSearch starts with what prices of zero prove: no plan ends before
// its hardest cell can have one unit. upper is when a plan ends.
func newBoundSearch(m *model, cells []demand, upper int64) *boundSearch {
	b := &boundSearch{c: newCapacities(m, cells), proved: -1, upper: upper, wanted: make([]int64, len(m.items))}
	for _, d := range cells {
		b.wanted[d.item] += d.n
	}
	b.market = newMarket(b.c)
	for x := range b.c.cells {
		soonest := never
		for w := range m.houses {
			soonest = min(soonest, b.c.soonestOf(x, w))
		}
		b.proved = max(b.proved, min(soonest, MaxInt)-1)
	}
	b.best = b.market.integers(make([]float64, b.market.rows))
	b.forced()
	b.summarize()
	b.market.at(b.proved + (upper-b.proved)*3/4)
	return b
}

// forced tries the prices that say: these warehouses must load what the others
// do not have. Where stock is tight, the market would need very many rounds to
// find them. The sets are those of the warehouses that this binds most.
func (b *boundSearch) forced() {
	c := b.c
	if c.coarse {
		return
	}
	alone := make([]int64, len(c.m.houses))
	order := make([]int, len(c.m.houses))
	for w := range order {
		order[w] = w
		alone[w] = b.forcedEnd([]int{w})
	}
	slices.SortStableFunc(order, func(x, y int) int { return compare(alone[y], alone[x]) })
	best, size := b.proved, 0
	for n := 1; n <= len(order) && alone[order[n-1]] > 0; n++ {
		if end := b.forcedEnd(order[:n]); end > best {
			best, size = end, n
		}
	}
	if size == 0 {
		return
	}
	p := b.market.integers(make([]float64, b.market.rows))
	set := order[:size]
	for i := range c.m.items {
		if b.forcedML(set, i) == 0 {
			continue
		}
		for w := range c.m.houses {
			if !slices.Contains(set, w) {
				p.stock[w][i] = c.m.items[i].ml
			}
		}
	}
	for _, w := range set {
		p.dock[w][0] = 1
	}
	if end := c.lastProved(p, b.proved+1, b.upper-1, 1); end > b.proved {
		b.proved, b.best = end, p
	}
}

// forcedML is what a set of warehouses must load of an item.
func (b *boundSearch) forcedML(set []int, item int) int64 {
	n := b.wanted[item]
	for w := range b.c.m.houses {
		if !slices.Contains(set, w) {
			n -= min(n, b.c.m.houses[w].stock[item])
		}
	}
	return n * b.c.m.items[item].ml
}

// forcedEnd is the last moment by which a set of warehouses cannot have loaded
// what it must.
func (b *boundSearch) forcedEnd(set []int) int64 {
	var ml int64
	for i := range b.c.m.items {
		ml = addCeiled(ml, b.forcedML(set, i))
	}
	low, high := int64(-1), b.upper
	for low < high {
		mid := low + (high-low+1)/2
		var can int64
		for _, w := range set {
			if len(b.c.tails[w]) > 0 {
				can = addCeiled(can, b.c.deadlineVolume(w, b.c.tails[w][0], mid))
			}
		}
		if can < ml {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// batch is how many rounds run between two attempts at a proof.
const batch = 20

// run continues for a number of rounds. The market stands a little above what
// is proved: below, deadlines that nobody needs to meet would be dear.
func (b *boundSearch) run(rounds int) {
	k := b.market
	for range rounds {
		b.rounds++
		k.improve()
		if b.rounds%batch == 0 {
			b.prove(k.mean)
			b.prove(k.share)
			gap := b.proved/250 + (b.upper-b.proved)*batch/int64(2*b.rounds+batch)
			k.at(min(b.proved+1+gap, b.upper))
		}
	}
}

func (b *boundSearch) prove(shares []float64) {
	grain := b.proved / 1000
	end := b.market.reaches(shares, b.proved+1+grain, b.upper-1, grain)
	if end <= b.proved+grain {
		return
	}
	p := b.market.integers(shares)
	if end -= grain / 4; b.c.proves(p, end) {
		b.proved, b.best = end, p
	}
}

// refine makes the bound exact for the best prices.
func (b *boundSearch) refine() {
	b.proved = b.c.lastProved(b.best, b.proved+1, min(b.upper-1, b.proved+b.proved/500), 1)
}

// bound returns the bound with its certificate.
func (b *boundSearch) bound() (int64, Certificate) {
	return b.proved + 1, b.c.certificate(b.best, b.proved)
}
