package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/internal/settings"
)

var (
	noon  = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)
	admin = kernel.Actor{Kind: kernel.ActorAccount, ID: "admin", Name: "系统管理员"}
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func sources() []db.Migrations {
	return []db.Migrations{Migrations(), settings.Migrations(), audit.Migrations()}
}

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, test, sources()...)
}

func licence(number string) Publication {
	return Publication{Holder: "天津大沽化工有限公司", HolderKind: "法人及非法人组织", USCC: "91120116MA05XXXX0A", LegalPerson: "王芳", Document: "准予行政许可决定书",
		DocumentNumber: "津应急许决〔2026〕" + number + "号", Category: "普通", Certificate: "危险化学品经营许可证", Number: number, Content: "汽油、柴油",
		DecidedOn: kernel.MustDate("2026-05-06"), ValidFrom: kernel.MustDate("2026-05-06"), ValidTo: kernel.MustDate("2029-05-05"),
		Authority: "天津市应急管理局", Status: "有效", Source: "天津市应急管理局"}
}

// creditPeer stands in for the city's credit platform: it keeps each id once,
// refuses records without what its standard demands, and can be made to fail.
type creditPeer struct {
	*httptest.Server
	fault func(n int, w http.ResponseWriter) bool // true: it has answered itself

	mu       sync.Mutex
	requests int
	taken    []envelope
	seen     map[string]bool
}

