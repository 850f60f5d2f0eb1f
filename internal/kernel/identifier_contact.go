package kernel

import "strings"

// CheckMobile checks a mobile number of the mainland: eleven digits, 13…19.
func CheckMobile(field, value string) error {
	if err := repeat(digits, 11).chars(field, value); err != nil {
		return err
	}
	if value[0] != '1' {
		return fault(field, "id_prefix", value[:1], "pos", 1, "char", value[:1], "want", "1")
	}
	if value[1] < '3' {
		return fault(field, "id_char", value[1:2], "pos", 2, "char", value[1:2])
	}
	return nil
}

// CheckPhone checks a telephone number: a mobile number, a fixed line with its
// area code (022-12345678, optionally with an extension: 022-12345678-123), or
// a 400/800 number (400-123-4567). Hyphens may be left out, except before an
// extension.
func CheckPhone(field, value string) error {
	if value == "" || value[0] != '0' && !strings.HasPrefix(value, "400") && !strings.HasPrefix(value, "800") {
		return CheckMobile(field, value)
	}
	for i, r := range []rune(value) {
		if err := char(field, digits+"-", i+1, r); err != nil {
			return err
		}
	}
	if i := strings.Index(value, "--"); i >= 0 || strings.HasSuffix(value, "-") {
		if i < 0 {
			i = len(value) - 2
		}
		return fault(field, "id_char", "-", "pos", i+2, "char", "-")
	}
	if value[0] != '0' {
		return serviceNumber(field, value)
	}
	return fixedLine(field, value)
}

// serviceNumber checks the ten digits of a 400 or 800 number.
func serviceNumber(field, value string) error {
	if n := len(strings.ReplaceAll(value, "-", "")); n != 10 {
		return fault(field, "id_length", "", "got", n, "want", 10)
	}
	return nil
}

// fixedLine checks area code, line and extension of a number that begins
// with 0 and holds only digits and single hyphens.
func fixedLine(field, value string) error {
	area := 4
	if len(value) > 1 && (value[1] == '1' || value[1] == '2') {
		area = 3 // 010 and 02x, the large cities
	}
	if len(value) <= area {
		return fault(field, "id_length", "", "got", len(value), "want", area+8)
	}
	if i := strings.IndexByte(value[:area], '-'); i >= 0 {
		return fault(field, "id_char", "-", "pos", i+1, "char", "-")
	}
	if value[1] == '0' {
		return fault(field, "id_char", "0", "pos", 2, "char", "0")
	}
	start := area
	if value[area] == '-' {
		start++
	}
	line, extension, _ := strings.Cut(value[start:], "-")
	switch hyphen := strings.IndexByte(extension, '-'); {
	case hyphen >= 0:
		return fault(field, "id_char", "-", "pos", start+len(line)+hyphen+2, "char", "-")
	case area == 3 && len(line) != 8, len(line) < 7, len(line) > 8:
		return fault(field, "id_length", "", "got", area+len(line), "want", area+8)
	case line[0] < '2': // 0 dials out, 1 begins service numbers
		return fault(field, "id_char", line[:1], "pos", start+1, "char", line[:1])
	case len(extension) > 6:
		return fault(field, "id_length", "", "got", len(extension), "want", 6)
	}
	return nil
}

// CheckPostcode checks a postcode of the mainland: six digits.
func CheckPostcode(field, value string) error {
	if err := repeat(digits, 6).chars(field, value); err != nil {
		return err
	}
	if value[:2] == "00" {
		return fault(field, "id_prefix", value[:2], "pos", 1, "char", value[:2], "want", "01–99")
	}
	return nil
}
