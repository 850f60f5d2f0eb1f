package auth

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/kernel"
)

// TestLockoutGrowsAndNeverForgetsEarly runs attempts at random times against
// the plain statement of the rule.
func TestLockoutGrowsAndNeverForgetsEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Lockout{Free: rapid.IntRange(1, 6).Draw(t, "free"), First: 30 * time.Second, Max: 30 * time.Minute, Forget: 24 * time.Hour}
		now := morning
		var a attempts
		looked, lastWait := 0, time.Duration(0)
		for range rapid.IntRange(1, 80).Draw(t, "attempts") {
			pause := time.Duration(rapid.SampledFrom([]int{0, 1, 29, 30, 31, 300, 3600, 86399, 90000}).Draw(t, "pause")) * time.Second
			forgotten := !a.last.IsZero() && now.Add(pause).Sub(a.last) > l.Forget
			now = now.Add(pause)
			if w := a.wait(now); w > 0 {
				if w > l.Max {
					t.Fatalf("waits %v, more than %v", w, l.Max)
				}
				continue // not looked at, not counted
			}
			if forgotten {
				looked, lastWait = 0, 0
			}
			a = l.fail(a, now)
			looked++
			wait := a.wait(now)
			if looked < l.Free && wait != 0 {
				t.Fatalf("attempt %d of %d free ones waits %v", looked, l.Free, wait)
			}
			if looked >= l.Free && (wait == 0 || wait < lastWait || lastWait > 0 && wait != min(l.Max, 2*lastWait)) {
				t.Fatalf("attempt %d waits %v after %v", looked, wait, lastWait)
			}
			lastWait = wait
		}
	})
}

// TestLockoutBoundsGuessesPerDay is what the numbers are for: whoever guesses
// as fast as allowed gets few guesses.
func TestLockoutBoundsGuessesPerDay(t *testing.T) {
	guesses, a := 0, attempts{}
	for now := morning; now.Before(morning.Add(24 * time.Hour)); now = now.Add(time.Second) {
		if a.wait(now) == 0 {
			a = accountLockout.fail(a, now)
			guesses++
		}
	}
	if guesses > 60 {
		t.Errorf("%d guesses a day at one account", guesses)
	}
}

func TestAddressesOfOneSubscriberAreOne(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true}, {"192.0.2.1", "192.0.2.2", false}, {"::ffff:192.0.2.1", "192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff", true}, {"2001:db8::1", "2001:db8:0:1::1", false}, {"fe80::1%eth0", "fe80::1", true},
		{"", "", true}, {"nonsense", "other", false},
	} {
		if got := addressOf(c.a).subject == addressOf(c.b).subject; got != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

func TestRetryAfterReadsOnlyItsOwnError(t *testing.T) {
	if d, ok := RetryAfter(tooSoon(1500 * time.Millisecond)); !ok || d != 2*time.Second {
		t.Errorf("%v %v", d, ok)
	}
	if _, ok := RetryAfter(kernel.Refused("x")); ok {
		t.Error("another error has a wait")
	}
}

func TestPasswordRules(t *testing.T) {
	for password, rule := range map[string]string{
		"":                             "required",
		"short1!":                      "too_short",
		strings.Repeat("长", 11):        "too_short",
		strings.Repeat("x1Y!", 200):    "too_long",
		"password1234":                 "auth_password_common",
		"Password2026!":                "auth_password_common",
		"Tianjin@2026":                 "auth_password_common",
		"1qaz2wsx3edc":                 "auth_password_common",
		"qwertyuiop123":                "auth_password_common",
		"woaini1314woaini1314":         "auth_password_common",
		"aaaaaaaaaaaa":                 "auth_password_simple",
		"123456789012":                 "auth_password_simple",
		"abcdefghijkl":                 "auth_password_simple",
		"987654321098":                 "auth_password_simple",
		"clerk.wang2026":               "auth_password_name",
		"13800138000ab":                "auth_password_name",
		"correct horse battery staple": "",
		"海河边的 13 只灰鸭子":                 "",
		"tV9#kw2LmQz8":                 "",
		"我住在大沽北路第三棵树旁边": "",
	} {
		var c kernel.Check
		CheckPassword(&c, "password", password, "clerk.wang", "13800138000", "王")
		got := ""
		if len(c.Fields) > 0 {
			got = c.Fields[0].Rule
			if c.Fields[0].Value != "" {
				t.Errorf("%q: the password is in the error", password)
			}
		}
		if got != rule {
			t.Errorf("%q: %q, want %q", password, got, rule)
		}
	}
}

func TestSafeNextLeadsNowhereElse(t *testing.T) {
	for next, want := range map[string]string{
		"/cases?state=open&page=2": "/cases?state=open&page=2",
		"/":                        "/",
		"/a%20b":                   "/a%20b",
		"":                         "/home", "cases": "/home", "//evil.example": "/home", "///evil.example": "/home",
		"https://evil.example/": "/home", `/\evil.example`: "/home", `\\evil.example`: "/home", "/\t/evil.example": "/home",
		"/%5cevil.example": "/home", "/%2f/evil.example": "/home", "javascript:alert(1)": "/home", "/x\r\nSet-Cookie: a=b": "/home", "/a%0d%0ab": "/home",
		"/auth/oidc/callback?code=1": "/home", "/sign-in?next=/sign-in": "/home", "/sign-out": "/home", "/%": "/home",
		"/cases/":                          "/cases/",
		"/a//b":                            "/home",
		"/a/../b":                          "/home",
		"/authority":                       "/authority",
		"/" + strings.Repeat("x", 3000):    "/home",
		"/cases#part":                      "/cases",
		"/search?q=https://evil.example/x": "/search?q=https://evil.example/x",
	} {
		if got := SafeNext(next, "/home"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
