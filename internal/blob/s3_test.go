package blob

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeS3 is a bucket "files" in memory that speaks as much S3 as the store
// uses. It checks the access key and Content-MD5, not the signature.
type fakeS3 struct {
	mu      sync.Mutex
	objects map[string]fakeObject
	down    bool
}

type fakeObject struct {
	body     []byte
	modified time.Time
}

func startS3(t testing.TB) (*fakeS3, *S3) {
	f := &fakeS3{objects: map[string]fakeObject{}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, &S3{Endpoint: strings.TrimPrefix(srv.URL, "http://"), Bucket: "files", Prefix: "anlan/", Region: "tj", AccessKey: "key", SecretKey: "secret", Plain: true}
}

func (f *fakeS3) age(hash string, to time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects["anlan/"+hash]
	o.modified = to
	f.objects["anlan/"+hash] = o
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case f.down:
		refuse(w, http.StatusForbidden, "AccessDenied") // not retried by the client
	case !strings.Contains(r.Header.Get("Authorization"), "Credential=key/"):
		refuse(w, http.StatusForbidden, "InvalidAccessKeyId")
	case bucket != "files":
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case key == "":
		f.list(w, r)
	case r.Method == http.MethodPut:
		f.put(w, r, key)
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		f.get(w, r, key)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, code)
}

func (f *fakeS3) put(w http.ResponseWriter, r *http.Request, key string) {
	body, err := io.ReadAll(r.Body)
	if err == nil && strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body, err = unchunk(body)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	sum := md5.Sum(body)
	if want := r.Header.Get("Content-Md5"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		refuse(w, http.StatusBadRequest, "BadDigest")
		return
	}
	f.objects[key] = fakeObject{body, time.Now()}
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
}

// unchunk reads the aws-chunked encoding: HEX;chunk-signature=…, data.
func unchunk(b []byte) ([]byte, error) {
	var out []byte
	r := bufio.NewReader(bytes.NewReader(b))
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil || n == 0 {
			return out, err
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		out = append(out, chunk[:n]...)
	}
}

func (f *fakeS3) get(w http.ResponseWriter, r *http.Request, key string) {
	o, ok := f.objects[key]
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	sum := md5.Sum(o.body)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.body))
}

func (f *fakeS3) list(w http.ResponseWriter, r *http.Request) {
	type content struct {
		Key, LastModified string
		Size              int
	}
	out := struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Name     string
		Contents []content
	}{Name: "files"}
	for key, o := range f.objects {
		if strings.HasPrefix(key, r.URL.Query().Get("prefix")) {
			out.Contents = append(out.Contents, content{key, o.modified.UTC().Format(time.RFC3339Nano), len(o.body)})
		}
	}
	slices.SortFunc(out.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	xml.NewEncoder(w).Encode(out)
}
