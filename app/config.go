package app

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"anlan/internal/document"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/outward"
)

// Config is everything an operator can set. The zero value works: SQLite
// under ./data, served on loopback. Each field is set by a flag, or by the
// variable ANLAN_ and the flag's name (ANLAN_PUBLIC_URL for --public-url);
// the flag wins. Secrets are set by variables only, because every user of a
// machine can read command lines.
type Config struct {
	// Addr is where to listen, "host:port". Port 0 takes a free one.
	// Default 127.0.0.1:8080.
	Addr string
	// Data is the directory for the SQLite files, uploads, the key and the
	// audit head. It is made when missing. Default "data".
	Data string
	// Database is the business database: "postgres://…" or "sqlite:PATH".
	// Default: anlan.db in Data.
	Database string
	// TelemetryDatabase holds readings, apart from the business database so
	// that neither waits for the other. Default: telemetry.db in Data, or on
	// PostgreSQL the schema anlan_telemetry of the same server.
	TelemetryDatabase string
	// PublicURL is the address under which others reach the platform,
	// "https://anlan.example.cn". It stands in QR codes and messages; without
	// it no certificate is issued.
	PublicURL string
	// TLSCert and TLSKey are PEM files; both or neither. Renewed files are
	// taken up without a restart.
	TLSCert, TLSKey string
	// TrustedProxies are networks ("10.0.0.0/8") or addresses whose
	// X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []string
	// AuditHead is the second place of the audit chain's head, best on
	// another disk. Default: audit-head.jsonl in Data.
	AuditHead string
	// Fonts are TrueType files with the rare characters that the embedded font
	// lacks, asked in order. Default: none, and a paper with such a character
	// waits.
	Fonts []string
	// ClamAV is the socket of a virus scanner, "unix:/run/clamav/clamd.ctl"
	// or "tcp:127.0.0.1:3310". Default: uploads are not scanned.
	ClamAV string
	// NATS is the address of a NATS cluster that joins the live screens of
	// several processes, "nats://…". Default: one process.
	NATS string
	// SMTP is the mail server, "host:port". Default: no e-mail is sent.
	SMTP string
	// SMTPSecurity is "starttls", "tls" or "none" (a server on the same
	// machine only). Default starttls.
	SMTPSecurity string
	// SMTPUser signs in to the mail server, with ANLAN_SMTP_PASSWORD. Default:
	// no sign-in.
	SMTPUser string
	// SMTPFrom is the sender, "安澜 <noreply@example.cn>". Needed with SMTP.
	SMTPFrom string
	// SMS is the URL of an SMS gateway that takes JSON over HTTP, see package
	// notify. Default: no SMS is sent.
	SMS string
	// SMSSign is the 短信签名 that carriers demand, "天津应急".
	SMSSign string
	// OIDCIssuer is the city's unified identity provider. Default: local
	// accounts only.
	OIDCIssuer string
	// OIDCClient is our client id there; ANLAN_OIDC_SECRET the secret.
	OIDCClient string
	// Exchange is a JSON file that names the systems records are handed to and
	// taken from, see docs/formats/exchange.md. Default: none.
	Exchange string
	// ICP and Police are the filing numbers in the footer. Default: the footer
	// says that they are missing.
	ICP, Police string
	// LogFormat is "text" or "json". Default text.
	LogFormat string
	// LogLevel is "debug", "info", "warn" or "error". Default info.
	LogLevel string

	// SecretKey is the master key, 32 bytes in hexadecimal, by ANLAN_SECRET_KEY.
	// Default: secret.key in Data, made on the first start.
	SecretKey string
	// MetricsToken opens /metrics to bearers from elsewhere than loopback, by
	// ANLAN_METRICS_TOKEN. Default: loopback only.
	MetricsToken string
	// S3 keeps uploads in a bucket, "https://host/bucket/prefix". Default:
	// files in Data.
	S3 string
	// S3Access and S3Secret are the credentials of S3, by ANLAN_S3_ACCESS and
	// ANLAN_S3_SECRET.
	S3Access, S3Secret string
	// SMTPPassword, SMSSecret (signs what goes to the gateway), WebhookSecret
	// (signs webhooks) and OIDCSecret are set by ANLAN_SMTP_PASSWORD,
	// ANLAN_SMS_SECRET, ANLAN_WEBHOOK_SECRET and ANLAN_OIDC_SECRET.
	SMTPPassword, SMSSecret, WebhookSecret, OIDCSecret string
}

// setting ties a field to its flag and variable.
type setting struct {
	flag  string // "" for secrets
	env   string
	value *string
	list  *[]string
	help  string
}

