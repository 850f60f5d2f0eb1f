package form

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"anlan/internal/i18n"
	"anlan/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

const station = `{
 "$schema": "https://json-schema.org/draft/2020-12/schema",
 "type": "object", "title": "加油站经营许可申请", "x-title-en": "Petrol station licence",
 "required": ["name", "uscc", "contact", "tanks", "mode", "promise"],
 "additionalProperties": false,
 "$defs": {"person": {"type": "object", "title": "人员", "required": ["name"], "properties": {
   "name": {"type": "string", "title": "姓名", "x-title-en": "Name", "x-sensitive": true, "maxLength": 20},
   "mobile": {"type": "string", "title": "手机", "x-title-en": "Mobile", "x-check": "mobile", "x-sensitive": true, "x-autocomplete": "tel"},
   "email": {"type": "string", "title": "邮箱", "format": "email"}}}},
 "properties": {
  "uscc": {"type": "string", "title": "统一社会信用代码", "x-title-en": "Credit code", "x-check": "uscc", "x-order": 2},
  "name": {"type": "string", "title": "企业名称", "x-title-en": "Company", "minLength": 2, "maxLength": 50, "x-hint": "与营业执照一致", "x-hint-en": "As on the business licence", "x-order": 1},
  "since": {"type": "string", "format": "date", "title": "成立日期", "x-title-en": "Founded", "x-order": 3},
  "staff": {"type": "integer", "title": "职工人数", "x-title-en": "Staff", "minimum": 1, "maximum": 5000, "x-unit": "人", "x-unit-en": "persons", "x-order": 4},
  "area": {"type": "number", "title": "占地面积", "exclusiveMinimum": 0.5, "x-unit": "平方米"},
  "mode": {"type": "string", "title": "经营方式", "enum": ["stored", "unstored"], "x-enum-titles": ["带储存", "不带储存"], "x-enum-titles-en": ["With storage", "Without"]},
  "district": {"type": "string", "title": "所在区", "enum": ["和平", "河东", "河西", "南开", "河北", "红桥"]},
  "wholly_owned": {"type": "boolean", "title": "是否国有", "x-widget": "radio"},
  "products": {"type": "array", "title": "经营品种", "items": {"enum": ["gasoline", "diesel", "lng"], "x-enum-titles": ["汽油", "柴油", "液化天然气"]}, "minItems": 1},
  "remark": {"type": "string", "title": "备注", "x-widget": "textarea", "maxLength": 100},
  "contact": {"$ref": "#/$defs/person", "title": "联系人", "x-title-en": "Contact"},
  "tanks": {"type": "array", "title": "储罐", "x-title-en": "Tanks", "minItems": 1, "maxItems": 3, "items": {"type": "object", "required": ["no", "volume"], "properties": {
    "no": {"type": "string", "title": "编号", "x-title-en": "No."},
    "volume": {"type": "number", "title": "容积", "x-title-en": "Volume", "minimum": 0, "multipleOf": 0.1},
    "checks": {"type": "array", "title": "检测", "items": {"type": "object", "properties": {"on": {"type": "string", "format": "date", "title": "检测日期"}}}}}}},
  "promise": {"type": "boolean", "title": "我承诺内容属实", "const": true}
 }}`

func parse(t testing.TB, schema string) *Form {
	t.Helper()
	f, err := Parse([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func texts() *i18n.Catalogues { return i18n.MustLoad(Source()) }

func fieldErrors(t testing.TB, err error) []kernel.FieldError {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		t.Fatalf("want an invalid error, got %v", err)
	}
	return e.Fields
}

func short(fields []kernel.FieldError) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Field+": "+f.Rule)
	}
	return out
}

func good() url.Values {
	return url.Values{
		"name": {" 天津市某某加油站 "}, "uscc": {"91350100M000100Y43"}, "since": {"2001-05-06"}, "staff": {"012"}, "area": {"1200.50"},
		"mode": {"stored"}, "district": {""}, "wholly_owned": {"false"}, "products": {"", "gasoline", "diesel"}, "remark": {"一\r\n二"},
		"contact.name": {"张三"}, "contact.mobile": {"13812345678"},
		"tanks.0._row": {"1"}, "tanks.0.no": {"T-1"}, "tanks.0.volume": {"30"},
		"tanks.4._row": {"1"}, "tanks.4.no": {"T-2"}, "tanks.4.volume": {"25.5"}, "tanks.4.checks.7.on": {"2026-01-02"},
		"promise": {"false", "true"}, "csrf": {"x"},
	}
}

