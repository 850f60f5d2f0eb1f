package notify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/internal/personal"
	"anlan/internal/settings"
)

var (
	noon  = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)
	admin = kernel.Actor{Kind: kernel.ActorAccount, ID: "admin", Name: "系统管理员"}
)

func sources() []db.Migrations {
	return []db.Migrations{Migrations(), personal.Migrations(), settings.Migrations(), audit.Migrations()}
}

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, test, sources()...)
}

func texts(t testing.TB) *i18n.Catalogues {
	t.Helper()
	c, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func catalogues() (*i18n.Catalogues, error) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return i18n.Load(Texts(), i18n.Source{Owner: "test", FS: fstest.MapFS{
		"locale/zh-CN.json": file(`{"test.hello":"办件 {number} 已受理","test.full":"全文 {number}","test.full.title":"标题 {number}","test.full.sms":"短信 {number}","test.full.body":"正文 {number}"}`),
		"locale/en.json":    file(`{"test.hello":"Case {number} accepted","test.full":"Text {number}","test.full.title":"Title {number}","test.full.sms":"SMS {number}","test.full.body":"Body {number}"}`),
	}})
}

// office is a notifier with its post, at a clock that stands at noon.
type office struct {
	*Notifier
	post  *Post
	db    *db.DB
	clock *kernel.ManualClock
}

func newOffice(t testing.TB, d *db.DB, opts Options) *office {
	t.Helper()
	o := &office{Notifier: NewNotifier(personal.NewVault(make([]byte, 32))), db: d, clock: kernel.NewManualClock(noon)}
	var err error
	if o.post, err = NewPost(d, o.Notifier, texts(t), o.clock, slog.New(slog.DiscardHandler), opts); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) send(t testing.TB, m Message) {
	t.Helper()
	if m.Template == "" {
		m.Template = "test.hello"
	}
	if m.Args == nil {
		m.Args = map[string]any{"number": "2026-12", "link": "/my/cases/1"}
	}
	if m.To == (Recipient{}) {
		m.To = Recipient{Account: "a1", Phone: "13812345678", Email: "wang@example.cn"}
	}
	err := o.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return o.Send(ctx, tx, o.clock.Now(), m) })
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) drain(t testing.TB) {
	t.Helper()
	if err := o.post.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (o *office) only(t testing.TB) Delivery {
	t.Helper()
	list, err := o.List(t.Context(), o.db.Reader(), Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

func (o *office) act(t testing.TB, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	return o.db.InTx(t.Context(), fn)
}

func TestTextsAreComplete(t *testing.T) { texts(t) }

func TestEveryChannelGetsItsTextAndItsRow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		mails, sms, hook := startMail(t, nil), startGateway(t, nil), startGateway(t, nil)
		o := newOffice(t, d, Options{
			SMTP:      &SMTP{Addr: mails.addr, From: "安澜 <noreply@anlan.test>", User: "anlan", Password: "pw", RootCAs: mails.certs},
			SMS:       &SMSGateway{URL: sms.URL, Secret: []byte("s1"), Sign: "天津应急"},
			Webhook:   &Hook{Secret: []byte("s2"), AllowPrivate: true},
			PublicURL: "https://anlan.test",
		})
		o.send(t, Message{Channels: Channels(), Template: "test.full", Subject: "case:1", Key: "k1",
			To: Recipient{Account: "a1", Phone: "13812345678", Email: "王芳 <wang@example.cn>", URL: hook.URL + "/secret-path"}})
		o.drain(t)
		list, err := o.List(t.Context(), d.Reader(), Filter{Subject: "case:1"})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range list {
			got[r.Channel] = string(r.State) + " " + r.Contact
		}
		host := strings.TrimPrefix(hook.URL, "http://")
		want := map[string]string{"in_app": "sent ", "sms": "sent " + personal.MaskPhone("13812345678"), "email": "sent w***@example.cn", "webhook": "sent http://" + host + "/…"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		checkMail(t, mails.received())
		checkBody(t, sms, "s1", map[string]any{"to": "13812345678", "text": "短信 2026-12", "sign": "天津应急"})
		checkBody(t, hook, "s2", map[string]any{"template": "test.full", "subject": "case:1", "text": "全文 2026-12", "at": "2026-05-06T12:00:00+08:00",
			"args": map[string]any{"number": "2026-12", "link": "/my/cases/1"}})
		notices, err := Inbox(t.Context(), d.Reader(), texts(t), "en", "a1", InboxFilter{})
		if err != nil || len(notices) != 1 || notices[0].Title != "Title 2026-12" || notices[0].Text != "Text 2026-12" || notices[0].Link != "/my/cases/1" {
			t.Errorf("%+v, %v", notices, err)
		}
	})
}

func checkMail(t *testing.T, mails []string) {
	t.Helper()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m, err := mail.ReadMessage(strings.NewReader(mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	title, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || title != "标题 2026-12" {
		t.Errorf("subject %q, %v", title, err)
	}
	text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil || string(text) != "正文 2026-12\n\nhttps://anlan.test/my/cases/1" {
		t.Errorf("body %q, %v", text, err)
	}
	if to, err := m.Header.AddressList("To"); err != nil || to[0].Address != "wang@example.cn" || !strings.HasSuffix(m.Header.Get("Message-Id"), "@anlan.test>") {
		t.Errorf("header %v, %v", m.Header, err)
	}
}

func checkBody(t *testing.T, g *gateway, secret string, want map[string]any) {
	t.Helper()
	for id, body := range g.delivered {
		if err := outward.Verify([]byte(secret), g.bodies[0].Get(outward.SignatureHeader), []byte(body), noon); err != nil {
			t.Error(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(want)
		want["id"] = id
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Error("nothing was delivered")
}

func TestContactsAndArgumentsThatGoOutsideAreSealed(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, Options{})
		o.send(t, Message{Channels: []string{SMS}, Args: map[string]any{"number": "SECRET-1"}})
		stored, err := db.Value[string](t.Context(), d.Reader(), `SELECT contact || args FROM notify_messages`)
		if err != nil || stored == "" || strings.Contains(stored, "138") || strings.Contains(stored, "SECRET") {
			t.Errorf("stored %q, %v", stored, err)
		}
	})
}

func TestSameKeyIsQueuedOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, Options{})
		for range 3 {
			o.send(t, Message{Channels: []string{InApp, SMS}, Key: "case:1/accepted"})
		}
		o.send(t, Message{Channels: []string{SMS}, Key: "case:2/accepted"})
		list, err := o.List(t.Context(), d.Reader(), Filter{})
		if err != nil || len(list) != 3 {
			t.Errorf("%d rows, %v", len(list), err)
		}
		if keys, _ := db.Value[int](t.Context(), d.Reader(), `SELECT COUNT(*) FROM personal_keys`); keys != 2 {
			t.Errorf("%d personal keys", keys)
		}
	})
}

