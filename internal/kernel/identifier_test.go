package kernel

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wrong returns the rule and arguments of the single field in err.
func wrong(t rapid.TB, err error) FieldError {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid || len(e.Fields) != 1 {
		t.Fatalf("want one wrong field, got %v", err)
	}
	return e.Fields[0]
}

type args = map[string]any

func TestIdentifierErrorsNameTheWrongCharacter(t *testing.T) {
	cases := []struct {
		name  string
		check func(field, value string) error
		value string
		rule  string
		args  args
	}{
		{"code of a company", CheckUSCC, "91350100M000100Y43", "", nil},
		{"wrong check character", CheckUSCC, "91350100M000100Y44", "id_check", args{"pos": 18, "char": "4", "want": "3"}},
		{"letter O for zero", CheckUSCC, "9135O100M000100Y43", "id_char", args{"pos": 5, "char": "O"}},
		{"letter I is not used", CheckUSCC, "91350100MI00100Y43", "id_char", args{"pos": 10, "char": "I"}},
		{"small letter", CheckUSCC, "91350100m000100Y43", "id_lowercase", args{"pos": 9, "char": "m", "want": "M"}},
		{"blank inside", CheckUSCC, "91350100 M000100Y43", "id_space", args{"pos": 9}},
		{"ideographic blank at the end", CheckUSCC, "91350100M000100Y43　", "id_space", args{"pos": 19}},
		{"zero width blank", CheckUSCC, "91350100M000100Y43\u200b", "id_space", args{"pos": 19}},
		{"full-width digit", CheckUSCC, "9１350100M000100Y43", "id_fullwidth", args{"pos": 2, "char": "１", "want": "1"}},
		{"too short", CheckUSCC, "91350100M000100Y4", "id_length", args{"got": 17, "want": 18}},
		{"too long", CheckUSCC, "91350100M000100Y433", "id_length", args{"got": 19, "want": 18}},
		{"empty", CheckUSCC, "", "required", nil},
		{"hanzi", CheckUSCC, "91350100M000100Y4三", "id_char", args{"pos": 18, "char": "三"}},

		{"citizen", CheckIDNumber, "11010519491231002X", "", nil},
		{"example of the standard", CheckIDNumber, "440524188001010014", "id_date", args{"pos": 7, "char": "1", "value": "18800101"}},
		{"small x", CheckIDNumber, "11010519491231002x", "id_lowercase", args{"pos": 18, "char": "x", "want": "X"}},
		{"wrong check digit", CheckIDNumber, "110105194912310021", "id_check", args{"pos": 18, "char": "1", "want": "X"}},
		{"30 February", CheckIDNumber, "110105194902300028", "id_date", args{"pos": 7, "char": "1", "value": "19490230"}},
		{"no such province", CheckIDNumber, "16010519491231002X", "id_region", args{"pos": 1, "char": "1", "value": "16"}},
		{"X inside", CheckIDNumber, "1101051949X231002X", "id_char", args{"pos": 11, "char": "X"}},
		{"old fifteen digits", CheckIDNumber, "110105491231002", "id_length", args{"got": 15, "want": 18}},

		{"Hong Kong", CheckResidencePermit, "810000199408230021", "", nil},
		{"Taiwan", CheckResidencePermit, "830000199201300022", "", nil},
		{"citizen as permit", CheckResidencePermit, "11010519491231002X", "id_prefix", args{"pos": 1, "char": "110105", "want": "810000, 820000, 830000"}},

		{"foreigner, 2017", CheckForeignerID, "USA120081121510", "", nil},
		{"foreigner, 2017, no such day", CheckForeignerID, "USA120081139510", "id_date", args{"pos": 8, "char": "8", "value": "811395"}},
		{"foreigner, 2017, digit in nationality", CheckForeignerID, "US4120081121510", "id_char", args{"pos": 3, "char": "4"}},
		{"foreigner, 2023, begins with 8", CheckForeignerID, "812840198101121234", "id_prefix", args{"pos": 1, "char": "8", "want": "9"}},

		{"passport", CheckPassport, "E12345678", "", nil},
		{"passport with a mark", CheckPassport, "E1234567<", "id_char", args{"pos": 9, "char": "<"}},
		{"passport too long", CheckPassport, "E123456789", "id_length", args{"got": 10, "want": 9}},

		{"district", CheckTianjinDistrict, "120119", "", nil},
		{"district that was merged in 2009", CheckTianjinDistrict, "120107", "id_region", args{"pos": 5, "char": "0", "value": "07"}},
		{"district elsewhere", CheckTianjinDistrict, "110101", "id_prefix", args{"pos": 1, "char": "1101", "want": "1201"}},

		{"mobile", CheckMobile, "13812345678", "", nil},
		{"mobile 12…", CheckMobile, "12812345678", "id_char", args{"pos": 2, "char": "2"}},
		{"mobile with country code", CheckMobile, "+8613812345678", "id_char", args{"pos": 1, "char": "+"}},
		{"mobile short", CheckMobile, "1381234567", "id_length", args{"got": 10, "want": 11}},
		{"fixed line", CheckPhone, "022-28450011", "", nil},
		{"fixed line without hyphen", CheckPhone, "02228450011", "", nil},
		{"fixed line with extension", CheckPhone, "022-28450011-805", "", nil},
		{"fixed line of seven digits", CheckPhone, "0591-7654321", "", nil},
		{"service number", CheckPhone, "400-810-1234", "", nil},
		{"Tianjin with seven digits", CheckPhone, "022-2845001", "id_length", args{"got": 10, "want": 11}},
		{"line that begins with 1", CheckPhone, "022-18450011", "id_char", args{"pos": 5, "char": "1"}},
		{"two hyphens", CheckPhone, "022--28450011", "id_char", args{"pos": 5, "char": "-"}},
		{"hyphen at the end", CheckPhone, "022-28450011-", "id_char", args{"pos": 13, "char": "-"}},
		{"two extensions", CheckPhone, "022-28450011-1-2", "id_char", args{"pos": 15, "char": "-"}},
		{"only the area", CheckPhone, "022", "id_length", args{"got": 3, "want": 11}},
		{"brackets", CheckPhone, "(022)28450011", "id_char", args{"pos": 1, "char": "("}},

		{"postcode", CheckPostcode, "300201", "", nil},
		{"postcode 00", CheckPostcode, "003001", "id_prefix", args{"pos": 1, "char": "00", "want": "01–99"}},
		{"postcode full-width", CheckPostcode, "30020１", "id_fullwidth", args{"pos": 6, "char": "１", "want": "1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.check("number", c.value)
			if c.rule == "" {
				if err != nil {
					t.Fatalf("%s: %v", c.value, err)
				}
				return
			}
			got := wrong(t, err)
			if got.Field != "number" || got.Rule != c.rule {
				t.Fatalf("%s: got %s: %s, want rule %s", c.value, got.Field, got.Rule, c.rule)
			}
			if diff := cmp.Diff(c.args, got.Args); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForeignerIDOf2023HasTheCheckCharacterOfACitizen(t *testing.T) {
	body := "91284019810112123"
	number := body + string(IDNumberCheck(body))
	if err := CheckForeignerID("id", number); err != nil {
		t.Fatal(err)
	}
	if got := IDBirth(number); got != MustDate("1981-01-12") {
		t.Errorf("birth %s", got)
	}
	if err := CheckIDNumber("id", number); wrong(t, err).Rule != "id_region" {
		t.Errorf("a citizen's number never begins with 9: %v", err)
	}
}

func TestIdentityIsCheckedByItsKind(t *testing.T) {
	for kind, number := range map[string]string{
		"resident": "11010519491231002X", "hmt": "810000199408230021", "foreigner": "USA120081121510", "passport": "E12345678",
	} {
		if err := CheckIdentity(kind, "id", number); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if got := wrong(t, CheckIdentity("library card", "id", "1")); got.Field != "id_kind" {
		t.Errorf("unknown kind is reported at %s", got.Field)
	}
}

// scheme is a number with a check character, for the property tests.
type scheme struct {
	name   string
	check  func(field, value string) error
	chars  string // every character of the alphabet
	number *rapid.Generator[string]
}

func schemes() []scheme {
	return []scheme{
		{"USCC", CheckUSCC, string(creditChars), rapid.Custom(func(t *rapid.T) string {
			body := rapid.StringMatching(`9[1-3][1-6][0-9]{5}[0-9A-HJ-NPQRTUWXY]{9}`).Draw(t, "body")
			return body + string(USCCCheck(body))
		})},
		{"identity number", CheckIDNumber, string(digitsX), rapid.Custom(func(t *rapid.T) string {
			body := rapid.StringMatching(`12(01(0[1-6]|1[0-9]))19[3-9][0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}`).Draw(t, "body")
			return body + string(IDNumberCheck(body))
		})},
	}
}

func TestEveryChangedCharacterIsDetected(t *testing.T) {
	for _, s := range schemes() {
		t.Run(s.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				number := s.number.Draw(t, "number")
				if err := s.check("n", number); err != nil {
					t.Fatalf("%s: %v", number, err)
				}
				pos := rapid.IntRange(0, len(number)-1).Draw(t, "pos")
				for _, r := range s.chars {
					changed := number[:pos] + string(r) + number[pos+1:]
					if changed != number && s.check("n", changed) == nil {
						t.Fatalf("%s passes as %s", changed, number)
					}
				}
			})
		})
	}
}

func TestEveryNeighbourSwapIsDetected(t *testing.T) {
	for _, s := range schemes() {
		t.Run(s.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				number := s.number.Draw(t, "number")
				for i := 0; i+1 < len(number); i++ {
					swapped := number[:i] + number[i+1:i+2] + number[i:i+1] + number[i+2:]
					if swapped != number && s.check("n", swapped) == nil {
						t.Fatalf("%s passes as %s", swapped, number)
					}
				}
			})
		})
	}
}

