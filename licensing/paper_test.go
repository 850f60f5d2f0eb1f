package licensing

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/dbtest"
	"anlan/internal/document"
	"anlan/internal/kernel"
)

// samplePapers is print data of every kind but the certificates, with a word
// that must stand on the page.
func samplePapers() map[PaperKind]struct {
	data any
	word string
} {
	day := kernel.MustDate("2026-05-06")
	head := PaperHead{Authority: "天津市应急管理局", To: "样例加油站", CaseNumber: "120116-20260506-00001", Item: "危险化学品经营许可", On: day, Contact: "许可处", Office: "022-00000000", Sample: true}
	remedies := Remedies{Body: "天津市人民政府", ReviewDays: 60, Court: "有管辖权的人民法院", LawsuitMonths: 6}
	type entry = struct {
		data any
		word string
	}
	return map[PaperKind]entry{
		PaperReceipt:         {ReceiptData{PaperHead: head, ReceivedOn: day, AnswerBy: day.AddDays(7), Materials: []PaperMaterial{{Name: "申请书", Copies: 1, Note: "电子件"}}, QueryURL: "https://example.test/progress"}, "即为受理"},
		PaperCorrection:      {CorrectionData{PaperHead: head, Faults: []PaperFault{{"申请书", "缺少签章", "补盖公章"}}}, "补盖公章"},
		PaperAcceptance:      {AcceptanceData{PaperHead: head, AcceptedOn: day, Deemed: true, LimitDays: 20, LimitUnit: "wd", Due: day.AddDays(28), PromisedDue: day.AddDays(14), Excluded: []string{"专家评审"}, Deficits: []string{"租赁合同"}, DeficitDue: day.AddDays(5)}, "容缺受理"},
		PaperRefusal:         {RefusalData{PaperHead: head, Outcome: OtherAuthority, Grounds: "不属于本机关职权", GoTo: "和平区应急管理局", Remedies: remedies}, "和平区应急管理局"},
		PaperSpecial:         {SpecialData{PaperHead: head, Procedure: "专家评审", From: day, Days: 10, Until: day.AddDays(14)}, "第四十五条"},
		PaperExtension:       {ExtensionData{PaperHead: head, Days: 10, Unit: "wd", Reason: "案情复杂", ApprovedBy: "局长", OldDue: day, NewDue: day.AddDays(14)}, "第四十二条"},
		PaperGrant:           {GrantData{PaperHead: head, Grounds: "符合法定条件、标准。", LicenceTitle: "危险化学品经营许可证", LicenceNumber: "津120116危化经字〔2026〕000001", Scope: "汽油、柴油", ValidFrom: day, ValidTo: day.AddYears(3), DeliverBy: day.AddDays(14), Promise: "条件属实"}, "告知承诺"},
		PaperDenial:          {DenialData{PaperHead: head, Facts: "安全距离不足", Grounds: "不符合条件", Remedies: remedies}, "行政复议"},
		PaperAddress:         {AddressData{PaperHead: head, Mode: ByMail, Recipient: "样例丙", Phone: "13800138000", Address: "样例路1号", Electronic: true}, "同意以电子方式送达"},
		PaperDeliveryReceipt: {DeliveryReceiptData{PaperHead: head, Documents: []string{"许可证正本"}, Mode: ByPickUp, Recipient: "样例丙", EndedOn: day, HandedBy: "办件员"}, "受送达人"},
		PaperOpinion:         {OpinionData{PaperHead: head, Project: "样例项目", Conclusion: "同意", Grounds: "符合规定", Conditions: []string{"落实安全设施"}, ValidTo: day.AddYears(2), Remedies: remedies}, "重新申请审查"},
		PaperFiling:          {FilingData{PaperHead: head, FilingNo: "（津）2B2026000001", Content: []PaperPair{{"品种", "盐酸"}}, ValidTo: day.AddYears(3)}, "备案不是行政许可"},
	}
}

func TestEveryPaperIsSetInChinese(t *testing.T) {
	program := dbtest.Require(t, "pdftotext")
	samples := samplePapers()
	for _, kind := range paperKinds {
		if kind.IsCertificate() {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			data, err := json.Marshal(samples[kind].data)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := composePaper(kind, "津应急许准〔2026〕1号", data)
			if err != nil {
				t.Fatal(err)
			}
			pdf, err := document.RenderPaper(doc)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, "-raw", "-", "-")
			cmd.Stdin = bytes.NewReader(pdf)
			text, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			flat := strings.Join(strings.Fields(string(text)), "")
			for _, want := range []string{samples[kind].word, "天津市应急管理局", "2026年5月6日"} {
				if !strings.Contains(flat, want) {
					t.Errorf("%q is not on the paper: %s", want, flat)
				}
			}
		})
	}
}

func TestIssuedQRLeadsToTheVerification(t *testing.T) {
	draw, read := dbtest.Require(t, "pdftoppm"), dbtest.Require(t, "zbarimg")
	eachOffice(t, func(t *testing.T, o *office) {
		c, l := o.granted(ask{item: "petrol-station.first"}, station)
		o.render()
		for _, kind := range []PaperKind{PaperMain, PaperCopy} {
			_, r, err := o.OpenPaper(t.Context(), holder(), o.paper(c.ID, kind).ID)
			o.must(err)
			pdf, err := io.ReadAll(r)
			o.must(err)
			r.Close()
			dir := t.TempDir()
			o.must(os.WriteFile(filepath.Join(dir, "a.pdf"), pdf, 0o600))
			o.must(exec.Command(draw, "-r", "150", "-png", filepath.Join(dir, "a.pdf"), filepath.Join(dir, "p")).Run())
			pages, err := filepath.Glob(filepath.Join(dir, "p*.png"))
			o.must(err)
			out, _ := exec.Command(read, append([]string{"-q", "--raw"}, pages...)...).Output() // a page without a code is a failure to zbarimg
			code, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "https://example.test/v/")
			if !ok || code != l.Code {
				t.Fatalf("%s says %q", kind, out)
			}
			if _, err := o.Verify(t.Context(), code, "127.0.0.1"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestPaperMachine: a paper goes from prepared over rendered to sealed and
// never back; a failure changes nothing but when and why it is tried again.
func TestPaperMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Paper{State: PaperPrepared}
		now := time.Date(2026, 5, 6, 2, 0, 0, 0, time.UTC)
		order := map[PaperState]int{PaperPrepared: 0, PaperRendered: 1, PaperSealed: 2}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			before := p
			switch rapid.SampledFrom([]string{"render", "seal", "fail"}).Draw(t, "act") {
			case "render":
				if err := p.MarkRendered("hash", 1, now); (err == nil) != (before.State == PaperPrepared) {
					t.Fatalf("rendered from %s: %v", before.State, err)
				}
			case "seal":
				if err := p.MarkSealed("seal"); (err == nil) != (before.State == PaperRendered) {
					t.Fatalf("sealed from %s: %v", before.State, err)
				}
			case "fail":
				p.Fail("key", "{}", now)
				if p.State != before.State || p.Hash != before.Hash || !p.NextAt.After(now) || p.NextAt.Sub(now) > maxPaperWait {
					t.Fatalf("failed from %+v to %+v", before, p)
				}
			}
			if order[p.State] < order[before.State] || (p.State == PaperPrepared) != (p.Hash == "") || p.Ready() != (p.Seal != "") {
				t.Fatalf("from %+v to %+v", before, p)
			}
		}
	})
}
