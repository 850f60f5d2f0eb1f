package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/deadline"
	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/sheet"
	"anlan/internal/stream"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// staff is the bureau: who holds which role, by account.
type staff map[string][]*auth.Principal

func (s staff) Holders(_ context.Context, _ db.Q, role string) ([]*auth.Account, error) {
	var out []*auth.Account
	for _, p := range s[role] {
		out = append(out, p.Account)
	}
	return out, nil
}

func (s staff) As(_ context.Context, _ db.Q, account string) (*auth.Principal, error) {
	for _, all := range s {
		for _, p := range all {
			if p.Account.ID == account {
				return p, nil
			}
		}
	}
	return auth.Public(""), nil
}

// desk is the room with its officers' pages and a browser for each of them.
type desk struct {
	*room
	site *webtest.Site
}

// offices are the people of the pages, with the role that their desk has.
var offices = map[string]struct {
	role  string
	perms []auth.Permission
}{
	"clerk":  {auth.IntakeClerk, []auth.Permission{licensing.PermIntake, licensing.PermAssist, licensing.PermUnmask}},
	"clerk2": {auth.IntakeClerk, []auth.Permission{licensing.PermIntake, licensing.PermAssist}},
	"rev1":   {auth.Reviewer, []auth.Permission{licensing.PermReview}},
	"rev2":   {auth.Reviewer, []auth.Permission{licensing.PermReview}},
	"exam":   {auth.Checker, []auth.Permission{licensing.PermExamine}},
	"head":   {auth.DepartmentHead, []auth.Permission{licensing.PermLegal, licensing.PermTransfer, licensing.PermRulesSign}},
	"boss":   {auth.Approver, []auth.Permission{licensing.PermApprove, licensing.PermPanel}},
	"maker":  {auth.CertificateClerk, []auth.Permission{licensing.PermMake}},
	"maker2": {auth.CertificateClerk, []auth.Permission{licensing.PermMake}},
	"post":   {auth.MailClerk, []auth.Permission{licensing.PermMail}},
	"arch":   {auth.Archivist, []auth.Permission{licensing.PermArchive}},
	"rules":  {auth.RulesEditor, []auth.Permission{licensing.PermRules}},
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := dbtest.SQLite(t, append(schema(), web.Migrations())...)
	r := newRoom(t, d, webtest.Now)
	people := staff{}
	hub := stream.NewHub(stream.Options{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(hub.Close)
	r.Officers, r.Live = people, hub
	pages := licensing.NewPages(r.Service)
	site := webtest.Start(t, web.Config{DB: d, Clock: r.clock, Log: slog.New(slog.DiscardHandler), Routes: pages.Routes(), Topics: pages.Topics(), Hub: hub, Views: []web.Views{licensing.Views()},
		Texts: []i18n.Source{personal.Texts(), auth.Texts(), job.Texts(), number.Texts(), worklist.Texts(), form.Source(), sheet.Source(), deadline.Texts(),
			{Owner: "registry", FS: registry.Locale()}, {Owner: "rule", FS: rule.Locale()}}})
	for name, o := range offices {
		p := webtest.Officer(name, append(o.perms, licensing.PermRead)...)
		people[o.role] = append(people[o.role], p)
		site.People.Add(name, p)
	}
	return &desk{r, site}
}

// person is who an officer is for the services.
func (d *desk) person(name string) *auth.Principal {
	for _, all := range d.Officers.(staff) {
		for _, p := range all {
			if p.Account.Name == name {
				return p
			}
		}
	}
	d.t.Fatalf("there is no %s", name)
	return nil
}

// fails wants an error of a kind with a text.
func (d *desk) fails(err error, kind kernel.Kind, key string) {
	d.t.Helper()
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Key != key {
		d.t.Errorf("%v, want %s", err, key)
	}
}

// as is the browser of an officer.
func (d *desk) as(name string) *webtest.Client { return d.site.Client(d.t, name) }

// filed is a case that has been handed in.
func (d *desk) filed() string {
	d.t.Helper()
	id := d.draft("hazchem-business.first", answers(d.room))
	_, err := d.Submit(d.t.Context(), d.applicant(), id, 0)
	d.must(err)
	return id
}

// does opens a case, fills in the form of an act and sends it.
func (d *desk) does(name, id, act string, pairs ...string) *webtest.Page {
	d.t.Helper()
	return d.as(name).Get("/licensing/cases/" + id).Want(200).Form("/" + act).Set(pairs...).Submit()
}

func TestDesksTakeACaseFromIntakeToTheMailThroughPages(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("clerk", id, "claim").Want(200, "收件受理", "clerk", "申请表：主要负责人 · 姓名")
	d.does("clerk", id, "accept").Want(200, "已受理", "受理通知书")
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "材料齐全").Want(200, "核查")
	d.does("rev1", id, "plan-check", "mode", "site", "on", "2026-05-08", "officer_a", "account-rev1", "officer_b", "account-rev2").Want(200, "已安排")
	d.does("rev1", id, "record-check", "record", "储存场所与申报一致", "result", "pass").Want(200, "待确认")
	d.does("rev2", id, "confirm-check").Want(200)
	view, err := d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	_, err = d.ConfirmCheck(t.Context(), d.applicant(), id, view.Checks[0].ID)
	d.must(err)
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "现场符合").Want(200, "核查完成", "审核")
	d.does("exam", id, "pass-on", "verdict", "agree", "text", "同意").Want(200, "法制审核")
	d.does("head", id, "pass-on", "verdict", "agree", "text", "合法").Want(200)
	if c, _ := d.Case(t.Context(), d.applicant(), id); c.Step == licensing.Panel {
		d.does("boss", id, "pass-on", "verdict", "agree", "text", "同意").Want(200)
	}
	d.does("boss", id, "decide", "outcome", "granted", "grounds", "符合法定条件").Want(422, "必须勾选")
	d.does("boss", id, "decide", "outcome", "granted", "grounds", "符合法定条件", "scope", strings.Repeat("醇", 4001), "sure", "true").Want(422)
	d.does("boss", id, "decide", "outcome", "granted", "grounds", "符合法定条件", "scope", "甲醇、乙醇（不得储存）", "sure", "true").Want(200, "准予许可", "制证")
	decided, err := d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	licence, err := d.Licence(t.Context(), d.person("boss"), decided.LicenceID)
	d.must(err)
	if licence.Scope != "甲醇、乙醇（不得储存）" || licence.Address == "" || licence.PersonInCharge == "" || licence.Mode == "" {
		t.Errorf("the certificate says %q, %q, %q, %q", licence.Scope, licence.Address, licence.PersonInCharge, licence.Mode)
	}
	d.must(d.RenderPapers(t.Context()))
	d.must(d.RenderPapers(t.Context()))
	delivery := func(name, act string, pairs ...string) *webtest.Page {
		t.Helper()
		return d.as(name).Get("/licensing/deliveries/" + id).Want(200).Form("/" + act).Set(pairs...).Submit()
	}
	delivery("maker", "made").Want(200, "待核对")
	d.as("maker").Get("/licensing/deliveries/"+id).Want(200, "不能核对").Lacks("与决定核对")
	delivery("maker2", "check", "verdict", "pass").Want(200, "待送达")
	delivery("post", "post", "carrier", "EMS", "waybill", "EA123456789CN").Want(200, "已寄出", "EA123456789CN")
	delivery("post", "signed").Want(200, "已签收")
	d.does("arch", id, "archive").Want(200, "办结")
}

