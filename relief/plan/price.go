package plan

import (
	"math"
	"slices"
)

// market searches the prices under which demand earns the most by a moment:
// the dual of moving the goods through stock, docks and fleet. Whoever is used
// beyond its capacity becomes dearer by a power; the prices of the best
// moment found are rounded to integers and proved exactly.
type market struct {
	c       *capacities
	end     int64
	rows    int
	dockRow []int // first dock row of each warehouse; its thresholds follow
	lotRow  []int // warehouse × item, −1 without stock
	truRow  []int // by type, −1 without trucks

	firstLot, firstTruck int // rows of docks come first, then lots, then trucks
	cap                  []float64
	log                  []float64 // logarithm of each row's share
	share                []float64 // shares, they add up to 1
	mean                 []float64
	used                 []float64
	unit                 []float64 // warehouse × site × item: price of a unit but for stock
	part                 []float64 // type × item: what a unit takes of a truck
	lot                  []float64 // warehouse × item: price of a unit of stock
	kind                 []int8    // the truck type that is cheapest for it
	open                 []bool    // warehouse × site: can be reached by end
	step                 float64   // of a round: step ÷ √round
	round                int
}

func newMarket(c *capacities) *market {
	k := &market{c: c, step: 1}
	houses, items := len(c.m.houses), len(c.m.items)
	k.dockRow, k.lotRow, k.truRow = make([]int, houses), make([]int, houses*items), make([]int, len(c.m.types))
	for w := range c.m.houses {
		k.dockRow[w] = k.rows
		k.rows += len(c.tails[w])
	}
	k.firstLot = k.rows
	wanted := make([]bool, items)
	for _, d := range c.cells {
		wanted[d.item] = true
	}
	for w := range c.m.houses {
		for i := range items {
			k.lotRow[w*items+i] = -1
			if wanted[i] && c.m.houses[w].stock[i] > 0 && len(c.heads[w]) > 0 {
				k.lotRow[w*items+i] = k.rows
				k.rows++
			}
		}
	}
	k.firstTruck = k.rows
	k.part = make([]float64, len(c.m.types)*items)
	for t := range c.m.types {
		k.truRow[t] = -1
		for i := range items {
			part, whole := c.share(t, i)
			k.part[t*items+i] = float64(part) / float64(max(1, whole))
		}
		if _, whole := c.share(t, 0); c.load[t] > 0 && whole > 0 {
			k.truRow[t] = k.rows
			k.rows++
		}
	}
	k.cap, k.log, k.share = make([]float64, k.rows), make([]float64, k.rows), make([]float64, k.rows)
	k.lot = make([]float64, len(k.lotRow))
	k.mean, k.used = make([]float64, k.rows), make([]float64, k.rows)
	pairs := houses * len(c.m.sites)
	if c.coarse {
		pairs = houses
	}
	k.unit, k.kind, k.open = make([]float64, pairs*items), make([]int8, pairs*items), make([]bool, pairs)
	return k
}

// at moves the market to a moment.
func (k *market) at(end int64) {
	c := k.c
	k.end = end
	items := len(c.m.items)
	for w := range c.m.houses {
		for j, tail := range c.tails[w] {
			k.cap[k.dockRow[w]+j] = float64(c.deadlineVolume(w, tail, end))
		}
		for i := range items {
			if r := k.lotRow[w*items+i]; r >= 0 {
				k.cap[r] = float64(c.m.houses[w].stock[i])
			}
		}
	}
	for t, r := range k.truRow {
		if r >= 0 {
			k.cap[r] = float64(c.truckTime(t, end))
		}
	}
	sites := 1
	if !c.coarse {
		sites = len(c.m.sites)
	}
	for w := range c.m.houses {
		for s := range sites {
			x := w*sites + s
			k.open[x] = len(c.heads[w]) > 0
			if c.coarse || !k.open[x] {
				continue
			}
			// A dock row without capacity is a pair that cannot be used.
			n := c.buckets(w, s)
			k.open[x] = c.heads[w][0]+c.m.houses[w].setup+c.reachOf(w, s) < end && (n == 0 || k.cap[k.dockRow[w]+n-1] > 0)
		}
	}
}

