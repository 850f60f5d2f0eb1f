package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"anlan/internal/kernel"
	"anlan/relief/plan"
)

// Size is how much there is of everything.
type Size struct {
	Name       string
	Warehouses int
	Trucks     int
	Sites      int
	People     int64
}

// Sizes are the published sizes.
func Sizes() []Size {
	return []Size{
		{"A", 8, 100, 7, 40_000},
		{"B", 12, 160, 60, 70_000},
		{"C", 20, 200, 300, 70_000},
		{"D", 60, 800, 1_000, 250_000},
		{"E", 300, 3_000, 10_000, 1_000_000},
		{"F", 3_000, 30_000, 100_000, 10_000_000},
	}
}

// Modes are what can be scarce. In "remote" one site in eight lies far
// outside.
func Modes() []string { return []string{"dock", "truck", "stock", "remote"} }

// items are kinds of relief goods: id, name, litres, kilograms, thousandths
// of a unit for one person.
func items() []plan.Item {
	return []plan.Item{
		{ID: "QUILT", Name: "棉被", VolumeML: 20_000, MassG: 3_000, PerPersonMilli: 1000},
		{ID: "COAT", Name: "棉大衣", VolumeML: 20_000, MassG: 2_400, PerPersonMilli: 1000},
		{ID: "BED", Name: "折叠床", VolumeML: 55_000, MassG: 8_000, PerPersonMilli: 500},
		{ID: "TENT", Name: "12㎡单帐篷", VolumeML: 250_000, MassG: 48_000, PerPersonMilli: 125},
		{ID: "WATER", Name: "瓶装水", VolumeML: 25_000, MassG: 13_800, PerPersonMilli: 230},
	}
}

func truckTypes() []plan.TruckType {
	return []plan.TruckType{
		{ID: "t4.2", VolumeML: 16_000_000, MassG: 1_500_000},
		{ID: "t6.8", VolumeML: 40_000_000, MassG: 9_000_000},
		{ID: "t9.6", VolumeML: 58_000_000, MassG: 14_000_000},
	}
}

// maker holds what one problem is made from.
type maker struct {
	size    Size
	mode    string
	random  *rand.Rand
	centres []kernel.LatLon // districts
	spread  float64         // radius of the city in degrees
}

// Problem makes the problem of a size, a mode and a seed.
func Problem(size, mode string, seed uint64) (*plan.Problem, error) {
	i := slices.IndexFunc(Sizes(), func(s Size) bool { return s.Name == size })
	if i < 0 {
		return nil, kernel.Bad("size", "unknown", size)
	}
	if !slices.Contains(Modes(), mode) {
		return nil, kernel.Bad("mode", "unknown", mode)
	}
	m := &maker{size: Sizes()[i], mode: mode, random: rand.New(rand.NewPCG(seed, uint64(i)<<8|uint64(slices.Index(Modes(), mode))))}
	m.spread = 0.35 * math.Sqrt(max(1, float64(m.size.Warehouses)/20))
	for range max(16, m.size.Warehouses/4) {
		m.centres = append(m.centres, m.around(kernel.LatLon{Lat: 39.1, Lon: 117.2}, m.spread))
	}
	p := &plan.Problem{Schema: plan.ProblemSchema, Items: items(), TruckTypes: truckTypes(),
		Travel: plan.Travel{SpeedKmh: 40, DetourMilli: 1300}}
	m.sites(p)
	m.warehouses(p)
	m.trucks(p)
	m.areas(p)
	return p, p.Validate()
}

// around is a place near c, in steps of a hundred-thousandth of a degree.
func (m *maker) around(c kernel.LatLon, radius float64) kernel.LatLon {
	r, a := radius*math.Sqrt(m.random.Float64()), 2*math.Pi*m.random.Float64()
	step := func(x float64) float64 { return math.Round(x*1e5) / 1e5 }
	return kernel.LatLon{Lat: step(c.Lat + r*math.Sin(a)), Lon: step(c.Lon + r*math.Cos(a)*1.28)}
}

