package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/kernel"
)

// everything has each kind of field that Decode knows.
type everything struct {
	Text   string          `json:"text"`
	Number int             `json:"number"`
	Small  uint8           `json:"small"`
	Float  float64         `json:"float"`
	Flag   bool            `json:"flag"`
	Date   kernel.Date     `json:"date"`
	Time   time.Time       `json:"time"`
	Raw    json.RawMessage `json:"raw"`
	Any    any             `json:"any"`
	Map    map[string]int  `json:"map"`
	Maybe  *int            `json:"maybe"`
	List   []struct {
		Name string `json:"name"`
	} `json:"list"`
	Inner struct {
		Deep []string `json:"deep"`
	} `json:"inner"`
}

func FuzzDecodeForm(f *testing.F) {
	for _, s := range []string{"text=a&number=1&list.0.name=x&list.7.name=y&inner.deep=1&inner.deep=2", "list.999999999.name=x", "text.x=1&text=2",
		"date=2026-05-06&time=2026-05-06T10:00&flag=on&map.a=1&any.b=2&raw=x&maybe=3", "number=99999999999999999999&small=-1&float=NaN", "a.b.c.d.e.f.g.h.i=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var v everything
		tree, check := formTree(form)
		err = decodeTree(tree, &v, check, true)
		if err != nil && kernel.KindOf(err) != kernel.Invalid {
			t.Fatalf("%q: %v", text, err)
		}
		if v.Float != v.Float {
			t.Fatal("not a number came through")
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"text":"a","number":1,"list":[{"name":"x"}],"inner":{"deep":["1"]},"map":{"a":1}}`, `{"text":1,"text":2}`, `[]`, `{"any":[[[[]]]]}`,
		`{"date":"2026-02-30","time":"x","maybe":null,"raw":{"a":[1]}}`, `{"number":1e400}`, "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v everything
		err := ParseJSON(body, &v)
		if err != nil && kernel.KindOf(err) != kernel.Invalid {
			t.Fatalf("%q: %v", body, err)
		}
		if err == nil && (!json.Valid(body) || !kernel.IsText(v.Text)) {
			t.Fatalf("%q was taken", body)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(CursorOf("2026-05-06", "id").Encode())
	f.Add(Cursor{"a", "b\x00"}.Encode())
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text, 2)
		switch {
		case err != nil && kernel.KindOf(err) != kernel.Invalid:
			t.Fatalf("%q: %v", text, err)
		case err == nil && c != nil && (len(c) != 2 || !kernel.IsText(c[0]+c[1])):
			t.Fatalf("%q becomes %q", text, c)
		}
	})
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/a?b=c", "//evil", "/\\evil", "https://evil", "/\t/evil", "javascript:1", "/a//b"} {
		f.Add(s)
	}
	base, err := url.Parse("https://ours.example/x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := localPath(to, "/fallback")
		// A browser drops tabs and line ends and takes \ for /.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(got)
		u, err := base.Parse(seen)
		if err != nil {
			return
		}
		if u.Host != "ours.example" || u.Scheme != "https" {
			t.Fatalf("%q leads to %s", to, u)
		}
	})
}

func TestTheLimiterNeverLetsMoreThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLimiter()
		rt := Route{Method: "GET", Path: "/", Limit: Limit{N: rapid.IntRange(1, 10).Draw(t, "n"), Per: time.Minute}}
		now := time.Unix(0, 0)
		var passed []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			if _, ok := l.allow(rt, "a", now); ok {
				passed = append(passed, now)
			}
		}
		for i, at := range passed {
			n := 0
			for _, other := range passed[i:] {
				if other.Sub(at) < time.Minute {
					n++
				}
			}
			if n > 2*rt.Limit.N { // a full bucket, and what trickles in meanwhile
				t.Fatalf("%d in a minute with a limit of %d", n, rt.Limit.N)
			}
		}
	})
}

func TestClientAddressIsNotForged(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct{ peer, chain, want string }{
		{"1.2.3.4:5", "9.9.9.9", "1.2.3.4"},
		{"10.0.0.1:5", "9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"},
		{"10.0.0.1:5", "junk", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "::ffff:9.9.9.9", "9.9.9.9"},
		{"@", "9.9.9.9", "unknown"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{"X-Forwarded-For": {tt.chain}}}
		if got := clientAddr(r, proxies); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestSealsAreForOnePurpose(t *testing.T) {
	s := newSealer([]byte("a secret of the tests, 32 bytes or more"))
	sealed := s.seal("flash", []byte("x"))
	if b, err := s.open("flash", sealed); err != nil || string(b) != "x" {
		t.Fatal(err)
	}
	for _, bad := range []string{sealed + "A", sealed[1:], "", "!"} {
		if _, err := s.open("flash", bad); err == nil {
			t.Errorf("%q was opened", bad)
		}
	}
	if _, err := s.open("aside", sealed); err == nil {
		t.Error("opened for another purpose")
	}
}

func TestCursorsSurviveTheAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cursor(rapid.SliceOfN(rapid.String().Filter(kernel.IsText), 1, 4).Draw(t, "values"))
		got, err := ParseCursor(c.Encode(), len(c))
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("%q came back as %q: %v", c, got, err)
		}
		if _, err := ParseCursor(c.Encode(), len(c)+1); err == nil {
			t.Fatal("a cursor of another list was taken")
		}
	})
}
