package admin

import (
	"net/url"
	"strings"
	"testing"

	"anlan/internal/auth"
)

// look visits pages in Chinese on a desktop and in English, large print, on a
// phone, and lets axe look at them.
func look(t *testing.T, w *bureau, who string, token string, paths ...string) {
	t.Helper()
	b := w.Browser(t)
	if token != "" {
		b.SignIn(token)
	}
	for _, v := range []struct {
		lang, look string
		width      int64
	}{{"zh-CN", "", 1280}, {"en", "elder", 375}} {
		b.SetCookie("anlan_lang", v.lang)
		b.SetCookie("anlan_look", v.look)
		b.Size(v.width, 812)
		for _, path := range paths {
			b.Visit(path)
			b.Axe(who + " " + v.lang + " " + path)
			b.Shot(who + "-" + v.lang + "-" + strings.Trim(strings.NewReplacer("/", "_", "?", "_", "=", "_").Replace(path), "_"))
		}
	}
}

// token signs in past the forms and returns the cookie.
func (w *bureau) token(login string) string {
	w.t.Helper()
	e, err := w.auth.Login(w.t.Context(), login, goodPassword, auth.Client{Addr: "127.0.0.1"})
	must(w.t, err)
	return e.Token
}

func TestPagesOfIdentityInABrowser(t *testing.T) {
	w := open(t, func(o *auth.Options, _ *Parts) { o.TOTP = auth.TOTPNobody }, withOIDC)
	e := w.firm()
	w.manager("station.safety", e)
	clerk, two := w.officer("clerk.one", auth.IntakeClerk), w.officer("clerk.two", auth.Reviewer)
	w.officer("sys.admin", auth.SystemAdmin)
	w.officer("sec.admin", auth.SecurityAdmin)
	w.officer("head.one", auth.DepartmentHead)
	absent := w.enter("clerk.one")
	absent.Get("/account/stand-ins/new").Form("").Set("standin", two.ID, "from", "2026-05-06", "until", "2026-05-20", "reason", "年休假").Submit().Want(200)
	claim := claimant(w)
	id := "/admin/accounts/" + clerk.ID

	look(t, w, "visitor", "", "/sign-in?expired=yes&return="+url.QueryEscape("/account"), "/register", "/register/enterprise", "/forgotten")
	look(t, w, "manager", w.token("station.safety"), "/account", "/account/security", "/account/sessions", "/account/agents", "/account/agents/new")
	look(t, w, "head", w.token("head.one"), "/account/stand-ins", "/account/stand-ins/new", "/admin/claims", claim, id+"/enterprises?text="+uscc)
	look(t, w, "system", w.token("sys.admin"), "/admin/accounts", "/admin/accounts/new", id, id+"/state", "/account/second-factor")
	look(t, w, "security", w.token("sec.admin"), "/admin/roles", id+"/roles", "/admin/tokens/new")
}

// claimant registers for an enterprise and returns the page on which the claim
// is decided.
func claimant(w *bureau) string {
	c := w.Client(w.t, "")
	p := c.Get("/register/enterprise").Form("").Set("phone", "13900000002").Submit().Want(200)
	p.Form("/details").Set("code", w.sms.last("13900000002"), "name", "钱经办", "enterprise_name", "天津测试加油站", "uscc", uscc,
		"login", "station.clerk", "password", goodPassword, "again", goodPassword).Submit().Want(200)
	return w.enter("head.one").Get("/admin/claims").Links("天津测试加油站")[0]
}
