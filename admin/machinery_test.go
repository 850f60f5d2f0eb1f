package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/sheet"
	"anlan/internal/webtest"
	"anlan/internal/worklist"
	"anlan/registry"
)

// machineryGrants are what roles may do in the tests of these pages.
func machineryGrants() []auth.Grant {
	grants := []auth.Grant{
		{Role: auth.SystemAdmin, Permissions: []auth.Permission{PermOperate, PermSettings, PermCalendar, registry.PermOrganisation}},
		{Role: auth.DepartmentHead, Permissions: []auth.Permission{PermAssign}},
	}
	for _, role := range auth.BaseRoles() {
		if role.Officer {
			grants = append(grants, auth.Grant{Role: role.ID, Permissions: []auth.Permission{PermConsole}})
		}
	}
	return grants
}

// tx runs fn in a transaction.
func (w *bureau) tx(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.DB.InTx(w.t.Context(), fn))
}

// todo puts something on the list of a role.
func (w *bureau) todo(n int, role, area string, due time.Time) {
	w.t.Helper()
	w.tx(func(ctx context.Context, tx *db.Tx) error {
		return worklist.Open(ctx, tx, w.clock.Now(), worklist.Item{Kind: "licensing.case", Subject: fmt.Sprintf("case:%d", n), Role: role, Area: area, Room: "licensing",
			Title: kernel.Text{ZH: fmt.Sprintf("受理第%d件", n), EN: fmt.Sprintf("Accept number %d", n)}, Link: fmt.Sprintf("/cases/%d", n), Due: due})
	})
}

// district opens an officer's account whose reach is one area.
func (w *bureau) district(login, area string, roles ...string) *auth.Account {
	w.t.Helper()
	a := w.officer(login)
	must(w.t, w.auth.Assign(w.t.Context(), w.boss, a.ID, auth.Assignment{Roles: roles, Reach: auth.ReachArea, Area: area}))
	return a
}

func TestDeskShowsWhatIsDueInWords(t *testing.T) {
	w := open(t)
	w.officer("clerk", auth.IntakeClerk)
	c := w.enter("clerk")
	c.Get("/console").Want(200, "没有待办事项")
	today := kernel.DateOf(w.clock.Now())
	w.todo(1, auth.IntakeClerk, "120101", today.AddDays(-2).End())
	w.todo(2, auth.IntakeClerk, "120101", today.End())
	w.todo(3, auth.IntakeClerk, "120101", today.AddDays(9).End())
	w.todo(4, auth.Reviewer, "120101", time.Time{})
	c.Get("/console").Want(200, "受理第1件", "已逾期 2 天", "今天到期", "还剩 9 天").Lacks("受理第4件")
	c.Get("/console?when=overdue").Want(200, "受理第1件").Lacks("受理第2件")
	c.Get("/console?q=第3件").Want(200, "受理第3件").Lacks("受理第1件")
	c.Get("/console?lang=en").Want(200, "Accept number 1", "2 days overdue", "Due today")
}

func TestOneClaimsAndTheOtherSeesByWhom(t *testing.T) {
	w := open(t)
	w.officer("first", auth.IntakeClerk)
	w.officer("second", auth.IntakeClerk)
	w.todo(1, auth.IntakeClerk, "", time.Time{})
	a, b := w.enter("first"), w.enter("second")
	mine, theirs := a.Get("/console").Form("/claim"), b.Get("/console").Form("/claim")
	mine.Submit().Want(200, "已完成", "退回")
	theirs.Submit().Want(409, "已由别人领取", "王first")
	b.Get("/console?whose=free").Want(200, "没有待办事项")
	a.Get("/console").Form("/release").Submit().Want(200, "领取")
	b.Get("/console?whose=free").Want(200, "受理第1件")
}