func TestDecodeMakesTypedData(t *testing.T) {
	f := parse(t, station)
	data := f.Decode(good())
	want := map[string]any{
		"name": "天津市某某加油站", "uscc": "91350100M000100Y43", "since": "2001-05-06", "staff": json.Number("12"), "area": json.Number("1200.50"),
		"mode": "stored", "wholly_owned": false, "products": []any{"gasoline", "diesel"}, "remark": "一\n二",
		"contact": map[string]any{"name": "张三", "mobile": "13812345678"},
		"tanks": []any{
			map[string]any{"no": "T-1", "volume": json.Number("30")},
			map[string]any{"no": "T-2", "volume": json.Number("25.5"), "checks": []any{map[string]any{"on": "2026-01-02"}}},
		},
		"promise": true,
	}
	if diff := cmp.Diff(want, data); diff != "" {
		t.Error(diff)
	}
	if err := f.Validate(data); err != nil {
		t.Errorf("good data: %v", err)
	}
	stored, _ := json.Marshal(data)
	var again map[string]any
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatal(err)
	}
	if err := f.Validate(again); err != nil {
		t.Errorf("good data after storage: %v", err)
	}
}

func TestValidateReportsEveryBadFieldInTheOrderOfThePage(t *testing.T) {
	f := parse(t, station)
	v := good()
	v.Set("name", "津")
	v.Set("uscc", "91350100M000100Y44")
	v.Set("since", "2001-13-06")
	v.Set("staff", "十二")
	v.Set("area", "0.5")
	v.Set("mode", "flying")
	v["products"] = []string{""}
	v.Set("contact.name", "  ")
	v.Set("contact.mobile", "138 12345678")
	v.Set("contact.email", "nobody")
	v.Set("remark", strings.Repeat("字", 101))
	v.Del("tanks.0.no")
	v.Set("tanks.4.volume", "25.55")
	v["promise"] = []string{"false"}
	got := fieldErrors(t, f.Validate(f.Decode(v)))
	want := []string{
		"name: too_short", "uscc: id_check", "since: date", "staff: integer", "area: not_above", "mode: choice", "products: too_few",
		"remark: too_long", "contact.name: required", "contact.mobile: id_space", "contact.email: email",
		"tanks.0.no: required", "tanks.1.volume: multiple_of", "promise: must_accept",
	}
	if diff := cmp.Diff(want, short(got)); diff != "" {
		t.Error(diff)
	}
	if got[3].Value != "十二" {
		t.Errorf("a wrong number is repeated as typed, got %q", got[3].Value)
	}
	if got[4].Args["min"] != "0.5" {
		t.Errorf("bound %v", got[4].Args)
	}
	c := texts()
	for _, e := range got {
		if text := c.Rule(i18n.Chinese, e); strings.Contains(text, "⟦") {
			t.Errorf("%s has no text: %s", e.Rule, text)
		}
	}
}

func TestValidateKeepsPersonalDataOutOfErrors(t *testing.T) {
	f := parse(t, station)
	v := good()
	v.Set("contact.name", strings.Repeat("张", 21))
	got := fieldErrors(t, f.Validate(f.Decode(v)))
	if len(got) != 1 || got[0].Rule != "too_long" || got[0].Value != "" {
		t.Errorf("%+v", got)
	}
}

func TestValidateRefusesCharactersThatCannotBeKept(t *testing.T) {
	f := parse(t, station)
	for bad, rule := range map[string]string{"a\x00b": "control_character", "a\xffb": "encoding", "a\x1bb": "control_character"} {
		v := good()
		v.Set("name", bad)
		if diff := cmp.Diff([]string{"name: " + rule}, short(fieldErrors(t, f.Validate(f.Decode(v))))); diff != "" {
			t.Errorf("%q: %s", bad, diff)
		}
	}
}

