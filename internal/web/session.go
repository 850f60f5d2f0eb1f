package web

import (
	"net/http"
	"strings"
	"time"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// Names of our cookies. Over TLS they carry the __Host- prefix, so that no
// neighbour on the domain can set them.
const (
	cookieSession = "anlan_session"
	cookieVisitor = "anlan_visitor"
	cookieFlash   = "anlan_flash"
	cookieLang    = "anlan_lang"
	cookieLook    = "anlan_look"
)

func (s *Server) cookieName(name string) string {
	if s.cfg.Secure {
		return "__Host-" + name
	}
	return name
}

func (r *Request) cookie(name string) string {
	c, err := r.Cookie(r.site.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie that scripts cannot read. age 0: until the browser
// is closed; negative: delete.
func (r *Request) setCookie(name, value string, age time.Duration) {
	http.SetCookie(r.w, &http.Cookie{Name: r.site.cookieName(name), Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, Secure: r.site.cfg.Secure, SameSite: http.SameSiteLaxMode})
}

// SetSession gives the browser the token of a session that has just been
// opened.
func (r *Request) SetSession(token string) { r.setCookie(cookieSession, token, 0) }

// ClearSession takes the session's token from the browser.
func (r *Request) ClearSession() { r.setCookie(cookieSession, "", -time.Second) }

// SessionToken is the token that the browser sent, "" for none.
func (r *Request) SessionToken() string { return r.cookie(cookieSession) }

// identify finds out who asks, by session or by API token, and gives every
// browser a visitor cookie, to which its forms are bound.
func (s *Server) identify(r *Request) error {
	if s.cfg.Hub != nil {
		r.liveID = s.cfg.Hub.LastID()
	}
	if bearer(r) != "" {
		return s.identifyMachine(r)
	}
	if v := r.cookie(cookieVisitor); len(v) == visitorLength {
		r.visitor = v
	} else {
		r.visitor = kernel.NewSecret(18)
		r.setCookie(cookieVisitor, r.visitor, 400*24*time.Hour)
	}
	token := r.SessionToken()
	if token == "" {
		return nil
	}
	p, err := s.cfg.Identity.Session(r.Context(), token, r.Addr)
	if err != nil {
		return err
	}
	r.Principal = p
	if p.Session == nil {
		r.ClearSession()
	}
	return nil
}

const visitorLength = 24 // of 18 bytes in base64

// identifyMachine finds out which system asks by its API token. A request
// without one is a visitor's; a token that is not valid is refused.
func (s *Server) identifyMachine(r *Request) error {
	token := bearer(r)
	if token == "" {
		return nil
	}
	p, err := s.cfg.Identity.Token(r.Context(), token, r.Addr)
	if err != nil {
		return err
	}
	if p.Token == nil && !r.route.Machine {
		return &kernel.Error{Kind: kernel.SignedOut, Key: "web.error.token"}
	}
	r.Principal = p
	return nil
}

// bearer is the token of an Authorization header, "" for none.
func bearer(r *Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Bearer is the token of the Authorization header, for Machine routes that
// know their own callers (devices, the courier).
func (r *Request) Bearer() string { return bearer(r) }

// language chooses the request's language; ?lang= is remembered.
func (s *Server) language(r *Request) string {
	asked := r.URL.Query().Get("lang")
	lang := i18n.Match(asked, r.cookie(cookieLang), r.Header.Get("Accept-Language"))
	if asked != "" && lang != r.cookie(cookieLang) {
		r.setCookie(cookieLang, lang, 400*24*time.Hour)
	}
	return lang
}
