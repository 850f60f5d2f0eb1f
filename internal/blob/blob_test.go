package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// kit is a store with a way to make files old.
type kit struct {
	*Store
	age func(hash string, to time.Time)
}

// each runs the same conformance test on a directory and on a bucket.
func each(t *testing.T, opts Options, test func(t *testing.T, s kit)) {
	opts.Log = slog.New(slog.DiscardHandler)
	t.Run("directory", func(t *testing.T) {
		s := openStore(t, t.TempDir(), opts)
		test(t, kit{s, func(hash string, to time.Time) {
			if err := os.Chtimes(filepath.Join(s.Path(), place(hash)), to, to); err != nil {
				t.Fatal(err)
			}
		}})
	})
	t.Run("s3", func(t *testing.T) {
		fake, where := startS3(t)
		opts := opts
		opts.S3 = where
		test(t, kit{openStore(t, t.TempDir(), opts), fake.age})
	})
}

func openStore(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *Store, content string) File {
	t.Helper()
	f, err := s.Put(context.Background(), strings.NewReader(content), Limit{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rule returns the rule of an Invalid error of the file, "" otherwise.
func rule(err error) string {
	var c kernel.Check
	if c.Merge("", err) && c.Fields[0].Field == "file" {
		return c.Fields[0].Rule
	}
	return ""
}

func TestFileComesBackAsItWasPut(t *testing.T) {
	each(t, Options{}, func(t *testing.T, s kit) {
		content := strings.Repeat("安澜\n", 100_000)
		f := put(t, s.Store, content)
		if again := put(t, s.Store, content); again != f {
			t.Errorf("put twice: %+v and %+v", f, again)
		}
		if f.Size != int64(len(content)) || f.Type != Plain {
			t.Errorf("%+v", f)
		}
		r, err := s.Get(t.Context(), f.Hash)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || string(got) != content {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		if _, err := r.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 10)
		if _, err := io.ReadFull(r, part); err != nil || string(part) != content[7:17] {
			t.Errorf("from the middle: %q, %v", part, err)
		}
		n := 0
		if err := s.Walk(t.Context(), func(st Stored) error { n++; return nil }); err != nil || n != 1 {
			t.Errorf("%d files, %v", n, err)
		}
	})
}

func TestGetKnowsOnlyHashes(t *testing.T) {
	each(t, Options{}, func(t *testing.T, s kit) {
		if err := os.WriteFile(filepath.Join(s.Path(), "secret"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "secret", "../secret", "ab/../../secret", strings.Repeat("0", 64), strings.Repeat("A", 64), strings.Repeat("0", 63) + "\x00", strings.Repeat("../", 20) + "etc"} {
			if f, err := s.Get(t.Context(), name); kernel.KindOf(err) != kernel.NotFound {
				t.Errorf("%q: %v, %v", name, f, err)
			}
		}
	})
}

func TestPutRefusesByLimit(t *testing.T) {
	each(t, Options{}, func(t *testing.T, s kit) {
		for name, c := range map[string]struct {
			content string
			limit   Limit
			want    string
		}{
			"empty":               {"", Limit{}, "file_empty"},
			"just fits":           {"12345", Limit{MaxBytes: 5}, ""},
			"one too many":        {"123456", Limit{MaxBytes: 5}, "too_large"},
			"type not wanted":     {"text", Limit{Types: []string{PDF, PNG}}, "file_type"},
			"wanted":              {"%PDF-1.7\n", Limit{Types: []string{PDF}}, ""},
			"name fits":           {"%PDF-1.7\n", Limit{Name: "营业执照.PDF"}, ""},
			"name lies":           {"%PDF-1.7\n", Limit{Name: "scan.png"}, "file_name"},
			"program named photo": {"MZ\x90\x00\x03\x00\x00\x00", Limit{Name: "photo.jpg"}, "file_name"},
			"unknown ending":      {"%PDF-1.7\n", Limit{Name: "scan.dat"}, "file_name"},
			"no ending":           {"%PDF-1.7\n", Limit{Name: "scan"}, ""},
			"text named csv":      {"a,b\n", Limit{Name: "list.csv", Types: []string{CSV}}, ""},
			"csv without a name":  {"a,b\n", Limit{Types: []string{CSV}}, ""},
			"text is no csv":      {"a,b\n", Limit{Name: "list.txt", Types: []string{CSV}}, "file_type"},
			"binary of any name":  {"MZ\x90\x00\x03", Limit{Name: "tool.exe"}, ""},
		} {
			f, err := s.Put(t.Context(), strings.NewReader(c.content), c.limit)
			if got := rule(err); got != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%s: %v %v, want %q", name, f, err, c.want)
			}
		}
		left, err := os.ReadDir(filepath.Join(s.Path(), uploads))
		if err != nil || len(left) != 0 {
			t.Errorf("uploads left behind: %v, %v", left, err)
		}
	})
}

func TestBrokenUploadLeavesNothing(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	cut := errors.New("connection lost")
	if _, err := s.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut)), Limit{}); !errors.Is(err, cut) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, strings.NewReader("whole"), Limit{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	s.Walk(t.Context(), func(f Stored) error { t.Errorf("stored %v", f); return nil })
	if left, _ := os.ReadDir(filepath.Join(s.Path(), uploads)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFullDiskIsSaidAndStoresNothing(t *testing.T) {
	target := &writeFailure{w: writerFunc(func(p []byte) (int, error) {
		return 0, &os.PathError{Op: "write", Path: "uploads/x", Err: errNoSpace}
	})}
	_, err := receive(t.Context(), target.w, strings.NewReader("x"), 0)
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Unavailable || e.Key != "error.disk_full" {
		t.Errorf("%v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestStoreThatIsDownIsUnavailable(t *testing.T) {
	fake, where := startS3(t)
	s := openStore(t, t.TempDir(), Options{S3: where})
	f := put(t, s, "x")
	fake.mu.Lock()
	fake.down = true
	fake.mu.Unlock()
	if _, err := s.Put(t.Context(), strings.NewReader("y"), Limit{}); kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Get(t.Context(), f.Hash); kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("get: %v", err)
	}
	if err := s.Walk(t.Context(), func(Stored) error { return nil }); kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("walk: %v", err)
	}
}

func TestManyPutTheSameFileAtOnce(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			f, err := s.Put(context.Background(), strings.NewReader("same"), Limit{})
			if err != nil {
				t.Error(err)
				return
			}
			r, err := s.Get(context.Background(), f.Hash)
			if err != nil {
				t.Error(err)
				return
			}
			r.Close()
		})
	}
	wg.Wait()
}

