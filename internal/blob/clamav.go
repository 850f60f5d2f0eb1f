package blob

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// clamAV speaks clamd's INSTREAM: chunks, each with its length as 32 bits big
// endian, ended by an empty one (man clamd, "COMMANDS").
type clamAV struct {
	network, address string
	limit            time.Duration
}

const scanChunk = 64 << 10

// newClamAV reads "unix:PATH" or "tcp:HOST:PORT"; "" is no scanner.
func newClamAV(socket string, limit time.Duration) (*clamAV, error) {
	if socket == "" {
		return nil, nil
	}
	network, address, ok := strings.Cut(socket, ":")
	if !ok || address == "" || network != "unix" && network != "tcp" {
		return nil, fmt.Errorf("virus scanner: want unix:PATH or tcp:HOST:PORT, not %q", socket)
	}
	return &clamAV{network, address, limit}, nil
}

// scan lets the scanner read f. Without a scanner nothing happens; with one
// that does not answer nothing is accepted.
func (s *Store) scan(ctx context.Context, f *os.File, name string) error {
	if s.scanner == nil {
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return diskError(err)
	}
	found, err := s.scanner.scan(ctx, f)
	if err != nil {
		return kernel.Down("error.scanner_down", err)
	}
	if found != "" {
		s.opts.Log.Warn("virus in an upload", "name", name, "virus", found)
		return bad("virus", found)
	}
	return nil
}

// scan returns the name of what was found, "" for nothing.
func (c *clamAV) scan(ctx context.Context, r io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	sendErr := sendChunks(conn, r)
	// clamd answers and hangs up in the middle when a file is larger than its
	// limit, so its answer counts more than what happened to the sending.
	answer, err := bufio.NewReader(io.LimitReader(conn, 4096)).ReadString(0)
	if err != nil {
		return "", errors.Join(sendErr, err, ctx.Err())
	}
	return verdict(strings.TrimRight(answer, "\x00"))
}

func sendChunks(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	buf := make([]byte, 4+scanChunk)
	for {
		n, err := io.ReadFull(r, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			_, err = w.Write([]byte{0, 0, 0, 0})
			return err
		}
		if err != nil {
			return err
		}
	}
}

// verdict reads "stream: OK" and "stream: NAME FOUND"; all else is an error of
// the scanner.
func verdict(answer string) (string, error) {
	text, ok := strings.CutPrefix(answer, "stream: ")
	switch {
	case ok && text == "OK":
		return "", nil
	case ok && len(text) > len(" FOUND") && strings.HasSuffix(text, " FOUND"):
		return strings.TrimSuffix(text, " FOUND"), nil
	}
	return "", fmt.Errorf("clamd: %q", answer)
}
