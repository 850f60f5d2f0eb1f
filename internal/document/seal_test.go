package document

import (
	"context"
	"encoding/asn1"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anlan/internal/kernel"
)

func sealTime() time.Time { return time.Date(2026, 5, 11, 2, 3, 4, 5678, time.UTC) }

func newSealer(t testing.TB, dir string) *LocalSealer {
	t.Helper()
	s, err := NewLocalSealer(dir, "天津市应急管理局", sealTime())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t testing.TB, s Sealer, content string) Seal {
	t.Helper()
	got, err := s.Seal(context.Background(), []byte(content), SealMeta{Document: "0190-abc", Title: "通知书", At: sealTime().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func verify(t testing.TB, content string, value []byte, makers ...[]byte) SealReport {
	t.Helper()
	r, err := VerifySeal([]byte(content), value, makers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealedDocumentIsVerified(t *testing.T) {
	s := newSealer(t, t.TempDir())
	got := seal(t, s, "the exact bytes")
	r := verify(t, "the exact bytes", got.Value, s.Maker())
	if !r.Valid() || !r.Sample || !got.Sample {
		t.Errorf("%s", r)
	}
	if r.Name != "天津市应急管理局（样章）" || r.Document != "0190-abc" || !r.At.Equal(got.At) || r.SealID != got.SealID || r.Signer != r.Name {
		t.Errorf("%s for %+v", r, got)
	}
}

func TestEachFaultOfASealIsToldApart(t *testing.T) {
	s, other := newSealer(t, t.TempDir()), newSealer(t, t.TempDir())
	value := seal(t, s, "content").Value
	if r := verify(t, "Content", value, s.Maker()); r.Intact || !r.Signed || r.Valid() {
		t.Errorf("changed document: %s", r)
	}
	if r := verify(t, "content", value, other.Maker()); !r.Signed || r.Trusted || r.Valid() {
		t.Errorf("another maker: %s", r)
	}
	if r := verify(t, "content", value); r.Valid() {
		t.Errorf("nobody is trusted: %s", r)
	}

	forged := reseal(t, value, func(x *sesSignature) { x.Cert = other.cert.Raw })
	if r := verify(t, "content", forged, s.Maker()); r.Signed || r.Entitled || r.Valid() {
		t.Errorf("another signer's certificate: %s", r)
	}
	forged = reseal(t, value, func(x *sesSignature) { x.Signature.Bytes[10] ^= 1 })
	if r := verify(t, "content", forged, s.Maker()); r.Signed || r.Valid() {
		t.Errorf("changed signature: %s", r)
	}
	forged = reseal(t, value, func(x *sesSignature) { x.ToSign.Raw, x.ToSign.TimeInfo = nil, x.ToSign.TimeInfo.AddDate(1, 0, 0) })
	if r := verify(t, "content", forged, s.Maker()); r.Signed || r.Valid() {
		t.Errorf("changed time: %s", r)
	}
	forged = reseal(t, value, func(x *sesSignature) {
		x.ToSign.Raw, x.ToSign.Seal.Raw, x.ToSign.Seal.Info.Raw = nil, nil, nil
		x.ToSign.Seal.Info.Header.Vid = "CITY"
	})
	if r := verify(t, "content", forged, s.Maker()); r.Signed || r.Entitled || r.Valid() {
		t.Errorf("a sample dressed up as the real one: %s", r)
	}
}

// reseal changes a seal value and writes it again.
func reseal(t *testing.T, value []byte, change func(*sesSignature)) []byte {
	t.Helper()
	var x sesSignature
	if err := parseDER(value, &x); err != nil {
		t.Fatal(err)
	}
	change(&x)
	out, err := asn1.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSealerIsTheSameAfterRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "seal")
	before := newSealer(t, dir)
	value := seal(t, before, "content").Value
	after, err := NewLocalSealer(dir, "另一个名字", sealTime().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, "content", value, after.Maker()); !r.Valid() {
		t.Errorf("%s", r)
	}
	if r := verify(t, "new", seal(t, after, "new").Value, before.Maker()); !r.Valid() {
		t.Errorf("%s", r)
	}
}

func TestSealKeyIsForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	newSealer(t, dir)
	file := filepath.Join(dir, sealFile)
	stat, err := os.Stat(file)
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", stat.Mode(), err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := NewLocalSealer(dir, "x", sealTime()); err == nil || !strings.Contains(err.Error(), "640") {
		t.Errorf("a key others can read is used: %v", err)
	}
	if err := os.WriteFile(file, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(file, 0o600)
	if _, err := NewLocalSealer(dir, "x", sealTime()); err == nil {
		t.Error("a broken key is replaced, and with it what was sealed before can no longer be verified")
	}
}

func TestSealersMadeAtOnceAreOne(t *testing.T) {
	dir := t.TempDir()
	ids := make([]string, 6)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if s, err := NewLocalSealer(dir, "天津市应急管理局", sealTime()); err == nil {
				ids[i] = s.seal.Info.ESID
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("%q", ids)
		}
	}
}

func TestSealRefusesOutsideItsValidity(t *testing.T) {
	s := newSealer(t, t.TempDir())
	for _, at := range []time.Time{sealTime().Add(-time.Minute), sealTime().AddDate(sealYears, 0, 1)} {
		if _, err := s.Seal(context.Background(), nil, SealMeta{At: at}); kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestRubbishIsNoSeal(t *testing.T) {
	s := newSealer(t, t.TempDir())
	value := seal(t, s, "content").Value
	for _, v := range [][]byte{nil, []byte("rubbish"), value[:len(value)-1], append(value[:len(value):len(value)], 0)} {
		if _, err := VerifySeal([]byte("content"), v); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("%d bytes: %v", len(v), err)
		}
	}
}

func FuzzVerifySeal(f *testing.F) {
	s := newSealer(f, f.TempDir())
	value := seal(f, s, "content").Value
	f.Add(value)
	maker := s.Maker()
	f.Fuzz(func(t *testing.T, v []byte) {
		r, err := VerifySeal([]byte("content"), v, maker)
		if err == nil && r.Valid() && r.Document != "0190-abc" {
			t.Errorf("%s", r)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := newSealer(b, b.TempDir())
	content := make([]byte, 50_000)
	for b.Loop() {
		if _, err := s.Seal(context.Background(), content, SealMeta{At: sealTime()}); err != nil {
			b.Fatal(err)
		}
	}
}
