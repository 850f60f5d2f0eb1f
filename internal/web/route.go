package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"anlan/internal/auth"
)

// Handler answers one request. A returned error becomes the response, its
// status by the kind of kernel.Error.
type Handler func(*Request) error

// The two permissions that are not a role's.
const (
	Public   auth.Permission = "public"    // anybody, signed in or not
	SignedIn auth.Permission = "signed_in" // whoever is signed in
)

// Frame names the page frame around a view.
type Frame string

// The frames. A route without one gets the console for officers and the
// service hall for everybody else.
const (
	Console Frame = "console" // staff: dense, left navigation, keyboard
	Hall    Frame = "hall"    // public and enterprises: calm, one thing per page
	Bare    Frame = "bare"    // head and body only: duty screens, print sheets
)

// Route is one line of the route table.
type Route struct {
	Method     string          // GET (HEAD follows), POST, PUT, DELETE
	Path       string          // a pattern of http.ServeMux, "/licensing/cases/{id}"
	Permission auth.Permission // Public, SignedIn or what a role must have; required
	Handler    Handler
	Frame      Frame
	Nav        *Nav          // the entry in the navigation, nil for none
	Limit      Limit         // requests per client address; zero: no limit
	MaxBody    int64         // bytes; 0: 1 MiB, with Upload 64 MiB
	Timeout    time.Duration // 0: 30 s, with Upload 15 min; negative: none
	Upload     bool          // the body holds files, read with Request.NextFile
	Once       bool          // the use case calls Remember; see the package comment
	NoReplay   bool          // the answer must not be given again: signing in and out
	Machine    bool          // asked by programs: no cookies, no CSRF, body untouched
	op         *operation
}

// Nav is an entry of the navigation. Those whose permission the visitor
// lacks are not shown.
type Nav struct {
	Group string // "licensing": the text "nav.licensing" must exist (room's catalogue: GROUP.nav)
	Label string // text key
	Icon  string // of ui/icons
	Order int    // within the group; groups go by their smallest
}

// Limit allows N requests per client address within Per, in bursts of N.
type Limit struct {
	N   int
	Per time.Duration
}

// check reports what is wrong with a route on its own.
func (rt Route) check() error {
	var faults []error
	switch rt.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		faults = append(faults, fmt.Errorf("method %q", rt.Method))
	}
	if !strings.HasPrefix(rt.Path, "/") {
		faults = append(faults, errors.New("the path must start with /"))
	}
	if rt.Permission == "" {
		faults = append(faults, errors.New("names no permission"))
	}
	if rt.Handler == nil {
		faults = append(faults, errors.New("has no handler"))
	}
	if rt.Limit.N < 0 || rt.Limit.N > 0 && (rt.Limit.Per <= 0 || rt.Limit.Per > time.Hour) {
		faults = append(faults, errors.New("has a limit without a period of at most an hour"))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("route %s %s: %w", rt.Method, rt.Path, err)
	}
	return nil
}

// IsOperation reports whether the route is a typed JSON operation.
func (rt Route) IsOperation() bool { return rt.op != nil }

func (rt Route) String() string { return rt.Method + " " + rt.Path }

func (rt Route) timeout() time.Duration {
	switch {
	case rt.Timeout != 0:
		return rt.Timeout
	case rt.Upload:
		return 15 * time.Minute
	}
	return 30 * time.Second
}

func (rt Route) maxBody() int64 {
	switch {
	case rt.MaxBody != 0:
		return rt.MaxBody
	case rt.Upload:
		return 64 << 20
	}
	return 1 << 20
}

// mount puts the routes on a mux; every faulty, doubled or conflicting one is
// reported.
func mount(routes []Route, serve func(Route) http.Handler) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	var faults []error
	for _, rt := range routes {
		if err := rt.check(); err != nil {
			faults = append(faults, err)
			continue
		}
		if err := handle(mux, rt, serve(rt)); err != nil {
			faults = append(faults, err)
		}
	}
	return mux, errors.Join(faults...)
}

// handle turns the mux's panic about a pattern into an error.
func handle(mux *http.ServeMux, rt Route, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("route %s: %v", rt, p)
		}
	}()
	mux.Handle(rt.String(), h)
	return nil
}