func TestNothingIsGrantedWhileACheckIsOpenOrFailed(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("clerk", id, "claim")
	d.does("clerk", id, "accept").Want(200)
	plan := func(on string) *webtest.Page {
		d.clock.Advance(time.Minute)
		return d.does("rev1", id, "plan-check", "mode", "site", "on", on, "officer_a", "account-rev1", "officer_b", "account-rev2")
	}
	check := func(result string) {
		t.Helper()
		d.does("rev1", id, "record-check", "record", "储罐间距", "result", result).Want(200)
		d.does("rev2", id, "confirm-check").Want(200)
		view, err := d.Case(t.Context(), d.applicant(), id)
		d.must(err)
		_, err = d.ConfirmCheck(t.Context(), d.applicant(), id, view.Checks[len(view.Checks)-1].ID)
		d.must(err)
	}
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "材料齐全").Want(200)
	plan("2026-05-01").Want(422, "只能在受理以后：2026-05-01")
	plan("2026-05-08").Want(200)
	plan("2026-05-09").Want(200)
	if view, err := d.Case(t.Context(), d.applicant(), id); err != nil || len(view.Checks) != 1 {
		t.Fatalf("planned again: %d checks, %v", len(view.Checks), err)
	}
	check("fail")
	plan("2026-05-12").Want(200)
	d.does("rev1", id, "pass-on", "verdict", "disagree", "text", "间距不足").Want(200)
	for _, hand := range []string{"exam", "head", "boss"} {
		if c, _ := d.Case(t.Context(), d.applicant(), id); c.Step != licensing.Approve {
			d.does(hand, id, "pass-on", "verdict", "agree", "text", "同意").Want(200)
		}
	}
	grant := func() *webtest.Page {
		return d.does("boss", id, "decide", "outcome", "granted", "grounds", "符合法定条件", "sure", "true")
	}
	grant().Want(409, "核查记录尚未")
	check("fail")
	grant().Want(409, "核查结果为“不符合”")
	d.does("boss", id, "decide", "outcome", "denied", "grounds", "间距不足", "sure", "true").Want(200, "不予许可")
}

