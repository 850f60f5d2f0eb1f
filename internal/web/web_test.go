package web_test

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/stream"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

//go:embed testdata/notes
var notesFS embed.FS

func notesViews(t testing.TB) web.Views {
	t.Helper()
	dir, err := fs.Sub(notesFS, "testdata/notes")
	if err != nil {
		t.Fatal(err)
	}
	return web.Views{Room: "notes", FS: dir}
}

const readNotes auth.Permission = "notes.read"

type noteInput struct {
	Text  string      `json:"text" doc:"what to note; required"`
	Due   kernel.Date `json:"due"`
	Count int         `json:"count"`
	Tags  []string    `json:"tags"`
}

// notes is a small room: a form, an upload and an API that count what they do.
type notes struct {
	done    atomic.Int64
	hold    chan struct{} // not nil: add waits for it
	entered chan struct{}
	fail    atomic.Bool
	crash   atomic.Bool
	files   sync.Map
	d       *db.DB
}

func (n *notes) form(r *web.Request) error { return r.Render("notes/form", nil) }

func (n *notes) add(r *web.Request) error {
	var in noteInput
	if err := r.Decode(&in); err != nil {
		return r.Refill("notes/form", nil, err)
	}
	if n.hold != nil {
		n.entered <- struct{}{}
		<-n.hold
	}
	if n.fail.Load() {
		return kernel.Down("error.busy", errors.New("secret cause"))
	}
	var check kernel.Check
	check.Require("text", in.Text)
	if err := check.Err(); err != nil {
		return r.Refill("notes/form", nil, err)
	}
	n.done.Add(1)
	r.Flash("notes.flash", "text", in.Text)
	return r.Redirect("/notes/done?text=" + in.Text)
}

// safe does its deed in a transaction that Remember joins, and may crash
// between the commit and the answer.
func (n *notes) safe(r *web.Request) error {
	err := n.d.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return web.Remember(ctx, tx, "/notes/done?text=safe")
	})
	if err != nil {
		return err
	}
	n.done.Add(1)
	if n.crash.Load() {
		panic(http.ErrAbortHandler)
	}
	return r.Redirect("/notes/done?text=safe")
}

func (n *notes) store(r *web.Request) error {
	for f, err := range r.Files() {
		if err != nil {
			return err
		}
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		n.files.Store(f.Field+"/"+f.Name, string(b))
	}
	var in noteInput
	if err := r.Decode(&in); err != nil {
		return err
	}
	n.files.Store("text", in.Text)
	return r.Redirect("/notes/done")
}

type apiInput struct {
	ID string `path:"id" doc:"the note's id"`
	noteInput
}

type apiOutput struct {
	ID    string      `json:"id"`
	Text  string      `json:"text"`
	Due   kernel.Date `json:"due"`
	Times int64       `json:"times"`
}

func (n *notes) put(_ *web.Request, in apiInput) (apiOutput, error) {
	if in.Text == "" {
		return apiOutput{}, kernel.Bad("text", "required", "")
	}
	return apiOutput{ID: in.ID, Text: in.Text, Due: in.Due, Times: n.done.Add(1)}, nil
}

func (n *notes) routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/{$}", Permission: web.Public, Handler: n.form},
		{Method: "GET", Path: "/sign-in", Permission: web.Public, Handler: n.form},
		{Method: "GET", Path: "/notes/form", Permission: web.Public, Handler: n.form},
		{Method: "POST", Path: "/notes", Permission: web.Public, Handler: n.add},
		{Method: "POST", Path: "/notes/mine", Permission: web.SignedIn, Handler: n.add},
		{Method: "POST", Path: "/notes/safe", Permission: web.Public, Handler: n.safe, Once: true},
		{Method: "POST", Path: "/notes/files", Permission: web.Public, Handler: n.store, Upload: true, MaxBody: 1 << 16},
		{Method: "GET", Path: "/notes/done", Permission: web.Public, Handler: func(r *web.Request) error { return r.Render("notes/done", r.URL.Query().Get("text")) }},
		{Method: "GET", Path: "/notes/secret", Permission: readNotes, Handler: n.form},
		{Method: "GET", Path: "/notes/limited", Permission: web.Public, Limit: web.Limit{N: 2, Per: time.Minute}, Handler: n.form},
		{Method: "GET", Path: "/notes/panic", Permission: web.Public, Handler: func(*web.Request) error { panic("secret panic") }},
		web.Op("POST", "/api/v1/notes/{id}", readNotes, kernel.Text{ZH: "记一条", EN: "Note something"}, n.put).Created(),
		web.Op("GET", "/api/v1/notes/{id}", web.Public, kernel.Text{ZH: "看一条"}, func(_ *web.Request, in struct {
			ID    string `path:"id"`
			Limit int    `query:"limit" doc:"at most"`
		}) (apiOutput, error) {
			if in.ID == "none" {
				return apiOutput{}, kernel.Missing("item", in.ID)
			}
			return apiOutput{ID: in.ID, Times: int64(in.Limit)}, nil
		}),
	}
}

