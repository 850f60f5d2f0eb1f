package auth

import (
	"net/url"
	"path"
	"strings"
)

// SafeNext returns the path, with its query, to which a sign-in may lead
// back, and fallback for everything that could lead to another site: other
// hosts and schemes, "//host", "/\host", control characters, and the pages of
// signing in and out themselves.
func SafeNext(next, fallback string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return fallback
	}
	for _, r := range next {
		if r < 0x20 || r == 0x7f || r == '\\' {
			return fallback
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.ContainsAny(u.Path, "\\\r\n\t\x00") {
		return fallback
	}
	if u.Path != "/" && path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return fallback // "//", "/./" or "/../" inside, which a browser would fold first
	}
	for _, own := range []string{"/auth/", "/sign-in", "/sign-out"} {
		if u.Path == strings.TrimSuffix(own, "/") || strings.HasPrefix(u.Path, own) {
			return fallback
		}
	}
	return u.RequestURI()
}
