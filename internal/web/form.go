package web

import (
	"errors"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"anlan/internal/kernel"
)

// maxFields bounds what the fields of a form with files may take in memory.
const maxFields = 1 << 20

// readForm reads what a form sent: all fields, and for forms with files the
// fields before the first file; Files goes on from there.
func (s *Server) readForm(r *Request) error {
	r.sent, r.own = url.Values{}, url.Values{}
	if !writes(r.Method) || r.route.op != nil {
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.ContentLength == 0 && r.Header.Get("Content-Type") == "":
		return nil
	case err != nil:
		kind = ""
	case kind == "application/x-www-form-urlencoded":
		return r.readPlain()
	case kind == "multipart/form-data" && params["boundary"] != "":
		r.upload = &upload{reader: multipart.NewReader(r.Body, params["boundary"])}
		return r.readLeading()
	}
	return statusProblem(http.StatusUnsupportedMediaType, kernel.Bad("body", "content_type", kind))
}

func (r *Request) readPlain() error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return broken(err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return statusProblem(http.StatusBadRequest, kernel.Bad("body", "format", ""))
	}
	return r.take(values)
}

// take sorts the fields of a form into the page's own (_csrf, _request) and
// the handler's; Decode passes over other names that start with _, which tell
// which button was pressed. Text that is not UTF-8 is refused.
func (r *Request) take(values url.Values) error {
	check := &kernel.Check{}
	for name, list := range values {
		into := r.sent
		if name == "_csrf" || name == "_request" {
			into = r.own
		}
		for _, v := range list {
			if !kernel.IsText(v) || !kernel.IsText(name) {
				check.Add(strings.ToValidUTF8(name, "?"), "encoding", "")
				continue
			}
			into.Add(name, v)
		}
	}
	if err := check.Err(); err != nil {
		return statusProblem(http.StatusBadRequest, err)
	}
	return nil
}

// readable refuses addresses that are no text: a path of that kind leads to no
// page, and a parameter of that kind means nothing.
func (r *Request) readable() error {
	if !kernel.IsText(r.URL.Path) {
		return kernel.Missing("page", strings.ToValidUTF8(strings.ReplaceAll(r.URL.Path, "\x00", "?"), "?"))
	}
	check := &kernel.Check{}
	for name, list := range r.URL.Query() {
		if !kernel.IsText(name) || slices.ContainsFunc(list, func(v string) bool { return !kernel.IsText(v) }) {
			check.Add(strings.ToValidUTF8(name, "?"), "encoding", "")
		}
	}
	if err := check.Err(); err != nil {
		return statusProblem(http.StatusBadRequest, err)
	}
	return nil
}

// upload is a form with files that is being read.
type upload struct {
	reader *multipart.Reader
	ahead  *multipart.Part // the first file, found while reading the fields
	read   int64           // bytes of fields so far
}

// File is one file of a form, read once, in order. Name is what the browser
// called it, without a path; it is for showing only.
type File struct {
	Field string
	Name  string
	io.Reader
}

// Files yields the files of a form on a route with Upload, streaming: each
// must be read before the next. Inputs left empty are passed over. Fields
// that stand after files are added to what Decode and Sent see.
func (r *Request) Files() iter.Seq2[*File, error] {
	return func(yield func(*File, error) bool) {
		for {
			part, err := r.nextPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, broken(err))
				return
			}
			f := &File{Field: part.FormName(), Name: plainName(part.FileName()), Reader: fileReader{part}}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// fileReader tells a connection that broke from a file that cannot be read.
type fileReader struct{ part *multipart.Part }

func (f fileReader) Read(b []byte) (int, error) {
	n, err := f.part.Read(b)
	if err != nil && err != io.EOF {
		err = broken(err)
	}
	return n, err
}

// readLeading reads the fields before the first file.
func (r *Request) readLeading() error {
	part, err := r.nextPart()
	if err == io.EOF {
		r.upload = nil // all was fields: there is nothing left to read
		return nil
	}
	if err != nil {
		return broken(err)
	}
	if !r.route.Upload {
		return statusProblem(http.StatusUnprocessableEntity, kernel.Bad(part.FormName(), "unknown", part.FileName()))
	}
	r.upload.ahead = part
	return nil
}

// nextPart returns the next file; the fields on the way are taken.
func (r *Request) nextPart() (*multipart.Part, error) {
	u := r.upload
	if u == nil {
		return nil, io.EOF
	}
	if part := u.ahead; part != nil {
		u.ahead = nil
		return part, nil
	}
	for {
		part, err := u.reader.NextPart()
		if err != nil {
			return nil, err
		}
		_, isFile := dispositionFile(part)
		switch {
		case !isFile:
			if err := r.takePart(part); err != nil {
				return nil, err
			}
		case part.FileName() != "":
			return part, nil
		}
	}
}

// dispositionFile tells a file input (even one left empty) from a field.
func dispositionFile(part *multipart.Part) (string, bool) {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	name, ok := params["filename"]
	return name, ok && err == nil
}

func (r *Request) takePart(part *multipart.Part) error {
	left := maxFields - r.upload.read
	value, err := io.ReadAll(io.LimitReader(part, left+1))
	if err != nil {
		return err
	}
	if int64(len(value)) > left {
		return &http.MaxBytesError{Limit: maxFields}
	}
	r.upload.read += int64(len(value))
	return r.take(url.Values{part.FormName(): {string(value)}})
}

// broken tells a body that was too large, or is already explained, from a
// connection that broke off.
func broken(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) || asProblem(err) != nil {
		return err
	}
	return &failure{status: http.StatusBadRequest, err: &kernel.Error{Kind: kernel.Invalid, Key: "web.error.broken", Err: err}}
}

// plainName takes paths, control characters and broken text out of a file's
// name.
func plainName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u202e' || c == '\u202d' {
			return -1
		}
		return c
	}, name)
	return cutRunes(strings.TrimSpace(name), 120)
}

func cutRunes(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max-1]) + "…"
	}
	return s
}