func configOf(t testing.TB) web.Config {
	return web.Config{DB: dbtest.SQLite(t, web.Migrations()), Views: []web.Views{notesViews(t)}}
}

func start(t testing.TB, n *notes, change ...func(*web.Config)) *webtest.Site {
	t.Helper()
	cfg := configOf(t)
	n.d = cfg.DB
	cfg.Routes = n.routes()
	for _, c := range change {
		c(&cfg)
	}
	s := webtest.Start(t, cfg)
	s.People.Add("reader", webtest.Officer("reader", readNotes))
	s.People.Add("other", webtest.Officer("other"))
	return s
}

func TestRouteTableRefusesFaults(t *testing.T) {
	ok := func(*web.Request) error { return nil }
	_, err := web.New(web.Config{DB: dbtest.SQLite(t), Identity: &webtest.People{}, Secret: make([]byte, 32), Routes: []web.Route{
		{Method: "GET", Path: "/a", Handler: ok},
		{Method: "FETCH", Path: "b", Permission: web.Public},
		{Method: "GET", Path: "/c/{id}", Permission: web.Public, Handler: ok},
		{Method: "GET", Path: "/c/{name}", Permission: web.Public, Handler: ok},
		{Method: "GET", Path: "/d", Permission: web.Public, Handler: ok, Nav: &web.Nav{Group: "d", Label: "d.none", Icon: "none"}},
		web.Op("GET", "/e/{id}", web.Public, kernel.Text{ZH: "e"}, func(*web.Request, web.None) (web.None, error) { return web.None{}, nil }),
	}})
	if err == nil {
		t.Fatal("a faulty table was taken")
	}
	for _, want := range []string{"GET /a: names no permission", `method "FETCH"`, "has no handler", "/c/{name}", `no text "d.none"`, `no icon "none"`, "no fields for [id]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func TestPermissionsAreEnforced(t *testing.T) {
	s := start(t, &notes{})
	if p := s.Client(t, "").Get("/notes/secret"); !strings.HasPrefix(p.Path, "/sign-in?return=%2Fnotes%2Fsecret") {
		t.Errorf("a visitor was sent to %s", p.Path)
	}
	s.Client(t, "other").Get("/notes/secret").Want(403, "没有权限", "12350")
	s.Client(t, "reader").Get("/notes/secret").Want(200)
	s.Client(t, "").Get("/nowhere").Want(404, "没有找到")
	s.Client(t, "").JSON("DELETE", "/notes", "").Want(405)
	s.Client(t, "").JSON("POST", "/api/v1/notes/1", `{}`).Want(401, `"code":"error.signed_out"`)
	bearer := []string{"Authorization", "Bearer reader"}
	s.Client(t, "").JSON("GET", "/api/v1/notes/1?limit=7", "", bearer...).Want(401, "web.error.token") // a session is no token
}

func TestAnswersCarrySecurityHeaders(t *testing.T) {
	s := start(t, &notes{})
	h := s.Client(t, "").Get("/notes/form").Header
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if h.Get("Content-Security-Policy") != policy {
		t.Errorf("policy %q", h.Get("Content-Security-Policy"))
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Request-Id") == "" || h.Get("Strict-Transport-Security") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "")
	form := c.Get("/notes/form").Form("/notes").Set("text", "x")
	foreign := form.Request()
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	c.Do(foreign).Want(403)
	foreign = form.Request()
	foreign.Header.Del("Sec-Fetch-Site")
	foreign.Header.Set("Origin", "https://evil.example")
	c.Do(foreign).Want(403)
	form.Values.Set("_csrf", "made up")
	old := form.Request()
	old.Header.Del("Sec-Fetch-Site")
	c.Do(old).Want(403)
	if n.done.Load() != 0 {
		t.Fatal("a foreign form was taken")
	}
	// Our own page of a lost visitor cookie: what was typed is shown again.
	page := form.Submit().Want(409, "打开得太久", "x")
	page.Form("/notes").Submit().Want(200)
	if n.done.Load() != 1 {
		t.Fatal("the form could not be sent again")
	}
}

func TestFormShowsAllFaultsAndKeepsWhatWasTyped(t *testing.T) {
	s := start(t, &notes{})
	p := s.Client(t, "").Get("/notes/form").Form("/notes").Set("due", "soon", "count", "many", "text", " 写了  ").Submit().
		Want(422, "有 2 处需要改正", "不是有效的日期", "必须是整数：many")
	f := p.Form("/notes")
	if f.Values.Get("due") != "soon" || f.Values.Get("count") != "many" || strings.TrimSpace(f.Values.Get("text")) != "写了" {
		t.Errorf("typed values were lost: %v", f.Values)
	}
	p.Form("/notes").Set("due", "", "count", "", "stranger", "1").Submit().Want(422, "没有这个字段")
}

func TestTheSameFormIsSentOnce(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "")
	form := c.Get("/notes/form").Form("/notes").Set("text", "a")
	form.Submit().Want(200, "a")
	if p := form.Submit(); p.Path != "/notes/done?text=a" || n.done.Load() != 1 {
		t.Fatalf("the repetition went to %s, done %d times", p.Path, n.done.Load())
	}
	form.Set("text", "b").Submit()
	if n.done.Load() != 2 {
		t.Error("the form with other content did not run")
	}
	n.fail.Store(true)
	form.Set("text", "c").Submit().Want(503).Lacks("secret")
	n.fail.Store(false)
	form.Submit().Want(200)
	if n.done.Load() != 3 {
		t.Error("a failed request kept its key")
	}
	s.Clock.Advance(25 * time.Hour)
	if err := s.Server.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, _ := db.Value[int](context.Background(), s.DB.Reader(), `SELECT COUNT(*) FROM web_idempotency`); left != 0 {
		t.Errorf("%d keys are left after a day", left)
	}
}

func TestDoubleClickWaitsForTheFirst(t *testing.T) {
	n := &notes{hold: make(chan struct{}), entered: make(chan struct{}, 2)}
	s := start(t, n)
	c := s.Client(t, "")
	form := c.Get("/notes/form").Form("/notes").Set("text", "a")
	var done sync.WaitGroup
	pages := make([]*webtest.Page, 2)
	for i := range pages {
		done.Go(func() { pages[i] = form.Submit() })
	}
	<-n.entered
	n.hold <- struct{}{}
	done.Wait()
	if n.done.Load() != 1 || pages[0].Path != pages[1].Path {
		t.Fatalf("done %d times, %s and %s", n.done.Load(), pages[0].Path, pages[1].Path)
	}
}

func TestAfterACrashNothingRunsTwice(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "")
	safe := c.Get("/notes/form").Form("/notes").Set("text", "a").Request()
	_ = safe
	page := c.Get("/notes/form")
	csrf, id := page.Form("/notes").Values.Get("_csrf"), page.Form("/notes").Values.Get("_request")
	send := func(path string) (*http.Response, error) {
		req := page.Form("/notes").Request()
		req.URL.Path = path
		body := "_csrf=" + csrf + "&_request=" + id
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return c.Raw(req)
	}
	n.crash.Store(true)
	if resp, err := send("/notes/safe"); err == nil {
		t.Fatalf("the crash answered %d", resp.StatusCode)
	}
	n.crash.Store(false)
	resp, err := send("/notes/safe")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n.done.Load() != 1 || resp.Request.URL.Path != "/notes/done" {
		t.Fatalf("done %d times, went to %s", n.done.Load(), resp.Request.URL)
	}
}

