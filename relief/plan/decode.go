package plan

import "anlan/internal/kernel"

// DecodeProblem reads the JSON form of a problem and validates it. Every
// broken rule is a field of the kernel error.
func DecodeProblem(text []byte) (*Problem, error) {
	r, err := newReader(text)
	if err != nil {
		return nil, err
	}
	p := &Problem{}
	r.object(
		field{"schema", false, func() { r.str(&p.Schema) }},
		field{"items", false, func() { r.list(func() { p.Items = append(p.Items, r.item()) }) }},
		field{"warehouses", false, func() { r.list(func() { p.Warehouses = append(p.Warehouses, r.warehouse()) }) }},
		field{"sites", false, func() { r.list(func() { p.Sites = append(p.Sites, r.site()) }) }},
		field{"truck_types", false, func() { r.list(func() { p.TruckTypes = append(p.TruckTypes, r.truckType()) }) }},
		field{"trucks", false, func() { r.list(func() { p.Trucks = append(p.Trucks, r.truck()) }) }},
		field{"needs", false, func() { r.list(func() { p.Needs = append(p.Needs, r.need()) }) }},
		field{"areas", true, func() { r.list(func() { p.Areas = append(p.Areas, r.site()) }) }},
		field{"travel", false, func() { p.Travel = r.travel() }},
	)
	if err := r.errors.Err(); err != nil {
		return nil, err
	}
	return p, p.Validate()
}

func (r *reader) item() (it Item) {
	r.object(
		field{"id", false, func() { r.str(&it.ID) }},
		field{"name", true, func() { r.str(&it.Name) }},
		field{"volume_ml", false, func() { r.integer(&it.VolumeML) }},
		field{"mass_g", false, func() { r.integer(&it.MassG) }},
		field{"per_person_milli", false, func() { r.integer(&it.PerPersonMilli) }},
	)
	return it
}

func (r *reader) warehouse() (w Warehouse) {
	r.object(
		field{"id", false, func() { r.str(&w.ID) }},
		field{"name", true, func() { r.str(&w.Name) }},
		field{"lat", false, func() { r.degrees(&w.Lat) }},
		field{"lon", false, func() { r.degrees(&w.Lon) }},
		field{"docks", false, func() { r.integer(&w.Docks) }},
		field{"dock_ml_per_s", false, func() { r.integer(&w.DockMLPS) }},
		field{"setup_s", false, func() { r.integer(&w.SetupS) }},
		field{"opens_s", false, func() { r.integer(&w.OpensS) }},
		field{"stock", false, func() { r.integers(&w.Stock) }},
	)
	return w
}

func (r *reader) site() (s Site) {
	r.object(
		field{"id", false, func() { r.str(&s.ID) }},
		field{"name", true, func() { r.str(&s.Name) }},
		field{"lat", false, func() { r.degrees(&s.Lat) }},
		field{"lon", false, func() { r.degrees(&s.Lon) }},
		field{"unload_setup_s", false, func() { r.integer(&s.UnloadSetupS) }},
		field{"unload_ml_per_s", false, func() { r.integer(&s.UnloadMLPS) }},
	)
	return s
}

func (r *reader) truckType() (t TruckType) {
	r.object(
		field{"id", false, func() { r.str(&t.ID) }},
		field{"volume_ml", false, func() { r.integer(&t.VolumeML) }},
		field{"mass_g", false, func() { r.integer(&t.MassG) }},
	)
	return t
}

func (r *reader) truck() (t Truck) {
	r.object(
		field{"id", false, func() { r.str(&t.ID) }},
		field{"type", false, func() { r.str(&t.Type) }},
		field{"lat", false, func() { r.degrees(&t.Lat) }},
		field{"lon", false, func() { r.degrees(&t.Lon) }},
		field{"ready_s", false, func() { r.integer(&t.ReadyS) }},
	)
	return t
}

func (r *reader) need() (n Need) {
	r.object(
		field{"site", false, func() { r.str(&n.Site) }},
		field{"item", false, func() { r.str(&n.Item) }},
		field{"quantity", false, func() { r.integer(&n.Quantity) }},
		field{"due_s", false, func() {
			if r.peek() == 'n' {
				r.raw()
				return
			}
			n.DueS = new(int64)
			r.integer(n.DueS)
		}},
		field{"class", false, func() { r.integer(&n.Class) }},
	)
	return n
}

func (r *reader) travel() (t Travel) {
	seen := map[string]bool{}
	saw := func(name string, read func()) field {
		return field{name, true, func() { seen[name] = true; read() }}
	}
	isObject := r.peek() == '{'
	r.object(
		saw("nodes", func() {
			t.Nodes = []string{}
			r.list(func() { t.Nodes = append(t.Nodes, ""); r.str(&t.Nodes[len(t.Nodes)-1]) })
		}),
		saw("seconds", func() {
			t.Seconds = [][]int64{}
			r.list(func() {
				row := make([]int64, 0, len(t.Nodes))
				r.list(func() { row = append(row, 0); r.integer(&row[len(row)-1]) })
				t.Seconds = append(t.Seconds, row)
			})
		}),
		saw("speed_kmh", func() { r.integer(&t.SpeedKmh) }),
		saw("detour_milli", func() { r.integer(&t.DetourMilli) }),
	)
	if !isObject {
		return t
	}
	missing := func(names ...string) {
		for _, name := range names {
			if !seen[name] {
				r.path = append(r.path, step{key: name})
				r.bad("required", "")
				r.path = r.path[:len(r.path)-1]
			}
		}
	}
	switch matrix, estimate := seen["nodes"] || seen["seconds"], seen["speed_kmh"] || seen["detour_milli"]; {
	case matrix && estimate:
		r.bad("both_forms", "nodes and seconds, or speed_kmh and detour_milli")
	case matrix:
		missing("nodes", "seconds")
	case estimate:
		missing("speed_kmh", "detour_milli")
		t.positive(r, seen)
	default:
		r.bad("required", "nodes and seconds, or speed_kmh and detour_milli")
	}
	return t
}