func TestOnlyWhoSeesAnItemIsGivenIt(t *testing.T) {
	w := open(t)
	w.officer("head", auth.DepartmentHead, auth.IntakeClerk)
	here, there := w.district("here", "120101", auth.IntakeClerk), w.district("there", "120102", auth.IntakeClerk)
	w.todo(1, auth.IntakeClerk, "120101", time.Time{})
	c := w.enter("head")
	page := c.Get("/console").Follow("分派").Want(200, "王here").Lacks("王there")
	page.Form("/assign").Set("account", "").Submit().Want(422, "必须填写")
	page.Form("/assign").Set("account", there.ID).Submit().Want(422, "不在可选范围内")
	page.Form("/assign").Set("account", here.ID).Submit().Want(200, "已完成", "王here")
	w.enter("there").Get("/console").Want(200).Lacks("受理第1件")
	d := w.enter("here")
	d.Get("/console").Want(200, "受理第1件", "我")
	d.Get(page.Path).Want(403)
}

func TestLongListPagesByKey(t *testing.T) {
	w := open(t)
	w.officer("clerk", auth.IntakeClerk)
	for i := range 60 {
		w.todo(i, auth.IntakeClerk, "", w.clock.Now().Add(time.Duration(i+1)*time.Hour))
	}
	p := w.enter("clerk").Get("/console?q=受理").Want(200, "受理第0件").Lacks("受理第59件")
	p.Follow("下一页").Want(200, "受理第59件").Lacks("受理第0件").Follow("第一页").Want(200, "受理第0件")
}

func TestNoticesAreReadOnce(t *testing.T) {
	w := open(t)
	clerk := w.officer("clerk", auth.IntakeClerk)
	w.officer("other", auth.IntakeClerk)
	for range 2 {
		w.tx(func(ctx context.Context, tx *db.Tx) error {
			return w.notify.Send(ctx, tx, w.clock.Now(), notify.Message{To: notify.Recipient{Account: clerk.ID}, Channels: []string{notify.InApp},
				Template: "admin.console.todos", Args: map[string]any{"link": "/console"}})
		})
	}
	c := w.enter("clerk")
	p := c.Get("/notices").Want(200, "待办事项", "未读")
	if p = p.Form("/notices/0").Set("open", "yes").Submit(); p.Path != "/console" {
		t.Errorf("opened %s", p.Path)
	}
	c.Get("/notices?unread=true").Want(200).Form("/read-all").Submit().Want(200)
	c.Get("/notices?unread=true").Want(200, "没有消息")
	var id string
	w.tx(func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = db.Value[string](ctx, tx, `SELECT MIN(id) FROM notify_messages`)
		return err
	})
	o := w.enter("other")
	form := o.Get("/console")
	if _, err := notify.GetNotice(t.Context(), w.DB.Reader(), i18n.MustLoad(append(sources(), i18n.Source{Owner: "admin", FS: Views().FS})...), i18n.Chinese, "nobody", id); kernel.KindOf(err) != kernel.NotFound {
		t.Errorf("another's notice: %v", err)
	}
	form.Lacks("未读</")
}

// byNumber is a kind that is found by its whole number.
func byNumber() Findable {
	return Findable{Kind: "case", Title: kernel.Text{ZH: "办件", EN: "Cases"}, Exact: func(_ context.Context, p *auth.Principal, number string) ([]Found, error) {
		if number != "AL-1" || !p.Scope.City {
			return nil, nil
		}
		return []Found{{Title: "AL-1", Detail: "样例办件", Link: "/cases/1"}}, nil
	}}
}

func TestSearchStaysInScopeAndMarksWords(t *testing.T) {
	w := open(t)
	e := w.firm()
	w.officer("city", auth.Reviewer)
	w.district("elsewhere", "120116", auth.Reviewer)
	_, err := w.firms.SaveSite(t.Context(), auth.Platform("test", registry.PermWrite), registry.Site{Enterprise: e.ID, Name: "测试油库", Kind: registry.Store, Area: "120101", Address: "样例路2号"})
	must(t, err)
	c := w.enter("city")
	c.Get("/search?q=测试油库").Want(200, "<mark>测试油库</mark>", "/sites/")
	c.Get("/search?q=测试加油").Want(200, "<mark>测试加油</mark>", "/enterprises/"+e.ID)
	c.Get("/search?q="+uscc).Want(200, "天津测试加油站")
	c.Get("/search?q=AL-1").Want(200, "样例办件", "<mark>AL-1</mark>")
	c.Get("/search?q=AL-1&kind=enterprise").Want(200, "没有找到")
	c.Get("/search?q=测试加油&kind=case").Want(200, "没有找到")
	c.Get("/search?q=没有这家").Want(200, "没有找到")
	c.Get("/search?q="+strings.Repeat("长", 101)).Want(422, "太长")
	w.enter("elsewhere").Get("/search?q=测试加油").Want(200, "没有找到")
}