func TestBrokenOffRequestIsNotRunAgain(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "")
	form := c.Get("/notes/form").Form("/notes").Set("text", "a")
	form.Submit()
	// As another process left it that was killed before it could answer.
	err := s.DB.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE web_idempotency SET state = 'running', process = 'gone'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	form.Submit().Want(409, "结果不明")
	if n.done.Load() != 1 {
		t.Error("it ran again")
	}
}

func TestExpiredSessionLosesNothing(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "reader")
	form := c.Get("/notes/form").Form("/notes").Set("text", "写了很久", "tags", "一")
	s.People.End("reader")
	req := form.Request()
	req.URL.Path = "/notes/mine"
	p := c.Do(req)
	if !strings.HasPrefix(p.Path, "/sign-in?expired=yes&return=%2Fresume%2F") || n.done.Load() != 0 {
		t.Fatalf("went to %s, done %d", p.Path, n.done.Load())
	}
	back := strings.TrimPrefix(p.Path, "/sign-in?expired=yes&return=%2Fresume%2F")
	s.People.Add("again", webtest.Officer("reader", readNotes))
	c.SignIn("again")
	s.Client(t, "again").Get("/resume/" + back).Want(404) // another browser
	page := c.Get("/resume/"+back).Want(200, "写了很久")
	page.Form("/notes/mine").Submit().Want(200, "写了很久")
	if n.done.Load() != 1 {
		t.Errorf("done %d times", n.done.Load())
	}
	s.Clock.Advance(2 * time.Hour)
	c.Get("/resume/" + back).Want(404)
}

