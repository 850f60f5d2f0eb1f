package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is an SMTP server on a real socket. script decides about each
// step: it returns the line to say, "" for the usual answer, or one of the
// words "drop" (hang up) and "stall" (say nothing more).
type mailServer struct {
	addr   string
	certs  *x509.CertPool
	tls    *tls.Config
	script func(step, line string) string

	mu    sync.Mutex
	mails []string
	stop  chan struct{}
}

// startMail starts a server; noTLS does not offer STARTTLS.
func startMail(t *testing.T, script func(step, line string) string) *mailServer {
	t.Helper()
	borrowed := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate of 127.0.0.1
	t.Cleanup(borrowed.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{addr: l.Addr().String(), script: script, stop: make(chan struct{}), certs: x509.NewCertPool(),
		tls: &tls.Config{Certificates: borrowed.TLS.Certificates}}
	m.certs.AddCert(borrowed.Certificate())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); close(m.stop); wg.Wait() })
	return m
}

func (m *mailServer) received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.mails...)
}

// say answers a step; false ends the connection.
func (m *mailServer) say(conn net.Conn, step, line, usual string) bool {
	answer := usual
	if m.script != nil {
		if own := m.script(step, line); own != "" {
			answer = own
		}
	}
	switch answer {
	case "drop":
		return false
	case "stall":
		<-m.stop
		return false
	}
	fmt.Fprintf(conn, "%s\r\n", answer)
	return answer[0] < '4'
}

func (m *mailServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	if !m.say(conn, "greeting", "", "220 mail.test ESMTP") {
		return
	}
	r := textproto.NewReader(bufio.NewReader(conn))
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		switch verb {
		case "EHLO":
			_, secure := conn.(*tls.Conn)
			if !m.say(conn, verb, line, map[bool]string{false: "250-mail.test\r\n250 STARTTLS", true: "250-mail.test\r\n250 AUTH PLAIN"}[secure]) {
				return
			}
		case "STARTTLS":
			if !m.say(conn, verb, line, "220 go ahead") {
				return
			}
			secured := tls.Server(conn, m.tls)
			conn, r = secured, textproto.NewReader(bufio.NewReader(secured))
		case "AUTH":
			m.say(conn, verb, line, "235 welcome")
		case "DATA":
			if !m.say(conn, verb, line, "354 go on") {
				return
			}
			text, err := r.ReadDotBytes()
			if err != nil {
				return // no closing dot: not delivered
			}
			m.mu.Lock()
			m.mails = append(m.mails, string(text))
			m.mu.Unlock()
			if !m.say(conn, "dot", "", "250 taken") {
				return
			}
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			if !m.say(conn, verb, line, "250 fine") {
				return
			}
		}
	}
}

// gateway is a peer over HTTP that keeps the promise of the idempotency key:
// it delivers each id once.
type gateway struct {
	*httptest.Server
	answer func(n int, w http.ResponseWriter) bool // true: it has answered itself; n counts requests

	mu        sync.Mutex
	requests  int
	delivered map[string]string // id → body
	bodies    []http.Header
}

func startGateway(t *testing.T, answer func(n int, w http.ResponseWriter) bool) *gateway {
	t.Helper()
	g := &gateway{answer: answer, delivered: map[string]string{}}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body strings.Builder
	bufio.NewReader(r.Body).WriteTo(&body)
	g.mu.Lock()
	g.requests++
	n := g.requests
	g.mu.Unlock()
	if g.answer != nil && g.answer(n, w) {
		return
	}
	id := r.Header.Get("Idempotency-Key")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bodies = append(g.bodies, r.Header.Clone())
	if _, again := g.delivered[id]; !again {
		g.delivered[id] = body.String()
	}
	fmt.Fprintf(w, `{"receipt":"r-%s"}`, id)
}

func (g *gateway) count() (requests, delivered int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests, len(g.delivered)
}
