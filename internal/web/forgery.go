package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"anlan/internal/kernel"
)

// csrfToken binds forms to the browser by its visitor cookie, which outlives
// sessions: a form that was opened before signing in again is still good.
func (r *Request) csrfToken() string { return r.site.seal.sign("csrf", r.visitor) }

// errForeign is a write that another site's page sent.
var errForeign = kernel.Refused("web.error.foreign_form")

// checkForgery refuses writes that another site's page could have sent: the
// browser's own word (Sec-Fetch-Site, Origin) must not be against it, and the
// form must carry the token of this browser. Programs with an API token have
// no cookies to abuse.
func (s *Server) checkForgery(r *Request) error {
	if r.Principal.Token != nil {
		return nil
	}
	ours, sure := sameOrigin(r)
	if !ours {
		return errForeign
	}
	token := r.Header.Get("X-CSRF-Token")
	if token == "" {
		token = r.own.Get("_csrf")
	}
	if s.seal.signed("csrf", r.visitor, token) {
		return nil
	}
	if r.route.op != nil && sure {
		return nil // a JSON body cannot be sent by a form of another site
	}
	if sure && !r.Fragment() && len(r.sent) > 0 && r.upload == nil {
		return errStale
	}
	return errForeign
}

// errStale is a form of ours whose browser has lost its visitor cookie: it is
// shown to the person for sending once more.
var errStale = errors.New("web: form of an earlier visit")

// sameOrigin says whether the request comes from a page of ours, as far as
// the browser tells, and whether it does tell.
func sameOrigin(r *Request) (ours, sure bool) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true, true
	case "none", "": // typed address, or a browser that does not say
	default:
		return false, true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true, false
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host), err == nil
}

func prefersJSON(accept string) bool {
	json := strings.Index(accept, "application/json")
	if json < 0 {
		json = strings.Index(accept, "application/problem+json")
	}
	html := strings.Index(accept, "text/html")
	return json >= 0 && (html < 0 || json < html)
}

// indexPath finds where the path of an absolute URL starts, -1 when there is
// none.
func indexPath(u string) int {
	scheme := strings.Index(u, "://")
	if scheme < 0 {
		return -1
	}
	slash := strings.IndexByte(u[scheme+3:], '/')
	if slash < 0 {
		return -1
	}
	return scheme + 3 + slash
}

// headers sets what every answer carries.
func (s *Server) headers(h http.Header, r *Request) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Request-Id", r.ID)
	if s.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// contentPolicy lets pages load from this site only and run no inline script
// or style.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
