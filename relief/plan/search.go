package plan

// boundSearch looks for the best bound in slices, so that it can share time
// with the search for plans.
type boundSearch struct {
	c      *capacities
	market *market
	proved int64   // no plan ends by then; −1 nothing proved
	upper  int64   // a plan ends by then
	best   *prices // the proof
	rounds int
}

// newBoundSearch starts with what prices of zero prove: no plan ends before
// its hardest cell can have one unit. upper is when a plan ends.
func newBoundSearch(m *model, cells []demand, upper int64) *boundSearch {
	b := &boundSearch{c: newCapacities(m, cells), proved: -1, upper: upper}
	b.market = newMarket(b.c)
	for x := range cells {
		soonest := never
		for w := range m.houses {
			soonest = min(soonest, b.c.soonestOf(x, w))
		}
		b.proved = max(b.proved, min(soonest, MaxInt)-1)
	}
	b.best = b.market.integers(make([]float64, b.market.rows))
	b.market.at(b.proved + (upper-b.proved)*3/4)
	return b
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
