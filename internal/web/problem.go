package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// failure is an error with a status of its own, for the few that no kind of
// kernel.Error names: too large, too many, method not allowed.
type failure struct {
	status int
	retry  time.Duration // Retry-After, zero: none
	err    *kernel.Error
}

func (f *failure) Error() string { return fmt.Sprintf("%d: %v", f.status, f.err) }
func (f *failure) Unwrap() error { return f.err }

func statusProblem(status int, err error) error {
	return &failure{status: status, err: asProblem(err)}
}

// asProblem returns the *kernel.Error in err, nil when there is none.
func asProblem(err error) *kernel.Error {
	var e *kernel.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// statusOf is the status of an error's kind.
func statusOf(k kernel.Kind) int {
	switch k {
	case kernel.Invalid:
		return http.StatusUnprocessableEntity
	case kernel.NotFound:
		return http.StatusNotFound
	case kernel.Denied:
		return http.StatusForbidden
	case kernel.Conflict:
		return http.StatusConflict
	case kernel.Unavailable:
		return http.StatusServiceUnavailable
	case kernel.SignedOut:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

// judge turns any error into a status, the error to tell, and how long to
// wait before trying again.
func judge(err error) (status int, problem *kernel.Error, retry time.Duration) {
	var f *failure
	var large *http.MaxBytesError
	switch problem = asProblem(err); {
	case errors.As(err, &f):
		return f.status, f.err, f.retry
	case problem != nil && problem.Key == auth.KeyWait:
		wait, _ := auth.RetryAfter(err)
		return http.StatusTooManyRequests, problem, wait
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, &kernel.Error{Kind: kernel.Invalid, Key: "web.error.body_too_large",
			Args: map[string]any{"max": large.Limit >> 10}}, 0
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, kernel.Down("error.busy", err), 5 * time.Second
	case problem == nil, problem.Kind == kernel.Internal:
		return http.StatusInternalServerError, &kernel.Error{Key: "error.internal"}, 0
	case problem.Kind == kernel.Unavailable:
		return http.StatusServiceUnavailable, problem, 5 * time.Second
	}
	return statusOf(problem.Kind), problem, 0
}

// fail answers an error, the only place that does. What a person may not
// know goes to the log with the request's id.
func (s *Server) fail(r *Request, err error) {
	status, problem, retry := judge(err)
	if status >= 500 && gone(r, err) {
		r.w.WriteHeader(statusGone)
		return
	}
	if status >= 500 {
		s.log.Error("request failed", "request", r.ID, "route", r.route.String(), "status", status, "error", err)
	}
	if r.w.status != 0 {
		return // the answer has begun; the log has the rest
	}
	r.w.Header().Set("Cache-Control", "no-store")
	r.retryAfter(retry)
	if r.wantsJSON() {
		r.problemJSON(status, problem)
		return
	}
	if s.redirected(r, problem) {
		return
	}
	r.problemPage(status, problem)
}

// statusGone stands in log and figures for a client that broke off before it
// was answered; it is nobody's fault, and nobody reads it.
const statusGone = 499

// gone reports whether err comes of the client's having gone.
func gone(r *Request, err error) bool {
	return errors.Is(err, context.Canceled) && r.Context().Err() != nil && r.w.status == 0
}

// retryAfter says when to try again; zero says nothing.
func (r *Request) retryAfter(wait time.Duration) {
	if wait > 0 {
		r.w.Header().Set("Retry-After", strconv.Itoa(int(max(1, (wait+time.Second-1)/time.Second))))
	}
}

// redirected sends whoever must sign in, or prove again who they are, to the
// page for that; what a form sent is put aside first.
func (s *Server) redirected(r *Request, problem *kernel.Error) bool {
	var page string
	switch {
	case problem.Kind == kernel.SignedOut:
		page = s.cfg.SignIn
	case problem.Key == auth.KeyConfirmFirst:
		page = s.cfg.Confirm
	default:
		return false
	}
	back := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		back = "/"
		if id, err := s.putAside(r); err != nil {
			s.log.Warn("a form could not be put aside", "request", r.ID, "error", err)
		} else {
			back = resumePath + id
		}
	} else if r.Fragment() {
		back = localReferer(r)
	}
	expired := ""
	if r.Principal.Expired {
		expired = "yes" // the cookie is gone with this answer, so the page could not tell
	}
	r.Redirect(buildURL(page, "return", back, "expired", expired))
	return true
}

// localReferer is the page a fragment request came from.
func localReferer(r *Request) string {
	u := r.Header.Get("HX-Current-URL")
	if i := indexPath(u); i >= 0 {
		return localPath(u[i:], "/")
	}
	return "/"
}

// wantsJSON reports whether the caller is a program.
func (r *Request) wantsJSON() bool {
	return r.route.op != nil || r.route.Machine || prefersJSON(r.Header.Get("Accept"))
}

// problemText is what a person reads about an error.
func (r *Request) problemText(e *kernel.Error) string {
	if e.Key == "error.invalid" && e.Args == nil {
		return r.T("error.invalid", "n", len(e.Fields))
	}
	return r.site.texts.Error(r.Lang, e)
}

// Problem is an error as RFC 9457 application/problem+json.
type Problem struct {
	Type    string         `json:"type" doc:"about:blank, or the address of the code's description"`
	Title   string         `json:"title" doc:"what went wrong, in the language of the request"`
	Status  int            `json:"status"`
	Code    string         `json:"code" doc:"the key of the text: stable, for programs"`
	Request string         `json:"request" doc:"names the request in the log"`
	Errors  []ProblemField `json:"errors,omitempty" doc:"every broken rule"`
}

// ProblemField is one broken rule.
type ProblemField struct {
	Field   string `json:"field" doc:"path of the field"`
	Rule    string `json:"rule" doc:"code of the rule: stable, for programs"`
	Value   string `json:"value" doc:"what was given, cut to 200 characters"`
	Message string `json:"message" doc:"the rule in the language of the request"`
}

func (r *Request) problemJSON(status int, e *kernel.Error) {
	p := Problem{Type: "about:blank", Title: r.problemText(e), Status: status, Code: e.Key, Request: r.ID}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, ProblemField{f.Field, f.Rule, cutRunes(f.Value, 200), r.site.texts.Rule(r.Lang, f)})
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"type":"about:blank","status":500,"code":"error.internal"}`)
	}
	r.w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	r.w.Header().Set("Content-Language", r.Lang)
	r.w.WriteHeader(status)
	r.w.Write(append(body, '\n'))
}

// errorView is the dot of the error page.
type errorView struct {
	Status int
	Title  string
	Text   string
	Fields []kernel.FieldError
}

// problemPage shows an error as a page, or as a fragment that the page shows
// as a notice.
func (r *Request) problemPage(status int, e *kernel.Error) {
	r.problem = e
	page := r.page(errorView{status, r.T("web.status." + strconv.Itoa(status)), r.problemText(e), e.Fields})
	var html []byte
	var err error
	if r.Fragment() {
		r.w.Header().Set("HX-Retarget", "#notices")
		r.w.Header().Set("HX-Reswap", "beforeend")
		html, err = r.site.views.block(page, "web/error", "fragment")
	} else {
		html, err = r.site.views.page(page, "web/error")
	}
	if err != nil {
		r.site.log.Error("error page failed", "request", r.ID, "error", err)
		http.Error(r.w, http.StatusText(status), status)
		return
	}
	r.html(status, html)
}