func TestDeskOffersOnlyWhatThePersonMayDo(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.as("rev1").Get("/licensing/cases/"+id).Want(200, "收件受理").Lacks("一次性告知补正", "提交下一环节")
	page := d.as("clerk").Get("/licensing/cases/"+id).Want(200, "剩 5 个工作日", "一次性告知补正")
	forged := page.Form("/accept").Request()
	req := forged.Clone(t.Context())
	if got := d.as("clerk").Get("/licensing/cases/nobody"); got.Status != 404 {
		t.Errorf("a case that does not exist: %d", got.Status)
	}
	if got := d.as("rev1").Do(req); got.Status != 403 {
		t.Errorf("a reviewer accepts: %d", got.Status)
	}
}

func TestReviewerCannotExamineTheSameCase(t *testing.T) {
	d := newDesk(t)
	both := webtest.Officer("both", licensing.PermReview, licensing.PermExamine, licensing.PermRead)
	d.site.People.Add("both", both)
	id := d.filed()
	_, err := d.AcceptCase(t.Context(), clerk, id, 0, licensing.Acceptance{})
	d.must(err)
	for d.stepOf(id) != licensing.Examine {
		if d.stepOf(id) == licensing.SiteCheck {
			d.siteCheck(id)
			_, err := d.PassOn(t.Context(), reviewer, id, 0, "agree", "符合")
			d.must(err)
			continue
		}
		d.does("both", id, "pass-on", "verdict", "agree", "text", "符合").Want(200)
	}
	d.as("both").Get("/licensing/cases/"+id).Want(200, "本环节须由另一人办理").Lacks("提交下一环节 ")
}

func (d *desk) stepOf(id string) licensing.Step {
	d.t.Helper()
	c, err := d.Case(d.t.Context(), officer("reader"), id)
	d.must(err)
	return c.Step
}

