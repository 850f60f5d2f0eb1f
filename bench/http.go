package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"anlan/internal/kernel"
)

// Load is a steady stream of GET requests to a platform on this machine.
type Load struct {
	URL    string        // on a loopback address
	Rate   int           // requests per second, 1 to 10,000
	For    time.Duration // at most 10 minutes
	Cookie string        // Cookie header of a session, "" none
}

// Answers is what came back.
type Answers struct {
	Requests int            `json:"requests"`
	Seconds  float64        `json:"seconds"`
	Rate     float64        `json:"per_second"`
	Latency  Latency        `json:"latency"`
	Statuses map[string]int `json:"statuses"` // by status; "error" for requests without an answer
	Bytes    int64          `json:"bytes"`
}

// maxOpen bounds requests under way; those behind wait, and their wait counts.
const maxOpen = 256

func (l Load) check() error {
	var check kernel.Check
	u, err := url.Parse(l.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		check.Add("url", "url", l.URL)
	} else if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		check.Add("url", "not_loopback", l.URL)
	}
	check.Merge("", checkRate(l.Rate, l.For))
	return check.Err()
}

// checkRate bounds what a measurement may ask of a machine.
func checkRate(rate int, length time.Duration) error {
	var check kernel.Check
	if rate < 1 || rate > 10000 {
		check.Add("rate", "range", fmt.Sprint(rate), "min", 1, "max", 10000)
	}
	if length <= 0 || length > 10*time.Minute {
		check.Add("for", "range", length.String(), "min", "1s", "max", "10m")
	}
	return check.Err()
}

// HTTP sends the load.
func HTTP(ctx context.Context, l Load) (Answers, error) {
	if err := l.check(); err != nil {
		return Answers{}, err
	}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxOpen, MaxConnsPerHost: maxOpen},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
	defer client.CloseIdleConnections()
	return steady(ctx, l.Rate, l.For, func(ctx context.Context, _ int) (string, int64) { return l.ask(ctx, client) })
}

// steady runs op at a rate and measures each from the moment at which it was
// due, so that what stalls cannot hide behind questions that were never asked.
func steady(ctx context.Context, rate int, length time.Duration, op func(ctx context.Context, i int) (status string, bytes int64)) (Answers, error) {
	t := tally{statuses: map[string]int{}}
	open := make(chan struct{}, maxOpen)
	var sent sync.WaitGroup
	begun := time.Now()
	total := int(float64(rate) * length.Seconds())
	for i := range total {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			sent.Wait()
			return Answers{}, ctx.Err()
		}
		open <- struct{}{}
		sent.Go(func() {
			defer func() { <-open }()
			status, n := op(ctx, i)
			t.add(status, n, time.Since(due))
		})
	}
	sent.Wait()
	took := time.Since(begun).Seconds()
	return Answers{Requests: total, Seconds: took, Rate: float64(total) / took, Latency: summarise(t.took), Statuses: t.statuses, Bytes: t.bytes}, nil
}

func (l Load) ask(ctx context.Context, client *http.Client) (status string, bytes int64) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, nil)
	if err != nil {
		return "error", 0
	}
	if l.Cookie != "" {
		req.Header.Set("Cookie", l.Cookie)
	}
	res, err := client.Do(req)
	if err != nil {
		return "error", 0
	}
	n, err := io.Copy(io.Discard, res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return "error", n
	}
	return fmt.Sprint(res.StatusCode), n
}

// tally gathers answers from many goroutines.
type tally struct {
	mu       sync.Mutex
	took     []time.Duration
	statuses map[string]int
	bytes    int64
}

func (t *tally) add(status string, n int64, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.took = append(t.took, took)
	t.statuses[status]++
	t.bytes += n
}
