package plan

import (
	"math"
	"math/big"
	"slices"
	"strconv"
)

// The sizes from which the bound uses cheaper travel times. They are part of
// the certificate's definition in docs/formats/relief.md.
const (
	closureWork = 2_000_000_000 // warehouses × sites²: shortest paths over sites below
	headWork    = 4_000_000     // trucks × warehouses: arrivals of trucks below
)

// bound verifies bound_s from the certificate.
func (c *checker) bound() {
	cert := &c.plan.Certificate
	switch cert.Kind {
	case "none":
		if c.plan.BoundS != 0 {
			c.badNumber("bound_s", "not_proved", c.plan.BoundS)
		}
		return
	case "prices":
	default:
		c.bad("certificate.kind", "unknown", cert.Kind)
		return
	}
	if c.plan.BoundS != cert.InfeasibleS+1 || cert.InfeasibleS < 0 || cert.InfeasibleS >= MaxInt {
		c.badNumber("bound_s", "not_infeasible_s_plus_1", c.plan.BoundS)
		return
	}
	v, ok := newVerifier(c)
	if ok && !v.holds() {
		c.badNumber("bound_s", "not_proved", c.plan.BoundS)
	}
}

// verifier evaluates the dual of a certificate at one moment, in integers.
type verifier struct {
	c      *checker
	cert   *Certificate
	end    int64 // infeasible_s
	cells  []verifierCell
	stock  map[[2]string]int64
	fleet  map[string]int64
	docks  map[string][]DockPrice
	volume map[string]int64 // what a truck of a type can carry of the goods needed
	byMass map[string]bool  // whether its loads are shares of its mass
	most   int64            // the largest of volume
	unload int64            // the fastest rate of a site with needs
	reach  map[string]map[string]int64
	back   map[string]int64
	head   map[string][]int64 // by warehouse: when its docks can begin to load
}

type verifierCell struct {
	site *Site
	item *Item
	n    int64
}

// newVerifier refuses prices that are negative, repeated or of something
// unknown.
func newVerifier(c *checker) (*verifier, bool) {
	v := &verifier{c: c, cert: &c.plan.Certificate, end: c.plan.Certificate.InfeasibleS, stock: map[[2]string]int64{},
		fleet: map[string]int64{}, docks: map[string][]DockPrice{}, volume: map[string]int64{}, byMass: map[string]bool{}}
	ok := true
	refuse := func(path string, i int, id string) {
		c.bad("certificate."+path+"."+strconv.Itoa(i), "price", id)
		ok = false
	}
	if v.cert.HomeS < 0 || v.cert.HomeS > MaxInt {
		refuse("home_s", 0, strconv.FormatInt(v.cert.HomeS, 10))
	}
	for i, d := range v.cert.Docks {
		repeated := slices.ContainsFunc(v.docks[d.Warehouse], func(e DockPrice) bool { return e.TailS == d.TailS })
		if c.warehouses[d.Warehouse] == nil || d.Price < 0 || d.TailS < 0 || repeated || v.cert.Coarse && d.TailS != 0 {
			refuse("docks", i, d.Warehouse)
		}
		v.docks[d.Warehouse] = append(v.docks[d.Warehouse], d)
	}
	for i, s := range v.cert.Stock {
		lot := [2]string{s.Warehouse, s.Item}
		_, repeated := v.stock[lot]
		if c.warehouses[s.Warehouse] == nil || c.items[s.Item] == nil || s.Price < 0 || repeated {
			refuse("stock", i, s.Warehouse+" "+s.Item)
		}
		v.stock[lot] = s.Price
	}
	for i, f := range v.cert.Fleet {
		_, repeated := v.fleet[f.Type]
		if c.types[f.Type] == nil || f.Price < 0 || repeated {
			refuse("fleet", i, f.Type)
		}
		v.fleet[f.Type] = f.Price
	}
	return v, ok
}

// holds reports whether the goods brought are worth more than all capacity.
func (v *verifier) holds() bool {
	v.gather()
	if len(v.cells) == 0 {
		return false
	}
	v.loads()
	v.paths()
	v.arrivals()
	worth := new(big.Int)
	type unitCost struct{ item string }
	coarse := map[unitCost]int64{}
	for _, cell := range v.cells {
		cost, cached := coarse[unitCost{cell.item.ID}]
		if !cached {
			var possible bool
			if cost, possible = v.cheapest(cell); !possible {
				return true // nobody can bring a single unit by then
			}
			if v.cert.Coarse {
				coarse[unitCost{cell.item.ID}] = cost
			}
		}
		worth.Add(worth, product(cell.n, cost))
	}
	return worth.Cmp(v.capacity()) > 0
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }

