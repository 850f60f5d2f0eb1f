package outward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)

func TestOnlyWhatWasSignedIsAccepted(t *testing.T) {
	secret, body := []byte("shared"), []byte(`{"n":1}`)
	good := Sign(secret, noon, body)
	for name, c := range map[string]struct {
		secret, body, signature string
		now                     time.Time
		ok                      bool
	}{
		"same":           {"shared", `{"n":1}`, good, noon.Add(Tolerance), true},
		"other secret":   {"other", `{"n":1}`, good, noon, false},
		"no secret":      {"", `{"n":1}`, Sign(nil, noon, body), noon, false},
		"other body":     {"shared", `{"n":2}`, good, noon, false},
		"too old":        {"shared", `{"n":1}`, good, noon.Add(Tolerance + time.Second), false},
		"from tomorrow":  {"shared", `{"n":1}`, good, noon.Add(-Tolerance - time.Second), false},
		"moved in time":  {"shared", `{"n":1}`, strings.Replace(good, "t=1", "t=2", 1), noon, false},
		"none":           {"shared", `{"n":1}`, "", noon, false},
		"not hex":        {"shared", `{"n":1}`, "t=1,v1=zz", noon, false},
		"time is a word": {"shared", `{"n":1}`, "t=now,v1=00", noon, false},
	} {
		if err := Verify([]byte(c.secret), c.signature, []byte(c.body), c.now); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrivateAddressesAreTold(t *testing.T) {
	for text, public := range map[string]bool{
		"1.1.1.1": true, "202.99.96.68": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false,
		"::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
	} {
		if got := IsPublic(netip.MustParseAddr(text)); got != public {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestForbiddenAddressesAreNotCalled(t *testing.T) {
	called := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer srv.Close()
	c := NewClient(Options{})
	for _, url := range []string{
		srv.URL, strings.Replace(srv.URL, "http:", "https:", 1), "https://localhost:" + srv.URL[strings.LastIndex(srv.URL, ":")+1:],
		"https://[::1]/", "file:///etc/passwd", "ftp://example.com", "https://", "nonsense", "https://user:pw@example.com/", "https://169.254.169.254/latest",
	} {
		if _, err := c.Post(t.Context(), Message{URL: url, ID: "1"}); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if called {
		t.Error("a private address was called")
	}
}

func TestPostSignsAndDoesNotFollowRedirects(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/elsewhere":
			t.Error("redirect was followed")
		case r.URL.Path == "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case r.URL.Path == "/busy":
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/broken":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		case Verify([]byte("s"), r.Header.Get(SignatureHeader), body, noon) != nil || r.Header.Get(IdempotencyHeader) != "42":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Write(body)
		}
	}))
	defer srv.Close()
	c := NewClient(Options{AllowPrivate: true})
	defer c.Close()
	post := func(path string) Answer {
		a, err := c.Post(t.Context(), Message{URL: srv.URL + path, ID: "42", Body: []byte(`"x"`), Secret: []byte("s"), At: noon})
		if err != nil {
			t.Fatal(path, err)
		}
		return a
	}
	if a := post("/"); !a.Accepted() || string(a.Body) != `"x"` {
		t.Errorf("%+v", a)
	}
	if a := post("/redirect"); a.Accepted() || a.Temporary() {
		t.Errorf("redirect: %+v", a)
	}
	if a := post("/busy"); !a.Temporary() || a.RetryAfter != 90*time.Second {
		t.Errorf("busy: %+v", a)
	}
	if a := post("/broken"); !a.Accepted() || string(a.Body) != "half" {
		t.Errorf("answer that breaks off: %+v", a)
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	signed := false
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { signed = r.Header.Get(SignatureHeader) != "" }))
	defer srv.Close()
	c := NewClient(Options{AllowPrivate: true})
	defer c.Close()
	if _, err := c.Post(t.Context(), Message{URL: srv.URL, ID: "1", Secret: []byte("")}); err != nil || signed {
		t.Errorf("signed %v, error %v", signed, err)
	}
}

func TestSilentPeerIsNotWaitedFor(t *testing.T) {
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer srv.Close()
	defer close(stop)
	c := NewClient(Options{AllowPrivate: true, Timeout: 50 * time.Millisecond})
	if _, err := c.Post(context.Background(), Message{URL: srv.URL, ID: "1"}); err == nil || errors.Is(err, ErrForbidden) {
		t.Errorf("%v", err)
	}
}

func TestSignaturesOfAnythingVerify(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(rt, "secret")
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		if err := Verify(secret, Sign(secret, noon, body), body, noon); err != nil {
			rt.Fatal(err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1,v1=00")
	f.Add("v1=,t=")
	f.Fuzz(func(t *testing.T, s string) {
		if Verify([]byte("a secret that nobody knows"), s, nil, noon) == nil {
			t.Errorf("%q is a forgery", s)
		}
	})
}