func TestUploadsStream(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	c := s.Client(t, "")
	form := c.Get("/notes/form").Form("/notes/files").Set("text", "照片")
	form.File("photo", `..\..\气瓶.jpg`, []byte("content")).File("photo", "", nil)
	form.Submit().Want(200)
	if got, _ := n.files.Load("photo/气瓶.jpg"); got != "content" {
		n.files.Range(func(k, v any) bool { t.Logf("%v", k); return true })
		t.Errorf("file: %v", got)
	}
	c.Get("/notes/form").Form("/notes/files").Set("text", "没有文件").File("photo", "", nil).Submit().Want(200)
	big := c.Get("/notes/form").Form("/notes/files")
	big.File("photo", "a", make([]byte, 1<<17)).Submit().Want(413, "最多 64 KB")
	small := c.Get("/notes/form").Form("/notes").Set("text", "x")
	small.File("photo", "a", []byte("x")).Submit().Want(422)
}

func TestClientThatBreaksOffIsNoFaultOfOurs(t *testing.T) {
	seen, begun := make(chan int, 1), make(chan struct{})
	s := start(t, &notes{}, func(c *web.Config) {
		c.Routes = append(c.Routes, web.Route{Method: "GET", Path: "/notes/slow", Permission: web.Public, Handler: func(r *web.Request) error {
			close(begun)
			<-r.Context().Done()
			return fmt.Errorf("read: %w", r.Context().Err())
		}})
		c.Observe = func(_ string, status int, _ time.Duration) { seen <- status }
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/notes/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-begun
		cancel()
	}()
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if status := <-seen; status != 499 {
		t.Errorf("counted as %d", status)
	}
}

func TestTextThatNoEngineKeepsIsRefused(t *testing.T) {
	s := start(t, &notes{})
	token := webtest.Officer("system", readNotes)
	token.Session, token.Token = nil, &auth.Token{ID: "t1"}
	s.People.Add("machine", token)
	c := s.Client(t, "")
	for path, status := range map[string]int{"/notes/done?text=%00": 400, "/notes/done?text=%ff": 400, "/notes/done?%ff=x": 400, "/api/v1/notes/%00": 404, "/api/v1/notes/%ff": 404,
		"/notes/done?text=%F0%AA%9B%96": 200} {
		c.Get(path).Want(status)
	}
	for _, body := range []string{`{"text":"a\u0000"}`, `{"a\u0000":1}`} {
		if p := c.JSON("POST", "/api/v1/notes/7", body, "Authorization", "Bearer machine"); p.Status != 400 && p.Status != 422 {
			t.Errorf("%s: %d %s", body, p.Status, p.Body)
		}
	}
}

func TestOperationsSpeakProblems(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	token := webtest.Officer("system", readNotes)
	token.Session, token.Token = nil, &auth.Token{ID: "t1"}
	s.People.Add("machine", token)
	c := s.Client(t, "")
	call := func(body string, headers ...string) *webtest.Page {
		return c.JSON("POST", "/api/v1/notes/7", body, append([]string{"Authorization", "Bearer machine"}, headers...)...)
	}
	call(`{"text":"a","due":"2026-05-06"}`).Want(201, `"id":"7"`, `"due":"2026-05-06"`)
	p := call(`{"text":1,"due":"soon","count":1.5,"tags":"x","strange":true,"text":"b"}`, "Accept-Language", "en")
	p.Want(422)
	var problem web.Problem
	if err := json.Unmarshal([]byte(p.Body), &problem); err != nil {
		t.Fatal(err)
	}
	if len(problem.Errors) != 5 || problem.Errors[0].Field != "text" || problem.Errors[0].Rule != "duplicate" || p.Header.Get("Content-Type") != "application/problem+json; charset=utf-8" {
		t.Errorf("%+v", problem)
	}
	p = call(`{"text":1,"due":"soon","count":1.5,"tags":"x","strange":true}`, "Accept-Language", "en").Want(422, "5 entries need correcting")
	for _, want := range []string{`"field":"text","rule":"text","value":"1"`, `"rule":"date","value":"soon"`, `"field":"count","rule":"integer","value":"1.5"`, `"field":"tags","rule":"list"`, `"field":"strange","rule":"unknown"`} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("no %s in %s", want, p.Body)
		}
	}
	for body, status := range map[string]int{`[]`: 400, `{`: 400, `{} x`: 400, "{\"text\":\"\xff\"}": 400, strings.Repeat(`{"a":`, 99): 400, `{"text":""}`: 422} {
		call(body).Want(status)
	}
	c.JSON("GET", "/api/v1/notes/none", "").Want(404, "error.not_found")
	c.JSON("GET", "/api/v1/notes/1?limit=x", "").Want(422, `"field":"limit","rule":"integer"`)
}

