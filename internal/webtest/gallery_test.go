package webtest_test

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/ui"
)

//go:embed testdata/gallery
var gallery embed.FS

func galleryViews(t testing.TB) web.Views {
	dir, err := fs.Sub(gallery, "testdata/gallery")
	if err != nil {
		t.Fatal(err)
	}
	return web.Views{Room: "gallery", FS: dir}
}

type stat struct {
	Label, Unit, Note, Tone string
	Value                   int
	Spark                   ui.Spark
}

type caseRow struct {
	Number, Area, State, StateTone, Tone, Lamp string
	Enterprise                                 kernel.Text
	Due                                        kernel.Date
}

// sample is what all pages of the gallery show.
type sample struct {
	Unit, Title, Hint, Empty, Done, ClockTitle, ClockWords string
	Stats                                                  []stat
	Tabs                                                   []ui.Tab
	Areas                                                  []ui.Option
	Rows                                                   []caseRow
	List                                                   web.List[caseRow]
	Due                                                    kernel.Date
	Days                                                   []ui.Day
	Summary                                                []ui.Row
	Steps                                                  []ui.Step
	Tasks                                                  []ui.Task
	Map                                                    ui.Map
	Bars                                                   ui.Bars
}

func sampleData() sample {
	s := sample{Unit: "行政许可处", Title: "危险化学品经营许可证核发", Hint: "名称须与营业执照一致；材料不齐的，五个工作日内一次告知。", Empty: "没有待办", Done: "申请已提交",
		ClockTitle: "法定时限", ClockWords: "还剩 5 个工作日", Due: kernel.MustDate("2026-06-03")}
	s.Stats = []stat{
		{"今日到期", "件", "其中 1 件超期", "bad", 3, ui.Spark{Title: "近七日", Values: []float64{1, 3, 2, 5, 4, math.NaN(), 3}, Limit: 4}},
		{"三日内到期", "件", "", "warn", 12, ui.Spark{Title: "近七日", Values: []float64{2, 2, 2}}},
		{"在办", "件", "较昨日 +4", "main", 12345, ui.Spark{Title: "近七日", Values: []float64{9, 8, 10, 12}}},
		{"按期办结率", "%", "本月", "good", 99, ui.Spark{}},
	}
	s.Tabs = []ui.Tab{{Text: "我的待办", Href: "/gallery/console", Current: true, Count: "15"}, {Text: "本处室", Href: "/gallery/console?tab=unit", Count: "128"}, {Text: "已办", Href: "/gallery/console?tab=done"}}
	s.Areas = []ui.Option{{Value: "120116", Text: "滨海新区"}, {Value: "120101", Text: "和平区", Hint: "含市级下放事项"}, {Value: "120119", Text: "蓟州区"}}
	states := []struct{ s, st, tone, lamp string }{{"待受理", "main", "good", "正常"}, {"待补正", "warn", "warn", "临近到期"}, {"审查中", "calm", "bad", "已超期 2 天"}, {"暂停", "calm", "calm", "已暂停"}}
	for i := range 8 {
		st := states[i%4]
		s.Rows = append(s.Rows, caseRow{Number: fmt.Sprintf("AL-120116-2026-%06d", i+1), Area: "滨海新区", State: st.s, StateTone: st.st, Tone: st.tone, Lamp: st.lamp,
			Enterprise: kernel.Text{ZH: strings.Repeat("天津", i%3+1) + "滨海某某石油化工销售有限公司第" + fmt.Sprint(i) + "加油站", EN: ""}, Due: kernel.NewDate(2026, 5, 6+i)})
	}
	s.List = web.List[caseRow]{Rows: s.Rows, Next: "x", Total: 10001}
	for i := range 6 {
		s.Days = append(s.Days, ui.Day{Date: kernel.NewDate(2026, 5, 1+i), Counted: i > 4, N: max(0, i-4), Why: []string{"劳动节假期", "劳动节假期", "劳动节假期", "劳动节假期", "劳动节假期", ""}[i]})
	}
	s.Summary = []ui.Row{{Label: "企业名称", Value: "天津某某石油销售有限公司", Change: "/gallery/form"}, {Label: "统一社会信用代码", Value: "91120116MA00000000", Change: "/gallery/form"}, {Label: "联系电话", Value: nil, Change: "/gallery/form", Fault: "必须填写"}}
	s.Steps = []ui.Step{{At: webtest.Now, Title: "补正告知", By: "张某", Text: "缺少安全评价报告", Tone: "warn"}, {At: webtest.Now.Add(-26 * time.Hour), Title: "已收件", By: "窗口", Tone: "good", Link: "/gallery/console"}, {At: webtest.Now.Add(-30 * time.Hour), Title: "提交申请", By: "申请人"}}
	s.Tasks = []ui.Task{{Text: "申请人信息", Href: "/gallery/form", State: "done"}, {Text: "经营场所", Href: "/gallery/form", State: "fault", Hint: "地址与营业执照不一致"}, {Text: "上传材料", Href: "/gallery/form", State: "todo"}, {Text: "核对并提交", State: "later"}}
	s.Map = ui.Map{Title: "重大危险源分布", Shades: map[string]string{"120116": "warn"}, Points: []ui.Point{
		{At: kernel.LatLon{Lat: 38.9, Lon: 117.6}, Label: "一级重大危险源", Tone: "bad", Mark: "1", Link: "/gallery/console"}, {At: kernel.LatLon{Lat: 39.1, Lon: 117.2}, Label: "加油站", Tone: "good", Mark: "油"}}}
	s.Bars = ui.Bars{Title: "各区在办件", Rows: []ui.Bar{{Label: "滨海新区", Value: 128, Tone: "main"}, {Label: "武清区", Value: 64}, {Label: "东丽区（含临空经济区）", Value: 31, Tone: "warn"}, {Label: "和平区", Value: 0}}}
	return s
}

