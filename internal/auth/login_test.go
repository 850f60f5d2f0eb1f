package auth

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

func TestLoginGivesPermissionsAndScopeOfTheAccount(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		for _, c := range []struct {
			login string
			given Assignment
			can   Permission
			area  string
			unit  string
			sees  map[string]bool // area → seen
		}{
			{"city.approver", Assignment{Roles: []string{Approver}, Reach: ReachCity}, approvePermission, "", "", map[string]bool{"120101": true, "120116": true}},
			{"district.reviewer", Assignment{Roles: []string{Reviewer}, Reach: ReachArea, Area: "120101"}, licencePermission, "", "", map[string]bool{"120101": true, "120101001": true, "120116": false, "": false}},
			{"unit.reviewer", Assignment{Roles: []string{Reviewer}, Reach: ReachUnit, Unit: "u1"}, licencePermission, "", "u1/post", map[string]bool{"120101": false}},
			{"own.only", Assignment{Roles: []string{Reviewer}}, licencePermission, "", "", map[string]bool{"120101": false, "": false}},
		} {
			w.officer(c.login, c.given)
			p := w.enter(c.login)
			if !p.SignedIn() || !p.Can(c.can) || p.Can(ManageAccounts) || p.Actor.IsZero() || p.Actor.Addr != "192.0.2.1" {
				t.Errorf("%s: principal %+v", c.login, p)
			}
			for area, seen := range c.sees {
				if p.Scope.Sees(area, "", "") != seen {
					t.Errorf("%s sees area %q: %v", c.login, area, !seen)
				}
			}
			if c.unit != "" && !p.Scope.SeesUnit(c.unit) {
				t.Errorf("%s does not see unit %s", c.login, c.unit)
			}
		}
	})
}

func TestWrongLoginUnknownLoginAndAccountWithoutPasswordLookTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{Roles: []string{Reviewer}})
		_, _, err := w.Create(t.Context(), w.boss, NewAccount{Kind: Officer, Login: "fresh.clerk", Name: "新人"})
		w.must(err)
		var texts []string
		for _, login := range []string{"clerk", "nobody.here", "fresh.clerk", ""} {
			_, err := w.Login(t.Context(), login, "wrong password 1", Client{Addr: "192.0.2.9"})
			is(t, err, kernel.Invalid, "auth.error.login")
			texts = append(texts, strings.TrimSpace(err.Error()))
		}
		for _, text := range texts {
			if text != texts[0] {
				t.Errorf("%q differs from %q", text, texts[0])
			}
		}
	})
}

// TestUnknownLoginCostsOneHashToo compares the best of five, with a wide
// margin for a busy machine: without the hash an unknown login would answer
// some twenty times sooner. Every refusal also writes one audit row.
func TestUnknownLoginCostsOneHashToo(t *testing.T) {
	w := one(t, func(o *Options) { o.Hashing = Hashing{Memory: 8 << 10, Passes: 2, Lanes: 1, Parallel: 1, Queue: 4} })
	w.officer("clerk", Assignment{})
	measure := func(login string) time.Duration {
		best := time.Hour
		for range 5 {
			w.clock.Advance(25 * time.Hour)
			begun := time.Now()
			_, err := w.Login(t.Context(), login, "wrong password 1", Client{Addr: "192.0.2.9"})
			is(t, err, kernel.Invalid, "auth.error.login")
			best = min(best, time.Since(begun))
		}
		return best
	}
	known, unknown := measure("clerk"), measure("nobody.here")
	if unknown < known/3 || known < unknown/3 {
		t.Errorf("known login %v, unknown login %v", known, unknown)
	}
	var rows []audit.Row
	w.view(func(ctx context.Context, q db.Q) (err error) {
		rows, err = audit.List(ctx, q, audit.Filter{Action: "auth.login.refused"})
		return err
	})
	if len(rows) != 10 {
		t.Errorf("%d audit rows of refusals, want 10", len(rows))
	}
}

// TestLoginLocksKnownAndUnknownNamesWithTheSameGrowingWait: guesses come from
// ever other addresses; the answers do not tell which login exists.
func TestLoginLocksKnownAndUnknownNamesWithTheSameGrowingWait(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		for _, login := range []string{"clerk", "nobody.here"} {
			guess := func(i int) error {
				_, err := w.Login(t.Context(), login, "wrong password 1", Client{Addr: "198.51.100." + strconv.Itoa(i)})
				return err
			}
			for i := range 5 {
				is(t, guess(i), kernel.Invalid, "auth.error.login")
			}
			for i, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute} {
				if wait, _ := RetryAfter(guess(10 + i)); wait != want {
					t.Fatalf("%s waits %v, want %v", login, wait, want)
				}
				w.clock.Advance(want)
				is(t, guess(20+i), kernel.Invalid, "auth.error.login")
			}
		}
		_, err := w.Login(t.Context(), "clerk", goodPassword, Client{Addr: "203.0.113.2"})
		if _, blocked := RetryAfter(err); !blocked {
			t.Fatalf("the right password is looked at during the wait: %v", err)
		}
		w.clock.Advance(8 * time.Minute)
		w.login("clerk")
		_, err = w.Login(t.Context(), "clerk", "wrong password 1", Client{Addr: "203.0.113.2"})
		is(t, err, kernel.Invalid, "auth.error.login") // success started afresh
		w.login("clerk")
	})
}

