package web

import (
	"bytes"
	"errors"
	"net/http"
	"syscall"
)

// maxKept is the largest answer that is kept for a repetition.
const maxKept = 64 << 10

// response notes what was answered, for the access log and for repetitions.
type response struct {
	http.ResponseWriter
	status   int
	bytes    int64
	location string        // of a redirect
	keep     *bytes.Buffer // nil: the body is not kept
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.keep != nil && w.keep.Len()+len(b) <= maxKept+1 {
		w.keep.Write(b)
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ignoreGone drops errors of clients that went away: nobody is left to tell.
func ignoreGone(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, http.ErrHandlerTimeout) {
		return nil
	}
	return err
}
