package sample

import (
	"fmt"
	"slices"
	"time"

	"anlan/internal/kernel"
	"anlan/licensing"
	"anlan/licensing/rule"
)

// story is a case of the plan: who files what, and what happens to it until
// age working days ago.
type story struct {
	no     int
	item   string
	firm   *firm   // nil: a person
	holder *holder // nil: an enterprise
	mode   licensing.DeliveryMode
	age    int
	acts   []act
}

// teller makes stories, each of another applicant.
type teller struct {
	dice    dice
	rules   *rule.Catalogue
	today   kernel.Date
	byTrade map[string][]*firm
	people  []*holder
	out     []story
}

// stories plans the cases: every state a case can be in, at every desk, in
// every way a result can travel. The freshest are told first, so that a
// visitor soon finds work on every desk.
func stories(seed uint64, rules *rule.Catalogue, p plan, today kernel.Date) []story {
	t := &teller{dice: newDice(seed, "stories"), rules: rules, today: today, byTrade: map[string][]*firm{}}
	for i := range p.firms {
		f := &p.firms[i]
		if f.DueSoon {
			continue // their renewals are told by renewals
		}
		t.byTrade[f.Trade] = append(t.byTrade[f.Trade], f)
	}
	for i := range ApplicantCount {
		t.people = append(t.people, &p.holders[i])
	}
	t.renewals(p.firms)
	t.open()
	t.decided()
	t.ended()
	for range 3 {
		t.history()
	}
	return t.out
}

// add tells a story of an item; trade "" is a person. A trade whose
// enterprises all have a case already tells no more.
func (t *teller) add(item, trade string, age int, acts ...[]act) {
	s := story{no: len(t.out) + 1, item: item, mode: licensing.ByMail, age: age, acts: slices.Concat(acts...)}
	if trade == "" {
		if len(t.people) == 0 {
			return
		}
		s.holder, t.people = t.people[0], t.people[1:]
	} else {
		free := t.byTrade[trade]
		if len(free) == 0 {
			return
		}
		s.firm, t.byTrade[trade] = free[0], free[1:]
	}
	t.out = append(t.out, s)
}

// by mode changes how the result of the last story travels.
func (t *teller) byMode(mode licensing.DeliveryMode) { t.out[len(t.out)-1].mode = mode }

func (t *teller) through(item string, before licensing.Step) []act {
	it, ok := t.rules.ItemByID(item)
	if !ok {
		panic("sample: no item " + item) // the catalogue is shipped with the program
	}
	return through(it, t.today, before, []string{"site", "video"}[t.dice.IntN(2)])
}

// renewals: of the petrol stations whose licence runs out, two have filed.
func (t *teller) renewals(firms []firm) {
	for i := range firms {
		if !firms[i].DueSoon || firms[i].No > 2 {
			continue
		}
		s := story{no: len(t.out) + 1, item: "petrol-station.renew", firm: &firms[i], mode: licensing.ByMail, age: 1, acts: filed()}
		if firms[i].No == 2 {
			s.age, s.acts = 2, append(filed(), accept(1))
		}
		t.out = append(t.out, s)
	}
}

// open are cases that lie on somebody's desk today.
func (t *teller) open() {
	station, trade, storage := "petrol-station.first", "hazchem-business.first", "hazchem-business.first"
	t.add(station, "petrol_station", 2, filed()[:2]) // a draft
	t.add("special-operation.first", "", 3, filed()[:1])
	t.add(station, "petrol_station", 1, filed())
	t.add(trade, "chemical_trade", 1, filed())
	t.add("fireworks-wholesale.first", "fireworks_wholesale", 2, filed())
	t.add("special-operation.first", "", 1, filed())
	t.add(trade, "chemical_trade", 4, filed()) // silence is near
	t.add(station, "petrol_station", 1, filed(), []act{silence(6)})
	t.add(station, "petrol_station", 2, filed(), []act{correct(1)})
	t.add("hazchem-use.first", "chemical_use", 6, filed(), []act{correct(2)})
	t.add(station, "petrol_station", 1, filed(), []act{correct(2), supplement(3)})
	t.add(trade, "chemical_trade", 2, filedIncomplete(), []act{acceptDeficit(2)})
	t.add(station, "petrol_station", 2, filed(), []act{accept(1)})
	t.add("special-operation.first", "", 2, filed(), []act{accept(1)})
	for _, at := range []licensing.Step{licensing.SiteCheck, licensing.Examine, licensing.Legal, licensing.Approve} {
		t.add(station, "petrol_station", 1, filed(), []act{accept(1)}, t.through(station, at))
		t.add(storage, "chemical_storage", 1, filed(), []act{accept(2)}, t.through(storage, at))
	}
	t.add("hazchem-production.first", "chemical_production", 1, filed(), []act{accept(1)}, t.through("hazchem-production.first", licensing.Approve))
	t.add("hazchem-production.first", "chemical_production", 3, filed(), []act{accept(1), pause(3)})
	t.add("hazchem-production.first", "chemical_production", 2, filed(), []act{accept(1), pause(3), resume(8)})
	t.add("hazchem-use.first", "chemical_use", 1, filed(), []act{accept(1), askExtension(12)})
	t.add("hazchem-use.first", "chemical_use", 1, filed(), []act{accept(1), askExtension(10), grantExtension(1)})
	t.add(trade, "chemical_trade", 17, filed(), []act{accept(1)}) // the limit is near
	t.add(trade, "chemical_trade", 24, filed(), []act{accept(1)}) // and here it has passed
	t.add("construction-conditions.review", "chemical_production", 2, filed(), []act{accept(1)}, t.through("construction-conditions.review", licensing.Examine))
	t.add("mine-safety.first", "mine", 2, filed(), []act{accept(1)}, t.through("mine-safety.first", licensing.SiteCheck))
	t.add("evaluation-agency.first", "evaluation", 1, filed(), []act{accept(1)})
	t.add("precursor-business.first", "precursor", 1, filed(), []act{accept(1)})
}