func TestFullWidthAndBlanksAreNamedWhereverTheyStand(t *testing.T) {
	for _, s := range schemes() {
		t.Run(s.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				number := s.number.Draw(t, "number")
				pos := rapid.IntRange(0, len(number)-1).Draw(t, "pos")
				wide := string(rune(number[pos]) - '!' + '！')
				f := wrong(t, s.check("n", number[:pos]+wide+number[pos+1:]))
				if f.Rule != "id_fullwidth" || f.Args["pos"] != pos+1 || f.Args["want"] != number[pos:pos+1] {
					t.Fatalf("full-width: %+v", f)
				}
				blank := rapid.SampledFrom([]string{" ", "　", "\t", "\u00a0", "\u200b"}).Draw(t, "blank")
				f = wrong(t, s.check("n", number[:pos]+blank+number[pos:]))
				if f.Rule != "id_space" || f.Args["pos"] != pos+1 {
					t.Fatalf("blank: %+v", f)
				}
			})
		})
	}
}

func FuzzIdentifiersNeverPanicAndNameAPlace(f *testing.F) {
	for _, s := range []string{"", "91350100M000100Y43", "11010519491231002X", "022-28450011-8", "400-", "0", "01-", "U", "\xff\xfe", "０２２"} {
		f.Add(s)
	}
	checks := []func(field, value string) error{CheckUSCC, CheckIDNumber, CheckResidencePermit, CheckForeignerID,
		CheckPassport, CheckMobile, CheckPhone, CheckPostcode, CheckTianjinDistrict}
	f.Fuzz(func(t *testing.T, value string) {
		for _, check := range checks {
			err := check("n", value)
			if err == nil {
				if value == "" || strings.ContainsAny(value, " \t\n") {
					t.Errorf("%q passes", value)
				}
				continue
			}
			if pos, ok := wrong(t, err).Args["pos"].(int); ok && (pos < 1 || pos > len([]rune(value))) {
				t.Errorf("%q: position %d", value, pos)
			}
		}
	})
}