func TestIdempotencyKeyOfOperations(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	token := webtest.Officer("system", readNotes)
	token.Session, token.Token = nil, &auth.Token{ID: "t1"}
	s.People.Add("machine", token)
	c := s.Client(t, "")
	call := func(body, key string) *webtest.Page {
		return c.JSON("POST", "/api/v1/notes/7", body, "Authorization", "Bearer machine", "Idempotency-Key", key)
	}
	first := call(`{"text":"a"}`, "k1").Want(201)
	again := call(`{"text":"a"}`, "k1").Want(201)
	if first.Body != again.Body || n.done.Load() != 1 || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %s, again %s", first.Body, again.Body)
	}
	call(`{"text":"b"}`, "k1").Want(422, "idempotency_reuse")
	call(`{"text":"b"}`, "k2").Want(201)
	call(`{"text":"b"}`, strings.Repeat("k", 300)).Want(400)
}

func TestLimitsCountRealClients(t *testing.T) {
	s := start(t, &notes{}, func(c *web.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	from := func(addr string) int {
		req, err := http.NewRequest("GET", s.URL+"/notes/limited", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", "6.6.6.6, "+addr)
		return s.Client(t, "").Do(req).Status
	}
	for i, tt := range []struct {
		addr string
		want int
	}{{"1.1.1.1", 200}, {"1.1.1.1", 200}, {"1.1.1.1", 429}, {"2.2.2.2", 200}, {"2001:db8::1", 200}, {"2001:db8::2", 200}, {"2001:db8::3", 429}} {
		if got := from(tt.addr); got != tt.want {
			t.Errorf("request %d from %s: %d, want %d", i, tt.addr, got, tt.want)
		}
	}
	s.Clock.Advance(time.Minute)
	if got := from("1.1.1.1"); got != 200 {
		t.Errorf("after a minute: %d", got)
	}
}

func TestPanicsShowNothingInside(t *testing.T) {
	s := start(t, &notes{})
	s.Client(t, "").Get("/notes/panic").Want(500, "系统出了错", "报修").Lacks("secret")
}

func TestStaticFilesArePackedAndKept(t *testing.T) {
	s := start(t, &notes{})
	page := s.Client(t, "").Get("/notes/form")
	_, rest, ok := strings.Cut(page.Body, `href="/assets/`)
	if !ok {
		t.Fatal("no style sheet")
	}
	path := "/assets/" + rest[:strings.IndexByte(rest, '/')] + "/vendor/htmx/htmx.min.js"
	sizes := map[string]int{}
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		req, err := http.NewRequest("GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", coding)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		sizes[coding] = len(b)
		if !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", coding, resp.Header)
		}
		req.Header.Set("If-None-Match", resp.Header.Get("ETag"))
		again, err := http.DefaultTransport.RoundTrip(req)
		if err != nil || again.StatusCode != 304 {
			t.Errorf("%s: %v %v", coding, again, err)
		}
	}
	if sizes["gzip"]*2 > sizes["identity"] || sizes["zstd"]*2 > sizes["identity"] {
		t.Errorf("sizes %v", sizes)
	}
	s.Client(t, "").Get("/assets/x/../../etc/passwd").Want(404)
}

func TestLiveTellsOnlyWhoMayHear(t *testing.T) {
	hub := stream.NewHub(stream.Options{})
	s := start(t, &notes{}, func(c *web.Config) {
		c.Hub = hub
		c.Topics = []web.Topic{{Prefix: "notes.", Allow: func(r *web.Request, name string) (bool, error) { return r.Can(readNotes), nil }}}
	})
	s.Client(t, "other").Get("/live?topics=notes.1").Want(404)
	s.Client(t, "reader").Get("/live?topics=others.1").Want(404)
	s.Client(t, "reader").Get("/live").Want(422)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	from := hub.LastID()
	hub.Publish("notes.1", map[string]int{"n": 1}) // between the snapshot and the connection
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/live?topics=notes.1&from="+from, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client(t, "reader").Raw(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	hub.Publish("notes.1", map[string]int{"n": 2})
	hub.Publish("notes.2", map[string]int{"n": 3})
	var got []string
	for lines := bufio.NewScanner(resp.Body); len(got) < 2 && lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			got = append(got, data)
		}
	}
	if len(got) != 2 || !strings.Contains(got[0], `"n":1`) || !strings.Contains(got[1], `"n":2`) {
		t.Errorf("heard %v", got)
	}
}

