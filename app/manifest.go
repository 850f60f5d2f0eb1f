package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// manifestFile is written last: a backup without it is not complete.
const manifestFile = "manifest.json"

// Manifest lists what a backup holds.
type Manifest struct {
	Format     int         `json:"format"` // 1
	MadeAt     time.Time   `json:"made_at"`
	Engine     string      `json:"engine"` // of both databases
	Migrations []string    `json:"migrations"`
	Telemetry  []string    `json:"telemetry_migrations"`
	Key        string      `json:"key"` // "included", or "environment" when the operator keeps it
	Files      []Component `json:"files"`
}

// Component is one file of a backup.
type Component struct {
	Path   string `json:"path"` // with slashes, below the backup's directory
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes is the size of the backup.
func (m Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// component hashes the file at path below dir.
func component(dir, path string) (Component, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return Component{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return Component{Path: path, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// list hashes every file of a backup but the manifest.
func list(dir string) (files []Component, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == manifestFile {
			return err
		}
		c, err := component(dir, filepath.ToSlash(name))
		files = append(files, c)
		return err
	})
	return files, err
}

// seal writes the manifest, which makes the backup complete.
func (m Manifest) seal(dir string) error {
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return writeDurably(filepath.Join(dir, manifestFile), append(text, '\n'))
}

// ReadManifest reads the manifest of a backup and compares every file with it.
// All differences are reported at once, by path: "missing", "changed" or
// "unexpected".
func ReadManifest(dir string) (Manifest, error) {
	var m Manifest
	path := filepath.Join(dir, manifestFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, kernel.Bad(path, "required", "")
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Format != 1 {
		return m, kernel.Bad(path, "format", "")
	}
	there, err := list(dir)
	if err != nil {
		return m, fmt.Errorf("read the backup: %w", err)
	}
	var check kernel.Check
	for _, want := range m.Files {
		i := slices.IndexFunc(there, func(c Component) bool { return c.Path == want.Path })
		switch {
		case !filepath.IsLocal(filepath.FromSlash(want.Path)):
			check.Add(want.Path, "format", "")
		case i < 0:
			check.Add(want.Path, "missing", "")
		case there[i] != want:
			check.Add(want.Path, "changed", there[i].SHA256)
		}
	}
	for _, c := range there {
		if !slices.ContainsFunc(m.Files, func(want Component) bool { return want.Path == c.Path }) {
			check.Add(c.Path, "unexpected", "")
		}
	}
	return m, check.Err()
}

// below returns the files whose path starts with dir and a slash.
func (m Manifest) below(dir string) (out []Component) {
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, dir+"/") {
			out = append(out, f)
		}
	}
	return out
}
