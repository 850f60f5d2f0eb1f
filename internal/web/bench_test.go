package web_test

import (
	"net/http/httptest"
	"testing"

	"anlan/internal/webtest"
)

// BenchmarkPage is a whole request for a small page: routing, session, view,
// frame.
func BenchmarkPage(b *testing.B) {
	s := start(b, &notes{})
	h := s.Server.Handler()
	req := httptest.NewRequest("GET", "/notes/form", nil)
	req.Header.Set("Cookie", "anlan_session=reader; anlan_visitor=aaaaaaaaaaaaaaaaaaaaaaaa")
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkStart is what a server costs to build: catalogues, views, routes.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		webtest.Start(b, configOf(b))
	}
}