func TestValidateReportsWhatTheSchemaDoesNotKnow(t *testing.T) {
	f := parse(t, station)
	data := f.Decode(good())
	data["colour"] = "red"
	delete(data, "contact")
	data["tanks"] = "three"
	want := []string{"contact.name: required", "tanks: list", "colour: unknown"}
	got := short(fieldErrors(t, f.Validate(data)))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	for in, want := range map[string]any{
		"0": json.Number("0"), "-0.50": json.Number("-0.50"), "+7": json.Number("7"), ".5": json.Number("0.5"), "007": json.Number("7"),
		"12345678901234567890.1": json.Number("12345678901234567890.1"), "1.": json.Number("1"),
		"1,000": "1,000", "1e5": "1e5", "１２": "１２", ".": ".", "-": "-", "1 2": "1 2", "0x10": "0x10", "NaN": "NaN",
	} {
		if got := decodeNumber(in); got != want {
			t.Errorf("%q: %#v, want %#v", in, got, want)
		}
	}
}

func TestEditAddsAndRemovesRows(t *testing.T) {
	f := parse(t, station)
	v := good()
	v.Set(AddButton, "tanks")
	data := f.Decode(v)
	focus, edited := f.Edit(v, data)
	if !edited || focus != "f-tanks-2" || len(data["tanks"].([]any)) != 3 {
		t.Errorf("add: %v %q %v", edited, focus, data["tanks"])
	}

	v = good()
	v.Set(AddButton, "tanks.4.checks")
	data = f.Decode(v)
	if focus, edited = f.Edit(v, data); !edited || focus != "f-tanks-1-checks-1" {
		t.Errorf("add inside a row: %v %q", edited, focus)
	}

	v = good()
	v.Set(RemoveButton, "tanks.0")
	data = f.Decode(v)
	if focus, edited = f.Edit(v, data); !edited || focus != "f-tanks--add" {
		t.Errorf("remove: %v %q", edited, focus)
	}
	if got := Value(data, "tanks.0.no"); got != "T-2" || len(data["tanks"].([]any)) != 1 {
		t.Errorf("the second tank is left, got %v", data["tanks"])
	}

	for _, bad := range []url.Values{
		{}, {AddButton: {"name"}}, {AddButton: {"tanks.0"}}, {AddButton: {"nothing"}}, {AddButton: {"tanks.9.checks"}},
		{RemoveButton: {"tanks"}}, {RemoveButton: {"tanks.9"}}, {RemoveButton: {"tanks.-1"}}, {RemoveButton: {"contact.0"}},
	} {
		for name, values := range good() {
			bad[name] = values
		}
		data := f.Decode(bad)
		before, _ := json.Marshal(data)
		if focus, edited := f.Edit(bad, data); edited && focus == "" {
			t.Errorf("%v: edited without focus", bad)
		}
		if after, _ := json.Marshal(data); string(after) != string(before) {
			t.Errorf("%v changed the data", bad)
		}
	}
}

// inputs reads what a browser would post from a page without changes.
func inputs(t testing.TB, page string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	v := url.Values{}
	attr := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	for n := range doc.Descendants() {
		name, named := attr(n, "name")
		value, _ := attr(n, "value")
		switch {
		case n.Type != html.ElementNode || !named:
		case n.Data == "input":
			typ, _ := attr(n, "type")
			if _, checked := attr(n, "checked"); typ != "radio" && typ != "checkbox" || checked {
				v.Add(name, value)
			}
		case n.Data == "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			v.Add(name, strings.ReplaceAll(text, "\n", "\r\n"))
		case n.Data == "select":
			for o := range n.Descendants() {
				if _, selected := attr(o, "selected"); selected {
					value, _ := attr(o, "value")
					v.Add(name, value)
				}
			}
		}
	}
	return v
}

