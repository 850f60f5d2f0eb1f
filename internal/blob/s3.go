package blob

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket keeps files as objects PREFIX+HASH of an S3 bucket.
type bucket struct {
	client *minio.Client
	dir    *os.Root // uploads under way
	name   string
	prefix string
}

func newS3(o S3, dir *os.Root) (*bucket, error) {
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: !o.Plain, Region: o.Region,
	})
	if err != nil {
		return nil, fmt.Errorf("S3 %s: %w", o.Endpoint, err)
	}
	return &bucket{client, dir, o.Bucket, o.Prefix}, nil
}

// commit uploads even what is there already: that renews its age.
func (b *bucket) commit(ctx context.Context, upload, hash string) error {
	f, err := b.dir.Open(upload)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = b.client.PutObject(ctx, b.name, b.prefix+hash, f, info.Size(), minio.PutObjectOptions{SendContentMd5: true})
	return err
}

// open asks for the object at once: GetObject alone does not notice that it
// is missing.
func (b *bucket) open(ctx context.Context, hash string) (io.ReadSeekCloser, error) {
	o, err := b.client.GetObject(ctx, b.name, b.prefix+hash, minio.GetObjectOptions{})
	if err == nil {
		_, err = o.Stat()
	}
	if err != nil {
		return nil, b.mapError(err)
	}
	return o, nil
}

func (b *bucket) mapError(err error) error {
	if res := minio.ToErrorResponse(err); res.StatusCode == http.StatusNotFound && res.Code != "NoSuchBucket" {
		return fs.ErrNotExist
	}
	return diskError(err)
}

// remove looks at the age and the owners once more right before it deletes;
// a bucket has no way to do both at once, and the grace period covers what an
// upload does in that moment.
func (b *bucket) remove(ctx context.Context, hash string, before time.Time, keep func() (bool, error)) (bool, error) {
	wanted, err := keep()
	if err != nil || wanted {
		return false, err
	}
	info, err := b.client.StatObject(ctx, b.name, b.prefix+hash, minio.StatObjectOptions{})
	if err != nil {
		return false, b.mapError(err)
	}
	if !info.LastModified.Before(before) {
		return false, nil
	}
	return true, b.client.RemoveObject(ctx, b.name, b.prefix+hash, minio.RemoveObjectOptions{})
}

func (b *bucket) walk(ctx context.Context, fn func(Stored) error) error {
	ctx, cancel := context.WithCancel(ctx) // ends the listing when fn fails
	defer cancel()
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return diskError(o.Err)
		}
		hash := strings.TrimPrefix(o.Key, b.prefix)
		if !validHash(hash) {
			continue
		}
		if err := fn(Stored{Hash: hash, Size: o.Size, Modified: o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}