func TestWrongInputIsNamedAtTheFormOfTheAct(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	page := d.does("clerk", id, "turn-away", "outcome", "refused", "sure", "true").Want(422, "必须填写", "理由")
	if n := strings.Count(page.Body, "<details class=\"act act-danger\" open>"); n != 1 {
		t.Errorf("%d grave forms stand open", n)
	}
	d.does("clerk", id, "correct").Want(422)
	d.does("clerk", id, "correct", "faults.0.fault", "缺少安全评价报告").Want(422, "faults-0-target", "缺少安全评价报告")
	d.does("clerk", id, "correct", "faults.0.target", "field:premises.address", "faults.0.fault", "与营业执照不一致", "faults.0.remedy", "请核对").Want(200, "待补正", "与营业执照不一致")
}

func TestCorrectionNoticeTakesAsManyLinesAsThereAreFaults(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	line := func(i int) (string, string) {
		return fmt.Sprintf("faults.%d.fault", i), fmt.Sprintf("第 %d 处与证照不一致", i+1)
	}
	fill := func(f *webtest.Form, from, to int) *webtest.Form {
		for i := from; i < to; i++ {
			name, text := line(i)
			f.Set(name, text, fmt.Sprintf("faults.%d.target", i), "field:premises.address", fmt.Sprintf("faults.%d.remedy", i), "请核对")
		}
		return f
	}
	page := fill(d.as("clerk").Get("/licensing/cases/"+id).Want(200).Form("/correct"), 0, 5).Set("_more", "1").Submit().Want(200, "第 5 处与证照不一致")
	page = fill(page.Form("/correct"), 5, 10).Set("_more", "1").Submit().Want(200, "第 10 处与证照不一致")
	page = page.Form("/correct").Set("faults.10.target", "", "faults.11.fault", "缺目录").Submit().Want(422, "faults-11-target", "第 1 处与证照不一致", "缺目录")
	f := fill(page.Form("/correct"), 10, 15)
	if f.Values.Get("lines") != "15" {
		t.Fatalf("%s lines", f.Values.Get("lines"))
	}
	f.Set("lines", "200", "_more", "1").Submit().Want(422, "最多 200 项", "第 15 处与证照不一致")
	f.Values.Del("_more")
	f.Set("lines", "15").Submit().Want(200, "待补正", "第 15 处与证照不一致")
	if c, err := d.Case(t.Context(), d.applicant(), id); err != nil || len(c.Corrections) != 15 {
		t.Errorf("%d items, %v", len(c.Corrections), err)
	}
}

func TestCheckGoesOnWhenTheApplicantRefusesToSign(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("clerk", id, "accept").Want(200)
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "材料齐全").Want(200)
	d.does("rev1", id, "plan-check", "mode", "site", "on", "2026-05-08", "officer_a", "account-rev1", "officer_b", "account-rev2").Want(200)
	d.does("rev1", id, "record-check", "record", "储存场所与申报一致", "result", "pass").Want(200).Lacks("拒绝签字")
	view, err := d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	check := view.Checks[0].ID
	_, err = d.RefuseCheck(t.Context(), d.person("rev1"), id, check, "拒不签字")
	d.fails(err, kernel.Conflict, "licensing.error.check_unsigned")
	d.does("rev2", id, "confirm-check").Want(200)
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "符合").Want(409)
	d.does("rev1", id, "refuse-check").Want(422, "必须填写")
	d.does("rev1", id, "refuse-check", "reason", "当面宣读后拒不签字").Want(200, "待另一名核查人员确认", "当面宣读后拒不签字").Lacks("确认申请人拒绝签字 ")
	_, err = d.RefuseCheck(t.Context(), d.person("rev1"), id, check, "拒不签字")
	d.fails(err, kernel.Denied, "licensing.error.same_person_refusal")
	_, err = d.RefuseCheck(t.Context(), d.person("head"), id, check, "")
	if err == nil {
		t.Error("somebody else confirmed the refusal")
	}
	d.does("rev2", id, "refuse-check").Want(200, "核查完成", "两名核查人员已注明", "注明申请人拒绝签字")
	view, err = d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	if c := view.Checks[0]; c.State != "confirmed" || c.Refusal != "当面宣读后拒不签字" || c.RefusedAt.IsZero() || !c.ConfirmedByApp.IsZero() {
		t.Errorf("%+v", c)
	}
	d.does("rev1", id, "pass-on", "verdict", "agree", "text", "符合").Want(200, "审核")
}

