package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"anlan/internal/kernel"
)

// Hashing is the cost of one argon2id password hash (RFC 9106).
type Hashing struct {
	Memory   uint32 // KiB
	Passes   uint32
	Lanes    uint8
	Parallel int // hashes at a time; each holds Memory
	Queue    int // callers that may wait for their turn; further ones are turned away
}

// DefaultHashing is the setting of the OWASP Password Storage Cheat Sheet for
// argon2id: 19 MiB, 2 passes, 1 lane, about 40 ms. Two at a time keep hashing
// under 40 MiB whatever strangers send.
func DefaultHashing() Hashing {
	return Hashing{Memory: 19 << 10, Passes: 2, Lanes: 1, Parallel: 2, Queue: 64}
}

// MaxPassword is the longest password in bytes; longer ones only cost time.
const MaxPassword = 512

// hasher hashes and checks passwords, a bounded number at a time.
type hasher struct {
	cost  Hashing
	slots chan struct{} // capacity Parallel: hashes running
	queue chan struct{} // capacity Parallel+Queue: hashes running or waiting
	dummy string        // checked when there is no account, so that both take as long
}

func newHasher(cost Hashing) *hasher {
	if cost == (Hashing{}) {
		cost = DefaultHashing()
	}
	cost.Parallel, cost.Queue = max(cost.Parallel, 1), max(cost.Queue, 1)
	h := &hasher{cost: cost, slots: make(chan struct{}, cost.Parallel), queue: make(chan struct{}, cost.Parallel+cost.Queue)}
	// No password has this hash: its tag is random instead of computed.
	salt, tag := make([]byte, 16), make([]byte, 32)
	rand.Read(salt)
	rand.Read(tag)
	h.dummy = h.encode(salt, tag)
	return h
}

// turn waits for a place and returns the function that gives it back.
func (h *hasher) turn(ctx context.Context) (func(), error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, kernel.Down("auth.error.busy", errors.New("auth: too many sign-ins at once"))
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, 16)
	rand.Read(salt)
	return h.encode(salt, argon2.IDKey(prepare(password), salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, 32)), nil
}

// verify reports whether password has the hash. stale says that the hash was
// made at another cost and should be renewed. An empty hash (no account, or
// one without a password) costs the same and never matches.
func (h *hasher) verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	real := hash != ""
	if !real {
		hash = h.dummy
	}
	p, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	if len(password) > MaxPassword {
		password, real = password[:MaxPassword], false
	}
	tag := argon2.IDKey(prepare(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.tag)))
	ok = subtle.ConstantTimeCompare(tag, p.tag) == 1 && real
	return ok, p.memory != h.cost.Memory || p.passes != h.cost.Passes || p.lanes != h.cost.Lanes, nil
}

// prepare brings a password typed on different keyboards to one form
// (NIST SP 800-63B, 3.1.1.2: NFKC).
func prepare(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

func (h *hasher) encode(salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(tag))
}

type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, tag      []byte
}

var errPHC = errors.New("auth: not an argon2id hash")

// parsePHC reads a stored hash and refuses costs that no version of this
// program used: 1 GiB, 100 passes, 16 lanes.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	var nums [3]uint32
	limits := [3]uint64{1 << 20, 100, 16}
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(costs[i], name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < 1 || n > limits[i] {
			return phc{}, errPHC
		}
		nums[i] = uint32(n)
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	tag, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(tag) < 16 || len(tag) > 64 {
		return phc{}, errPHC
	}
	return phc{nums[0], nums[1], uint8(nums[2]), salt, tag}, nil
}