func (m *maker) centre() kernel.LatLon { return m.centres[m.random.IntN(len(m.centres))] }

// between is a whole number from low to high.
func (m *maker) between(low, high int64) int64 { return low + m.random.Int64N(high-low+1) }

// sites spreads the people over the sites, a few large and many small.
func (m *maker) sites(p *plan.Problem) {
	weights, total := make([]float64, m.size.Sites), 0.0
	for i := range weights {
		weights[i] = 0.3 + m.random.ExpFloat64()
		total += weights[i]
	}
	for i := range weights {
		at := m.around(m.centre(), 0.08)
		if m.mode == "remote" && i%8 == 0 {
			a := 2 * math.Pi * m.random.Float64()
			at = m.around(kernel.LatLon{Lat: 39.1 + 2.5*m.spread*math.Sin(a), Lon: 117.2 + 3.2*m.spread*math.Cos(a)}, 0.05)
		}
		s := plan.Site{ID: fmt.Sprintf("S%d", i+1), Lat: at.Lat, Lon: at.Lon, UnloadSetupS: 300, UnloadMLPS: m.between(6_000, 10_000)}
		p.Sites = append(p.Sites, s)
		people := int64(float64(m.size.People) * weights[i] / total)
		for _, it := range p.Items {
			if n := (people*it.PerPersonMilli + 999) / 1000; n > 0 {
				p.Needs = append(p.Needs, plan.Need{Site: s.ID, Item: it.ID, Quantity: n})
			}
		}
	}
}

// warehouses spreads the stock: each warehouse holds about three kinds.
func (m *maker) warehouses(p *plan.Problem) {
	surplus, docks, rate := 1.5, [2]int64{2, 3}, [2]int64{8_000, 16_000}
	switch m.mode {
	case "dock":
		docks = [2]int64{1, 2}
	case "truck":
		docks = [2]int64{5, 8}
	case "stock":
		surplus = 1.02
	}
	for i := range m.size.Warehouses {
		at := m.around(m.centre(), 0.1)
		p.Warehouses = append(p.Warehouses, plan.Warehouse{ID: fmt.Sprintf("W%d", i+1), Lat: at.Lat, Lon: at.Lon,
			Docks: m.between(docks[0], docks[1]), DockMLPS: m.between(rate[0], rate[1]), SetupS: 300, OpensS: 60 * m.between(10, 40),
			Stock: map[string]int64{}})
	}
	for _, it := range p.Items {
		weights, total := make([]float64, m.size.Warehouses), 0.0
		for i := range weights {
			if i%len(p.Items) != 0 && m.random.Float64() < 0.4 {
				continue
			}
			weights[i] = 0.2 + m.random.Float64()
			total += weights[i]
		}
		want := surplus * float64(m.size.People) * float64(it.PerPersonMilli) / 1000
		for i, w := range weights {
			if n := int64(math.Ceil(want * w / total)); n > 0 {
				p.Warehouses[i].Stock[it.ID] = n + 10
			}
		}
	}
}

func (m *maker) trucks(p *plan.Problem) {
	n := m.size.Trucks
	if m.mode == "truck" {
		n = max(1, n*2/5)
	}
	for i := range n {
		at := m.around(m.centre(), 0.12)
		kind := p.TruckTypes[[]int{0, 0, 1, 1, 1, 2}[m.random.IntN(6)]].ID
		p.Trucks = append(p.Trucks, plan.Truck{ID: fmt.Sprintf("T%d", i+1), Type: kind, Lat: at.Lat, Lon: at.Lon, ReadyS: 60 * m.between(10, 60)})
	}
}

// areas are the first sixteen districts.
func (m *maker) areas(p *plan.Problem) {
	for i, c := range m.centres[:16] {
		p.Areas = append(p.Areas, plan.Site{ID: fmt.Sprintf("D%d", i+1), Lat: c.Lat, Lon: c.Lon, UnloadSetupS: 300, UnloadMLPS: 8_000})
	}
}
