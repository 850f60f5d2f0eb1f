package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"anlan/internal/i18n"
	"anlan/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

func text(zh, en string) kernel.Text { return kernel.Text{ZH: zh, EN: en} }

func licences() Table {
	return Table{
		Title: text("许可证", "Licences"), MaxRows: 20,
		Columns: []Column{
			{Name: "holder", Title: text("企业名称", "Holder"), Note: text("与营业执照一致", "As on the business licence"), Required: true, Max: 30},
			{Name: "uscc", Title: text("统一社会信用代码", "Credit code"), Required: true, Check: kernel.CheckUSCC, Width: 22},
			{Name: "phone", Title: text("电话", "Phone")},
			{Name: "from", Title: text("发证日期", "Issued on"), Kind: Date, Required: true},
			{Name: "tanks", Title: text("储罐数", "Tanks"), Kind: Integer},
			{Name: "volume", Title: text("容积", "Volume"), Kind: Number},
			{Name: "mode", Title: text("经营方式", "Mode"), Kind: Choice, Options: []Option{{"stored", text("带储存", "With storage")}, {"none", text("不带储存", "Without storage")}}},
			{Name: "state_owned", Title: text("国有", "State-owned"), Kind: Boolean},
		},
	}
}

const uscc = "91350100M000100Y43"

func texts() *i18n.Catalogues { return i18n.MustLoad(Source()) }

// workbookOf makes a workbook with excelize: rows of values from the head on.
func workbookOf(t testing.TB, edit func(f *excelize.File), rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if edit != nil {
		edit(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func headRow() []any {
	var row []any
	for _, c := range licences().Columns {
		row = append(row, c.Title.ZH)
	}
	return row
}

// read returns what a file holds: values or errors by row.
func read(t testing.TB, table Table, file []byte) (rows []map[string]any, faults []string, err error) {
	t.Helper()
	_, err = table.Read(context.Background(), bytes.NewReader(file), func(r *Row) error {
		rows = append(rows, r.Values)
		for _, f := range r.Errors.Fields {
			faults = append(faults, fmt.Sprintf("%v %s: %s", f.Args["cell"], f.Field, f.Rule))
		}
		return nil
	})
	return rows, faults, err
}

func TestReadMakesTypedRows(t *testing.T) {
	file := workbookOf(t, func(f *excelize.File) {
		style, _ := f.NewStyle(&excelize.Style{NumFmt: 14})
		f.SetCellStyle("Sheet1", "D3", "D3", style)
		f.SetCellFormula("Sheet1", "E3", "1+1") // without a result
	}, headRow(),
		[]any{" 甲公司 ", uscc, "022-28450011", "2026-05-06", 3, 120.1, "带储存", "是"},
		[]any{"乙公司", uscc, 13812345678, 46148, nil, "0.50", "with STORAGE", true},
		nil,
		[]any{nil, nil, nil, nil, nil, nil, nil, nil},
		[]any{"丙公司", uscc, nil, "2026年5月6日", "007", -1.5, "stored", "no"},
	)
	rows, faults, err := read(t, licences(), file)
	if err != nil {
		t.Fatal(err)
	}
	day := kernel.MustDate("2026-05-06")
	want := []map[string]any{
		{"holder": "甲公司", "uscc": uscc, "phone": "022-28450011", "from": day, "tanks": json.Number("3"), "volume": json.Number("120.1"), "mode": "stored", "state_owned": true},
		{"holder": "乙公司", "uscc": uscc, "phone": "13812345678", "from": day, "volume": json.Number("0.5"), "mode": "stored", "state_owned": true},
		{"holder": "丙公司", "uscc": uscc, "from": day, "tanks": json.Number("7"), "volume": json.Number("-1.5"), "mode": "stored", "state_owned": false},
	}
	if diff := cmp.Diff(want, rows, cmp.Comparer(func(a, b kernel.Date) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"E3 tanks: sheet_formula"}, faults); diff != "" {
		t.Error(diff)
	}
}

func TestReadNamesEveryWrongCell(t *testing.T) {
	file := workbookOf(t, func(f *excelize.File) {
		style, _ := f.NewStyle(&excelize.Style{NumFmt: 14})
		f.SetCellStyle("Sheet1", "A3", "A3", style)
		f.SetCellStr("Sheet1", "K2", "?")
	}, headRow(),
		[]any{nil, "91350100M000100Y44", "022", 2026, 1.5, "many", "flying", "maybe"},
		[]any{46148, 120101199003070011.0, strings.Repeat("长", 501), "2026-02-30", "1,000", "1e5", "", ""},
	)
	_, faults, err := read(t, licences(), file)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"K2 K: sheet_column", "A2 holder: required", "B2 uscc: id_check", "D2 from: date", "E2 tanks: integer", "F2 volume: number", "G2 mode: choice", "H2 state_owned: boolean",
		"A3 holder: sheet_date", "B3 uscc: sheet_precision", "C3 phone: too_long", "D3 from: date", "E3 tanks: integer", "F3 volume: number",
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Error(diff)
	}
}

func fieldErrors(t testing.TB, err error) []kernel.FieldError {
	t.Helper()
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		t.Fatalf("want an invalid error, got %v", err)
	}
	return e.Fields
}

func TestReadRefusesAnotherHead(t *testing.T) {
	head := headRow()
	head[2], head[7], head[1] = "颜色", "企业名称*", "credit code *"
	_, _, err := read(t, licences(), workbookOf(t, nil, head, []any{"x"}))
	var got []string
	for _, f := range fieldErrors(t, err) {
		got = append(got, fmt.Sprintf("%s: %s %s", f.Field, f.Rule, f.Value))
	}
	want := []string{"file: sheet_column 颜色", "holder: duplicate 企业名称*", "phone: sheet_header 电话", "state_owned: sheet_header 国有"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// zipOf packs parts as a workbook would.
func zipOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	base := map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`,
	}
	for name, text := range parts {
		base[name] = text
	}
	for name, text := range base {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sheetOf is a workbook whose only column is named 列 and whose rows are XML.
func sheetOf(t testing.TB, rows string) []byte {
	return zipOf(t, map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>列</t></is></c></row>` + rows + `</sheetData></worksheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>共享</t></si><si><r><t>一</t></r><r><t>二</t></r><rPh><t>yi</t></rPh></si><si><t>a_x000D_b_x005F_x0041_</t></si></sst>`})
}