func startPeer(t *testing.T, fault func(n int, w http.ResponseWriter) bool) *creditPeer {
	t.Helper()
	p := &creditPeer{fault: fault, seen: map[string]bool{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *creditPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if outward.Verify([]byte("shared"), r.Header.Get(outward.SignatureHeader), body, noon) != nil && p.fault == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if p.fault != nil && p.fault(p.requests, w) {
		return
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil || e.ID != r.Header.Get(outward.IdempotencyHeader) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var record map[string]string
	if json.Unmarshal(e.Record, &record) == nil && record["XK_XKBH"] == "bad" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"errors":[{"field":"XK_XKBH","rule":"许可编号不存在"}]}`)
		return
	}
	if !p.seen[e.ID] {
		p.seen[e.ID] = true
		p.taken = append(p.taken, e)
	}
	fmt.Fprintf(w, `{"state":"accepted","receipt":"R%d"}`, len(p.taken))
}

// count is how many requests have come; a slow one may still be answered.
func (p *creditPeer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

func (p *creditPeer) numbers() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.taken {
		var record map[string]string
		json.Unmarshal(e.Record, &record)
		out = append(out, record["XK_XKBH"])
	}
	return out
}

func newHTTP(t *testing.T, d *db.DB, p *creditPeer, later bool) (*Exchange, *kernel.ManualClock) {
	t.Helper()
	clock := kernel.NewManualClock(noon)
	x, err := New(d, clock, quiet(), Options{Systems: []System{
		{ID: "credit", Kinds: []string{KindPublication}, HTTP: &Endpoint{URL: p.URL, Secret: []byte("shared"), Later: later, Timeout: 400 * time.Millisecond}},
		{ID: "other", Kinds: []string{"something_else"}, HTTP: &Endpoint{URL: "http://127.0.0.1:1/"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return x, clock
}

func put(t *testing.T, x *Exchange, subject, key string, body any) {
	t.Helper()
	err := x.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return x.Put(ctx, tx, x.clock.Now(), Record{Kind: KindPublication, Subject: subject, Key: key, Due: kernel.MustDate("2026-05-15"), Body: body})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, x *Exchange) {
	t.Helper()
	if err := x.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, d *db.DB, f Filter) []Message {
	t.Helper()
	f.Limit = 10_000
	out, err := List(t.Context(), d.Reader(), f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTextsAreComplete(t *testing.T) {
	if _, err := i18n.Load(Texts()); err != nil {
		t.Fatal(err)
	}
}

func TestShippedMapsAreSoundAndMarked(t *testing.T) {
	key, err := MapSetting(KindPublication)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Default.Check(); err != nil || key.Default.Status != "待省市规范" || key.Default.Source == "" {
		t.Errorf("%+v, %v", key.Default, err)
	}
	// Each field of the record has its place, and none is asked for that it
	// does not have.
	record, err := json.Marshal(Publication{Remark: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var has map[string]any
	if err := json.Unmarshal(record, &has); err != nil {
		t.Fatal(err)
	}
	for _, f := range key.Default.Fields {
		if _, ok := has[f.From]; f.From != "" && !ok {
			t.Errorf("%s comes from %q, which no record has", f.To, f.From)
		}
		delete(has, f.From)
	}
	if len(has) > 0 {
		t.Errorf("no place for %v", has)
	}
}

func TestRecordGetsTheReceiversWords(t *testing.T) {
	key, err := MapSetting(KindPublication)
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(licence("000012"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := key.Default.Apply(record)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"XK_XDR_MC":"天津大沽化工有限公司","XK_XDR_LB":"法人及非法人组织","XK_XDR_SHXYM":"91120116MA05XXXX0A","XK_XDR_GSZC":"","XK_XDR_ZZJG":"","XK_XDR_SWDJ":"","XK_XDR_SYDW":"","XK_XDR_SHZZ":"","XK_FRDB":"王芳","XK_FR_ZJLX":"","XK_FR_ZJHM":"","XK_XDR_ZJLX":"","XK_XDR_ZJHM":"","XK_XKWS":"准予行政许可决定书","XK_WSH":"津应急许决〔2026〕000012号","XK_XKLB":"普通","XK_XKZS":"危险化学品经营许可证","XK_XKBH":"000012","XK_NR":"汽油、柴油","XK_JDRQ":"2026-05-06","XK_YXQZ":"2026-05-06","XK_YXQZI":"2029-05-05","XK_XKJG":"天津市应急管理局","XK_XKJGDM":"","XK_ZT":"1","XK_LYDW":"天津市应急管理局","XK_LYDWDM":"","BZ":""}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFaultOfARecordIsNamed(t *testing.T) {
	key, err := MapSetting(KindPublication)
	if err != nil {
		t.Fatal(err)
	}
	_, err = key.Default.Apply([]byte(`{"holder":"` + strings.Repeat("长", 201) + `","holder_kind":"个人","decided_on":"2026-13-01","status":["有效"]}`))
	got := map[string]string{}
	for _, p := range problemsOf(err) {
		got[p.Field] += p.Rule
	}
	want := map[string]string{"holder": "too_long", "holder_kind": "choice", "decided_on": "date", "status": "text", "document": "required",
		"document_number": "required", "category": "required", "content": "required", "valid_from": "required", "authority": "required", "source": "required"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := key.Default.Apply([]byte(`null`)); err == nil || kernel.KindOf(err) == kernel.Invalid {
		t.Errorf("no object: %v", err)
	}
}

func TestRecordIsHandedOverOnceAndItsReceiptKept(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		p := startPeer(t, nil)
		x, _ := newHTTP(t, d, p, false)
		for range 3 {
			put(t, x, "case:1", "1/1", licence("1"))
		}
		put(t, x, "case:2", "2/1", licence("2"))
		drain(t, x)
		drain(t, x)
		if got := p.numbers(); !cmp.Equal(got, []string{"1", "2"}) || p.count() != 2 {
			t.Errorf("the peer has %v after %d requests", got, p.count())
		}
		all := list(t, d, Filter{System: "credit"})
		if len(all) != 2 || all[0].State != Accepted || all[0].Receipt != "R2" || all[0].MapVersion == "" || all[0].EndedAt.IsZero() {
			t.Errorf("%+v", all)
		}
		if n, err := Count(t.Context(), d.Reader(), kernel.MustDate("2026-06-01")); err != nil || n != (Counts{}) {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

func TestPeerFaultsAreRetriedOrShown(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		status := func(code int) func(int, http.ResponseWriter) bool {
			return func(_ int, w http.ResponseWriter) bool { w.WriteHeader(code); return true }
		}
		for name, c := range map[string]struct {
			fault       func(n int, w http.ResponseWriter) bool
			first, last State
			reason      string
		}{
			"fails, then works": {func(n int, w http.ResponseWriter) bool { return n < 3 && status(500)(n, w) }, Queued, Accepted, "refused"},
			"fails for ever":    {status(502), Queued, Dead, "refused"},
			"refuses":           {status(403), Dead, Dead, "refused"},
			"hangs up":          {func(int, http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, Queued, Dead, "unreachable"},
			"silent": {func(_ int, w http.ResponseWriter) bool {
				time.Sleep(600 * time.Millisecond)
				return true
			}, Queued, Dead, "unreachable"},
			"says nothing": {status(200), Accepted, Accepted, ""},
			"half an answer": {func(_ int, w http.ResponseWriter) bool {
				w.Header().Set("Content-Length", "99")
				io.WriteString(w, `{"st`)
				return true
			}, Accepted, Accepted, ""},
			"taken, answer lost": {func(n int, w http.ResponseWriter) bool { return n == 1 && status(504)(n, w) }, Queued, Accepted, "refused"},
		} {
			p := startPeer(t, c.fault)
			x, clock := newHTTP(t, d, p, false)
			execute(t, d, `DELETE FROM exchange_messages`)
			put(t, x, "case:1", "1/1", licence("1"))
			drain(t, x)
			if m := list(t, d, Filter{})[0]; m.State != c.first || m.Reason != c.reason || m.State == Queued && !m.NextAt.After(noon) {
				t.Errorf("%s, first try: %+v", name, m)
			}
			for range maxTries + 2 {
				clock.Advance(15 * time.Hour)
				drain(t, x)
			}
			if m, n := list(t, d, Filter{})[0], p.count(); m.State != c.last || n > maxTries {
				t.Errorf("%s, in the end: %+v after %d requests", name, m, n)
			}
		}
	})
}