func TestApplicantMaySignAfterAllBeforeTheSecondOfficerNotesTheRefusal(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("clerk", id, "accept").Want(200)
	d.does("rev1", id, "plan-check", "mode", "site", "on", "2026-05-08", "officer_a", "account-rev1", "officer_b", "account-rev2").Want(200)
	d.does("rev1", id, "record-check", "record", "储存场所与申报一致", "result", "pass").Want(200)
	d.does("rev2", id, "confirm-check").Want(200)
	d.does("rev2", id, "refuse-check", "reason", "不愿签字").Want(200)
	view, err := d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	_, err = d.ConfirmCheck(t.Context(), d.applicant(), id, view.Checks[0].ID)
	d.must(err)
	d.as("rev1").Get("/licensing/cases/"+id).Want(200, "核查完成").Lacks("申请人拒绝签字的情况")
	_, err = d.RefuseCheck(t.Context(), d.person("rev1"), id, view.Checks[0].ID, "")
	d.fails(err, kernel.Conflict, "licensing.error.check_done")
}

func TestExpiredPapersAreNotHandedIn(t *testing.T) {
	d := newDesk(t)
	data := answers(d.room)
	data["person_in_charge"].(map[string]any)["certificate_to"] = "2026-05-05"
	id := d.draft("hazchem-business.first", data)
	_, err := d.Submit(t.Context(), d.applicant(), id, 0)
	var e *kernel.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "form.person_in_charge.certificate_to" || e.Fields[0].Rule != "expired" {
		t.Errorf("%v", err)
	}
	if view, err := d.Case(t.Context(), d.applicant(), id); err != nil || view.Form.Label(nil, "zh-CN", "direct_renewal") != "" {
		t.Errorf("a first application is asked for a direct renewal, %v", err)
	}
}

func TestWhoWasSlowerSeesWhatChanged(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	slow := d.as("clerk2").Get("/licensing/cases/" + id).Want(200).Form("/accept")
	d.clock.Advance(time.Minute)
	d.does("clerk", id, "correct", "faults.0.target", "field:premises.address", "faults.0.fault", "与营业执照不一致", "faults.0.remedy", "请核对").Want(200)
	slow.Submit().Want(409, "刚被他人处理", "打开页面之后发生的变化", "一次性告知补正")
}

func TestExtensionIsAnsweredByAnotherPerson(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	_, err := d.AcceptCase(t.Context(), clerk, id, 0, licensing.Acceptance{})
	d.must(err)
	d.does("rev1", id, "ask-extension", "days", "11", "reason", "工艺复杂").Want(422, "必须在 1 到 10 之间")
	d.does("rev1", id, "ask-extension", "days", "5", "reason", "工艺复杂").Want(200, "延长 5 个工作日")
	d.as("rev1").Get("/licensing/cases/" + id).Want(200).Lacks("答复延期申请 ")
	d.does("boss", id, "answer-extension", "verdict", "approve", "answer", "同意").Want(200, "已同意", "延长期限通知书")
	d.does("rev1", id, "pause", "cause", "expert-review", "days", "10", "reason", "组织专家评审").Want(200, "期限暂停计算", "特别程序告知书")
	d.does("rev1", id, "resume").Want(200).Lacks("期限暂停计算")
}

func TestHeadGivesACaseToAColleagueOfTheDesk(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("head", id, "transfer", "to", "account-boss", "reason", "休假").Want(422, "不在可选范围内")
	d.does("head", id, "transfer", "to", "account-clerk2", "reason", "休假").Want(200, "clerk2")
	d.does("clerk2", id, "release").Want(200, "待领办")
}

