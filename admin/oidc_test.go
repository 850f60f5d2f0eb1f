package admin

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"anlan/internal/auth"
	"anlan/internal/webtest"
)

// oidcConfig starts a small identity provider that lets "citizen-1" in and
// names an ID token by the nonce that the code carries. Package auth is tested
// against an independent one.
func oidcConfig(t *testing.T) auth.OIDCConfig {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	must(t, err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token",
			"jwks_uri": server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		claims, _ := json.Marshal(map[string]any{"iss": server.URL, "sub": "citizen-1", "aud": "anlan", "name": "孙市民", "nonce": r.FormValue("code"),
			"iat": webtest.Now.Unix(), "exp": webtest.Now.Add(time.Hour).Unix(), "auth_time": webtest.Now.Unix()})
		signed, err := signer.Sign(claims)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		token, _ := signed.CompactSerialize()
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
	})
	return auth.OIDCConfig{Issuer: server.URL, ClientID: "anlan", RedirectURL: "http://anlan.test" + auth.OIDCPath, Provision: true}
}

func withOIDC(_ *auth.Options, p *Parts) { p.OIDC = new(auth.OIDC) }

// leave follows the link to the provider as far as the provider's address.
func leave(t *testing.T, c *webtest.Client, address string) url.Values {
	t.Helper()
	req, err := http.NewRequest("GET", address, nil)
	must(t, err)
	p := c.Do(req)
	u, err := url.Parse(p.Path)
	must(t, err)
	return u.Query()
}

func TestUnifiedIdentityBringsBack(t *testing.T) {
	w := open(t, withOIDC)
	c := w.Client(t, "")
	p := c.Get("/sign-in?return=/account").Want(200, "统一身份认证登录")
	visit := leave(t, c, w.URL+p.Links("统一身份认证登录")[0])
	if visit.Get("state") == "" || visit.Get("code_challenge_method") != "S256" {
		t.Fatalf("sent to the provider with %v", visit)
	}
	back := auth.OIDCPath + "?" + url.Values{"state": {visit.Get("state")}, "code": {visit.Get("nonce")}}.Encode()
	if p := w.Client(t, "").Get(back); p.Path != "/sign-in" || !strings.Contains(p.Body, "统一身份认证未通过") {
		t.Errorf("another browser came to %s", p.Path)
	}
	c.Get(back).Want(200, "我的账号", "孙市民")
	c.Get("/account/security").Want(200, "citizen-1")
	c.Get("/account/password").Want(200, "没有设置密码")
	if p := c.Get(back); !strings.Contains(p.Body, "统一身份认证未通过") {
		t.Errorf("a replayed answer came to %s", p.Path)
	}
}

func TestWithoutAProviderThereIsNoButtonAndNoPage(t *testing.T) {
	w := open(t)
	w.Client(t, "").Get("/sign-in").Lacks("统一身份认证登录")
	status(t, w.Client(t, "").Get("/auth/oidc"), 404)
}
