package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// File is a stored file.
type File struct {
	Hash string // SHA-256 of the content, hex
	Size int64  // bytes
	Type string // MIME type by content
}

// Options are the settings of a store; the zero value keeps files in the
// directory and does not look for viruses.
type Options struct {
	ClamAV    string        // socket of clamd, "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310"; "" none
	ScanLimit time.Duration // longest wait for clamd; 0: one minute
	MaxPixels int64         // of one picture; 0: 120 million, which holds a phone's largest
	S3        *S3           // nil: the directory
	Log       *slog.Logger  // nil: slog.Default()
}

// S3 is a bucket that holds the files instead of the directory; the directory
// then only holds uploads that are under way.
type S3 struct {
	Endpoint  string // "host:port"
	Bucket    string // must exist
	Prefix    string // of every object, "anlan/"
	Region    string
	AccessKey string
	SecretKey string
	Plain     bool // HTTP instead of HTTPS
}

// backend is where finished files live.
type backend interface {
	// commit takes over the finished upload at path as hash, durably. It
	// renews the age of a file that is there already.
	commit(ctx context.Context, path, hash string) error
	open(ctx context.Context, hash string) (io.ReadSeekCloser, error)
	// remove deletes hash unless it is younger than before, and reports
	// whether it did. keep is asked once more when the file is out of reach.
	remove(ctx context.Context, hash string, before time.Time, keep func() (bool, error)) (bool, error)
	walk(ctx context.Context, fn func(Stored) error) error
}

// Store keeps files. It is safe for use by many goroutines and processes.
type Store struct {
	dir     *os.Root
	path    string
	files   backend
	scanner *clamAV // nil: none
	opts    Options
	owners  []owner // complete before Collect
}

// Limit says what an upload may be.
type Limit struct {
	MaxBytes int64    // 0: no limit
	Types    []string // MIME types by content; empty: any
	Name     string   // the name it was given, "" none; its ending must fit the content
}

// Open opens the store in dir, which it makes when it is missing.
func Open(dir string, opts Options) (*Store, error) {
	if opts.ScanLimit == 0 {
		opts.ScanLimit = time.Minute
	}
	if opts.MaxPixels == 0 {
		opts.MaxPixels = 120_000_000
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("file store: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("file store: %w", err)
	}
	s := &Store{dir: root, path: dir, opts: opts}
	if err := s.prepare(); err != nil {
		root.Close()
		return nil, fmt.Errorf("file store: %w", err)
	}
	return s, nil
}

func (s *Store) prepare() (err error) {
	if err := s.dir.MkdirAll(uploads, 0o700); err != nil {
		return err
	}
	if s.scanner, err = newClamAV(s.opts.ClamAV, s.opts.ScanLimit); err != nil {
		return err
	}
	if s.opts.S3 != nil {
		s.files, err = newS3(*s.opts.S3, s.dir)
		return err
	}
	s.files, err = newDirectory(s.dir)
	return err
}

// Close releases the directory.
func (s *Store) Close() error { return s.dir.Close() }

// Path is the directory of the store.
func (s *Store) Path() string { return s.path }

// Scans reports whether uploads are looked at by a virus scanner.
func (s *Store) Scans() bool { return s.scanner != nil }

// uploads holds files that are not finished; a crash leaves them for Collect.
const uploads = "uploads"

// Put stores what r yields and returns when it is on disk. What is not
// allowed is an Invalid error of the field "file" with one of the rules
// "file_empty", "too_large", "file_type", "file_name", "file_broken",
// "file_bomb" and "virus"; a scanner that does not answer and a full disk are
// Unavailable.
func (s *Store) Put(ctx context.Context, r io.Reader, limit Limit) (File, error) {
	name := uploads + "/" + kernel.NewSecret(16)
	f, err := s.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return File{}, diskError(err)
	}
	defer s.dir.Remove(name) // gone already when it was committed
	defer f.Close()
	file, err := receive(ctx, f, r, limit.MaxBytes)
	if err != nil {
		return File{}, err
	}
	if file.Type, err = s.examine(f, file.Size, limit); err != nil {
		return File{}, err
	}
	if err := s.scan(ctx, f, limit.Name); err != nil {
		return File{}, err
	}
	if err := f.Sync(); err != nil {
		return File{}, diskError(err)
	}
	if err := s.files.commit(ctx, name, file.Hash); err != nil {
		return File{}, diskError(err)
	}
	return file, nil
}

// receive writes r to f while it counts and hashes.
func receive(ctx context.Context, f io.Writer, r io.Reader, max int64) (File, error) {
	if max > 0 {
		r = io.LimitReader(r, max+1)
	}
	sum := sha256.New()
	target := &writeFailure{w: f}
	n, err := io.Copy(io.MultiWriter(target, sum), &withContext{ctx, r})
	switch {
	case target.err != nil:
		return File{}, diskError(target.err)
	case err != nil:
		return File{}, fmt.Errorf("read upload: %w", err)
	case n == 0:
		return File{}, kernel.Bad("file", "file_empty", "")
	case max > 0 && n > max:
		return File{}, bad("too_large", "> "+i18n.Bytes(max), "max", i18n.Bytes(max))
	}
	return File{Hash: hex.EncodeToString(sum.Sum(nil)), Size: n}, nil
}

// withContext stops reading when the request has ended.
type withContext struct {
	ctx context.Context
	r   io.Reader
}

func (c *withContext) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// writeFailure tells a full disk from a broken upload.
type writeFailure struct {
	w   io.Writer
	err error
}

func (w *writeFailure) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Get opens a file.
func (s *Store) Get(ctx context.Context, hash string) (io.ReadSeekCloser, error) {
	if !validHash(hash) {
		return nil, kernel.Missing("file", "")
	}
	f, err := s.files.open(ctx, hash)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, kernel.Missing("file", hash)
	}
	return f, err
}

// validHash keeps every other text out of paths.
func validHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// bad is an Invalid error of the file with what the text of its rule needs.
func bad(rule, value string, args ...any) error {
	var c kernel.Check
	c.Add("file", rule, value, args...)
	return c.Err()
}

// diskError makes a full or broken disk a failure that a caller may be told.
func diskError(err error) error {
	if err == nil || kernel.KindOf(err) != kernel.Internal || errors.Is(err, context.Canceled) {
		return err
	}
	if full(err) {
		return kernel.Down("error.disk_full", err)
	}
	return kernel.Down("error.files_down", err)
}
