package admin

import (
	"strings"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/webtest"
)

func TestChangingThePasswordSignsOthersOut(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	here, there := w.enter("clerk.one"), w.enter("clerk.one")
	p := here.Get("/account/password").Form("").Set("old", "wrong", "new", goodPassword+"二", "again", goodPassword+"二").Submit().Want(422, "身份确认未通过")
	p = p.Form("").Set("old", goodPassword, "new", "123456789012", "again", "123456789012").Submit().Want(422)
	p.Form("").Set("old", goodPassword, "new", goodPassword+"二", "again", goodPassword+"二").Submit().Want(200, "密码已修改")
	there.Get("/account").Want(200, "登录已超时")
	here.Get("/account").Want(200, "王clerk.one")
}

func TestOnesOwnSessionsEndOneByOneAndTogether(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	w.officer("clerk.two", auth.IntakeClerk)
	here, there, third := w.enter("clerk.one"), w.enter("clerk.one"), w.enter("clerk.one")
	p := here.Get("/account/sessions").Want(200, "本机")
	if n := strings.Count(p.Body, "/end\""); n != 2 {
		t.Fatalf("%d sessions can be ended", n)
	}
	stranger := w.enter("clerk.two")
	end := p.Form("/end")
	form := stranger.Get("/account/password").Form("")
	form.Values.Del("old")
	req := end.Request()
	req.Body, req.ContentLength = form.Request().Body, form.Request().ContentLength
	status(t, stranger.Do(req), 404) // another's session
	end.Submit().Want(200, "已终止该登录")
	here.Get("/account/sessions").Form("/account/sessions/others").Submit().Want(200, "其他设备已全部退出")
	for _, c := range []*webtest.Client{there, third} {
		if p := c.Get("/account"); !strings.HasPrefix(p.Path, "/sign-in") {
			t.Errorf("a session that was ended shows %s", p.Path)
		}
	}
}

func TestChangingThePhone(t *testing.T) {
	w := open(t)
	c := w.register("13900000011", "周五")
	p := c.Get("/account/phone").Form("").Set("phone", "13900000012").Submit().Want(200, "验证码已发送到 13900000012")
	p = p.Form("/account/phone/code").Set("code", "000000").Submit().Want(422, "验证码不正确")
	p.Form("/account/phone/code").Set("code", w.sms.last("13900000012")).Submit().Want(200, "手机号已更换", "13900000012")
	w.Client(t, "").Get("/sign-in").Form("/sign-in").Set("login", "13900000012", "password", goodPassword).Submit().Want(204)
}

func TestSecondFactorOfOnesOwn(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	c := w.enter("clerk.one")
	p := c.Get("/account/second-factor").Want(200, "data:image/png;base64,")
	secret, _ := w.enrol(p)
	c.Get("/account/security").Want(200, "已启用", "还有 10 个恢复码可用")
	w.clock.Advance(11 * time.Minute)
	p = c.Get("/account/second-factor/remove").Want(200, "动态口令或恢复码")
	p = p.Form("/sign-in/confirm").Set("proof", w.totp(secret)).Submit().Want(200, "停用后只凭密码就能登录")
	c.Get("/account/second-factor/recovery").Form("").Submit().Want(200, "恢复码只显示这一次")
	p.Form("/remove").Submit().Want(200, "动态口令已停用", "未启用")
}

func TestAnAdministratorCannotTurnTheSecondFactorOff(t *testing.T) {
	w := open(t)
	w.officer("sys.admin", auth.SystemAdmin)
	status(t, w.enter("sys.admin").Get("/account/second-factor/remove").Form("/remove").Submit(), 403)
}

