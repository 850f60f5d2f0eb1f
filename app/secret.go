package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"anlan/internal/kernel"
)

// keyFile holds the master key in the data directory: 32 bytes in
// hexadecimal, readable by the owner only.
const keyFile = "secret.key"

func decodeKey(s string) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(key) != 32 {
		return nil, errors.New("want 32 bytes in hexadecimal")
	}
	return key, nil
}

// masterKey returns the key of a checked configuration. A key is made only
// for a new installation: a lost one cannot be replaced, because what it
// sealed would stay sealed for ever.
func masterKey(cfg Config, isNew bool) ([]byte, error) {
	if cfg.SecretKey != "" {
		return decodeKey(cfg.SecretKey)
	}
	path := filepath.Join(cfg.Data, keyFile)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		key, err := decodeKey(string(text))
		if err != nil {
			return nil, kernel.Bad(path, "format", "")
		}
		return key, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("master key: %w", err)
	case !isNew:
		return nil, kernel.Bad(path, "required", "")
	}
	key := make([]byte, 32)
	rand.Read(key)
	return key, writeDurably(path, []byte(hex.EncodeToString(key)+"\n"))
}

// writeDurably writes a file of mode 0600 so that it is there whole or not at
// all, even after a power failure.
func writeDurably(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir flushes the names in a directory.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
