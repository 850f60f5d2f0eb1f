package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"anlan/internal/kernel"
)

// provider is an independent OpenID provider (zitadel/oidc) on loopback, with
// knobs for what goes wrong at one.
type provider struct {
	*httptest.Server
	op      op.OpenIDProvider
	storage *providerStorage
	tamper  func(claims map[string]any) // changes the ID token, which is signed again with the right key
	down    bool                        // the token endpoint fails
}

func startProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{storage: &providerStorage{key: key, signWith: key, requests: map[string]*providerRequest{}, codes: map[string]string{}}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	config := &op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true, AuthMethodPost: true}
	p.op, err = op.NewProvider(config, p.storage, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/oauth/token" {
		p.op.ServeHTTP(w, r)
		return
	}
	if p.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	rec := httptest.NewRecorder()
	p.op.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	if p.tamper != nil && rec.Code == http.StatusOK {
		body = p.forge(body)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(rec.Code)
	w.Write(body)
}

// forge changes the claims of the ID token in a token answer.
func (p *provider) forge(body []byte) []byte {
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		return body
	}
	token, err := jose.ParseSigned(answer["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return body
	}
	var claims map[string]any
	json.Unmarshal(token.UnsafePayloadWithoutVerification(), &claims)
	p.tamper(claims)
	payload, _ := json.Marshal(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.storage.key, KeyID: "k1"}}, nil)
	if err != nil {
		return body
	}
	signed, _ := signer.Sign(payload)
	answer["id_token"], _ = signed.CompactSerialize()
	out, _ := json.Marshal(answer)
	return out
}

// signIn plays the browser at the provider: it follows the address that Start
// gave, signs in as subject, and returns the query of the callback.
func (p *provider) signIn(t *testing.T, address, subject string) url.Values {
	t.Helper()
	login := p.redirect(t, address)
	id := login.Query().Get("id")
	p.storage.login(id, subject)
	back := p.redirect(t, p.URL+op.AuthCallbackURL(p.op)(op.ContextWithIssuer(t.Context(), ""), id))
	if !strings.HasPrefix(back.String(), "http://anlan.test"+OIDCPath) {
		t.Fatalf("the provider sends back to %s", back)
	}
	return back.Query()
}

func (p *provider) redirect(t *testing.T, address string) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	where, err := res.Location()
	if err != nil {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s: %v: %s", address, err, bytes.TrimSpace(body))
	}
	return where
}

// providerStorage is what the provider knows, in memory.
type providerStorage struct {
	mu       sync.Mutex
	key      *rsa.PrivateKey // published
	signWith *rsa.PrivateKey // used
	life     time.Duration   // of ID tokens; 0: 5 minutes
	amr      []string
	requests map[string]*providerRequest
	codes    map[string]string
}

// providerRequest is one visit.
type providerRequest struct {
	*oidc.AuthRequest
	id, subject string
	at          time.Time
	amr         []string
}

func (r *providerRequest) GetID() string          { return r.id }
func (r *providerRequest) GetACR() string         { return "" }
func (r *providerRequest) GetAMR() []string       { return r.amr }
func (r *providerRequest) GetAudience() []string  { return []string{r.ClientID} }
func (r *providerRequest) GetAuthTime() time.Time { return r.at }
func (r *providerRequest) GetClientID() string    { return r.ClientID }
func (r *providerRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}
func (r *providerRequest) GetNonce() string                   { return r.Nonce }
func (r *providerRequest) GetRedirectURI() string             { return r.RedirectURI }
func (r *providerRequest) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *providerRequest) GetResponseMode() oidc.ResponseMode { return "" }
func (r *providerRequest) GetScopes() []string                { return r.Scopes }
func (r *providerRequest) GetState() string                   { return r.State }
func (r *providerRequest) GetSubject() string                 { return r.subject }
func (r *providerRequest) Done() bool                         { return r.subject != "" }

func (s *providerStorage) login(id, subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[id].subject, s.requests[id].at, s.requests[id].amr = subject, time.Now(), s.amr
}

func (s *providerStorage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &providerRequest{AuthRequest: r, id: kernel.NewID(time.Now())}
	s.requests[q.id] = q
	return q, nil
}

var errUnknown = errors.New("unknown")

func (s *providerStorage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.requests[id]; ok {
		return r, nil
	}
	return nil, errUnknown
}

func (s *providerStorage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	s.mu.Unlock()
	if !ok {
		return nil, errUnknown
	}
	return s.AuthRequestByID(ctx, id)
}

func (s *providerStorage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *providerStorage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *providerStorage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return kernel.NewID(time.Now()), time.Now().Add(time.Minute), nil
}

func (s *providerStorage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errUnknown
}

func (s *providerStorage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, op.ErrInvalidRefreshToken
}
func (s *providerStorage) TerminateSession(context.Context, string, string) error { return nil }
func (s *providerStorage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return nil
}
func (s *providerStorage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// signing and published are the provider's key in its two forms.
type signing struct{ *rsa.PrivateKey }

func (signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signing) Key() any                                  { return k.PrivateKey }
func (signing) ID() string                                  { return "k1" }

type published struct{ *rsa.PublicKey }

func (published) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (published) Use() string                        { return "sig" }
func (k published) Key() any                         { return k.PublicKey }
func (published) ID() string                         { return "k1" }

func (s *providerStorage) SigningKey(context.Context) (op.SigningKey, error) {
	return signing{s.signWith}, nil
}
func (s *providerStorage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}
func (s *providerStorage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{published{&s.key.PublicKey}}, nil
}

// providerClient is Anlan as the provider knows it.
type providerClient struct{ life time.Duration }

func (providerClient) GetID() string                       { return "anlan" }
func (providerClient) RedirectURIs() []string              { return []string{"http://anlan.test" + OIDCPath} }
func (providerClient) PostLogoutRedirectURIs() []string    { return nil }
func (providerClient) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (providerClient) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (providerClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (providerClient) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (providerClient) LoginURL(id string) string           { return "/login?id=" + id }
func (providerClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c providerClient) IDTokenLifetime() time.Duration    { return c.life }
func (providerClient) DevMode() bool                       { return true }
func (providerClient) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (providerClient) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (providerClient) IsScopeAllowed(string) bool           { return true }
func (providerClient) IDTokenUserinfoClaimsAssertion() bool { return true }
func (providerClient) ClockSkew() time.Duration             { return 0 }

func (s *providerStorage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != "anlan" {
		return nil, errUnknown
	}
	life := s.life
	if life == 0 {
		life = 5 * time.Minute
	}
	return providerClient{life}, nil
}

func (s *providerStorage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != "anlan" || secret != "client secret" {
		return errUnknown
	}
	return nil
}

func (s *providerStorage) SetUserinfoFromScopes(_ context.Context, u *oidc.UserInfo, user, _ string, _ []string) error {
	return s.SetUserinfoFromRequest(context.Background(), u, nil, nil)
}

func (s *providerStorage) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	if r != nil {
		u.Subject = r.GetSubject()
	}
	u.Name, u.PhoneNumber, u.PhoneNumberVerified = "张三丰", "13800138000", true
	return nil
}

func (s *providerStorage) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return nil
}
func (s *providerStorage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errUnknown
}
func (s *providerStorage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}
func (s *providerStorage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnknown
}
func (s *providerStorage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnknown
}
func (s *providerStorage) Health(context.Context) error { return nil }
