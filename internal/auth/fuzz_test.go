package auth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"anlan/internal/kernel"
)

func FuzzCookie(f *testing.F) {
	f.Add("anlan=" + newToken())
	f.Add("anlan=; anlan=x")
	f.Add(`anlan="quoted"; __Host-anlan=` + strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		for _, secure := range []bool{true, false} {
			if token := TokenOf(r, secure); token != "" && (len(token) != 43 || !strings.Contains(header, token)) {
				t.Fatalf("token %q from %q", token, header)
			}
		}
	})
}

func FuzzBearer(f *testing.F) {
	f.Add("Bearer anlan_x")
	f.Add("bearer\t")
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := BearerToken(header)
		if ok != (token != "") || strings.TrimSpace(token) != token {
			t.Fatalf("%q gives %q %v", header, token, ok)
		}
	})
}

func FuzzLinkToken(f *testing.F) {
	links := NewLinks(master, kernel.NewManualClock(morning))
	good := links.token(Link{ID: "019dfacc-8280-7000-8000-000000000001", Purpose: "p", Until: morning.AddDate(1, 0, 0)})
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", 75))
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := links.parse("p", token); ok && token != good {
			t.Fatalf("a token was forged: %q", token)
		}
		if _, ok := links.parse("q", token); ok {
			t.Fatalf("a token of another purpose: %q", token)
		}
	})
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$dGFndGFndGFndGFndGFndA")
	f.Add("$argon2id$v=19$m=99999999,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err == nil && (p.memory == 0 || p.memory > 1<<20 || p.passes == 0 || p.passes > 100 || p.lanes == 0 || p.lanes > 16 || len(p.salt) < 8) {
			t.Fatalf("%q gives %+v", s, p)
		}
	})
}

// FuzzSafeNext resolves what comes out against our own address, as a browser
// does, and expects to stay at home.
func FuzzSafeNext(f *testing.F) {
	for _, s := range []string{"/a?b=c", "//x", `/\x`, "https://x", "/%2f%2fx", "/\tx", "/..//x", "/a\u2028b", "/.//x", "/%09/x"} {
		f.Add(s)
	}
	home, _ := url.Parse("https://anlan.example/auth/login")
	f.Fuzz(func(t *testing.T, next string) {
		out := SafeNext(next, "/")
		u, err := home.Parse(out)
		if err != nil || u.Host != home.Host || u.Scheme != home.Scheme || strings.HasPrefix(out, "//") || strings.ContainsAny(out, "\\\r\n\t") {
			t.Fatalf("%q leads to %q", next, out)
		}
		// What browsers do with dots before they look for a host.
		if strings.HasPrefix(u.Path, "//") {
			t.Fatalf("%q leads to %q, which becomes %q", next, out, u.Path)
		}
	})
}
