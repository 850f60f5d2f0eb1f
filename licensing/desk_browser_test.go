package licensing_test

import (
	"testing"

	"anlan/internal/webtest"
	"anlan/licensing"
)

// TestOfficersPagesHaveNoFindings lets axe look at the officers' pages in both
// languages, one wide and one on a phone; nothing scrolls sideways.
func TestOfficersPagesHaveNoFindings(t *testing.T) {
	d := newDesk(t)
	b := d.site.Browser(t)
	open, accepted := d.filed(), d.filed()
	_, err := d.AcceptCase(t.Context(), clerk, accepted, 0, licensing.Acceptance{})
	d.must(err)
	_, err = d.PassOn(t.Context(), reviewer, accepted, 0, "agree", "材料齐全")
	d.must(err)
	d.must(d.SaveFilter(t.Context(), d.person("clerk"), "待受理", "step=intake"))
	code, err := d.AskHelp(t.Context(), d.applicant(), open)
	d.must(err)
	_, err = d.OpenHelp(t.Context(), d.person("clerk"), code.Code)
	d.must(err)
	pages := map[string][]string{
		"clerk": {"/licensing/cases?step=intake", "/licensing/cases/" + open, "/licensing/assist", "/licensing/assist/" + open},
		"rev1":  {"/licensing/cases/" + accepted},
		"rules": {"/licensing/rules", "/licensing/rules/hazchem-business.first", "/licensing/rules/hazchem-business.first/new", "/licensing/rule-versions/hazchem-business.first@2026-05-01"},
		"post":  {"/licensing/deliveries", "/licensing/waybills", "/licensing/handovers", "/licensing/licences", "/licensing/renewals", "/licensing/ratings", "/licensing/special"},
	}
	b.Visit("/guides")
	for who, paths := range pages {
		b.SignIn(who)
		for lang, width := range map[string]int64{"zh-CN": 1280, "en": 375} {
			b.SetCookie("anlan_lang", lang)
			b.Size(width, 900)
			for _, path := range paths {
				b.Visit(path)
				webtest.Eval[bool](b, `document.querySelectorAll("details.act").forEach(d => d.open = true), true`)
				b.Axe(who + " " + lang + " " + path)
			}
		}
	}
}

func TestOpenListSaysThatACaseHasMoved(t *testing.T) {
	d := newDesk(t)
	id := d.filed()
	b := d.site.Browser(t)
	b.Visit("/guides")
	b.SignIn("rev1")
	b.Visit("/licensing/cases")
	b.Wait(`document.querySelector("#queue-news") && window.htmx`)
	if webtest.Eval[string](b, `document.querySelector("#queue-news").textContent`) != "" {
		t.Error("there are news before anything happened")
	}
	d.as("rev1").Get("/licensing/cases/news").Want(200, "列表有更新")
	d.does("clerk", id, "claim").Want(200)
	b.Wait(`document.querySelector("#queue-news a")`)
}
