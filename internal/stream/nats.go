package stream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	natsStream  = "ANLAN_LIVE"
	natsSubject = "anlan.live."
	natsAge     = 15 * time.Minute // how long the window reaches back at most
	natsWait    = 5 * time.Second  // for each answer of the server
)

// natsLink shares one hub among processes. The server numbers the events, so
// every process knows each of them by the same id; the window in each process
// is filled from the server's.
type natsLink struct {
	hub  *Hub
	conn *nats.Conn
	js   jetstream.JetStream

	mu     sync.Mutex
	follow jetstream.ConsumeContext
	closed bool
	again  chan struct{} // capacity 1: "the connection is back"
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Connect returns a hub that shares events with every other process that is
// connected to the same NATS server, whose JetStream must be on. When the
// connection is lost, updates are lost with it and pages are told to reload
// once it is back.
func Connect(ctx context.Context, url string, opts Options) (*Hub, error) {
	h := NewHub(opts)
	l := &natsLink{hub: h, again: make(chan struct{}, 1)}
	conn, err := nats.Connect(url, nats.Name("anlan live"), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.Timeout(natsWait), nats.ReconnectHandler(func(*nats.Conn) { l.wake() }))
	if err != nil {
		return nil, fmt.Errorf("live updates: connect to NATS: %w", err)
	}
	l.conn = conn
	l.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncErrHandler(l.lost))
	if err == nil {
		err = l.join(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("live updates: %w", err)
	}
	h.remote = l
	run, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.done.Go(func() { l.rejoin(run) })
	return h, nil
}

func (l *natsLink) wake() {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// join finds or makes the stream and follows it from the start of its window.
func (l *natsLink) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*natsWait)
	defer cancel()
	stream, err := l.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: natsStream, Subjects: []string{natsSubject + ">"}, Storage: jetstream.MemoryStorage,
		// More than the window, so that a follower that is slow for a moment misses nothing.
		MaxMsgs: int64(4 * l.hub.opts.Window), MaxBytes: int64(4 * l.hub.opts.Bytes), MaxAge: natsAge, Discard: jetstream.DiscardOld,
	})
	if err != nil {
		return fmt.Errorf("open stream: %w", err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read stream: %w", err)
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return fmt.Errorf("follow stream: %w", err)
	}
	before := info.State.FirstSeq
	if before > 0 {
		before--
	}
	epoch := strconv.FormatInt(info.Created.UnixNano(), 36)
	l.hub.renew(epoch, before)
	follow, err := consumer.Consume(l.receive)
	if err != nil {
		return fmt.Errorf("follow stream: %w", err)
	}
	l.keep(follow)
	return l.catchUp(ctx, info.State.LastSeq)
}

func (l *natsLink) keep(follow jetstream.ConsumeContext) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follow = follow
	if l.closed {
		follow.Stop()
	}
}

// catchUp waits until the window holds what the stream held, so that pages of
// another process can continue here at once.
func (l *natsLink) catchUp(ctx context.Context, last uint64) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		l.hub.mu.Lock()
		reached := l.hub.last >= last
		l.hub.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("read the window: %w", ctx.Err())
		}
	}
}

// receive passes a message of the server on. A gap in the numbers means that
// something was missed.
func (l *natsLink) receive(m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		return
	}
	name, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(m.Subject(), natsSubject))
	if err != nil || !json.Valid(m.Data()) {
		l.hub.opts.Log.Warn("foreign message among live updates", "subject", m.Subject())
		name = nil
	}
	seq := meta.Sequence.Stream
	h := l.hub
	h.mu.Lock()
	last := h.last
	epoch := h.epoch
	if seq == last+1 {
		h.deliver(entry{seq, string(name), m.Data()})
	}
	h.mu.Unlock()
	if seq > last+1 {
		h.renew(epoch, seq)
	}
}

// rejoin follows the stream anew after each reconnection: the server may have
// lost it.
func (l *natsLink) rejoin(ctx context.Context) {
	for {
		select {
		case <-l.again:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		old := l.follow
		l.mu.Unlock()
		old.Stop()
		if err := l.join(ctx); err != nil && ctx.Err() == nil {
			l.hub.opts.Log.Error("live updates: NATS is back but not usable", "error", err)
			l.retryLater(ctx)
		}
	}
}

func (l *natsLink) retryLater(ctx context.Context) {
	select {
	case <-time.After(time.Second):
		l.wake()
	case <-ctx.Done():
	}
}

func (l *natsLink) publish(topic string, body []byte) {
	subject := natsSubject + base64.RawURLEncoding.EncodeToString([]byte(topic))
	if _, err := l.js.PublishAsync(subject, body); err != nil {
		l.lost(l.js, nats.NewMsg(subject), err)
	}
}

func (l *natsLink) lost(_ jetstream.JetStream, m *nats.Msg, err error) {
	if errors.Is(err, nats.ErrConnectionClosed) {
		return
	}
	l.hub.opts.Log.Warn("live update not shared", "subject", m.Subject, "error", err)
}

func (l *natsLink) close() {
	l.mu.Lock()
	l.closed = true
	if l.follow != nil {
		l.follow.Stop()
	}
	l.mu.Unlock()
	l.stop()
	l.done.Wait()
	select { // what was published goes out first
	case <-l.js.PublishAsyncComplete():
	case <-time.After(natsWait):
	}
	l.conn.Close()
}