func oneColumn(kind Kind) Table {
	return Table{Title: text("a", ""), Columns: []Column{{Name: "c", Title: text("列", ""), Kind: kind}}}
}

func TestCellsMeanWhatExcelMeans(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		xml  string
		want any // nil: an error of rule
		rule string
	}{
		{Text, `<c t="s"><v>0</v></c>`, "共享", ""},
		{Text, `<c t="s"><v>1</v></c>`, "一二", ""},
		{Text, `<c t="s"><v>2</v></c>`, nil, ""}, // set below: a carriage return between a and b
		{Text, `<c t="str"><f>A1</f><v>结果</v></c>`, "结果", ""},
		{Text, `<c><f>A1</f></c>`, nil, "sheet_formula"},
		{Text, `<c t="str"><f>A1</f></c>`, nil, "sheet_formula"},
		{Boolean, `<c t="b"><f>TRUE()</f><v>1</v></c>`, true, ""},
		{Text, `<c t="e"><v>#N/A</v></c>`, nil, "sheet_error"},
		{Text, `<c><v>300040</v></c>`, "300040", ""},
		{Text, `<c><v>0.10000000000000001</v></c>`, "0.1", ""},
		{Text, `<c><v>1.20101199003071E+17</v></c>`, nil, "sheet_precision"},
		{Text, `<c><v>1E5</v></c>`, "100000", ""},
		{Text, `<c t="b"><v>1</v></c>`, "TRUE", ""},
		{Text, `<c t="inlineStr"><is><t>00123</t></is></c>`, "00123", ""},
		{Integer, `<c><v>3.0000000000000001</v></c>`, json.Number("3"), ""},
		{Integer, `<c t="str"><v>9223372036854775808</v></c>`, nil, "too_large"},
		{Integer, `<c t="b"><v>1</v></c>`, nil, "integer"},
		{Number, `<c t="str"><v>.50</v></c>`, json.Number("0.5"), ""},
		{Number, `<c><v>NaN</v></c>`, nil, "sheet_precision"},
		{Date, `<c t="str"><v>2026/5/6</v></c>`, kernel.MustDate("2026-05-06"), ""},
		{Date, `<c t="d"><v>2026-05-06</v></c>`, kernel.MustDate("2026-05-06"), ""},
		{Date, `<c><v>20260506</v></c>`, kernel.MustDate("2026-05-06"), ""},
		{Date, `<c><v>46148</v></c>`, nil, "date"},
		{Date, `<c t="str"><v>2026-13-01</v></c>`, nil, "date"},
	} {
		if c.want == nil && c.rule == "" {
			c.want = "a\rb_x0041_"
		}
		var got any
		var rule string
		_, err := oneColumn(c.kind).Read(context.Background(), bytes.NewReader(sheetOf(t, `<row r="2">`+c.xml+`</row>`)), func(r *Row) error {
			got = r.Values["c"]
			if len(r.Errors.Fields) > 0 {
				rule = r.Errors.Fields[0].Rule
			}
			return nil
		})
		if err != nil || rule != c.rule || got != c.want {
			t.Errorf("%s %s: %#v %s %v, want %#v %s", c.kind, c.xml, got, rule, err, c.want, c.rule)
		}
	}
}

