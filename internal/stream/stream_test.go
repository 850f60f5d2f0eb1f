package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"
)

// maker makes hubs that see each other's events, as processes do; in process
// that is one and the same hub.
type maker func(t *testing.T, opts Options) (a, b *Hub)

// each runs the same conformance test in process and over NATS.
func each(t *testing.T, test func(t *testing.T, make maker)) {
	t.Run("process", func(t *testing.T) {
		test(t, func(t *testing.T, opts Options) (*Hub, *Hub) {
			h := NewHub(opts)
			t.Cleanup(h.Close)
			return h, h
		})
	})
	t.Run("nats", func(t *testing.T) {
		test(t, func(t *testing.T, opts Options) (*Hub, *Hub) {
			url := startNATS(t, t.TempDir(), -1).ClientURL()
			return connect(t, url, opts), connect(t, url, opts)
		})
	})
}

func startNATS(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	return s
}

func connect(t *testing.T, url string, opts Options) *Hub {
	t.Helper()
	opts.Log = slog.New(slog.DiscardHandler)
	h, err := Connect(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func next(t *testing.T, s *Subscription) Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	e, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("no event: %v", err)
	}
	return e
}

// nothing reports an event that should not have come.
func nothing(t *testing.T, s *Subscription) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if e, err := s.Next(ctx); err == nil {
		t.Errorf("unexpected event %+v", e)
	}
}

// await waits until h has the event with number n.
func await(t *testing.T, h *Hub, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		h.mu.Lock()
		last := h.last
		h.mu.Unlock()
		if last >= uint64(n) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("hub is at %d, want %d", last, n)
		}
	}
}

func TestSubscribersGetTheirTopicsInOrder(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		a, b := make(t, Options{})
		here, there := a.Subscribe(t.Context(), []string{"case:1", "job:x"}, ""), b.Subscribe(t.Context(), []string{"job:x"}, "")
		a.Publish("case:1", map[string]int{"n": 1})
		a.Publish("其他", "not for them")
		b.Publish("job:x", "二")
		// Two processes publish side by side, so their order is the server's.
		got := map[string]string{}
		for range 2 {
			e := next(t, here)
			got[e.Topic] = string(e.Data)
		}
		if want := map[string]string{"case:1": `{"n":1}`, "job:x": `"二"`}; !cmp.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if e := next(t, there); e.Topic != "job:x" || e.Reload {
			t.Errorf("there: %+v", e)
		}
		nothing(t, here)
		for i := range 100 {
			a.Publish("job:x", i)
		}
		for i := range 100 {
			if e := next(t, there); string(e.Data) != fmt.Sprint(i) {
				t.Fatalf("event %d: %s", i, e.Data)
			}
		}
	})
}

func TestPageContinuesAfterItsLastEvent(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		a, b := make(t, Options{})
		s := a.Subscribe(t.Context(), []string{"x"}, a.LastID())
		for i := range 5 {
			a.Publish("x", i)
			a.Publish("y", i)
		}
		var third string
		for i := range 5 {
			if e := next(t, s); i == 2 {
				third = e.ID
			}
		}
		await(t, b, 10)
		again := b.Subscribe(t.Context(), []string{"x"}, third) // another process serves the page now
		for _, want := range []string{"3", "4"} {
			if e := next(t, again); string(e.Data) != want || e.Reload {
				t.Errorf("replayed %+v, want %s", e, want)
			}
		}
		nothing(t, again)
		nothing(t, b.Subscribe(t.Context(), []string{"x"}, b.LastID()))
	})
}

func TestPageThatMissedTooMuchReloads(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		a, b := make(t, Options{Window: 10})
		first := a.LastID()
		for i := range 30 {
			a.Publish("x", i)
		}
		await(t, a, 30)
		await(t, b, 30)
		for name, id := range map[string]string{
			"too long away": first, "another epoch": "zzz-3", "no id at all": "rubbish", "from the future": b.id(99), "number": b.id(0) + "x",
		} {
			s := b.Subscribe(t.Context(), []string{"x"}, id)
			if e := next(t, s); !e.Reload || e.ID != b.LastID() {
				t.Errorf("%s: %+v", name, e)
			}
			nothing(t, s)
		}
		if e := next(t, b.Subscribe(t.Context(), []string{"x"}, b.id(20))); e.Reload || string(e.Data) != "20" {
			t.Errorf("the oldest that is kept: %+v", e)
		}
	})
}

