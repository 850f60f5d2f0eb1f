package admin

import (
	"context"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/webtest"
)

func TestSigningInLeadsBackToWhereThePersonWas(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	c := w.Client(t, "")
	p := c.Get("/account/sessions").Want(200, "登录")
	if p.Path != "/sign-in?return=%2Faccount%2Fsessions" {
		t.Fatalf("sent to %s", p.Path)
	}
	p = p.Form("/sign-in").Set("login", "clerk.one", "password", "wrong").Submit().Want(422, "用户名或密码不正确")
	p = p.Form("/sign-in").Set("password", goodPassword).Submit().Want(200, "登录设备", "本机")
	if p.Path != "/account/sessions" {
		t.Errorf("came to %s", p.Path)
	}
	c.Get("/sign-in").Want(200) // signed in already: home
	c.Get("/sign-in?return=//evil.example/").Want(200)
	status(t, noForm(c, c.Get("/account/password").Form("/account/password")), 403)
}

func TestTooManyWrongPasswordsSayWhenTheDoorOpens(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	p := w.Client(t, "").Get("/sign-in")
	for range 5 {
		p = p.Form("/sign-in").Set("login", "clerk.one", "password", "wrong").Submit().Want(422)
	}
	p = p.Form("/sign-in").Set("password", goodPassword).Submit().Want(429, "尝试次数过多", "之后可以再试")
	if p.Header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", p.Header.Get("Retry-After"))
	}
	w.clock.Advance(31 * time.Second)
	p.Form("/sign-in").Set("password", goodPassword).Submit().Want(200)
}

func TestAnEndedSessionIsNamedAndNothingTypedIsLost(t *testing.T) {
	w := open(t)
	w.officer("head.one", auth.DepartmentHead)
	colleague := w.officer("clerk.two", auth.IntakeClerk)
	c := w.enter("head.one")
	form := c.Get("/account/stand-ins/new").Form("/account/stand-ins/new").Set("standin", colleague.ID, "until", "2026-05-20", "reason", "年休假")
	w.clock.Advance(time.Hour)
	p := form.Submit().Want(200, "登录已超时")
	p = p.Form("/sign-in").Set("login", "head.one", "password", goodPassword).Submit().Want(200, "您填写的内容还在", "年休假")
	p.Form("/account/stand-ins/new").Submit().Want(200, "代班申请已提交", "王clerk.two 代 王head.one")
}

func TestSecondFactorAtTheDoor(t *testing.T) {
	w := open(t)
	w.officer("sys.admin", auth.SystemAdmin)
	c := w.Client(t, "")
	p := c.Get("/sign-in").Form("/sign-in").Set("login", "sys.admin", "password", goodPassword).Submit().Want(200, "您的岗位必须启用动态口令")
	before := between(p.Body, `<code class="secret">`, "</code>")
	p = p.Form("").Set("code", "000000").Submit().Want(422, "验证码不正确")
	if between(p.Body, `<code class="secret">`, "</code>") != before {
		t.Error("a wrong code changed the secret that was scanned")
	}
	status(t, c.Get("/admin/accounts"), 200) // the sign-in page: not signed in yet
	c.Get("/admin/accounts").Want(200, "账号或手机号")
	secret, codes := w.enrol(p)
	c.Get("/admin/accounts").Want(200, "sys.admin")

	again := func() *webtest.Page {
		return w.Client(t, "").Get("/sign-in?return=/account").Form("/sign-in").Set("login", "sys.admin", "password", goodPassword).Submit().Want(200, "输入动态口令")
	}
	p = again()
	p = p.Form("/sign-in/code").Set("code", "123456").Submit().Want(422, "验证码不正确")
	w.clock.Advance(time.Minute)
	p.Form("/sign-in/code").Set("code", w.totp(secret)).Submit().Want(200, "我的账号")
	again().Form("/sign-in/code").Set("code", codes[0]).Submit().Want(200, "我的账号")
	again().Form("/sign-in/code").Set("code", codes[0]).Submit().Want(422, "验证码不正确")
}

func TestDangerousPagesAskAgainWhoItIs(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	c := w.enter("clerk.one")
	w.clock.Advance(11 * time.Minute)
	p := c.Get("/account/phone").Want(200, "确认是您本人")
	p = p.Form("/sign-in/confirm").Set("proof", "wrong").Submit().Want(422, "身份确认未通过")
	p = p.Form("/sign-in/confirm").Set("proof", goodPassword).Submit().Want(200, "更换手机号")
	if p.Path != "/account/phone" {
		t.Errorf("came to %s", p.Path)
	}
}

