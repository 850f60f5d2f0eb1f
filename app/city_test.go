package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/sample"
)

// city is the whole demo, served for the tests that walk through it. It is
// built once; those who use it leave it as they found it.
type city struct {
	webtest.Site
	base     *Base
	services *services
	routes   []web.Route
	entries  []sample.Entry
}

var theCity struct {
	once sync.Once
	city *city
	end  func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if theCity.end != nil {
		theCity.end()
	}
	os.Exit(code)
}

// wholeCity returns the demo with all its cases.
func wholeCity(t *testing.T) *city {
	t.Helper()
	theCity.once.Do(func() { theCity.city, theCity.end, theCity.err = buildCity() })
	if theCity.err != nil {
		t.Fatal(theCity.err)
	}
	return theCity.city
}

func buildCity() (*city, func(), error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "anlan-city-")
	if err != nil {
		return nil, nil, err
	}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	end := func() { server.Close(); os.RemoveAll(dir) }
	b, err := Open(ctx, Config{Data: dir, Addr: server.Listener.Addr().String(), PublicURL: server.URL}, kernel.SystemClock{}, quiet())
	if err != nil {
		return nil, end, err
	}
	end = func() { server.Close(); b.Close(); os.RemoveAll(dir) }
	if _, err := b.Migrate(ctx); err != nil {
		return nil, end, err
	}
	s, server2, err := assemble(ctx, b, composition{demo: true, say: func(string, ...any) {}})
	if err != nil {
		return nil, end, err
	}
	handler = server2.Handler()
	c := &city{Site: webtest.Site{URL: server.URL, Server: server2, DB: b.DB}, base: b, services: s, routes: server2.Routes()}
	if err := c.growUp(ctx); err != nil {
		return nil, end, err
	}
	return c, end, b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		c.entries, err = s.city.Entries(ctx, q)
		return err
	})
}

// growUp lets the platform's own runner build the rest of the city.
func (c *city) growUp(ctx context.Context) error {
	c.services.jobs.Start(ctx)
	defer c.services.jobs.Stop()
	for until := time.Now().Add(4 * time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		var jobs []job.Status
		err := c.base.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
			jobs, err = job.List(ctx, q, job.Filter{})
			jobs = slices.DeleteFunc(jobs, func(j job.Status) bool { return j.Kind != sample.JobKind })
			return err
		})
		switch {
		case err != nil:
			return err
		case len(jobs) != 1:
			return fmt.Errorf("%d jobs build the city", len(jobs))
		case jobs[0].State == job.Done:
			return errors.Join(c.services.licensing.RenderPapers(ctx), c.services.bus.Drain(ctx))
		case !jobs[0].State.Open():
			return fmt.Errorf("the city is %s: %v", jobs[0].State, jobs[0].Problem)
		}
	}
	return errors.New("the city is still being built")
}

// enter signs in as whom a visitor of the demo may be.
func (c *city) enter(t *testing.T, e sample.Entry) (token string, who *auth.Principal) {
	t.Helper()
	entry, err := c.services.auth.EnterAs(t.Context(), e.Account, auth.Client{Addr: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	who, err = c.services.auth.Authenticate(t.Context(), auth.Credential{Cookie: entry.Token, Addr: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return entry.Token, who
}
