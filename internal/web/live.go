package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/stream"
)

// Topic is a family of live topics and who may listen to them.
type Topic struct {
	Prefix string // "licensing.case." for "licensing.case.<id>", or a whole name
	// Allow reports whether the request's principal may listen to name; it
	// checks permission and scope. An error ends the request.
	Allow func(r *Request, name string) (bool, error)
}

const (
	maxTopics = 20
	heartbeat = 20 * time.Second
)

func checkTopics(topics []Topic) error {
	var faults []error
	for i, t := range topics {
		if t.Prefix == "" || t.Allow == nil {
			faults = append(faults, fmt.Errorf("topic %q: needs a prefix and a function that allows", t.Prefix))
		}
		for _, o := range topics[:i] {
			if o.Prefix == t.Prefix {
				faults = append(faults, fmt.Errorf("topic %q is declared twice", t.Prefix))
			}
		}
	}
	return errors.Join(faults...)
}

// live streams the events of the topics asked for, as server-sent events. A
// page gives in ?from= the newest event at the time of its snapshot; after a
// lost connection the browser sends Last-Event-ID. "reload" tells the page
// that something may be missing.
func (s *Server) live(r *Request) error {
	if s.cfg.Hub == nil {
		return kernel.Missing("page", r.URL.Path)
	}
	topics, err := s.liveTopics(r)
	if err != nil {
		return err
	}
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.URL.Query().Get("from")
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	sub := s.cfg.Hub.Subscribe(ctx, topics, from)
	defer sub.Close()
	control := http.NewResponseController(r.w)
	control.SetReadDeadline(time.Time{})
	r.SetHeader("Content-Type", "text/event-stream; charset=utf-8")
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Accel-Buffering", "no") // nginx would hold events back
	return s.pump(ctx, r, sub, control)
}

// liveTopics checks every topic; one that is not allowed does not exist.
func (s *Server) liveTopics(r *Request) ([]string, error) {
	names := strings.FieldsFunc(r.URL.Query().Get("topics"), func(c rune) bool { return c == ',' })
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 || len(names) > maxTopics {
		return nil, kernel.Bad("topics", "required", r.URL.Query().Get("topics"))
	}
	for _, name := range names {
		ok, err := s.mayListen(r, name)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, kernel.Missing("topic", name)
		}
	}
	return names, nil
}

func (s *Server) mayListen(r *Request, name string) (bool, error) {
	best := -1
	for i, t := range s.topics {
		if strings.HasPrefix(name, t.Prefix) && (best < 0 || len(t.Prefix) > len(s.topics[best].Prefix)) {
			best = i
		}
	}
	if best < 0 {
		return false, nil
	}
	return s.topics[best].Allow(r, name)
}

// pump writes events until the client or the server goes. A connection lives
// an hour at most: coming back, its session and topics are checked again.
func (s *Server) pump(ctx context.Context, r *Request, sub *stream.Subscription, control *http.ResponseController) error {
	until := time.Now().Add(time.Hour)
	send := func(format string, args ...any) error {
		control.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := fmt.Fprintf(r.w, format, args...); err != nil {
			return err
		}
		return control.Flush()
	}
	if err := send("retry: 3000\n\n"); err != nil {
		return nil // the client has gone
	}
	for time.Now().Before(until) {
		wait, cancel := context.WithTimeout(ctx, heartbeat)
		e, err := sub.Next(wait)
		cancel()
		switch {
		case err == nil && e.Reload:
			err = send("id: %s\nevent: reload\ndata: {}\n\n", e.ID)
		case err == nil:
			err = send("id: %s\ndata: {\"topic\":%q,\"data\":%s}\n\n", e.ID, e.Topic, e.Data)
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			err = send(": still here\n\n")
		}
		if err != nil {
			return nil // the client or the hub has gone
		}
	}
	return nil
}
