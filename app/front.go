package app

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"html/template"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"anlan/internal/db"
)

// front stands before the site from the first moment: it answers the
// operator's questions, and asks visitors for patience until the site is up.
type front struct {
	metricsToken string
	base         atomic.Pointer[Base]         // nil until opened
	site         atomic.Pointer[http.Handler] // nil until ready and once stopping
	step         atomic.Pointer[string]       // what the start is doing
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/readyz":
		f.ready(w, r)
		return
	case "/metrics":
		f.metrics(w, r)
		return
	}
	if site := f.site.Load(); site != nil {
		(*site).ServeHTTP(w, r)
		return
	}
	f.starting(w)
}

var startingPage = template.Must(template.New("starting").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>正在启动 Starting</title></head>
<body><h1>系统正在启动，请稍候</h1><p lang="en">The platform is starting. This page reloads by itself.</p><p>{{.}}</p></body></html>
`))

func (f *front) starting(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	step := ""
	if s := f.step.Load(); s != nil {
		step = *s
	}
	startingPage.Execute(w, step)
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"` // "ok" or a word for what is wrong
}

// ready is 200 only when requests can be served: the site is up and both
// databases answer.
func (f *front) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	res := readiness{Ready: true, Checks: map[string]string{}}
	check := func(name, fault string) {
		if fault == "" {
			fault = "ok"
		} else {
			res.Ready = false
		}
		res.Checks[name] = fault
	}
	check("site", word(f.site.Load() != nil, "starting or stopping"))
	if b := f.base.Load(); b != nil {
		check("database", word(answers(ctx, b.DB), "unreachable"))
		check("telemetry", word(answers(ctx, b.Telemetry), "unreachable"))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !res.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(res)
}

func word(ok bool, fault string) string {
	if ok {
		return ""
	}
	return fault
}

// answers reports whether a database gives back a row.
func answers(ctx context.Context, d *db.DB) bool {
	return d.View(ctx, func(ctx context.Context, q db.Q) error {
		_, err := db.Value[int64](ctx, q, `SELECT 1`)
		return err
	}) == nil
}

// metrics answers to callers on this machine that came without a proxy, and
// to bearers of the token.
func (f *front) metrics(w http.ResponseWriter, r *http.Request) {
	b := f.base.Load()
	switch {
	case !local(r) && !f.bearer(r):
		http.NotFound(w, r)
	case b == nil:
		f.starting(w)
	default:
		b.Metrics.Handler().ServeHTTP(w, r)
	}
}

func (f *front) bearer(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && f.metricsToken != "" && subtle.ConstantTimeCompare([]byte(token), []byte(f.metricsToken)) == 1
}

// local reports whether a request began on this machine. Behind a proxy on
// the same machine every request comes from loopback, so forwarding headers
// count as coming from elsewhere.
func local(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}
