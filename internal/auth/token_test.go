package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

func TestTokenIsAnActorOfItsOwnWithItsOwnScope(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		ctx := t.Context()
		n := Token{Name: "区政务平台", Permissions: []Permission{licencePermission}, Reach: ReachArea, Area: "120101", ExpiresAt: w.clock.Now().Add(48 * time.Hour)}
		id, text, err := w.IssueToken(ctx, w.boss, n)
		w.must(err)
		use := func() (*Principal, error) {
			return w.Authenticate(ctx, Credential{Bearer: text, Cookie: "ignored", Addr: "192.0.2.7"})
		}
		p, err := use()
		w.must(err)
		if p.Actor != (kernel.Actor{Kind: kernel.ActorToken, ID: id, Name: "区政务平台", Addr: "192.0.2.7"}) || !p.SignedIn() || !p.Can(licencePermission) || p.Can(approvePermission) {
			t.Errorf("principal %+v", p)
		}
		if !p.Scope.Sees("120101001", "", "") || p.Scope.Sees("120116", "", "") {
			t.Errorf("scope %+v", p.Scope)
		}
		_, err = w.Authenticate(ctx, Credential{Bearer: text + "x"})
		is(t, err, kernel.SignedOut, "")
		w.must(w.RevokeToken(ctx, w.boss, id))
		_, err = use()
		is(t, err, kernel.SignedOut, "")
		is(t, w.RevokeToken(ctx, w.boss, id), kernel.Conflict, "")

		w.clock.Advance(time.Hour)
		_, text, err = w.IssueToken(ctx, w.boss, n)
		w.must(err)
		w.clock.Advance(48 * time.Hour)
		_, err = use()
		is(t, err, kernel.SignedOut, "")
		w.view(func(ctx context.Context, q db.Q) error {
			all, err := w.Tokens(ctx, q, w.boss)
			if len(all) != 2 || all[1].UsedAt.IsZero() || all[1].RevokedAt.IsZero() {
				t.Errorf("tokens %+v", all)
			}
			return err
		})
	})
}

func TestTokenForAnEnterpriseActsForItAlone(t *testing.T) {
	w := one(t)
	_, text, err := w.IssueToken(t.Context(), w.boss, Token{Name: "企业系统", Permissions: []Permission{licencePermission}, Reach: ReachEnterprise, Enterprise: "E1", ExpiresAt: w.clock.Now().Add(time.Hour)})
	w.must(err)
	p, err := w.Authenticate(t.Context(), Credential{Bearer: text})
	w.must(err)
	if !p.Scope.ActsFor("E1", "i") || p.Scope.ActsFor("E2", "i") || p.Scope.Officer {
		t.Errorf("scope %+v", p.Scope)
	}
}

func TestTokenRules(t *testing.T) {
	w := one(t)
	_, _, err := w.IssueToken(t.Context(), w.boss, Token{Permissions: []Permission{"no.such.thing", ManageAccounts}, Reach: "moon", ExpiresAt: w.clock.Now().Add(400 * 24 * time.Hour)})
	for field, rule := range map[string]string{"name": "required", "permissions": "choice", "reach": "choice", "expires": "too_large"} {
		breaks(t, err, field, rule)
	}
	_, _, err = w.IssueToken(t.Context(), w.boss, Token{Name: "x", Reach: ReachUnit, ExpiresAt: w.clock.Now()})
	for field, rule := range map[string]string{"permissions": "required", "unit": "required", "expires": "date_future"} {
		breaks(t, err, field, rule)
	}
	w.officer("clerk", Assignment{Roles: []string{Reviewer}})
	_, _, err = w.IssueToken(t.Context(), w.enter("clerk"), Token{})
	is(t, err, kernel.Denied, "error.denied")
}

func TestOIDCCookieIsStrictAndReadBack(t *testing.T) {
	token := newToken()
	for _, secure := range []bool{true, false} {
		c := OIDCCookie(token, secure)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" || c.Domain != "" || secure != strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %+v", c)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(c)
		if OIDCSecret(r, secure) != token || OIDCSecret(r, !secure) != "" {
			t.Error("the cookie is not read back, or by the wrong name")
		}
	}
}

