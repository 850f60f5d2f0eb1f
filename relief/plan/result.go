package plan

import (
	"cmp"
	"slices"
)

// tell reports the current plan as the best so far.
func (s *solver) tell() {
	if s.o.Improved != nil {
		s.o.Improved(s.plan())
	}
}

// result is the best plan with the best bound.
func (s *solver) result() *Plan {
	if s.proof != nil {
		s.proof.refine()
	}
	return s.plan()
}

// plan writes the state in the plan's form.
func (s *solver) plan() *Plan {
	p := &Plan{Schema: PlanSchema, ProblemSHA256: s.o.Digest, Trips: []Trip{}, Unmet: []Unmet{}, Curve: [][2]int64{}, Certificate: Certificate{Kind: "none"}}
	order := slices.Clone(s.live)
	slices.SortFunc(order, func(a, b int) int {
		x, y := &s.loads[a], &s.loads[b]
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.house, y.house), cmp.Compare(x.dock, y.dock), cmp.Compare(x.truck, y.truck))
	})
	units := map[int64]int64{}
	for _, j := range order {
		l := &s.loads[j]
		p.Trips = append(p.Trips, s.trip(l, units))
		p.LatestS = max(p.LatestS, l.start+l.length)
		p.TruckS += s.approach(l) + l.length
	}
	for t := range units {
		p.Curve = append(p.Curve, [2]int64{t, units[t]})
	}
	slices.SortFunc(p.Curve, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	for i := 1; i < len(p.Curve); i++ {
		p.Curve[i][1] += p.Curve[i-1][1]
	}
	p.Unmet = s.unmet()
	if s.proof != nil && s.proof.proved >= 0 {
		p.BoundS, p.Certificate = s.proof.bound()
	}
	return p
}

func (s *solver) approach(l *load) int64 {
	if l.beforeTruck == none {
		return s.m.roads.start(l.truck, l.house)
	}
	return s.m.roads.back(s.loads[l.beforeTruck].lastSite(), l.house)
}

func (s *solver) trip(l *load, units map[int64]int64) Trip {
	t := Trip{Truck: s.p.Trucks[l.truck].ID, Warehouse: s.p.Warehouses[l.house].ID, Dock: int64(l.dock), LoadStartS: l.start, DepartS: l.start + l.dockTime}
	at := t.DepartS
	for i := range l.stops {
		st := &l.stops[i]
		if i == 0 {
			at += s.m.roads.out(l.house, st.site)
		} else {
			at += s.m.roads.across(l.stops[i-1].site, st.site)
		}
		stop := Stop{Site: s.p.Sites[st.site].ID, ArriveS: at, DoneS: l.start + st.done, Drops: map[string]int64{}}
		for _, x := range st.lots {
			stop.Drops[s.p.Items[s.cells[x.cell].item].ID] += x.n
			units[stop.DoneS] += x.n
		}
		at = stop.DoneS
		t.Stops = append(t.Stops, stop)
	}
	return t
}

// unmet is needs minus what is on the loads, in the order of the needs.
func (s *solver) unmet() []Unmet {
	brought := map[[2]string]int64{}
	for _, j := range s.live {
		for _, st := range s.loads[j].stops {
			for _, x := range st.lots {
				brought[[2]string{s.p.Sites[st.site].ID, s.p.Items[s.cells[x.cell].item].ID}] += x.n
			}
		}
	}
	rows := []Unmet{}
	at := map[[2]string]int{}
	for _, n := range s.p.Needs {
		key := [2]string{n.Site, n.Item}
		i, found := at[key]
		if !found {
			i = len(rows)
			at[key] = i
			rows = append(rows, Unmet{n.Site, n.Item, -brought[key]})
		}
		rows[i].Quantity += n.Quantity
	}
	return slices.DeleteFunc(rows, func(u Unmet) bool { return u.Quantity == 0 })
}
