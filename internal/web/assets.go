package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"anlan/internal/kernel"
	"anlan/ui"
)

const assetsPath = "/assets/{version}/{file...}"

// assets are the static files. All carry one hash of the whole tree in their
// address, so that modules and style sheets may name each other by relative
// paths, and browsers may keep them for ever.
type assets struct {
	files   map[string]*assetFile
	version string
	sprite  string // address of the icon sprite
}

type assetFile struct {
	plain []byte
	kind  string
	once  sync.Once
	gzip  []byte // made at first use; nil: not worth it
	zstd  []byte
}

func loadAssets() (*assets, error) {
	a := &assets{files: map[string]*assetFile{}}
	sum := sha256.New()
	err := fs.WalkDir(ui.Static(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(ui.Static(), name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(b))
		sum.Write(b)
		a.files[name] = &assetFile{plain: b, kind: assetType(name)}
		return nil
	})
	a.version = hex.EncodeToString(sum.Sum(nil))[:16]
	a.sprite = a.address("icons.svg")
	return a, err
}

// assetTypes does not ask the machine, whose tables differ.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".geojson": "application/geo+json",
	".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}

func assetType(name string) string {
	if t := assetTypes[path.Ext(name)]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (a *assets) address(name string) string { return "/assets/" + a.version + "/" + name }

// url is the address of a file; views that name one that does not exist fail.
func (a *assets) url(name string) (string, error) {
	if a.files[name] == nil {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return a.address(name), nil
}

// serve answers with a static file, packed as the client can take it.
func (a *assets) serve(r *Request) error {
	name := r.PathValue("file")
	f := a.files[name]
	if f == nil {
		return kernel.Missing("file", name)
	}
	h := r.w.Header()
	if r.PathValue("version") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // a page of an older program; the file may differ
	}
	body, coding := f.packed(r.Header.Get("Accept-Encoding"))
	etag := `"` + a.version + coding + `"`
	h.Set("ETag", etag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.kind)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		r.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", itoa(len(body)))
	if r.Method == http.MethodHead {
		r.w.WriteHeader(http.StatusOK)
		return nil
	}
	_, err := r.w.Write(body)
	return ignoreGone(err)
}

// packed returns the smallest form that accept allows.
func (f *assetFile) packed(accept string) (body []byte, coding string) {
	f.once.Do(f.pack)
	switch {
	case f.zstd != nil && accepts(accept, "zstd"):
		return f.zstd, "zstd"
	case f.gzip != nil && accepts(accept, "gzip"):
		return f.gzip, "gzip"
	}
	return f.plain, ""
}

func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, coding) && strings.TrimSpace(params) != "q=0" {
			return true
		}
	}
	return false
}

func (f *assetFile) pack() {
	if len(f.plain) < 512 || strings.HasPrefix(f.kind, "image/png") || strings.HasPrefix(f.kind, "font/") {
		return
	}
	var zipped bytes.Buffer
	gz, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return
	}
	if _, err := gz.Write(f.plain); err == nil && gz.Close() == nil {
		f.gzip = zipped.Bytes()
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return
	}
	defer enc.Close()
	f.zstd = enc.EncodeAll(f.plain, nil)
}
