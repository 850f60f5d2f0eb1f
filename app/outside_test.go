package app

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/licensing"
)

// receiver stands in for the city's credit platform.
type receiver struct {
	mu      sync.Mutex
	records []map[string]any
}

func (p *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if outward.Verify([]byte("shared"), r.Header.Get(outward.SignatureHeader), body, time.Now()) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var in struct {
		Record map[string]any `json:"record"`
	}
	if json.Unmarshal(body, &in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.records = append(p.records, in.Record)
	p.mu.Unlock()
	io.WriteString(w, `{"state":"accepted","receipt":"R1"}`)
}

// exchangeWith writes a configuration with a peer over HTTP and one behind a
// 网闸, and returns the directory that the 网闸 would carry away.
func exchangeWith(t *testing.T, url string) (file, out string) {
	t.Helper()
	dir := t.TempDir()
	_, public, err := exchange.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(dir, "out")
	for name, content := range map[string]string{
		"peer.pub": string(public),
		"exchange.json": fmt.Sprintf(`{"self":"anlan-tj","systems":[
			{"id":"credit","title":{"zh-CN":"市信用平台"},"kinds":["licence_publication"],"http":{"url":%q,"secret_env":"TEST_CREDIT_SECRET"}},
			{"id":"ministry","title":{"zh-CN":"部级平台"},"kinds":["licence_publication","service_rating"],"files":{"out":%q,"in":%q,"peer":"ministry","key_file":%q}}]}`,
			url, out, filepath.Join(dir, "in"), filepath.Join(dir, "peer.pub")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{out, filepath.Join(dir, "in")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "exchange.json"), out
}

func published(sample bool) licensing.Published {
	day := kernel.MustDate("2026-05-06")
	return licensing.Published{CaseID: "case-1", Seq: 1, Due: day.AddDays(9), Record: licensing.Publication{Sample: sample, Holder: "天津大沽化工有限公司",
		HolderKind: "法人及非法人组织", USCC: "91120116MA05XXXX0A", LegalPerson: "王芳", Document: "准予行政许可决定书", DocumentNo: "津应急许决〔2026〕1号", Kind: "普通",
		Certificate: "危险化学品经营许可证", Number: "津危化经〔2026〕1号", Content: "汽油、柴油", DecidedOn: day, ValidFrom: day, ValidTo: day.AddYears(3),
		Authority: "天津市应急管理局", Status: licensing.InEffect, Source: "天津市应急管理局"}}
}

func TestPublicationsReachEverySystemThatAsksForThem(t *testing.T) {
	t.Setenv("TEST_CREDIT_SECRET", "shared")
	onEach(t, func(t *testing.T, cfg Config) {
		peer := &receiver{}
		server := httptest.NewServer(peer)
		defer server.Close()
		var out string
		cfg.Exchange, out = exchangeWith(t, server.URL)
		b := opened(t, cfg)
		s, err := build(t.Context(), b, false, false)
		if err != nil {
			t.Fatal(err)
		}
		err = b.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			now := b.Clock.Now()
			for i, p := range []licensing.Published{published(false), published(true)} {
				subject := fmt.Sprintf("case:%d", i)
				if err := licensing.EventPublished.Emit(ctx, tx, s.bus, now, kernel.System("test"), subject, p); err != nil {
					return err
				}
			}
			return licensing.EventRated.Emit(ctx, tx, s.bus, now, kernel.System("test"), "case:1", licensing.Rated{CaseID: "case-1", Stars: 5, At: now})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.bus.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.exchange.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(peer.records) != 1 || peer.records[0]["XK_XDR_MC"] != "天津大沽化工有限公司" || peer.records[0]["XK_ZT"] != "1" {
			t.Errorf("the platform got %v", peer.records)
		}
		checkPackages(t, out)
	})
}

// checkPackages looks at what lies ready for the 网闸: the publication and the
// rating of a real case, and nothing of the sample.
func checkPackages(t *testing.T, out string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		archive, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		text, err := fs.ReadFile(archive, "content.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	if n := strings.Count(all.String(), "XK_XDR_MC"); n != 1 || strings.Count(all.String(), "service_rating") != 1 {
		t.Errorf("the packages hold %d publications:\n%s", n, all.String())
	}
}

func TestBadExchangeFilesAreNamed(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":         `{`,
		"unknown field":   `{"self":"a","peers":[]}`,
		"missing secret":  `{"systems":[{"id":"credit","http":{"url":"https://example.cn","secret_env":"TEST_NOT_SET"}}]}`,
		"missing key":     `{"systems":[{"id":"x","files":{"out":"a","in":"b","peer":"p","key_file":"/nonexistent"}}]}`,
		"no such file":    "",
		"key that is not": `{"systems":[{"id":"x","files":{"out":"a","in":"b","peer":"p","key_file":"/dev/null"}}]}`,
	} {
		path := filepath.Join(t.TempDir(), "exchange.json")
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var bad *kernel.Error
		if err := (Config{Exchange: path}).Check(); !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != "exchange" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzExchangeFile reads any --exchange file: what is taken names every system.
func FuzzExchangeFile(f *testing.F) {
	f.Add([]byte(`{"self":"anlan-tj","systems":[{"id":"credit","title":{"zh-CN":"市信用平台"},"kinds":["x"],"http":{"url":"https://example.cn/"}}]}`))
	f.Add([]byte(`{"self":"a","systems":[{"id":"b","files":{"out":"o","in":"i","peer":"p","key_file":"/dev/null"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "exchange.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := exchangePeers(Config{Exchange: file}, func(string) string { return "" })
		if err == nil && !json.Valid(text) {
			t.Errorf("%q was taken: %+v", text, o)
		}
	})
}
