package app

import (
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/kernel"
)

// configOf reads a configuration as a command does.
func configOf(t *testing.T, env map[string]string, args ...string) Config {
	t.Helper()
	var cfg Config
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	cfg.Register(fs, func(name string) string { return env[name] })
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestZeroConfigWorks(t *testing.T) {
	if err := (Config{}).Check(); err != nil {
		t.Fatal(err)
	}
	cfg := Config{}.WithDefaults()
	if cfg.Addr != "127.0.0.1:8080" || cfg.Database != "sqlite:data/anlan.db" || !cfg.OnLoopback() || cfg.Secure() {
		t.Errorf("defaults: %+v", cfg)
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	env := map[string]string{"ANLAN_ADDR": "127.0.0.1:1", "ANLAN_DATA": "/env", "ANLAN_TRUSTED_PROXY": "10.0.0.1,10.0.0.2", "ANLAN_SECRET_KEY": "k"}
	cfg := configOf(t, env, "--addr", "127.0.0.1:2", "--trusted-proxy", "192.168.0.0/16", "--trusted-proxy", "::1")
	if cfg.Addr != "127.0.0.1:2" || cfg.Data != "/env" || cfg.SecretKey != "k" {
		t.Errorf("got %+v", cfg)
	}
	if diff := cmp.Diff([]string{"192.168.0.0/16", "::1"}, cfg.TrustedProxies); diff != "" {
		t.Error(diff)
	}
	if got := configOf(t, env).TrustedProxies; len(got) != 2 {
		t.Errorf("from the environment: %q", got)
	}
}

func TestEveryBadSettingIsNamedAtOnceWithoutItsSecret(t *testing.T) {
	cfg := Config{
		Addr: "nowhere", Database: "mysql://u:secret@h/d", PublicURL: "anlan.example", TLSKey: "key.pem",
		TrustedProxies: []string{"10.0.0.1", "the proxy"}, SecretKey: "secret", S3: "bucket", LogFormat: "xml", LogLevel: "loud",
	}
	var bad *kernel.Error
	if err := cfg.Check(); !errors.As(err, &bad) || bad.Kind != kernel.Invalid {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, f := range bad.Fields {
		fields = append(fields, f.Field)
		if f.Value == cfg.SecretKey || f.Value == cfg.Database {
			t.Errorf("%s tells its value", f.Field)
		}
	}
	slices.Sort(fields)
	want := []string{"ANLAN_SECRET_KEY", "addr", "database", "log-format", "log-level", "public-url", "s3", "telemetry-database", "tls-cert", "trusted-proxy"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
}

func TestFontsThatCannotPrintAreNamed(t *testing.T) {
	packed, err := os.Open("../internal/document/font/wqy-microhei.ttf.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	data, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	font, err := io.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := filepath.Join(t.TempDir(), "rare.ttf"), filepath.Join(t.TempDir(), "bad.ttf")
	if err := errors.Join(os.WriteFile(good, font, 0o600), os.WriteFile(bad, []byte("no font"), 0o600)); err != nil {
		t.Fatal(err)
	}
	cfg := configOf(t, nil, "--font", good)
	if p, err := cfg.printer(); p == nil || err != nil || cfg.Check() != nil {
		t.Errorf("%v %v %v", p, err, cfg.Check())
	}
	var wrong *kernel.Error
	if err := configOf(t, nil, "--font", good, "--font", bad).Check(); !errors.As(err, &wrong) || wrong.Fields[0].Field != "font" || wrong.Fields[0].Value != bad {
		t.Errorf("%v", err)
	}
}

func TestTelemetryOfPostgresIsASchemaBesideTheBusiness(t *testing.T) {
	cfg := Config{Database: "postgres://u:p@h/anlan?sslmode=disable"}.WithDefaults()
	if want := "postgres://u:p@h/anlan?search_path=anlan_telemetry&sslmode=disable"; cfg.TelemetryDatabase != want {
		t.Errorf("got %s", cfg.TelemetryDatabase)
	}
}
