package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// outer is what every request passes: request id, headers, panic recovery,
// access log, and the mux's own 404 and 405 as our pages.
func (s *Server) outer(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		begun := time.Now()
		out := &response{ResponseWriter: w}
		r := &Request{Request: hr, site: s, w: out, now: s.clock.Now(), ID: kernel.NewSecret(9), Addr: clientAddr(hr, s.cfg.Proxies)}
		r.Lang = s.language(r)
		r.look = readLook(hr)
		r.Principal = auth.Public(r.Addr)
		s.headers(out.Header(), r)
		defer s.finish(r, begun)
		h, pattern := mux.Handler(hr)
		if pattern == "" {
			s.unrouted(r, h)
			return
		}
		mux.ServeHTTP(out, hr.WithContext(context.WithValue(hr.Context(), requestKey{}, r)))
	})
}

type requestKey struct{}

// finish recovers from a panic and writes the line of the access log. The
// path is logged without the query string, which may hold secrets.
func (s *Server) finish(r *Request, begun time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.log.Error("panic", "request", r.ID, "route", r.route.String(), "panic", p, "stack", string(debug.Stack()))
		if r.w.status == 0 {
			s.fail(r, errPanic)
		}
	}
	if r.w.status == 0 {
		r.w.status = http.StatusOK
	}
	took := time.Since(begun)
	s.cfg.Observe(r.route.String(), r.w.status, took)
	level := slog.LevelInfo
	if r.route.Path == assetsPath || r.route.Path == "/readyz" {
		level = slog.LevelDebug
	}
	s.log.Log(context.WithoutCancel(r.Context()), level, "request", "id", r.ID, "method", r.Method, "path", r.logPath(), "status", r.w.status,
		"bytes", r.w.bytes, "took", took.Round(10*time.Microsecond), "addr", r.Addr, "actor", r.Principal.Actor.ID)
}

var errPanic = errors.New("panic")

// logPath is the path for the log; parts that a pattern marks as secret
// ({token}, {code}) are left out.
func (r *Request) logPath() string {
	if !strings.Contains(r.route.Path, "{token") && !strings.Contains(r.route.Path, "{code") {
		return r.URL.Path
	}
	return r.route.Path
}

// unrouted answers what no route takes: the mux knows whether the path exists
// for another method.
func (s *Server) unrouted(r *Request, h http.Handler) {
	probe := &probe{header: http.Header{}}
	h.ServeHTTP(probe, r.Request)
	switch {
	case probe.status == http.StatusMethodNotAllowed:
		r.SetHeader("Allow", probe.header.Get("Allow"))
		s.fail(r, &failure{status: http.StatusMethodNotAllowed, err: &kernel.Error{Kind: kernel.Invalid, Key: "web.error.method"}})
	case probe.status >= 300 && probe.status < 400: // the mux cleans the path
		r.Redirect(localPath(probe.header.Get("Location"), "/"))
	default:
		s.identify(r)
		s.fail(r, kernel.Missing("page", r.URL.Path))
	}
}

// probe takes an answer that is not sent.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// serveRoute is the way of a request to its handler: limits, who asks, may
// they, is the form ours, has it come before.
func (s *Server) serveRoute(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := hr.Context().Value(requestKey{}).(*Request)
		r.Request, r.route = hr, rt
		if err := s.run(r); err != nil {
			r.Request = hr // without the route's time limit, which has ended
			s.fail(r, err)
		}
	})
}

func (s *Server) run(r *Request) error {
	if wait, ok := s.limits.allow(r.route, r.Addr, r.now); !ok {
		return &failure{status: http.StatusTooManyRequests, retry: wait, err: &kernel.Error{Kind: kernel.Unavailable, Key: "web.error.too_many"}}
	}
	control := http.NewResponseController(r.w.ResponseWriter)
	if t := r.route.timeout(); t > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), t)
		defer cancel()
		r.Request = r.WithContext(ctx)
		control.SetReadDeadline(time.Now().Add(t))
		control.SetWriteDeadline(time.Now().Add(t + 30*time.Second))
	}
	r.Body = http.MaxBytesReader(r.w.ResponseWriter, r.Body, r.route.maxBody())
	if r.route.Machine {
		if err := s.identifyMachine(r); err != nil {
			return err
		}
		if err := r.readable(); err != nil {
			return err
		}
		return s.permitted(r)
	}
	if err := s.identify(r); err != nil {
		return err
	}
	if err := r.readable(); err != nil {
		return err
	}
	if err := s.readForm(r); err != nil {
		return err
	}
	return s.permitted(r)
}

// permitted runs the handler for who may.
func (s *Server) permitted(r *Request) error {
	switch {
	case allowed(r.Principal, r.route.Permission):
	case !r.Principal.SignedIn():
		return &kernel.Error{Kind: kernel.SignedOut, Key: "error.signed_out"}
	default:
		return kernel.Refused("error.denied")
	}
	if r.route.Permission != Public {
		r.SetHeader("Cache-Control", "no-store")
	}
	if !writes(r.Method) || r.route.Machine {
		return r.route.Handler(r)
	}
	switch err := s.checkForgery(r); {
	case errors.Is(err, errStale):
		return s.askAgain(r)
	case err != nil:
		return err
	}
	return s.once(r)
}

// writes reports whether a method changes something.
func writes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// Serve answers on ln until ctx ends, then waits up to 15 seconds for running
// requests; live connections are closed at once and come back elsewhere.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1) // the one answer of srv.Serve
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}

// Close ends live connections; for tests that mount Handler themselves.
func (s *Server) Close() { s.stop() }
