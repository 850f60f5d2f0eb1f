package notify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/mail"
	"os"
	osexec "os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// childEnv names the variable that makes this test binary a process that
// delivers until it is killed: DSN, SMS gateway, mail server and certificate,
// one per line.
const childEnv = "ANLAN_TEST_NOTIFY_CHILD"

func TestMain(m *testing.M) {
	if set := os.Getenv(childEnv); set != "" {
		if err := child(strings.SplitN(set, "\n", 4)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(set []string) error {
	d, err := db.Open(context.Background(), set[0], db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	certs := x509.NewCertPool()
	certs.AppendCertsFromPEM([]byte(set[3]))
	texts, err := catalogues()
	if err != nil {
		return err
	}
	post, err := NewPost(d, NewNotifier(personal.NewVault(make([]byte, 32))), texts, kernel.SystemClock{}, slog.New(slog.DiscardHandler),
		Options{SMS: &SMSGateway{URL: set[1]}, SMTP: &SMTP{Addr: set[2], From: "a@anlan.test", RootCAs: certs}})
	if err != nil {
		return err
	}
	post.lease = 300 * time.Millisecond
	for ; ; time.Sleep(20 * time.Millisecond) {
		if err := post.Drain(context.Background()); err != nil {
			return err
		}
	}
}

// The process is killed while gateway and mail server are at work, again and
// again. Every SMS arrives once, because its key is the same in every try;
// every mail arrives at most once, and the one that is not known to have
// arrived is shown as unclear.
func TestKilledPostSendsNothingTwiceAndLosesNothing(t *testing.T) {
	const n, kills = 24, 6
	run := func(t *testing.T, d *db.DB, dsn string, hand func()) {
		var kill atomic.Pointer[osexec.Cmd]
		var steps atomic.Int64
		strike := func() { // every seventh step of a peer is the child's last
			if c := kill.Load(); c != nil && steps.Add(1)%7 == 0 {
				c.Process.Kill()
			}
		}
		sms := startGateway(t, func(int, http.ResponseWriter) bool { strike(); return false })
		mails := startMail(t, func(step, _ string) string {
			if step == "DATA" || step == "dot" || step == "RCPT" {
				strike()
			}
			return ""
		})
		o := newOffice(t, d, Options{})
		for i := range n {
			o.send(t, Message{Channels: []string{SMS, Email}, Key: fmt.Sprint(i)})
		}
		hand()
		cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mails.tls.Certificates[0].Certificate[0]}))
		set := strings.Join([]string{dsn, sms.URL, mails.addr, cert}, "\n")
		for range kills {
			runChild(t, set, func(c *osexec.Cmd) bool { kill.Store(c); return false })
		}
		kill.Store(nil)
		runChild(t, set, func(*osexec.Cmd) bool { _, got := sms.count(); return got == n && settled(t, dsn) })
		check(t, dsn, sms, mails, n)
	}
	t.Run("sqlite", func(t *testing.T) {
		d := dbtest.SQLite(t, sources()...)
		run(t, d, "sqlite:"+d.Path(), func() { d.Close() })
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := dbtest.PostgresURL(t, sources()...)
		run(t, reopen(t, dsn), dsn, func() {})
	})
}

// runChild runs a child until it dies or done says so.
func runChild(t *testing.T, set string, done func(*osexec.Cmd) bool) {
	t.Helper()
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+set)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	died := make(chan struct{})
	go func() { cmd.Wait(); close(died) }()
	defer func() { cmd.Process.Kill(); <-died }()
	deadline := time.After(40 * time.Second)
	for {
		if done(cmd) {
			return
		}
		select {
		case <-died:
			return
		case <-deadline:
			t.Fatal("the child neither dies nor comes to an end")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func reopen(t *testing.T, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// settled reports whether nothing is on its way any more.
func settled(t *testing.T, dsn string) bool {
	d, err := db.Open(t.Context(), dsn, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	open, err := db.Value[int](t.Context(), d.Reader(), `SELECT COUNT(*) FROM notify_messages WHERE state IN ('queued', 'sending')`)
	return err == nil && open == 0
}

func check(t *testing.T, dsn string, sms *gateway, mails *mailServer, n int) {
	t.Helper()
	d := reopen(t, dsn)
	states := func(channel string) map[State]int {
		list, err := NewNotifier(personal.NewVault(make([]byte, 32))).List(t.Context(), d.Reader(), Filter{Channel: channel, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		count := map[State]int{}
		for _, r := range list {
			count[r.State]++
		}
		return count
	}
	if got := states(SMS); got[Sent] != n {
		t.Errorf("SMS: %v", got)
	}
	arrived := map[string]int{}
	for _, text := range mails.received() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		arrived[m.Header.Get("Message-Id")]++
	}
	for id, times := range arrived {
		if times > 1 {
			t.Errorf("mail %s arrived %d times", id, times)
		}
	}
	got := states(Email)
	t.Logf("mails: %v, %d arrived", got, len(arrived))
	if got[Sent]+got[Unclear] != n || len(arrived) < got[Sent] {
		t.Errorf("mails: %v, %d arrived", got, len(arrived))
	}
}
