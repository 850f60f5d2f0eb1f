package search

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func put(t testing.TB, d *db.DB, docs ...Doc) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, doc := range docs {
			if err := Put(ctx, tx, doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func find(t rapid.TB, d *db.DB, q Query) Page {
	t.Helper()
	var p Page
	err := d.View(context.Background(), func(ctx context.Context, r db.Q) (err error) {
		p, err = Find(ctx, r, q)
		return err
	})
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return p
}

func ids(p Page) string {
	var out []string
	for _, h := range p.Hits {
		out = append(out, h.ID)
	}
	return strings.Join(out, " ")
}

func stations() []Doc {
	return []Doc{
		{"enterprise", "1", "120101", "1", "天津市和平加油站有限公司\n91350100M000100Y43\n和平区南京路 1 号"},
		{"enterprise", "2", "120116", "2", "天津滨海新区和平能源有限公司\n91120116MA05X1234Q"},
		{"case", "3", "120116", "2", "津安经受〔2026〕000123 号\n滨海新区和平能源有限公司"},
		{"enterprise", "4", "120110", "4", "Ａｃｍｅ Chemicals (Tianjin)\n𠮷野化工"},
		{"enterprise", "5", "120110", "5", "平和堂"},
	}
}

func TestFindGivesTheSameHitsOnBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		put(t, d, stations()...)
		for query, want := range map[string]string{
			"和平":                   "1 3 2",
			"天津市和平":                "1",
			"加油站 天津":               "1",
			"平和":                   "5",
			"和":                    "1 5 3 2",
			"司":                    "3 2 1",
			"91350100M000100Y43":   "1",
			"m0001":                "1",
			"M0":                   "1",
			"000123":               "3",
			"津安经受2026":             "3",
			"津安经受〔2026〕000123号":    "3",
			"津安经受〔2026〕":           "3",
			"acme":                 "4",
			"ACME chem":            "4",
			"ｃｈｅｍ":                 "4",
			"Tianjin)":             "4",
			"𠮷野":                   "4",
			"𠮷":                    "4",
			"能源和平":                 "",
			"没有":                   "",
			"":                     "",
			"〔〕%_'\"":              "",
			"和平%":                  "1 3 2",
			"' OR 1=1 --":          "",
			"南京路1号":                "1",
			"南京路 1 号":              "1",
			"NOT 和平 AND (加油站 OR *": "",
		} {
			if got := ids(find(t, d, Query{Text: query, City: true})); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
	}, Migrations())
}

func TestFindShowsWhatBeginsWithTheWordsFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		put(t, d, Doc{"e", "1", "", "", "和平路商店"}, Doc{"e", "2", "", "", "旧名\n和平路商行"}, Doc{"e", "3", "", "", "天津和平路"})
		if got := ids(find(t, d, Query{Text: "和平", City: true})); got != "2 1 3" {
			t.Error(got)
		}
	}, Migrations())
}

func TestFindKeepsToTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		put(t, d, stations()...)
		for want, q := range map[string]Query{
			"":      {},
			"1":     {Areas: []string{"120101"}},
			"3 2":   {Enterprises: []string{"2"}},
			"1 3 2": {Areas: []string{"120101"}, Enterprises: []string{"2", "9"}},
			"1 2":   {City: true, Kinds: []string{"enterprise"}},
			"3":     {Areas: []string{"120116"}, Kinds: []string{"case"}},
		} {
			q.Text = "和平"
			if got := ids(find(t, d, q)); got != want {
				t.Errorf("%+v: %q, want %q", q, got, want)
			}
		}
		if got := ids(find(t, d, Query{Text: "和平", City: true, Kinds: []string{}})); got != "" {
			t.Errorf("no kind: %q", got)
		}
	}, Migrations())
}

func TestPutReplacesAndDeleteForgets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		put(t, d, Doc{"e", "1", "a", "", "老名字"}, Doc{"e", "2", "a", "", "老邻居"})
		put(t, d, Doc{"e", "1", "b", "", "新名字"})
		if got := ids(find(t, d, Query{Text: "老", City: true})); got != "2" {
			t.Errorf("old name: %q", got)
		}
		if got := ids(find(t, d, Query{Text: "名字", Areas: []string{"b"}})); got != "1" {
			t.Errorf("new name: %q", got)
		}
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(Delete(ctx, tx, "e", "1"), Delete(ctx, tx, "e", "9"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(find(t, d, Query{Text: "名字", City: true})); got != "" {
			t.Errorf("deleted: %q", got)
		}
		put(t, d, Doc{"e", "3", "a", "", "第三家"}) // may get the number of the deleted one
		if got := ids(find(t, d, Query{Text: "名字", City: true})); got != "" {
			t.Errorf("words of the deleted one live on: %q", got)
		}
	}, Migrations())
}

func TestPutOfARolledBackTransactionIsNotFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		back := errors.New("back")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := Put(ctx, tx, Doc{"e", "1", "", "", "名字"}); err != nil {
				return err
			}
			return back
		})
		if !errors.Is(err, back) {
			t.Fatal(err)
		}
		if got := ids(find(t, d, Query{Text: "名字", City: true})); got != "" {
			t.Error(got)
		}
	}, Migrations())
}

func TestFindPagesByKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i := range 25 {
			name := fmt.Sprintf("化工厂%d", i)
			if i%3 == 0 {
				name = "天津" + name
			}
			put(t, d, Doc{"e", fmt.Sprintf("%02d", i), "", "", name})
		}
		all := ids(find(t, d, Query{Text: "化工", City: true, Limit: 100}))
		var got []string
		q := Query{Text: "化工", City: true, Limit: 7}
		for pages := 0; ; pages++ {
			p := find(t, d, q)
			got = append(got, ids(p))
			if p.Next == "" {
				if pages != 3 {
					t.Errorf("%d further pages", pages)
				}
				break
			}
			q.After = p.Next
		}
		if diff := cmp.Diff(all, strings.Join(got, " ")); diff != "" {
			t.Error(diff)
		}
	}, Migrations())
}

func TestCommonWordsGiveTheNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var docs []Doc
		for i := range rankMost + 50 {
			docs = append(docs, Doc{"e", fmt.Sprintf("%06d", i), fmt.Sprint("a", i%2), "", "天津市某公司"})
		}
		docs = append(docs, Doc{"e", "000000x", "a0", "", "公司在前"})
		for len(docs) > 0 {
			n := min(len(docs), 300)
			put(t, d, docs[:n]...)
			docs = docs[n:]
		}
		q := Query{Text: "公司", Areas: []string{"a0"}, Limit: 200}
		seen, last := 0, "zzz"
		for {
			p := find(t, d, q)
			for _, h := range p.Hits {
				if h.ID >= last {
					t.Fatalf("%s after %s", h.ID, last)
				}
				last = h.ID
				seen++
			}
			if q.After = p.Next; p.Next == "" {
				break
			}
		}
		if want := (rankMost+50)/2 + 1; seen != want {
			t.Errorf("%d hits, want %d", seen, want)
		}
	}, Migrations())
}

func TestFilterJoinsListsOfTheRoom(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		put(t, d, stations()...)
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			var w db.Where
			w.And("area = ?", "120116")
			Filter(&w, d.Engine(), "id", "enterprise", "和平 能源")
			w.And("kind = ?", "enterprise")
			got, err := db.Column[string](ctx, q, `SELECT id FROM search_docs `+w.SQL(), w.Args...)
			if diff := cmp.Diff([]string{"2"}, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, Migrations())
}

func TestWrongQueriesAndTextsAreNamed(t *testing.T) {
	d := dbtest.SQLite(t, Migrations())
	for field, q := range map[string]Query{
		"q": {Text: strings.Repeat("长", MaxQuery+1)}, "limit": {Text: "a", Limit: 201}, "after": {Text: "a", After: "x"},
	} {
		err := d.View(t.Context(), func(ctx context.Context, r db.Q) error { _, err := Find(ctx, r, q); return err })
		var e *kernel.Error
		if !errors.As(err, &e) || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return Put(ctx, tx, Doc{Kind: "e", ID: "1", Text: strings.Repeat("长", MaxText+1)})
	})
	if kernel.KindOf(err) != kernel.Invalid {
		t.Error(err)
	}
}

func TestLongestTextFitsBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var b strings.Builder
		for i := range MaxText {
			b.WriteRune(rune(0x4e00 + (i*7919+i/20000*31)%20000))
		}
		text := []rune(b.String())
		put(t, d, Doc{Kind: "e", ID: "1", Text: string(text)})
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return Put(ctx, tx, Doc{Kind: "e", ID: "2", Text: "a\x00b\xff和平"})
		})
		if kernel.KindOf(err) != kernel.Invalid { // not every engine keeps it
			t.Error(err)
		}
		if got := ids(find(t, d, Query{Text: string(text[MaxText-5:]), City: true})); got != "1" {
			t.Error(got)
		}
	}, Migrations())
}

func TestEveryPartOfATextIsFound(t *testing.T) {
	chars := rapid.StringOfN(rapid.SampledFrom([]rune("天津和平安1２3aBc-（ \n")), 1, 12, -1)
	for _, d := range []*db.DB{dbtest.SQLite(t, Migrations()), dbtest.Postgres(t, Migrations())} {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			text := chars.Draw(rt, "text")
			id := fmt.Sprint(n)
			put(t, d, Doc{Kind: "e", ID: id, Area: id, Text: text})
			for _, line := range strings.Split(normal(text), "\n") {
				if r := []rune(line); len(r) > 0 {
					from := rapid.IntRange(0, len(r)-1).Draw(rt, "from")
					part := string(r[from:rapid.IntRange(from+1, len(r)).Draw(rt, "to")])
					if got := ids(find(rt, d, Query{Text: part, Areas: []string{id}})); got != id {
						rt.Fatalf("%q is not found in %q", part, text)
					}
				}
			}
		})
	}
}

func TestHighlightMarksTheWords(t *testing.T) {
	for _, c := range []struct {
		text, query string
		want        []Part
	}{
		{"天津和平能源", "和平", []Part{{"天津", false}, {"和平", true}, {"能源", false}}},
		{"Ａｃｍｅ Chem", "acme", []Part{{"Ａｃｍｅ", true}, {" Chem", false}}},
		{"和平", "", []Part{{"和平", false}}},
		{"和平", "和平", []Part{{"和平", true}}},
		{"", "和平", nil},
		{"a\xffb", "b", []Part{{"a\xff", false}, {"b", true}}},
		{"津安〔2026〕1", "安2026", []Part{{"津", false}, {"安〔2026", true}, {"〕1", false}}},
		{"㎏ 重", "g", []Part{{"㎏", true}, {" 重", false}}},
	} {
		if diff := cmp.Diff(c.want, Highlight(c.text, c.query)); diff != "" {
			t.Errorf("%q in %q: %s", c.query, c.text, diff)
		}
	}
}

func FuzzHighlightKeepsTheText(f *testing.F) {
	f.Add("天津Ａ\xff㎏", "a g")
	f.Fuzz(func(t *testing.T, text, query string) {
		var b strings.Builder
		for _, p := range Highlight(text, query) {
			b.WriteString(p.Text)
		}
		if b.String() != text {
			t.Errorf("%q became %q", text, b.String())
		}
	})
}
