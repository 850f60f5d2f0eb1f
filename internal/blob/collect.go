package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Stored is a file as the store lists it.
type Stored struct {
	Hash     string
	Size     int64
	Modified time.Time // when it was last put
}

// owner is a table that refers to files.
type owner struct {
	name  string
	query string // yields one column of hashes
}

// Refer registers a query that yields the hashes an owner refers to, one
// column without empty values: "SELECT hash FROM licensing_documents". Every
// package that stores hashes registers before Collect runs, else its files
// are removed.
func (s *Store) Refer(name, query string) {
	s.owners = append(s.owners, owner{name, query})
}

// Grace is how long a file that nobody refers to is kept: between the upload
// and the row of a draft lies at most a session.
const Grace = 48 * time.Hour

// Collect removes files that no owner refers to and that were put before the
// grace period, and uploads that were never finished. It returns how many
// files it removed.
func (s *Store) Collect(ctx context.Context, d *db.DB, grace time.Duration) (int, error) {
	if len(s.owners) == 0 {
		return 0, errors.New("blob: nobody has registered references; everything would be removed")
	}
	before := time.Now().Add(-grace) // the age of files is the machine's time
	old, err := s.olderThan(ctx, before)
	if err != nil {
		return 0, fmt.Errorf("list files: %w", err)
	}
	wanted, err := s.references(ctx, d)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, hash := range old {
		if wanted[hash] {
			continue
		}
		gone, err := s.files.remove(ctx, hash, before, func() (bool, error) { return s.referred(ctx, d, hash) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return n, fmt.Errorf("remove file %s: %w", hash, err)
		}
		if gone {
			n++
		}
	}
	return n, s.sweepUploads(before)
}

func (s *Store) olderThan(ctx context.Context, before time.Time) (old []string, err error) {
	err = s.files.walk(ctx, func(f Stored) error {
		if f.Modified.Before(before) {
			old = append(old, f.Hash)
		}
		return nil
	})
	return old, err
}

func (s *Store) references(ctx context.Context, d *db.DB) (map[string]bool, error) {
	wanted := map[string]bool{}
	err := d.View(ctx, func(ctx context.Context, q db.Q) error {
		for _, o := range s.owners {
			hashes, err := db.Column[string](ctx, q, o.query)
			if err != nil {
				return fmt.Errorf("files of %s: %w", o.name, err)
			}
			for _, h := range hashes {
				wanted[h] = true
			}
		}
		return nil
	})
	return wanted, err
}

// referred asks for one file again, on a snapshot that is newer than the list.
func (s *Store) referred(ctx context.Context, d *db.DB, hash string) (found bool, err error) {
	err = d.View(ctx, func(ctx context.Context, q db.Q) error {
		for _, o := range s.owners {
			n, err := db.Value[int64](ctx, q, `WITH refs (hash) AS (`+o.query+`) SELECT COUNT(*) FROM refs WHERE hash = $1`, hash)
			if err != nil {
				return fmt.Errorf("files of %s: %w", o.name, err)
			}
			found = found || n > 0
		}
		return nil
	})
	return found, err
}

func (s *Store) sweepUploads(before time.Time) error {
	entries, err := fs.ReadDir(s.dir.FS(), uploads)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.ModTime().Before(before) {
			err = s.dir.Remove(path.Join(uploads, e.Name()))
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}

// Walk calls fn for every stored file, in no order.
func (s *Store) Walk(ctx context.Context, fn func(Stored) error) error { return s.files.walk(ctx, fn) }

// Fault is one thing that is wrong with the store.
type Fault struct {
	Hash  string `json:"hash"`
	Rule  string `json:"rule"`  // "missing": referred to and not there; "changed": the content has another hash; "unreadable"
	Owner string `json:"owner"` // who refers to it, of "missing"
}

// Report is the outcome of Verify.
type Report struct {
	Files  int64   `json:"files"`
	Bytes  int64   `json:"bytes"`
	Faults []Fault `json:"faults"`
}

// OK reports whether every file is there and unchanged.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// Verify reads every file and compares its hash, and checks that each file an
// owner refers to is there.
func (s *Store) Verify(ctx context.Context, q db.Q) (Report, error) {
	var rep Report
	there := map[string]bool{}
	err := s.files.walk(ctx, func(f Stored) error {
		there[f.Hash] = true
		rep.Files++
		rep.Bytes += f.Size
		if rule := s.verifyOne(ctx, f.Hash); rule != "" {
			rep.Faults = append(rep.Faults, Fault{Hash: f.Hash, Rule: rule})
		}
		return ctx.Err()
	})
	if err != nil {
		return rep, fmt.Errorf("verify files: %w", err)
	}
	for _, o := range s.owners {
		hashes, err := db.Column[string](ctx, q, o.query)
		if err != nil {
			return rep, fmt.Errorf("files of %s: %w", o.name, err)
		}
		slices.Sort(hashes)
		for _, h := range slices.Compact(hashes) {
			if !there[h] {
				rep.Faults = append(rep.Faults, Fault{Hash: h, Rule: "missing", Owner: o.name})
			}
		}
	}
	return rep, nil
}

func (s *Store) verifyOne(ctx context.Context, hash string) string {
	f, err := s.Get(ctx, hash)
	if kernel.KindOf(err) == kernel.NotFound {
		return "" // collected meanwhile; "missing" says so if it is wanted
	}
	if err != nil {
		return "unreadable"
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "unreadable"
	}
	if hex.EncodeToString(sum.Sum(nil)) != hash {
		return "changed"
	}
	return ""
}