// setShares turns the logarithms into shares of 1.
func (k *market) setShares() {
	most := slices.Max(k.log)
	sum := 0.0
	for r, l := range k.log {
		k.share[r] = math.Exp(l - most)
		if k.cap[r] <= 0 {
			k.share[r] = 0
		}
		sum += k.share[r]
	}
	for r := range k.share {
		k.share[r] /= sum
	}
}

func (k *market) price(r int) float64 {
	if r < 0 || k.cap[r] <= 0 {
		return 0
	}
	return k.share[r] / k.cap[r]
}

// pricePairs finds the price of a unit for each (warehouse, site, item).
func (k *market) pricePairs() {
	c := k.c
	sites := len(k.open) / max(1, len(c.m.houses))
	for x, r := range k.lotRow {
		k.lot[x] = k.price(r)
	}
	perSecond := make([]float64, len(c.m.types))
	for t, r := range k.truRow {
		perSecond[t] = k.price(r)
	}
	sums := make([]float64, thresholds+1)
	for w := range c.m.houses {
		h := &c.m.houses[w]
		for j := range c.tails[w] {
			sums[j+1] = sums[j] + k.price(k.dockRow[w]+j)
		}
		for s := range sites {
			x := w*sites + s
			fixed, flow := float64(h.setup), h.secondsPerMl
			if !c.coarse {
				fixed += float64(c.reach[x] + c.home[s])
				flow += c.m.sites[s].secondsPerMl
			}
			dock := sums[c.buckets(w, s)]
			for i := range c.m.items {
				ml := float64(c.m.items[i].ml)
				best, kind := math.Inf(1), -1
				for t, phi := range perSecond {
					if k.truRow[t] >= 0 {
						if cost := phi * (fixed*k.part[t*len(c.m.items)+i] + flow*ml); cost < best {
							best, kind = cost, t
						}
					}
				}
				if kind < 0 {
					best = 0
				}
				k.unit[x*len(c.m.items)+i], k.kind[x*len(c.m.items)+i] = dock*ml+best, int8(kind)
			}
		}
	}
}

// respond sends every cell to its cheapest warehouse and returns what all
// goods are worth at these prices, infinite when a cell cannot be brought.
func (k *market) respond() float64 {
	c := k.c
	items := len(c.m.items)
	sites := len(k.open) / max(1, len(c.m.houses))
	clear(k.used)
	k.pricePairs()
	worth := 0.0
	for _, d := range c.cells {
		s := d.site
		if c.coarse {
			s = 0
		}
		best, from := math.Inf(1), -1
		for w := range c.m.houses {
			if x := w*sites + s; k.open[x] && k.lotRow[w*items+d.item] >= 0 {
				if cost := k.unit[x*items+d.item] + k.lot[w*items+d.item]; cost < best {
					best, from = cost, w
				}
			}
		}
		if from < 0 {
			return math.Inf(1)
		}
		n := float64(d.n)
		worth += n * best
		k.take(from, from*sites+s, d)
	}
	k.sumTails()
	return worth
}

// take counts what a quantity uses; dock rows are summed up by sumTails.
func (k *market) take(w, x int, d demand) {
	c := k.c
	n, ml := float64(d.n), float64(c.m.items[d.item].ml)
	k.used[k.lotRow[w*len(c.m.items)+d.item]] += n
	if b := c.buckets(w, d.site); b > 0 {
		k.used[k.dockRow[w]+b-1] += n * ml
	}
	if t := int(k.kind[x*len(c.m.items)+d.item]); t >= 0 {
		fixed, flow := float64(c.m.houses[w].setup), c.m.houses[w].secondsPerMl
		if !c.coarse {
			fixed += float64(c.reachOf(w, d.site) + c.home[d.site])
			flow += c.m.sites[d.site].secondsPerMl
		}
		k.used[k.truRow[t]] += n * (fixed*k.part[t*len(c.m.items)+d.item] + flow*ml)
	}
}

