package auth

import (
	"net/http"
	"time"
)

// Names of the session cookie. Behind TLS it carries the __Host- prefix, so
// that no neighbouring host name can plant one.
const (
	cookieSecure = "__Host-anlan"
	cookiePlain  = "anlan"
)

func cookieName(secure bool) string {
	if secure {
		return cookieSecure
	}
	return cookiePlain
}

// SessionCookie is the cookie that carries an entry's token. secure is false
// on loopback only. It lasts as long as the browser; the server ends it.
// SameSite is Lax, because a sign-in by OIDC and links in messages arrive from
// elsewhere.
func SessionCookie(token string, secure bool) *http.Cookie {
	return &http.Cookie{Name: cookieName(secure), Value: token, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// ClearCookie takes the session cookie away.
func ClearCookie(secure bool) *http.Cookie {
	c := SessionCookie("", secure)
	c.MaxAge, c.Expires = -1, time.Unix(0, 0)
	return c
}

// TokenOf returns the session token that a request came with, "" when it has
// none or something that no session token can be.
func TokenOf(r *http.Request, secure bool) string {
	c, err := r.Cookie(cookieName(secure))
	if err != nil || !tokenShaped(c.Value) {
		return ""
	}
	return c.Value
}

// tokenShaped reports whether s has the form of newToken.
func tokenShaped(s string) bool {
	if len(s) != 43 {
		return false
	}
	for _, r := range []byte(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return true
}