func TestPageGivesBackWhatItShows(t *testing.T) {
	f, c := parse(t, station), texts()
	text := rapid.StringMatching(`[<>"'&;{}\pL 0-9]{0,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		v := good()
		for _, name := range []string{"name", "uscc", "since", "staff", "remark", "contact.name", "tanks.0.no", "tanks.4.volume"} {
			v.Set(name, text.Draw(rt, name))
		}
		data := f.Decode(v)
		page := string(f.HTML(View{Texts: c, Lang: "zh-CN", Data: data, Errors: fieldErrors(t, f.Validate(data))}))
		if diff := cmp.Diff(data, f.Decode(inputs(t, page))); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestPageIsAccessible(t *testing.T) {
	f, c := parse(t, station), texts()
	data := f.Decode(good())
	errs := []kernel.FieldError{{Field: "name", Rule: "required"}, {Field: "mode", Rule: "choice", Value: "?"}, {Field: "tanks", Rule: "too_few", Args: map[string]any{"min": 2}}}
	for _, lang := range i18n.Languages() {
		v := View{Texts: c, Lang: lang, Data: data, Errors: errs}
		page := string(f.HTML(v)) + string(f.ErrorSummary(v))
		if strings.Contains(page, "⟦") {
			t.Errorf("%s: a text is missing", lang)
		}
		doc, _ := html.Parse(strings.NewReader(page))
		ids := map[string]bool{}
		each(doc, func(n *html.Node, attr map[string]string) {
			if id, ok := attr["id"]; ok {
				if ids[id] {
					t.Errorf("id %s twice", id)
				}
				ids[id] = true
			}
		})
		each(doc, func(n *html.Node, attr map[string]string) {
			for _, id := range strings.Fields(attr["aria-describedby"]) {
				if !ids[id] {
					t.Errorf("described by %s, which is not there", id)
				}
			}
			if n.Data == "label" && !ids[attr["for"]] {
				t.Errorf("label for %s, which is not there", attr["for"])
			}
			if href := attr["href"]; n.Data == "a" && !ids[strings.TrimPrefix(href, "#")] {
				t.Errorf("link to %s, which is not there", href)
			}
			if n.Data == "fieldset" && (n.FirstChild == nil || n.FirstChild.NextSibling.Data != "legend") {
				t.Errorf("fieldset %s without legend", attr["id"])
			}
		})
	}
}

func each(doc *html.Node, visit func(n *html.Node, attr map[string]string)) {
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			visit(n, attr)
		}
	}
}

func TestPageMarksTheLanguageOfWhatIsNotTranslated(t *testing.T) {
	f := parse(t, station)
	page := string(f.HTML(View{Texts: texts(), Lang: "en"}))
	for _, want := range []string{`<span lang="zh-CN">占地面积</span>`, `for="f-name">Company</label>`, `Add: Tanks`, `Remove: Tanks, no. 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("missing %s", want)
		}
	}
}

func TestPageCannotBeBrokenByContent(t *testing.T) {
	const evil = `"'></textarea></option><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}`
	quoted, _ := json.Marshal(evil)
	schema := strings.NewReplacer(`"备注"`, string(quoted), `"与营业执照一致"`, string(quoted), `"带储存"`, string(quoted), `"人"`, string(quoted),
		`"stored"`, string(quoted), `"储罐"`, string(quoted)).Replace(station)
	f, c := parse(t, schema), texts()
	v := good()
	for name := range v {
		v.Set(name, evil)
	}
	data := f.Decode(v)
	view := View{Texts: c, Lang: "zh-CN", Data: data, Errors: append(fieldErrors(t, f.Validate(data)), kernel.FieldError{Field: evil, Rule: evil, Value: evil})}
	doc, err := html.Parse(strings.NewReader(string(f.HTML(view)) + string(f.ErrorSummary(view))))
	if err != nil {
		t.Fatal(err)
	}
	each(doc, func(n *html.Node, attr map[string]string) {
		if n.Data == "script" || n.Data == "img" || attr["onerror"] != "" {
			t.Errorf("content became an element: %s", n.Data)
		}
	})
}

func TestEmptyFormShowsTheRowsItNeeds(t *testing.T) {
	f := parse(t, station)
	page := string(f.HTML(View{Texts: texts(), Lang: "zh-CN"}))
	if !strings.Contains(page, `name="tanks.0.no"`) || strings.Contains(page, `name="tanks.1.no"`) {
		t.Error("want one empty tank")
	}
	if strings.Contains(page, "checks.0") {
		t.Error("want no check")
	}
}

func TestWrongDateStaysVisible(t *testing.T) {
	f := parse(t, station)
	page := string(f.HTML(View{Texts: texts(), Lang: "zh-CN", Data: map[string]any{"since": "2001年"}}))
	if !strings.Contains(page, `name="since" type="text" value="2001年"`) {
		t.Error("a date input would hide it")
	}
}

