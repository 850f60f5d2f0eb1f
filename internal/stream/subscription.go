package stream

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned by Next when the subscription has ended.
var ErrClosed = errors.New("stream: subscription closed")

// Subscription is one page that listens.
type Subscription struct {
	hub    *Hub
	topics map[string]bool
	limit  int
	unhook func() bool

	mu     sync.Mutex
	queue  []Event
	closed bool
	signal chan struct{} // capacity 1: "look at the queue"
}

// Next waits for the next event. It returns ErrClosed after Close and the
// error of ctx when that ends first; a caller that sends keep-alives gives a
// ctx with a timeout and calls again.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		s.mu.Lock()
		switch {
		case len(s.queue) > 0:
			e := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return e, nil
		case s.closed:
			s.mu.Unlock()
			return Event{}, ErrClosed
		}
		s.mu.Unlock()
		select {
		case <-s.signal:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Close ends the subscription; events not read yet are dropped.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	delete(s.hub.subs, s)
	s.hub.mu.Unlock()
	s.mu.Lock()
	s.closed, s.queue = true, nil
	unhook := s.unhook
	s.mu.Unlock()
	s.wake()
	if unhook != nil {
		unhook()
	}
}

// push queues e; a queue that is full becomes one Reload.
func (s *Subscription) push(e Event) {
	s.mu.Lock()
	if len(s.queue) >= s.limit {
		s.queue = []Event{{ID: e.ID, Reload: true}}
	} else {
		s.queue = append(s.queue, e)
	}
	s.mu.Unlock()
	s.wake()
}

func (s *Subscription) reload(id string) {
	s.mu.Lock()
	s.queue = []Event{{ID: id, Reload: true}}
	s.mu.Unlock()
	s.wake()
}

func (s *Subscription) wake() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}
