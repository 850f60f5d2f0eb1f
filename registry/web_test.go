package registry

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/event"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/personal"
	"anlan/internal/search"
	"anlan/internal/sheet"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

// desk is the pages with a town behind them and people before them.
type desk struct {
	*town
	*webtest.Site
	jobs *job.Runner
}

func open(t *testing.T) *desk {
	t.Helper()
	d := dbtest.SQLite(t, audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), job.Migrations(), web.Migrations(), Migrations())
	w := newTown(t, d)
	files, err := blob.Open(t.TempDir(), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	jobs := job.NewRunner(d, files, nil, w.clock, slog.New(slog.DiscardHandler))
	more := []i18n.Source{job.Texts(), auth.Texts(), personal.Texts(), sheet.Source()}
	texts := i18n.MustLoad(append(more, web.Source(), i18n.Source{Owner: "registry", FS: Locale()})...)
	sheets := NewSheets(w.Service, jobs, files, texts)
	site := webtest.Start(t, web.Config{DB: d, Clock: w.clock, Routes: NewPages(PageParts{w.Service, sheets, jobs, files}).Routes(),
		Views: []web.Views{Views()}, Texts: more})
	all := []auth.Permission{PermRead, PermWrite, PermUnmask, PermImport}
	site.People.Add("city", webtest.Officer("city", all...))
	heping := webtest.Officer("heping", all...)
	heping.Scope = auth.Scope{Officer: true, Areas: []string{"120101"}}
	site.People.Add("heping", heping)
	site.People.Add("reader", webtest.Officer("reader", PermRead))
	return &desk{w, site, jobs}
}

