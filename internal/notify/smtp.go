package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// The ways to protect the line to a mail server.
const (
	StartTLS = "starttls" // demanded: without it nothing is sent
	TLS      = "tls"      // from the first byte, port 465
	NoTLS    = "none"     // only for a server on the same machine
)

// SMTP is the mail server that takes the platform's e-mails.
type SMTP struct {
	Addr     string // "host:port"
	Security string // "": StartTLS
	User     string // "" does not sign in
	Password string
	From     string         // "安澜 <noreply@example.cn>"
	Timeout  time.Duration  // for the whole exchange; 0: 30 s
	RootCAs  *x509.CertPool // nil: the machine's
}

type smtpSender struct {
	opts  SMTP
	host  string
	from  *mail.Address
	clock kernel.Clock
}

func newSMTP(o SMTP, clock kernel.Clock) (*smtpSender, error) {
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("SMTP server: %w", err)
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("SMTP sender %q: %w", o.From, err)
	}
	switch o.Security {
	case "":
		o.Security = StartTLS
	case StartTLS, TLS, NoTLS:
	default:
		return nil, fmt.Errorf("SMTP security %q: want %s, %s or %s", o.Security, StartTLS, TLS, NoTLS)
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	return &smtpSender{o, host, from, clock}, nil
}

// resendable is false: SMTP knows no second try of the same message.
func (s *smtpSender) resendable() bool { return false }

func (s *smtpSender) send(ctx context.Context, o *outgoing, commit func() error) (string, error) {
	to, err := mail.ParseAddress(o.contact)
	if err != nil {
		return "", final("bad_address", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return "", temporary("unreachable", err)
	}
	defer conn.Close()
	unwatch := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) // a peer that stalls is left
	defer unwatch()
	c, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return "", replied(err)
	}
	if err := s.prepare(c, to); err != nil {
		return "", err
	}
	return s.data(c, s.mail(o, to), func() error {
		if err := ctx.Err(); err != nil {
			return temporary("unreachable", err)
		}
		if err := commit(); err != nil {
			return err
		}
		unwatch() // from here on a process that stops waits for the answer
		return conn.SetDeadline(time.Now().Add(s.opts.Timeout))
	})
}

func (s *smtpSender) dial(ctx context.Context) (net.Conn, error) {
	if s.opts.Security == TLS {
		return (&tls.Dialer{Config: s.tls()}).DialContext(ctx, "tcp", s.opts.Addr)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", s.opts.Addr)
}

func (s *smtpSender) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.opts.RootCAs, MinVersion: tls.VersionTLS12}
}

// prepare goes up to the point where the server waits for the message.
func (s *smtpSender) prepare(c *smtp.Client, to *mail.Address) error {
	if err := c.Hello(s.domain()); err != nil {
		return replied(err)
	}
	if s.opts.Security == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return temporary("no_tls", errors.New("the server does not offer STARTTLS"))
		}
		if err := c.StartTLS(s.tls()); err != nil {
			return temporary("no_tls", err)
		}
	}
	if s.opts.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.opts.User, s.opts.Password, s.host)); err != nil {
			return temporary("sign_in", err)
		}
	}
	if err := c.Mail(s.from.Address); err != nil {
		return replied(err)
	}
	if err := c.Rcpt(to.Address); err != nil {
		return replied(err)
	}
	return nil
}

// data sends the message. Until the closing dot the server must not deliver
// it (RFC 5321, 4.1.1.4); from then on it may, whatever becomes of its answer.
func (s *smtpSender) data(c *smtp.Client, message []byte, point func() error) (string, error) {
	w, err := c.Data()
	if err != nil {
		return "", replied(err)
	}
	if _, err := w.Write(message); err != nil {
		return "", temporary("unreachable", err)
	}
	if err := point(); err != nil {
		return "", err // hanging up without the dot takes the message back
	}
	if err := w.Close(); err != nil {
		var reply *textproto.Error
		if errors.As(err, &reply) {
			return "", replied(err)
		}
		return "", unclear("no_answer", err)
	}
	c.Quit() // it has the message; a server that hangs up first is no matter
	return "", nil
}

// replied tells a refusal for good (5yz) from one for now (4yz) and from a
// line that broke.
func replied(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return final("refused", err)
	}
	if errors.As(err, &reply) {
		return temporary("refused", err)
	}
	return temporary("unreachable", err)
}

// domain is that of the sender's address.
func (s *smtpSender) domain() string {
	return s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
}

// mail is the message as it stands on the line (RFC 5322, RFC 2045).
func (s *smtpSender) mail(o *outgoing, to *mail.Address) []byte {
	text := o.Text
	if o.URL != "" {
		text += "\n\n" + o.URL
	}
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", s.from.String())
	header("To", to.String())
	header("Subject", mime.BEncoding.Encode("utf-8", strings.NewReplacer("\r", " ", "\n", " ").Replace(o.Title)))
	header("Date", s.clock.Now().In(kernel.Shanghai).Format(time.RFC1123Z))
	header("Message-ID", "<"+o.id+"@"+s.domain()+">")
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n")
	return b.Bytes()
}
