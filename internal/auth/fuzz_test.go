package auth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

func FuzzCookie(f *testing.F) {
	f.Add("anlan_oidc=" + strings.Repeat("a", 43))
	f.Add("anlan_oidc=; anlan_oidc=x")
	f.Add(`anlan_oidc="quoted"; __Host-anlan_oidc=` + strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		for _, secure := range []bool{true, false} {
			if secret := OIDCSecret(r, secure); secret != "" && (len(secret) != 43 || !strings.Contains(header, secret)) {
				t.Fatalf("secret %q from %q", secret, header)
			}
		}
	})
}

// FuzzCredential sends anything as a session or as an API token: nothing but
// the real one gets in, and nothing breaks.
func FuzzCredential(f *testing.F) {
	w, token, text := fuzzDesk(f)
	f.Add(token, "")
	f.Add("", text)
	f.Add("' OR 1=1 --", "")
	f.Add("\x00", "anlan_\xff")
	f.Fuzz(func(t *testing.T, cookie, bearer string) {
		p, err := w.Authenticate(t.Context(), Credential{Cookie: cookie, Bearer: bearer})
		switch {
		case bearer != "":
			if (err == nil) != (bearer == text) {
				t.Fatalf("bearer %q: %v", bearer, err)
			}
		case err != nil:
			t.Fatalf("cookie %q: %v", cookie, err)
		case p.SignedIn() != (cookie == token):
			t.Fatalf("cookie %q: %+v", cookie, p)
		}
	})
}

func fuzzDesk(f *testing.F) (w *Service, token, text string) {
	f.Helper()
	clock := kernel.NewManualClock(morning)
	w = NewService(dbtest.SQLite(f, schema...), personal.NewVault(master), NewLinks(master, clock), testRoles(f), clock,
		Options{Hashing: cheap(), Demo: true})
	boss := Platform("fuzz", ManageAccounts, ManageTokens)
	a, _, err := w.Create(f.Context(), boss, NewAccount{Kind: Officer, Login: "clerk", Name: "王办"})
	if err != nil {
		f.Fatal(err)
	}
	e, err := w.EnterAs(f.Context(), a.ID, Client{Addr: "127.0.0.1"})
	if err != nil {
		f.Fatal(err)
	}
	_, text, err = w.IssueToken(f.Context(), boss, Token{Name: "x", Permissions: []Permission{licencePermission}, Reach: ReachCity, ExpiresAt: morning.AddDate(0, 1, 0)})
	if err != nil {
		f.Fatal(err)
	}
	return w, e.Token, text
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
