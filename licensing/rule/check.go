package rule

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

var (
	idPattern   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	itemPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)
)

// add puts a checked item into the catalogue.
func (c *Catalogue) add(check *kernel.Check, where string, it Item) {
	it.check(check, where+".")
	if _, twice := c.byID[it.ID]; twice {
		check.Add(where+".id", "duplicate", it.ID)
		return
	}
	if _, ok := c.Category(it.Category); !ok {
		check.Add(where+".category", "not_found", it.Category)
	}
	versions := it.Versions
	it.Versions = nil
	c.items = append(c.items, &it)
	c.byID[it.ID] = &it
	if len(versions) == 0 {
		check.Add(where+".versions", "required", "")
	}
	for i, v := range versions {
		c.addVersion(check, at(where+".versions", i), v)
	}
}

func (c *Catalogue) addVersion(check *kernel.Check, where string, v *Version) {
	if v == nil {
		check.Add(where, "required", "")
		return
	}
	v.check(check, where+".")
	if _, twice := c.versions[v.ID]; twice {
		check.Add(where+".id", "duplicate", v.ID)
		return
	}
	it, ok := c.byID[v.Item]
	if !ok {
		check.Add(where+".item", "not_found", v.Item)
		return
	}
	c.versions[v.ID] = v
	it.Versions = append(it.Versions, v)
}

func (it *Item) check(c *kernel.Check, at string) {
	kinds := []Kind{First, Renew, Change, Reissue, Cancel, Recheck, Reviewed, Filed, Examined}
	if !itemPattern.MatchString(it.ID) {
		c.Add(at+"id", "format", it.ID)
	}
	if !strings.HasPrefix(it.ID, it.Group+".") {
		c.Add(at+"group", "format", it.Group)
	}
	oneOf(c, at+"kind", it.Kind, kinds...)
	c.Require(at+"title.zh-CN", it.Title.ZH)
	c.Require(at+"title.en", it.Title.EN)
	c.Require(at+"summary.zh-CN", it.Summary.ZH)
}

func oneOf[T ~string](c *kernel.Check, path string, v T, allowed ...T) {
	if !slices.Contains(allowed, v) {
		c.Add(path, "choice", string(v))
	}
}

func between[T int | int64](c *kernel.Check, path string, v, low, high T) {
	if v < low || v > high {
		c.Add(path, "range", strconv.FormatInt(int64(v), 10), "min", low, "max", high)
	}
}

// check reports every broken rule of a version under a path prefix.
func (v *Version) check(c *kernel.Check, at string) {
	c.Require(at+"id", v.ID)
	c.Length(at+"id", v.ID, 120)
	if !itemPattern.MatchString(v.Item) {
		c.Add(at+"item", "format", v.Item)
	}
	if v.EffectiveFrom.IsZero() {
		c.Add(at+"effective_from", "required", "")
	}
	if !v.EffectiveTo.IsZero() && v.EffectiveTo.Before(v.EffectiveFrom) {
		c.Add(at+"effective_to", "date_order", v.EffectiveTo.String())
	}
	v.Source.check(c, at+"source.")
	oneOf(c, at+"transition", v.Transition, ToShorter, ToNew, StayOld)
	v.checkLimits(c, at)
	v.checkProcedure(c, at)
	v.checkMaterials(c, at)
	v.checkResult(c, at)
	v.checkWords(c, at)
}

func (s Source) check(c *kernel.Check, at string) {
	c.Require(at+"law", s.Law)
	oneOf(c, at+"confidence", s.Confidence, High, Medium, Low)
}

func checkLimit(c *kernel.Check, at string, l deadline.Limit) {
	if err := l.Check(); err != nil {
		var faults kernel.Check
		faults.Merge("", err)
		for _, f := range faults.Fields {
			f.Field = at + strings.TrimPrefix(f.Field, "limit.")
			c.Fields = append(c.Fields, f)
		}
	}
}