func TestSlowSubscriberReloadsAndHoldsNobodyUp(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		a, _ := make(t, Options{Queue: 8})
		slow, quick := a.Subscribe(t.Context(), []string{"x"}, ""), a.Subscribe(t.Context(), []string{"x"}, "")
		for i := range 9 {
			a.Publish("x", i)
			if e := next(t, quick); string(e.Data) != fmt.Sprint(i) {
				t.Fatalf("quick: %+v", e)
			}
		}
		if e := next(t, slow); !e.Reload || e.ID != a.LastID() {
			t.Errorf("slow: %+v", e)
		}
		a.Publish("x", "after")
		if e := next(t, slow); string(e.Data) != `"after"` {
			t.Errorf("after the reload: %+v", e)
		}
	})
}

func TestWindowIsBoundedByBytes(t *testing.T) {
	h := NewHub(Options{Bytes: 1000})
	for range 100 {
		h.Publish("x", strings.Repeat("a", 98))
	}
	if len(h.window) != 10 || h.bytes != 1000 {
		t.Errorf("%d events of %d bytes are kept", len(h.window), h.bytes)
	}
	h.Publish("x", strings.Repeat("a", 5000))
	if len(h.window) != 1 {
		t.Errorf("%d events are kept beside a large one", len(h.window))
	}
}

func TestSubscriptionEndsWithItsContextAndItsHub(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		a, _ := make(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		s, other := a.Subscribe(ctx, []string{"x"}, ""), a.Subscribe(t.Context(), []string{"x"}, "")
		cancel()
		for _, ended := range []*Subscription{s, other} {
			if _, err := ended.Next(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("%v", err)
			}
			a.Close()
		}
		if n := a.Subscribers(); n != 0 {
			t.Errorf("%d subscribers left", n)
		}
	})
}

func TestRestartedServerMakesPagesReload(t *testing.T) {
	dir := t.TempDir()
	first := startNATS(t, dir, -1)
	port := first.Addr().String()
	var n int
	if _, err := fmt.Sscanf(port[strings.LastIndex(port, ":")+1:], "%d", &n); err != nil {
		t.Fatal(err)
	}
	h := connect(t, first.ClientURL(), Options{})
	h.Publish("x", 1)
	await(t, h, 1)
	old := h.LastID()
	s := h.Subscribe(t.Context(), []string{"x"}, old)
	first.Shutdown()
	first.WaitForShutdown()
	startNATS(t, dir, n)
	if e := next(t, s); !e.Reload {
		t.Errorf("after the restart: %+v", e)
	}
	if e := next(t, h.Subscribe(t.Context(), []string{"x"}, old)); !e.Reload {
		t.Errorf("id of the epoch before: %+v", e)
	}
	for { // the connection is back, the stream is being followed again
		h.Publish("x", "fresh")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		e, err := s.Next(ctx)
		cancel()
		if err == nil && string(e.Data) == `"fresh"` {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("no event after the restart")
		}
	}
}

// Against a plain list: whatever is published and whenever a page reconnects,
// it gets all that it missed or a reload, never a part.
func TestReplayIsAllOrReload(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := NewHub(Options{Window: rapid.IntRange(1, 12).Draw(rt, "window"), Queue: 100})
		type sent struct{ id, topic string }
		var all []sent
		start := h.LastID()
		for i := range rapid.IntRange(0, 30).Draw(rt, "events") {
			topic := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "topic")
			h.Publish(topic, i)
			all = append(all, sent{h.LastID(), topic})
		}
		from, last := rapid.IntRange(0, len(all)).Draw(rt, "from"), start
		if from > 0 {
			last = all[from-1].id
		}
		var missed []string
		for _, e := range all[from:] {
			if e.topic == "x" {
				missed = append(missed, e.id)
			}
		}
		var got []string
		s := h.Subscribe(context.Background(), []string{"x"}, last)
		for _, e := range s.queue {
			if e.Reload {
				if len(all)-from <= len(h.window) {
					rt.Fatalf("reload although %d of %d were kept", len(h.window), len(all))
				}
				return
			}
			got = append(got, e.ID)
		}
		if !cmp.Equal(got, missed) {
			rt.Fatalf("got %v, missed %v", got, missed)
		}
	})
}

func TestDataIsOneLineOfJSON(t *testing.T) {
	h := NewHub(Options{Log: slog.New(slog.DiscardHandler)})
	s := h.Subscribe(t.Context(), []string{"x"}, "")
	h.Publish("x", func() {}) // cannot be marshalled: logged, not sent
	h.Publish("x", "line\nbreak")
	e := next(t, s)
	if strings.Contains(string(e.Data), "\n") || !json.Valid(e.Data) {
		t.Errorf("%q", e.Data)
	}
}

func BenchmarkPublish(b *testing.B) {
	h := NewHub(Options{})
	for range 100 {
		h.Subscribe(b.Context(), []string{"x"}, "")
	}
	for b.Loop() {
		h.Publish("x", 1)
	}
}
