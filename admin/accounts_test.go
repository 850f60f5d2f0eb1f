package admin

import (
	"strings"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/webtest"
)

func TestFirstStartNamesThreeDifferentPeople(t *testing.T) {
	w := open(t)
	token, err := w.auth.SetupLink(t.Context())
	must(t, err)
	c := w.Client(t, "")
	status(t, c.Get("/auth/setup/"+strings.Repeat("x", 75)), 404)
	p := c.Get("/auth/setup/"+token).Want(200, "系统管理员", "安全管理员", "审计管理员", "三员分立")
	p = p.Form("").Set("system.name", "甲", "system.login", "same.login", "security.name", "乙", "security.login", "same.login", "audit.name", "", "audit.login", "au").Submit()
	p.Want(422, "重复了", "必须填写", "登录名须为")
	p = p.Form("").Set("security.login", "sec.admin", "system.login", "sys.admin", "audit.login", "aud.admin", "audit.name", "丙").Submit()
	p.Want(200, "三员账号已创建", "甲", "乙", "丙")
	again := c.Get("/auth/setup/" + token)
	status(t, again, 404) // replayed
	var links []string
	for _, part := range strings.Split(p.Body, w.URL)[1:] {
		links = append(links, part[:strings.IndexAny(part, "<&\"")])
	}
	if len(links) != 3 {
		t.Fatalf("links %v", links)
	}
	q := c.Get(links[0]).Want(200, "设置您的密码", "sys.admin").Form("").Set("password", goodPassword, "again", "other").Submit().Want(422, "两次填写的内容不一致")
	q = q.Form("").Set("password", "sys.admin.sys", "again", "sys.admin.sys").Submit().Want(422, "不能以登录名")
	q.Form("").Set("password", goodPassword, "again", goodPassword).Submit().Want(200, "密码已设置")
	status(t, c.Get(links[0]), 404)
	c.Get(p.Path).Want(200, "密码已设置", links[1]).Lacks(links[0])
	w.enter("sys.admin").Get("/admin/accounts").Want(200, "sec.admin")
}

func TestThreeAdministratorsDoThreeThings(t *testing.T) {
	w := open(t)
	w.officer("sys.admin", auth.SystemAdmin)
	w.officer("sec.admin", auth.SecurityAdmin)
	w.officer("aud.admin", auth.AuditAdmin)
	w.officer("clerk.one", auth.IntakeClerk)
	sys, sec, aud := w.enter("sys.admin"), w.enter("sec.admin"), w.enter("aud.admin")

	p := sys.Get("/admin/accounts/new").Form("/new").Set("name", "新人", "login", "x").Submit().Want(422, "登录名须为")
	status(t, noForm(sys, p.Form("/new").Set("login", "new.clerk")), 403)
	p = p.Form("/new").Set("login", "new.clerk").Submit().Want(200, "密码链接（只显示这一次", "未分配")
	link := between(p.Body, w.URL, "<")
	account := p.Path
	sys.Get(account).Want(200, "发放密码链接").Lacks("只显示这一次", "分配角色")
	w.Client(t, "").Get(link).Want(200, "新人")
	status(t, sys.Get(account+"/roles"), 403)

	for _, path := range []string{"/edit", "/link", "/state"} {
		status(t, sec.Get(account+path), 403)
	}
	sec.Get(account+"/roles").Form("").Set("roles", auth.AuditAdmin, "reach", "city").Submit().Want(200, "审计管理员")
	p = sec.Get(account + "/roles")
	form := p.Form("").Set("reach", "area", "area", "")
	form.Values["roles"] = []string{auth.AuditAdmin, auth.IntakeClerk}
	form.Submit().Want(422, "三员分立", "必须填写")
	p.Form("").Set("roles", auth.IntakeClerk, "reach", "area", "area", "120101").Submit().Want(200, "收件受理员", "所在区域", "和平区")

	aud.Get("/admin/accounts?role=intake_clerk").Want(200, "new.clerk", "clerk.one").Lacks("sec.admin", "开通账号")
	aud.Get(account).Want(200, "新人").Lacks("停用", "分配角色", "发放密码链接")
	for _, path := range []string{"/roles", "/edit", "/erase", "/enterprises"} {
		status(t, aud.Get(account+path), 403)
	}
	status(t, aud.Get("/admin/tokens"), 403)
	aud.Get("/admin/roles").Want(200, "管理账号", "查阅审计记录")
	status(t, w.enter("clerk.one").Get("/admin/accounts"), 403)
	status(t, sys.Get("/admin/accounts/no-such-account"), 404)
}

