package kernel

// provinces are the first two digits of GB/T 2260 under which identity
// numbers are issued.
var provinces = map[string]bool{
	"11": true, "12": true, "13": true, "14": true, "15": true,
	"21": true, "22": true, "23": true,
	"31": true, "32": true, "33": true, "34": true, "35": true, "36": true, "37": true,
	"41": true, "42": true, "43": true, "44": true, "45": true, "46": true,
	"50": true, "51": true, "52": true, "53": true, "54": true,
	"61": true, "62": true, "63": true, "64": true, "65": true,
}

// District is a county-level division with its code after GB/T 2260.
type District struct {
	Code string
	Name Text
}

// TianjinDistricts returns the 16 districts of Tianjin in the order of their
// codes.
func TianjinDistricts() []District {
	return []District{
		{"120101", Text{"和平区", "Heping District"}},
		{"120102", Text{"河东区", "Hedong District"}},
		{"120103", Text{"河西区", "Hexi District"}},
		{"120104", Text{"南开区", "Nankai District"}},
		{"120105", Text{"河北区", "Hebei District"}},
		{"120106", Text{"红桥区", "Hongqiao District"}},
		{"120110", Text{"东丽区", "Dongli District"}},
		{"120111", Text{"西青区", "Xiqing District"}},
		{"120112", Text{"津南区", "Jinnan District"}},
		{"120113", Text{"北辰区", "Beichen District"}},
		{"120114", Text{"武清区", "Wuqing District"}},
		{"120115", Text{"宝坻区", "Baodi District"}},
		{"120116", Text{"滨海新区", "Binhai New Area"}},
		{"120117", Text{"宁河区", "Ninghe District"}},
		{"120118", Text{"静海区", "Jinghai District"}},
		{"120119", Text{"蓟州区", "Jizhou District"}},
	}
}

// CheckTianjinDistrict checks a district code of Tianjin (GB/T 2260).
func CheckTianjinDistrict(field, value string) error {
	if err := repeat(digits, 6).chars(field, value); err != nil {
		return err
	}
	if value[:4] != "1201" {
		return fault(field, "id_prefix", value[:4], "pos", 1, "char", value[:4], "want", "1201")
	}
	for _, d := range TianjinDistricts() {
		if d.Code == value {
			return nil
		}
	}
	return wrongPart(field, "id_region", value, 5, 2)
}