func (k *market) sumTails() {
	for w := range k.c.m.houses {
		for j := len(k.c.tails[w]) - 2; j >= 0; j-- {
			k.used[k.dockRow[w]+j] += k.used[k.dockRow[w]+j+1]
		}
	}
}

// worthAt is what the goods are worth beyond what capacity earns by end, under
// the prices that shares mean at the moment of the market. In floating point:
// what it finds is proved in integers before it is told.
func (k *market) worthAt(end int64) float64 {
	c := k.c
	items, sites := len(c.m.items), len(k.open)/max(1, len(c.m.houses))
	worth := 0.0
	for x, d := range c.cells {
		s := d.site
		if c.coarse {
			s = 0
		}
		best := math.Inf(1)
		for w := range c.m.houses {
			if cost := k.unit[(w*sites+s)*items+d.item] + k.lot[w*items+d.item]; cost < best && c.soonestOf(x, w) <= end {
				best = cost
			}
		}
		worth += float64(d.n) * best
	}
	for w := range c.m.houses {
		for j, tail := range c.tails[w] {
			if price := k.price(k.dockRow[w] + j); price > 0 {
				worth -= price * float64(c.deadlineVolume(w, tail, end))
			}
		}
		for i := range items {
			if k.lotRow[w*items+i] >= 0 {
				worth -= k.lot[w*items+i] * float64(c.m.houses[w].stock[i])
			}
		}
	}
	for t, r := range k.truRow {
		if price := k.price(r); price > 0 {
			worth -= price * float64(c.truckTime(t, end))
		}
	}
	return worth
}

// reaches returns the last moment from low to high at which the prices of
// shares seem to be a proof, exact to grain; low−1 when there is none.
func (k *market) reaches(shares []float64, low, high, grain int64) int64 {
	saved := k.share
	k.share = shares
	k.pricePairs()
	if k.worthAt(low) > 0 {
		for high-low >= max(grain, 1) {
			if mid := low + (high-low+1)/2; k.worthAt(mid) > 0 {
				low = mid
			} else {
				high = mid - 1
			}
		}
	} else {
		low--
	}
	k.share = saved
	return low
}

// improve runs one round: prices of rows used beyond the average rise.
func (k *market) improve() float64 {
	k.setShares()
	worth := k.respond()
	if math.IsInf(worth, 1) {
		return worth
	}
	k.round++
	eta := k.step / math.Sqrt(float64(k.round))
	for r := range k.log {
		if k.cap[r] > 0 {
			k.log[r] += eta * min(k.used[r]/k.cap[r]-worth, 3)
		}
		k.mean[r] += (k.share[r] - k.mean[r]) * max(2/float64(k.round+1), 0.01)
	}
	return worth
}

// integers scales shares to the integer prices of a certificate.
func (k *market) integers(shares []float64) *prices {
	c := k.c
	raw := func(r int) float64 {
		if r < 0 || k.cap[r] <= 0 {
			return 0
		}
		return shares[r] / k.cap[r]
	}
	rawest, largest := 0.0, int64(1)
	for _, d := range c.cells {
		largest = max(largest, c.m.items[d.item].ml)
	}
	// What a unit costs stays below 10¹⁸.
	unit := 0.0
	for r := range shares {
		rawest = max(rawest, raw(r))
		if r >= k.firstLot && r < k.firstTruck {
			unit = max(unit, raw(r))
		} else {
			unit = max(unit, raw(r)*float64(largest))
		}
	}
	scale := 0.0
	if unit > 0 {
		scale = min(1e17/unit, float64(MaxInt)/4/rawest)
	}
	p := &prices{fleet: make([]int64, len(c.m.types))}
	whole := func(r int) int64 { return int64(raw(r) * scale) }
	for w := range c.m.houses {
		dock, stock := make([]int64, len(c.tails[w])), make([]int64, len(c.m.items))
		for j := range dock {
			dock[j] = whole(k.dockRow[w] + j)
		}
		for i := range stock {
			stock[i] = whole(k.lotRow[w*len(c.m.items)+i])
		}
		p.dock, p.stock = append(p.dock, dock), append(p.stock, stock)
	}
	for t, r := range k.truRow {
		p.fleet[t] = whole(r)
	}
	return p
}