func TestSuspendingUnlockingAndErasing(t *testing.T) {
	w := open(t)
	w.officer("sys.admin", auth.SystemAdmin)
	w.officer("sec.admin", auth.SecurityAdmin)
	a := w.officer("clerk.one", auth.IntakeClerk)
	account := "/admin/accounts/" + a.ID
	sys, sec, clerk := w.enter("sys.admin"), w.enter("sec.admin"), w.enter("clerk.one")
	p := sys.Get(account+"/state").Form("").Submit().Want(422, "必须填写")
	p.Form("").Set("reason", "借调").Submit().Want(200, "账号已停用")
	if p := clerk.Get("/account"); p.Path != "/sign-in?expired=yes&return=%2Faccount" {
		t.Errorf("a suspended account sees %s", p.Path)
	}
	sys.Get(account+"/state").Form("").Set("reason", "回岗").Submit().Want(200, "账号已恢复使用")

	door := w.Client(t, "").Get("/sign-in")
	for range 5 {
		door = door.Form("/sign-in").Set("login", "clerk.one", "password", "wrong").Submit()
	}
	door = door.Form("/sign-in").Set("password", goodPassword).Submit().Want(429)
	sec.Get(account).Form("/unlock").Submit().Want(200, "已解除锁定")
	door.Form("/sign-in").Set("password", goodPassword).Submit().Want(200)
	sec.Get(account).Want(200, "登录设备").Form("/sessions/").Submit().Want(200, "已终止该登录")

	sys.Get(account+"/edit").Form("").Set("name", "王新名").Submit().Want(200, "已保存", "王新名")
	status(t, sys.Get(account+"/erase"), 403)
	p = sec.Get(account+"/erase").Form("").Set("word", "注销").Submit().Want(422, "必须填写")
	p.Form("").Set("word", "注销", "reason", "本人申请").Submit().Want(200, "个人信息已删除")
	sec.Get("/admin/accounts?state=erased").Want(200, "已注销")
}

func TestAccountsPageByPage(t *testing.T) {
	w := open(t)
	w.officer("sys.admin", auth.SystemAdmin)
	for i := range 60 {
		_, _, err := w.auth.Create(t.Context(), w.boss, auth.NewAccount{Kind: auth.Officer, Login: "clerk." + string(rune('a'+i/26)) + string(rune('a'+i%26)), Name: "某人"})
		must(t, err)
		w.clock.Advance(time.Millisecond) // the list goes by the time of making
	}
	c := w.enter("sys.admin")
	first := c.Get("/admin/accounts?text=clerk.").Want(200, "共 60 条", "clerk.aa").Lacks("clerk.ch")
	webtest.CheckPage(t, first)
	first.Follow("下一页").Want(200, "clerk.ch").Lacks("clerk.aa")
	c.Get("/admin/accounts?text=nobody").Want(200, "没有符合条件的账号")
	status(t, c.Get("/admin/accounts?after=garbage"), 422)
}

func TestEnterpriseAndPersonAccountsByAnAdministrator(t *testing.T) {
	w := open(t)
	w.firm()
	w.officer("sys.admin", auth.SystemAdmin)
	c := w.enter("sys.admin")
	p := c.Get("/admin/accounts/new?kind=enterprise").Form("/new").Set("name", "钱经办", "login", "station.clerk", "uscc", "91").Submit().Want(422, "18")
	p = p.Form("/new").Set("uscc", uscc, "phone", "13900000031").Submit().Want(200, "天津测试加油站", "钱**", "139****0031")
	c.Get(p.Path+"/edit").Form("").Set("phone", "13900000032").Submit().Want(200, "已保存", "钱**", "139****0032") // the masked name stays
	c.Get("/admin/accounts/new?kind=person").Form("/new").Set("name", "孙个人").Submit().Want(422, "必须填写")
	c.Get("/admin/accounts/new?kind=person").Form("/new").Set("name", "孙个人", "phone", "13900000033").Submit().Want(200, "个人账号", "密码链接")
}

func TestOverseenEnterprises(t *testing.T) {
	w := open(t)
	e := w.firm()
	w.officer("head.one", auth.DepartmentHead)
	a := w.officer("reg.one", auth.Regulator)
	path := "/admin/accounts/" + a.ID + "/enterprises"
	c := w.enter("head.one")
	c.Get(path).Want(200, "还没有分派企业")
	c.Get(path+"?text=没有这家").Want(200, "没有找到企业")
	form := c.Get(path+"?text="+uscc).Want(200, "天津测试加油站").Form("/enterprises")
	form.Set("add", "no-such-enterprise")
	status(t, form.Submit(), 404)
	form.Set("add", e.ID).Submit().Want(200, "分管企业已更新", "天津测试加油站")
	c.Get(path).Form("/enterprises").Set("remove", e.ID).Submit().Want(200, "还没有分派企业")
}

func TestTokensAreShownOnceAndRevoked(t *testing.T) {
	w := open(t)
	w.officer("sec.admin", auth.SecurityAdmin)
	c := w.enter("sec.admin")
	p := c.Get("/admin/tokens").Want(200, "还没有签发令牌").Follow("签发令牌").Form("/new").Submit().Want(422, "系统名称", "必须填写")
	p.Form("/new").Set("name", "市政务平台", "permissions", string(auth.Delegate), "reach", "city", "expires", "2026-12-31").Submit().Want(200, "令牌（只显示这一次）：anlan_", "市政务平台", "有效")
	c.Get("/admin/tokens").Lacks("anlan_")
	c.Get("/admin/tokens").Follow("撤销").Form("/revoke").Submit().Want(200, "令牌已撤销", "已撤销")
	c.Get("/admin/tokens").Lacks("有效 ")
	status(t, c.Get("/admin/tokens/none/revoke"), 404)
}