func TestLanguageIsKept(t *testing.T) {
	s := start(t, &notes{})
	c := s.Client(t, "")
	p := c.Get("/notes/form?lang=en&x=1").Want(200, "A note")
	if p.Header.Get("Content-Language") != "en" || !strings.Contains(p.Body, `<html lang="en"`) {
		t.Error("the page is not in English")
	}
	c.Get("/notes/form").Want(200, "A note").Follow("中文").Want(200)
	p = c.Get("/look?switch=elder&return=/notes/form")
	if p.Path != "/notes/form" || !strings.Contains(p.Body, `data-elder="on"`) {
		t.Errorf("elder: %s", p.Path)
	}
	if p := c.Get("/look?switch=elder&return=//evil.example"); p.Path != "/" {
		t.Errorf("sent away to %s", p.Path)
	}
}

func TestAPIDescribesItself(t *testing.T) {
	s := start(t, &notes{})
	p := s.Client(t, "").Get("/api/openapi.json").Want(200)
	webtest.CheckOpenAPI(t, "testdata/openapi-3.1-schema.json", []byte(p.Body))
	s.Client(t, "").Get("/api").Want(200, "/api/v1/notes/{id}", "记一条")
}

func TestOwnViewsRender(t *testing.T) {
	webtest.RenderAll(t, notesViews(t), map[string]any{"form": nil, "done": "x"})
}

func TestDeadDatabaseIsTold(t *testing.T) {
	n := &notes{}
	s := start(t, n)
	form := s.Client(t, "").Get("/notes/form").Form("/notes").Set("text", "a")
	dead := webtest.Start(t, web.Config{DB: dbtest.Failing(t), Routes: n.routes(), Views: []web.Views{notesViews(t)}})
	c := dead.Client(t, "")
	fresh := c.Get("/notes/form").Want(200).Form("/notes").Set("text", "a")
	if p := fresh.Submit(); p.Status < 500 || n.done.Load() != 0 {
		t.Errorf("status %d, done %d", p.Status, n.done.Load())
	}
	form.Submit().Want(200)
}