func TestLinksOpenOnlyTheirPurposeUntilTheirEnd(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		ctx := t.Context()
		driver := kernel.Actor{Kind: kernel.ActorAccount, ID: "A1", Name: "调度"}
		issue := func(purpose string, once bool) (token string) {
			inTx(t, w.db, func(tx *db.Tx) (err error) {
				token, err = w.links.Issue(ctx, tx, Link{Purpose: purpose, Subject: "delivery:7", Until: w.clock.Now().Add(time.Hour), Once: once, Actor: driver})
				return err
			})
			return token
		}
		resolve := func(purpose, token string) (l Link, err error) {
			w.view(func(ctx context.Context, q db.Q) error { l, err = w.links.Resolve(ctx, q, purpose, token); return nil })
			return l, err
		}
		token := issue("relief.delivery", false)
		l, err := resolve("relief.delivery", token)
		w.must(err)
		if l.Subject != "delivery:7" || l.As("192.0.2.3") != (kernel.Actor{Kind: kernel.ActorLink, ID: l.ID, Name: "relief.delivery", Addr: "192.0.2.3"}) {
			t.Errorf("link %+v", l)
		}
		_, other := resolve("video.call", token)
		is(t, other, kernel.NotFound, "auth.error.link")
		for _, bad := range []string{"", "x", token[:len(token)-1], "B" + token[1:], token + "A"} {
			_, err := resolve("relief.delivery", bad)
			is(t, err, kernel.NotFound, "auth.error.link")
		}
		stranger := NewLinks([]byte(strings.Repeat("z", 32)), w.clock)
		w.view(func(ctx context.Context, q db.Q) error {
			_, err := stranger.Resolve(ctx, q, "relief.delivery", token)
			is(t, err, kernel.NotFound, "auth.error.link")
			return nil
		})
		inTx(t, w.db, func(tx *db.Tx) error { return w.links.Revoke(ctx, tx, "relief.delivery", "delivery:7", driver) })
		_, err = resolve("relief.delivery", token)
		is(t, err, kernel.NotFound, "auth.error.link")

		token = issue("relief.delivery", false)
		w.clock.Advance(time.Hour)
		_, err = resolve("relief.delivery", token)
		is(t, err, kernel.NotFound, "auth.error.link")

		// Of many holders of a one-time link at once, one wins.
		token = issue("auth.test", true)
		var wins, losses sync.Map
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				err := w.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
					_, err := w.links.Consume(ctx, tx, "auth.test", token)
					return err
				})
				if err == nil {
					wins.Store(i, true)
				} else if k := kernel.KindOf(err); k == kernel.NotFound || k == kernel.Conflict {
					losses.Store(i, true)
				}
			})
		}
		all.Wait()
		if n, m := count(&wins), count(&losses); n != 1 || m != 7 {
			t.Errorf("%d won, %d lost", n, m)
		}
	})
}

func count(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestSetupMakesThreeSeparateAdministratorsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		ctx := t.Context()
		stale, err := w.SetupLink(ctx)
		w.must(err)
		token, err := w.SetupLink(ctx)
		w.must(err)
		u := Setup{System: FirstAdmin{"sys.admin", "张系统", "13800138001", goodPassword}, Security: FirstAdmin{"sec.admin", "李安全", "13800138002", ""}, Audit: FirstAdmin{"aud.admin", "王审计", "13800138003", ""}}
		_, err = w.CompleteSetup(ctx, stale, u, "192.0.2.1")
		is(t, err, kernel.NotFound, "auth.error.link")
		bad := u
		bad.Security.Login, bad.Audit.Phone, bad.System.Password = "sys.admin", "13800138001", "short"
		_, err = w.CompleteSetup(ctx, token, bad, "192.0.2.1")
		breaks(t, err, "security.login", "duplicate")
		breaks(t, err, "audit.phone", "auth_separate_person")
		breaks(t, err, "system.password", "too_short")
		links, err := w.CompleteSetup(ctx, token, u, "192.0.2.1")
		w.must(err)
		if links[0] != "" || links[1] == "" || links[2] == "" {
			t.Errorf("links %v", links)
		}
		_, err = w.CompleteSetup(ctx, token, u, "192.0.2.1")
		is(t, err, kernel.NotFound, "auth.error.link")
		_, err = w.SetupLink(ctx)
		is(t, err, kernel.Conflict, "auth.error.set_up")
		w.must(w.SetPassword(ctx, links[1], goodPassword, "192.0.2.1"))
		for login, can := range map[string]Permission{"sys.admin": ManageAccounts, "sec.admin": AssignRoles} {
			_, _, e := w.enrol(w.enter(login))
			if p := w.who(e.Token); !p.Can(can) {
				t.Errorf("%s may %v", login, p.Permissions.Sorted())
			}
		}
	})
}

func TestSetupLinkExpires(t *testing.T) {
	w := one(t)
	token, err := w.SetupLink(t.Context())
	w.must(err)
	w.clock.Advance(24 * time.Hour)
	w.view(func(ctx context.Context, q db.Q) error {
		is(t, w.CheckSetup(ctx, q, token), kernel.NotFound, "auth.error.link")
		return nil
	})
}

func TestEnterAsIsForTheDemoOnThisMachineOnly(t *testing.T) {
	for name, c := range map[string]struct {
		demo bool
		addr string
		ok   bool
	}{
		"demo on loopback": {true, "127.0.0.1", true}, "demo on loopback 6": {true, "::1", true}, "mapped": {true, "::ffff:127.0.0.1", true},
		"demo from outside": {true, "192.0.2.1", false}, "serve on loopback": {false, "127.0.0.1", false}, "no address": {true, "", false}, "nonsense": {true, "localhost", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t, func(o *Options) { o.Demo, o.TOTP = c.demo, TOTPNobody })
			a := w.officer("approver", Assignment{Roles: []string{Approver}, Reach: ReachCity})
			e, err := w.EnterAs(t.Context(), a.ID, Client{Addr: c.addr})
			if !c.ok {
				is(t, err, kernel.NotFound, "")
				return
			}
			w.must(err)
			p := w.who(e.Token)
			if !p.Can(approvePermission) {
				t.Error("not in")
			}
			w.clock.Advance(11 * time.Minute)
			_, err = w.Confirm(t.Context(), w.who(e.Token), "", c.addr)
			w.must(err)
		})
	}
}

func TestBrokenDatabaseIsAnErrorNotAnEntry(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{})
	e := w.login("clerk")
	w.must(w.db.Close())
	if _, err := w.Login(t.Context(), "clerk", goodPassword, Client{}); err == nil {
		t.Error("signed in without a database")
	}
	if p, err := w.Authenticate(t.Context(), Credential{Cookie: e.Token}); err == nil || p != nil {
		t.Errorf("principal %+v", p)
	}
}
