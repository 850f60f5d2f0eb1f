package webtest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"anlan/internal/dbtest"
)

//go:embed testdata/axe/axe.min.js
var axe string

// Browser is a Chromium with a new profile. Console errors, uncaught
// exceptions and violations of the content policy fail the test at its end.
type Browser struct {
	Ctx  context.Context // for chromedp's own actions
	t    testing.TB
	base string

	mu       sync.Mutex
	faults   []string
	expected []string
}

// Browser starts a browser for the site; without one the test is skipped.
func (s *Site) Browser(t testing.TB) *Browser { return NewBrowser(t, s.URL) }

// NewBrowser starts a browser whose Visit takes paths of base.
func NewBrowser(t testing.TB, base string) *Browser {
	t.Helper()
	path := dbtest.Require(t, "chromium", "chromium-browser", "google-chrome")
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir())}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "enable-unsafe-swiftshader", "disable-quic", "no-first-run",
		"disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	b := &Browser{Ctx: ctx, t: t, base: base}
	messages := chromedp.Console(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.hear(m)
		}
	})
	t.Cleanup(func() {
		cancel()
		stop()
		stopAlloc()
		reading.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.faults {
			t.Errorf("browser: %s", f)
		}
	})
	b.Do(chromedp.Navigate("about:blank"))
	return b
}

func (b *Browser) hear(m chromedp.ConsoleMessage) {
	if m.Type != chromedp.ConsoleError && m.Type != chromedp.ConsoleException {
		return
	}
	text := m.String() + " " + m.URL
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.expected {
		if strings.Contains(text, e) {
			return
		}
	}
	b.faults = append(b.faults, text)
}

// Expect lets console errors pass that contain text, such as the browser's
// own note about a page with "status of 422".
func (b *Browser) Expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, text)
}

// Do runs actions and fails the test when one fails.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Visit opens a path of the site.
func (b *Browser) Visit(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.base + path))
}

// SignIn puts a session's token into the cookies.
func (b *Browser) SignIn(token string) {
	b.t.Helper()
	b.SetCookie("anlan_session", token)
}

// SetCookie sets a cookie of the site ("anlan_look" = "elder", "anlan_lang" = "en").
func (b *Browser) SetCookie(name, value string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.base})
		return err
	}))
}

// Size sets the window: 1280×800 is a desktop, 375×812 a phone.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Eval runs JavaScript and returns its value.
func Eval[T any](b *Browser, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.Ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// Wait waits until a JavaScript condition holds.
func (b *Browser) Wait(js string) {
	b.t.Helper()
	for until := time.Now().Add(15 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		ok, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(until) {
			b.t.Fatalf("waited in vain for %s (%v)", js, err)
		}
	}
}

// Shot writes a picture of the whole page to $ANLAN_SHOTS/NAME.png; without
// that variable it does nothing.
func (b *Browser) Shot(name string) {
	b.t.Helper()
	b.picture(name, chromedp.FullScreenshot(100))
}

// Window is Shot of what the window shows.
func (b *Browser) Window(name string) {
	b.t.Helper()
	b.picture(name, chromedp.CaptureScreenshot())
}

func (b *Browser) picture(name string, take chromedp.Action[[]byte]) {
	b.t.Helper()
	dir := os.Getenv("ANLAN_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.Ctx, take)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		Target  []string `json:"target"`
		Summary string   `json:"failureSummary"`
	} `json:"nodes"`
}

// Axe fails the test for everything that axe-core finds on the page, and when
// the page scrolls sideways.
func (b *Browser) Axe(what string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](axe+";undefined")(ctx, t)
		return err
	}))
	text, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: axe: %v", what, err)
	}
	var found []finding
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		var at []string
		for _, n := range f.Nodes {
			at = append(at, fmt.Sprintf("%v: %s", n.Target, strings.ReplaceAll(n.Summary, "\n", " ")))
		}
		b.t.Errorf("%s: axe: %s: %s:\n  %s", what, f.ID, f.Help, strings.Join(at[:min(4, len(at))], "\n  "))
	}
	if w := Eval[[]int](b, "[document.documentElement.scrollWidth, window.innerWidth]"); w[0] > w[1] {
		b.t.Errorf("%s: the page is %d wide in a window of %d: %s", what, w[0], w[1],
			Eval[string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table-wrap, .tabs, .hallnav, .hidden")).slice(0, 4).map(e => e.tagName + "." + e.className).join(" ")`))
	}
}
