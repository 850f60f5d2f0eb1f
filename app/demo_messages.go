package app

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"

	"anlan/admin"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/internal/web"
)

// demoPhone stands in for the telephones of the demo: text messages go the
// whole way over the HTTP gateway and arrive here, where a visitor on this
// machine reads the codes in them.
type demoPhone struct {
	secret []byte // of the gateway, made at each start
	mu     sync.Mutex
	texts  []admin.DemoText // the newest first
}

const (
	demoGatewayPath = "/demo/sms"
	keptDemoTexts   = 50
	maxDemoText     = 16 << 10 // bytes of a request
)

func newDemoPhone() *demoPhone { return &demoPhone{secret: []byte(kernel.NewSecret(32))} }

// gateway is where the demo's messages go, "" when the operator has named a
// gateway or pages are served over TLS with a certificate nobody here knows.
func (d *demoPhone) gateway(c Config) string {
	if c.SMS != "" || c.TLSCert != "" || !c.OnLoopback() {
		return ""
	}
	return "http://" + c.Addr + demoGatewayPath
}

func (d *demoPhone) routes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: demoGatewayPath, Permission: web.Public, Handler: d.take, Machine: true, MaxBody: maxDemoText},
		{Method: http.MethodGet, Path: "/demo/messages", Permission: web.Public, Handler: d.show, Frame: web.Hall},
	}
}

// take is the gateway: it believes only what this process has signed.
func (d *demoPhone) take(r *web.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return kernel.Bad("body", "length", "")
	}
	if err := outward.Verify(d.secret, r.Header.Get(outward.SignatureHeader), body, r.Now()); err != nil {
		return kernel.Missing("page", r.URL.Path)
	}
	var in struct {
		ID   string `json:"id"`
		To   string `json:"to"`
		Text string `json:"text"`
		Sign string `json:"sign"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return kernel.Bad("body", "json", "")
	}
	d.keep(admin.DemoText{ID: in.ID, At: r.Now(), To: in.To, Text: in.Text})
	return r.JSON(http.StatusOK, map[string]string{"receipt": "demo-" + in.ID})
}

// keep remembers a text once, however often it is sent.
func (d *demoPhone) keep(t admin.DemoText) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(d.texts, func(o admin.DemoText) bool { return o.ID == t.ID }) {
		return
	}
	d.texts = slices.Insert(d.texts, 0, t)
	d.texts = d.texts[:min(len(d.texts), keptDemoTexts)]
}

func (d *demoPhone) show(r *web.Request) error {
	if !local(r.Request) {
		return kernel.Missing("page", r.URL.Path)
	}
	d.mu.Lock()
	texts := slices.Clone(d.texts)
	d.mu.Unlock()
	return r.Render("admin/demo_messages", texts)
}
