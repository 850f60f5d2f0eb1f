package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

// randomProblem draws a small problem: few of everything, a matrix with
// missing roads or an estimate, tight stock, mass limits, classes and dues.
func randomProblem(t *rapid.T) *plan.Problem {
	n := func(label string, low, high int64) int64 { return rapid.Int64Range(low, high).Draw(t, label) }
	place := func() (lat, lon float64) {
		return 39 + float64(n("lat", 0, 99))/200, 117 + float64(n("lon", 0, 99))/200
	}
	p := &plan.Problem{Schema: plan.ProblemSchema}
	for i := range n("items", 1, 3) {
		p.Items = append(p.Items, plan.Item{ID: fmt.Sprintf("I%d", i), VolumeML: n("ml", 1, 300), MassG: n("g", 0, 50), PerPersonMilli: n("person", 0, 2000)})
	}
	for i := range n("warehouses", 1, 3) {
		w := plan.Warehouse{ID: fmt.Sprintf("W%d", i), Docks: n("docks", 0, 2), DockMLPS: n("rate", 1, 20), SetupS: n("setup", 0, 100), OpensS: n("opens", 0, 500), Stock: map[string]int64{}}
		w.Lat, w.Lon = place()
		for _, it := range p.Items {
			w.Stock[it.ID] = n("stock", 0, 20)
		}
		p.Warehouses = append(p.Warehouses, w)
	}
	for i := range n("sites", 1, 4) {
		s := plan.Site{ID: fmt.Sprintf("S%d", i), UnloadSetupS: n("unload setup", 0, 50), UnloadMLPS: n("unload", 1, 20)}
		s.Lat, s.Lon = place()
		p.Sites = append(p.Sites, s)
		for _, it := range p.Items {
			for range n("needs", 0, 2) {
				need := plan.Need{Site: s.ID, Item: it.ID, Quantity: n("quantity", 0, 12), Class: n("class", 0, 2)}
				if n("has due", 0, 1) == 1 {
					due := n("due", 0, 5000)
					need.DueS = &due
				}
				p.Needs = append(p.Needs, need)
			}
		}
	}
	p.TruckTypes = []plan.TruckType{{ID: "small", VolumeML: n("small", 50, 400), MassG: n("small g", 0, 300)}, {ID: "big", VolumeML: n("big", 400, 2000), MassG: n("big g", 50, 3000)}}
	for i := range n("trucks", 0, 4) {
		tr := plan.Truck{ID: fmt.Sprintf("T%d", i), Type: p.TruckTypes[n("type", 0, 1)].ID, ReadyS: n("ready", 0, 600)}
		tr.Lat, tr.Lon = place()
		p.Trucks = append(p.Trucks, tr)
	}
	p.Travel = plan.Travel{SpeedKmh: n("speed", 10, 80), DetourMilli: 1300}
	if n("matrix", 0, 1) == 1 {
		p.Travel = randomMatrix(p, n)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func randomMatrix(p *plan.Problem, n func(string, int64, int64) int64) plan.Travel {
	var m plan.Travel
	for _, w := range p.Warehouses {
		m.Nodes = append(m.Nodes, w.ID)
	}
	for _, s := range p.Sites {
		m.Nodes = append(m.Nodes, s.ID)
	}
	for _, t := range p.Trucks {
		m.Nodes = append(m.Nodes, t.ID)
	}
	missing := n("missing", 0, 3)
	for i := range m.Nodes {
		row := make([]int64, len(m.Nodes))
		for j := range row {
			switch {
			case i == j:
			case n("road", 0, 9) < missing:
				row[j] = -1
			default:
				row[j] = n("seconds", 0, 900)
			}
		}
		m.Seconds = append(m.Seconds, row)
	}
	return m
}

func TestEveryPlanOfSolvePassesCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		check := func(found *plan.Plan) {
			for _, v := range plan.Check(p, plan.Digest(text), found) {
				t.Errorf("%s: %s: %s\n%s", v.Field, v.Rule, v.Value, text)
			}
		}
		found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 40, Digest: plan.Digest(text), Improved: check})
		if err != nil {
			t.Fatal(err)
		}
		check(found)
	})
}

func TestTheSameSeedAndIterationsGiveTheSameBytes(t *testing.T) {
	for _, mode := range synthetic.Modes() {
		p, err := synthetic.Problem("A", mode, 5)
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for range 2 {
			found, err := plan.Solve(p, plan.Options{Seed: 7, Iterations: 60})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := found.Encode()
			if first != nil && string(first) != string(text) {
				t.Errorf("%s: two runs differ", mode)
			}
			first = text
		}
	}
}

