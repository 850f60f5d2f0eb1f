package sample

import (
	"fmt"
	"slices"
	"time"

	"anlan/internal/kernel"
	"anlan/registry"
)

// quota is how many enterprises of a trade the city has, and where.
type quota struct {
	trade string
	count int
	core  int      // of these, how many belong to the core
	areas []string // where they lie; nil: anywhere
	names []string // what the name ends in
}

// DueStations is how many petrol stations have a business licence that is due
// within weeks. The bureau once named this number.
const DueStations = 12

var (
	outer  = []string{"120110", "120111", "120112", "120113", "120114", "120115", "120117", "120118", "120119", "120116"}
	coast  = []string{"120116", "120116-TEDA", "120116-FTZ"}
	ports  = []string{"120116-DJ", "120116-FTZ", "120116", "120116-TEDA"}
	makers = []string{"120116-TEDA", "120116-THT", "120110", "120111", "120112", "120113", "120114", "120118", "120115"}
)

// quotas add up to 308 enterprises, the mix of a port city with heavy
// industry.
func quotas() []quota {
	return []quota{
		{"petrol_station", 80, 16, nil, []string{"加油站", "加油站有限公司", "石油第二加油站"}},
		{"chemical_production", 24, 4, coast, []string{"石化有限公司", "精细化工有限公司", "新材料有限公司", "气体有限公司"}},
		{"chemical_storage", 30, 3, ports, []string{"化工仓储有限公司", "液体化工码头有限公司", "危险品物流有限公司"}},
		{"chemical_trade", 40, 3, nil, []string{"化工贸易有限公司", "化工销售有限公司", "试剂有限公司"}},
		{"chemical_use", 20, 1, makers, []string{"制药有限公司", "涂料有限公司", "电子材料有限公司"}},
		{"fireworks_wholesale", 12, 2, outer, []string{"烟花爆竹有限公司", "花炮批发有限公司"}},
		{"precursor", 8, 1, coast, []string{"酸碱化工有限公司", "溶剂有限公司"}},
		{"mine", 3, 1, []string{"120119"}, []string{"矿业有限公司", "石材开采有限公司"}},
		{"metal_dust", 24, 1, makers, []string{"金属制品有限公司", "自行车零件有限公司", "铝轮毂有限公司"}},
		{"molten_metal", 16, 1, makers, []string{"钢铁有限公司", "铸造有限公司", "铜业有限公司"}},
		{"confined_space", 12, 0, makers, []string{"食品有限公司", "造纸有限公司", "污水处理有限公司"}},
		{"logistics", 20, 1, ports, []string{"物流有限公司", "冷链物流有限公司", "集装箱服务有限公司"}},
		{"medical_supplies", 12, 1, makers, []string{"医疗用品有限公司", "防护用品有限公司", "消毒用品有限公司"}},
		{"evaluation", 4, 1, nil, []string{"安全评价有限公司", "检测技术有限公司"}},
		{"training", 3, 0, nil, []string{"安全培训学校", "职业培训有限公司"}},
	}
}

var words = []string{"海河", "渤海", "津门", "滨海", "北辰", "蓟运", "大沽", "潮白", "长芦", "燕山", "永定", "七里", "盘山", "子牙", "天穆", "独流",
	"军粮", "葛沽", "杨柳", "团泊", "汉沽", "塘沽", "大港", "南港", "临港", "中塘", "新港", "华苑", "双街", "双港", "咸水", "小站"}

// firm is an enterprise of the plan.
type firm struct {
	registry.Enterprise
	No      int // from 1, in the order of the plan
	Core    bool
	Since   time.Time // when it was registered
	DueSoon bool      // a petrol station whose licence runs out soon, so that its renewal has to be filed within weeks
	Site    registry.SiteKind
}

// firms plans every enterprise, the core first in each trade. today fixes how
// long ago they were registered.
func firms(seed uint64, areas []registry.Area, today kernel.Date) []firm {
	place := map[string]registry.Area{}
	var anywhere []string
	for _, a := range areas {
		place[a.Code] = a
		if a.CarriesRows() {
			anywhere = append(anywhere, a.Code)
		}
	}
	slices.Sort(anywhere)
	var out []firm
	for _, q := range quotas() {
		d := newDice(seed, "firms "+q.trade)
		if q.areas == nil {
			q.areas = anywhere
		}
		for i := range q.count {
			f := firm{No: len(out) + 1, Core: i < q.core, DueSoon: q.trade == "petrol_station" && i < DueStations, Site: siteOf(q.trade)}
			f.Enterprise = d.enterprise(q, i, f.No, place)
			f.Since = d.morning(today.AddDays(-d.between(4*365, 6*365)))
			out = append(out, f)
		}
	}
	return out
}

// enterprise makes the i-th one of a trade. Areas are taken in turn, so that
// each is used before one comes again.
func (d dice) enterprise(q quota, i, no int, place map[string]registry.Area) registry.Enterprise {
	area := place[q.areas[i%len(q.areas)]]
	word := words[(i*7+len(q.trade))%len(words)]
	boss := d.personName()
	e := registry.Enterprise{
		USCC:        creditCode(no),
		Name:        fmt.Sprintf("样例%s%s%s", word, ordinal(i/len(words)), q.names[i%len(q.names)]),
		Area:        area.Code,
		Address:     fmt.Sprintf("%s样例路%d号", area.Full, no),
		Pos:         d.near(area.Pos, 3000),
		Trade:       q.trade,
		LegalPerson: boss,
		Sample:      true,
		Contacts: []registry.Contact{
			{Role: registry.LegalPersonContact, Name: boss, Phone: phone(no * 10)},
			{Role: registry.SafetyManager, Name: d.personName(), Phone: phone(no*10 + 1)},
			{Role: registry.LicenceContact, Name: d.personName(), Phone: phone(no*10 + 2), Email: fmt.Sprintf("firm%03d@sample.invalid", no)},
		},
		Attributes: registry.Attributes{Employees: d.between(8, 40) * d.between(1, 12)},
	}
	d.standing(&e, i)
	return e
}

// standing adds what distinguishes enterprises of a trade.
func (d dice) standing(e *registry.Enterprise, i int) {
	if d.chance(60) {
		e.Attributes.Standardisation = d.between(2, 3)
	}
	switch e.Trade {
	case "chemical_production", "chemical_storage":
		e.Attributes.MajorHazard = d.between(1, 4)
	case "fireworks_wholesale":
		e.Attributes.MajorHazard = 4
	case "medical_supplies":
		e.Attributes.KeySupply = true
	case "logistics":
		e.Attributes.KeySupply = i%2 == 0
	case "petrol_station":
		e.Attributes.Employees = d.between(5, 16)
	}
}

// ordinal tells the second round of the same words from the first.
func ordinal(round int) string {
	if round == 0 {
		return ""
	}
	return []string{"", "东", "西", "南", "北", "中"}[round%6]
}

func siteOf(trade string) registry.SiteKind {
	switch trade {
	case "petrol_station":
		return registry.Station
	case "chemical_storage":
		return registry.TankFarm
	case "fireworks_wholesale", "logistics":
		return registry.Store
	case "chemical_trade", "evaluation", "training":
		return ""
	}
	return registry.Plant
}

// morning is an instant in the office hours of a day.
func (d dice) morning(day kernel.Date) time.Time {
	return day.Start().Add(8*time.Hour + 30*time.Minute + time.Duration(d.IntN(8*3600))*time.Second)
}
