package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// OIDCConfig is the city's unified identity provider (OpenID Connect Core 1.0,
// authorization code flow with PKCE).
type OIDCConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret string // "" for a public client
	RedirectURL  string // --public-url + /auth/oidc/callback
	Scopes       []string
	Provision    bool         // an unknown subject gets an account as a Person; officers are always linked by hand
	Client       *http.Client // nil: 10 seconds a request
}

// OIDCPath is where the provider sends the browser back to.
const OIDCPath = "/auth/oidc/callback"

// OIDCPurpose is what a visit to the provider is for.
type OIDCPurpose string

// The purposes.
const (
	OIDCSignIn  OIDCPurpose = "sign_in"
	OIDCLink    OIDCPurpose = "link"    // tie the provider's subject to the account that is signed in
	OIDCConfirm OIDCPurpose = "confirm" // step-up of an account that signs in this way
)

// flowLife is how long a visit to the provider may take.
const flowLife = 10 * time.Minute

// answerLimit bounds what is read from the provider in one answer.
const answerLimit = 1 << 20

// OIDC signs people in through the provider.
//
// A visit is bound to the browser by a secret in a cookie; the nonce and the
// PKCE verifier are derived from that secret and the state, so the database
// holds nothing that would help to finish somebody else's visit.
type OIDC struct {
	s   *Service
	cfg OIDCConfig

	mu       sync.Mutex
	provider *oidc.Provider // nil until the provider has answered once
}

// NewOIDC returns the sign-in through cfg. It asks the provider nothing yet,
// so that a provider that is down does not stop the platform's start.
func NewOIDC(s *Service, cfg OIDCConfig) *OIDC {
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 10 * time.Second}
	}
	bounded := *cfg.Client
	bounded.Transport = limited{cfg.Client.Transport}
	cfg.Client = &bounded
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{oidc.ScopeOpenID, "profile"}
	}
	return &OIDC{s: s, cfg: cfg}
}

// limited cuts answers at answerLimit.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		body := res.Body
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(body, answerLimit), body}
	}
	return res, err
}

// discover returns the provider, asking for its description once.
func (o *OIDC) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		// The provider keeps the context's client for later key look-ups.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.cfg.Client), o.cfg.Issuer)
		if err != nil {
			return nil, nil, kernel.Down("auth.error.oidc_down", err)
		}
		o.provider = p
	}
	return o.provider, &oauth2.Config{ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret, Endpoint: o.provider.Endpoint(),
		RedirectURL: o.cfg.RedirectURL, Scopes: o.cfg.Scopes}, nil
}