func TestPersonalAnswersAreMaskedUntilALookIsGivenAReason(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	page := d.as("clerk").Get("/licensing/cases/"+id).Want(200, "138****8000").Lacks("13800138000")
	page.Form("/unmask").Submit().Want(422)
	page.Form("/unmask").Set("unmask_reason", "核对联系电话").Submit().Want(200, "13800138000")
	d.as("clerk2").Get("/licensing/cases/" + id).Want(200).Lacks("查看完整个人信息")
	n, err := countRows(t, d, `SELECT COUNT(*) FROM audit_rows WHERE action = 'licensing.case.unmask'`)
	if err != nil || n != 1 {
		t.Errorf("%d looks are audited: %v", n, err)
	}
}

func countRows(t *testing.T, d *desk, query string) (n int64, err error) {
	err = d.DB.View(t.Context(), func(ctx context.Context, q db.Q) error {
		n, err = db.Value[int64](ctx, q, query)
		return err
	})
	return n, err
}

func TestSeveralCasesAreClaimedOneByOne(t *testing.T) {
	d := newDesk(t)
	first, second := d.filed(), d.filed()
	form := d.as("clerk").Get("/licensing/cases?who=free").Want(200, "领办所选").Form("/licensing/cases/claim")
	form.Values["case"] = slices.Repeat([]string{first}, web.PageSize+1)
	form.Submit().Want(422, "太多：最多 50 项")
	form.Values["case"] = []string{first, second}
	preview := form.Submit().Want(200, "可以领办", "确认领办 2 件")
	_, err := d.Claim(t.Context(), clerk, second, 0)
	d.must(err)
	preview.Form("/licensing/cases/claim").Submit().Want(200, "已领办", "该办件由 办件员clerk 办理")
	d.as("clerk").Get("/licensing/cases?who=mine").Want(200, d.number(first)).Lacks(d.number(second))
}

func (d *desk) number(id string) string {
	d.t.Helper()
	c, err := d.Case(d.t.Context(), officer("reader"), id)
	d.must(err)
	return c.Number
}

func TestQueueFiltersKeepsFiltersAndExports(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	c := d.as("clerk")
	c.Get("/licensing/cases?lamp=overdue").Want(200, "没有符合条件的办件")
	c.Get("/licensing/cases?step=intake&state=submitted").Want(200, d.number(id))
	saved := c.Get("/licensing/cases?step=intake").Want(200).Form("/licensing/filters").Set("name", "待受理").Submit().Want(200, "待受理")
	saved.Follow("待受理").Want(200, d.number(id))
	d.as("rev1").Get("/licensing/cases").Want(200).Lacks("待受理")
	long := c.Get("/licensing/cases").Form("/licensing/filters").Set("name", "太长").Set("query", strings.Repeat("x", 70_000)).Submit().Want(200).Lacks("太长")
	if long.Path != "/licensing/cases" {
		t.Errorf("a query without measure is carried along: %.100s", long.Path)
	}
	if page := c.Get("/licensing/cases/export.xlsx?step=intake").Want(200); !strings.HasPrefix(page.Body, "PK") {
		t.Error("the export is no workbook")
	}
	d.clock.Set(d.clock.Now().AddDate(0, 0, 20))
	c.Get("/licensing/cases?lamp=overdue").Want(200, d.number(id), "已超期")
}

