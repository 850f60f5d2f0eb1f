package plan

import (
	"math"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// The verdicts.
const (
	Proved  = "PROVED"  // a checked plan stands behind every loss set
	Refuted = "REFUTED" // no plan can exist
	Open    = "OPEN"    // neither was shown
)

// Claim says: People within WithinS seconds, whatever Loss warehouses are lost.
type Claim struct {
	People  int64 `json:"people"`
	WithinS int64 `json:"within_s"`
	Loss    int64 `json:"loss"`
}

// Guarantee is the answer to a claim. Achievable and Upper are the minima of
// the areas.
type Guarantee struct {
	Claim      Claim         `json:"claim"`
	Verdict    string        `json:"verdict"`
	Achievable int64         `json:"achievable"` // people, by checked plans
	Upper      int64         `json:"upper"`      // people, nobody can do more
	Areas      []AreaVerdict `json:"areas"`
}

// AreaVerdict is the answer for one area, asked alone with the whole stock
// and fleet.
type AreaVerdict struct {
	Area       string   `json:"area"`
	Verdict    string   `json:"verdict"`
	Achievable int64    `json:"achievable"`
	Upper      int64    `json:"upper"`
	WorstLoss  []string `json:"worst_loss"`
	Cut        []Cut    `json:"cut"` // what limits the upper bound when WorstLoss is lost
}

// Cut is one capacity of the bottleneck.
type Cut struct {
	Kind      string `json:"kind"` // stock, dock, fleet, road
	Warehouse string `json:"warehouse"`
	Item      string `json:"item"`
	Text      string `json:"text"` // Chinese, then English
}

// GuaranteeOptions are how Prove looks for plans.
type GuaranteeOptions struct {
	Seed uint64
	// BoundsOnly looks for no plans: what is not REFUTED stays OPEN.
	BoundsOnly bool
	// Spent returns the part of the budget that is used; nil: as long as it
	// takes. What was not shown by then is open.
	Spent func() float64
	// Progress is called after every loss set that was looked at.
	Progress func(done, total int)
	// Proof is called with every checked plan, the problem it solves (the area
	// as its only site, lost warehouses left out) and the people it supplies.
	Proof func(area string, people int64, p *Problem, plan *Plan)
}

// maxSets is how many loss sets are looked at for an area.
const maxSets = 200_000

// Prove answers a claim for every area of a valid problem.
func Prove(p *Problem, claim Claim, o GuaranteeOptions) (*Guarantee, error) {
	if err := checkClaim(p, claim); err != nil {
		return nil, err
	}
	g := &Guarantee{Claim: claim, Verdict: Proved, Achievable: math.MaxInt64, Upper: math.MaxInt64}
	for i := range p.Areas {
		q := &inquiry{p: p, area: &p.Areas[i], claim: claim, o: o, index: i}
		v := q.answer()
		g.Areas = append(g.Areas, v)
		g.Achievable, g.Upper = min(g.Achievable, v.Achievable), min(g.Upper, v.Upper)
		switch {
		case v.Verdict == Refuted:
			g.Verdict = Refuted
		case v.Verdict == Open && g.Verdict == Proved:
			g.Verdict = Open
		}
	}
	return g, nil
}

func checkClaim(p *Problem, claim Claim) error {
	var c kernel.Check
	check := func(field string, n, most int64) {
		if n < 0 || n > most {
			c.Add(field, "range", strconv.FormatInt(n, 10), "min", 0, "max", most)
		}
	}
	check("people", claim.People, 1<<40)
	check("within", claim.WithinS, 1<<32)
	check("loss", claim.Loss, 1000)
	if len(p.Areas) == 0 {
		c.Add("areas", "required", "")
	}
	if !slices.ContainsFunc(p.Items, func(it Item) bool { return it.PerPersonMilli > 0 }) {
		c.Add("items", "no_per_person", "")
	}
	return c.Err()
}

// inquiry is the search for one area.
type inquiry struct {
	p     *Problem
	area  *Site
	claim Claim
	o     GuaranteeOptions
	index int
	limit *areaLimit
	plans []shownPlan
}

// shownPlan is a checked plan: it holds whenever none of its warehouses is lost.
type shownPlan struct {
	people int64
	uses   []int
}

func (q *inquiry) answer() AreaVerdict {
	q.limit = newAreaLimit(q.p, q.area, q.claim.WithinS)
	upper, worst := q.limit.worst(int(min(q.claim.Loss, int64(len(q.p.Warehouses)))))
	v := AreaVerdict{Area: q.area.ID, Upper: upper, WorstLoss: []string{}, Verdict: Open}
	complete := false
	if !q.o.BoundsOnly {
		v.Achievable, complete = q.achievable(upper, worst)
	}
	switch {
	case upper < q.claim.People:
		v.Verdict = Refuted
	case complete && v.Achievable >= q.claim.People:
		v.Verdict = Proved
	}
	for _, w := range worst {
		v.WorstLoss = append(v.WorstLoss, q.p.Warehouses[w].ID)
	}
	v.Cut = q.limit.words(worst, upper)
	return v
}

// achievable is how many people are supplied whatever is lost, and whether
// every loss set was looked at. The worst set is looked at first: what can be
// done under it is then only to be confirmed under the others.
func (q *inquiry) achievable(upper int64, worst []int) (int64, bool) {
	people := q.best(worst, upper)
	sets := q.limit.sets(int(min(q.claim.Loss, int64(len(q.p.Warehouses)))))
	if len(sets) > maxSets {
		return 0, false
	}
	for i, lost := range sets {
		if people == 0 {
			break
		}
		if !q.shown(lost, people) {
			if q.spent() >= 1 {
				return 0, false
			}
			people = min(people, q.best(lost, people))
		}
		if q.o.Progress != nil {
			q.o.Progress(q.index*len(sets)+i+1, len(q.p.Areas)*len(sets))
		}
	}
	return people, true
}

func (q *inquiry) spent() float64 {
	if q.o.Spent == nil {
		return 0
	}
	return q.o.Spent()
}

// shown reports whether a plan made before serves when these are lost.
func (q *inquiry) shown(lost []int, people int64) bool {
	return slices.ContainsFunc(q.plans, func(s shownPlan) bool {
		return s.people >= people && !slices.ContainsFunc(s.uses, func(w int) bool { return slices.Contains(lost, w) })
	})
}

// best is how many people, at most target, a checked plan supplies when these
// warehouses are lost.
func (q *inquiry) best(lost []int, target int64) int64 {
	target = min(target, q.limit.upper(lost))
	low, high := int64(0), target
	for try := range 5 {
		aim := high
		if try > 0 {
			aim = low + (high-low)*2/3
		}
		if aim <= low || high-low <= target/40 && low > 0 {
			break
		}
		got := q.supply(lost, aim, try)
		low = max(low, got)
		if got >= aim {
			if aim == target {
				break
			}
		} else {
			high = aim
		}
	}
	return low
}

// supply plans for a number of people and returns for how many of them the
// checked plan is enough.
func (q *inquiry) supply(lost []int, people int64, try int) int64 {
	a := newAreaPlanner(q.p, q.area, lost, people, q.claim.WithinS, q.o.Seed+uint64(try))
	if a == nil {
		return 0
	}
	served := a.search(40)
	if served == 0 {
		return 0
	}
	problem, found := a.proof(served)
	if found.LatestS > q.claim.WithinS || len(found.Unmet) > 0 || len(Check(problem, "", found)) > 0 {
		return 0
	}
	var uses []int
	for w := range q.p.Warehouses {
		if slices.ContainsFunc(found.Trips, func(t Trip) bool { return t.Warehouse == q.p.Warehouses[w].ID }) {
			uses = append(uses, w)
		}
	}
	q.plans = append(q.plans, shownPlan{served, uses})
	if q.o.Proof != nil {
		q.o.Proof(q.area.ID, served, problem, found)
	}
	return served
}