// bind derives a value of one visit from the browser's secret.
func bind(browser, state, what string) string {
	m := hmac.New(sha256.New, []byte(browser))
	m.Write([]byte(what + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Start begins a visit and returns the provider's address. browser is the
// secret of the OIDCCookie, which the caller sets on the answer; an existing
// one is kept, so that two tabs do not disturb each other.
func (o *OIDC) Start(ctx context.Context, p *Principal, purpose OIDCPurpose, next, browser string) (address, secret string, err error) {
	session := ""
	if purpose != OIDCSignIn {
		if p.Session == nil || !p.SignedIn() {
			return "", "", errSignedOut()
		}
		session = p.Session.ID
	}
	if purpose == OIDCLink {
		if err := p.NeedConfirmed(o.s.clock.Now()); err != nil {
			return "", "", err
		}
	}
	_, config, err := o.discover(ctx)
	if err != nil {
		return "", "", err
	}
	if !tokenShaped(browser) {
		browser = newToken()
	}
	state := newToken()
	err = o.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO auth_oidc_flows (state_hash, browser_hash, purpose, session_id, next, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			hashToken(state), hashToken(browser), string(purpose), session, SafeNext(next, "/"), kernel.Micros(o.s.clock.Now().Add(flowLife)))
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("start oidc: %w", err)
	}
	opts := []oauth2.AuthCodeOption{oidc.Nonce(bind(browser, state, "nonce")), oauth2.S256ChallengeOption(bind(browser, state, "verifier"))}
	if purpose == OIDCConfirm {
		opts = append(opts, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return config.AuthCodeURL(state, opts...), browser, nil
}

// errOIDC is the one answer to everything that is wrong with a callback; the
// cause is for the log.
func errOIDC(cause error) error {
	return &kernel.Error{Kind: kernel.Invalid, Key: "auth.error.oidc", Err: cause}
}

type flow struct {
	purpose OIDCPurpose
	session string
	next    string
	started time.Time
}

// claims is what this package reads of an ID token.
type claims struct {
	Subject       string   `json:"sub"`
	Party         string   `json:"azp"`
	Name          string   `json:"name"`
	Phone         string   `json:"phone_number"`
	PhoneVerified bool     `json:"phone_number_verified"`
	Methods       []string `json:"amr"`
	AuthTime      int64    `json:"auth_time"`
}

// Callback finishes a visit: query is that of the callback, browser the value
// of the OIDCCookie. It returns the entry and the path to go to.
func (o *OIDC) Callback(ctx context.Context, p *Principal, query url.Values, browser string, c Client) (e Entry, next string, err error) {
	f, err := o.spend(ctx, query.Get("state"), browser)
	if err != nil {
		return Entry{}, "", err
	}
	if problem := query.Get("error"); problem != "" {
		return Entry{}, "", errOIDC(fmt.Errorf("provider answered %q", cut(problem, 100)))
	}
	if iss := query.Get("iss"); iss != "" && iss != o.cfg.Issuer { // RFC 9207
		return Entry{}, "", errOIDC(fmt.Errorf("answer of another issuer %q", cut(iss, 200)))
	}
	who, err := o.exchange(ctx, query.Get("code"), query.Get("state"), browser)
	if err != nil {
		return Entry{}, "", err
	}
	err = o.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		switch f.purpose {
		case OIDCLink:
			e, err = o.link(ctx, tx, p, f, who)
		case OIDCConfirm:
			e, err = o.confirm(ctx, tx, p, f, who)
		default:
			e, err = o.enter(ctx, tx, who, c)
		}
		return err
	})
	return e, f.next, err
}

// spend marks a state as used, whatever comes of it: a replayed callback
// finds nothing.
func (o *OIDC) spend(ctx context.Context, state, browser string) (flow, error) {
	if !tokenShaped(state) || !tokenShaped(browser) {
		return flow{}, errOIDC(errors.New("no state, or no cookie"))
	}
	var f flow
	found := false
	err := o.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := kernel.Micros(o.s.clock.Now())
		found = false
		rows, err := db.All(ctx, tx, func(s db.Scanner) (f flow, err error) {
			var expires int64
			err = s.Scan(&f.purpose, &f.session, &f.next, &expires)
			f.started = kernel.FromMicros(expires).Add(-flowLife)
			return f, err
		}, `UPDATE auth_oidc_flows SET used_at = $1 WHERE state_hash = $2 AND browser_hash = $3 AND used_at = 0 AND expires_at > $1
			RETURNING purpose, session_id, next, expires_at`, now, hashToken(state), hashToken(browser))
		if err == nil && len(rows) == 1 {
			f, found = rows[0], true
		}
		return err
	})
	if err == nil && !found {
		err = errOIDC(errors.New("unknown, used or expired state, or another browser's"))
	}
	return f, err
}

// exchange trades the code for an ID token and checks it: signature, issuer,
// audience, authorized party, expiry, nonce.
func (o *OIDC) exchange(ctx context.Context, code, state, browser string) (claims, error) {
	provider, config, err := o.discover(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx = oidc.ClientContext(ctx, o.cfg.Client)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(bind(browser, state, "verifier")))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			return claims{}, errOIDC(err)
		}
		return claims{}, kernel.Down("auth.error.oidc_down", err)
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: o.cfg.ClientID, Now: o.s.clock.Now})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return claims{}, errOIDC(err)
	}
	if !hmac.Equal([]byte(id.Nonce), []byte(bind(browser, state, "nonce"))) {
		return claims{}, errOIDC(errors.New("nonce of another visit"))
	}
	var who claims
	if err := id.Claims(&who); err != nil {
		return claims{}, errOIDC(err)
	}
	if (len(id.Audience) > 1 || who.Party != "") && who.Party != o.cfg.ClientID {
		return claims{}, errOIDC(fmt.Errorf("token was issued to %q", who.Party))
	}
	if who.Subject == "" {
		return claims{}, errOIDC(errors.New("no subject"))
	}
	return who, nil
}

// oidcCookie is the name of the cookie; behind TLS it carries the __Host-
// prefix, so that no neighbouring host name can plant one.
func oidcCookie(secure bool) string {
	if secure {
		return "__Host-anlan_oidc"
	}
	return "anlan_oidc"
}

// OIDCCookie carries the browser's secret of its visits to the provider.
// SameSite is Lax, because the provider sends the browser back from elsewhere.
func OIDCCookie(secret string, secure bool) *http.Cookie {
	return &http.Cookie{Name: oidcCookie(secure), Value: secret, Path: "/", MaxAge: int(flowLife / time.Second),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// OIDCSecret returns what OIDCCookie set, "" without or when it cannot be one.
func OIDCSecret(r *http.Request, secure bool) string {
	c, err := r.Cookie(oidcCookie(secure))
	if err != nil || !tokenShaped(c.Value) {
		return ""
	}
	return c.Value
}
