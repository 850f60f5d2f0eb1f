package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/url"
	"strings"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// city is an installation that signs in through a provider.
type city struct {
	*desk
	p    *provider
	oidc *OIDC
}

func openCity(t *testing.T, d *db.DB, change ...func(*OIDCConfig)) *city {
	t.Helper()
	w, p := open(t, d), startProvider(t)
	w.clock.Set(time.Now()) // the provider has a clock of its own
	cfg := OIDCConfig{Issuer: p.URL, ClientID: "anlan", ClientSecret: "client secret", RedirectURL: "http://anlan.test" + OIDCPath}
	for _, c := range change {
		c(&cfg)
	}
	return &city{w, p, NewOIDC(w.Service, cfg)}
}

func oneCity(t *testing.T, change ...func(*OIDCConfig)) *city {
	t.Helper()
	return openCity(t, dbtest.SQLite(t, schema...), change...)
}

// visit goes to the provider and comes back.
func (c *city) visit(who *Principal, purpose OIDCPurpose, subject string) (query url.Values, browser string) {
	c.t.Helper()
	address, browser, err := c.oidc.Start(c.t.Context(), who, purpose, "/cases?page=2", "")
	c.must(err)
	return c.p.signIn(c.t, address, subject), browser
}

func (c *city) enterBy(subject string) (Entry, string, error) {
	query, browser := c.visit(Public("192.0.2.1"), OIDCSignIn, subject)
	return c.oidc.Callback(c.t.Context(), Public("192.0.2.1"), query, browser, Client{Addr: "192.0.2.1"})
}

// linked creates an officer whose account is tied to subject.
func (c *city) linked(login, subject string) *Principal {
	c.t.Helper()
	c.officer(login, Assignment{Roles: []string{Reviewer}, Reach: ReachCity})
	p := c.enter(login)
	query, browser := c.visit(p, OIDCLink, subject)
	e, _, err := c.oidc.Callback(c.t.Context(), p, query, browser, Client{Addr: "192.0.2.1"})
	c.must(err)
	return c.who(e.Token)
}

func TestOIDCSignsInTheLinkedAccountAndLeadsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := openCity(t, d)
		_, _, err := c.enterBy("city-42")
		is(t, err, kernel.Denied, "auth.error.not_linked")
		linked := c.linked("clerk", "city-42")
		e, next, err := c.enterBy("city-42")
		c.must(err)
		p := c.who(e.Token)
		if p.Account.ID != linked.Account.ID || !p.Can(licencePermission) || next != "/cases?page=2" || e.Session.Method != ByOIDC {
			t.Errorf("principal %+v, next %q", p, next)
		}
		c.view(func(ctx context.Context, q db.Q) error {
			ids, err := c.Identities(ctx, q, p.Account.ID)
			if len(ids) != 1 || ids[0].Subject != "city-42" {
				t.Errorf("identities %+v", ids)
			}
			return err
		})
		c.officer("other", Assignment{})
		other := c.enter("other")
		query, browser := c.visit(other, OIDCLink, "city-42")
		_, _, err = c.oidc.Callback(t.Context(), other, query, browser, Client{})
		is(t, err, kernel.Conflict, "auth.error.linked_elsewhere")
		c.must(c.Unlink(t.Context(), p, c.p.URL, "city-42"))
		_, _, err = c.enterBy("city-42")
		is(t, err, kernel.Denied, "auth.error.not_linked")
	}, schema...)
}

func TestOIDCStartAsksWithStateNonceAndPKCE(t *testing.T) {
	c := oneCity(t)
	address, browser, err := c.oidc.Start(t.Context(), Public(""), OIDCSignIn, "//evil.example", "")
	c.must(err)
	u, err := url.Parse(address)
	c.must(err)
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("nonce")) != 43 || len(q.Get("state")) != 43 {
		t.Errorf("query %v", q)
	}
	_, same, err := c.oidc.Start(t.Context(), Public(""), OIDCSignIn, "/", browser)
	c.must(err)
	if same != browser {
		t.Error("a second tab takes the first one's secret away")
	}
	dump := c.dump("auth_oidc_flows")
	for what, secret := range map[string]string{"state": q.Get("state"), "nonce": q.Get("nonce"), "browser secret": browser, "verifier": bind(browser, q.Get("state"), "verifier"), "evil": "evil"} {
		if strings.Contains(dump, secret) {
			t.Errorf("the %s stands in the database", what)
		}
	}
}

