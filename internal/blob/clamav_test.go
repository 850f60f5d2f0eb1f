package blob

import (
	"bufio"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anlan/internal/kernel"
)

// startClamd answers INSTREAM like clamd: answer gets the whole file and says
// what to reply; "" says nothing and keeps the line open.
func startClamd(t *testing.T, answer func(file string) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clamd.ctl")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveClamd(conn, answer)
		}
	}()
	return "unix:" + path
}

func serveClamd(conn net.Conn, answer func(string) string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	if cmd, err := r.ReadString(0); err != nil || cmd != "zINSTREAM\x00" {
		io.WriteString(conn, "UNKNOWN COMMAND\x00")
		return
	}
	var file strings.Builder
	for {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil {
			return
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&file, r, int64(n)); err != nil {
			return
		}
		if file.Len() > 1<<20 {
			io.WriteString(conn, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
	}
	if text := answer(file.String()); text != "" {
		io.WriteString(conn, text+"\x00")
		return
	}
	io.Copy(io.Discard, r) // silent until the other side hangs up
}

func TestUploadsAreScanned(t *testing.T) {
	const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	socket := startClamd(t, func(file string) string {
		if strings.Contains(file, eicar) {
			return "stream: Win.Test.EICAR_HDB-1 FOUND"
		}
		return "stream: OK"
	})
	s := openStore(t, t.TempDir(), Options{ClamAV: socket, Log: slog.New(slog.DiscardHandler)})
	if !s.Scans() {
		t.Error("does not scan")
	}
	put(t, s, "clean "+strings.Repeat("x", 3*scanChunk))
	_, err := s.Put(t.Context(), strings.NewReader(strings.Repeat("x", scanChunk-10)+eicar), Limit{})
	if rule(err) != "virus" || !strings.Contains(err.Error(), "EICAR") {
		t.Errorf("%v", err)
	}
	n := 0
	s.Walk(t.Context(), func(Stored) error { n++; return nil })
	if n != 1 {
		t.Errorf("%d files stored", n)
	}
}

func TestNothingIsAcceptedWhileTheScannerIsDown(t *testing.T) {
	silent := startClamd(t, func(string) string { return "" })
	broken := startClamd(t, func(string) string { return "stream: lstat() failed. ERROR" })
	fine := startClamd(t, func(string) string { return "stream: OK" })
	for name, c := range map[string]struct{ socket, content string }{
		"gone":      {"unix:" + filepath.Join(t.TempDir(), "none"), "x"},
		"refused":   {"tcp:127.0.0.1:1", "x"},
		"silent":    {silent, "x"},
		"broken":    {broken, "x"},
		"too large": {fine, strings.Repeat("x", 3<<20)},
	} {
		s := openStore(t, t.TempDir(), Options{ClamAV: c.socket, ScanLimit: 200 * time.Millisecond})
		if _, err := s.Put(t.Context(), strings.NewReader(c.content), Limit{}); kernel.KindOf(err) != kernel.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, socket := range []string{"clamd", "udp:1.2.3.4:5", "unix:"} {
		if _, err := Open(t.TempDir(), Options{ClamAV: socket}); err == nil {
			t.Errorf("%q is taken for a socket", socket)
		}
	}
}

func FuzzVerdict(f *testing.F) {
	f.Add("stream: OK")
	f.Add("stream: X FOUND")
	f.Add("INSTREAM size limit exceeded. ERROR")
	f.Fuzz(func(t *testing.T, answer string) {
		if found, err := verdict(answer); err == nil && found == "" && answer != "stream: OK" {
			t.Errorf("%q counts as clean", answer)
		}
	})
}