// fails is a job that cannot be done.
func (w *bureau) fails() string {
	w.t.Helper()
	w.jobs.Handle("test.import", func(ctx context.Context, run *job.Run) error {
		if err := run.RowError(ctx, 3, kernel.Bad("uscc", "required", "")); err != nil {
			return err
		}
		if err := run.Result(ctx, "结果.csv", "text/csv", strings.NewReader("a,b\n")); err != nil {
			return err
		}
		return kernel.Bad("file", "sheet_header", "")
	})
	var id string
	w.tx(func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = w.jobs.Enqueue(ctx, tx, job.Job{Kind: "test.import", Actor: kernel.System("test"), Title: kernel.Text{ZH: "试验导入", EN: "Trial"}})
		return err
	})
	must(w.t, w.jobs.Drain(w.t.Context()))
	return id
}

func TestOperatorSeesWhyAJobFailed(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	c.Get("/admin/jobs").Want(200, "没有任务")
	id := w.fails()
	c.Get("/admin/jobs?state=stuck").Want(200, "试验导入", "失败")
	p := c.Get("/admin/jobs/"+id).Want(200, "缺少这一列", "无法使用的行（1）", "必须填写", "结果.csv")
	c.Get("/admin/jobs/"+id+"/result").Want(200, "a,b")
	p.Form("/retry").Submit().Want(200, "等待执行").Form("/cancel").Submit().Want(200, "已取消")
	c.Get("/admin/jobs/nothing").Want(404)
}

