package plan

import (
	"math"

	"anlan/internal/kernel"
)

// model is a problem by indexes, as Solve and its bounds use it.
type model struct {
	p      *Problem
	items  []modelItem
	houses []modelHouse
	sites  []modelSite
	types  []modelType
	trucks []modelTruck
	roads  roads
	held   [][]int64 // by warehouse and dock: taken until then; nil: all free
}

// opens is the earliest moment a dock can begin to load.
func (m *model) opens(w, dock int) int64 {
	if m.held == nil {
		return m.houses[w].opens
	}
	return max(m.houses[w].opens, m.held[w][dock])
}

type modelItem struct{ ml, g int64 }

type modelHouse struct {
	docks              int
	rate, setup, opens int64
	stock              []int64 // by item
	secondsPerMl       float64
	anyStock           bool
}

type modelSite struct {
	setup, rate  int64
	secondsPerMl float64
}

type modelType struct{ ml, g int64 }

type modelTruck struct {
	kind  int
	ml, g int64
	ready int64
}

// newModel indexes a valid problem. sites are those to plan for: the
// problem's own, or an area in the guarantee.
func newModel(p *Problem) *model {
	m := &model{p: p}
	itemOf, typeOf := map[string]int{}, map[string]int{}
	for i, it := range p.Items {
		itemOf[it.ID] = i
		m.items = append(m.items, modelItem{it.VolumeML, it.MassG})
	}
	for i, t := range p.TruckTypes {
		typeOf[t.ID] = i
		m.types = append(m.types, modelType{t.VolumeML, t.MassG})
	}
	for _, t := range p.Trucks {
		k := typeOf[t.Type]
		m.trucks = append(m.trucks, modelTruck{k, m.types[k].ml, m.types[k].g, t.ReadyS})
	}
	for _, w := range p.Warehouses {
		h := modelHouse{docks: int(min(w.Docks, int64(len(p.Trucks)))), rate: w.DockMLPS, setup: w.SetupS, opens: w.OpensS,
			stock: make([]int64, len(p.Items)), secondsPerMl: 1 / float64(w.DockMLPS)}
		for id, n := range w.Stock {
			h.stock[itemOf[id]] = n
			h.anyStock = h.anyStock || n > 0
		}
		m.houses = append(m.houses, h)
	}
	for _, s := range p.Sites {
		m.sites = append(m.sites, modelSite{s.UnloadSetupS, s.UnloadMLPS, 1 / float64(s.UnloadMLPS)})
	}
	m.roads = newRoads(p)
	return m
}

// tableSize is up to how many pairs travel times are kept.
const tableSize = 4_000_000

// unknown marks a time not yet computed.
const unknown = -2

// never is later than every moment of a plan.
const never = int64(1) << 60

// roads gives travel times in seconds between indexes; never where there is
// no road. Estimates are computed when first asked for.
type roads struct {
	matrix                            [][]int64
	houseRow, siteRow, truckRow       []int
	housePoint, sitePoint, truckPoint []point
	detour, speed                     float64
	houseSite, siteSite, truckHouse   []int64
	houses, sites                     int
}

// point is a place with what every distance needs of it.
type point struct{ lat, lon, cos float64 }

func newPoint(lat, lon float64) point { return point{lat, lon, math.Cos(lat * math.Pi / 180)} }

func newRoads(p *Problem) roads {
	r := roads{houses: len(p.Warehouses), sites: len(p.Sites)}
	if p.Travel.Matrix() {
		row := make(map[string]int, len(p.Travel.Nodes))
		for i, id := range p.Travel.Nodes {
			row[id] = i
		}
		r.matrix = p.Travel.Seconds
		for _, w := range p.Warehouses {
			r.houseRow = append(r.houseRow, row[w.ID])
		}
		for _, s := range p.Sites {
			r.siteRow = append(r.siteRow, row[s.ID])
		}
		for _, t := range p.Trucks {
			r.truckRow = append(r.truckRow, row[t.ID])
		}
		return r
	}
	r.detour, r.speed = float64(p.Travel.DetourMilli), float64(p.Travel.SpeedKmh)/3.6
	for _, w := range p.Warehouses {
		r.housePoint = append(r.housePoint, newPoint(w.Lat, w.Lon))
	}
	for _, s := range p.Sites {
		r.sitePoint = append(r.sitePoint, newPoint(s.Lat, s.Lon))
	}
	for _, t := range p.Trucks {
		r.truckPoint = append(r.truckPoint, newPoint(t.Lat, t.Lon))
	}
	r.houseSite = unknownTimes(r.houses * r.sites)
	r.siteSite = unknownTimes(r.sites * r.sites)
	r.truckHouse = unknownTimes(len(p.Trucks) * r.houses)
	return r
}

func unknownTimes(n int) []int64 {
	if n > tableSize {
		return nil
	}
	table := make([]int64, n)
	for i := range table {
		table[i] = unknown
	}
	return table
}

// estimate is great circle × detour ÷ speed, rounded up.
func (r *roads) estimate(a, b point) int64 {
	const rad = math.Pi / 180
	x, y := math.Sin((b.lat-a.lat)*rad/2), math.Sin((b.lon-a.lon)*rad/2)
	metres := 2 * kernel.EarthRadius * math.Asin(math.Sqrt(min(1, x*x+a.cos*b.cos*y*y)))
	return int64(min(math.Ceil(metres*r.detour/1000/r.speed), float64(MaxInt)))
}

func (r *roads) lookup(table []int64, k int, a, b point) int64 {
	if table == nil {
		return r.estimate(a, b)
	}
	if table[k] == unknown {
		table[k] = r.estimate(a, b)
	}
	return table[k]
}

func road(seconds int64) int64 {
	if seconds < 0 {
		return never
	}
	return seconds
}

// out is the time from warehouse w to site s.
func (r *roads) out(w, s int) int64 {
	if r.matrix != nil {
		return road(r.matrix[r.houseRow[w]][r.siteRow[s]])
	}
	return r.lookup(r.houseSite, w*r.sites+s, r.housePoint[w], r.sitePoint[s])
}

// back is the time from site s to warehouse w.
func (r *roads) back(s, w int) int64 {
	if r.matrix != nil {
		return road(r.matrix[r.siteRow[s]][r.houseRow[w]])
	}
	return r.out(w, s)
}

// across is the time from site a to site b.
func (r *roads) across(a, b int) int64 {
	if r.matrix != nil {
		return road(r.matrix[r.siteRow[a]][r.siteRow[b]])
	}
	if a > b {
		a, b = b, a
	}
	return r.lookup(r.siteSite, a*r.sites+b, r.sitePoint[a], r.sitePoint[b])
}

// start is the time from truck t's own place to warehouse w.
func (r *roads) start(t, w int) int64 {
	if r.matrix != nil {
		return road(r.matrix[r.truckRow[t]][r.houseRow[w]])
	}
	return r.lookup(r.truckHouse, t*r.houses+w, r.truckPoint[t], r.housePoint[w])
}

// loadTime is the seconds at a dock for a load.
func (m *model) loadTime(w int, ml int64) int64 {
	h := &m.houses[w]
	return h.setup + (ml+h.rate-1)/h.rate
}

// unloadTime is the seconds at a site for what is dropped there.
func (m *model) unloadTime(s int, ml int64) int64 {
	x := &m.sites[s]
	return x.setup + (ml+x.rate-1)/x.rate
}