func (c *Config) settings() []setting {
	named := func(name string, value *string, help string) setting {
		return setting{flag: name, env: envName(name), value: value, help: help}
	}
	return []setting{
		named("addr", &c.Addr, "listen on `host:port` (default 127.0.0.1:8080)"),
		named("data", &c.Data, "keep everything below `directory` (default data)"),
		named("database", &c.Database, "business database, postgres://… or sqlite:PATH (default anlan.db in the data directory)"),
		named("telemetry-database", &c.TelemetryDatabase, "database of readings (default beside the business database)"),
		named("public-url", &c.PublicURL, "`URL` under which others reach the platform, for QR codes and messages"),
		named("tls-cert", &c.TLSCert, "PEM `file` with the certificate chain"),
		named("tls-key", &c.TLSKey, "PEM `file` with the key"),
		{flag: "trusted-proxy", env: envName("trusted-proxy"), list: &c.TrustedProxies, help: "believe the forwarding headers of this `network`; repeatable"},
		named("audit-head", &c.AuditHead, "second place of the audit chain's head (default audit-head.jsonl in the data directory)"),
		{flag: "font", env: envName("font"), list: &c.Fonts, help: "print rare characters with this TrueType `file`; repeatable"},
		named("clamav", &c.ClamAV, "virus scanner, unix:PATH or tcp:HOST:PORT"),
		named("nats", &c.NATS, "NATS `URL` that joins the live screens of several processes"),
		named("s3", &c.S3, "keep uploads in this bucket, `https://host/bucket/prefix`"),
		named("smtp", &c.SMTP, "send e-mail through this server, `host:port`"),
		named("smtp-security", &c.SMTPSecurity, "starttls, tls or none (default starttls)"),
		named("smtp-user", &c.SMTPUser, "sign in to the mail server as this user, with ANLAN_SMTP_PASSWORD"),
		named("smtp-from", &c.SMTPFrom, "sender of e-mails, `name <address>`"),
		named("sms", &c.SMS, "`URL` of the SMS gateway"),
		named("sms-sign", &c.SMSSign, "signature in front of every SMS (短信签名)"),
		named("oidc-issuer", &c.OIDCIssuer, "`URL` of the city's unified identity provider"),
		named("oidc-client", &c.OIDCClient, "our client id at the identity provider"),
		named("exchange", &c.Exchange, "JSON `file` with the systems that records are exchanged with"),
		named("icp", &c.ICP, "ICP filing number in the footer"),
		named("police", &c.Police, "public security filing number in the footer"),
		named("log-format", &c.LogFormat, "text or json (default text)"),
		named("log-level", &c.LogLevel, "debug, info, warn or error (default info)"),
		{env: "ANLAN_SECRET_KEY", value: &c.SecretKey},
		{env: "ANLAN_METRICS_TOKEN", value: &c.MetricsToken},
		{env: "ANLAN_S3_ACCESS", value: &c.S3Access},
		{env: "ANLAN_S3_SECRET", value: &c.S3Secret},
		{env: "ANLAN_SMTP_PASSWORD", value: &c.SMTPPassword},
		{env: "ANLAN_SMS_SECRET", value: &c.SMSSecret},
		{env: "ANLAN_WEBHOOK_SECRET", value: &c.WebhookSecret},
		{env: "ANLAN_OIDC_SECRET", value: &c.OIDCSecret},
	}
}

func envName(flag string) string {
	return "ANLAN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Register takes the environment's values into c and adds the flags that
// override them.
func (c *Config) Register(fs *flag.FlagSet, getenv func(string) string) {
	for _, s := range c.settings() {
		if v := getenv(s.env); v != "" {
			if s.list != nil {
				*s.list = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
			} else {
				*s.value = v
			}
		}
		switch {
		case s.flag == "":
		case s.list != nil:
			fs.Var(&listFlag{values: s.list}, s.flag, s.help)
		default:
			fs.StringVar(s.value, s.flag, *s.value, s.help)
		}
	}
}

// listFlag is a repeatable flag; the first use replaces the environment's
// list.
type listFlag struct {
	values *[]string
	given  bool
}

func (l *listFlag) String() string {
	if l.values == nil {
		return ""
	}
	return strings.Join(*l.values, ",")
}

func (l *listFlag) Set(v string) error {
	if !l.given {
		*l.values, l.given = nil, true
	}
	*l.values = append(*l.values, v)
	return nil
}

// WithDefaults returns c with every default in its place.
func (c Config) WithDefaults() Config {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&c.Addr, "127.0.0.1:8080")
	fill(&c.Data, "data")
	fill(&c.Database, "sqlite:"+filepath.Join(c.Data, "anlan.db"))
	if strings.HasPrefix(c.Database, "sqlite:") {
		fill(&c.TelemetryDatabase, "sqlite:"+filepath.Join(c.Data, "telemetry.db"))
	}
	fill(&c.TelemetryDatabase, telemetryBeside(c.Database))
	fill(&c.AuditHead, filepath.Join(c.Data, "audit-head.jsonl"))
	fill(&c.LogFormat, "text")
	fill(&c.LogLevel, "info")
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c
}

