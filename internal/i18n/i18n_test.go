package i18n

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"anlan/internal/kernel"
)

func source(owner, zh, en string) Source {
	return Source{owner, fstest.MapFS{
		"locale/zh-CN.json": {Data: []byte(zh)},
		"locale/en.json":    {Data: []byte(en)},
	}}
}

func TestBaseTextsAreComplete(t *testing.T) {
	if _, err := Load(); err != nil {
		t.Fatal(err)
	}
}

func TestLoadReportsEveryFault(t *testing.T) {
	_, err := Load(
		source("a", `{"a.x":"甲 {n}","a.only":"只","common.yes":"是","a.bad":"{N}","a.open":"{n","a.void":""}`,
			`{"a.x":"x {m}","a.bad":"b","a.open":"o","a.void":""}`),
		source("b", `{"b.x":"1","b.x":"2"}`, `{"b.x":"1"} x`),
		source("c", `{"c.x":1}`, `[]`))
	if err == nil {
		t.Fatal("faulty catalogues were taken")
	}
	for _, want := range []string{
		`a.x: placeholders [n] in zh-CN, [m] in en`, `a.only: missing in en`, `"common.yes" is already given by i18n`,
		`placeholder {N}`, `a brace is not closed`, `a.void: empty text`, `"b.x" is already given by b`,
		`text after the object`, `want a text, not 1`, `want one JSON object`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestTextsFillPlaceholders(t *testing.T) {
	c := MustLoad(source("a", `{"a.n":"共 {n} 件，{{x}","a.who":"{who}"}`, `{"a.n":"{n} {n|case|cases}, {{x}","a.who":"{who}"}`))
	for _, tt := range []struct{ lang, key, want string }{
		{Chinese, "a.n", "共 12,345 件，{x}"},
		{English, "a.n", "12,345 cases, {x}"},
		{"fr", "a.n", "共 12,345 件，{x}"},
		{English, "a.gone", "⟦a.gone⟧"},
		{English, "a.who", "⟦who⟧"},
	} {
		if got := c.T(tt.lang, tt.key, "n", 12345); got != tt.want {
			t.Errorf("T(%s, %s) = %q, want %q", tt.lang, tt.key, got, tt.want)
		}
	}
	if got := c.T(English, "a.n", "n", 1); got != "1 case, {x}" {
		t.Errorf("one: %q", got)
	}
}

func TestFormatsPerLanguage(t *testing.T) {
	c := MustLoad()
	at := time.Date(2026, 5, 6, 22, 5, 0, 0, time.UTC) // the 7th in Shanghai
	now := at.Add(50 * time.Hour)
	for _, tt := range []struct{ got, want string }{
		{c.DateTime(Chinese, at), "2026年5月7日 06:05"},
		{c.DateTime(English, at), "7 May 2026, 06:05"},
		{c.Date(Chinese, kernel.MustDate("2020-02-25")), "2020年2月25日"},
		{c.Date(English, kernel.Date{}), ""},
		{c.Weekday(Chinese, kernel.MustDate("2020-02-25")), "星期二"},
		{c.Ago(Chinese, at, now), "2 天前"},
		{c.Ago(English, now, at), "in 2 days"},
		{c.Ago(English, at, at), "just now"},
		{c.Duration(English, 26*time.Hour+3*time.Minute), "1 day 2 hours"},
		{c.Duration(Chinese, 0), "0 秒"},
		{c.Duration(English, 24*time.Hour+time.Minute), "1 day"},
		{Stamp(at), "2026-05-07 06:05"},
		{Number(-1234567), "−1,234,567"},
		{Decimal(1234.5, 2), "1,234.50"},
		{Bytes(3 << 20), "3.0 MB"},
		{Bytes(12), "12 B"},
		{c.Rule(Chinese, kernel.FieldError{Rule: "too_long", Args: map[string]any{"max": 200}}), "太长：最多 200 个字"},
		{c.Error(Chinese, kernel.Missing("case", "1")), "没有找到该办件，或者您无权查看"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestMatchChoosesLanguage(t *testing.T) {
	for _, tt := range []struct{ query, cookie, accept, want string }{
		{"", "", "", Chinese},
		{"en", "zh-CN", "zh", English},
		{"xx", "en", "zh", English},
		{"", "", "en-US,en;q=0.9,zh;q=0.8", English},
		{"", "", "fr, en;q=0.5, zh-TW;q=0.7", Chinese},
		{"", "", "en;q=0, zh;q=0.1", Chinese},
		{"", "", "en;q=x", Chinese},
	} {
		if got := Match(tt.query, tt.cookie, tt.accept); got != tt.want {
			t.Errorf("Match(%q, %q, %q) = %q, want %q", tt.query, tt.cookie, tt.accept, got, tt.want)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add("a {n} b {n|one|many} {{")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMessage(s)
		if err != nil {
			return
		}
		again, err := parseMessage(m.source())
		if err != nil || again.source() != m.source() {
			t.Fatalf("%q: source %q does not parse back: %v", s, m.source(), err)
		}
	})
}