// granted are the acts until the decision.
func (t *teller) granted(item string) []act {
	return slices.Concat(filed(), []act{accept(1)}, t.through(item, licensing.Approve), []act{decide(1, licensing.Granted)})
}

// decided are cases whose result is being made or is on its way.
func (t *teller) decided() {
	item, trade := "petrol-station.first", "petrol_station"
	for i, end := range [][]act{
		{},
		{made(1)},
		{made(1), checkedMade(0)},
		{made(1), checkedMade(0), posted(1)},
		{made(1), checkedMade(0), posted(1), returned(6)},
		{made(1), checkedMade(0), posted(1), returned(6), settled(1), posted(1)},
		{made(1), checkedMade(0), posted(1), signed(3)},
		{made(1), checkedMade(0), posted(1), signed(3), archived(2)},
	} {
		t.add(item, trade, 1+i%3, t.granted(item), end)
	}
	t.add(item, trade, 2, t.granted(item), []act{made(1), checkedMade(0)})
	t.byMode(licensing.ByPickUp)
	t.add(item, trade, 2, t.granted(item), []act{made(1), checkedMade(0), handedOver(2), archived(1)})
	t.byMode(licensing.ByPickUp)
	t.add("special-operation.first", "", 2, t.granted("special-operation.first"), []act{online(1), archived(1)})
	t.byMode(licensing.ByElectronic)
	t.add("construction-conditions.review", "chemical_production", 3, t.granted("construction-conditions.review"), []act{made(1), checkedMade(0), posted(1)})
	t.add("precursor-filing.first", "precursor", 2, filed(), []act{accept(0), decide(0, licensing.Granted)})
}

// ended are cases that ended otherwise.
func (t *teller) ended() {
	trade := "hazchem-business.first"
	t.add(trade, "chemical_trade", 8, filed(), []act{accept(1)}, t.through(trade, licensing.Approve), []act{decide(1, licensing.Denied)})
	t.add(trade, "chemical_trade", 12, filed(), []act{accept(1)}, t.through(trade, licensing.Approve), []act{decide(1, licensing.Denied), posted(1), signed(3), archived(2)})
	t.add(trade, "chemical_trade", 6, filed(), []act{turnAway(2, licensing.Refused, "申请人隐瞒有关情况，依法不予受理", "")})
	t.add(trade, "chemical_trade", 9, filed(), []act{turnAway(1, licensing.NotNeeded, "所列品种不在《危险化学品目录》内，不需要取得许可", "")})
	t.add(trade, "chemical_trade", 5, filed(), []act{turnAway(1, licensing.OtherAuthority, "属于燃气经营，不由本机关许可", "区城市管理委员会")})
	t.add(trade, "chemical_trade", 7, filed(), []act{accept(1), withdraw(3)})
	t.add(trade, "chemical_trade", 3, filedIncomplete(), []act{acceptDeficit(1), breakPromise(8)})
	t.add("special-operation.first", "", 10, filed(), []act{turnAway(1, licensing.Refused, "年龄不符合规定", "")})
}

// history are cases of the past months that went all the way, with their
// ratings.
func (t *teller) history() {
	end := func(stars int, text string) []act {
		return []act{acknowledged(1), made(0), checkedMade(0), posted(1), signed(2), archived(1), rated(0, stars, text)}
	}
	for i, s := range []struct{ item, trade string }{
		{"petrol-station.first", "petrol_station"}, {"petrol-station.first", "petrol_station"}, {"hazchem-business.first", "chemical_storage"},
		{"hazchem-business.first", "chemical_trade"}, {"hazchem-use.first", "chemical_use"}, {"special-operation.first", ""},
		{"fireworks-wholesale.first", "fireworks_wholesale"}, {"hazchem-production.first", "chemical_production"},
	} {
		stars, text := 5, "全程网上办理，没有跑一趟。"
		if i == 3 {
			stars, text = 2, "补正通知说得不够清楚。"
		}
		t.add(s.item, s.trade, 20+t.dice.IntN(60), t.granted(s.item), end(stars, text))
	}
}

// tell turns a story into steps in the time of the city: the last act lies age
// working days before today, all in office hours.
func (c *City) tell(s story) []step {
	total := s.age
	for _, a := range s.acts {
		total += a.wait
	}
	f := &file{City: c, story: &s}
	day := c.calendar.AddWorking(kernel.DateOf(c.until), -total)
	minute := newDice(c.Seed, fmt.Sprintf("story %d", s.no)).IntN(240)
	out := make([]step, len(s.acts))
	for i, a := range s.acts {
		day = c.calendar.AddWorking(day, a.wait)
		at := day.Start().Add(9*time.Hour + time.Duration(minute+i*4)*time.Minute)
		out[i] = step{at, fmt.Sprintf("case %d", s.no), f.step(a)}
	}
	return out
}
