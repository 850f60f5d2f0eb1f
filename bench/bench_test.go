package bench

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

func TestDBMeasuresBothEngines(t *testing.T) {
	for engine, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "bench.db") },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			w, err := DB(t.Context(), dsn(t), 4, 200*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if w.Engine != engine || w.Layer.TxPerSecond <= 0 || w.Bare.TxPerSecond <= 0 || w.Layer.Latency.P99 <= 0 {
				t.Errorf("measured %+v", w)
			}
		})
	}
}

func TestSubmitDoesTheSameWithAndWithoutTheService(t *testing.T) {
	for engine, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			got, err := Submit(t.Context(), Submissions{Database: dsn(t), Dir: t.TempDir(), Writers: 4, Cases: 40})
			if err != nil {
				t.Fatal(err)
			}
			if got.Engine != engine || got.Cases != 40 || got.Ratio <= 0 || got.StatementsPer < 10 || got.Service.Latency.P99 <= 0 {
				t.Errorf("measured %+v", got)
			}
			t.Logf("%+v", got)
		})
	}
}

func TestSubmitRefusesWhatItCannotMeasure(t *testing.T) {
	for _, s := range []Submissions{{Writers: 0, Cases: 1}, {Writers: 1, Cases: 0}, {Database: "sqlite:x", Writers: 1, Cases: 1}} {
		if _, err := Submit(t.Context(), s); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestHTTPKeepsTheRateAndCountsStatuses(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "session=x" {
			w.WriteHeader(http.StatusForbidden)
		}
		w.Write([]byte("hello"))
	}))
	defer srv.Close()
	got, err := HTTP(t.Context(), Load{URL: srv.URL, Rate: 100, For: 300 * time.Millisecond, Cookie: "session=x"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 30 || got.Statuses["200"] != 30 || got.Bytes != 150 || got.Latency.Max < got.Latency.P50 {
		t.Errorf("got %+v", got)
	}
}

func TestLoadGoesToThisMachineOnly(t *testing.T) {
	for _, l := range []Load{
		{URL: "http://203.0.113.7/", Rate: 1, For: time.Second},
		{URL: "http://anlan.example/", Rate: 1, For: time.Second},
		{URL: "http://127.0.0.1/", Rate: 0, For: time.Second},
		{URL: "http://127.0.0.1/", Rate: 1, For: time.Hour},
	} {
		if _, err := HTTP(t.Context(), l); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
