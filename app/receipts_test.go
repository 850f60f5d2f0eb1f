package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"anlan/internal/db"
	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

// later stands in for a platform that decides on a record after it has taken
// it.
func later(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(server.Close)
	return server
}

func TestPeersSayLaterWhatBecameOfARecord(t *testing.T) {
	b := opened(t, Config{Data: t.TempDir()})
	peer := exchange.System{ID: "credit", Kinds: []string{kindRating}, HTTP: &exchange.Endpoint{URL: later(t).URL, Secret: []byte("shared"), Later: true}}
	x, err := exchange.New(b.DB, b.Clock, b.Log, exchange.Options{Systems: []exchange.System{peer}})
	if err != nil {
		t.Fatal(err)
	}
	err = b.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return x.Put(ctx, tx, b.Clock.Now(), exchange.Record{Kind: kindRating, Subject: "case:1", Key: "1", Body: map[string]int{"stars": 5}})
	})
	if err == nil {
		err = x.Drain(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	message := func() (m exchange.Message) {
		err := b.DB.View(t.Context(), func(ctx context.Context, q db.Q) error {
			found, err := exchange.List(ctx, q, exchange.Filter{})
			if err == nil && len(found) == 1 {
				m = found[0]
			}
			return err
		})
		if err != nil || m.ID == "" {
			t.Fatalf("the message is not there: %v", err)
		}
		return m
	}
	sent := message()
	if sent.State != exchange.Sent {
		t.Fatalf("the message is %s", sent.State)
	}
	site := webtest.Start(t, web.Config{Routes: receiptRoutes(x), Views: views(), Texts: texts()})
	tell := func(system, secret, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/exchange/"+system+"/receipts", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(outward.SignatureHeader, outward.Sign([]byte(secret), kernel.SystemClock{}.Now(), []byte(body)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	receipt := `{"id":"` + sent.ID + `","state":"rejected","errors":[{"field":"XK_WSH","rule":"duplicate"}]}`
	for _, c := range []struct {
		system, secret, body string
		want                 int
	}{
		{"credit", "a guess", receipt, http.StatusForbidden},
		{"nobody", "shared", receipt, http.StatusNotFound},
		{"credit", "shared", `{"id":`, http.StatusUnprocessableEntity},
		{"credit", "shared", receipt, http.StatusNoContent},
		{"credit", "shared", receipt, http.StatusNoContent}, // told again
	} {
		if got := tell(c.system, c.secret, c.body); got != c.want {
			t.Errorf("%s signed by %q for %s was answered %d, want %d", c.body, c.secret, c.system, got, c.want)
		}
	}
	if m := message(); m.State != exchange.Rejected || len(m.Problems) != 1 {
		t.Errorf("the message is %s with %v", m.State, m.Problems)
	}
}