// mutations each make a valid plan invalid.
func mutations() map[string]func(p *plan.Plan) {
	return map[string]func(p *plan.Plan){
		"digest":            func(p *plan.Plan) { p.ProblemSHA256 = "00" },
		"schema":            func(p *plan.Plan) { p.Schema = "x" },
		"unknown truck":     func(p *plan.Plan) { p.Trips[0].Truck = "nobody" },
		"unknown warehouse": func(p *plan.Plan) { p.Trips[0].Warehouse = "nowhere" },
		"unknown site":      func(p *plan.Plan) { p.Trips[0].Stops[0].Site = "nowhere" },
		"unknown item":      func(p *plan.Plan) { p.Trips[0].Stops[0].Drops = map[string]int64{"X": 1} },
		"unknown dock":      func(p *plan.Plan) { p.Trips[0].Dock = 99 },
		"negative dock":     func(p *plan.Plan) { p.Trips[0].Dock = -1 },
		"before opening":    func(p *plan.Plan) { p.Trips[0].LoadStartS = 0 },
		"early load":        func(p *plan.Plan) { p.Trips[5].LoadStartS-- },
		"early departure":   func(p *plan.Plan) { p.Trips[0].DepartS-- },
		"early arrival":     func(p *plan.Plan) { p.Trips[0].Stops[0].ArriveS-- },
		"late arrival":      func(p *plan.Plan) { p.Trips[0].Stops[0].ArriveS++ },
		"early end":         func(p *plan.Plan) { p.Trips[0].Stops[0].DoneS-- },
		"no drops":          func(p *plan.Plan) { p.Trips[0].Stops[0].Drops = map[string]int64{} },
		"negative drop": func(p *plan.Plan) {
			for id := range p.Trips[0].Stops[0].Drops {
				p.Trips[0].Stops[0].Drops[id] = -1
			}
		},
		"one unit more": func(p *plan.Plan) {
			for id := range p.Trips[0].Stops[0].Drops {
				p.Trips[0].Stops[0].Drops[id]++
			}
		},
		"huge drop": func(p *plan.Plan) {
			for id := range p.Trips[0].Stops[0].Drops {
				p.Trips[0].Stops[0].Drops[id] = plan.MaxInt
			}
		},
		"no stops":      func(p *plan.Plan) { p.Trips[0].Stops = nil },
		"trip twice":    func(p *plan.Plan) { p.Trips = append(p.Trips, p.Trips[0]) },
		"trip missing":  func(p *plan.Plan) { p.Trips = p.Trips[1:] },
		"same truck":    func(p *plan.Plan) { p.Trips[1].Truck = p.Trips[0].Truck },
		"latest":        func(p *plan.Plan) { p.LatestS-- },
		"truck seconds": func(p *plan.Plan) { p.TruckS++ },
		"bound":         func(p *plan.Plan) { p.BoundS++ },
		"bound and certificate": func(p *plan.Plan) {
			p.BoundS, p.Certificate.InfeasibleS = p.LatestS+1, p.LatestS
		},
		"bound by nothing": func(p *plan.Plan) { p.Certificate = plan.Certificate{Kind: "none"} },
		"negative price":   func(p *plan.Plan) { p.Certificate.Stock[0].Price = -1 },
		"price twice":      func(p *plan.Plan) { p.Certificate.Stock = append(p.Certificate.Stock, p.Certificate.Stock[0]) },
		"price of nothing": func(p *plan.Plan) { p.Certificate.Stock[0].Item = "X" },
		"unmet invented":   func(p *plan.Plan) { p.Unmet = append(p.Unmet, plan.Unmet{Site: "S1", Item: "QUILT", Quantity: 1}) },
		"curve wrong":      func(p *plan.Plan) { p.Curve[1][1]++ },
		"curve cut":        func(p *plan.Plan) { p.Curve = p.Curve[:len(p.Curve)-1] },
		"curve unordered":  func(p *plan.Plan) { p.Curve[0], p.Curve[1] = p.Curve[1], p.Curve[0] },
	}
}

func TestCheckRejectsEveryMutation(t *testing.T) {
	p, err := synthetic.Problem("A", "stock", 1)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := p.Encode()
	found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 30, Digest: plan.Digest(text)})
	if err != nil {
		t.Fatal(err)
	}
	original, _ := json.Marshal(found)
	if v := plan.Check(p, plan.Digest(text), found); len(v) > 0 {
		t.Fatalf("the plan itself: %v", v)
	}
	for name, mutate := range mutations() {
		changed, err := plan.DecodePlan(original)
		if err != nil {
			t.Fatal(err)
		}
		mutate(changed)
		if len(plan.Check(p, plan.Digest(text), changed)) == 0 {
			t.Errorf("%s is not noticed", name)
		}
	}
}

func TestCheckWeighsTheLoad(t *testing.T) {
	p, err := plan.DecodeProblem([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 3})
	if err != nil || len(found.Trips) != 1 {
		t.Fatal(err, len(found.Trips))
	}
	for rule, kind := range map[string]plan.TruckType{"mass": {ID: "K", VolumeML: 16_000_000, MassG: 299_999}, "volume": {ID: "K", VolumeML: 1_999_999, MassG: 300_000}} {
		p.TruckTypes[0] = kind
		v := plan.Check(p, "", found)
		if len(v) != 1 || v[0].Rule != rule {
			t.Errorf("%s: %v", rule, v)
		}
	}
}

func TestUnmetIsServedByClass(t *testing.T) {
	p, err := plan.DecodeProblem([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	p.Sites = append(p.Sites, plan.Site{ID: "S2", Lat: 39, Lon: 117, UnloadMLPS: 8000})
	p.Needs = []plan.Need{{Site: "S1", Item: "Q", Quantity: 400, Class: 1}, {Site: "S2", Item: "Q", Quantity: 400, Class: 0}}
	found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := []plan.Unmet{{Site: "S1", Item: "Q", Quantity: 300}}; !slices.Equal(found.Unmet, want) {
		t.Errorf("unmet %v, want %v", found.Unmet, want)
	}
}