func TestSummaryReadsLikeThePage(t *testing.T) {
	f, c := parse(t, station), texts()
	var got []string
	for _, r := range f.Summary(c, "zh-CN", f.Decode(good())) {
		title, _ := r.Title.In("zh-CN")
		line := strings.Repeat("  ", r.Level) + title
		if r.Number > 0 {
			line += " #" + string(rune('0'+r.Number))
		}
		if !r.Heading {
			line += " = " + r.Value
		}
		if r.Sensitive {
			line += " *"
		}
		got = append(got, line)
	}
	want := []string{
		"企业名称 = 天津市某某加油站", "统一社会信用代码 = 91350100M000100Y43", "成立日期 = 2001年5月6日", "职工人数 = 12 人", "占地面积 = 1200.50 平方米",
		"经营方式 = 带储存", "所在区 = ", "是否国有 = 否", "经营品种 = 汽油、柴油", "备注 = 一\n二",
		"联系人", "  姓名 = 张三 *", "  手机 = 13812345678 *", "  邮箱 = ",
		"储罐 #1", "  编号 = T-1", "  容积 = 30", "  检测 = ",
		"储罐 #2", "  编号 = T-2", "  容积 = 25.5", "  检测 #1", "    检测日期 = 2026年1月2日",
		"我承诺内容属实 = 是",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLabelNamesRowsAndFields(t *testing.T) {
	f, c := parse(t, station), texts()
	for path, want := range map[string]string{
		"name": "企业名称", "contact.name": "姓名", "tanks.1.volume": "储罐第 2 项：容积", "tanks": "储罐", "tanks.0.checks.2.on": "储罐第 1 项：检测第 3 项：检测日期", "nothing": "",
	} {
		if got := f.Label(c, "zh-CN", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if diff := cmp.Diff([]string{"contact.name", "contact.mobile"}, f.Sensitive()); diff != "" {
		t.Error(diff)
	}
}

func TestParseReportsEveryFaultOfASchema(t *testing.T) {
	cases := map[string][]string{
		`{`:                                   {"schema: json"},
		`{"type":"object"} {}`:                {"schema: json"},
		`[]`:                                  {"schema: json"},
		`{"type":"array"}`:                    {"schema.type: schema_type"},
		`{"type":"object","properties":3}`:    {"schema: json"},
		`{"type":"object","required":"name"}`: {"schema: json"},
		`{"type":"object","properties":{"a":{"type":"string","title":"A","maxLength":-1}}}`: {"schema.properties.a.maxLength: schema_invalid"},
		`{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd","title":"A"}}}`:    {"schema: schema_invalid"},
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/b","title":"A"}}}`:             {"schema: schema_invalid"},
		`{"type":"object","$defs":{"b":{"$ref":"#/$defs/b"}},"properties":{"a":{"$ref":"#/$defs/b","title":"A"}}}`: {
			"schema.properties.a.$ref: schema_ref", "schema.properties.a: schema_type"},
		`{"type":"object","properties":{"a.b":{"type":"string","title":"A"},"c":{"type":"null","title":"C"},"d":{"type":"string"},"e":{"type":"string","title":"E","x-widget":"dial","x-check":"iban"},"f":{"type":"array","title":"F","items":{"type":"string"}}}}`: {
			"schema.properties.a.b: schema_name", "schema.properties.c: schema_type", "schema.properties.d: schema_title",
			"schema.properties.e.x-widget: schema_widget", "schema.properties.e.x-check: schema_check", "schema.properties.f.items: schema_type"},
	}
	for schema, want := range cases {
		_, err := Parse([]byte(schema))
		if diff := cmp.Diff(want, short(fieldErrors(t, err))); diff != "" {
			t.Errorf("%s:\n%s", schema, diff)
		}
	}
}

func TestParseRefusesDeepNesting(t *testing.T) {
	schema := `{"type":"object","$defs":{"b":{"type":"object","title":"B","properties":{"c":{"$ref":"#/$defs/b"}}}},"properties":{"a":{"$ref":"#/$defs/b","title":"A"}}}`
	got := short(fieldErrors(t, func() error { _, err := Parse([]byte(schema)); return err }()))
	if len(got) != 1 || !strings.HasSuffix(got[0], "schema_deep") {
		t.Errorf("%v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(station))
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":["string","null"],"title":"A","default":{"a":1}}}}`))
	c := texts()
	f.Fuzz(func(t *testing.T, schema []byte) {
		form, err := Parse(schema)
		if err != nil {
			fieldErrors(t, err)
			return
		}
		form.HTML(View{Texts: c, Lang: "en"})
		form.Validate(map[string]any{})
		form.Summary(c, "zh-CN", nil)
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(good().Encode())
	f.Add("tanks.0._row=1&tanks.00.no=1&tanks.99999999.no=3&_add=tanks&_remove=tanks.0&staff=%ff")
	form, c := parse(f, station), texts()
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		data := form.Decode(v)
		form.Edit(v, data)
		errs := fieldErrors(t, form.Validate(data))
		form.HTML(View{Texts: c, Lang: "zh-CN", Data: data, Errors: errs})
		form.Summary(c, "en", data)
		for _, e := range errs {
			if e.Rule == "" || e.Field == "" {
				t.Errorf("%+v", e)
			}
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	f, c := parse(b, station), texts()
	data := f.Decode(good())
	for b.Loop() {
		f.HTML(View{Texts: c, Lang: "zh-CN", Data: data})
	}
}

func TestCacheParsesOnce(t *testing.T) {
	var c Cache
	a, err := c.Parse([]byte(station))
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := c.Parse([]byte(station)); a != b {
		t.Error("parsed again")
	}
	if _, err := c.Parse([]byte(`{`)); err == nil {
		t.Error("a fault is forgotten")
	}
	for i := range cacheSize + 1 {
		if _, err := c.Parse([]byte(`{"type":"object","title":"` + strings.Repeat("x", i) + `"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.forms); n > cacheSize {
		t.Errorf("%d forms are kept", n)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse(b, station)
	}
}

func TestWhatHasExpiredIsNamedOnTheDayOfTheApplication(t *testing.T) {
	f, err := Parse([]byte(`{"type":"object","properties":{"people":{"type":"array","title":"人员","items":{"type":"object","properties":{
		"until":{"type":"string","format":"date","title":"有效期至","x-check":"not_expired"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	data := func(until string) map[string]any {
		return map[string]any{"people": []any{map[string]any{"until": until}}}
	}
	day, _ := kernel.ParseDate("2026-05-06")
	for until, want := range map[string][]string{"2026-05-05": {"people.0.until: expired"}, "2026-05-06": nil, "2027-01-01": nil, "": nil, "soon": {"people.0.until: date"}} {
		var got []string
		if err := f.ValidateOn(day, data(until)); err != nil {
			got = short(fieldErrors(t, err))
		}
		if diff := cmp.Diff(want, got); diff != "" && until != "" {
			t.Errorf("%s: %s", until, diff)
		}
	}
	if err := f.Validate(data("2020-01-01")); err != nil {
		t.Errorf("without a day: %v", err)
	}
}

func TestFieldOfOneKindIsNotAskedInAnother(t *testing.T) {
	f, err := Parse([]byte(`{"type":"object","properties":{"name":{"type":"string","title":"名称"},"direct":{"type":"boolean","title":"直接延期","x-only":"renew"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.For("renew"); len(got.Fields) != 2 {
		t.Errorf("a renewal has %d fields", len(got.Fields))
	}
	if got := f.For("first"); len(got.Fields) != 1 || len(f.Fields) != 2 {
		t.Errorf("a first issue has %d fields", len(got.Fields))
	}
}

func TestAbsentGroupCountsAsItsFields(t *testing.T) {
	f, err := Parse([]byte(`{"type":"object","required":["who"],"properties":{"who":{"type":"object","title":"谁","required":["name","phone"],"properties":{
		"name":{"type":"string","title":"姓名"},"phone":{"type":"string","title":"电话"},"mail":{"type":"string","title":"邮箱"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"who.name: required", "who.phone: required"}, short(fieldErrors(t, f.Validate(map[string]any{})))); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkDecodeAndValidate(b *testing.B) {
	f, v := parse(b, station), good()
	for b.Loop() {
		if err := f.Validate(f.Decode(v)); err != nil {
			b.Fatal(err)
		}
	}
}
