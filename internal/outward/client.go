package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// Options are the settings of a client; the zero value is for addresses that
// others chose.
type Options struct {
	AllowPrivate bool           // plain HTTP and private addresses: for peers that the operator configured
	Timeout      time.Duration  // for the whole exchange; 0: 20 s
	RootCAs      *x509.CertPool // nil: the machine's
}

// Client posts signed messages. It is safe for use by many goroutines.
type Client struct {
	http    *http.Client
	private bool
}

// ErrForbidden is returned for an address that may not be called.
var ErrForbidden = errors.New("outward: this address may not be called")

// NewClient returns a client.
func NewClient(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	dialer := &net.Dialer{Timeout: o.Timeout}
	if !o.AllowPrivate {
		dialer.Control = publicOnly
	}
	transport := &http.Transport{
		Proxy:       nil, // a proxy would connect where the dialer may not
		DialContext: dialer.DialContext, TLSHandshakeTimeout: o.Timeout, ResponseHeaderTimeout: o.Timeout,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs}, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &http.Client{Transport: transport, Timeout: o.Timeout, CheckRedirect: noRedirect}, private: o.AllowPrivate}
}

// publicOnly refuses private addresses after the name was resolved, so that
// no name can lead to one.
func publicOnly(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(ap.Addr()) {
		return fmt.Errorf("%w: %s", ErrForbidden, address)
	}
	return nil
}

// reserved are networks besides those that netip names which do not belong to
// the public internet (IANA special-purpose registries), or which wrap an
// IPv4 address.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// IsPublic reports whether an address belongs to the public internet.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// CheckURL reports whether a client with these options may call a URL; the
// address behind a name is checked only when it is called.
func CheckURL(text string, allowPrivate bool) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%w: not an address of the web", ErrForbidden)
	}
	if u.Scheme == "http" && !allowPrivate {
		return fmt.Errorf("%w: not HTTPS", ErrForbidden)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !allowPrivate && !IsPublic(ip) {
		return fmt.Errorf("%w: %s", ErrForbidden, ip)
	}
	return nil
}

// Message is a JSON body to be posted.
type Message struct {
	URL    string
	ID     string // idempotency key
	Body   []byte
	Secret []byte    // signs the body; empty: not signed
	At     time.Time // of the signature
}

// Answer is what the peer said.
type Answer struct {
	Status     int
	Body       []byte        // at most maxAnswer; cut off when the connection broke
	RetryAfter time.Duration // the peer asks to be left alone for so long, 0: it does not
}

// maxAnswer bounds the answer that is read.
const maxAnswer = 256 << 10

// Accepted reports whether the peer has taken the message.
func (a Answer) Accepted() bool { return a.Status >= 200 && a.Status < 300 }

// Temporary reports whether the same message may be accepted later: the peer
// failed, is busy, or has not understood in time. Redirects are none of these.
func (a Answer) Temporary() bool {
	switch a.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return a.Status >= 500
}

// Post sends a message and returns the peer's answer, whatever its status. An
// error means that there was none: the peer may or may not have the message,
// unless the error is ErrForbidden.
func (c *Client) Post(ctx context.Context, m Message) (Answer, error) {
	if err := CheckURL(m.URL, c.private); err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Anlan")
	req.Header.Set(IdempotencyHeader, m.ID)
	if len(m.Secret) > 0 {
		req.Header.Set(SignatureHeader, Sign(m.Secret, m.At, m.Body))
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	// The status has come, so the peer has decided; a body that breaks off
	// does not undo that.
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return Answer{Status: res.StatusCode, Body: body, RetryAfter: retryAfter(res.Header.Get("Retry-After"))}, nil
}

// retryAfter reads the seconds of RFC 9110, 10.2.3; dates are not used by
// machines that we know.
func retryAfter(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, 24*time.Hour)
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }
