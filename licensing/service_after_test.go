package licensing

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/registry"
)

func (o *office) drain() {
	o.t.Helper()
	o.must(o.Bus.Drain(o.t.Context()))
}

func TestGrantIsPublishedMasked(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.granted(ask{item: "special-operation.first", person: true}, LicenceData{Holder: "样例丁", IDNumber: "11010519491231002X", Scope: "低压电工作业", ContactPhone: "13900139000"})
		c, l := o.granted(ask{item: "petrol-station.first"}, station)
		_, err := o.decided(o.filed(ask{item: "petrol-station.first"}), Verdict{Outcome: Denied, Grounds: "不符合"})
		o.must(err)
		o.drain()
		rows, err := o.PublicDecisions(ctx, PublicFilter{})
		o.must(err)
		if len(rows) != 2 {
			t.Fatalf("%d published: a denial is not", len(rows))
		}
		var csv bytes.Buffer
		o.must(WriteFeedCSV(&csv, rows))
		js, err := json.Marshal(rows)
		o.must(err)
		for _, private := range []string{"样例丁", "11010519491231002X", "13900139000"} {
			if strings.Contains(csv.String()+string(js), private) {
				t.Fatalf("%s is public", private)
			}
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_decisions WHERE published_at > 0`); n != 2 {
			t.Fatalf("%d marked", n)
		}
		o.must(o.PublishOverdue(ctx)) // nothing left
		_, err = o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActDeregister, Basis: "art. 70"})
		o.must(err)
		rows, err = o.PublicDecisions(ctx, PublicFilter{Holder: c.Applicant})
		o.must(err)
		if len(rows) != 1 || rows[0].Status != NotInEffect || rows[0].Seq != 2 || rows[0].Number != l.Number {
			t.Fatalf("after deregistration: %+v", rows)
		}
		if n := o.count(`SELECT COUNT(*) FROM event_events WHERE type = 'licensing.published'`); n != 3 {
			t.Fatalf("%d records handed over", n)
		}
	})
}

func TestDecisionThatNoEventPublishedIsPublishedByTheDailyJob(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2026-05-14")
		o.must(o.PublishOverdue(t.Context()))
		rows, err := o.PublicDecisions(t.Context(), PublicFilter{})
		o.must(err)
		if len(rows) != 1 {
			t.Fatal("not published")
		}
	})
}

func TestFeedCellsAreNeverFormulas(t *testing.T) {
	var b bytes.Buffer
	if err := WriteFeedCSV(&b, []Publication{{Holder: `=HYPERLINK("x")`, Content: "+1"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `'=HYPERLINK`) || !strings.Contains(b.String(), "'+1") {
		t.Fatal(b.String())
	}
}

func TestSupervisingOfficeIsToldAndAcknowledges(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		o.drain()
		office := as("regulator", PermSupervise)
		office.Scope = auth.Scope{Officer: true, Units: []string{registry.ApprovalDepartmentID}}
		open, err := o.Handovers(ctx, office, true, 0)
		o.must(err)
		if len(open) != 1 || open[0].Due != kernel.MustDate("2026-05-09") || o.todos(todoHandover) != 1 {
			t.Fatalf("handovers %+v", open)
		}
		o.day("2026-05-11")
		o.must(o.ChaseHandovers(ctx))
		o.must(o.ChaseHandovers(ctx))
		if o.todos(todoLateHand) != 1 {
			t.Fatal("nobody hears that it is late")
		}
		stranger := as("stranger", PermSupervise)
		stranger.Scope = auth.Scope{Officer: true, Units: []string{"unit-120101"}}
		o.fails(o.Acknowledge(ctx, stranger, c.ID), kernel.NotFound, "")
		o.must(o.Acknowledge(ctx, office, c.ID))
		o.must(o.Acknowledge(ctx, office, c.ID))
		if o.todos(todoHandover) != 0 || o.todos(todoLateHand) != 0 {
			t.Fatal("to-dos stay")
		}
		o.fails(o.GiveFeedback(ctx, office, c.ID, "bad", ""), kernel.Invalid, "kind")
		o.must(o.GiveFeedback(ctx, office, c.ID, "problem", "现场与许可不符"))
		h, err := o.Handover(ctx, office, c.ID)
		o.must(err)
		if len(h.Feedback) != 1 || h.Acknowledged.ID != "regulator" || o.todos(todoFeedback) != 1 {
			t.Fatalf("handover %+v", h)
		}
		o.must(o.CloseFeedback(ctx, as("approver", PermApprove), c.ID, "已约谈"))
		if o.todos(todoFeedback) != 0 {
			t.Fatal("feedback stays")
		}
	})
}

func TestCaseIsRatedOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		open := o.filed(ask{item: "petrol-station.first"})
		o.fails(o.Rate(ctx, holder(), open.ID, 5, ""), kernel.Conflict, "state")
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		o.fails(o.Rate(ctx, holder(), c.ID, 6, ""), kernel.Invalid, "stars")
		o.must(o.Rate(ctx, holder(), c.ID, 1, "太慢"))
		o.fails(o.Rate(ctx, holder(), c.ID, 5, ""), kernel.Conflict, "rated")
		if o.todos(todoRating) != 1 {
			t.Fatal("a bad rating is not followed up")
		}
		o.must(o.AnswerRating(ctx, as("approver", PermApprove), c.ID, "已改进"))
		r, err := o.RatingOf(ctx, holder(), c.ID)
		o.must(err)
		if r.Answer != "已改进" || o.todos(todoRating) != 0 {
			t.Fatalf("rating %+v", r)
		}
		day := kernel.MustDate("2026-05-06")
		tally, err := o.RatingsBetween(ctx, auth.CityScope(), day, day)
		o.must(err)
		if tally != (RatingTally{Count: 1, Sum: 1, Bad: 1}) {
			t.Fatalf("tally %+v", tally)
		}
	})
}

func TestVerificationTellsTheStateAndNothingElse(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, l := o.granted(ask{item: "special-operation.first", person: true}, LicenceData{Holder: "样例丁", IDNumber: "11010519491231002X", Scope: "低压电工作业", ContactPhone: "13900139000"})
		v, err := o.Verify(ctx, l.Code, "203.0.113.77")
		o.must(err)
		js, err := json.Marshal(v)
		o.must(err)
		for _, private := range []string{"11010519491231002X", "13900139000", "样例丁", l.Number, l.ID} {
			if strings.Contains(string(js), private) {
				t.Fatalf("verification tells %s: %s", private, js)
			}
		}
		if v.State != Valid || v.Scope != "低压电工作业" {
			t.Fatalf("%+v", v)
		}
		o.day("2032-05-06")
		v, err = o.Verify(ctx, l.Code, "203.0.113.78")
		o.must(err)
		if v.State != Expired {
			t.Fatalf("after its last day: %s", v.State)
		}
		for _, code := range []string{"", "guess", "' OR 1=1"} {
			_, err = o.Verify(ctx, code, "2001:db8:1:2::3")
			o.fails(err, kernel.NotFound, "")
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_looks WHERE licence_id = $1 AND addr = '203.0.113.0/24'`, l.ID); n != 2 {
			t.Fatalf("%d looks kept", n)
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_looks WHERE found = FALSE AND addr = '2001:db8:1::/48'`); n != 3 {
			t.Fatalf("%d failed looks kept", n)
		}
	})
}

func TestArchiveHoldsEverythingWithItsHashes(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		archivist := as("archivist", PermArchive)
		open := o.filed(ask{item: "petrol-station.first"})
		o.fails(o.ExportArchive(ctx, archivist, open.ID, io.Discard), kernel.Conflict, "state")
		c := o.ready(ByMail)
		var b bytes.Buffer
		o.must(o.ExportArchive(ctx, archivist, c.ID, &b))
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		o.must(err)
		content := map[string][]byte{}
		for _, f := range z.File {
			r, err := f.Open()
			o.must(err)
			content[f.Name], err = io.ReadAll(r)
			o.must(err)
		}
		lines := strings.Split(strings.TrimSpace(string(content["SHA256SUMS"])), "\n")
		if len(lines) != len(content)-1 || len(lines) != 4 { // case.json, letter, 正本, 副本
			t.Fatalf("%d sums for %d files", len(lines), len(content))
		}
		for _, line := range lines {
			sum, name, _ := strings.Cut(line, "  ")
			got := sha256.Sum256(content[name])
			if hex.EncodeToString(got[:]) != sum {
				t.Fatalf("%s does not have its hash", name)
			}
		}
		var a archiveCase
		o.must(json.Unmarshal(content["case.json"], &a))
		if a.Number != c.Number || a.Licence == nil || a.Delivery.Address.Phone != "13800138000" || len(a.Papers) != 3 || len(a.Papers[0].Seal) == 0 {
			t.Fatalf("case.json %s", content["case.json"])
		}
		if n := o.count(`SELECT COUNT(*) FROM audit_rows WHERE action = 'licensing.case.export'`); n != 1 {
			t.Fatal("export not audited")
		}
	})
}

func TestNamesInTheArchiveStayInside(t *testing.T) {
	for in, want := range map[string]string{"../../etc/passwd": "passwd", `..\..\a.pdf`: "a.pdf", "证 照.pdf": "证 照.pdf", "a\nb": "a_b", "": "."} {
		if got := safeName(in); got != want {
			t.Errorf("safeName(%q) = %q, want %q", in, got, want)
		}
	}
}
