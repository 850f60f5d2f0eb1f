package auth

import (
	"context"
	"strings"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

func TestSessionEndsWhenIdleAndAtItsAbsoluteLimit(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{Roles: []string{Reviewer}})
		e := w.login("clerk")
		w.clock.Advance(29 * time.Minute)
		if !w.who(e.Token).SignedIn() {
			t.Fatal("ended before the idle limit")
		}
		w.clock.Advance(29 * time.Minute)
		if !w.who(e.Token).SignedIn() {
			t.Fatal("use does not keep a session alive")
		}
		w.clock.Advance(30 * time.Minute)
		if p := w.who(e.Token); p.SignedIn() || !p.Expired || p.Actor.Kind != kernel.ActorPublic {
			t.Fatalf("idle session: %+v", p)
		}
		e = w.login("clerk")
		for range 12*3 - 1 {
			w.clock.Advance(20 * time.Minute)
			if !w.who(e.Token).SignedIn() {
				t.Fatal("ended before the absolute limit")
			}
		}
		w.clock.Advance(20 * time.Minute)
		if p := w.who(e.Token); p.SignedIn() || !p.Expired {
			t.Fatal("a used session outlives the absolute limit")
		}
	})
}

func TestSignInEndsAPlantedSession(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("attacker", Assignment{})
		w.officer("victim", Assignment{})
		planted := w.login("attacker")
		e, err := w.Login(t.Context(), "victim", goodPassword, Client{Addr: "192.0.2.2", Cookie: planted.Token})
		w.must(err)
		if e.Token == planted.Token {
			t.Fatal("the planted token became the victim's")
		}
		if w.who(planted.Token).SignedIn() {
			t.Error("the planted session still works")
		}
		if p := w.who(e.Token); p.Account.Login != "victim" {
			t.Errorf("signed in as %s", p.Account.Login)
		}
	})
}

func TestStepUpRotatesTheTokenAndLastsTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		e := w.login("clerk")
		w.clock.Advance(11 * time.Minute)
		p := w.who(e.Token)
		is(t, p.NeedConfirmed(w.clock.Now()), kernel.Denied, KeyConfirmFirst)
		_, err := w.Confirm(t.Context(), p, "wrong password 1", "192.0.2.1")
		breaks(t, err, "proof", "auth_proof")
		confirmed, err := w.Confirm(t.Context(), p, goodPassword, "192.0.2.1")
		w.must(err)
		if w.who(e.Token).SignedIn() {
			t.Error("the old token still works")
		}
		p = w.who(confirmed.Token)
		w.must(p.NeedConfirmed(w.clock.Now()))
		w.clock.Advance(10 * time.Minute)
		is(t, p.NeedConfirmed(w.clock.Now()), kernel.Denied, KeyConfirmFirst)
	})
}

func TestOwnSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		w.officer("other", Assignment{})
		phone, desktop, stranger := w.login("clerk"), w.login("clerk"), w.login("other")
		p := w.who(desktop.Token)
		list := func() (out []Session) {
			w.view(func(ctx context.Context, q db.Q) (err error) { out, err = w.Sessions(ctx, q, p); return err })
			return out
		}
		if got := list(); len(got) != 2 {
			t.Fatalf("%d sessions, want 2", len(got))
		}
		is(t, w.EndSession(t.Context(), p, stranger.Session.ID), kernel.NotFound, "") // another's does not exist
		w.must(w.EndSession(t.Context(), p, phone.Session.ID))
		is(t, w.EndSession(t.Context(), p, phone.Session.ID), kernel.NotFound, "")
		if w.who(phone.Token).SignedIn() || !w.who(desktop.Token).SignedIn() || !w.who(stranger.Token).SignedIn() {
			t.Error("the wrong session ended")
		}
		third := w.login("clerk")
		w.must(w.EndOtherSessions(t.Context(), p))
		if w.who(third.Token).SignedIn() || !w.who(desktop.Token).SignedIn() {
			t.Error("ending the others")
		}
		w.must(w.Logout(t.Context(), p, desktop.Token))
		if len(list()) != 0 || w.who(desktop.Token).SignedIn() {
			t.Error("signing out")
		}
		w.must(w.EndSession(t.Context(), w.boss, stranger.Session.ID))
		if w.who(stranger.Token).SignedIn() {
			t.Error("an administrator cannot end a session")
		}
	})
}

