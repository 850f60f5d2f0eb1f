package stream

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"anlan/internal/kernel"
)

// Event is one update as a page receives it.
type Event struct {
	ID     string          // "epoch-number", the page's next Last-Event-ID
	Topic  string          // "" for Reload
	Data   json.RawMessage // JSON without line ends
	Reload bool            // the page must fetch itself anew: something may be missing
}

// Options are the settings of a hub; the zero value works.
type Options struct {
	Window int          // events kept for replay; 0: 4096
	Bytes  int          // and their size at most; 0: 8 MiB
	Queue  int          // events one slow subscriber may lag behind; 0: 256
	Log    *slog.Logger // nil: slog.Default()
}

func (o Options) withDefaults() Options {
	if o.Window == 0 {
		o.Window = 4096
	}
	if o.Bytes == 0 {
		o.Bytes = 8 << 20
	}
	if o.Queue == 0 {
		o.Queue = 256
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Hub passes events from publishers to subscribers. It is safe for use by
// many goroutines.
type Hub struct {
	opts   Options
	remote *natsLink // nil: in process

	mu     sync.Mutex
	epoch  string  // changes when the numbers start anew
	last   uint64  // number of the newest event
	window []entry // ascending numbers, no holes after first
	bytes  int
	subs   map[*Subscription]struct{}
}

type entry struct {
	seq   uint64
	topic string
	data  json.RawMessage
}

// NewHub returns a hub for one process.
func NewHub(opts Options) *Hub {
	return &Hub{opts: opts.withDefaults(), epoch: newEpoch(), subs: map[*Subscription]struct{}{}}
}

func newEpoch() string { return strings.ReplaceAll(kernel.NewSecret(6), "-", "_") }

// Publish sends data, marshalled to JSON, to the subscribers of topic. It
// never waits for them.
func (h *Hub) Publish(topic string, data any) {
	body, err := json.Marshal(data)
	if err != nil {
		h.opts.Log.Error("live update cannot be marshalled", "topic", topic, "error", err)
		return
	}
	if h.remote != nil {
		h.remote.publish(topic, body)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliver(entry{h.last + 1, topic, body})
}

// deliver keeps e for replay and passes it on. h.mu is held.
func (h *Hub) deliver(e entry) {
	h.last = e.seq
	h.window = append(h.window, e)
	h.bytes += len(e.data)
	drop := 0
	for len(h.window)-drop > h.opts.Window || h.bytes > h.opts.Bytes && len(h.window)-drop > 1 {
		h.bytes -= len(h.window[drop].data)
		h.window[drop] = entry{}
		drop++
	}
	h.window = h.window[drop:]
	for s := range h.subs {
		if s.topics[e.topic] {
			s.push(h.event(e))
		}
	}
}

// renew forgets the window and tells everyone to reload: the numbers start
// anew or some may have been missed.
func (h *Hub) renew(epoch string, last uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.epoch, h.last, h.window, h.bytes = epoch, last, nil, 0
	for s := range h.subs {
		s.reload(h.id(h.last))
	}
}

func (h *Hub) id(seq uint64) string { return h.epoch + "-" + strconv.FormatUint(seq, 10) }

func (h *Hub) event(e entry) Event { return Event{ID: h.id(e.seq), Topic: e.topic, Data: e.data} }

// LastID is the id of the newest event. A page takes it before it reads its
// snapshot and subscribes with it, so that nothing falls in between.
func (h *Hub) LastID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id(h.last)
}

// Subscribers returns how many subscriptions are open.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// Subscribe listens to topics until ctx ends or Close. lastID is the
// Last-Event-ID of the page, "" for "from now on"; what it missed comes
// first, or a Reload when that is not known any more.
func (h *Hub) Subscribe(ctx context.Context, topics []string, lastID string) *Subscription {
	s := &Subscription{hub: h, topics: make(map[string]bool, len(topics)), signal: make(chan struct{}, 1), limit: h.opts.Queue}
	for _, t := range topics {
		s.topics[t] = true
	}
	h.mu.Lock()
	h.replay(s, lastID)
	h.subs[s] = struct{}{}
	h.mu.Unlock()
	s.mu.Lock()
	s.unhook = context.AfterFunc(ctx, s.Close)
	s.mu.Unlock()
	return s
}

// replay gives s what was published after lastID. h.mu is held.
func (h *Hub) replay(s *Subscription, lastID string) {
	if lastID == "" {
		return
	}
	seq, ok := h.parse(lastID)
	if !ok || seq > h.last || seq < h.last && (len(h.window) == 0 || seq+1 < h.window[0].seq) {
		s.reload(h.id(h.last))
		return
	}
	for _, e := range h.window {
		if e.seq > seq && s.topics[e.topic] {
			s.push(h.event(e))
		}
	}
}

func (h *Hub) parse(id string) (uint64, bool) {
	epoch, number, ok := strings.Cut(id, "-")
	if !ok || epoch != h.epoch {
		return 0, false
	}
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, err == nil
}

// Close ends every subscription and, over NATS, the connection.
func (h *Hub) Close() {
	if h.remote != nil {
		h.remote.close()
	}
	h.mu.Lock()
	subs := make([]*Subscription, 0, len(h.subs))
	for s := range h.subs {
		subs = append(subs, s)
	}
	h.mu.Unlock()
	for _, s := range subs {
		s.Close()
	}
}
