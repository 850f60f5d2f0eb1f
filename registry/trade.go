package registry

import (
	"anlan/internal/kernel"
)

// Trade is a line of business under the bureau's eye. The codes are the
// platform's own; Class is the usual class of GB/T 4754-2017, "" where several
// fit.
type Trade struct {
	Code  string
	Name  kernel.Text
	Class string
}

// Trades returns the lines of business an enterprise may name, in the order
// of lists on screen.
func Trades() []Trade {
	return []Trade{
		{"chemical_production", kernel.Text{ZH: "危险化学品生产", EN: "Hazardous chemical production"}, ""},
		{"chemical_use", kernel.Text{ZH: "危险化学品使用", EN: "Hazardous chemical use"}, ""},
		{"chemical_storage", kernel.Text{ZH: "危险化学品储存经营", EN: "Hazardous chemical storage and trade"}, "5942"},
		{"chemical_trade", kernel.Text{ZH: "危险化学品经营（不带储存）", EN: "Hazardous chemical trade without storage"}, "5169"},
		{"petrol_station", kernel.Text{ZH: "加油站", EN: "Petrol station"}, "5265"},
		{"fireworks_wholesale", kernel.Text{ZH: "烟花爆竹批发", EN: "Fireworks wholesale"}, "5199"},
		{"precursor", kernel.Text{ZH: "非药品类易制毒化学品", EN: "Non-pharmaceutical precursor chemicals"}, ""},
		{"mine", kernel.Text{ZH: "非煤矿山", EN: "Non-coal mine"}, ""},
		{"metal_dust", kernel.Text{ZH: "工贸（涉爆粉尘）", EN: "Industrial trade: combustible dust"}, ""},
		{"molten_metal", kernel.Text{ZH: "工贸（高温熔融金属）", EN: "Industrial trade: molten metal"}, ""},
		{"confined_space", kernel.Text{ZH: "工贸（有限空间）", EN: "Industrial trade: confined space"}, ""},
		{"logistics", kernel.Text{ZH: "物流仓储", EN: "Logistics and storage"}, "5990"},
		{"medical_supplies", kernel.Text{ZH: "医用物资生产", EN: "Medical supplies"}, "2770"},
		{"evaluation", kernel.Text{ZH: "安全评价检测检验机构", EN: "Safety evaluation and testing agency"}, "7450"},
		{"training", kernel.Text{ZH: "安全培训机构", EN: "Safety training agency"}, "8391"},
		{"other", kernel.Text{ZH: "其他", EN: "Other"}, ""},
	}
}

// TradeName returns the name of a trade code; an unknown code is its own
// name.
func TradeName(code string) kernel.Text {
	for _, t := range Trades() {
		if t.Code == code {
			return t.Name
		}
	}
	return kernel.Text{ZH: code}
}

func knownTrade(code string) bool {
	for _, t := range Trades() {
		if t.Code == code {
			return true
		}
	}
	return false
}