func TestParkedReceiptIsDroppedWithAReason(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	typ := event.Type[string]{Name: "test.happened"}
	event.On(w.bus, "test.reacts", typ, func(context.Context, *db.Tx, event.Event[string]) error { return errors.New("对方没有准备好") })
	w.tx(func(ctx context.Context, tx *db.Tx) error {
		return typ.Emit(ctx, tx, w.bus, w.clock.Now(), kernel.System("test"), "case:1", "x")
	})
	for range 40 {
		must(t, w.bus.Drain(t.Context()))
		w.clock.Advance(24 * time.Hour)
	}
	c := w.enter("admin")
	p := c.Get("/admin/events").Want(200, "test.happened", "test.reacts", "对方没有准备好", "已搁置")
	p.Form("/drop").Submit().Want(422, "必须填写")
	p.Form("/retry").Submit().Want(200, "已完成")
	must(t, w.bus.Drain(t.Context()))
	w.clock.Advance(time.Minute)
	c.Get("/admin/events").Form("/drop").Set("reason", "对象已注销").Submit().Want(200, "没有等待或搁置的事件")
	rows, err := audit.List(t.Context(), w.DB.Reader(), audit.Filter{Action: "event."})
	if err != nil || len(rows) != 2 || !strings.Contains(rows[0].After, "对象已注销") {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestMessageWithoutAdapterIsShownAndSentAgain(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	c.Get("/admin/deliveries").Want(200, "没有消息")
	w.tx(func(ctx context.Context, tx *db.Tx) error {
		return w.notify.Withholding().Send(ctx, tx, w.clock.Now(), notify.Message{To: notify.Recipient{Phone: "13900000012"}, Channels: []string{notify.SMS},
			Template: "admin.console.todos", Subject: "case:7"})
	})
	p := c.Get("/admin/deliveries?state=bad").Want(200, "139****0012", "未对外发送", "case:7").Lacks("13900000012")
	p.Form("/retry").Submit().Want(200, "已完成")
	first, late := c.Get("/admin/deliveries").Form("/give-up"), c.Get("/admin/deliveries").Form("/give-up")
	first.Submit().Want(200, "由管理员停止发送")
	late.Submit().Want(409, "不能这样处理")
}

func TestExchangeWithoutSystemsSaysSo(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	c.Get("/admin/exchange").Want(200, "没有配置对接系统")
	c.Get("/admin/exchange/messages/none").Want(404)
	c.Get("/admin/status").Want(200, "没有查毒", "提示")
}

func TestSettingHoldsFromADayOn(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	p := c.Get("/admin/settings").Follow("暂停对外发送").Want(200, "默认值", "从未改动")
	p.Form("/admin/settings").Set("value", "maybe").Submit().Want(422, "只能是")
	p.Form("/admin/settings").Set("value", "true", "from", "2026-01-01").Submit().Want(422, "日期不能早于")
	p.Form("/admin/settings").Set("value", "true", "from", "2026-12-01").Submit().Want(200, "已设定", "2026年12月1日", "尚未生效")
	c.Get("/admin/settings/nothing").Want(404)
}

const year2027 = "date,type,name\n2027-01-01,off,元旦\n2027-10-01,off,国庆节\n2027-10-09,work,国庆节\n"

func TestYearIsLoadedAfterADryRun(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	p := c.Get("/admin/calendar?year=2027").Want(200, "暂定", "尚未载入", "国务院")
	p.Form("/check").Submit().Want(422, "必须填写")
	p.Form("/check").Set("text", "date,type,name\n2027-13-01,off,元旦\n").Submit().Want(200, "不是有效的日期", "改正后才能载入")
	checked := p.Form("/check").Set("text", year2027, "notice", "国办发明电〔2026〕9号").Submit().Want(200, "不再是暂定", "还没有载入任何内容")
	c.Get("/admin/calendar?year=2027").Want(200, "尚未载入")
	checked.Form("/import").Submit().Want(200, "新增 3 天", "国办发明电〔2026〕9号").Lacks("暂定：该年")
	day := c.Get("/admin/calendar?year=2027")
	day.Form("/days/2027-10-09/remove").Submit().Want(200, "已完成").Lacks("2027年10月9日")
	c.Get("/admin/calendar?year=2027").Form("/admin/calendar/add").Set("date", "2027-05-03", "type", "work", "name", "劳动节").Submit().Want(422, "本来就是工作日")
}

func TestYearIsLoadedFromAWorkbook(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	var book strings.Builder
	x, err := dayTable().NewWriter(&book, i18n.MustLoad(sheet.Source()), i18n.Chinese)
	must(t, err)
	must(t, x.Row(kernel.MustDate("2027-01-01"), "off", "元旦", "国办发明电〔2026〕9号"))
	must(t, x.Row(kernel.MustDate("2027-10-01"), "off", "国庆节", "国办发明电〔2026〕9号"))
	must(t, x.Close())
	c := w.enter("admin")
	c.Get("/admin/calendar").Form("/check").File("file", "2027.xlsx", []byte(book.String())).Submit().Want(200, "2027年1月1日", "不再是暂定").
		Form("/import").Submit().Want(200, "新增 2 天")
	c.Get("/admin/calendar").Form("/check").File("file", "2027.xlsx", []byte("PK\x03\x04 nothing")).Submit().Want(422, "不是有效的 Excel 文件")
	if p := c.Get("/admin/calendar/template.xlsx").Want(200); !strings.HasPrefix(p.Body, "PK") {
		t.Error("the template is no workbook")
	}
}

func TestUnitChangedMeanwhileShowsTheDifference(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	c.Get("/admin/organisation").Want(200, "天津市应急管理局")
	path := "/admin/organisation/units/" + registry.ApprovalDepartmentID
	first, second := c.Get(path).Form(path), c.Get(path).Form(path)
	first.Set("phone", "022-12345678").Submit().Want(200, "022-12345678")
	p := second.Set("address", "和平区样例路1号").Submit().Want(409, "022-12345678", "和平区样例路1号")
	p.Form(path).Set("phone", "022-12345678").Submit().Want(200, "已完成")
	c.Get("/admin/organisation/units/new?parent="+registry.BureauID).Form("/units/new").Set("area", registry.CityCode).Submit().Want(422, "必须填写").
		Form("/units/new").Set("name", "样例处").Submit().Want(200, "样例处")
	c.Get("/admin/organisation/units/nothing").Want(404)
}

func TestStreetsAreLoadedAllOrNone(t *testing.T) {
	w := open(t)
	w.officer("admin", auth.SystemAdmin)
	c := w.enter("admin")
	p := c.Get("/admin/organisation/areas")
	p.Form("/streets").Submit().Want(422, "必须填写")
	p.Form("/streets").File("file", "streets.csv", []byte("code,name,parent\n120101001,劝业场街道,120101\n12,坏街道,120101\n")).Submit().Want(422)
	c.Get("/admin/organisation/areas?of=120101").Want(200, "还没有载入街道")
	p.Form("/streets").File("file", "streets.csv", []byte("code,name,parent\n120101001,劝业场街道,120101\n")).Submit().Want(200, "已载入 1 个")
	c.Get("/admin/organisation/areas?of=120101").Want(200, "劝业场街道")
	c.Get("/admin/organisation/areas/120101").Form("/areas/120101").Set("lat", "95").Submit().Want(422).Form("/areas/120101").Set("lat", "39.1").Submit().Want(200, "已完成")
}

func TestAuditorReadsVerifiesAndExports(t *testing.T) {
	w := open(t)
	w.officer("auditor", auth.AuditAdmin)
	must(t, seal(w))
	c := w.enter("auditor")
	p := c.Get("/admin/audit").Want(200, "已封存至第", "尚未封存")
	p.Form("/verify").Submit().Want(200, "审计链完好")
	c.Get("/admin/audit?action=auth.account.").Want(200, "auth.account.").Lacks("auth.session.open")
	c.Get("/admin/audit?from=2026-05-06&to=2026-05-01").Want(422, "不能早于")
	c.Get("/admin/audit?from=2031-01-01").Want(200, "没有符合条件的记录")
	rows, err := audit.List(t.Context(), w.DB.Reader(), audit.Filter{Limit: 1})
	must(t, err)
	c.Get("/admin/audit/"+rows[0].ID).Want(200, rows[0].Action)
	file := p.Form("/export").Submit().Want(200, "\ufeffat,", "auth.session.open")
	if n := strings.Count(file.Body, "\n"); n < 4 {
		t.Errorf("%d lines", n)
	}
	c.Get("/admin/audit?action=audit.export").Want(200, "audit.export", "王auditor")
	must(t, seal(w))
	w.tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE audit_rows SET actor_name = 'nobody' WHERE seq = 2`)
		return err
	})
	c.Get("/admin/audit").Form("/verify").Submit().Want(200, "审计链有问题", "内容被改动")
}

func seal(w *bureau) error {
	_, err := audit.NewSealer(w.DB, w.clock, "").Seal(w.t.Context())
	return err
}

func TestThreeAdministratorsKeepApart(t *testing.T) {
	w := open(t)
	w.officer("system", auth.SystemAdmin)
	w.officer("security", auth.SecurityAdmin)
	w.officer("auditor", auth.AuditAdmin)
	w.officer("clerk", auth.IntakeClerk)
	operator := []string{"/admin/jobs", "/admin/events", "/admin/deliveries", "/admin/exchange", "/admin/status", "/admin/settings", "/admin/calendar", "/admin/organisation"}
	for login, may := range map[string][]string{"system": operator, "security": nil, "auditor": {"/admin/audit"}, "clerk": nil} {
		c := w.enter(login)
		for _, path := range append(operator, "/admin/audit") {
			want := 403
			for _, p := range may {
				if p == path {
					want = 200
				}
			}
			if p := c.Get(path); p.Status != want {
				t.Errorf("%s: %s: status %d", login, path, p.Status)
			}
		}
	}
}

func TestDifferencesComeFirst(t *testing.T) {
	got := differences(`{"a":1,"b":{"c":"x"},"d":[1,2]}`, `{"a":1,"b":{"c":"y"},"d":[1],"e":true}`)
	want := []difference{{"b.c", "x", "y", false}, {"d.1", "2", "", false}, {"e", "", "true", false}, {"a", "1", "1", true}, {"d.0", "1", "1", true}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v", got)
	}
	if got := differences("", `"word"`); len(got) != 1 || got[0].Now != "word" {
		t.Errorf("%+v", got)
	}
}

func TestMachineryPagesServeEverybody(t *testing.T) {
	w := open(t)
	w.officer("system", auth.SystemAdmin)
	w.officer("auditor", auth.AuditAdmin)
	w.officer("clerk", auth.IntakeClerk, auth.DepartmentHead)
	w.todo(1, auth.IntakeClerk, "", w.clock.Now().Add(-time.Hour))
	id := w.fails()
	must(t, seal(w))
	rows, err := audit.List(t.Context(), w.DB.Reader(), audit.Filter{Limit: 1})
	must(t, err)
	for login, paths := range map[string][]string{
		"clerk": {"/console", "/notices", "/search?q=加油"},
		"system": {"/admin/status", "/admin/jobs", "/admin/jobs/" + id, "/admin/events", "/admin/deliveries", "/admin/exchange", "/admin/settings",
			"/admin/settings/notify.outward_paused", "/admin/calendar", "/admin/organisation", "/admin/organisation/units/new", "/admin/organisation/areas", "/admin/organisation/areas/120101"},
		"auditor": {"/admin/audit", "/admin/audit/" + rows[0].ID},
	} {
		c := w.enter(login)
		for _, path := range paths {
			for _, lang := range i18n.Languages() {
				sep := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
				webtest.CheckPage(t, c.Get(path+sep+"lang="+lang).Want(200))
			}
		}
	}
}

func TestRecordThatDoesNotFitIsExplained(t *testing.T) {
	var lines *exchange.Exchange
	w := open(t, func(_ *auth.Options, p *Parts) {
		var err error
		lines, err = exchange.New(p.DB, p.Clock, slog.New(slog.DiscardHandler), exchange.Options{Systems: []exchange.System{
			{ID: "credit", Title: kernel.Text{ZH: "信用天津"}, Kinds: []string{exchange.KindPublication}, HTTP: &exchange.Endpoint{URL: "https://credit.example.cn/in"}}}})
		must(t, err)
		p.Exchange = lines
	})
	w.officer("admin", auth.SystemAdmin)
	w.tx(func(ctx context.Context, tx *db.Tx) error {
		return lines.Put(ctx, tx, w.clock.Now(), exchange.Record{Kind: exchange.KindPublication, Subject: "case:1", Key: "1", Due: kernel.MustDate("2026-05-01"),
			Body: exchange.Publication{Holder: "天津测试加油站"}})
	})
	c := w.enter("admin")
	c.Get("/admin/exchange").Want(200, "信用天津", "网络接口", "不符合对方字段要求", "已逾期", "case:1")
	c.Get("/admin/exchange?state=late").Want(200, "case:1")
	c.Get("/admin/exchange?state=accepted").Want(200, "没有记录")
	p := c.Get("/admin/exchange?state=bad").Follow(exchange.KindPublication).Want(200, "没有被接收的原因", "必须填写", "天津测试加油站")
	webtest.CheckPage(t, p)
	p.Form("/retry").Submit().Want(200, "已完成", "不符合对方字段要求")
}

func TestEnterpriseReadsItsNoticesInTheHall(t *testing.T) {
	w := open(t)
	w.manager("manager.li", w.firm())
	c := w.enter("manager.li")
	if p := c.Get("/notices").Want(200, "没有消息"); !strings.Contains(p.Body, `data-frame="hall"`) || len(p.Links("消息")) == 0 {
		t.Error("the inbox does not stand in the hall")
	}
	c.Get("/console").Want(403)
}
