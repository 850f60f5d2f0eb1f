package app

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"anlan/internal/outward"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

func TestDemoShowsOnlyTextsThatItSentItself(t *testing.T) {
	phone := newDemoPhone()
	site := webtest.Start(t, web.Config{Routes: phone.routes(), Views: views(), Texts: texts()})
	send := func(secret []byte, body string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+demoGatewayPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(outward.SignatureHeader, outward.Sign(secret, site.Clock.Now(), []byte(body)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	const text = `{"id":"1","to":"16000000001","text":"验证码 482913","sign":""}`
	if status := send([]byte("a guess"), text); status != http.StatusNotFound {
		t.Errorf("a forged text was answered %d", status)
	}
	if status := send(phone.secret, `{"id":`); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("a broken text was answered %d", status)
	}
	for range 2 { // the gateway's caller may try again
		if status := send(phone.secret, text); status != http.StatusOK {
			t.Errorf("a text was answered %d", status)
		}
	}
	_, page := get(t, site.URL+"/demo/messages")
	if n := strings.Count(page, "482913"); n != 1 {
		t.Errorf("the page shows the text %d times", n)
	}
	if status, body := get(t, site.URL+"/demo/messages", "X-Forwarded-For", "203.0.113.9"); status != http.StatusNotFound || bytes.Contains([]byte(body), []byte("482913")) {
		t.Errorf("from elsewhere the page answers %d", status)
	}
}

func TestDemoKeepsAnOperatorsGateway(t *testing.T) {
	phone := newDemoPhone()
	for want, cfg := range map[string]Config{
		"http://127.0.0.1:8080/demo/sms": {Addr: "127.0.0.1:8080"},
		"":                               {Addr: "127.0.0.1:8080", SMS: "https://sms.example.cn/send"},
	} {
		if got := phone.gateway(cfg); got != want {
			t.Errorf("%+v: %q", cfg, got)
		}
	}
	if got := phone.gateway(Config{Addr: "192.0.2.1:8080"}); got != "" {
		t.Errorf("not on loopback: %q", got)
	}
}
