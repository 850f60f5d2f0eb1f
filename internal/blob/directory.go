package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// directory keeps files as files/ab/HASH. All 256 directories exist and are
// on disk from the start, so that a Put flushes twice: the content, and the
// name in its directory.
type directory struct {
	root *os.Root
}

const (
	filesDir = "files"
	trashDir = "trash"
)

func newDirectory(root *os.Root) (*directory, error) {
	d := &directory{root}
	for _, dir := range []string{filesDir, trashDir} {
		if err := d.mkdir(dir); err != nil {
			return nil, err
		}
	}
	for i := range 256 {
		if err := d.mkdir(fmt.Sprintf("%s/%02x", filesDir, i)); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{".", filesDir} {
		if err := d.sync(dir); err != nil {
			return nil, err
		}
	}
	return d, d.restore()
}

func (d *directory) mkdir(dir string) error {
	err := d.root.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func place(hash string) string { return path.Join(filesDir, hash[:2], hash) }

func (d *directory) commit(_ context.Context, upload, hash string) error {
	target := place(hash)
	now := time.Now()
	err := d.root.Chtimes(target, now, now) // it may be there: then only its age changes
	if errors.Is(err, fs.ErrNotExist) {
		err = d.root.Rename(upload, target)
	}
	if err != nil {
		return err
	}
	return d.sync(path.Dir(target))
}

// sync flushes the names in a directory.
func (d *directory) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d *directory) open(_ context.Context, hash string) (io.ReadSeekCloser, error) {
	f, err := d.root.Open(place(hash))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// remove moves the file out of reach first: an upload of the same content
// that comes then stores it anew, and one that came just before has renewed
// its age, so it is moved back.
func (d *directory) remove(_ context.Context, hash string, before time.Time, keep func() (bool, error)) (bool, error) {
	trash := path.Join(trashDir, hash)
	if err := d.root.Rename(place(hash), trash); err != nil {
		return false, err
	}
	info, err := d.root.Stat(trash)
	if err == nil {
		var wanted bool
		if wanted, err = keep(); err == nil && !wanted && info.ModTime().Before(before) {
			return true, d.root.Remove(trash)
		}
	}
	return false, errors.Join(err, d.root.Rename(trash, place(hash)))
}

// restore moves back what a crash left in the trash; the next collection
// decides anew.
func (d *directory) restore() error {
	names, err := fs.ReadDir(d.root.FS(), trashDir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if validHash(n.Name()) {
			if err := d.root.Rename(path.Join(trashDir, n.Name()), place(n.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func (d *directory) walk(ctx context.Context, fn func(Stored) error) error {
	return fs.WalkDir(d.root.FS(), filesDir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !validHash(e.Name()) || name != place(e.Name()) {
			return errors.Join(ignoreMissing(err), ctx.Err())
		}
		info, err := e.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		return errors.Join(fn(Stored{Hash: e.Name(), Size: info.Size(), Modified: info.ModTime()}), ctx.Err())
	})
}

// ignoreMissing allows files to go while they are listed.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// full reports whether the disk is full, from any layer.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || strings.Contains(err.Error(), "XMinioStorageFull")
}