// positive refuses an estimate's zeros here, where they still differ from
// fields that are absent.
func (t *Travel) positive(r *reader, seen map[string]bool) {
	for name, value := range map[string]int64{"speed_kmh": t.SpeedKmh, "detour_milli": t.DetourMilli} {
		if seen[name] && value == 0 {
			r.path = append(r.path, step{key: name})
			r.bad("positive", "0")
			r.path = r.path[:len(r.path)-1]
		}
	}
}

// DecodePlan reads the JSON form of a plan. Whether it is valid for a problem
// is for Check to say.
func DecodePlan(text []byte) (*Plan, error) {
	r, err := newReader(text)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	r.object(
		field{"schema", false, func() { r.str(&p.Schema) }},
		field{"problem_sha256", false, func() { r.str(&p.ProblemSHA256) }},
		field{"trips", false, func() { r.list(func() { p.Trips = append(p.Trips, r.trip()) }) }},
		field{"unmet", false, func() { r.list(func() { p.Unmet = append(p.Unmet, r.unmet()) }) }},
		field{"latest_s", false, func() { r.integer(&p.LatestS) }},
		field{"truck_s", false, func() { r.integer(&p.TruckS) }},
		field{"bound_s", false, func() { r.integer(&p.BoundS) }},
		field{"certificate", false, func() { p.Certificate = r.certificate() }},
		field{"curve", false, func() { r.list(func() { p.Curve = append(p.Curve, r.point()) }) }},
	)
	if len(r.errors.Fields) == 0 && p.Schema != PlanSchema {
		return nil, kernel.Bad("schema", "unknown", short(p.Schema))
	}
	return p, r.errors.Err()
}

func (r *reader) trip() (t Trip) {
	r.object(
		field{"truck", false, func() { r.str(&t.Truck) }},
		field{"warehouse", false, func() { r.str(&t.Warehouse) }},
		field{"dock", false, func() { r.integer(&t.Dock) }},
		field{"load_start_s", false, func() { r.integer(&t.LoadStartS) }},
		field{"depart_s", false, func() { r.integer(&t.DepartS) }},
		field{"stops", false, func() {
			r.list(func() {
				var s Stop
				r.object(
					field{"site", false, func() { r.str(&s.Site) }},
					field{"arrive_s", false, func() { r.integer(&s.ArriveS) }},
					field{"done_s", false, func() { r.integer(&s.DoneS) }},
					field{"drops", false, func() { r.integers(&s.Drops) }},
				)
				t.Stops = append(t.Stops, s)
			})
		}},
	)
	return t
}

func (r *reader) unmet() (u Unmet) {
	r.object(
		field{"site", false, func() { r.str(&u.Site) }},
		field{"item", false, func() { r.str(&u.Item) }},
		field{"quantity", false, func() { r.integer(&u.Quantity) }},
	)
	return u
}

func (r *reader) point() (p [2]int64) {
	n := 0
	isList := r.peek() == '['
	r.list(func() {
		var x int64
		r.integer(&x)
		if n < 2 {
			p[n] = x
		}
		n++
	})
	if isList && n != 2 {
		r.bad("pair", "")
	}
	return p
}

func (r *reader) certificate() (c Certificate) {
	r.object(
		field{"kind", false, func() { r.str(&c.Kind) }},
		field{"infeasible_s", true, func() { r.integer(&c.InfeasibleS) }},
		field{"coarse", true, func() { r.truth(&c.Coarse) }},
		field{"home_s", true, func() { r.integer(&c.HomeS) }},
		field{"docks", true, func() {
			r.list(func() {
				var d DockPrice
				r.object(
					field{"warehouse", false, func() { r.str(&d.Warehouse) }},
					field{"tail_s", false, func() { r.integer(&d.TailS) }},
					field{"price", false, func() { r.integer(&d.Price) }},
				)
				c.Docks = append(c.Docks, d)
			})
		}},
		field{"stock", true, func() {
			r.list(func() {
				var s StockPrice
				r.object(
					field{"warehouse", false, func() { r.str(&s.Warehouse) }},
					field{"item", false, func() { r.str(&s.Item) }},
					field{"price", false, func() { r.integer(&s.Price) }},
				)
				c.Stock = append(c.Stock, s)
			})
		}},
		field{"fleet", true, func() {
			r.list(func() {
				var f FleetPrice
				r.object(
					field{"type", false, func() { r.str(&f.Type) }},
					field{"price", false, func() { r.integer(&f.Price) }},
				)
				c.Fleet = append(c.Fleet, f)
			})
		}},
	)
	return c
}