func TestSerialDatesFollowExcelsCalendars(t *testing.T) {
	for _, c := range []struct {
		serial   string
		date1904 bool
		want     string
	}{
		{"1", false, "1900-01-01"}, {"59", false, "1900-02-28"}, {"60", false, ""}, {"61", false, "1900-03-01"}, {"46148", false, "2026-05-06"},
		{"46148.5", false, ""}, {"-1", false, ""}, {"0", false, ""}, {"2958465", false, "9999-12-31"}, {"2958466", false, ""}, {"x", false, ""},
		{"44686", true, "2026-05-06"}, {"0", true, "1904-01-01"},
	} {
		if got, _ := serialDate(c.serial, c.date1904); got.String() != c.want {
			t.Errorf("%s (1904 %t): %s, want %s", c.serial, c.date1904, got, c.want)
		}
	}
}

func TestDateFormatsAreRecognised(t *testing.T) {
	for code, want := range map[string]bool{
		"yyyy-mm-dd": true, "General": false, "0.00": false, `yyyy"年"m"月"d"日"`: true, `"day" 0`: false, `[Red]0`: false, `0\d`: false, "[$-804]yyyy/m/d": true, "@": false, "#,##0": false,
	} {
		if dateFormat(code) != want {
			t.Errorf("%s: want %t", code, want)
		}
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	bomb := sheetOf(t, "<row r=\"2\"><c t=\"inlineStr\"><is><t>"+strings.Repeat("A", maxUnpacked)+"</t></is></c></row>")
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	many := sheetOf(t, strings.Repeat(`<row><c t="inlineStr"><is><t>`+strings.Repeat("A", maxRun/2)+`</t></is></c></row>`, 2*maxUnpacked/maxRun+1))
	wide := `<row r="2"><c r="XFD2" t="inlineStr"><is><t>x</t></is></c></row>`
	cases := map[string]struct {
		file []byte
		rule string
	}{
		"nothing":                 {nil, "sheet_type"},
		"text":                    {[]byte("企业名称,电话\n"), "sheet_type"},
		"old format":              {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on"), "sheet_type"},
		"another archive":         {zipOf(t, map[string]string{"xl/workbook.xml": "<x/>"}), "sheet_type"},
		"no sheet":                {zipOf(t, nil), "sheet_type"},
		"cut":                     {sheetOf(t, "")[:200], "sheet_type"},
		"broken XML":              {sheetOf(t, "<row><c>"), "sheet_type"},
		"entities":                {zipOf(t, map[string]string{"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>`}), "sheet_type"},
		"zip bomb":                {bomb, "sheet_size"},
		"many small bombs":        {many, "sheet_size"},
		"far to the right":        {sheetOf(t, wide), "sheet_size"},
		"rows out of order":       {sheetOf(t, `<row r="5"><c><v>1</v></c></row><row r="4"><c><v>1</v></c></row>`), "sheet_type"},
		"row number beyond Excel": {sheetOf(t, `<row r="99999999"><c><v>1</v></c></row>`), "sheet_type"},
		"shared text that is not": {sheetOf(t, `<row><c t="s"><v>99</v></c></row>`), "sheet_type"},
		"too large":               {append([]byte("PK"), make([]byte, MaxFile)...), "sheet_size"},
		"only a head":             {sheetOf(t, ""), "sheet_empty"},
		"too many rows": {sheetOf(t, func() string {
			return strings.Repeat(`<row><c t="inlineStr"><is><t>x</t></is></c></row>`, defaultRows+1)
		}()), "sheet_rows"},
	}
	for name, c := range cases {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := read(t, oneColumn(Text), c.file)
		runtime.ReadMemStats(&after)
		if f := fieldErrors(t, err); f[0].Field != "file" || f[0].Rule != c.rule {
			t.Errorf("%s: %+v, want %s", name, f[0], c.rule)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 3*maxUnpacked {
			t.Errorf("%s: %d MB", name, used>>20)
		}
	}
}

func TestReadStopsWhenItsCallerDoes(t *testing.T) {
	file := workbookOf(t, nil, headRow(), []any{"甲"}, []any{"乙"})
	enough := errors.New("enough")
	n := 0
	result, err := licences().Read(context.Background(), bytes.NewReader(file), func(*Row) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 || result.Rows != 1 {
		t.Errorf("%v after %d rows", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := licences().Read(ctx, bytes.NewReader(file), func(*Row) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTemplateIsReadAgainInBothLanguages(t *testing.T) {
	table, c := licences(), texts()
	for _, lang := range i18n.Languages() {
		var b bytes.Buffer
		if err := table.Template(&b, c, lang); err != nil {
			t.Fatal(err)
		}
		if _, _, err := read(t, table, b.Bytes()); fieldErrors(t, err)[0].Rule != "sheet_empty" {
			t.Errorf("%s: an empty template: %v", lang, err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		name := table.Title.ZH
		if lang == "en" {
			name = table.Title.EN
		}
		notes, err := f.GetComments(name)
		if err != nil || len(notes) != 1 || notes[0].Cell != "A1" {
			t.Errorf("%s: notes %+v %v", lang, notes, err)
		}
		rules, err := f.GetDataValidations(name)
		if err != nil || len(rules) != 2 {
			t.Errorf("%s: %d drop-down lists, %v", lang, len(rules), err)
		}
		for i, v := range []any{"甲公司", uscc, "02228450011", "2026-05-06", 1, 2.5, map[string]string{"zh-CN": "带储存", "en": "With storage"}[lang], map[string]string{"zh-CN": "否", "en": "No"}[lang]} {
			f.SetCellValue(name, columnName(i)+"2", v)
		}
		b.Reset()
		f.Write(&b)
		rows, faults, err := read(t, table, b.Bytes())
		if err != nil || len(faults) > 0 || len(rows) != 1 || rows[0]["mode"] != "stored" || rows[0]["state_owned"] != false {
			t.Errorf("%s: %v %v %v", lang, rows, faults, err)
		}
		if keep := os.Getenv("KEEP_PICTURES"); keep != "" {
			os.WriteFile(keep+"/template-"+lang+".xlsx", b.Bytes(), 0o600)
		}
	}
}

func export(t rapid.TB, table Table, rows ...[]any) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := table.NewWriter(&b, i18n.MustLoad(Source()), "zh-CN")
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, row := range rows {
		if err := w.Row(row...); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return b.Bytes()
}

func TestExportIsReadAgain(t *testing.T) {
	table := licences()
	rapid.Check(t, func(rt *rapid.T) {
		holder := strings.TrimSpace(rapid.StringMatching(`[=+@|'<>&\-"_x0-9A-F\pL ]{1,25}`).Draw(rt, "holder"))
		if holder == "" {
			holder = "="
		}
		phone := rapid.SampledFrom([]string{"", "022", "=1+1", "@SUM(A1)", "+8613800000000", "0.10", "1E5", "_x0041_", "TRUE", "2026-05-06", "00123"}).Draw(rt, "phone")
		day := kernel.NewDate(1900, 3, 1).AddDays(rapid.IntRange(0, 80000).Draw(rt, "day"))
		tanks := rapid.Int64().Draw(rt, "tanks")
		file := export(rt, table, []any{holder, uscc, phone, day, tanks, json.Number("12.50"), "stored", true})
		want := map[string]any{"holder": holder, "uscc": uscc, "from": day, "tanks": json.Number(fmt.Sprint(tanks)), "volume": json.Number("12.5"), "mode": "stored", "state_owned": true}
		if phone != "" {
			want["phone"] = phone
		}
		_, err := table.Read(context.Background(), bytes.NewReader(file), func(r *Row) error {
			if len(r.Errors.Fields) > 0 {
				rt.Fatalf("%+v", r.Errors.Fields)
			}
			if diff := cmp.Diff(want, r.Values, cmp.Comparer(func(a, b kernel.Date) bool { return a == b })); diff != "" {
				rt.Fatal(diff)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func TestExportHasNoFormulas(t *testing.T) {
	file := export(t, oneColumn(Text), []any{"=HYPERLINK(\"http://x\")"}, []any{"+1"}, []any{"-1"}, []any{"@x"}, []any{"\t=1"}, []any{"a\x00\x1bb"})
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	xml, _ := io.ReadAll(r)
	if bytes.Contains(xml, []byte("<f")) {
		t.Errorf("a formula: %s", xml)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for row := 2; row <= 6; row++ {
		id, _ := f.GetCellStyle("a", fmt.Sprintf("A%d", row))
		style, err := f.GetStyle(id)
		if err != nil || style.NumFmt != textFormat {
			t.Errorf("row %d is not formatted as text (%v)", row, err)
		}
	}
}

func TestExportKnowsTimesAndRefusesWhatDoesNotFit(t *testing.T) {
	if got := instant(time.Date(2026, 5, 5, 22, 30, 0, 0, time.UTC)); got != 46148+6.5/24 {
		t.Errorf("half past six in Tianjin is %v", got)
	}
	w, err := oneColumn(Text).NewWriter(io.Discard, texts(), "zh-CN")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.Row(strings.Repeat("长", maxCellText)); kernel.KindOf(err) != kernel.Invalid {
		t.Errorf("a text that would be cut: %v", err)
	}
	for _, bad := range [][]any{{}, {1, 2}, {[]string{"x"}}} {
		if err := w.Row(bad...); err == nil {
			t.Errorf("%v was written", bad)
		}
	}
}

func TestCSVInBothEncodings(t *testing.T) {
	csv := "运单号,企业名称\r\n\r\nEMS001,\"天津市,某公司\"\r\nEMS002,乙\r\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	table := Table{Columns: []Column{{Name: "waybill", Title: text("运单号", "")}, {Name: "holder", Title: text("企业名称", "")}}}
	for name, file := range map[string]string{"UTF-8": csv, "with mark": "\ufeff" + csv, "GB 18030": gbk} {
		var got []string
		_, err := table.ReadCSV(context.Background(), strings.NewReader(file), func(r *Row) error {
			got = append(got, fmt.Sprint(r.Line, r.Text("waybill"), r.Text("holder")))
			return nil
		})
		if diff := cmp.Diff([]string{"3EMS001天津市,某公司", "4EMS002乙"}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	for file, rule := range map[string]string{"运单号,企业名称\n\"a": "csv", "\xff\xff\xff": "encoding", "": "sheet_empty"} {
		_, err := table.ReadCSV(context.Background(), strings.NewReader(file), func(*Row) error { return nil })
		if f := fieldErrors(t, err); f[0].Rule != rule {
			t.Errorf("%q: %+v", file, f)
		}
	}
}

func TestColumnNames(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want || columnOf(want+"7") != i {
			t.Errorf("%d: %s, back %d", i, got, columnOf(want+"7"))
		}
	}
}

// large is a workbook of n rows in ten columns.
func large(t testing.TB, n int) (Table, []byte) {
	table := Table{Title: text("大表", ""), MaxRows: n}
	row := make([]any, 10)
	for i := range row {
		table.Columns = append(table.Columns, Column{Name: columnName(i), Title: text("列"+columnName(i), "")})
	}
	var b bytes.Buffer
	w, err := table.NewWriter(&b, texts(), "zh-CN")
	if err != nil {
		t.Fatal(err)
	}
	for r := range n {
		for i := range row {
			row[i] = fmt.Sprintf("天津市第 %d 号企业 %d", r, i)
		}
		if err := w.Row(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return table, b.Bytes()
}

func TestTenThousandRowsAreRead(t *testing.T) {
	table, file := large(t, 10_000)
	result, err := table.Read(context.Background(), bytes.NewReader(file), func(r *Row) error {
		if r.Text("J") == "" {
			t.Fatalf("row %d lacks its last cell", r.Line)
		}
		return nil
	})
	if err != nil || result != (Result{Rows: 10_000}) {
		t.Errorf("%+v %v", result, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(workbookOf(f, nil, headRow(), []any{"甲公司", uscc, "1", "2026-05-06", 3, 120.1, "带储存", "是"}))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := licences().Read(context.Background(), bytes.NewReader(file), func(*Row) error { return nil })
		if err != nil {
			fieldErrors(t, err)
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("名称\n\"a\n"))
	f.Add([]byte("\xc3\xfb\xb3\xc6\n\xbc\xd7\x00\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := oneColumn(Text).ReadCSV(context.Background(), bytes.NewReader(file), func(r *Row) error {
			for _, c := range oneColumn(Text).Columns {
				if !kernel.IsText(r.Text(c.Name)) {
					t.Errorf("%q gives no text", file)
				}
			}
			return nil
		})
		if err != nil {
			fieldErrors(t, err)
		}
	})
}

func FuzzCells(f *testing.F) {
	f.Add(`<row r="2"><c r="A2" t="s" s="1"><v>0</v></c><c t="inlineStr"><is><r><t>x</t></r></is></c></row>`)
	f.Fuzz(func(t *testing.T, rows string) {
		_, err := oneColumn(Number).Read(context.Background(), bytes.NewReader(sheetOf(t, rows)), func(*Row) error { return nil })
		if err != nil {
			fieldErrors(t, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	table, file := large(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Read(context.Background(), bytes.NewReader(file), func(*Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