// gather lists what the plan brings: needs minus unmet.
func (v *verifier) gather() {
	open := v.c.needed()
	for _, u := range v.c.plan.Unmet {
		open[[2]string{u.Site, u.Item}] -= u.Quantity
	}
	for _, n := range v.c.problem.Needs {
		key := [2]string{n.Site, n.Item}
		if open[key] > 0 {
			v.cells = append(v.cells, verifierCell{v.c.sites[n.Site], v.c.items[n.Item], open[key]})
			v.unload = max(v.unload, v.c.sites[n.Site].UnloadMLPS)
			delete(open, key)
		}
	}
}

// loads finds what the trucks of each type can carry at most: their volume, or
// what their mass allows of the lightest goods.
func (v *verifier) loads() {
	light := v.cells[0].item
	for _, cell := range v.cells {
		if product(cell.item.VolumeML, light.MassG).Cmp(product(light.VolumeML, cell.item.MassG)) > 0 {
			light = cell.item
		}
	}
	volume, mass := new(big.Int), new(big.Int)
	for _, cell := range v.cells {
		volume.Add(volume, product(cell.n, cell.item.VolumeML))
		mass.Add(mass, product(cell.n, cell.item.MassG))
	}
	for _, t := range v.c.problem.Trucks {
		kind := v.c.types[t.Type]
		v.byMass[kind.ID] = new(big.Int).Mul(mass, big.NewInt(kind.VolumeML)).Cmp(new(big.Int).Mul(volume, big.NewInt(kind.MassG))) > 0
		most := kind.VolumeML
		if light.MassG > 0 {
			byMass := product(kind.MassG, light.VolumeML)
			byMass.Quo(byMass, big.NewInt(light.MassG))
			if byMass.IsInt64() {
				most = min(most, byMass.Int64())
			}
		}
		v.volume[kind.ID] = most
		v.most = max(v.most, most)
	}
}

// paths finds, for each warehouse with a stock and each site with needs, the
// least time from leaving the warehouse to being ready to unload there, and
// the least time from each such site back to any warehouse.
func (v *verifier) paths() {
	v.reach, v.back = map[string]map[string]int64{}, map[string]int64{}
	if v.cert.Coarse {
		return
	}
	sites, warehouses := v.c.problem.Sites, v.c.problem.Warehouses
	closed := v.c.problem.Travel.Matrix() && float64(len(warehouses))*float64(len(sites))*float64(len(sites)) <= closureWork
	for i := range warehouses {
		w := &warehouses[i]
		direct := make([]int64, len(sites))
		for j := range sites {
			direct[j] = v.c.seconds(warehousePlace(w), sitePlace(&sites[j]))
		}
		v.reach[w.ID] = map[string]int64{}
		for j, s := range v.settle(direct, closed, func(a, b int) int64 { return v.c.seconds(sitePlace(&sites[a]), sitePlace(&sites[b])) }) {
			if s >= 0 {
				v.reach[w.ID][sites[j].ID] = plus(s, sites[j].UnloadSetupS)
			}
		}
	}
	home := make([]int64, len(sites)) // to the nearest warehouse
	for j := range sites {
		home[j] = -1
		for i := range warehouses {
			if s := v.c.seconds(sitePlace(&sites[j]), warehousePlace(&warehouses[i])); s >= 0 && (home[j] < 0 || s < home[j]) {
				home[j] = s
			}
		}
	}
	for j, s := range v.settle(home, closed, func(a, b int) int64 { return v.c.seconds(sitePlace(&sites[b]), sitePlace(&sites[a])) }) {
		if s >= 0 {
			v.back[sites[j].ID] = s
		}
	}
}

// settle improves direct times by ways over other sites. A matrix may not obey
// the triangle inequality; a great circle does. In matrices too large for
// shortest paths, the way over others counts as its first and last leg.
func (v *verifier) settle(direct []int64, closed bool, between func(a, b int) int64) []int64 {
	sites := v.c.problem.Sites
	best := slices.Clone(direct)
	if !v.c.problem.Travel.Matrix() {
		return best
	}
	if !closed {
		first := int64(-1)
		for j, s := range direct {
			if s >= 0 && (first < 0 || s+sites[j].UnloadSetupS < first) {
				first = plus(s, sites[j].UnloadSetupS)
			}
		}
		for j := range best {
			last := int64(-1)
			for k := range sites {
				if s := between(k, j); k != j && s >= 0 && (last < 0 || s < last) {
					last = s
				}
			}
			if first >= 0 && last >= 0 && (best[j] < 0 || plus(first, last) < best[j]) {
				best[j] = plus(first, last)
			}
		}
		return best
	}
	done := make([]bool, len(best))
	for {
		k := -1
		for j, s := range best {
			if !done[j] && s >= 0 && (k < 0 || s < best[k]) {
				k = j
			}
		}
		if k < 0 {
			return best
		}
		done[k] = true
		from := plus(best[k], sites[k].UnloadSetupS)
		for j := range best {
			if done[j] {
				continue
			}
			if s := between(k, j); s >= 0 && (best[j] < 0 || plus(from, s) < best[j]) {
				best[j] = plus(from, s)
			}
		}
	}
}

