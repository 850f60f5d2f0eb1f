package exchange

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// behindTheGap is this installation with a ministry whose packages come as
// files, and with the ministry's key.
type behindTheGap struct {
	*Exchange
	in, out string
	theirs  *sm2.PrivateKey
	taken   []string
}

func newFiles(t *testing.T, d *db.DB) *behindTheGap {
	t.Helper()
	ours, err1 := sm2.GenerateKey(rand.Reader)
	theirs, err2 := sm2.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	g := &behindTheGap{in: t.TempDir(), out: t.TempDir(), theirs: theirs}
	x, err := New(d, kernel.NewManualClock(noon), quiet(), Options{Self: "anlan-tj", Key: ours,
		Systems: []System{{ID: "ministry", Files: &Directory{Out: g.out, In: g.in, Peer: "ministry", Key: &theirs.PublicKey}}}})
	if err != nil {
		t.Fatal(err)
	}
	g.Exchange = x
	x.Take("order", func(_ context.Context, _ *db.Tx, r In) error { g.taken = append(g.taken, r.ID); return nil })
	return g
}

// bring puts a package of the ministry's into the directory and returns its
// hash.
func (g *behindTheGap) bring(t *testing.T, n int64, previous string, records ...envelope) string {
	t.Helper()
	var lines [][]byte
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	file, hash, err := seal(manifest{Kind: kindRecords, From: "ministry", To: "anlan-tj", Number: n, Previous: previous}, lines, g.theirs)
	if err != nil {
		t.Fatal(err)
	}
	g.put(t, fileName("ministry", "anlan-tj", kindRecords, n), file)
	return hash
}

func (g *behindTheGap) put(t *testing.T, name string, file []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.in, name), file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (g *behindTheGap) read(t *testing.T) {
	t.Helper()
	if err := g.Import(t.Context(), "ministry"); err != nil {
		t.Fatal(err)
	}
}

func order(id string) envelope {
	return envelope{ID: id, Kind: "order", Subject: "s", Key: id, Record: json.RawMessage(`{}`)}
}

func TestRecordThatNoEngineKeepsHoldsUpNoOther(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		g := newFiles(t, d)
		nul, long, foreign := order("a\x00b"), order(strings.Repeat("x", 100_000)), order("f")
		foreign.Kind = "\x00"
		hash := g.bring(t, 1, "", order("1"), nul, long, foreign, order("2"))
		g.bring(t, 2, hash, order("3"))
		g.read(t)
		if slices.Sort(g.taken); !slices.Equal(slices.Compact(g.taken), []string{"1", "2", "3"}) {
			t.Errorf("taken: %q", g.taken)
		}
		if left, _ := filepath.Glob(filepath.Join(g.in, "*.zip")); len(left) > 0 {
			t.Errorf("still waiting: %v", left)
		}
	})
}

func TestPackagesThatThePeerDidNotMakeAreNotTaken(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	g := newFiles(t, d)
	first := g.bring(t, 1, "", order("1"))
	g.read(t)
	good, err := os.ReadFile(filepath.Join(g.in, doneDir, fileName("ministry", "anlan-tj", kindRecords, 1)))
	if err != nil {
		t.Fatal(err)
	}
	other, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged, _, err := seal(manifest{Kind: kindRecords, From: "ministry", To: "anlan-tj", Number: 2, Previous: first}, nil, other)
	if err != nil {
		t.Fatal(err)
	}
	second := fileName("ministry", "anlan-tj", kindRecords, 2)
	for name, file := range map[string][]byte{"forged": forged, "renamed": good, "cut off": good[:len(good)/2], "empty": nil, "no archive": []byte("PK\x03\x04")} {
		g.put(t, second, file)
		g.read(t)
		if _, err := os.Stat(filepath.Join(g.in, second)); err == nil {
			t.Errorf("%s: still waiting", name)
		}
	}
	g.bring(t, 2, "another chain", order("x"))
	g.read(t)
	g.bring(t, 1, "", order("changed"))
	g.read(t)
	g.bring(t, 2, first, order("2"))
	g.put(t, fileName("ministry", "anlan-tj", kindRecords, 1), good)
	g.read(t)
	if !slices.Equal(g.taken, []string{"1", "2"}) {
		t.Errorf("taken: %q", g.taken)
	}
}

func FuzzUnseal(f *testing.F) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	line, _ := json.Marshal(order("1"))
	file, hash, err := seal(manifest{Kind: kindRecords, From: "ministry", To: "anlan-tj", Number: 1}, [][]byte{line}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := unseal(b, "ministry", "anlan-tj", &key.PublicKey)
		switch {
		case err != nil && refusedAs(err) == "":
			t.Errorf("refused without a reason: %v", err)
		case err == nil && p.hash != hash:
			t.Errorf("taken although another made it: %q", b)
		}
	})
}