func execute(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, query, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func TestRejectedRecordIsShownAndSentAgainUnderANewID(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		p := startPeer(t, nil)
		x, _ := newHTTP(t, d, p, false)
		put(t, x, "case:1", "1/1", licence("bad"))
		drain(t, x)
		m := list(t, d, Filter{Bad: true})[0]
		if m.State != Rejected || len(m.Problems) != 1 || m.Problems[0].Field != "XK_XKBH" {
			t.Fatalf("%+v", m)
		}
		execute(t, d, `UPDATE exchange_messages SET record = replace(record, 'bad', 'good')`)
		if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return x.Retry(ctx, tx, noon, admin, m.ID) }); err != nil {
			t.Fatal(err)
		}
		drain(t, x)
		again := list(t, d, Filter{})
		if len(again) != 1 || again[0].State != Accepted || again[0].ID == m.ID || !cmp.Equal(p.numbers(), []string{"good"}) {
			t.Errorf("%+v", again)
		}
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return x.Retry(ctx, tx, noon, admin, again[0].ID) })
		if kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("an accepted record: %v", err)
		}
	})
}

func TestRecordThatDoesNotFitWaitsForABetterMap(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		p := startPeer(t, nil)
		x, clock := newHTTP(t, d, p, false)
		odd := licence("1")
		odd.HolderKind = "农民专业合作社"
		put(t, x, "case:1", "1/1", odd)
		put(t, x, "case:1", "1/2", licence("2"))
		put(t, x, "case:9", "9/1", licence("9"))
		drain(t, x)
		if got := p.numbers(); !cmp.Equal(got, []string{"9"}) {
			t.Errorf("the peer has %v: a later record of the subject overtook an earlier one", got)
		}
		bad := list(t, d, Filter{State: Invalid})
		if len(bad) != 1 || bad[0].Problems[0].Field != "holder_kind" {
			t.Fatalf("%+v", bad)
		}
		key, err := MapSetting(KindPublication)
		if err != nil {
			t.Fatal(err)
		}
		better := key.Default
		better.Version = "tj-2026-1"
		better.Fields = append([]Field(nil), better.Fields...)
		better.Fields[1].Codes = map[string]string{"农民专业合作社": "法人及非法人组织", "法人及非法人组织": "法人及非法人组织"}
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := key.Set(ctx, tx, noon, admin, kernel.Date{}, better); err != nil {
				return err
			}
			return x.Retry(ctx, tx, noon, admin, bad[0].ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Minute)
		x.opts.Systems[0].HTTP.Secret = nil // the stand-in's clock stays at noon
		p.fault = func(int, http.ResponseWriter) bool { return false }
		drain(t, x)
		got := p.numbers()
		if len(got) != 3 || got[len(got)-1] != "2" || list(t, d, Filter{Subject: "case:1"})[1].MapVersion != "tj-2026-1" {
			t.Errorf("the peer has %v", got)
		}
	})
}

