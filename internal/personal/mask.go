package personal

import "strings"

// star stands for a hidden character.
const star = "*"

// MaskPhone shows the first three and last four digits of a mobile number
// (138****5678), and only the last four of anything else that is longer.
func MaskPhone(s string) string {
	r := []rune(strings.TrimSpace(s))
	switch n := len(r); {
	case n == 0:
		return ""
	case n == 11 && r[0] == '1':
		return keep(r, 3, 4)
	case n >= 7:
		return keep(r, 0, 4)
	default:
		return keep(r, 0, 0)
	}
}

// MaskIDNumber shows the first and the last character only: everything
// between tells birthplace, birthday and sex.
func MaskIDNumber(s string) string {
	r := []rune(strings.TrimSpace(s))
	if len(r) < 6 {
		return keep(r, 0, 0)
	}
	return keep(r, 1, 1)
}

// MaskName shows the family name of a Chinese name (欧阳*, 张**) and the first
// letter of any other.
func MaskName(s string) string {
	r := []rune(strings.TrimSpace(s))
	switch {
	case len(r) <= 1:
		return keep(r, 0, 0)
	case len(r) >= 3 && compound(string(r[:2])):
		return keep(r, 2, 0)
	default:
		return keep(r, 1, 0)
	}
}

// compound reports whether s is one of the two-character family names in use.
func compound(s string) bool {
	switch s {
	case "欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "东方", "独孤", "南宫", "端木", "宇文", "长孙", "轩辕", "钟离", "闻人":
		return true
	}
	return false
}

// MaskAddress shows an address down to the district, or its first six
// characters where no district is named.
func MaskAddress(s string) string {
	r := []rune(strings.TrimSpace(s))
	if len(r) == 0 {
		return ""
	}
	cut := min(6, len(r)/2)
	for i, c := range r[:min(12, len(r))] {
		if i > 1 && (c == '区' || c == '县') {
			cut = i + 1
			break
		}
	}
	return string(r[:cut]) + strings.Repeat(star, 4)
}

func keep(r []rune, head, tail int) string {
	hidden := len(r) - head - tail
	if hidden < 0 {
		return strings.Repeat(star, len(r))
	}
	return string(r[:head]) + strings.Repeat(star, hidden) + string(r[len(r)-tail:])
}
