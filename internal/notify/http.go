package notify

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/outward"
)

// SMSGateway is a gateway that takes SMS as JSON over HTTP:
//
//	POST URL
//	Idempotency-Key: ID
//	Anlan-Signature: t=…,v1=…
//	{"id":ID,"to":"13…","text":"…","sign":"…"}
//
// Any 2xx is "taken"; {"receipt":"…"} in the answer is kept. A small adapter of
// the operator's speaks this to the carrier's own protocol.
type SMSGateway struct {
	URL     string
	Secret  []byte         // signs; empty: not signed
	Sign    string         // the 短信签名 that carriers demand, "天津应急"
	Timeout time.Duration  // 0: 20 s
	RootCAs *x509.CertPool // nil: the machine's
}

type smsSender struct {
	gateway SMSGateway
	client  *outward.Client
	clock   kernel.Clock
}

func newSMS(g SMSGateway, clock kernel.Clock) (*smsSender, error) {
	if err := outward.CheckURL(g.URL, true); err != nil {
		return nil, fmt.Errorf("SMS gateway: %w", err)
	}
	return &smsSender{g, outward.NewClient(outward.Options{AllowPrivate: true, Timeout: g.Timeout, RootCAs: g.RootCAs}), clock}, nil
}

func (s *smsSender) resendable() bool { return true }

func (s *smsSender) send(ctx context.Context, o *outgoing, commit func() error) (string, error) {
	body, err := json.Marshal(struct {
		ID   string `json:"id"`
		To   string `json:"to"`
		Text string `json:"text"`
		Sign string `json:"sign,omitempty"`
	}{o.id, o.contact, o.Text, s.gateway.Sign})
	if err != nil {
		return "", err
	}
	return post(ctx, s.client, outward.Message{URL: s.gateway.URL, ID: o.id, Body: body, Secret: s.gateway.Secret, At: s.clock.Now()}, commit)
}

// Hook is how webhooks are called: to the URL of the recipient, over HTTPS, at
// public addresses only unless AllowPrivate.
//
//	POST URL
//	Idempotency-Key: ID
//	Anlan-Signature: t=…,v1=…
//	{"id":ID,"at":"2026-05-06T12:00:00+08:00","template":"licensing.notice.accepted","subject":"case:…","text":"…","args":{…}}
type Hook struct {
	Secret       []byte         // signs; empty: not signed
	AllowPrivate bool           // peers inside the operator's network
	Timeout      time.Duration  // 0: 20 s
	RootCAs      *x509.CertPool // nil: the machine's
}

type hookSender struct {
	secret []byte
	client *outward.Client
	clock  kernel.Clock
}

func newHook(h Hook, clock kernel.Clock) *hookSender {
	return &hookSender{h.Secret, outward.NewClient(outward.Options{AllowPrivate: h.AllowPrivate, Timeout: h.Timeout, RootCAs: h.RootCAs}), clock}
}

func (s *hookSender) resendable() bool { return true }

func (s *hookSender) send(ctx context.Context, o *outgoing, commit func() error) (string, error) {
	body, err := json.Marshal(struct {
		ID       string          `json:"id"`
		At       time.Time       `json:"at"`
		Template string          `json:"template"`
		Subject  string          `json:"subject"`
		Text     string          `json:"text"`
		Args     json.RawMessage `json:"args"`
	}{o.id, o.created.In(kernel.Shanghai), o.template, o.subject, o.Text, json.RawMessage(o.args)})
	if err != nil {
		return "", err
	}
	return post(ctx, s.client, outward.Message{URL: o.contact, ID: o.id, Body: body, Secret: s.secret, At: s.clock.Now()}, commit)
}

// post hands a message over. Without an answer it may or may not have
// arrived, and the next try carries the same key.
func post(ctx context.Context, c *outward.Client, m outward.Message, commit func() error) (string, error) {
	if err := commit(); err != nil {
		return "", err
	}
	a, err := c.Post(ctx, m)
	switch {
	case errors.Is(err, outward.ErrForbidden):
		return "", final("forbidden_address", err)
	case err != nil:
		return "", temporary("unreachable", err)
	case a.Accepted():
		return receiptOf(a.Body), nil
	}
	f := &failure{reason: "refused", final: !a.Temporary(), after: a.RetryAfter, err: fmt.Errorf("status %d: %s", a.Status, cut(string(a.Body), 200))}
	return "", f
}

// receiptOf reads the receipt of an answer, "" when it has none.
func receiptOf(body []byte) string {
	var r struct {
		Receipt string `json:"receipt"`
	}
	if json.Unmarshal(body, &r) != nil {
		return "" // it was taken all the same
	}
	return r.Receipt
}