func TestReceiptsMayComeLater(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		p := startPeer(t, func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusAccepted); return true })
		x, _ := newHTTP(t, d, p, true)
		put(t, x, "case:1", "1/1", licence("1"))
		put(t, x, "case:2", "2/1", licence("2"))
		drain(t, x)
		sent := list(t, d, Filter{State: Sent})
		if len(sent) != 2 {
			t.Fatalf("%+v", sent)
		}
		receive := func(body, signature string) error {
			return x.TakeReceipt(t.Context(), "credit", signature, []byte(body))
		}
		signed := func(body string) error { return receive(body, outward.Sign([]byte("shared"), noon, []byte(body))) }
		ok := fmt.Sprintf(`{"id":%q,"state":"accepted","receipt":"R7"}`, sent[1].ID)
		no := fmt.Sprintf(`{"id":%q,"state":"rejected","errors":[{"field":"XK_WSH","rule":"重复"}]}`, sent[0].ID)
		if err := errors.Join(signed(ok), signed(ok), signed(no), signed(strings.Replace(ok, "accepted", "rejected", 1))); err != nil {
			t.Error(err)
		}
		for name, c := range map[string]struct {
			err  error
			kind kernel.Kind
		}{
			"forged":         {receive(ok, outward.Sign([]byte("guess"), noon, []byte(ok))), kernel.Denied},
			"unsigned":       {receive(ok, ""), kernel.Denied},
			"unknown":        {signed(`{"id":"none","state":"accepted"}`), kernel.NotFound},
			"no JSON":        {signed(`{`), kernel.Invalid},
			"no state":       {signed(`{"id":"x"}`), kernel.Invalid},
			"another system": {x.TakeReceipt(t.Context(), "none", "", nil), kernel.NotFound},
		} {
			if kernel.KindOf(c.err) != c.kind {
				t.Errorf("%s: %v", name, c.err)
			}
		}
		all := list(t, d, Filter{})
		if all[1].State != Accepted || all[1].Receipt != "R7" || all[0].State != Rejected || all[0].Problems[0].Rule != "重复" {
			t.Errorf("%+v", all)
		}
	})
}

func TestInterruptedDeliveryGoesOnUnderTheSameKey(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	p := startPeer(t, nil)
	x, _ := newHTTP(t, d, p, false)
	put(t, x, "case:1", "1/1", licence("1"))
	drain(t, x)
	// As if the process had been killed between the peer's answer and the commit.
	execute(t, d, `UPDATE exchange_messages SET state = 'queued', owner = 'dead process', lease_until = 1, ended_at = 0`)
	drain(t, x)
	if m := list(t, d, Filter{})[0]; m.State != Accepted || p.count() != 2 || len(p.numbers()) != 1 {
		t.Errorf("%+v after %d requests; the peer has %v", m, p.count(), p.numbers())
	}
}

func TestLateRecordsAreCounted(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	p := startPeer(t, func(_ int, w http.ResponseWriter) bool { w.WriteHeader(500); return true })
	x, _ := newHTTP(t, d, p, false)
	put(t, x, "case:1", "1/1", licence("1"))
	drain(t, x)
	for day, want := range map[string]Counts{"2026-05-15": {Waiting: 1}, "2026-05-16": {Waiting: 1, Late: 1}} {
		if got, err := Count(t.Context(), d.Reader(), kernel.MustDate(day)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", day, got, err)
		}
	}
	if m := list(t, d, Filter{})[0]; m.Late(noon) || !m.Late(kernel.MustDate("2026-05-15").End()) {
		t.Errorf("%+v", m)
	}
}

func TestSystemsAreChecked(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	web := &Endpoint{URL: "https://example.cn/"}
	for name, systems := range map[string][]System{
		"no way": {{ID: "a"}}, "two ways": {{ID: "a", HTTP: web, Files: &Directory{}}}, "bad id": {{ID: "../a", HTTP: web}},
		"same id": {{ID: "a", HTTP: web}, {ID: "a", HTTP: web}}, "bad URL": {{ID: "a", HTTP: &Endpoint{URL: "x"}}}, "no keys": {{ID: "a", Files: &Directory{Out: "o", In: "i", Peer: "p"}}},
	} {
		if _, err := New(d, kernel.SystemClock{}, quiet(), Options{Self: "me", Systems: systems}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzApply(f *testing.F) {
	key, err := MapSetting(KindPublication)
	if err != nil {
		f.Fatal(err)
	}
	record, _ := json.Marshal(licence("1"))
	f.Add(record)
	f.Add([]byte(`{"holder":1,"status":true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := key.Default.Apply(b)
		var out map[string]string
		if err == nil && (json.Unmarshal(body, &out) != nil || len(out) != len(key.Default.Fields)) {
			t.Errorf("%s becomes %s", b, body)
		}
	})
}
