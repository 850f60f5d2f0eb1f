package kernel

import (
	"strings"
	"time"
	"unicode"
)

// The checks of identifiers return nil, or an Invalid error of one field whose
// rule and Args say what is wrong and where. Positions count characters from
// 1. The value itself is not repeated in full where it is personal: Value is
// the wrong character.
//
//	id_space      {pos}               a blank character
//	id_fullwidth  {pos, char, want}   a full-width character; want is its plain form
//	id_lowercase  {pos, char, want}   a small letter where a capital belongs
//	id_char       {pos, char}         a character that cannot stand there
//	id_length     {got, want}         too few or too many characters
//	id_region     {pos, char, value}  no such region; value are the digits from pos on
//	id_date       {pos, char, value}  no such day; value are the digits from pos on
//	id_prefix     {pos, char, want}   does not begin as it must
//	id_check      {pos, char, want}   the check character does not fit the rest
//
// The characters are looked at before the length, the length before the
// parts, the parts before the check character, and the first fault is
// reported: it is the cause of the later ones.

// set is the characters that may stand at a position.
type set string

const (
	digits      set = "0123456789"
	digitsX     set = "0123456789X"
	capitals    set = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digitsUpper set = digits + capitals
	creditChars set = "0123456789ABCDEFGHJKLMNPQRTUWXY" // GB 32100: without I, O, S, V, Z
)

// shape gives each position its set; runes beyond the shape are only looked
// at for blanks and full-width forms.
type shape []set