// cheapest is the least price at which a unit of a cell can be brought by the
// end, and whether it can be at all.
func (v *verifier) cheapest(cell verifierCell) (int64, bool) {
	cost, possible := int64(math.MaxInt64), false
	for i := range v.c.problem.Warehouses {
		w := &v.c.problem.Warehouses[i]
		if w.Stock[cell.item.ID] == 0 || w.Docks == 0 || len(v.c.problem.Trucks) == 0 {
			continue
		}
		reach, found := int64(0), true
		if !v.cert.Coarse {
			reach, found = v.reach[w.ID][cell.site.ID]
		}
		if !found || v.tooLate(w, cell, reach) {
			continue
		}
		possible = true
		var dock int64
		for _, d := range v.docks[w.ID] {
			if d.TailS <= reach {
				dock = plus(dock, times(d.Price, cell.item.VolumeML))
			}
		}
		cost = min(cost, plus(v.stock[[2]string{w.ID, cell.item.ID}], plus(dock, v.truckCost(w, cell, reach))))
	}
	return cost, possible
}

// tooLate reports that not even one unit, loaded first of all, is unloaded by
// the end.
func (v *verifier) tooLate(w *Warehouse, cell verifierCell, reach int64) bool {
	heads := v.head[w.ID]
	if len(heads) == 0 {
		return true
	}
	soonest := plus(heads[0], plus(w.SetupS, timeFor(cell.item.VolumeML, w.DockMLPS)))
	if !v.cert.Coarse {
		soonest = plus(soonest, plus(reach, timeFor(cell.item.VolumeML, cell.site.UnloadMLPS)))
	}
	return soonest > v.end
}

// truckCost is the least price of truck time for a unit over the types.
func (v *verifier) truckCost(w *Warehouse, cell verifierCell, reach int64) int64 {
	cheapest := int64(-1)
	for _, kind := range v.c.problem.TruckTypes {
		load := v.volume[kind.ID]
		if load == 0 || v.byMass[kind.ID] && kind.MassG == 0 {
			continue // no truck of the type, or none of the goods
		}
		price, ml := v.fleet[kind.ID], cell.item.VolumeML
		fixed := plus(w.SetupS, plus(reach, min(v.back[cell.site.ID], v.cert.HomeS)))
		part := floorOf(price, ml, fixed, load)
		if v.byMass[kind.ID] {
			part = floorOf(price, cell.item.MassG, fixed, kind.MassG)
		}
		cost := plus(part, plus(floorOf(price, ml, 1, w.DockMLPS), floorOf(price, ml, 1, cell.site.UnloadMLPS)))
		cheapest = least(cheapest, cost)
	}
	return max(cheapest, 0)
}

// floorOf is a·b·c ÷ d rounded down, at most the largest integer.
func floorOf(a, b, c, d int64) int64 {
	if p := times(times(a, b), c); p < math.MaxInt64 {
		return p / d
	}
	x := product(a, b)
	x.Mul(x, big.NewInt(c)).Quo(x, big.NewInt(d))
	if !x.IsInt64() {
		return math.MaxInt64
	}
	return x.Int64()
}

// capacity is what all stock, docks and trucks earn by the end at most.
func (v *verifier) capacity() *big.Int {
	sum := new(big.Int)
	for lot, price := range v.stock {
		sum.Add(sum, product(price, v.c.warehouses[lot[0]].Stock[lot[1]]))
	}
	for id, rows := range v.docks {
		w := v.c.warehouses[id]
		heads := v.head[w.ID]
		for _, row := range rows {
			for _, head := range heads {
				if window := v.end - row.TailS - head; window > 0 {
					sum.Add(sum, new(big.Int).Mul(big.NewInt(row.Price), v.dockVolume(w, window)))
				}
			}
		}
	}
	approach := len(v.c.problem.Trucks)*len(v.c.problem.Warehouses) <= headWork && !v.cert.Coarse
	for i := range v.c.problem.Trucks {
		t := &v.c.problem.Trucks[i]
		if price := v.fleet[t.Type]; price > 0 {
			if window := v.end - v.firstLoad(t, approach); window > 0 {
				sum.Add(sum, product(price, plus(window, v.cert.HomeS)))
			}
		}
	}
	return sum
}

