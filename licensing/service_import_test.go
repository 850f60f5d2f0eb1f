package licensing

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/xuri/excelize/v2"

	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
)

var importer1 = as("importer", PermImport)

// workbook writes rows under the head of the import table.
func (o *office) workbook(rows ...[]string) *bytes.Reader {
	o.t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var head []string
	for _, c := range o.importTable().Columns {
		head = append(head, c.Title.ZH)
	}
	w, err := f.NewStreamWriter("Sheet1")
	o.must(err)
	for i, row := range append([][]string{head}, rows...) {
		cells := make([]any, len(row))
		for k, v := range row {
			cells[k] = v
		}
		o.must(w.SetRow(fmt.Sprintf("A%d", i+1), cells))
	}
	o.must(w.Flush())
	var b bytes.Buffer
	o.must(f.Write(&b))
	return bytes.NewReader(b.Bytes())
}

func importRow(n int) []string {
	body := fmt.Sprintf("91120000TE%07d", n)
	return []string{"危险化学品经营许可（首次申请）", fmt.Sprintf("津危化经字%06d", n), fmt.Sprintf("样例经营部%d", n), body + string(kernel.USCCCheck(body)), "", "120116", "样例路", "样例甲", "零售", "汽油",
		"2025-03-01", "2025-03-01", "2028-02-29", "天津市应急管理局", "13900139000"}
}

func (o *office) importFile(name string, dry bool, rows ...[]string) job.Status {
	o.t.Helper()
	id, err := o.ImportLicences(o.t.Context(), importer1, name, o.workbook(rows...), dry)
	o.must(err)
	o.must(o.Jobs.Drain(o.t.Context()))
	st, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (job.Status, error) { return job.Get(ctx, q, id) })
	o.must(err)
	return st
}

// titled names the item of rows as it stands in the sheet.
func (o *office) titled(rows ...[]string) [][]string {
	it, _ := o.Rules.ItemByID("hazchem-business.first")
	for _, r := range rows {
		r[0] = it.Title.ZH
	}
	return rows
}

func TestExistingLicencesAreImported(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		bad, person := importRow(2), importRow(3)
		bad[3], bad[12] = "91120000TE00000020", "2020-01-01" // wrong check character; ends before it begins
		person[1], person[2], person[3], person[4] = "T11010519491231002X", "样例丁", "", "11010519491231002X"
		rows := o.titled(importRow(1), bad, person, importRow(1))
		st := o.importFile("a.xlsx", true, rows...)
		if st.State != job.Done || st.RowErrors != 1 || o.count(`SELECT COUNT(*) FROM licensing_licences`) != 0 {
			t.Fatalf("dry run %+v", st)
		}
		st = o.importFile("a.xlsx", false, rows...)
		if st.State != job.Done || st.RowErrors != 1 || st.Done != 4 || st.Total != 4 {
			t.Fatalf("import %+v", st)
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_licences WHERE imported = TRUE`); n != 2 {
			t.Fatalf("%d licences", n)
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_licences WHERE number LIKE '%11010519491231002X%' OR holder = '样例丁'`); n != 0 {
			t.Fatal("personal data in clear")
		}
		st = o.importFile("b.xlsx", false, o.titled(importRow(1), importRow(4))...)
		if st.RowErrors != 0 || o.count(`SELECT COUNT(*) FROM licensing_licences`) != 3 {
			t.Fatalf("again %+v", st)
		}
		changed := importRow(1)
		changed[12] = "2030-01-01"
		if st = o.importFile("c.xlsx", false, o.titled(changed)...); st.RowErrors != 1 {
			t.Fatalf("a number with other facts: %+v", st)
		}
	})
}

func TestImportRefusesWhatIsNoWorkbook(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, err := o.ImportLicences(t.Context(), importer1, "a.xlsx", bytes.NewReader([]byte("MZ\x90")), false)
		o.fails(err, kernel.Invalid, "file")
		_, err = o.ImportLicences(t.Context(), as("reader"), "a.xlsx", o.workbook(importRow(1)), false)
		o.fails(err, kernel.Denied, "")
	})
}