func repeat(s set, n int) shape {
	out := make(shape, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// fault is one broken rule of an identifier.
func fault(field, rule, char string, args ...any) error {
	var c Check
	c.Add(field, rule, char, args...)
	return c.Err()
}

// chars checks every character of value against its position and then the
// length.
func (s shape) chars(field, value string) error {
	if value == "" {
		return fault(field, "required", "")
	}
	runes := []rune(value)
	for i, r := range runes {
		allowed := digitsUpper
		if i < len(s) {
			allowed = s[i]
		}
		if err := char(field, allowed, i+1, r); err != nil {
			return err
		}
	}
	if len(runes) != len(s) {
		return fault(field, "id_length", "", "got", len(runes), "want", len(s))
	}
	return nil
}

func char(field string, allowed set, pos int, r rune) error {
	at := string(r)
	switch {
	case strings.ContainsRune(string(allowed), r):
		return nil
	case unicode.IsSpace(r) || r == '\ufeff' || r >= '\u200b' && r <= '\u200d':
		return fault(field, "id_space", at, "pos", pos)
	case r >= '！' && r <= '～':
		return fault(field, "id_fullwidth", at, "pos", pos, "char", at, "want", strings.ToUpper(string(r-'！'+'!')))
	case r >= 'a' && r <= 'z' && strings.ContainsRune(string(allowed), r-'a'+'A'):
		return fault(field, "id_lowercase", at, "pos", pos, "char", at, "want", strings.ToUpper(at))
	}
	return fault(field, "id_char", at, "pos", pos, "char", at)
}

// CheckUSCC checks a unified social credit code (统一社会信用代码, GB
// 32100-2015): 18 characters, the registering department, the category, six
// digits of region, nine of organisation, and the check character, mod 31.
func CheckUSCC(field, value string) error {
	form := repeat(creditChars, 18)
	for i := 2; i < 8; i++ {
		form[i] = digits
	}
	if err := form.chars(field, value); err != nil {
		return err
	}
	if want := USCCCheck(value[:17]); value[17] != want {
		return wrongCheck(field, value, want)
	}
	return nil
}

// USCCCheck returns the check character for the first 17 characters of a
// unified social credit code, all of them allowed ones.
func USCCCheck(body string) byte {
	sum, weight := 0, 1
	for _, r := range body {
		sum += strings.IndexRune(string(creditChars), r) * weight
		weight = weight * 3 % 31
	}
	return creditChars[(31-sum%31)%31]
}

func wrongCheck(field, value string, want byte) error {
	pos := len(value)
	return fault(field, "id_check", value[pos-1:], "pos", pos, "char", value[pos-1:], "want", string(want))
}

// CheckIDNumber checks a citizen's identity number (公民身份号码, GB
// 11643-1999): province, date of birth, sequence, check character MOD 11-2.
// The fifteen digits of before 1999 are no longer valid (居民身份证法).
func CheckIDNumber(field, value string) error {
	if err := repeat(digits, 17).with(digitsX).chars(field, value); err != nil {
		return err
	}
	if !provinces[value[:2]] {
		return wrongPart(field, "id_region", value, 1, 2)
	}
	return birthAndCheck(field, value)
}

func (s shape) with(last set) shape { return append(s, last) }

// CheckResidencePermit checks the number of a residence permit for residents
// of Hong Kong (81), Macao (82) or Taiwan (83) (港澳台居民居住证), built like an
// identity number.
func CheckResidencePermit(field, value string) error {
	if err := repeat(digits, 17).with(digitsX).chars(field, value); err != nil {
		return err
	}
	if prefix := value[:6]; prefix != "810000" && prefix != "820000" && prefix != "830000" {
		return fault(field, "id_prefix", value[:1], "pos", 1, "char", prefix, "want", "810000, 820000, 830000")
	}
	return birthAndCheck(field, value)
}

// CheckForeignerID checks a foreign permanent resident's identity card
// (外国人永久居留身份证): the form of 2023, 18 characters beginning with 9, then
// province, nationality (three digits), date of birth, sequence and MOD 11-2;
// or the form of 2017, three letters of nationality and 12 digits, among them
// yymmdd at the eighth. No text that gives the check digit of the 2017 form
// was found, so it is not recomputed.
func CheckForeignerID(field, value string) error {
	if value != "" && strings.Contains(string(capitals), value[:1]) {
		return foreignerID2017(field, value)
	}
	if err := repeat(digits, 17).with(digitsX).chars(field, value); err != nil {
		return err
	}
	if value[0] != '9' {
		return fault(field, "id_prefix", value[:1], "pos", 1, "char", value[:1], "want", "9")
	}
	if !provinces[value[1:3]] {
		return wrongPart(field, "id_region", value, 2, 2)
	}
	return birthAndCheck(field, value)
}

func foreignerID2017(field, value string) error {
	form := append(repeat(capitals, 3), repeat(digits, 12)...)
	if err := form.chars(field, value); err != nil {
		return err
	}
	if !provinces[value[3:5]] {
		return wrongPart(field, "id_region", value, 4, 2)
	}
	day := value[7:13] // the century is not written: 29 February may be in either
	if !isDay("19"+day) && !isDay("20"+day) {
		return wrongPart(field, "id_date", value, 8, 6)
	}
	return nil
}

// CheckPassport checks the number of a passport as it stands in its machine
// readable zone (ICAO 9303: up to nine letters and digits); at least five are
// asked for.
func CheckPassport(field, value string) error {
	n := max(5, min(9, len([]rune(value))))
	return repeat(digitsUpper, n).chars(field, value)
}

// CheckIdentity checks the number of a document by its kind: "resident",
// "hmt" (Hong Kong, Macao, Taiwan), "foreigner" or "passport".
func CheckIdentity(kind, field, value string) error {
	switch kind {
	case "resident":
		return CheckIDNumber(field, value)
	case "hmt":
		return CheckResidencePermit(field, value)
	case "foreigner":
		return CheckForeignerID(field, value)
	case "passport":
		return CheckPassport(field, value)
	}
	return fault(field+"_kind", "choice", kind)
}

// birthAndCheck checks what the 18-digit numbers have in common: the date of
// birth at the seventh and the check character.
func birthAndCheck(field, value string) error {
	if !isDay(value[6:14]) {
		return wrongPart(field, "id_date", value, 7, 8)
	}
	if want := IDNumberCheck(value[:17]); value[17] != want {
		return wrongCheck(field, value, want)
	}
	return nil
}

// wrongPart reports the n characters from pos on.
func wrongPart(field, rule, value string, pos, n int) error {
	part := value[pos-1 : pos-1+n]
	return fault(field, rule, part, "pos", pos, "char", part[:1], "value", part)
}

// isDay reports whether yyyymmdd is a day from 1900 on.
func isDay(yyyymmdd string) bool {
	t, err := time.Parse("20060102", yyyymmdd)
	return err == nil && t.Year() >= 1900
}

// IDNumberCheck returns the check character (GB 11643, ISO 7064 MOD 11-2) for
// the first 17 digits of an identity number.
func IDNumberCheck(body string) byte {
	sum, weight := 0, 2
	for i := len(body) - 1; i >= 0; i-- {
		sum += int(body[i]-'0') * weight
		weight = weight * 2 % 11
	}
	return digitsX[(12-sum%11)%11]
}

// IDBirth returns the date of birth in an 18-character identity number, zero
// when there is none.
func IDBirth(value string) Date {
	if len(value) != 18 || !isDay(value[6:14]) {
		return Date{}
	}
	return MustDate(value[6:10] + "-" + value[10:12] + "-" + value[12:14])
}
