package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// The schemas of the files.
const (
	ProblemSchema = "anlan.relief.problem/1"
	PlanSchema    = "anlan.relief.plan/1"
)

// MaxInt is the largest integer of the formats, 2⁵³.
const MaxInt = int64(1) << 53

// MaxNodes is the largest number of places a travel matrix may name.
const MaxNodes = 5000

// Problem is everything a plan depends on. See docs/formats/relief.md.
type Problem struct {
	Schema     string      `json:"schema"`
	Items      []Item      `json:"items"`
	Warehouses []Warehouse `json:"warehouses"`
	Sites      []Site      `json:"sites"`
	TruckTypes []TruckType `json:"truck_types"`
	Trucks     []Truck     `json:"trucks"`
	Needs      []Need      `json:"needs"`
	Areas      []Site      `json:"areas,omitempty"` // places the guarantee is asked for
	Travel     Travel      `json:"travel"`
}

// Item is a kind of goods, counted in units.
type Item struct {
	ID             string `json:"id"`
	Name           string `json:"name,omitempty"`
	VolumeML       int64  `json:"volume_ml"`
	MassG          int64  `json:"mass_g"`
	PerPersonMilli int64  `json:"per_person_milli"` // thousandths of a unit for one person
}

// Warehouse holds stock and loads at most Docks trucks at once.
type Warehouse struct {
	ID       string           `json:"id"`
	Name     string           `json:"name,omitempty"`
	Lat      float64          `json:"lat"`
	Lon      float64          `json:"lon"`
	Docks    int64            `json:"docks"`
	DockMLPS int64            `json:"dock_ml_per_s"`
	SetupS   int64            `json:"setup_s"`
	OpensS   int64            `json:"opens_s"`
	Stock    map[string]int64 `json:"stock"` // by item; absent is 0
}

// Site is a place where goods are unloaded.
type Site struct {
	ID           string  `json:"id"`
	Name         string  `json:"name,omitempty"`
	Lat          float64 `json:"lat"`
	Lon          float64 `json:"lon"`
	UnloadSetupS int64   `json:"unload_setup_s"`
	UnloadMLPS   int64   `json:"unload_ml_per_s"`
}

// TruckType says what a truck can carry.
type TruckType struct {
	ID       string `json:"id"`
	VolumeML int64  `json:"volume_ml"`
	MassG    int64  `json:"mass_g"`
}

// Truck stands at a place and is ready from a moment on.
type Truck struct {
	ID     string  `json:"id"`
	Type   string  `json:"type"`
	Lat    float64 `json:"lat"`
	Lon    float64 `json:"lon"`
	ReadyS int64   `json:"ready_s"`
}

// Need is a quantity of an item wanted at a site. Class 0 is served before 1.
type Need struct {
	Site     string `json:"site"`
	Item     string `json:"item"`
	Quantity int64  `json:"quantity"`
	DueS     *int64 `json:"due_s"` // nil: as soon as possible
	Class    int64  `json:"class"`
}

// Travel is either a directed matrix over the named places (−1: no road) or
// an estimate: great circle × detour ÷ speed.
type Travel struct {
	Nodes       []string  `json:"nodes,omitempty"`
	Seconds     [][]int64 `json:"seconds,omitempty"`
	SpeedKmh    int64     `json:"speed_kmh,omitempty"`
	DetourMilli int64     `json:"detour_milli,omitempty"`
}

// Matrix reports whether the times are given place by place.
func (t *Travel) Matrix() bool { return t.SpeedKmh == 0 && t.DetourMilli == 0 }

// Encode returns the JSON form of the problem, the bytes that Digest names.
func (p *Problem) Encode() ([]byte, error) {
	q := *p
	q.Items, q.Warehouses, q.Sites = listed(q.Items), slices.Clone(listed(q.Warehouses)), listed(q.Sites)
	q.TruckTypes, q.Trucks, q.Needs = listed(q.TruckTypes), listed(q.Trucks), listed(q.Needs)
	for w := range q.Warehouses {
		if q.Warehouses[w].Stock == nil {
			q.Warehouses[w].Stock = map[string]int64{}
		}
	}
	text, err := json.Marshal(&q)
	return append(text, '\n'), err
}

// listed makes a missing list an empty one, which is what JSON must say.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Digest is the SHA-256 of a problem's bytes, as plans name it.
func Digest(problem []byte) string {
	sum := sha256.Sum256(problem)
	return hex.EncodeToString(sum[:])
}

// Plan is an answer to a problem.
type Plan struct {
	Schema        string      `json:"schema"`
	ProblemSHA256 string      `json:"problem_sha256"`
	Trips         []Trip      `json:"trips"`
	Unmet         []Unmet     `json:"unmet"`
	LatestS       int64       `json:"latest_s"` // end of the last unloading
	TruckS        int64       `json:"truck_s"`  // seconds of all trucks, waiting before loads excluded
	BoundS        int64       `json:"bound_s"`  // no plan with the same unmet has a smaller latest_s
	Certificate   Certificate `json:"certificate"`
	Curve         [][2]int64  `json:"curve"` // [t, units of all items unloaded by t]
}

// Trip is one load of one truck and the places it is brought to.
type Trip struct {
	Truck      string `json:"truck"`
	Warehouse  string `json:"warehouse"`
	Dock       int64  `json:"dock"`
	LoadStartS int64  `json:"load_start_s"`
	DepartS    int64  `json:"depart_s"`
	Stops      []Stop `json:"stops"`
}

// Stop is one place on a trip.
type Stop struct {
	Site    string           `json:"site"`
	ArriveS int64            `json:"arrive_s"`
	DoneS   int64            `json:"done_s"`
	Drops   map[string]int64 `json:"drops"` // units by item
}

// Unmet is what of a (site, item) no trip brings.
type Unmet struct {
	Site     string `json:"site"`
	Item     string `json:"item"`
	Quantity int64  `json:"quantity"`
}

// Certificate proves BoundS: under these prices the goods needed are worth
// more than all docks, trucks and stock could earn by InfeasibleS, so no plan
// ends by then. Kind "none" proves nothing, its bound is 0.
type Certificate struct {
	Kind        string       `json:"kind"` // "prices" or "none"
	InfeasibleS int64        `json:"infeasible_s,omitempty"`
	Coarse      bool         `json:"coarse,omitempty"` // travel counted as 0
	HomeS       int64        `json:"home_s,omitempty"` // what of a way back counts at most
	Docks       []DockPrice  `json:"docks,omitempty"`
	Stock       []StockPrice `json:"stock,omitempty"`
	Fleet       []FleetPrice `json:"fleet,omitempty"`
}

// DockPrice is the price of a millilitre loaded at a warehouse for places
// whose tail is at least TailS.
type DockPrice struct {
	Warehouse string `json:"warehouse"`
	TailS     int64  `json:"tail_s"`
	Price     int64  `json:"price"`
}

// StockPrice is the price of a unit of an item at a warehouse.
type StockPrice struct {
	Warehouse string `json:"warehouse"`
	Item      string `json:"item"`
	Price     int64  `json:"price"`
}

// FleetPrice is the price of a second of a truck of a type.
type FleetPrice struct {
	Type  string `json:"type"`
	Price int64  `json:"price"`
}

// Encode returns the JSON form of the plan.
func (p *Plan) Encode() ([]byte, error) {
	text, err := json.Marshal(p)
	return append(text, '\n'), err
}