func TestRegisteringAsAPerson(t *testing.T) {
	w := open(t)
	c := w.Client(t, "")
	c.Get("/register").Want(200, "个人注册", "企业账号注册")
	status(t, c.Get("/register/officer"), 404)
	p := c.Get("/register/person").Form("/register").Set("phone", "12345").Submit().Want(422, "手机号")
	p = p.Form("/register").Set("phone", "13900000001").Submit().Want(200)
	p.Form("").Submit() // asked again at once
	w.Client(t, "").Get("/register/person").Form("").Set("phone", "13900000001").Submit().Want(429, "请在")
	p = p.Form("/details").Set("code", "000000", "name", "张三", "password", goodPassword, "again", "something else").Submit().Want(422, "两次填写的内容不一致")
	p = p.Form("/details").Set("code", "000000", "name", "张三", "password", "short", "again", "short").Submit().Want(422, "太短")
	p = p.Form("/details").Set("code", "000000", "password", goodPassword, "again", goodPassword).Submit().Want(422, "验证码不正确")
	p.Form("/details").Set("code", w.sms.last("13900000001"), "password", goodPassword, "again", goodPassword).Submit().Want(204)
	c.Get("/account").Want(200, "张三", "13900000001", "申请人")
	w.clock.Advance(2 * time.Minute)
	p = w.Client(t, "").Get("/register/person").Form("").Set("phone", "13900000001").Submit().Want(200)
	p.Form("/details").Set("code", w.sms.last("13900000001"), "name", "张三", "password", goodPassword, "again", goodPassword).Submit().Want(409, "该手机号已注册")
	w.Client(t, "").Get("/sign-in").Form("/sign-in").Set("login", "13900000001", "password", goodPassword).Submit().Want(204)
}

func TestRegisteringForAnEnterpriseWaitsForAnOfficer(t *testing.T) {
	w := open(t)
	w.firm()
	w.officer("head.one", auth.DepartmentHead)
	c := w.Client(t, "")
	p := c.Get("/register/enterprise").Form("").Set("phone", "13900000002").Submit().Want(200)
	fill := func(p *webtest.Page, code string) *webtest.Page {
		return p.Form("/details").Set("code", w.sms.last("13900000002"), "name", "钱经办", "enterprise_name", "天津测试加油站", "uscc", code,
			"login", "station.clerk", "password", goodPassword, "again", goodPassword).File("document", "授权委托书.pdf", scan).Submit()
	}
	p = fill(p, uscc[:17]+wrongCheck()).Want(422, "第 18 位校验码")
	p = p.Form("/details").Set("password", goodPassword, "again", goodPassword).File("document", "letter.pdf", []byte("<html>no letter</html>")).Submit().Want(422, "授权委托书")
	fill(p, uscc).Want(200, "企业身份正在核对", "天津测试加油站")

	head := w.enter("head.one")
	head.Get("/admin/claims").Want(200, "天津测试加油站", uscc)
	claim := head.Get("/admin/claims").Follow("天津测试加油站").Want(200, "钱**")
	letter := claim.Follow("查看")
	if letter.Header.Get("Content-Type") != "application/pdf" || letter.Body != string(scan) {
		t.Errorf("letter: %s %q", letter.Header.Get("Content-Type"), letter.Body)
	}
	claim.Form("/admin/claims").Submit().Want(422, "必须填写")
	claim.Form("/admin/claims").Set("verdict", "refuse").Submit().Want(422, "原因", "必须填写")
	status(t, noForm(head, claim.Form("/admin/claims").Set("verdict", "handler")), 403)
	claim.Form("/admin/claims").Set("verdict", "manager").Submit().Want(200, "已通过", "没有待核对")
	status(t, claim.Form("/admin/claims").Set("verdict", "handler").Submit(), 404)
	c.Get("/account").Want(200, "企业安全管理人员").Lacks("正在核对")
	status(t, c.Get("/admin/claims"), 403)
}

// wrongCheck is a check character that is not right.
func wrongCheck() string {
	if uscc[17] == 'A' {
		return "B"
	}
	return "A"
}

func TestForgottenPasswordOfAPerson(t *testing.T) {
	w := open(t)
	w.register("13900000003", "李四")
	w.clock.Advance(2 * time.Minute) // between two codes to one phone
	c := w.Client(t, "")
	p := c.Get("/forgotten").Form("").Set("phone", "13900000003").Submit().Want(200, "验证码已发送")
	p = p.Form("/forgotten/reset").Set("code", "111111", "password", goodPassword+"新", "again", goodPassword+"新").Submit().Want(422, "验证码不正确")
	p.Form("/forgotten/reset").Set("code", w.sms.last("13900000003"), "password", goodPassword+"新", "again", goodPassword+"新").Submit().Want(200, "新密码已设置")
	c.Get("/sign-in").Form("/sign-in").Set("login", "13900000003", "password", goodPassword+"新").Submit().Want(204)
	w.Client(t, "").Get("/forgotten").Form("").Set("phone", "13900000999").Submit().Want(200, "验证码已发送") // nobody learns who has an account
	if w.sms.last("13900000999") != "" {
		t.Error("a code went to a phone without an account")
	}
}

func TestTheDemoLetsVisitorsInWithOneClick(t *testing.T) {
	demo := []Entry{{Role: kernel.Text{ZH: "收件受理员"}, Name: "样例收件", Group: "licensing"}, {Role: kernel.Text{ZH: "申请人"}, Name: "样例申请", Group: "hall"}}
	w := open(t, func(o *auth.Options, p *Parts) {
		o.Demo = true
		p.Entries = func(context.Context) ([]Entry, error) { return demo, nil }
	})
	a := w.officer("clerk.one", auth.IntakeClerk)
	demo[0].Account, demo[1].Account = a.ID, a.ID
	c := w.Client(t, "")
	p := c.Get("/").Want(200, "申请人与企业", "市局许可岗位", "样例收件")
	p.Form("/enter-as").Set("account", a.ID).Submit().Want(200)
	c.Get("/").Want(200, "进入我的首页").Lacks("样例收件")
	w.clock.Advance(11 * time.Minute)
	c.Get("/account/phone").Want(200, "样例人物没有密码").Form("/sign-in/confirm").Submit().Want(200, "更换手机号")
}