// firstLoad is the earliest moment a truck can begin to load anywhere.
func (v *verifier) firstLoad(t *Truck, approach bool) int64 {
	if !approach {
		return t.ReadyS
	}
	first := int64(math.MaxInt64)
	for i := range v.c.problem.Warehouses {
		w := &v.c.problem.Warehouses[i]
		if s := v.c.seconds(truckPlace(t), warehousePlace(w)); s >= 0 {
			first = min(first, max(plus(t.ReadyS, s), w.OpensS))
		}
	}
	return first
}

// dockVolume is the most that one dock loads in a window of seconds that ends
// when the last load must have been unloaded, travel excluded. Milliseconds,
// rounded so that it is never too little.
func (v *verifier) dockVolume(w *Warehouse, window int64) *big.Int {
	ms := func(seconds *big.Int) *big.Int { return new(big.Int).Mul(seconds, big.NewInt(1000)) }
	left, setup := ms(big.NewInt(window)), ms(big.NewInt(w.SetupS))
	rate, unload, most := big.NewInt(w.DockMLPS), big.NewInt(v.unload), big.NewInt(v.most)
	load := new(big.Int).Add(setup, new(big.Int).Quo(ms(most), rate))
	full := new(big.Int).Add(load, new(big.Int).Quo(ms(most), unload))
	total := new(big.Int)
	if left.Cmp(full) >= 0 {
		if load.Sign() == 0 {
			return new(big.Int).Mul(rate, big.NewInt(window))
		}
		n := new(big.Int).Sub(left, full)
		n.Quo(n, load).Add(n, big.NewInt(1))
		total.Mul(n, most)
		left.Sub(left, n.Mul(n, load)).Add(left, big.NewInt(2))
	}
	both := ceiling(ms(new(big.Int).Mul(rate, unload)), new(big.Int).Add(rate, unload)) // microlitres a second through dock and site
	for step := 0; step < 40 && left.Cmp(setup) > 0; step++ {
		left.Sub(left, setup)
		volume := ceiling(new(big.Int).Mul(left, both), big.NewInt(1_000_000))
		if volume.Cmp(most) > 0 {
			volume.Set(most)
		}
		total.Add(total, volume)
		volume.Sub(volume, big.NewInt(1))
		left.Sub(left, volume.Quo(ms(volume), rate))
	}
	if left.Cmp(setup) > 0 {
		total.Add(total, ceiling(left.Mul(left, rate), big.NewInt(1000)))
	}
	return total
}

func ceiling(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

// arrivals finds the earliest moments at which the docks of each warehouse can
// begin to load: not before it opens, the k-th not before the k-th truck can
// be there, from its own place or, over a matrix, from any site after a load
// elsewhere.
func (v *verifier) arrivals() {
	v.head = map[string][]int64{}
	trucks, warehouses, matrix := v.c.problem.Trucks, v.c.problem.Warehouses, v.c.problem.Travel.Matrix()
	counted := !v.cert.Coarse && len(trucks)*len(warehouses) <= headWork
	elsewhere := make([]int64, len(trucks)) // to the nearest warehouse
	for i := range trucks {
		elsewhere[i] = -1
		for j := range warehouses {
			if !counted || !matrix {
				break
			}
			elsewhere[i] = least(elsewhere[i], v.c.seconds(truckPlace(&trucks[i]), warehousePlace(&warehouses[j])))
		}
	}
	for j := range warehouses {
		w := &warehouses[j]
		n := int(min(w.Docks, int64(len(trucks))))
		if !counted {
			v.head[w.ID] = slices.Repeat([]int64{w.OpensS}, n)
			continue
		}
		last := int64(-1) // from the nearest site
		for i := range v.c.problem.Sites {
			if matrix {
				last = least(last, v.c.seconds(sitePlace(&v.c.problem.Sites[i]), warehousePlace(w)))
			}
		}
		var moments []int64
		for i := range trucks {
			at := v.c.seconds(truckPlace(&trucks[i]), warehousePlace(w))
			if elsewhere[i] >= 0 && last >= 0 {
				at = least(at, plus(elsewhere[i], last))
			}
			if at >= 0 {
				moments = append(moments, max(plus(trucks[i].ReadyS, at), w.OpensS))
			}
		}
		slices.Sort(moments)
		v.head[w.ID] = moments[:min(n, len(moments))]
	}
}

// least is the smaller of two times of which −1 means never.
func least(a, b int64) int64 {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}