func TestMessageThatRollsBackIsNotSent(t *testing.T) {
	sms := startGateway(t, nil)
	o := newOffice(t, dbtest.SQLite(t, sources()...), Options{SMS: &SMSGateway{URL: sms.URL}})
	failed := errors.New("use case failed")
	err := o.act(t, func(ctx context.Context, tx *db.Tx) error {
		return errors.Join(o.Send(ctx, tx, noon, Message{To: Recipient{Phone: "13812345678"}, Channels: []string{SMS}, Template: "test.hello"}), failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	o.drain(t)
	if n, _ := sms.count(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSendNamesEverythingThatIsMissing(t *testing.T) {
	err := Message{Channels: []string{SMS, "pigeon", InApp}}.Check()
	var c kernel.Check
	if !c.Merge("", err) || len(c.Fields) != 4 {
		t.Errorf("%v", err)
	}
}

// How a peer behaves, and what becomes of the message after one try and after
// all tries.
func TestGatewayFaultsAreRetriedOrShown(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		hang := make(chan struct{})
		status := func(code int) func(int, http.ResponseWriter) bool {
			return func(_ int, w http.ResponseWriter) bool { w.WriteHeader(code); return true }
		}
		for name, c := range map[string]struct {
			answer    func(n int, w http.ResponseWriter) bool
			first     State
			reason    string
			last      State
			delivered int
		}{
			"fine":              {nil, Sent, "", Sent, 1},
			"fails, then works": {func(n int, w http.ResponseWriter) bool { return n < 3 && status(500)(n, w) }, Queued, "refused", Sent, 1},
			"fails for ever":    {status(503), Queued, "refused", Dead, 0},
			"busy":              {status(429), Queued, "refused", Dead, 0},
			"refuses":           {status(422), Dead, "refused", Dead, 0},
			"redirects":         {status(302), Dead, "refused", Dead, 0},
			"hangs up":          {func(int, http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, Queued, "unreachable", Dead, 0},
			"silent":            {func(int, http.ResponseWriter) bool { <-hang; return true }, Queued, "unreachable", Dead, 0},
			"half an answer": {func(n int, w http.ResponseWriter) bool {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, `{"rec`)
				return true
			}, Sent, "", Sent, 0},
		} {
			g := startGateway(t, c.answer)
			o := newOffice(t, d, Options{SMS: &SMSGateway{URL: g.URL, Timeout: patience(name == "silent")}})
			exec(t, d, `DELETE FROM notify_messages`)
			o.send(t, Message{Channels: []string{SMS}})
			o.drain(t)
			if r := o.only(t); r.State != c.first || r.Reason != c.reason || r.State == Queued && !r.NextAt.After(noon) {
				t.Errorf("%s, first try: %+v", name, r)
			}
			for range maxTries + 2 {
				o.clock.Advance(8 * time.Hour)
				o.drain(t)
			}
			requests, delivered := g.count()
			if r := o.only(t); r.State != c.last || r.Tries > maxTries || requests > maxTries || delivered != c.delivered {
				t.Errorf("%s, in the end: %+v, %d requests, %d delivered", name, r, requests, delivered)
			}
		}
		close(hang)
	})
}

func exec(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, query, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long a peer may take: short where it will never answer, long
// enough for a slow machine elsewhere.
func patience(inVain bool) time.Duration {
	if inVain {
		return 50 * time.Millisecond
	}
	return 2 * time.Second
}

func TestMailFaultsAreRetriedOrShown(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		at := func(step, answer string) func(string, string) string {
			return func(s, _ string) string {
				if s == step {
					return answer
				}
				return ""
			}
		}
		var once atomic.Bool
		for name, c := range map[string]struct {
			script      func(step, line string) string
			first, last State
			reason      string
			mails       int
		}{
			"fine": {nil, Sent, Sent, "", 1},
			"greylisted": {func(s, _ string) string {
				return map[bool]string{true: "451 later"}[s == "RCPT" && once.CompareAndSwap(false, true)]
			}, Queued, Sent, "refused", 1},
			"unknown mailbox":   {at("RCPT", "550 no such user"), Dead, Dead, "refused", 0},
			"refused text":      {at("dot", "554 spam"), Dead, Dead, "refused", 1},
			"busy at the end":   {at("dot", "452 full"), Queued, Dead, "refused", maxTries},
			"stalls":            {at("greeting", "stall"), Queued, Dead, "unreachable", 0},
			"drops":             {at("MAIL", "drop"), Queued, Dead, "unreachable", 0},
			"half a greeting":   {at("greeting", "2"), Queued, Dead, "unreachable", 0},
			"no TLS":            {at("EHLO", "250 mail.test"), Queued, Dead, "no_tls", 0},
			"wrong password":    {at("AUTH", "535 no"), Queued, Dead, "sign_in", 0},
			"drops at the end":  {at("dot", "drop"), Unclear, Unclear, "no_answer", 1},
			"stalls at the end": {at("dot", "stall"), Unclear, Unclear, "no_answer", 1},
		} {
			m := startMail(t, c.script)
			o := newOffice(t, d, Options{SMTP: &SMTP{Addr: m.addr, From: "noreply@anlan.test", User: "u", Password: "p", RootCAs: m.certs, Timeout: patience(name == "stalls" || name == "half a greeting")}})
			exec(t, d, `DELETE FROM notify_messages`)
			o.send(t, Message{Channels: []string{Email}})
			o.drain(t)
			if r := o.only(t); r.State != c.first || r.Reason != c.reason {
				t.Errorf("%s, first try: %+v", name, r)
			}
			for range maxTries + 2 {
				o.clock.Advance(8 * time.Hour)
				o.drain(t)
			}
			if r := o.only(t); r.State != c.last || len(m.received()) != c.mails {
				t.Errorf("%s, in the end: %+v, %d mails", name, r, len(m.received()))
			}
		}
	})
}

func TestDeadPeersAndBadAddresses(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	smtp := &SMTP{Addr: "127.0.0.1:1", From: "noreply@anlan.test"}
	for name, c := range map[string]struct {
		opts   Options
		m      Message
		state  State
		reason string
	}{
		"mail server is down": {Options{SMTP: smtp}, Message{Channels: []string{Email}}, Queued, "unreachable"},
		"gateway is down":     {Options{SMS: &SMSGateway{URL: "http://127.0.0.1:1/"}}, Message{Channels: []string{SMS}}, Queued, "unreachable"},
		"no adapter":          {Options{}, Message{Channels: []string{SMS}}, Dead, "no_adapter"},
		"no text":             {Options{SMTP: smtp}, Message{Channels: []string{Email}, Template: "test.none"}, Dead, "no_text"},
		"header injection":    {Options{SMTP: smtp}, Message{Channels: []string{Email}, To: Recipient{Email: "a@b.cn\r\nBcc: c@d.cn"}}, Dead, "bad_address"},
		"private webhook":     {Options{Webhook: &Hook{}}, Message{Channels: []string{Webhook}, To: Recipient{URL: "https://127.0.0.1/x"}}, Dead, "forbidden_address"},
		"plain webhook":       {Options{Webhook: &Hook{}}, Message{Channels: []string{Webhook}, To: Recipient{URL: "http://example.com/x"}}, Dead, "forbidden_address"},
		"too late":            {Options{SMTP: smtp}, Message{Channels: []string{Email}, Until: noon}, Dead, "expired"},
	} {
		exec(t, d, `DELETE FROM notify_messages`)
		o := newOffice(t, d, c.opts)
		o.send(t, c.m)
		o.drain(t)
		if r := o.only(t); r.State != c.state || r.Reason != c.reason {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSetUpIsChecked(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	n := NewNotifier(personal.NewVault(make([]byte, 32)))
	for name, opts := range map[string]Options{
		"no port": {SMTP: &SMTP{Addr: "mail", From: "a@b.cn"}}, "no sender": {SMTP: &SMTP{Addr: "mail:25"}},
		"security": {SMTP: &SMTP{Addr: "mail:25", From: "a@b.cn", Security: "some"}}, "gateway": {SMS: &SMSGateway{URL: "gateway"}},
	} {
		if _, err := NewPost(d, n, texts(t), kernel.SystemClock{}, slog.Default(), opts); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNothingLeavesWhilePausedAndWithheldNeverDoes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		sms := startGateway(t, nil)
		o := newOffice(t, d, Options{SMS: &SMSGateway{URL: sms.URL}})
		pause := func(v bool) {
			if err := o.act(t, func(ctx context.Context, tx *db.Tx) error {
				return OutwardPaused().Set(ctx, tx, o.clock.Now(), admin, kernel.Date{}, v)
			}); err != nil {
				t.Fatal(err)
			}
		}
		pause(true)
		o.send(t, Message{Channels: []string{SMS}, Key: "paused"})
		sample := &office{Notifier: o.Withholding(), db: d, clock: o.clock}
		sample.send(t, Message{Channels: []string{SMS, InApp}, Key: "sample"})
		o.drain(t)
		if n, _ := sms.count(); n != 0 {
			t.Errorf("%d requests while paused", n)
		}
		pause(false)
		o.drain(t)
		if n, _ := sms.count(); n != 1 {
			t.Errorf("%d requests after the pause", n)
		}
		list, err := o.List(t.Context(), d.Reader(), Filter{Bad: true})
		if err != nil || len(list) != 1 || list[0].State != Withheld || list[0].Reason != "off" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestInterruptedMessageIsSentAgainOnlyWhereThePeerKnowsIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		m, sms := startMail(t, nil), startGateway(t, nil)
		o := newOffice(t, d, Options{SMTP: &SMTP{Addr: m.addr, From: "a@b.cn", RootCAs: m.certs}, SMS: &SMSGateway{URL: sms.URL}})
		o.send(t, Message{Channels: []string{SMS, Email}})
		exec(t, d, `UPDATE notify_messages SET state = 'sending', owner = 'dead process', lease_until = $1`, time.Now().Add(time.Minute).UnixMicro())
		o.drain(t)
		if a, _ := sms.count(); a != 0 || len(m.received()) != 0 {
			t.Fatal("sent while another process has them")
		}
		exec(t, d, `UPDATE notify_messages SET lease_until = 1`)
		o.drain(t)
		if _, n := sms.count(); n != 1 || len(m.received()) != 0 {
			t.Errorf("%d SMS, %d mails", n, len(m.received()))
		}
		list, err := o.List(t.Context(), d.Reader(), Filter{State: Unclear})
		if err != nil || len(list) != 1 || list[0].Channel != Email || list[0].Reason != "interrupted" {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := o.act(t, func(ctx context.Context, tx *db.Tx) error { return o.Retry(ctx, tx, noon, admin, list[0].ID) }); err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		if len(m.received()) != 1 {
			t.Error("not sent at the operator's word")
		}
	})
}

func TestOperatorGivesUpAndRetries(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, Options{})
		o.send(t, Message{Channels: []string{SMS}})
		id := o.only(t).ID
		giveUp := func(ctx context.Context, tx *db.Tx) error { return o.GiveUp(ctx, tx, noon, admin, id) }
		if err := o.act(t, giveUp); err != nil {
			t.Fatal(err)
		}
		if r := o.only(t); r.State != Dead || r.Reason != "given_up" {
			t.Errorf("%+v", r)
		}
		if err := o.act(t, giveUp); kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("given up twice: %v", err)
		}
		if c, err := Count(t.Context(), d.Reader()); err != nil || c != (Counts{Dead: 1}) {
			t.Errorf("%+v, %v", c, err)
		}
		if err := o.act(t, func(ctx context.Context, tx *db.Tx) error { return o.Retry(ctx, tx, noon, admin, id) }); err != nil {
			t.Fatal(err)
		}
		if r := o.only(t); r.State != Queued {
			t.Errorf("%+v", r)
		}
	})
}

func TestInboxIsTheAccountsOwn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, Options{})
		for range 3 {
			o.clock.Advance(time.Second)
			o.send(t, Message{Channels: []string{InApp}})
		}
		o.send(t, Message{Channels: []string{InApp}, To: Recipient{Account: "a2"}})
		inbox := func(account string, f InboxFilter) []Notice {
			list, err := Inbox(t.Context(), d.Reader(), texts(t), "zh-CN", account, f)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		all := inbox("a1", InboxFilter{})
		if len(all) != 3 || all[0].Text != "办件 2026-12 已受理" || all[0].Title != "天津市应急管理局通知" || all[0].At.Before(all[2].At) {
			t.Errorf("%+v", all)
		}
		if page := inbox("a1", InboxFilter{Before: all[0].ID, Limit: 1}); len(page) != 1 || page[0].ID != all[1].ID {
			t.Errorf("%+v", page)
		}
		mark := func(account string) error {
			return o.act(t, func(ctx context.Context, tx *db.Tx) error {
				return MarkRead(ctx, tx, o.clock.Now(), account, all[0].ID)
			})
		}
		if err := mark("a2"); kernel.KindOf(err) != kernel.NotFound {
			t.Errorf("another's notice: %v", err)
		}
		if err := errors.Join(mark("a1"), mark("a1")); err != nil {
			t.Error(err)
		}
		if n, err := Unread(t.Context(), d.Reader(), "a1"); err != nil || n != 2 || len(inbox("a1", InboxFilter{Unread: true})) != 2 {
			t.Errorf("%d unread, %v", n, err)
		}
		if err := o.act(t, func(ctx context.Context, tx *db.Tx) error { return MarkAllRead(ctx, tx, o.clock.Now(), "a1") }); err != nil {
			t.Fatal(err)
		}
		if n, _ := Unread(t.Context(), d.Reader(), "a1"); n != 0 {
			t.Errorf("%d unread", n)
		}
	})
}

func TestContactsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, Options{})
		var person string
		if err := o.act(t, func(ctx context.Context, tx *db.Tx) (err error) {
			person, err = o.vault.NewPerson(ctx, tx, noon)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		o.send(t, Message{Channels: []string{SMS, InApp}})
		o.send(t, Message{Channels: []string{SMS}, To: Recipient{Phone: "13800000000", Person: person}})
		o.drain(t)
		o.clock.Advance(reachable + time.Hour)
		if err := o.post.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := o.List(t.Context(), d.Reader(), Filter{Channel: SMS})
		if err != nil || len(list) != 2 || list[0].Contact != "" || list[1].Contact != "" {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := o.vault.Key(t.Context(), d.Reader(), person); err != nil {
			t.Errorf("the person's own key: %v", err)
		}
		if erased, _ := db.Value[int](t.Context(), d.Reader(), `SELECT COUNT(*) FROM personal_keys WHERE erased = TRUE`); erased != 1 {
			t.Errorf("%d keys erased", erased)
		}
		o.clock.Advance(inboxKept)
		if err := o.post.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _ := db.Value[int](t.Context(), d.Reader(), `SELECT COUNT(*) FROM notify_messages`); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestErasedPersonIsNotWrittenTo(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	sms := startGateway(t, nil)
	o := newOffice(t, d, Options{SMS: &SMSGateway{URL: sms.URL}})
	var person string
	err := o.act(t, func(ctx context.Context, tx *db.Tx) (err error) {
		if person, err = o.vault.NewPerson(ctx, tx, noon); err != nil {
			return err
		}
		return o.Send(ctx, tx, noon, Message{Channels: []string{SMS}, Template: "test.hello", Args: map[string]any{"number": "1"}, To: Recipient{Phone: "13800000000", Person: person}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.act(t, func(ctx context.Context, tx *db.Tx) error { return o.vault.Erase(ctx, tx, person) }); err != nil {
		t.Fatal(err)
	}
	o.drain(t)
	if r := o.only(t); r.State != Dead || r.Reason != "erased" || r.Contact != "" {
		t.Errorf("%+v", r)
	}
}

// A running post delivers at once what is committed, and two of them deliver
// each message once.
func TestRunningPostsDeliverEachMessageOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var double atomic.Int64
		sms := startGateway(t, nil)
		opts := Options{SMS: &SMSGateway{URL: sms.URL}}
		a, b := newOffice(t, d, opts), newOffice(t, d, opts)
		const n = 40
		for range n {
			a.send(t, Message{Channels: []string{SMS}})
		}
		a.post.Start(t.Context())
		b.post.Start(t.Context())
		defer a.post.Stop()
		defer b.post.Stop()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			requests, delivered := sms.count()
			if delivered == n {
				double.Store(int64(requests - delivered))
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d delivered", delivered, n)
			}
		}
		if double.Load() != 0 {
			t.Errorf("%d messages came twice", double.Load())
		}
		a.send(t, Message{Channels: []string{SMS}})
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			if _, delivered := sms.count(); delivered == n+1 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("a running post does not hear of a new message")
			}
		}
	})
}

func TestBackoffGrowsAndIsSpread(t *testing.T) {
	for try, middle := range map[int]time.Duration{1: 30 * time.Second, 2: 2 * time.Minute, 5: 128 * time.Minute, 8: 6 * time.Hour} {
		different := map[time.Duration]bool{}
		for range 50 {
			w := backoff(try)
			different[w] = true
			if w < middle*8/10 || w > middle*12/10 {
				t.Errorf("after try %d: %s", try, w)
			}
		}
		if len(different) < 10 {
			t.Errorf("after try %d all wait alike", try)
		}
	}
}

func FuzzMail(f *testing.F) {
	f.Add("标题\r\nBcc: x@y.cn", "text", "王芳 <a@b.cn>")
	s, err := newSMTP(SMTP{Addr: "mail:25", From: "安澜 <noreply@anlan.test>"}, kernel.NewManualClock(noon))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, title, text, address string) {
		to, err := mail.ParseAddress(address)
		if err != nil {
			return
		}
		m, err := mail.ReadMessage(strings.NewReader(string(s.mail(&outgoing{id: "1", words: words{Title: title, Text: text}}, to))))
		if err != nil || len(m.Header) != 9 {
			t.Errorf("%v, %v", m, err)
		}
	})
}
