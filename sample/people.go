package sample

import (
	"anlan/internal/kernel"
	"anlan/registry"
)

// HolderCount is how many people hold, or ask for, a special-operation
// certificate.
const HolderCount = 240

// holder is a person of the plan.
type holder struct {
	registry.Person
	No       int
	Employer int    // No of the firm, 0 none
	Trade    string // 作业类别 of the certificate
	Since    kernel.Date
}

// operations are common categories of special operation (特种作业目录).
var operations = []string{"熔化焊接与热切割作业", "低压电工作业", "高压电工作业", "高处安装、维护、拆除作业", "制冷与空调设备运行操作作业",
	"氯化工艺作业", "加氢工艺作业", "聚合工艺作业", "氧化工艺作业", "化工自动化控制仪表作业"}

// holders plans the people, most of them employed by an enterprise of the
// plan.
func holders(seed uint64, firms []firm, today kernel.Date) []holder {
	d := newDice(seed, "holders")
	out := make([]holder, HolderCount)
	for i := range out {
		no := i + 1
		born := kernel.NewDate(today.Year()-d.between(22, 54), 1, 1).AddDays(d.IntN(365))
		h := holder{No: no, Trade: pick(d, operations), Since: today.AddDays(-d.between(30, 6*365-30))}
		employer := firms[d.IntN(len(firms))]
		h.Person = registry.Person{Name: d.personName(), IDKind: registry.ResidentID, IDNumber: identityNumber(no, born),
			Phone: phone(9_000_000 + no), Area: employer.Area, Sample: true,
			Address: employer.Address + "样例宿舍"}
		if d.chance(85) {
			h.Employer = employer.No
		}
		out[i] = h
	}
	return out
}