func TestOIDCRefusesWhateverIsWrongWithTheToken(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := oneCity(t)
	c.linked("clerk", "city-42")
	tamper := func(change func(m map[string]any)) func() { return func() { c.p.tamper = change } }
	for name, f := range map[string]struct {
		fault   func()
		because string
	}{
		"signed with another key": {func() { c.p.storage.signWith = stranger }, "signature"},
		"expired":                 {func() { c.p.storage.life = -time.Hour }, "expired"},
		"for another audience":    {tamper(func(m map[string]any) { m["aud"], m["azp"] = []string{"other"}, "other" }), "audience"},
		"issued to another party": {tamper(func(m map[string]any) { m["aud"], m["azp"] = []string{"anlan", "other"}, "other" }), "issued to"},
		"of another issuer":       {tamper(func(m map[string]any) { m["iss"] = "https://evil.example" }), "different provider"},
		"with another nonce":      {tamper(func(m map[string]any) { m["nonce"] = "n" }), "nonce"},
		"without a nonce":         {tamper(func(m map[string]any) { delete(m, "nonce") }), "nonce"},
		"without a subject":       {tamper(func(m map[string]any) { delete(m, "sub") }), "subject"},
	} {
		t.Run(name, func(t *testing.T) {
			c.p.storage.signWith, c.p.storage.life, c.p.tamper = c.p.storage.key, 0, nil
			f.fault()
			_, _, err := c.enterBy("city-42")
			is(t, err, kernel.Invalid, "auth.error.oidc")
			if !strings.Contains(err.Error(), f.because) {
				t.Errorf("refused because of %v, want %q", err, f.because)
			}
		})
	}
	c.p.storage.signWith, c.p.storage.life, c.p.tamper = c.p.storage.key, 0, nil
	if _, _, err := c.enterBy("city-42"); err != nil {
		t.Fatalf("without a fault: %v", err)
	}
}

func TestOIDCRefusesReplayedForeignAndMissingState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := openCity(t, d)
		c.linked("clerk", "city-42")
		callback := func(q url.Values, browser string) error {
			_, _, err := c.oidc.Callback(t.Context(), Public(""), q, browser, Client{})
			return err
		}
		query, browser := c.visit(Public(""), OIDCSignIn, "city-42")
		c.must(callback(query, browser))
		is(t, callback(query, browser), kernel.Invalid, "auth.error.oidc") // the whole callback again

		fresh, other := c.visit(Public(""), OIDCSignIn, "city-42")
		is(t, callback(fresh, browser), kernel.Invalid, "auth.error.oidc") // another browser: login CSRF
		is(t, callback(fresh, ""), kernel.Invalid, "auth.error.oidc")
		replayed := url.Values{"state": fresh["state"], "code": query["code"]}
		is(t, callback(replayed, other), kernel.Invalid, "auth.error.oidc") // an old code under a new state

		swapped, browser1 := c.visit(Public(""), OIDCSignIn, "city-42")
		stolen, _ := c.visit(Public(""), OIDCSignIn, "city-13")
		swapped.Set("code", stolen.Get("code")) // another visit's code: PKCE does not fit
		is(t, callback(swapped, browser1), kernel.Invalid, "auth.error.oidc")

		is(t, callback(url.Values{"code": {"x"}}, browser), kernel.Invalid, "auth.error.oidc")
		is(t, callback(url.Values{"code": {"x"}, "state": {newToken()}}, newToken()), kernel.Invalid, "auth.error.oidc")

		late, browser2 := c.visit(Public(""), OIDCSignIn, "city-42")
		c.clock.Advance(10 * time.Minute)
		is(t, callback(late, browser2), kernel.Invalid, "auth.error.oidc")
		c.clock.Set(time.Now())

		refused, browser3 := c.visit(Public(""), OIDCSignIn, "city-42")
		is(t, callback(url.Values{"state": refused["state"], "error": {"access_denied"}}, browser3), kernel.Invalid, "auth.error.oidc")

		mixed, browser4 := c.visit(Public(""), OIDCSignIn, "city-42")
		mixed.Set("iss", "https://evil.example")
		is(t, callback(mixed, browser4), kernel.Invalid, "auth.error.oidc")
	}, schema...)
}

