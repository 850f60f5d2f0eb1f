package licensing_test

import (
	"context"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/deadline"
	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// hall is the room with its pages and an applicant's browser.
type hall struct {
	*room
	site *webtest.Site
}

// messages keeps the codes that were sent by text message.
type messages struct{ last map[string]any }

func (m *messages) SendSMS(_ context.Context, _ *db.Tx, _ time.Time, phone, _, _ string, args map[string]any) error {
	m.last = map[string]any{"phone": phone, "code": args["code"]}
	return nil
}

func newHall(t *testing.T) (*hall, *messages) {
	t.Helper()
	d := dbtest.SQLite(t, append(schema(), auth.Migrations(), web.Migrations())...)
	r := newRoom(t, d, webtest.Now)
	sent := &messages{}
	r.Codes = auth.NewCodes(d, r.Vault, r.clock, sent)
	routes := append(licensing.NewPages(r.Service).Routes(), web.Route{Method: "GET", Path: "/sign-in", Permission: web.Public, Handler: func(q *web.Request) error { return q.NoContent() }})
	site := webtest.Start(t, web.Config{DB: d, Clock: r.clock, Log: slog.New(slog.DiscardHandler), Routes: routes, Views: []web.Views{licensing.Views()},
		Texts: []i18n.Source{personal.Texts(), auth.Texts(), number.Texts(), worklist.Texts(), notify.Texts(), form.Source(), deadline.Texts(), {Owner: "registry", FS: registry.Locale()}, {Owner: "rule", FS: rule.Locale()}}})
	return &hall{r, site}, sent
}

// browser is a visitor signed in as who.
func (h *hall) browser(token string, who *auth.Principal) *webtest.Client {
	h.t.Helper()
	if who.Account == nil {
		who.Account = &auth.Account{ID: who.Actor.ID, Name: who.Actor.Name, Kind: auth.Person, State: auth.Active, Area: "120101"}
	}
	who.Session = &auth.Session{ID: "session-" + token, AccountID: who.Actor.ID}
	h.site.People.Add(token, who)
	return h.site.Client(h.t, token)
}

// begin starts an application from the guide and returns its id and page.
func (h *hall) begin(c *webtest.Client, item string) (string, *webtest.Page) {
	h.t.Helper()
	page := c.Get("/guides/"+item).Want(200).Follow("申请办理").Want(200).Form("/my/cases").Submit().Want(200, "办理步骤")
	return strings.TrimPrefix(page.Path, "/my/cases/"), page
}

// values are an applicant's answers as a form sends them.
func (h *hall) values() []string {
	return []string{"applicant.contact", "李样例", "applicant.phone", "13800138000", "business_mode", "retail", "premises.address", "第十三大街 1 号", "premises.owned", "own",
		"storage", "none", "person_in_charge.name", "赵示例", "person_in_charge.certificate", "A0001", "declaration", "true"}
}

// fill answers the form with its two lists, which need a row each.
func (h *hall) fill(c *webtest.Client, id string) *webtest.Page {
	h.t.Helper()
	for _, list := range []string{"chemicals", "safety_managers"} {
		f := c.Get("/my/cases/" + id + "/form").Want(200).Form("/form").Set(h.values()...)
		if f.Values.Get(list+".0.name") == "" && f.Values.Get(list+".0._row") == "" {
			f.Set("_add", list).Submit().Want(200)
		}
	}
	return c.Get("/my/cases/"+id+"/form").Want(200).Form("/form").Set(h.values()...).
		Set("chemicals.0.name", "汽油", "safety_managers.0.name", "钱示例", "safety_managers.0.certificate", "B0001").Submit()
}

// upload hands in every material that the item always asks for.
func (h *hall) upload(c *webtest.Client, id string) {
	h.t.Helper()
	v, err := h.Case(h.t.Context(), h.applicant(), id)
	h.must(err)
	for _, m := range v.Rule.Materials {
		if m.Needed(v.Data) && len(v.FilesOf(m.ID)) == 0 {
			page := c.Get("/my/cases/" + id + "/files").Want(200)
			f := page.FormWith("material", m.ID)
			f.File("material."+m.ID, m.Title.ZH+".png", picture(h.t)).Submit().Want(200, m.Title.ZH+".png")
		}
	}
}

func (h *hall) deliverByMail(c *webtest.Client, id string) *webtest.Page {
	return c.Get("/my/cases/"+id+"/delivery").Want(200).Form("/delivery").Set("mode", "mail", "recipient", "王示例", "phone", "13800138000", "address", "样例路 1 号").Submit()
}

func TestApplicantAppliesThroughThePagesWithoutScripts(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, page := h.begin(c, "hazchem-business.first")
	page.Want(200, "填写申请表", "还有", "上传材料", "核对并提交", "草稿自动保留")
	c.Get("/my/cases/"+id+"/check").Want(200).Form("/submit").Set("declare", "true").Submit().Want(422, "必须填写")

	h.fill(c, id).Want(200, "已保存", "上传材料")
	h.upload(c, id)
	h.deliverByMail(c, id).Want(200, "已完成")

	check := c.Get("/my/cases/"+id+"/check").Want(200, "赵示例", "样例路 1 号", "已上传 1 个文件").Lacks("必须填写")
	check.Form("/submit").Submit().Want(422, "我声明所填内容和所附材料真实、完整：必须勾选")
	f := check.Form("/submit").Set("declare", "true")
	first, again := f.Submit().Want(200, "申请已提交", "收件凭证", "2026年5月12日"), f.Submit().Want(200, "申请已提交")
	if first.Path != again.Path {
		t.Errorf("a second click leads elsewhere: %s, %s", first.Path, again.Path)
	}
	numbers := regexp.MustCompile(`\d{6}[A-Z]*-\d{8}-\d{5}`).FindAllString(first.Text()+again.Text(), -1)
	for _, n := range numbers {
		if n != numbers[0] {
			t.Errorf("two numbers for one case: %v", numbers)
		}
	}
	c.Get("/my/cases/"+id+"/check").Want(200, "提交申请，出具收件凭证", "最迟答复日")
	c.Get("/my/cases").Want(200, numbers[0])
	c.Get("/my").Want(200, numbers[0])
}

func TestFormKeepsWhatWasTypedWhenItIsWrong(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	bad := c.Get("/my/cases/"+id+"/form").Form("/form").Set(h.values()...).Set("applicant.phone", "1380013800X").Submit().Want(422, "1380013800X", "赵示例", "联系人手机：")
	if got := bad.Form("/form").Values.Get("applicant.phone"); got != "1380013800X" {
		t.Errorf("the field holds %q", got)
	}
	if got := c.Get("/my/cases/" + id + "/form").Form("/form").Values.Get("person_in_charge.name"); got != "赵示例" {
		t.Errorf("the draft kept %q", got)
	}
}

func TestTwoWindowsDoNotOverwriteEachOtherUnseen(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	one, two := c.Get("/my/cases/"+id+"/form").Form("/form"), c.Get("/my/cases/"+id+"/form").Form("/form")
	one.Set("applicant.contact", "先来").Submit().Want(422)
	clash := two.Set("applicant.contact", "后到").Submit().Want(409, "刚在别处修改过", "先来", "后到")
	clash.Form("/form").Submit().Want(422)
	if got := c.Get("/my/cases/" + id + "/form").Form("/form").Values.Get("applicant.contact"); got != "后到" {
		t.Errorf("after looking, mine stays: %q", got)
	}
}

func TestDraftSavesItself(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	f := c.Get("/my/cases/"+id+"/form").Form("/form").Set("applicant.contact", "自动")
	f.Values.Del("_request")
	f.To("/my/cases/"+id+"/draft").Submit().Want(200, `"version":2`, "已自动保存")
	if got := c.Get("/my/cases/" + id + "/form").Form("/form").Values.Get("applicant.contact"); got != "自动" {
		t.Errorf("kept %q", got)
	}
}

func TestUploadsSayWhatIsWrong(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	page := c.Get("/my/cases/" + id + "/files")
	send := func(name string, content []byte) *webtest.Page {
		return page.FormWith("material", "safety-rules").File("material.safety-rules", name, content).Submit()
	}
	send("a.exe", []byte("MZ\x90\x00 program")).Want(422, "不接受这种文件")
	send("picture.html", picture(t)).Want(422, "文件名“picture.html”与内容不符：内容是 image/png")
	send("empty.pdf", nil).Want(422, "文件是空的")
	send("big.png", append(picture(t), make([]byte, 21<<20)...)).Want(422, "太大")
	page.FormWith("material", "safety-rules").Submit().Want(422, "必须填写")
	kept := send("目录𠮷.png", picture(t)).Want(200, "目录𠮷.png", "已上传 1 个文件")
	kept.Follow("目录𠮷.png").Want(200)
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	old := v.FilesOf("safety-rules")[0]
	c.Get("/my/cases/"+id+"/files").FormWith("material", "safety-rules").Set("replace", old.ID).File("material.safety-rules", "新.png", picture(t)).Submit().Want(200, "新.png").Lacks("目录𠮷.png")
	c.Get("/my/cases/"+id+"/files").Form("/drop").Submit().Want(200, "已删除").Lacks("新.png")
}

func TestElectronicDeliveryNeedsConsent(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	f := c.Get("/my/cases/"+id+"/delivery").Form("/delivery").Set("mode", "electronic", "recipient", "王示例", "phone", "1380013")
	f.Submit().Want(422, "必须勾选", "1380013")
	f.Set("consent", "true", "phone", "13800138000").Submit().Want(200, "已保存")
	c.Get("/my/cases/"+id+"/delivery").Form("/delivery").Set("mode", "").Submit().Want(422, "必须填写")
}

// submitted is a case that the applicant has handed in.
func (h *hall) submitted() string {
	h.t.Helper()
	id := h.draft("hazchem-business.first", answers(h.room))
	_, err := h.Submit(h.t.Context(), h.applicant(), id, 0)
	h.must(err)
	return id
}

func TestCorrectionIsAnsweredItemByItem(t *testing.T) {
	h, _ := newHall(t)
	c, id := h.browser("a", h.applicant()), h.submitted()
	_, err := h.SendCorrection(t.Context(), clerk, id, 0, []licensing.Fault{
		{Target: "material:safety-rules", Fault: "缺少目录", Remedy: "重新上传"}, {Target: "field:premises.address", Fault: "地址不全", Remedy: "写到门牌号"}})
	h.must(err)
	c.Get("/my").Want(200, "需要补正")
	page := c.Get("/my/cases/"+id).Want(200, "有 2 处需要您补正").Follow("去补正").Want(200, "缺少目录", "地址不全", "待答复")
	page.Form("/correction").Set("_send", "1", "answer.2", "见申请表").Submit().Want(422, "必须填写", "见申请表")
	c.Get("/my/cases/"+id+"/correction").Form("/correction").Submit().Want(200, "见申请表")
	c.Get("/my/cases/"+id+"/correction").Form("/correction").File("material.safety-rules", "bad.exe", []byte("MZ\x90\x00")).Set("answer.1", "已写").Submit().Want(422, "不接受这种文件", "已写")
	c.Get("/my/cases/"+id+"/correction").Form("/correction").Set("answer.1", "").File("material.safety-rules", "目录.png", picture(t)).Set("_send", "1").Submit().Want(200, "补正已提交", "材料已收到")
	c.Get("/my/cases/"+id+"/correction").Want(200, "本次补正已提交或已结束")
}

func TestMissingMaterialIsBroughtInTime(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id := h.submitted()
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	_, err = h.AcceptCase(t.Context(), clerk, id, 0, licensing.Acceptance{Missing: []string{"insurance", "supplier-sds"}, MissingDue: v.Today.AddDays(5)})
	if kernel.KindOf(err) == kernel.Invalid {
		_, err = h.AcceptCase(t.Context(), clerk, id, 0, licensing.Acceptance{Missing: []string{"supplier-sds"}, MissingDue: v.Today.AddDays(5)})
	}
	h.must(err)
	c.Get("/my").Want(200, "补齐容缺材料", "还有 5 天")
	page := c.Get("/my/cases/"+id).Follow("去补交").Want(200, "逾期未补齐的")
	page.FormWith("material", "supplier-sds").File("material.supplier-sds", "sds.png", picture(t)).Submit().Want(200, "sds.png")
	c.Get("/my/cases/" + id + "/files").Want(200).Lacks("选择文件")
	other := page.FormWith("material", "supplier-sds").Set("material", "safety-rules").File("material.safety-rules", "x.png", picture(t))
	other.Submit().Want(409)
}

func TestAnotherEnterprisesCaseDoesNotExist(t *testing.T) {
	h, _ := newHall(t)
	id := h.submitted()
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	other := h.browser("x", stranger())
	for _, path := range []string{"", "/form", "/files", "/application.pdf", "/delivery", "/check", "/submitted", "/correction", "/deficit", "/withdraw", "/rating", "/pledge", "/files/" + v.Files[0].ID} {
		other.Get("/my/cases/" + id + path).Want(404)
	}
	other.Get("/my/cases/new?item=nothing").Want(404)
	other.Get("/my/cases/new?item=hazchem-business.first").Want(200, "您不能办理本事项")
	f := h.browser("a", h.applicant()).Get("/my/cases/new?item=hazchem-business.first").Form("/my/cases")
	own := other.Get("/my/cases/new?item=special-operation.first").Form("/my/cases")
	own.Set("item", "hazchem-business.first", "for", f.Values.Get("for")).Submit().Want(404)
}

func TestExpiredSessionKeepsWhatWasTyped(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	f := c.Get("/my/cases/"+id+"/form").Form("/form").Set("applicant.contact", "还在")
	h.site.People.End("a")
	page := f.Submit()
	at, err := url.Parse(page.Path)
	h.must(err)
	if !strings.HasPrefix(page.Path, "/sign-in") || at.Query().Get("return") == "" {
		t.Fatalf("led to %s", page.Path)
	}
	c = h.browserAgain(c, "a")
	c.Get(at.Query().Get("return")).Want(200).Form("").Submit().Want(422)
	if got := c.Get("/my/cases/" + id + "/form").Form("/form").Values.Get("applicant.contact"); got != "还在" {
		t.Errorf("kept %q", got)
	}
}

// browserAgain signs the same browser in anew.
func (h *hall) browserAgain(c *webtest.Client, token string) *webtest.Client {
	h.browser(token, h.applicant())
	c.SignIn(token)
	return c
}

func TestProgressIsShownToWhoHoldsThePhone(t *testing.T) {
	h, sent := newHall(t)
	id := h.submitted()
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	c := h.site.Client(t, "")
	ask := func(number, phone string) *webtest.Page {
		return c.Get("/progress").Want(200).Form("/progress/code").Set("number", number, "phone", phone).Submit()
	}
	ask("", "138").Want(422, "必须填写")
	ask(v.Number, "13900139000").Want(200, "输入短信验证码")
	if sent.last != nil {
		t.Fatalf("a code went to a phone that is not the case's: %v", sent.last)
	}
	page := ask(v.Number, "13800138000").Want(200, "输入短信验证码")
	page.Form("/progress").Set("code", "000000x").Submit().Want(422, "验证码")
	shown := page.Form("/progress").Set("code", sent.last["code"].(string)).Submit().Want(200, v.Number, "提交申请")
	shown.Lacks("13800138000", "李样例", "天津样例化工有限公司")
}

func TestDecidedCaseIsReceivedAndRatedOnce(t *testing.T) {
	h, _ := newHall(t)
	c, id := h.browser("a", h.applicant()), h.accepted()
	c.Get("/my/cases/"+id).Want(200, "已受理，正在审查", "法定时限", "起算日，次日起计").Lacks("working_day").Form("/hearing").Submit().Want(422, "必须填写")
	c.Get("/my/cases/"+id).Form("/hearing").Set("hearing", "涉及重大利益").Submit().Want(200, "听证申请已提交", "申请听证")
	h.toApproval(id)
	_, err := h.Decide(t.Context(), approver, id, 0, licensing.Verdict{Outcome: licensing.Granted, Grounds: "符合法定条件"})
	h.must(err)
	c.Get("/my/cases/"+id).Want(200, "准予许可", "符合法定条件", "正在制证", "行政复议")
	rate := c.Get("/my/cases/" + id + "/rating").Want(200)
	rate.Form("/rating").Submit().Want(422, "必须填写")
	rate.Form("/rating").Set("stars", "5").Submit().Want(200, "非常满意")
	c.Get("/my/cases/"+id).Want(200, "非常满意").Lacks("您对本次办理满意吗")
	licences := c.Get("/my/licences").Want(200, "危险化学品经营许可证")
	licences.Follow("危险化学品经营许可证").Want(200, "变更", "补证")
}

func TestLicenceIsRenewedWithOneClick(t *testing.T) {
	h, _ := newHall(t)
	c, id := h.browser("a", h.applicant()), h.accepted()
	h.toApproval(id)
	_, err := h.Decide(t.Context(), approver, id, 0, licensing.Verdict{Outcome: licensing.Granted, Grounds: "符合法定条件"})
	h.must(err)
	page := c.Get("/my/licences").Want(200).FormWith("item", "hazchem-business.renew").Submit().Want(200, "危险化学品经营许可证（延期）")
	renewal := strings.TrimPrefix(page.Path, "/my/cases/")
	if got := c.Get("/my/cases/" + renewal + "/form").Form("/form").Values.Get("person_in_charge.name"); got != "赵示例" {
		t.Errorf("the answers of the first application are not taken over: %q", got)
	}
	c.Get("/my/cases/"+renewal).Follow("放弃这份草稿").Want(200).Form("/withdraw").Submit().Want(200, "已撤回")
}

func TestAgentSeesACaseOnlyWhileAuthorised(t *testing.T) {
	h, _ := newHall(t)
	agent := stranger()
	agent.Scope.Delegated = []auth.Delegated{{Enterprise: h.enterprise.ID, Items: []string{"hazchem-business.first"}}}
	c := h.browser("g", agent)
	page := c.Get("/my/cases/new?item=hazchem-business.first").Want(200, h.enterprise.Name).Form("/my/cases").Submit().Want(200, "办理步骤")
	c.Get("/my/cases/new?item=petrol-station.first").Want(200, "您不能办理本事项")
	agent.Scope.Delegated = nil
	c.Get(page.Path).Want(404)
	c.Get("/my/cases").Want(200, "还没有办件")
}

func TestGuidesAreFoundAndFiltered(t *testing.T) {
	h, _ := newHall(t)
	c := h.site.Client(t, "")
	c.Get("/guides").Want(200, "危险化学品经营许可", "特种作业操作资格", "我是")
	c.Get("/guides?who=person").Want(200, "特种作业操作证").Lacks("烟花爆竹经营（批发）许可证（首次申请）")
	c.Get("/guides?kind=recheck").Want(200, "特种作业操作证（复审）").Lacks("加油站危险")
	c.Get("/guides?q=%E5%8A%A0%E6%B2%B9%E7%AB%99").Want(200, "加油站危险化学品经营许可证（首次申请）")
	c.Get("/guides?q=%E7%BB%93%E5%A9%9A").Want(200, "没有找到相关事项")
	c.Get("/guides?q=" + strings.Repeat("a", 101)).Want(422)
	c.Get("/guides/petrol-station.first?area=120101").Want(200, "20 个工作日", "15 个工作日", "不收费", "样例要求", "和平区", "12350", "听证")
	c.Get("/guides/petrol-station.first?area=1").Want(404)
	c.Get("/guides/nothing").Want(404)
	for _, lang := range []string{"zh-CN", "en"} {
		for _, it := range rule.Shipped().Items() {
			c.Get("/guides/" + it.ID + "?lang=" + lang).Want(200)
		}
	}
	if to := c.Get("/my/cases/new?item=petrol-station.first").Path; !strings.HasPrefix(to, "/sign-in?return=") {
		t.Errorf("a visitor who applies comes to %s", to)
	}
}

func TestHelpCodeIsReadOutAndTakenBack(t *testing.T) {
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, page := h.begin(c, "hazchem-business.first")
	made := page.Follow("电话帮办").Want(200, "没有人能凭帮办码").Form("/help").Submit().Want(200, "请读给工作人员", "还没有人使用")
	code := regexp.MustCompile(`\d{4} \d{4}`).FindString(made.Text())
	helper := officer("helper", licensing.PermAssist)
	opened, err := h.OpenHelp(t.Context(), helper, code)
	h.must(err)
	if opened != id {
		t.Errorf("the code opens %s", opened)
	}
	look := c.Get("/my/cases/"+id+"/help").Want(200, "办件员helper 正在协助您").Lacks(code)
	look.Form("/help/end").Submit().Want(200, "帮办已结束")
	if _, err := h.Assisted(t.Context(), helper, id); kernel.KindOf(err) != kernel.NotFound {
		t.Errorf("after the end the clerk still sees the case: %v", err)
	}
	h.browser("x", stranger()).Get("/my/cases/" + id + "/help").Want(404)
}

func TestProgramsAskWhatPeopleAsk(t *testing.T) {
	h, sent := newHall(t)
	id := h.submitted()
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	c, mine, desk := h.site.Client(t, ""), h.browser("a", h.applicant()), h.browser("o", officer("reader"))
	api := func(c *webtest.Client, path string) *webtest.Page {
		return c.JSON("GET", "/api/v1/licensing/"+path, "", "Sec-Fetch-Site", "same-origin")
	}
	api(c, "items?q=%E7%94%B5%E5%B7%A5").Want(200, "special-operation.first")
	api(c, "items/petrol-station.first").Want(200, `"statutory_days":20`, `"unit":"wd"`)
	api(c, "items/nothing").Want(404)
	api(c, "decisions").Want(200, `"rows":[]`)
	api(c, "decisions?after=x").Want(422)
	api(c, "verifications/nothing").Want(404)
	api(c, "cases").Want(401)
	api(mine, "cases").Want(403)
	api(desk, "cases?number="+v.Number).Want(200, v.Number)
	api(desk, "licences?holder=%E6%97%A0").Want(200, `"rows":[]`)
	api(mine, "my/cases").Want(200, v.Number)
	api(mine, "my/cases/"+id).Want(200, `"stages"`)
	api(h.browser("x", stranger()), "my/cases/"+id).Want(404)
	draft, _ := h.begin(mine, "hazchem-business.first")
	api(mine, "my/cases/"+draft).Want(200, `"missing"`, "material.legal-person-id")
	post := func(c *webtest.Client, path, body string) *webtest.Page {
		return c.JSON("POST", "/api/v1/licensing/"+path, body, "Sec-Fetch-Site", "same-origin")
	}
	post(mine, "my/cases/"+draft+"/submit", "").Want(422, "material.legal-person-id")
	post(mine, "my/cases/"+id+"/submit", "").Want(200, v.Number)
	post(c, "progress/code", `{"number":"`+v.Number+`","phone":"13800138000"}`).Want(204)
	post(c, "progress", `{"number":"`+v.Number+`","phone":"13800138000","code":"1"}`).Want(422)
	post(c, "progress", `{"number":"`+v.Number+`","phone":"13800138000","code":"`+sent.last["code"].(string)+`"}`).Want(200, `"act":"submit"`).Lacks("13800138000")
}