func TestAddressIsLockedAcrossAccounts(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{})
	for i := range 30 {
		_, err := w.Login(t.Context(), "nobody."+string(rune('a'+i%26))+string(rune('a'+i/26)), "wrong password 1", Client{Addr: "203.0.113.7"})
		is(t, err, kernel.Invalid, "auth.error.login")
	}
	_, err := w.Login(t.Context(), "clerk", goodPassword, Client{Addr: "203.0.113.7"})
	if _, blocked := RetryAfter(err); !blocked {
		t.Fatalf("from the guessing address: %v", err)
	}
	_, err = w.Login(t.Context(), "clerk", goodPassword, Client{Addr: "203.0.113.8"})
	w.must(err)
}

func TestOwnSignInDoesNotWashAwayGuessesAtOthers(t *testing.T) {
	w := one(t)
	w.officer("insider", Assignment{})
	guesses := 0
	for i := range 60 {
		if i%2 == 0 {
			if _, err := w.Login(t.Context(), "insider", goodPassword, Client{Addr: "203.0.113.7"}); err != nil {
				break
			}
			continue
		}
		_, err := w.Login(t.Context(), "victim."+string(rune('a'+i%26))+string(rune('a'+i/26)), "wrong password 1", Client{Addr: "203.0.113.7"})
		if _, blocked := RetryAfter(err); blocked {
			break
		}
		guesses++
	}
	if guesses > addressLockout.Free {
		t.Errorf("%d guesses went through", guesses)
	}
}

// TestManyGuessesAtOnceAreCountedBeforeTheyAreLookedAt: of many at the same
// time no more are looked at than the free ones.
func TestManyGuessesAtOnceAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		var looked atomic.Int32
		var all sync.WaitGroup
		for range 24 {
			all.Go(func() {
				_, err := w.Login(t.Context(), "clerk", "wrong password 1", Client{Addr: "192.0.2.9"})
				if _, blocked := RetryAfter(err); !blocked && kernel.KindOf(err) == kernel.Invalid {
					looked.Add(1)
				}
			})
		}
		all.Wait()
		if n := looked.Load(); n == 0 || n > int32(accountLockout.Free) {
			t.Errorf("%d guesses were looked at, want 1 to %d", n, accountLockout.Free)
		}
	})
}

func TestUnlockEndsALockOut(t *testing.T) {
	w := one(t)
	a := w.officer("clerk", Assignment{})
	for range 5 {
		w.Login(t.Context(), "clerk", "wrong password 1", Client{Addr: "192.0.2.9"})
	}
	is(t, w.Unlock(t.Context(), Public("192.0.2.1"), a.ID), kernel.SignedOut, "")
	w.must(w.Unlock(t.Context(), w.boss, a.ID))
	w.login("clerk")
}

func TestDisabledAccountCannotEnterAndItsSessionEnds(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		a := w.officer("clerk", Assignment{Roles: []string{Reviewer}})
		e := w.login("clerk")
		w.must(w.SetState(t.Context(), w.boss, a.ID, Disabled, "调离"))
		if p := w.who(e.Token); p.SignedIn() || !p.Expired {
			t.Errorf("the session still works: %+v", p)
		}
		_, err := w.Login(t.Context(), "clerk", goodPassword, Client{Addr: "192.0.2.1"})
		is(t, err, kernel.Denied, "auth.error.account_closed")
		_, err = w.Login(t.Context(), "clerk", "wrong password 1", Client{Addr: "192.0.2.1"})
		is(t, err, kernel.Invalid, "auth.error.login") // only the holder learns that it is closed
		w.must(w.SetState(t.Context(), w.boss, a.ID, Active, "返岗"))
		w.login("clerk")
	})
}

func TestHashIsRenewedWhenTheCostChanges(t *testing.T) {
	d := dbtest.SQLite(t, schema...)
	old := open(t, d)
	old.officer("clerk", Assignment{})
	w := open(t, d, func(o *Options) { o.Hashing = Hashing{Memory: 128, Passes: 2, Lanes: 1, Parallel: 1, Queue: 1} })
	hash := func() (h string) {
		w.view(func(ctx context.Context, q db.Q) (err error) {
			h, err = db.Value[string](ctx, q, `SELECT password_hash FROM auth_accounts WHERE login = 'clerk'`)
			return err
		})
		return h
	}
	if !strings.HasPrefix(hash(), "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("hash %s", hash())
	}
	w.login("clerk")
	if !strings.HasPrefix(hash(), "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Fatalf("hash %s was not renewed", hash())
	}
	w.login("clerk")
}

func TestHashingIsBounded(t *testing.T) {
	h := newHasher(Hashing{Memory: 64, Passes: 1, Lanes: 1, Parallel: 1, Queue: 1})
	busy, err := h.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := h.turn(ctx)
		waiting <- err
	}()
	for len(h.queue) < 2 {
		time.Sleep(time.Millisecond) // until the second stands in the queue
	}
	if _, err := h.turn(t.Context()); kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("the third was not turned away: %v", err)
	}
	cancel()
	if err := <-waiting; err != context.Canceled {
		t.Errorf("the cancelled one: %v", err)
	}
	busy()
	done, err := h.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done()
}

func TestPasswordsAreComparedInOneUnicodeForm(t *testing.T) {
	h := newHasher(cheap())
	hash, err := h.hash(t.Context(), "ｆｕｌｌｗｉｄｔｈ\u00e9clair")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"fullwidthe\u0301clair": true, "fullwidtheclair": false, "": false, strings.Repeat("x", 10000): false} {
		if ok, _, err := h.verify(t.Context(), hash, password); ok != want || err != nil {
			t.Errorf("%.20q: %v %v", password, ok, err)
		}
	}
	if ok, _, _ := h.verify(t.Context(), "", "anything at all"); ok {
		t.Error("no account has a password")
	}
}
