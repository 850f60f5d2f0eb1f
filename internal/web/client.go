package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// clientAddr is the address of the client: the peer's, or when that is a
// trusted proxy the last address of X-Forwarded-For that is not one.
func clientAddr(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := peer.Addr().Unmap()
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0 && trusted(addr, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// limiter counts requests per route and client in token buckets.
type limiter struct {
	mu      sync.Mutex
	buckets map[bucketKey]*bucket
	swept   time.Time
}

type bucketKey struct{ route, addr string }

type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds the memory an attacker with many addresses can take.
const maxBuckets = 100_000

func newLimiter() *limiter { return &limiter{buckets: map[bucketKey]*bucket{}} }

// allow takes one request from the client's bucket; when it is empty it says
// how long to wait.
func (l *limiter) allow(rt Route, addr string, now time.Time) (wait time.Duration, ok bool) {
	if rt.Limit.N == 0 {
		return 0, true
	}
	rate := float64(rt.Limit.N) / rt.Limit.Per.Seconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	key := bucketKey{rt.String(), clientGroup(addr)}
	b := l.buckets[key]
	if b == nil {
		b = &bucket{tokens: float64(rt.Limit.N), at: now}
		l.buckets[key] = b
	}
	b.tokens = min(float64(rt.Limit.N), b.tokens+rate*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / rate * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

// clientGroup takes the /64 of an IPv6 address: one client owns it all.
func clientGroup(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Is4() {
		return addr
	}
	p, err := a.Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}

// sweep forgets clients that have been quiet for an hour, and everybody when
// there are too many.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute && len(l.buckets) < maxBuckets {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.at) > time.Hour {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}