func TestAPersonClosesTheirAccount(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	status(t, w.enter("clerk.one").Get("/account/close"), 404)
	c := w.register("13900000013", "吴六")
	p := c.Get("/account/close").Form("").Set("word", "no").Submit().Want(422, "请准确输入")
	p.Form("").Set("word", "注销").Submit().Want(200, "账号已注销")
	w.Client(t, "").Get("/sign-in").Form("/sign-in").Set("login", "13900000013", "password", goodPassword).Submit().Want(422, "用户名或密码不正确")
}

func TestStandInIsAskedApprovedTakenAndEnded(t *testing.T) {
	w := open(t)
	w.officer("clerk.one", auth.IntakeClerk)
	two := w.officer("clerk.two", auth.Reviewer)
	w.officer("sys.admin", auth.SystemAdmin)
	w.officer("head.one", auth.DepartmentHead)
	absent, standIn, head := w.enter("clerk.one"), w.enter("clerk.two"), w.enter("head.one")
	p := absent.Get("/account/stand-ins").Want(200, "没有代班安排").Follow("申请代班").Want(200, "王clerk.two").Lacks("王sys.admin")
	p = p.Form("").Set("standin", two.ID, "from", "2026-05-20", "until", "2026-05-01", "reason", "年休假").Submit().Want(422, "结束日期不能早于开始日期")
	p.Form("").Set("standin", two.ID, "from", "2026-05-06", "until", "2026-05-20").Submit().Want(200, "待批准")
	standIn.Get("/account/stand-ins").Lacks("代 王clerk.one 履职")
	list := head.Get("/account/stand-ins")
	status(t, noForm(head, list.Form("/approve")), 403)
	list.Form("/approve").Submit().Want(200, "已批准代班")
	p = standIn.Get("/account/stand-ins").Want(200, "代 王clerk.one 履职")
	p.Form("/account/place").Submit().Want(200)
	standIn.Get("/account").Want(200, "正在代 王clerk.one 履职")
	standIn.Get("/account/stand-ins").Form("/account/place").Submit().Want(200, "已回到本人身份")
	absent.Get("/account/stand-ins").Form("/end").Submit().Want(200, "代班已结束", "没有代班安排")
	status(t, w.register("13900000014", "郑七").Get("/account/stand-ins"), 404)
}

func TestAnEnterpriseNamesAnAgentAndEndsIt(t *testing.T) {
	w := open(t)
	e := w.firm()
	w.manager("station.safety", e)
	agent, other := w.register("13900000021", "冯代理"), w.register("13900000022", "陈旁人")
	agent.Get("/account/agents").Want(200, "没有企业委托您代理")
	c := w.enter("station.safety")
	c.Get("/account/agents").Follow("授权代理人").Want(200)
	p := c.Get("/account/agents/new").Form("").Set("agent_name", "冯代理", "agent_phone", "13900000021", "until", "2027-05-01").Submit().Want(422, "授权委托书", "必须填写")
	p = p.Form("").Set("agent_name", "别的人").File("document", "letter.pdf", scan).Submit().Want(422, "没有找到")
	p.Form("").Set("agent_name", "冯代理", "items", "hazchem.renew").File("document", "letter.pdf", scan).Submit().Want(422)
	p.Form("").Set("agent_name", "冯代理", "items", "hazchem.first").File("document", "letter.pdf", scan).Submit().Want(200, "已授权代理人", "冯**", "危险化学品经营许可")
	p = agent.Get("/account/agents").Want(200, "我代理的企业", "天津测试加油站", "危险化学品经营许可")
	letter := p.Links("授权委托书")[0]
	if got := agent.Get(letter); got.Body != string(scan) {
		t.Errorf("letter: %d %q", got.Status, got.Body)
	}
	status(t, other.Get(letter), 404)
	status(t, other.Get(strings.TrimSuffix(letter, "letter")+"end"), 404)
	status(t, agent.Get("/account/agents/new"), 403)
	c.Get("/account/agents").Follow("解除授权").Form("/end").Submit().Want(200, "授权已解除")
	agent.Get("/account/agents").Want(200, "没有企业委托您代理")
}
