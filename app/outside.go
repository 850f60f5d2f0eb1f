package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/internal/notify"
)

// senders are the ways out that the operator has configured; what is missing
// stays nil, and messages for it stand as undeliverable with their reason.
func senders(c Config) notify.Options {
	o := notify.Options{PublicURL: c.PublicURL, Webhook: &notify.Hook{Secret: []byte(c.WebhookSecret)}}
	if c.SMTP != "" {
		o.SMTP = &notify.SMTP{Addr: c.SMTP, Security: c.SMTPSecurity, User: c.SMTPUser, Password: c.SMTPPassword, From: c.SMTPFrom}
	}
	if c.SMS != "" {
		o.SMS = &notify.SMSGateway{URL: c.SMS, Secret: []byte(c.SMSSecret), Sign: c.SMSSign}
	}
	return o
}

// identityProvider is the city's unified identity, nil when none is
// configured.
func identityProvider(c Config, people *auth.Service, base string) *auth.OIDC {
	if c.OIDCIssuer == "" {
		return nil
	}
	return auth.NewOIDC(people, auth.OIDCConfig{Issuer: c.OIDCIssuer, ClientID: c.OIDCClient, ClientSecret: c.OIDCSecret,
		RedirectURL: base + auth.OIDCPath, Provision: true})
}

// codeSender lets package auth send codes by SMS.
type codeSender struct{ notifier *notify.Notifier }

// codeLife is how long a code is of use; an SMS that comes later is not sent.
const codeLife = 10 * time.Minute

func (s codeSender) SendSMS(ctx context.Context, tx *db.Tx, now time.Time, phone, template, lang string, args map[string]any) error {
	return s.notifier.Send(ctx, tx, now, notify.Message{To: notify.Recipient{Phone: phone}, Channels: []string{notify.SMS},
		Template: template, Args: args, Subject: "auth:code", Lang: lang, Until: now.Add(codeLife)})
}

// exchangeFile is the JSON of --exchange: who we are to other systems, and who
// they are.
type exchangeFile struct {
	Self    string         `json:"self"` // our name in packages, "anlan-tj"
	Systems []exchangePeer `json:"systems"`
}

type exchangePeer struct {
	ID    string      `json:"id"` // permanent: it stands in rows and packages
	Title kernel.Text `json:"title"`
	Kinds []string    `json:"kinds"` // the records it receives
	HTTP  *struct {
		URL       string `json:"url"`
		SecretEnv string `json:"secret_env"` // name of the variable with the signing secret
		Later     bool   `json:"later"`      // the peer sends receipts later
	} `json:"http"`
	Files *struct {
		Out     string `json:"out"` // directory that the 网闸 carries away
		In      string `json:"in"`  // directory that it fills
		Peer    string `json:"peer"`
		KeyFile string `json:"key_file"` // PEM of the peer's SM2 public key
	} `json:"files"`
}

// exchangeKeyFile holds our SM2 key for packages in the data directory; its
// public half stands beside it for the peers.
const exchangeKeyFile = "exchange.key"

// exchangeOptions are the systems of --exchange with the key that packages
// are signed with, which is made when it is first needed.
func exchangeOptions(c Config, getenv func(string) string) (exchange.Options, error) {
	o, err := exchangePeers(c, getenv)
	if err != nil || !slices.ContainsFunc(o.Systems, func(s exchange.System) bool { return s.Files != nil }) {
		return o, err
	}
	pem, err := exchangeKey(c.Data)
	if err == nil {
		o.Key, err = exchange.ParsePrivateKey(pem)
	}
	if err != nil {
		return o, fmt.Errorf("exchange: %w", err)
	}
	return o, nil
}

// exchangePeers reads the file of --exchange and writes nothing. Without a
// file there are no systems and nothing is queued.
func exchangePeers(c Config, getenv func(string) string) (exchange.Options, error) {
	if c.Exchange == "" {
		return exchange.Options{}, nil
	}
	f, err := os.Open(c.Exchange)
	if err != nil {
		return exchange.Options{}, fmt.Errorf("exchange: %w", err)
	}
	defer f.Close()
	var file exchangeFile
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	err = d.Decode(&file)
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = errors.New("more than one value")
	}
	if err != nil {
		return exchange.Options{}, fmt.Errorf("exchange: %s: %w", c.Exchange, err)
	}
	o := exchange.Options{Self: file.Self}
	for _, p := range file.Systems {
		s, err := p.system(getenv)
		if err != nil {
			return exchange.Options{}, fmt.Errorf("exchange: system %q: %w", p.ID, err)
		}
		o.Systems = append(o.Systems, s)
	}
	return o, nil
}

func (p exchangePeer) system(getenv func(string) string) (exchange.System, error) {
	s := exchange.System{ID: p.ID, Title: p.Title, Kinds: p.Kinds}
	if p.HTTP != nil {
		secret := getenv(p.HTTP.SecretEnv)
		if p.HTTP.SecretEnv != "" && secret == "" {
			return s, fmt.Errorf("the variable %s is not set", p.HTTP.SecretEnv)
		}
		s.HTTP = &exchange.Endpoint{URL: p.HTTP.URL, Secret: []byte(secret), Later: p.HTTP.Later}
	}
	if p.Files != nil {
		pem, err := os.ReadFile(p.Files.KeyFile)
		if err != nil {
			return s, err
		}
		key, err := exchange.ParsePublicKey(pem)
		if err != nil {
			return s, err
		}
		s.Files = &exchange.Directory{Out: p.Files.Out, In: p.Files.In, Peer: p.Files.Peer, Key: key}
	}
	return s, nil
}

// exchangeKey returns the PEM of our key, which is made when it is first
// needed.
func exchangeKey(data string) ([]byte, error) {
	path := filepath.Join(data, exchangeKeyFile)
	pem, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return pem, err
	}
	private, public, err := exchange.NewKey()
	if err != nil {
		return nil, err
	}
	return private, errors.Join(os.WriteFile(path, private, 0o600), os.WriteFile(path+".pub", public, 0o644))
}