const seeGallery auth.Permission = "gallery.see"

func startGallery(t testing.TB) *webtest.Site {
	show := func(view string) web.Handler {
		return func(r *web.Request) error { return r.Render("gallery/"+view, sampleData()) }
	}
	nav := func(label, icon string, order int) *web.Nav {
		return &web.Nav{Group: "gallery", Label: "gallery." + label, Icon: icon, Order: order}
	}
	var in struct {
		Name   string   `json:"name"`
		Phone  string   `json:"phone"`
		Tonnes float64  `json:"tonnes"`
		On     string   `json:"on"`
		Area   string   `json:"area"`
		Way    string   `json:"way"`
		Kinds  []string `json:"kinds"`
		Agree  bool     `json:"agree"`
		Note   string   `json:"note"`
	}
	send := func(r *web.Request) error {
		got := in
		var check kernel.Check
		if err := r.Decode(&got); err != nil {
			check.Merge("", err)
		}
		check.Text("name", got.Name, 20)
		check.Require("way", "")
		if err := check.Err(); err != nil {
			return r.Refill("gallery/form", sampleData(), err)
		}
		return r.Redirect("/gallery/home")
	}
	site := webtest.Start(t, web.Config{Views: []web.Views{galleryViews(t)}, Routes: []web.Route{
		{Method: "GET", Path: "/gallery/console", Permission: seeGallery, Handler: show("console"), Frame: web.Console, Nav: nav("queue", "inbox", 1)},
		{Method: "GET", Path: "/gallery/officer", Permission: seeGallery, Handler: show("form"), Frame: web.Console, Nav: nav("form", "edit", 2)},
		{Method: "GET", Path: "/search", Permission: seeGallery, Handler: show("console"), Frame: web.Console},
		{Method: "GET", Path: "/account", Permission: web.SignedIn, Handler: show("form")},
		{Method: "GET", Path: "/gallery/home", Permission: web.Public, Handler: show("home"), Frame: web.Hall, Nav: nav("home", "home", 1)},
		{Method: "GET", Path: "/gallery/form", Permission: web.Public, Handler: show("form"), Frame: web.Hall, Nav: nav("form", "edit", 2)},
		{Method: "GET", Path: "/gallery/confirm", Permission: web.Public, Handler: show("confirm"), Frame: web.Hall},
		{Method: "POST", Path: "/gallery/form", Permission: web.Public, Handler: send, Frame: web.Hall, Upload: true},
	}})
	site.People.Add("officer", webtest.Officer("李某某", seeGallery))
	return site
}

