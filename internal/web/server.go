package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/stream"
)

// Identity finds out who asks; auth implements it by way of app. Both methods
// return a principal whenever they return no error: somebody unknown, or with
// a session that has ended, gets auth.Public.
type Identity interface {
	Session(ctx context.Context, token, addr string) (*auth.Principal, error)
	Token(ctx context.Context, token, addr string) (*auth.Principal, error)
}

// Hub is the part of stream.Hub that /live needs.
type Hub interface {
	Subscribe(ctx context.Context, topics []string, lastID string) *stream.Subscription
	LastID() string
}

// Config is what a server needs; DB, Identity and Secret are required.
type Config struct {
	DB       *db.DB
	Identity Identity
	Secret   []byte // ≥ 32 bytes; forms, flashes and put-aside input are sealed with keys derived from it
	Routes   []Route
	Views    []Views
	Texts    []i18n.Source // of packages without views
	Hub      Hub           // nil: no /live
	Topics   []Topic
	Clock    kernel.Clock // nil: the system's
	Log      *slog.Logger // nil: slog.Default()
	Proxies  []netip.Prefix
	Secure   bool // served over TLS, by us or by the proxy: Secure cookies, HSTS
	Site     Site
	SignIn   string                        // path of the sign-in page; "" = "/sign-in"
	SignOut  string                        // path that a POST signs out at; "" = "/sign-out"
	Confirm  string                        // path of the step-up page; "" = "/sign-in/confirm"
	Counts   func(*Request) map[string]int // numbers beside entries of the navigation, by path; nil none
	Observe  func(route string, status int, took time.Duration)
}

// Site is what the frames say about the installation.
type Site struct {
	Name     kernel.Text // 天津市应急管理局
	Operator kernel.Text // who runs the site, for the footer
	Hotlines []Hotline
	ICP      string // filing number; "" shows a placeholder marked as sample
	Police   string // 公安备案 number; "" shows a placeholder marked as sample
	Demo     bool   // sample data: shows the banner
}

// Hotline is a telephone number that helps.
type Hotline struct {
	Label  kernel.Text
	Number string
}

// Server answers requests. Make it with New, mount Handler or call Serve.
type Server struct {
	cfg      Config
	log      *slog.Logger
	clock    kernel.Clock
	db       *db.DB
	texts    *i18n.Catalogues
	views    *views
	assets   *assets
	seal     *sealer
	limits   *limiter
	routes   []Route
	gets     map[string]auth.Permission // permission by path of every GET route
	topics   []Topic
	handler  http.Handler
	api      []byte // the OpenAPI document
	process  string // marks the claims of this process
	inFlight *inFlight
	base     context.Context // ends when the server stops: closes live connections
	stop     context.CancelFunc
}

// New builds the server. It fails when a route names no permission, two
// routes conflict, a view does not parse, or the catalogues are faulty, and
// says everything that is wrong.
func New(cfg Config) (*Server, error) {
	if cfg.DB == nil || cfg.Identity == nil {
		return nil, errors.New("web: Config needs DB and Identity")
	}
	if len(cfg.Secret) < 32 {
		return nil, errors.New("web: the secret must have 32 bytes or more")
	}
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cfg.Log, clock: cfg.Clock, db: cfg.DB, process: kernel.NewSecret(12),
		limits: newLimiter(), seal: newSealer(cfg.Secret), inFlight: newInFlight(), topics: cfg.Topics}
	s.base, s.stop = context.WithCancel(context.Background())
	s.routes = append(s.ownRoutes(), cfg.Routes...)
	s.gets = map[string]auth.Permission{}
	for _, rt := range s.routes {
		if rt.Method == http.MethodGet {
			s.gets[rt.Path] = rt.Permission
		}
	}
	texts, textErr := i18n.Load(cfg.sources()...)
	s.texts = texts
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	s.assets = assets
	if textErr != nil {
		return nil, fmt.Errorf("catalogues: %w", textErr)
	}
	var viewErr error
	s.views, viewErr = parseViews(texts, assets, cfg.allViews())
	apiErr := s.buildAPI()
	mux, routeErr := mount(s.routes, s.serveRoute)
	if err := errors.Join(viewErr, apiErr, routeErr, checkTopics(cfg.Topics), s.checkNav()); err != nil {
		return nil, err
	}
	s.handler = s.outer(mux)
	return s, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Clock == nil {
		cfg.Clock = kernel.SystemClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	for _, d := range []struct {
		field *string
		value string
	}{{&cfg.SignIn, "/sign-in"}, {&cfg.SignOut, "/sign-out"}, {&cfg.Confirm, "/sign-in/confirm"}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int, time.Duration) {}
	}
	return cfg
}

// Handler returns the whole site.
func (s *Server) Handler() http.Handler { return s.handler }

// Routes returns the route table, our own routes included.
func (s *Server) Routes() []Route { return s.routes }

// Texts returns the merged catalogues.
func (s *Server) Texts() *i18n.Catalogues { return s.texts }

// derive makes a key for one purpose from the secret.
func derive(secret []byte, purpose string) [32]byte {
	return sha256.Sum256(append([]byte("anlan/web/"+purpose+"\x00"), secret...))
}