func TestChangeOfRolesEndsSessions(t *testing.T) {
	w := one(t)
	a := w.officer("clerk", Assignment{Roles: []string{Reviewer}})
	e := w.login("clerk")
	w.must(w.Assign(t.Context(), w.boss, a.ID, Assignment{Roles: []string{Approver}, Reach: ReachCity}))
	if w.who(e.Token).SignedIn() {
		t.Error("the session with the old roles lives on")
	}
	if p := w.enter("clerk"); p.Can(licencePermission) || !p.Can(approvePermission) {
		t.Errorf("may %v", p.Permissions.Sorted())
	}
}

func TestTokensAndPasswordsAreNowhereInTheDatabase(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{Roles: []string{Reviewer}})
	e := w.login("clerk")
	applicant := w.person("13800138000", "张三丰")
	_, token, err := w.IssueToken(t.Context(), w.boss, Token{Name: "联调", Permissions: []Permission{licencePermission}, Reach: ReachCity, ExpiresAt: w.clock.Now().Add(time.Hour)})
	w.must(err)
	tables := []string{"auth_accounts", "auth_sessions", "auth_tokens", "auth_codes", "auth_links", "audit_rows", "auth_attempts"}
	secrets := map[string]string{"session": e.Token, "session of a person": applicant.Token, "password": goodPassword, "api token": token,
		"phone": "13800138000", "name": "张三丰", "code": w.sms.code(t)}
	for _, table := range tables {
		dump := w.dump(table)
		for what, secret := range secrets {
			if what == "code" && table != "auth_codes" {
				continue // six digits occur by chance
			}
			if strings.Contains(dump, secret) {
				t.Errorf("the %s stands in %s", what, table)
			}
		}
	}
}

// dump returns every value of a table as text.
func (w *desk) dump(table string) string {
	w.t.Helper()
	rows, err := w.db.Reader().QueryContext(w.t.Context(), `SELECT * FROM `+table)
	w.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	w.must(err)
	var b strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(string)
		}
		w.must(rows.Scan(nullable(values)...))
		for _, v := range values {
			b.WriteString(*v.(*string) + "\x00")
		}
	}
	w.must(rows.Err())
	return b.String()
}

// nullable lets NULL scan as "".
func nullable(dest []any) []any {
	out := make([]any, len(dest))
	for i, d := range dest {
		out[i] = textOrNull{d.(*string)}
	}
	return out
}

type textOrNull struct{ s *string }

func (t textOrNull) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*t.s = v
	case []byte:
		*t.s = string(v)
	}
	return nil
}

func TestSweepRemovesOnlyWhatEndedLongAgo(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		w.login("clerk")
		w.clock.Advance(31 * 24 * time.Hour)
		recent := w.login("clerk")
		w.must(w.Sweep(t.Context()))
		if !w.who(recent.Token).SignedIn() {
			t.Error("a live session was swept")
		}
		w.view(func(ctx context.Context, q db.Q) error {
			n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM auth_sessions`)
			if n != 1 {
				t.Errorf("%d sessions left, want 1", n)
			}
			return err
		})
	})
}

func TestAnyUserAgentCanSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		for _, agent := range []string{"", "\xff\xfe broken", "nul\x00", strings.Repeat("长", 5000)} {
			e, err := w.Login(t.Context(), "clerk", goodPassword, Client{Addr: "192.0.2.1", Agent: agent})
			w.must(err)
			if n := len([]rune(e.Session.Agent)); n > 200 {
				t.Errorf("%d characters kept", n)
			}
		}
		_, err := w.Login(t.Context(), "clerk\x00\xff", goodPassword, Client{Addr: "192.0.2.1"})
		is(t, err, kernel.Invalid, "auth.error.login")
	})
}
