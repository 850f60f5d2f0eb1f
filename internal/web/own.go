package web

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"anlan/internal/i18n"
	"anlan/ui"
)

//go:embed views/*.html locale/*.json
var own embed.FS

// Source is the texts of the pages that this package shows itself.
func Source() i18n.Source { return i18n.Source{Owner: "web", FS: own} }

// ownRoutes are the pages of the machinery itself.
func (s *Server) ownRoutes() []Route {
	routes := []Route{
		{Method: http.MethodGet, Path: assetsPath, Permission: Public, Machine: true, Handler: func(r *Request) error { return s.assets.serve(r) }},
		{Method: http.MethodGet, Path: "/look", Permission: Public, Handler: s.switchLook},
		{Method: http.MethodGet, Path: "/live", Permission: Public, Handler: s.live, Timeout: -1, Limit: Limit{N: 120, Per: time.Minute}},
		{Method: http.MethodGet, Path: resumePath + "{token}", Permission: SignedIn, Handler: s.resume},
		{Method: http.MethodGet, Path: "/api/openapi.json", Permission: Public, Machine: true, Handler: s.serveAPI},
		{Method: http.MethodGet, Path: "/api", Permission: Public, Handler: s.pageAPI},
		{Method: http.MethodGet, Path: "/help/keys", Permission: Public, Handler: func(r *Request) error { return r.Render("web/keys", nil) }},
		{Method: http.MethodGet, Path: "/offline", Permission: Public, Frame: Bare, Handler: func(r *Request) error { return r.Render("web/offline", nil) }},
		{Method: http.MethodGet, Path: "/favicon.ico", Permission: Public, Machine: true, Handler: s.favicon},
		{Method: http.MethodGet, Path: "/offline.js", Permission: Public, Machine: true, Handler: s.worker},
	}
	return routes
}

func (s *Server) favicon(r *Request) error {
	f := s.assets.files["img/favicon.svg"]
	r.SetHeader("Content-Type", f.kind)
	r.SetHeader("Cache-Control", "public, max-age=86400")
	_, err := r.w.Write(f.plain)
	return ignoreGone(err)
}

// worker serves the service worker from the root, whose scope it needs.
func (s *Server) worker(r *Request) error {
	f := s.assets.files["js/worker.js"]
	r.SetHeader("Content-Type", f.kind)
	r.SetHeader("Cache-Control", "no-cache")
	_, err := r.w.Write(f.plain)
	return ignoreGone(err)
}

// sources are all catalogues: of the components, of this package, of the
// rooms and of packages without views.
func (cfg Config) sources() []i18n.Source {
	out := []i18n.Source{{Owner: "ui", FS: ui.Locale()}, Source()}
	for _, v := range cfg.Views {
		out = append(out, i18n.Source{Owner: v.Room, FS: v.FS})
	}
	return append(out, cfg.Texts...)
}

func (cfg Config) allViews() []Views {
	return append([]Views{{Room: "web", FS: own}}, cfg.Views...)
}

// checkNav reports entries of the navigation whose texts or icons are missing.
func (s *Server) checkNav() error {
	var faults []error
	for _, rt := range s.routes {
		if rt.Nav == nil {
			continue
		}
		for _, key := range []string{rt.Nav.Label, rt.Nav.Group + ".nav"} {
			if !s.texts.Has(key) {
				faults = append(faults, fmt.Errorf("route %s: navigation: there is no text %q", rt, key))
			}
		}
		if !ui.HasIcon(rt.Nav.Icon) {
			faults = append(faults, fmt.Errorf("route %s: navigation: there is no icon %q", rt, rt.Nav.Icon))
		}
	}
	return errors.Join(faults...)
}