// settle registers an enterprise.
func (d *desk) settle(n int, area string) Enterprise {
	d.t.Helper()
	e := plant(n, area)
	e.Pos.Lat, e.Pos.Lon = 39.1, 117.2
	e, err := d.SaveEnterprise(d.t.Context(), clerk, e)
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

func TestListAndMapStandUnderOneFilter(t *testing.T) {
	d := open(t)
	d.settle(1, "120101")
	d.settle(2, "120116")
	c := d.Client(t, "city")
	c.Get("/enterprises").Want(200, "样例化工厂001", "样例化工厂002", "仅供内部使用", "2 家")
	c.Get("/enterprises?area=120101").Want(200, "样例化工厂001", "1 家").Lacks("样例化工厂002")
	c.Get("/enterprises?q="+uscc(2)).Want(200, "样例化工厂002").Lacks("样例化工厂001")
	c.Get("/enterprises?trade=mine").Want(200, "没有符合条件的企业")
}

func TestAnotherDistrictsRowsDoNotExist(t *testing.T) {
	d := open(t)
	e := d.settle(1, "120116")
	site, err := d.SaveSite(t.Context(), clerk, Site{Enterprise: e.ID, Name: "样例罐区", Kind: TankFarm, Area: e.Area, Address: "样例路1号"})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Client(t, "heping")
	c.Get("/enterprises").Want(200).Lacks(e.Name)
	for _, path := range []string{"/enterprises/" + e.ID, "/enterprises/" + e.ID + "/edit", "/enterprises/" + e.ID + "/close", "/sites/" + site.ID, "/sites/new?enterprise=" + e.ID} {
		if p := c.Get(path); p.Status != 404 {
			t.Errorf("%s: status %d", path, p.Status)
		}
	}
}

func TestWrongCodeNamesTheCharacter(t *testing.T) {
	d := open(t)
	code := uscc(1)
	wrong := code[:17] + map[bool]string{true: "1", false: "0"}[code[17] == '0']
	p := d.Client(t, "city").Get("/enterprises/new").Form("/enterprises").Set("uscc", wrong, "name", "样例新厂", "area", "120101",
		"address", "样例路9号", "trade", "other", "legal_person", "样例丙", "contacts.1.role", "duty", "contacts.1.name", "样例丁", "contacts.1.phone", "123").Submit()
	p.Want(422, "第 18 位校验码", "应为“"+code[17:]+"”", "应为 11 位，实为 3 位", "样例新厂")
	if !strings.Contains(p.Body, `id="f-contacts-1-phone-fault"`) {
		t.Error("the fault of the second row does not stand at the second row")
	}
	p.Form("/enterprises").Set("uscc", code, "contacts.1.phone", "16000005678").Submit().Want(200, "样例新厂", "已保存", "160****5678")
}

func TestTwoWhoEditAtOnceSeeTheDifference(t *testing.T) {
	d := open(t)
	e := d.settle(1, "120101")
	path := "/enterprises/" + e.ID + "/edit"
	first, second := d.Client(t, "city").Get(path).Form(path), d.Client(t, "heping").Get(path).Form(path)
	first.Set("address", "样例路100号").Submit().Want(200, "样例路100号")
	p := second.Set("legal_person", "样例戊").Submit()
	p.Want(409, "有人在您之前改过这条记录", "样例路100号", "样例戊")
	p.Form(path).Set("address", "样例路100号").Submit().Want(200, "样例戊", "样例路100号", "16")
}

func TestUnmaskingNeedsAReasonAndIsRecorded(t *testing.T) {
	d := open(t)
	e := d.settle(1, "120101")
	p := d.Client(t, "city").Get("/enterprises/" + e.ID)
	p.Want(200, "160****1234").Lacks("16000001234")
	p.Form("/unmask").Submit().Want(422, "必须填写").Lacks("16000001234")
	p.Form("/unmask").Set("reason", "通知检查时间").Submit().Want(200, "16000001234", "已记入审计")
	if n := d.count(`SELECT COUNT(*) FROM audit_rows WHERE action = 'registry.enterprise.unmask' AND actor_id = 'account-city'`); n != 1 {
		t.Errorf("%d audit rows", n)
	}
	d.Client(t, "reader").Get("/enterprises/"+e.ID).Want(200).Lacks("查看完整信息", "关闭企业")
}

func TestPersonIsShownInClearOnceAndRecorded(t *testing.T) {
	d := open(t)
	m, err := d.SavePerson(t.Context(), clerk, Person{Name: "样例己", IDKind: Passport, IDNumber: "E12345678", Phone: "16000004321", Area: "120101"})
	if err != nil {
		t.Fatal(err)
	}
	p := d.Client(t, "heping").Get("/people").Want(200, "样例己", "160****4321").Follow("样例己")
	p.Lacks("16000004321").Form("/unmask").Set("reason", "核对证件").Submit().Want(200, "16000004321", "E12345678")
	other := d.Client(t, "heping")
	m.Area = "120116"
	if _, err := d.SavePerson(t.Context(), clerk, m); err != nil {
		t.Fatal(err)
	}
	other.Get("/people/" + m.ID).Want(404)
}

func TestClosedEnterpriseKeepsItsHistory(t *testing.T) {
	d := open(t)
	e := d.settle(1, "120101")
	p := d.Client(t, "city").Get("/enterprises/" + e.ID + "/close")
	p.Form("/close").Submit().Want(422, "必须填写")
	p.Form("/close").Set("reason", "已注销").Submit().Want(200, "已关闭", "变更记录").Lacks("关闭企业</")
}

func TestEnterpriseKeepsItsOwnContacts(t *testing.T) {
	d := open(t)
	e := d.settle(1, "120101")
	manager := webtest.Applicant("manager", PermContacts)
	manager.Scope = auth.Scope{Account: manager.Account.ID, Own: e.ID, Enterprises: []string{e.ID}}
	d.People.Add("manager", manager)
	d.People.Add("claimant", webtest.Applicant("claimant", PermContacts))
	c := d.Client(t, "manager")
	p := c.Get("/my/enterprise").Want(200, e.Name, "160****1234")
	p.Form("/contacts").Set("contacts.1.name", "样例庚", "contacts.1.phone", "1600").Submit().Want(422, "应为 11 位")
	p.Form("/contacts").Set("contacts.1.name", "样例庚", "contacts.1.phone", "16000008888").Submit().Want(200, "已保存", "样例庚", "160****8888", "160****1234")
	d.Client(t, "claimant").Get("/my/enterprise").Want(200, "还没有关联企业")
	c.Get("/enterprises").Want(403)
}

func TestImportTellsWhichRowsCannotBeUsed(t *testing.T) {
	d := open(t)
	table, err := view(t.Context(), d.town.DB, func(ctx context.Context, q db.Q) (sheet.Table, error) { return enterpriseTable(ctx, q) })
	if err != nil {
		t.Fatal(err)
	}
	var book bytes.Buffer
	w, err := table.NewWriter(&book, i18n.MustLoad(web.Source(), sheet.Source(), i18n.Source{Owner: "registry", FS: Locale()}), i18n.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{uscc(1), "91120000WRONG00000"} {
		row := make([]any, len(table.Columns))
		for i, c := range table.Columns {
			row[i] = map[string]any{"uscc": code, "name": "样例导入厂", "area": "120101", "address": "样例路3号", "trade": "other", "legal_person": "样例辛"}[c.Name]
		}
		if err := w.Row(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := d.Client(t, "city")
	c.Get("/registry/jobs").Form("/registry/imports").Submit().Want(422, "必须填写")
	p := c.Get("/registry/jobs").Form("/registry/imports").Set("dry", "").File("file", "企业.xlsx", book.Bytes()).Submit().Want(200, "等待执行")
	if err := d.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := p.Path
	c.Get(path).Want(200, "已完成", "无法使用的行（1）", "统一社会信用代码")
	c.Get("/enterprises").Want(200, "样例导入厂")
	if p := d.Client(t, "heping").Get(path); p.Status != 404 {
		t.Errorf("another's import: status %d", p.Status)
	}
	done := c.Get("/enterprises?area=120101").Form("/registry/exports").Submit().Want(200)
	if err := d.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := c.Get(done.Path + "/result").Want(200)
	if !strings.HasPrefix(file.Body, "PK") {
		t.Error("the export is no workbook")
	}
}

// everyPage lists pages with something on them.
func (d *desk) everyPage() []string {
	e := d.settle(1, "120101")
	site, err := d.SaveSite(d.t.Context(), clerk, Site{Enterprise: e.ID, Name: "样例加油站站区", Kind: Station, Area: "120101", Address: "样例路1号", Protected: true})
	if err != nil {
		d.t.Fatal(err)
	}
	m, err := d.SavePerson(d.t.Context(), clerk, Person{Name: "样例壬", IDKind: Passport, IDNumber: "E12345678", Area: "120101", Enterprise: e.ID})
	if err != nil {
		d.t.Fatal(err)
	}
	return []string{"/enterprises", "/enterprises?area=120102", "/enterprises/new", "/enterprises/" + e.ID, "/enterprises/" + e.ID + "/edit", "/enterprises/" + e.ID + "/close",
		"/sites", "/sites?kind=plant", "/sites/new", "/sites/" + site.ID, "/people", "/people/" + m.ID, "/registry/jobs"}
}

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	d := open(t)
	for _, path := range d.everyPage() {
		for _, lang := range i18n.Languages() {
			sep := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
			p := d.Client(t, "city").Get(path + sep + "lang=" + lang)
			p.Want(200)
			webtest.CheckPage(t, p)
		}
	}
}

func TestEveryPageServesEverybody(t *testing.T) {
	d := open(t)
	paths := d.everyPage()
	b := d.Browser(t)
	b.SignIn("city")
	for _, width := range []int64{1280, 375} {
		b.Size(width, 900)
		for _, path := range paths {
			b.Visit(path)
			b.Axe(path)
		}
	}
}