func TestOIDCProvisionsPersonsOnly(t *testing.T) {
	c := oneCity(t, func(o *OIDCConfig) { o.Provision = true; o.Scopes = []string{"openid", "profile", "phone"} })
	e, _, err := c.enterBy("citizen-1")
	c.must(err)
	p := c.who(e.Token)
	if p.Account.Kind != Person || p.Account.Name != "张**" || p.Account.Phone != "138****8000" || p.Account.Password || !p.Account.HasRole(Applicant) {
		t.Errorf("account %+v", p.Account)
	}
	is(t, c.Unlink(t.Context(), p, c.p.URL, "citizen-1"), kernel.Conflict, "auth.error.last_way_in")
	again, _, err := c.enterBy("citizen-1")
	c.must(err)
	if c.who(again.Token).Account.ID != p.Account.ID {
		t.Error("a second account was made")
	}
	second, _, err := c.enterBy("citizen-2") // accounts without a login do not collide
	c.must(err)
	if c.who(second.Token).Account.ID == p.Account.ID {
		t.Error("two subjects share an account")
	}
}

func TestOIDCAskedForASecondFactorOrWeDo(t *testing.T) {
	c := oneCity(t)
	p := c.linked("boss", "city-1")
	_, _, _ = c.enrol(p)
	e, _, err := c.enterBy("city-1")
	c.must(err)
	if e.Session.Stage != NeedsTOTP {
		t.Errorf("stage %q", e.Session.Stage)
	}
	c.p.storage.amr = []string{"pwd", "otp"}
	e, _, err = c.enterBy("city-1")
	c.must(err)
	if e.Session.Stage != Complete {
		t.Errorf("stage %q although the provider asked", e.Session.Stage)
	}
}

func TestOIDCConfirmsAStepUp(t *testing.T) {
	c := oneCity(t)
	c.linked("clerk", "city-42")
	e, _, err := c.enterBy("city-42")
	c.must(err)
	c.clock.Advance(11 * time.Minute)
	p := c.who(e.Token)
	is(t, p.NeedConfirmed(c.clock.Now()), kernel.Denied, KeyConfirmFirst)
	c.clock.Set(time.Now().Add(time.Second)) // back to the provider's time
	query, browser := c.visit(p, OIDCConfirm, "city-13")
	_, _, err = c.oidc.Callback(t.Context(), p, query, browser, Client{})
	is(t, err, kernel.Denied, "auth.error.not_linked") // somebody else at the provider
	c.p.tamper = func(m map[string]any) { m["auth_time"] = time.Now().Add(-time.Hour).Unix() }
	query, browser = c.visit(p, OIDCConfirm, "city-42")
	_, _, err = c.oidc.Callback(t.Context(), p, query, browser, Client{})
	is(t, err, kernel.Invalid, "auth.error.oidc") // the provider did not ask again
	c.p.tamper = nil
	query, browser = c.visit(p, OIDCConfirm, "city-42")
	_, _, err = c.oidc.Callback(t.Context(), Public(""), query, browser, Client{})
	is(t, err, kernel.SignedOut, "") // another session than the one that left
	query, browser = c.visit(p, OIDCConfirm, "city-42")
	confirmed, _, err := c.oidc.Callback(t.Context(), p, query, browser, Client{})
	c.must(err)
	c.must(c.who(confirmed.Token).NeedConfirmed(c.clock.Now()))
}

func TestOIDCProviderThatIsDownIsUnavailable(t *testing.T) {
	c := oneCity(t)
	c.linked("clerk", "city-42")
	query, browser := c.visit(Public(""), OIDCSignIn, "city-42")
	c.p.down = true
	_, _, err := c.oidc.Callback(t.Context(), Public(""), query, browser, Client{})
	is(t, err, kernel.Unavailable, "auth.error.oidc_down")
	nobody := NewOIDC(c.Service, OIDCConfig{Issuer: "http://127.0.0.1:1", ClientID: "anlan"})
	_, _, err = nobody.Start(t.Context(), Public(""), OIDCSignIn, "/", "")
	is(t, err, kernel.Unavailable, "auth.error.oidc_down")
}