// refs is a table of owners.
func refs(t *testing.T) *db.DB {
	d := dbtest.SQLite(t)
	exec(t, d, `CREATE TABLE papers (hash TEXT NOT NULL)`)
	return d
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCollectRemovesOnlyOldFilesThatNobodyRefersTo(t *testing.T) {
	each(t, Options{}, func(t *testing.T, s kit) {
		d := refs(t)
		if _, err := s.Collect(t.Context(), d, Grace); err == nil {
			t.Fatal("collected without knowing any owner")
		}
		s.Refer("papers", `SELECT hash FROM papers`)
		wanted, orphan, young, again := put(t, s.Store, "wanted"), put(t, s.Store, "orphan"), put(t, s.Store, "young"), put(t, s.Store, "again")
		exec(t, d, `INSERT INTO papers (hash) VALUES ($1)`, wanted.Hash)
		for _, f := range []File{wanted, orphan, again} {
			s.age(f.Hash, time.Now().Add(-Grace-time.Hour))
		}
		put(t, s.Store, "again") // renews its age
		n, err := s.Collect(t.Context(), d, Grace)
		if err != nil || n != 1 {
			t.Errorf("removed %d, %v", n, err)
		}
		for _, f := range []File{wanted, young, again} {
			if r, err := s.Get(t.Context(), f.Hash); err != nil {
				t.Errorf("%s is gone: %v", f.Hash, err)
			} else {
				r.Close()
			}
		}
		if _, err := s.Get(t.Context(), orphan.Hash); kernel.KindOf(err) != kernel.NotFound {
			t.Errorf("orphan: %v", err)
		}
	})
}

func TestCollectNoticesAnOwnerThatComesMeanwhile(t *testing.T) {
	each(t, Options{}, func(t *testing.T, s kit) {
		f := put(t, s.Store, "late")
		s.age(f.Hash, time.Now().Add(-Grace-time.Hour))
		gone, err := s.files.remove(t.Context(), f.Hash, time.Now().Add(-Grace), func() (bool, error) { return true, nil })
		if err != nil || gone {
			t.Errorf("removed %v, %v", gone, err)
		}
		failed := errors.New("database is away")
		if _, err := s.files.remove(t.Context(), f.Hash, time.Now().Add(-Grace), func() (bool, error) { return false, failed }); !errors.Is(err, failed) {
			t.Errorf("%v", err)
		}
		r, err := s.Get(t.Context(), f.Hash)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	})
}

func TestOpenPutsBackWhatACrashLeftInTheTrash(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	f := put(t, s, "x")
	if err := os.Rename(filepath.Join(dir, place(f.Hash)), filepath.Join(dir, trashDir, f.Hash)); err != nil {
		t.Fatal(err)
	}
	r, err := openStore(t, dir, Options{}).Get(t.Context(), f.Hash)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func TestCollectSweepsUploadsThatNeverFinished(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	s.Refer("papers", `SELECT hash FROM papers`)
	for name, age := range map[string]time.Duration{"old": Grace + time.Hour, "new": 0} {
		path := filepath.Join(s.Path(), uploads, name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Collect(t.Context(), refs(t), Grace); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(filepath.Join(s.Path(), uploads))
	if len(left) != 1 || left[0].Name() != "new" {
		t.Errorf("left: %v", left)
	}
}

func TestVerifyFindsMissingAndChangedFiles(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	d := refs(t)
	s.Refer("papers", `SELECT hash FROM papers`)
	good, changed, lost := put(t, s, "good"), put(t, s, "changed"), put(t, s, "lost")
	for _, f := range []File{good, changed, lost} {
		exec(t, d, `INSERT INTO papers (hash) VALUES ($1)`, f.Hash)
	}
	if rep, err := s.Verify(t.Context(), d.Reader()); err != nil || !rep.OK() || rep.Files != 3 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if err := os.WriteFile(filepath.Join(s.Path(), place(changed.Hash)), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.Path(), place(lost.Hash))); err != nil {
		t.Fatal(err)
	}
	rep, err := s.Verify(t.Context(), d.Reader())
	if err != nil || len(rep.Faults) != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if rep.Faults[0] != (Fault{Hash: changed.Hash, Rule: "changed"}) || rep.Faults[1] != (Fault{Hash: lost.Hash, Rule: "missing", Owner: "papers"}) {
		t.Errorf("%+v", rep.Faults)
	}
}

func BenchmarkPut(b *testing.B) {
	s := openStore(b, b.TempDir(), Options{})
	content := bytes.Repeat([]byte("x"), 100_000)
	b.SetParallelism(4)
	var n sync.Mutex
	i := 0
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n.Lock()
			i++
			own := append([]byte(time.Now().String()+string(rune(i))), content...)
			n.Unlock()
			if _, err := s.Put(context.Background(), bytes.NewReader(own), Limit{}); err != nil {
				b.Error(err)
			}
		}
	})
}
