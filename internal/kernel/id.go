package kernel

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// NewID returns a UUIDv7 (RFC 9562, section 5.7) as text: 48 bits of
// milliseconds of now, 12 bits of the fraction below, 62 random bits. Ids made
// in order sort roughly in order, which keeps index pages hot.
func NewID(now time.Time) string {
	var b [16]byte
	us := now.UnixMicro()
	ms, frac := us/1000, us%1000
	binary.BigEndian.PutUint64(b[0:8], uint64(ms)<<16|uint64(frac*4096/1000))
	rand.Read(b[8:]) // never fails: crypto/rand aborts the program instead
	b[6] = 0x70 | b[6]&0x0f
	b[8] = 0x80 | b[8]&0x3f
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// FirstID is a bound: no id that NewID made before the millisecond of t is
// greater, none from then on is less. Lists in the order of ids find a time
// by it.
func FirstID(t time.Time) string {
	ms := uint64(t.UnixMilli())
	return fmt.Sprintf("%08x-%04x-7000-8000-000000000000", ms>>16, ms&0xffff)
}

// NewSecret returns an unguessable URL-safe text of n random bytes.
func NewSecret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