// telemetrySchema holds the readings where one PostgreSQL database serves
// both handles.
const telemetrySchema = "anlan_telemetry"

func telemetryBeside(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return database // Check names the fault
	}
	q := u.Query()
	q.Set("search_path", telemetrySchema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Check reports every setting that cannot work. Values that may hold a
// password are not repeated.
func (c Config) Check() error {
	c = c.WithDefaults()
	var check kernel.Check
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		check.Add("addr", "format", c.Addr)
	}
	for _, d := range []struct{ field, dsn string }{{"database", c.Database}, {"telemetry-database", c.TelemetryDatabase}} {
		if !validDSN(d.dsn) {
			check.Add(d.field, "url", "")
		}
	}
	if c.PublicURL != "" && !validPublicURL(c.PublicURL) {
		check.Add("public-url", "url", c.PublicURL)
	}
	c.checkTLS(&check)
	for _, p := range c.TrustedProxies {
		if _, err := parseNetwork(p); err != nil {
			check.Add("trusted-proxy", "format", p)
		}
	}
	for _, path := range c.Fonts {
		if _, err := (Config{Fonts: []string{path}}).printer(); err != nil {
			check.Add("font", "format", path)
		}
	}
	if c.SecretKey != "" {
		if _, err := decodeKey(c.SecretKey); err != nil {
			check.Add("ANLAN_SECRET_KEY", "format", "")
		}
	}
	if c.S3 != "" {
		if _, err := parseS3(c.S3); err != nil {
			check.Add("s3", "url", c.S3)
		}
	}
	c.checkOutside(&check)
	if c.LogFormat != "text" && c.LogFormat != "json" {
		check.Add("log-format", "choice", c.LogFormat)
	}
	if _, err := logLevel(c.LogLevel); err != nil {
		check.Add("log-level", "choice", c.LogLevel)
	}
	return check.Err()
}

// checkOutside looks at the systems that messages and records go to.
func (c Config) checkOutside(check *kernel.Check) {
	if c.SMTP != "" {
		if _, _, err := net.SplitHostPort(c.SMTP); err != nil {
			check.Add("smtp", "format", c.SMTP)
		}
		if c.SMTPFrom == "" {
			check.Add("smtp-from", "required", "")
		} else if _, err := mail.ParseAddress(c.SMTPFrom); err != nil {
			check.Add("smtp-from", "format", c.SMTPFrom)
		}
	}
	switch c.SMTPSecurity {
	case "", notify.StartTLS, notify.TLS, notify.NoTLS:
	default:
		check.Add("smtp-security", "choice", c.SMTPSecurity)
	}
	for _, u := range []struct{ field, url string }{{"sms", c.SMS}, {"oidc-issuer", c.OIDCIssuer}} {
		if u.url != "" && outward.CheckURL(u.url, true) != nil {
			check.Add(u.field, "url", u.url)
		}
	}
	if c.OIDCIssuer != "" && c.OIDCClient == "" {
		check.Add("oidc-client", "required", "")
	}
	if c.Exchange != "" {
		if _, err := exchangePeers(c, os.Getenv); err != nil {
			check.Add("exchange", "format", err.Error())
		}
	}
}

func (c Config) checkTLS(check *kernel.Check) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
	case c.TLSCert == "":
		check.Add("tls-cert", "required", "")
	case c.TLSKey == "":
		check.Add("tls-key", "required", "")
	default:
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			check.Add("tls-cert", "format", c.TLSCert)
		}
	}
}

func validDSN(dsn string) bool {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return path != ""
	}
	u, err := url.Parse(dsn)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}

func validPublicURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// printer sets papers with the operator's fonts behind the embedded one; nil
// when there are none.
func (c Config) printer() (*document.Printer, error) {
	if len(c.Fonts) == 0 {
		return nil, nil
	}
	fonts := make([][]byte, len(c.Fonts))
	for i, path := range c.Fonts {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("font: %w", err)
		}
		fonts[i] = data
	}
	return document.NewPrinter(fonts...)
}

// Proxies returns the trusted networks of a checked configuration.
func (c Config) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range c.TrustedProxies {
		if n, err := parseNetwork(p); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Prefix(addr.BitLen())
	}
	return netip.ParsePrefix(s)
}

// OnLoopback reports whether the listener can be reached from this machine
// only.
func (c Config) OnLoopback() bool {
	host, _, err := net.SplitHostPort(c.WithDefaults().Addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Secure reports whether browsers reach the platform over TLS, so that
// cookies can be Secure.
func (c Config) Secure() bool {
	return c.TLSCert != "" || strings.HasPrefix(c.PublicURL, "https://")
}

// BaseURL is what links start with: the public URL, or where we listen.
func (c Config) BaseURL(listening net.Addr) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, listening)
}