// worthLooking leaves out what differs in nothing that others do not show.
func worthLooking(page, lang, look string, width int64) bool {
	switch look {
	case "":
		return true
	case "elder":
		return lang == "zh-CN" || width == 375
	}
	return width == 1280 && (page == "console" || page == "form")
}

func TestGalleryHasNoFindings(t *testing.T) {
	site := startGallery(t)
	b := site.Browser(t)
	b.Visit("/gallery/home")
	b.SignIn("officer")
	for _, look := range []string{"", "elder", "dark", "contrast", "contrast-dark"} {
		for _, lang := range []string{"zh-CN", "en"} {
			if lang == "en" && look != "" && look != "elder" {
				continue
			}
			b.SetCookie("anlan_look", look)
			b.SetCookie("anlan_lang", lang)
			for _, page := range []string{"console", "home", "form", "confirm"} {
				for _, size := range [][2]int64{{1280, 800}, {375, 812}} {
					if !worthLooking(page, lang, look, size[0]) {
						continue
					}
					b.Size(size[0], size[1])
					b.Visit("/gallery/" + page)
					name := strings.Join([]string{page, lang, look, fmt.Sprint(size[0])}, "-")
					b.Axe(name)
					b.Shot(name)
				}
			}
		}
	}
}

func TestScriptsHelpWithTheForm(t *testing.T) {
	site := startGallery(t)
	b := site.Browser(t)
	b.Expect("status of 422")
	b.Visit("/gallery/form")
	webtest.Eval[any](b, `(document.querySelector("#f-note").value = "写了一半", document.querySelector("form[data-upload]").noValidate = true, document.querySelector("form[data-upload] button[type=submit]").click(), 1)`)
	b.Wait(`document.querySelector(".faults") === document.activeElement`)
	b.Axe("form with faults")
	b.Shot("form-faults")
	if got := webtest.Eval[string](b, `document.querySelector("#f-note").value`); got != "写了一半" {
		t.Errorf("the note came back as %q", got)
	}
}

func TestKeysWalkTheRows(t *testing.T) {
	site := startGallery(t)
	b := site.Browser(t)
	b.Visit("/gallery/home")
	b.SignIn("officer")
	b.Size(1280, 800)
	b.Visit("/gallery/console")
	b.Wait(`document.querySelector("details[data-fold]").open`)
	press := func(key string) {
		webtest.Eval[any](b, fmt.Sprintf(`(document.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true})), 1)`, key))
	}
	press("j")
	press("j")
	if got := webtest.Eval[string](b, `document.activeElement.textContent`); got != "AL-120116-2026-000002" {
		t.Errorf("j j went to %q", got)
	}
	press("/")
	if got := webtest.Eval[string](b, `document.activeElement.id`); got != "q" {
		t.Errorf("/ went to %q", got)
	}
}

func TestMapIsReplacedWhereWebGLWorks(t *testing.T) {
	site := startGallery(t)
	b := site.Browser(t)
	b.Size(1280, 800)
	b.Visit("/gallery/home")
	b.SignIn("officer")
	b.Visit("/gallery/console")
	if !webtest.Eval[bool](b, `!!document.createElement("canvas").getContext("webgl2", {failIfMajorPerformanceCaveat: true})`) {
		b.Wait(`document.querySelector(".map-svg")`)
		t.Log("no WebGL2 here: the drawn map stays")
		return
	}
	b.Wait(`document.querySelector(".map-gl:not(.map-gl-waiting) canvas") && !document.querySelector(".map-svg")`)
	webtest.Eval[any](b, `(document.querySelector("figure.map").scrollIntoView(), 1)`)
	b.Wait(`document.querySelectorAll(".map-mark").length === 2`)
	b.Axe("map")
	b.Shot("map")
}