func TestClerkSeesACaseByTheCodeThatTheCallerReadsOut(t *testing.T) {
	d := newDesk(t)
	id := d.draft("hazchem-business.first", nil)
	code, err := d.AskHelp(t.Context(), d.applicant(), id)
	d.must(err)
	c := d.as("clerk")
	c.Get("/licensing/assist/" + id).Want(404)
	c.Get("/licensing/assist").Want(200).Form("/licensing/assist").Set("code", "00000000").Submit().Want(422, "帮办码不对或已失效")
	page := c.Get("/licensing/assist").Form("/licensing/assist").Set("code", code.Code[:4]+" "+code.Code[4:]).Submit().Want(200, "提交前还差什么", "与来电人看到的是同一件")
	d.clock.Advance(time.Minute)
	page.Form("/licensing/assist/"+id).Set("question", "表填不完", "answer", "请补填储存方式").Submit().Want(200, "请补填储存方式")
	c.Get("/licensing/assist").Want(200, "表填不完")
	d.as("clerk2").Get("/licensing/assist").Form("/licensing/assist").Set("code", code.Code).Submit().Want(422)
	view, err := d.Case(t.Context(), d.applicant(), id)
	d.must(err)
	if n := len(view.Log); n != 2 || view.Log[1].Note != "请补填储存方式" {
		t.Errorf("the applicant reads %v", view.Log)
	}
	d.clock.Set(d.clock.Now().Add(licensingHelp))
	c.Get("/licensing/assist/" + id).Want(404)
}

func TestNewRulesAreDraftedByOneAndSignedByAnother(t *testing.T) {
	d := newDesk(t)
	editor := d.as("rules")
	form := editor.Get("/licensing/rules").Want(200).Follow("危险化学品经营许可证（首次申请）").Want(200, "现行").Follow("录入新版本").Want(200).Form("/licensing/rules/")
	form.Set("effective_from", "2026-06-01", "statutory.n", "10", "reason", "提速").Submit().Want(422, "不能长于法定时限")
	form = editor.Get("/licensing/rules/hazchem-business.first/new").Form("/licensing/rules/")
	page := form.Set("effective_from", "2026-06-01", "promised.n", "12", "reason", "承诺时限压缩为十二个工作日").Submit().Want(200, "待签发", "promised.n", "12", "effective_from")
	own := page.Path
	editor.Get(own).Want(200, "撤回").Lacks("核对下面的差异")
	d.as("head").Get(own).Want(200).Form("/answer").Submit().Want(422)
	d.as("head").Get(own).Want(200).Form("/answer").Set("verdict", "approve").Submit().Want(200, "已签发")
	v, err := d.Catalogue(t.Context())
	d.must(err)
	if now, _ := v.VersionAt("hazchem-business.first", kernel.MustDate("2026-06-02")); now.Promised == nil || now.Promised.N != 12 {
		t.Errorf("in force is %+v", now.Promised)
	}
	if before, _ := v.VersionAt("hazchem-business.first", kernel.MustDate("2026-05-31")); before.Promised.N == 12 {
		t.Error("the new version counts before its date")
	}
}

const licensingHelp = 31 * time.Minute

func TestHeadIsWarnedBeforeALimitEndsUntilSomebodyActs(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	open := func() int64 {
		t.Helper()
		n, err := countRows(t, d, `SELECT COUNT(*) FROM worklist_items WHERE kind = 'licensing.limit' AND closed_at = 0`)
		d.must(err)
		return n
	}
	d.must(d.WarnOfLimits(t.Context()))
	if open() != 0 {
		t.Error("warned on the day of receipt")
	}
	d.clock.Set(d.clock.Now().AddDate(0, 0, 5)) // Monday: the fifth working day is Wednesday
	for range 2 {
		d.must(d.WarnOfLimits(t.Context()))
	}
	if n := open(); n != 1 {
		t.Errorf("%d warnings", n)
	}
	d.as("clerk").Get("/licensing/cases/"+id).Want(200, "逾期不办的后果", "即为受理")
	d.does("clerk", id, "accept").Want(200)
	if open() != 0 {
		t.Error("the warning stays after acceptance")
	}
}

func TestUnansweredCorrectionIsRefusedByTheClerk(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	d.does("clerk", id, "correct", "faults.0.target", "field:premises.address", "faults.0.fault", "与营业执照不一致", "faults.0.remedy", "请核对").Want(200, "待补正")
	d.as("rev1").Get("/licensing/cases/" + id).Want(200).Lacks("确认不予受理")
	d.does("clerk", id, "turn-away", "outcome", "refused", "grounds", "逾期未补正", "sure", "true").Want(200, "不予受理通知书")
}
