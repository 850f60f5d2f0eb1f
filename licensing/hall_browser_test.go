package licensing_test

import (
	"strconv"
	"testing"

	"anlan/internal/webtest"
	"anlan/licensing"
)

func TestHallPagesReadWellForEverybody(t *testing.T) {
	h, _ := newHall(t)
	h.browser("a", h.applicant())
	draft := h.draft("hazchem-business.first", nil)
	correcting := h.submitted()
	_, err := h.SendCorrection(t.Context(), clerk, correcting, 0, []licensing.Fault{
		{Target: "material:safety-rules", Fault: "缺少目录", Remedy: "重新上传"}, {Target: "field:premises.address", Fault: "地址不全", Remedy: "写到门牌号"}})
	h.must(err)
	lacking := h.submitted()
	v, err := h.Case(t.Context(), h.applicant(), lacking)
	h.must(err)
	_, err = h.AcceptCase(t.Context(), clerk, lacking, 0, licensing.Acceptance{Missing: []string{"supplier-sds"}, MissingDue: v.Today.AddDays(5)})
	h.must(err)
	granted := h.accepted()
	h.toApproval(granted)
	_, err = h.Decide(t.Context(), approver, granted, 0, licensing.Verdict{Outcome: licensing.Granted, Grounds: "符合法定条件"})
	h.must(err)
	c, err := h.Case(t.Context(), h.applicant(), granted)
	h.must(err)
	at := func(id string) string { return "/my/cases/" + id }
	b := h.site.Browser(t)
	b.SignIn("a")
	for _, look := range []struct {
		lang, look string
		width      int64
	}{{"zh-CN", "", 1280}, {"en", "", 375}, {"zh-CN", "elder", 375}, {"en", "elder", 1280}} {
		b.SetCookie("anlan_lang", look.lang)
		b.SetCookie("anlan_look", look.look)
		b.Size(look.width, 900)
		for _, path := range []string{"/guides", "/guides?q=zz", "/guides/petrol-station.first?area=120101", "/progress", "/verify", "/decisions", "/special-times", "/my", "/my/cases", "/my/licences",
			"/my/licences/" + c.LicenceID, "/my/cases/new?item=hazchem-business.first", "/my/cases/new?item=special-operation.first", at(draft), at(draft) + "/form?faults=1", at(draft) + "/files",
			at(draft) + "/delivery", at(draft) + "/check", at(draft) + "/help", at(draft) + "/withdraw", at(correcting), at(correcting) + "/correction", at(lacking), at(lacking) + "/deficit",
			at(granted), at(granted) + "/rating", at(granted) + "/submitted"} {
			b.Visit(path)
			b.Axe(look.lang + look.look + " " + path)
		}
	}
}

func TestFormSavesItselfInTheBrowser(t *testing.T) {
	h, _ := newHall(t)
	h.browser("a", h.applicant())
	id := h.draft("hazchem-business.first", nil)
	b := h.site.Browser(t)
	b.SignIn("a")
	b.Visit("/my/cases/" + id + "/form")
	b.Wait(`document.querySelector("form[data-draft]")`)
	b.Wait(`(() => { const i = document.getElementById("f-applicant-contact"); i.value = "自动保存"; i.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`)
	b.Wait(`document.querySelector("[data-draft-says]").textContent.includes("14:30:00")`)
	v, err := h.Case(t.Context(), h.applicant(), id)
	h.must(err)
	if got := v.Data["applicant"].(map[string]any)["contact"]; got != "自动保存" {
		t.Errorf("kept %v", got)
	}
	if got := webtest.Eval[string](b, `document.querySelector("form[data-draft]").elements.version.value`); got != strconv.FormatInt(v.Version, 10) {
		t.Errorf("the page holds version %s, the draft is %d", got, v.Version)
	}
}
