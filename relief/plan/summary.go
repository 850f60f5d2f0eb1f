package plan

import (
	"math"
	"slices"
)

// summaryRounds is how long the summary's prices are looked for; a round is
// one sort of the warehouses.
const summaryRounds = 2000

// summary is the problem without sites: every warehouse ends with its nearest
// one, and each item takes the cheapest docks as far as the stock goes. Only
// docks have prices of their own; those of stock follow.
type summary struct {
	b                     *boundSearch
	tail                  []int64
	cap, log, share, mean []float64
	used, price           []float64
	order                 []int
}

// summarize finds the prices of the summary: a proof of their own, and where
// the market begins.
func (b *boundSearch) summarize() {
	c := b.c
	if c.coarse {
		return
	}
	n := len(c.m.houses)
	s := &summary{b: b, tail: make([]int64, n), cap: make([]float64, n), log: make([]float64, n), share: make([]float64, n),
		mean: make([]float64, n), used: make([]float64, n), price: make([]float64, n)}
	for w := range n {
		if len(c.tails[w]) > 0 && len(c.heads[w]) > 0 {
			s.tail[w] = c.tails[w][0]
			s.order = append(s.order, w)
		}
	}
	end, bestEnd, best := b.proved+1, int64(-1), make([]float64, n)
	for round := 1; round <= summaryRounds && len(s.order) > 0; round++ {
		if round%50 == 1 {
			s.at(end + end/300)
		}
		s.round(round)
		if round%50 == 0 {
			s.setPrices(s.mean)
			if at := s.reaches(); at > bestEnd {
				bestEnd = at
				copy(best, s.price)
				end = max(end, at)
			}
		}
	}
	if bestEnd > b.proved {
		s.finish(best)
	}
}

// at moves the summary to a moment.
func (s *summary) at(end int64) {
	for _, w := range s.order {
		s.cap[w] = float64(s.b.c.deadlineVolume(w, s.tail[w], end))
	}
}

func (s *summary) setPrices(shares []float64) {
	for _, w := range s.order {
		s.price[w] = shares[w] / max(1, s.cap[w])
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return compare(s.price[a], s.price[b]) })
}

// fill takes the cheapest docks for each item and returns what all costs.
func (s *summary) fill() float64 {
	clear(s.used)
	worth := 0.0
	for i, wanted := range s.b.wanted {
		ml := float64(s.b.c.m.items[i].ml)
		for _, w := range s.order {
			n := min(wanted, s.b.c.m.houses[w].stock[i])
			wanted -= n
			s.used[w] += float64(n) * ml
			worth += float64(n) * ml * s.price[w]
		}
	}
	return worth
}

func (s *summary) round(round int) {
	most := math.Inf(-1)
	for _, w := range s.order {
		most = max(most, s.log[w])
	}
	sum := 0.0
	for _, w := range s.order {
		s.share[w] = math.Exp(s.log[w] - most)
		sum += s.share[w]
	}
	for _, w := range s.order {
		s.share[w] /= sum
	}
	s.setPrices(s.share)
	worth := s.fill()
	eta := 0.5 / math.Sqrt(float64(round))
	for _, w := range s.order {
		s.log[w] += eta * (s.used[w]/max(1, s.cap[w]) - worth)
		s.mean[w] += (s.share[w] - s.mean[w]) * max(2/float64(round+1), 0.005)
	}
}

// reaches is the last moment for which the prices seem to be a proof.
func (s *summary) reaches() int64 {
	worth := s.fill()
	low, high := int64(-1), s.b.upper
	for low < high {
		mid := low + (high-low+1)/2
		earned := 0.0
		for _, w := range s.order {
			earned += s.price[w] * float64(s.b.c.deadlineVolume(w, s.tail[w], mid))
		}
		if earned < worth {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// finish writes the prices as integers: an item is worth what its dearest
// dock costs, its stock at the others the difference. The market takes over
// from there.
func (s *summary) finish(price []float64) {
	b, c := s.b, s.b.c
	scale := 1e9 / slices.Max(price)
	p := b.market.integers(make([]float64, b.market.rows))
	k := b.market
	k.at(b.proved + 1)
	for r := range k.log {
		k.log[r] = -12
	}
	copy(s.price, price)
	slices.SortStableFunc(s.order, func(x, y int) int { return compare(price[x], price[y]) })
	for _, w := range s.order {
		p.dock[w][0] = int64(price[w] * scale)
		k.log[k.dockRow[w]] = math.Log(max(1e-9, price[w]*s.cap[w]))
	}
	for i, wanted := range b.wanted {
		var dearest int64
		for _, w := range s.order {
			if n := min(wanted, c.m.houses[w].stock[i]); n > 0 {
				wanted -= n
				dearest = max(dearest, p.dock[w][0])
			}
		}
		for _, w := range s.order {
			p.stock[w][i] = max(0, dearest-p.dock[w][0]) * c.m.items[i].ml
			if r := k.lotRow[w*len(c.m.items)+i]; r >= 0 && p.stock[w][i] > 0 {
				k.log[r] = math.Log(float64(p.stock[w][i]) / scale * float64(c.m.houses[w].stock[i]))
			}
		}
	}
	p.sums = nil
	if end := c.lastProved(p, b.proved+1, b.upper-1, 1); end > b.proved {
		b.proved, b.best = end, p
	}
}
