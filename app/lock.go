package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"anlan/internal/kernel"
)

// lockFile says which process serves a data directory. The lock on it ends
// with the process, however that ends.
const lockFile = "anlan.lock"

// lock takes the data directory for this process. SQLite's group commit lives
// in one process, so a second one is refused.
func lock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 100))
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &kernel.Error{Kind: kernel.Conflict, Key: "app.error.in_use",
				Fields: []kernel.FieldError{{Field: dir, Rule: "in_use", Value: "process " + strings.TrimSpace(string(holder))}}}
		}
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}
