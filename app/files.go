package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"anlan/internal/blob"
)

// filesDir holds the uploads in the data directory.
const filesDir = "files"

// openFiles opens the store of uploads and produced files.
func openFiles(cfg Config, log *slog.Logger) (*blob.Store, error) {
	opts := blob.Options{ClamAV: cfg.ClamAV, Log: log}
	if cfg.S3 != "" {
		bucket, err := parseS3(cfg.S3)
		if err != nil {
			return nil, err
		}
		bucket.AccessKey, bucket.SecretKey = cfg.S3Access, cfg.S3Secret
		opts.S3 = bucket
	}
	return blob.Open(filepath.Join(cfg.Data, filesDir), opts)
}

// parseS3 reads "https://host[:port]/bucket[/prefix][?region=…]".
func parseS3(s string) (*blob.S3, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || bucket == "" || u.User != nil {
		return nil, errors.New("bucket: want https://host/bucket/prefix")
	}
	if prefix != "" {
		prefix += "/"
	}
	return &blob.S3{Endpoint: u.Host, Bucket: bucket, Prefix: prefix, Region: u.Query().Get("region"), Plain: u.Scheme == "http"}, nil
}

// putBack stores a file of a backup under its hash.
func putBack(ctx context.Context, store *blob.Store, path, hash string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	stored, err := store.Put(ctx, f, blob.Limit{})
	if err == nil && stored.Hash != hash {
		err = errors.New("the content changed while it was read")
	}
	return err
}