func (v *Version) checkLimits(c *kernel.Check, at string) {
	oneOf(c, at+"start", v.Start, OnReceipt, OnAcceptance)
	checkLimit(c, at+"accept_within.", v.AcceptWithin)
	checkLimit(c, at+"deliver_within.", v.DeliverWithin)
	checkLimit(c, at+"statutory.", v.Statutory.Limit)
	v.Statutory.Source.check(c, at+"statutory.source.")
	for name, p := range map[string]*Period{"promised": v.Promised, "internal": v.Internal} {
		if p == nil {
			continue
		}
		checkLimit(c, at+name+".", p.Limit)
		p.Source.check(c, at+name+".source.")
		if weight(*p) > weight(v.Statutory) {
			c.Add(at+name+".n", "rule_longer_than_statutory", strconv.Itoa(p.N), "max", v.Statutory.N)
		}
	}
	if e := v.Extension; e != nil {
		e.Source.check(c, at+"extension.source.")
		between(c, at+"extension.days", e.Days, 1, deadline.MaxDays)
		between(c, at+"extension.times", e.Times, 1, 9)
	}
	seen := map[string]bool{}
	for i, x := range v.Excluded {
		p := at + "excluded." + strconv.Itoa(i) + "."
		checkID(c, p+"cause", x.Cause, seen)
		c.Require(p+"title.zh-CN", x.Title.ZH)
		x.Source.check(c, p+"source.")
	}
}

func checkID(c *kernel.Check, path, id string, seen map[string]bool) {
	if !idPattern.MatchString(id) {
		c.Add(path, "format", id)
	} else if seen[id] {
		c.Add(path, "duplicate", id)
	}
	seen[id] = true
}

func (v *Version) checkProcedure(c *kernel.Check, at string) {
	if len(v.Who) == 0 {
		c.Add(at+"who", "required", "")
	}
	for i, w := range v.Who {
		oneOf(c, at+"who."+strconv.Itoa(i), w, Enterprise, Person)
	}
	v.checkSteps(c, at)
	if n := v.SiteCheck.Officers; v.SiteCheck.Needed && n < 2 {
		c.Add(at+"site_check.officers", "too_few", strconv.Itoa(n), "min", 2) // 行政许可法 art. 34
	}
	if _, ok := v.Step("check"); v.SiteCheck.Needed && !ok {
		c.Add(at+"steps", "rule_no_check_step", "")
	}
	if v.Pledge.Allowed {
		checkLimit(c, at+"pledge.verify_within.", v.Pledge.VerifyWithin)
	}
	if v.Deficit.Allowed {
		checkLimit(c, at+"deficit.within.", v.Deficit.Within)
	}
	for i, s := range v.Silence {
		p := at + "silence." + strconv.Itoa(i) + "."
		oneOf(c, p+"on", s.On, "acceptance", "decision", "renewal", "correction", "delivery")
		oneOf(c, p+"effect", s.Effect, "deemed_accepted", "deemed_renewed", "remedy", "refused")
		c.Require(p+"text.zh-CN", s.Text.ZH)
		s.Source.check(c, p+"source.")
	}
}

// checkSteps: the desks stand in their order, their limits are working days
// and those up to the decision fit into the statutory limit.
func (v *Version) checkSteps(c *kernel.Check, at string) {
	order, last, sum := StepIDs(), -1, 0
	for i, s := range v.Steps {
		p := at + "steps." + strconv.Itoa(i) + "."
		n := slices.Index(order, s.ID)
		switch {
		case n < 0:
			c.Add(p+"id", "choice", s.ID)
		case n <= last:
			c.Add(p+"id", "rule_step_order", s.ID)
		}
		last = max(last, n)
		checkLimit(c, p+"limit.", s.Limit)
		if s.Limit.Unit != deadline.WorkingDays {
			c.Add(p+"limit.unit", "choice", string(s.Limit.Unit))
		}
		c.Require(p+"title.zh-CN", s.Title.ZH)
		if phase(s.ID) == "decide" || phase(s.ID) == "accept" && v.StartsAtReceipt() {
			sum += s.Limit.N
		}
	}
	for _, id := range []string{"intake", "approve"} {
		if _, ok := v.Step(id); !ok {
			c.Add(at+"steps", "rule_missing_step", id)
		}
	}
	if v.Statutory.Unit == deadline.WorkingDays && sum > v.Statutory.N {
		c.Add(at+"steps", "rule_longer_than_statutory", strconv.Itoa(sum), "max", v.Statutory.N)
	}
}
