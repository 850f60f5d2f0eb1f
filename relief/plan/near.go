package plan

import (
	"cmp"
	"math"
	"slices"
)

// nearHouses gives for each site up to n warehouses with stock, the nearest
// first. Between very many places it looks them up on a grid of the map.
func nearHouses(m *model, n int) func(s int) []int {
	var stocked []int
	for w := range m.houses {
		if m.houses[w].anyStock && m.houses[w].docks > 0 {
			stocked = append(stocked, w)
		}
	}
	if len(stocked)*len(m.sites) <= tableSize || m.roads.matrix != nil {
		return func(s int) []int { return nearest(m, s, slices.Clone(stocked), n) }
	}
	g := newGrid(m, stocked)
	return func(s int) []int { return nearest(m, s, g.around(m.roads.sitePoint[s], n), n) }
}

// nearest sorts warehouses by their time to a site and keeps n that have a road.
func nearest(m *model, s int, houses []int, n int) []int {
	houses = slices.DeleteFunc(houses, func(w int) bool { return m.roads.out(w, s) >= never })
	slices.SortStableFunc(houses, func(a, b int) int { return cmp.Compare(m.roads.out(a, s), m.roads.out(b, s)) })
	return houses[:min(n, len(houses))]
}

// grid holds warehouses by squares of the map.
type grid struct {
	size    float64 // degrees
	squares map[[2]int][]int
}

func newGrid(m *model, houses []int) *grid {
	south, north, west, east := 90.0, -90.0, 180.0, -180.0
	for _, w := range houses {
		p := m.roads.housePoint[w]
		south, north, west, east = min(south, p.lat), max(north, p.lat), min(west, p.lon), max(east, p.lon)
	}
	g := &grid{size: max(1e-3, math.Sqrt((north-south)*(east-west)/float64(max(1, len(houses)))*4)), squares: map[[2]int][]int{}}
	for _, w := range houses {
		k := g.square(m.roads.housePoint[w])
		g.squares[k] = append(g.squares[k], w)
	}
	return g
}

func (g *grid) square(p point) [2]int {
	return [2]int{int(math.Floor(p.lat / g.size)), int(math.Floor(p.lon / g.size))}
}

// around returns at least n warehouses near p where there are so many within
// forty squares, ring by ring.
func (g *grid) around(p point, n int) []int {
	var found []int
	at := g.square(p)
	for r := 0; r <= 40 && len(found) < 2*n; r++ {
		for y := -r; y <= r; y++ {
			for x := -r; x <= r; x++ {
				if max(x, -x, y, -y) == r {
					found = append(found, g.squares[[2]int{at[0] + y, at[1] + x}]...)
				}
			}
		}
	}
	return found
}
