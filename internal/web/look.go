package web

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// look is how a visitor wants pages to look; it is kept in a cookie and set
// on the root element.
type look struct {
	Elder    bool // 适老: larger text, larger targets
	Contrast bool // high contrast
	Dark     bool // dark colours; otherwise light
	KeysOff  bool // no keyboard shortcuts
}

// lookNames are the switches, as the cookie and /look name them.
var lookNames = []string{"elder", "contrast", "dark", "keys"}

func (l *look) flag(name string) *bool {
	switch name {
	case "elder":
		return &l.Elder
	case "contrast":
		return &l.Contrast
	case "dark":
		return &l.Dark
	}
	return &l.KeysOff
}

func readLook(hr *http.Request) look {
	var l look
	for _, name := range []string{cookieLook, "__Host-" + cookieLook} {
		if c, err := hr.Cookie(name); err == nil {
			for part := range strings.SplitSeq(c.Value, "-") {
				if slices.Contains(lookNames, part) {
					*l.flag(part) = true
				}
			}
		}
	}
	return l
}

// switchLook turns one switch over and goes back to the page it was used on.
// It is a GET: the worst a forged link can do is to enlarge the text.
func (s *Server) switchLook(r *Request) error {
	l := r.look
	name := r.URL.Query().Get("switch")
	if slices.Contains(lookNames, name) {
		*l.flag(name) = !*l.flag(name)
	}
	var on []string
	for _, n := range lookNames {
		if *l.flag(n) {
			on = append(on, n)
		}
	}
	r.setCookie(cookieLook, strings.Join(on, "-"), 400*24*time.Hour)
	return r.Redirect(r.ReturnTo("/"))
}
