package licensing

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

// These tests kill a process while it works (SIGKILL: no defer, no flush) and
// look at what a new process finds.

const childEnv = "ANLAN_TEST_CHILD"

// TestChildProcess is the process that is killed: it says each thing that it
// was told is done on its standard output, and goes on until the end.
func TestChildProcess(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		t.Skip("runs only as a child of the kill tests")
	}
	o := reopen(t, dir)
	switch os.Getenv(childEnv + "_WORK") {
	case "issue":
		for o.cases = int(o.count(`SELECT COUNT(*) FROM licensing_cases`)); ; {
			_, l := o.granted(ask{item: "petrol-station.first"}, station)
			fmt.Println("done", l.Number)
		}
	case "waybills":
		for _, row := range postings(o) {
			out, err := o.ImportPostings(t.Context(), mailer, []Posting{row}, false)
			o.must(err)
			o.must(out[0].Err)
			fmt.Println("done", row.CaseNumber)
		}
	case "import":
		id, err := o.ImportLicences(t.Context(), importer1, "a.xlsx", manyRows(o), false)
		o.must(err)
		fmt.Println("done", id)
		go func() {
			for {
				fmt.Println("done", o.count(`SELECT COUNT(*) FROM licensing_licences`))
				time.Sleep(5 * time.Millisecond)
			}
		}()
		o.must(o.Jobs.Drain(t.Context()))
	}
	time.Sleep(time.Hour)
}

func manyRows(o *office) *bytes.Reader {
	var rows [][]string
	for i := range manyLicences {
		rows = append(rows, importRow(i))
	}
	return o.workbook(o.titled(rows...)...)
}

const manyLicences = 600

func reopen(t *testing.T, dir string) *office {
	t.Helper()
	d, err := db.Open(context.Background(), "sqlite:"+filepath.Join(dir, "anlan.db"), db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return openOffice(t, d, dir)
}

// prepared makes the directory of an office and lets fn fill it.
func prepared(t *testing.T, fn func(o *office)) string {
	t.Helper()
	dir := t.TempDir()
	image := dbtest.SQLite(t, officeSchema()...)
	path := image.Path()
	if err := image.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(dir, "anlan.db")); err != nil {
		t.Fatal(err)
	}
	t.Run("prepare", func(t *testing.T) { fn(reopen(t, dir)) })
	return dir
}

// killed runs the child until enough of what it said is there, kills it and
// returns what it said.
func killed(t *testing.T, dir, work string, enough func(said []string) bool) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildProcess$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir, childEnv+"_WORK="+work)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	var said []string
	for in := bufio.NewScanner(out); !enough(said) && in.Scan(); {
		word, ok := strings.CutPrefix(in.Text(), "done ")
		if !ok {
			t.Logf("child: %s", in.Text())
			continue
		}
		said = append(said, word)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	return said
}

func lines(n int) func([]string) bool {
	return func(said []string) bool { return len(said) >= n }
}

func TestKilledWhileIssuingNoNumberIsGivenTwice(t *testing.T) {
	dir := prepared(t, func(*office) {})
	given := map[string]bool{}
	for round := range 3 {
		for _, number := range killed(t, dir, "issue", lines(5+round)) {
			if given[number] {
				t.Fatalf("%s was given twice", number)
			}
			given[number] = true
		}
	}
	o := reopen(t, dir)
	for number := range given {
		if o.count(`SELECT COUNT(*) FROM licensing_licences l JOIN licensing_deliveries d ON d.licence_id = l.id WHERE l.number = $1`, number) != 1 {
			t.Fatalf("%s was acknowledged and is lost", number)
		}
	}
	if n := o.count(`SELECT COUNT(*) FROM licensing_licences l WHERE NOT EXISTS (SELECT 1 FROM number_numbers n WHERE n.state = 'used' AND n.subject = 'case:' || l.case_id AND n.series LIKE 'licensing.licence/%')`); n != 0 {
		t.Fatalf("%d licences without a used number", n)
	}
}

// postings is a list for every delivery that waits.
func postings(o *office) []Posting {
	var rows []Posting
	for _, number := range waiting(o) {
		rows = append(rows, Posting{CaseNumber: number, Carrier: "EMS", Waybill: "W" + strings.ReplaceAll(number, "-", "")})
	}
	return rows
}

func waiting(o *office) []string {
	o.t.Helper()
	numbers, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) ([]string, error) {
		return db.Column[string](ctx, q, `SELECT c.number FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id ORDER BY c.number`)
	})
	o.must(err)
	return numbers
}

func TestKilledWhileImportingWaybillsNothingIsPostedTwice(t *testing.T) {
	dir := prepared(t, func(o *office) {
		for range 8 {
			_, err := o.decided(o.filed(ask{item: "petrol-station.first"}), Verdict{Outcome: Denied, Grounds: "不符合"}) // letters need no making
			o.must(err)
		}
	})
	said := killed(t, dir, "waybills", lines(3))
	o := reopen(t, dir)
	for _, number := range said {
		if o.count(`SELECT COUNT(*) FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id WHERE c.number = $1 AND d.state = 'posted'`, number) != 1 {
			t.Fatalf("%s was acknowledged and is lost", number)
		}
	}
	out, err := o.ImportPostings(t.Context(), mailer, postings(o), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out {
		if r.Err != nil {
			t.Fatalf("%s: %v", r.CaseNumber, r.Err)
		}
	}
	if n := o.count(`SELECT COUNT(*) FROM licensing_deliveries WHERE state = 'posted' AND attempts = 1`); n != 8 {
		t.Fatalf("%d posted once", n)
	}
	if n := o.count(`SELECT COUNT(*) FROM notify_messages WHERE template = 'licensing.notice.posted' AND channel = 'sms'`); n != 8 {
		t.Fatalf("%d messages for 8 letters", n)
	}
}

func TestKilledImportGoesOnWhereItStood(t *testing.T) {
	dir := prepared(t, func(*office) {})
	killed(t, dir, "import", func(said []string) bool { // the first says the job, the others how many rows are in
		return len(said) > 1 && said[len(said)-1] != "0"
	})
	o := reopen(t, dir)
	t.Logf("killed at %d of %d", o.count(`SELECT COUNT(*) FROM licensing_licences`), manyLicences)
	o.Jobs.Start(t.Context())
	defer o.Jobs.Stop()
	for deadline := time.Now().Add(90 * time.Second); ; {
		if o.count(`SELECT COUNT(*) FROM job_jobs WHERE kind = $1 AND state IN ('due', 'running')`, jobImport) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("job is %d rows far", o.count(`SELECT done FROM job_jobs WHERE kind = $1`, jobImport))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := o.count(`SELECT COUNT(*) FROM licensing_licences`); n != manyLicences {
		t.Fatalf("%d licences of %d", n, manyLicences)
	}
	if n := o.count(`SELECT COUNT(*) FROM licensing_licence_acts WHERE act = 'import'`); n != manyLicences {
		t.Fatalf("%d import acts", n)
	}
}
