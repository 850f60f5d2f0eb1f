package app

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// running is a platform that a test started.
type running struct {
	url  string
	stop context.CancelFunc
	done <-chan error
}

// start runs a platform and waits until it says that it is ready.
func start(t *testing.T, cfg Config) running {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Run(ctx, Options{Config: cfg, Out: w, Log: quiet()})
		w.Close()
		done <- err
	}()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "ready after"); ok {
			_, url, _ = strings.Cut(url, ": ")
			go io.Copy(io.Discard, r)
			return running{strings.TrimSuffix(url, "/"), cancel, done}
		}
	}
	t.Fatalf("never ready: %v", <-done)
	return running{}
}

func get(t *testing.T, url string, header ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestPlatformServesAndStopsInOrder(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "data"), MetricsToken: "token-of-the-test"}
	for range 2 { // the second start finds an installation
		p := start(t, cfg)
		if status, _ := get(t, p.url+"/"); status != http.StatusOK {
			t.Errorf("/ answered %d", status)
		}
		if status, body := get(t, p.url+"/readyz"); status != http.StatusOK || !strings.Contains(body, `"ready":true`) {
			t.Errorf("/readyz answered %d %s", status, body)
		}
		checkMetrics(t, p.url)
		p.stop()
		if err := <-p.done; err != nil {
			t.Fatalf("the stop: %v", err)
		}
		if c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://")); err == nil {
			c.Close()
			t.Error("still listening after the stop")
		}
	}
}

func checkMetrics(t *testing.T, url string) {
	t.Helper()
	status, body := get(t, url+"/metrics")
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes", `anlan_db_transactions_total{engine="sqlite",handle="business"}`, `handle="telemetry"`} {
		if status != http.StatusOK || !strings.Contains(body, name) {
			t.Errorf("/metrics answered %d without %s", status, name)
		}
	}
	if status, _ := get(t, url+"/metrics", "X-Forwarded-For", "203.0.113.9"); status != http.StatusNotFound {
		t.Errorf("/metrics through a proxy answered %d", status)
	}
	for token, want := range map[string]int{"token-of-the-test": http.StatusOK, "guess": http.StatusNotFound} {
		if status, _ := get(t, url+"/metrics", "X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer "+token); status != want {
			t.Errorf("/metrics with %q answered %d", token, status)
		}
	}
}

func TestVisitorsAreToldToWaitWhileThePlatformStarts(t *testing.T) {
	f := &front{}
	line := "building <the city>"
	f.step.Store(&line)
	for path, want := range map[string]string{"/": "building &lt;the city&gt;", "/readyz": `"ready":false`} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s answered %d %s", path, w.Code, w.Body)
		}
	}
}

func TestPartsStopInTheOppositeOrder(t *testing.T) {
	var said []string
	part := func(name string, err error) Part {
		return Part{name, func(context.Context) error { said = append(said, "start "+name); return err }, func() { said = append(said, "stop "+name) }}
	}
	stop, err := startParts(t.Context(), []Part{part("a", nil), part("b", nil), part("c", os.ErrInvalid), part("d", nil)})
	if err == nil {
		t.Error("a part that failed was not reported")
	}
	stop()
	if got := strings.Join(said, ", "); got != "start a, start b, start c, stop b, stop a" {
		t.Error(got)
	}
}

func TestRenewedCertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	issue(t, cert, key, 1)
	c := newCertificate(cert, key, quiet())
	now := time.Now()
	if got := serial(t, c, now); got != 1 {
		t.Fatalf("serial %d", got)
	}
	issue(t, cert, key, 2)
	later := now.Add(time.Hour)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(t, c, now.Add(lookEvery+time.Second)); got != 2 {
		t.Errorf("after the renewal serial %d", got)
	}
	if err := os.WriteFile(cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(t, c, now.Add(3*lookEvery)); got != 2 {
		t.Errorf("with a broken file serial %d", got)
	}
}

func serial(t *testing.T, c *certificate, now time.Time) int64 {
	t.Helper()
	pair, err := c.get(now)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.SerialNumber.Int64()
}

// issue writes a self-signed certificate.
func issue(t *testing.T, certFile, keyFile string, number int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "anlan"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for path, text := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestDoctorTellsWhatIsMissing(t *testing.T) {
	keys := func(cfg Config) map[string]Level {
		found := map[string]Level{}
		for _, f := range Doctor(t.Context(), cfg, time.Now(), quiet()) {
			found[f.Key] = f.Level
		}
		return found
	}
	cfg := Config{Data: filepath.Join(t.TempDir(), "data")}
	if got := keys(cfg); got["not_started"] != Note || got["no_public_url"] != Note {
		t.Errorf("before the first start: %v", got)
	}
	opened(t, cfg)
	if got := keys(cfg); got["schema"] != Fine || got["audit"] != Fine || got["key"] != Fine || got["papers"] != Fine {
		t.Errorf("running: %v", got)
	}
	os.Chmod(filepath.Join(cfg.Data, keyFile), 0o644)
	cfg.Addr = "0.0.0.0:8080"
	if got := keys(cfg); got["key_open"] != Fault || got["plain_outside"] != Fault {
		t.Errorf("open to all: %v", got)
	}
	cfg.LogLevel = "loud"
	if got := keys(cfg); got["bad_setting"] != Fault {
		t.Errorf("bad setting: %v", got)
	}
}
