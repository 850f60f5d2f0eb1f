package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

// ReliefRun says which synthetic problem to plan, and for how long.
type ReliefRun struct {
	Size, Mode string
	Seed       uint64
	Budget     time.Duration
	Keep       string // directory that the problem is written into; "" for none
}

// ReliefResult is how good a plan was found, and how fast.
type ReliefResult struct {
	Size    string  `json:"size"`
	Mode    string  `json:"mode"`
	Seed    uint64  `json:"seed"`
	FirstMS float64 `json:"first_ms"` // until the first valid plan
	FirstS  int64   `json:"first_latest_s"`
	TotalMS float64 `json:"total_ms"`
	LatestS int64   `json:"latest_s"`
	BoundS  int64   `json:"bound_s"`
	Ratio   float64 `json:"ratio"` // latest_s ÷ bound_s
	Trips   int     `json:"trips"`
	Unmet   int     `json:"unmet"`
	CheckMS float64 `json:"check_ms"`
	Broken  int     `json:"broken_rules"` // what Check found
}

// Relief plans one synthetic problem on one thread and checks the plan.
func Relief(r ReliefRun) (*ReliefResult, error) {
	p, err := synthetic.Problem(r.Size, r.Mode, r.Seed)
	if err != nil {
		return nil, err
	}
	text, err := p.Encode()
	if err != nil {
		return nil, err
	}
	if r.Keep != "" {
		name := filepath.Join(r.Keep, fmt.Sprintf("%s-%s-%d.json", r.Size, r.Mode, r.Seed))
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return nil, err
		}
	}
	res := &ReliefResult{Size: r.Size, Mode: r.Mode, Seed: r.Seed}
	start := time.Now()
	ms := func(from time.Time) float64 { return float64(time.Since(from).Microseconds()) / 1000 }
	found, err := plan.Solve(p, plan.Options{Seed: 1, Digest: plan.Digest(text),
		Spent: func() float64 { return float64(time.Since(start)) / float64(r.Budget) },
		Improved: func(better *plan.Plan) {
			if res.FirstMS == 0 {
				res.FirstMS, res.FirstS = ms(start), better.LatestS
			}
		}})
	if err != nil {
		return nil, err
	}
	res.TotalMS = ms(start)
	res.LatestS, res.BoundS, res.Trips, res.Unmet = found.LatestS, found.BoundS, len(found.Trips), len(found.Unmet)
	if found.BoundS > 0 {
		res.Ratio = float64(found.LatestS*1000/found.BoundS) / 1000
	}
	start = time.Now()
	res.Broken = len(plan.Check(p, plan.Digest(text), found))
	res.CheckMS = ms(start)
	return res, nil
}
