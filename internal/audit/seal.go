package audit

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// sealBatch bounds the rows of one sealing transaction, so that it does not
// keep the writer from others.
const sealBatch = 200

// Sealer chains committed rows. One process runs it at a time (a lease of the
// job runner); if two did, the unique seq would refuse one of them.
type Sealer struct {
	db       *db.DB
	clock    kernel.Clock
	headFile string // the second place; "" keeps none
}

// NewSealer returns a sealer that appends the chain's head to headFile after
// each batch.
func NewSealer(d *db.DB, clock kernel.Clock, headFile string) *Sealer {
	return &Sealer{db: d, clock: clock, headFile: headFile}
}

// Head is the end of the chain.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
	At   string `json:"at"` // when it was written, RFC 3339
}

// Seal chains every committed row that is not sealed yet and returns how many.
func (s *Sealer) Seal(ctx context.Context) (int, error) {
	total := 0
	for {
		n, head, err := s.batch(ctx)
		if err != nil {
			return total, fmt.Errorf("seal audit rows: %w", err)
		}
		if n == 0 {
			return total, nil
		}
		total += n
		if err := s.writeHead(head); err != nil {
			return total, fmt.Errorf("write audit head: %w", err)
		}
	}
}

func (s *Sealer) batch(ctx context.Context) (n int, head Head, err error) {
	err = s.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		head, err = lastHead(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := db.All(ctx, tx, scanRow, `SELECT `+columns+` FROM audit_rows WHERE seq IS NULL ORDER BY id LIMIT $1`, sealBatch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			head.Seq++
			head.Hash = chain(head.Hash, head.Seq, r)
			if err := db.Changed(tx.ExecContext(ctx, `UPDATE audit_rows SET seq = $1, hash = $2 WHERE id = $3 AND seq IS NULL`, head.Seq, head.Hash, r.ID)); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	return n, head, err
}

func lastHead(ctx context.Context, q db.Q) (Head, error) {
	heads, err := db.All(ctx, q, func(s db.Scanner) (h Head, err error) { return h, s.Scan(&h.Seq, &h.Hash) },
		`SELECT seq, hash FROM audit_rows WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
	if err != nil || len(heads) == 0 {
		return Head{}, err
	}
	return heads[0], nil
}

// writeHead appends the head and flushes it: the file is the witness against
// somebody who can write to the database.
func (s *Sealer) writeHead(h Head) error {
	if s.headFile == "" {
		return nil
	}
	h.At = s.clock.Now().Format("2006-01-02T15:04:05Z07:00")
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.headFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

// chain is SM3 (GB/T 32905) over the hash before, the place in the chain and
// every field of the row, each preceded by its length.
func chain(before string, seq int64, r Row) string {
	h := sm3.New()
	field := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	field(before)
	field(fmt.Sprint(seq))
	field(r.ID)
	field(fmt.Sprint(kernel.Micros(r.At)))
	for _, s := range []string{string(r.Actor.Kind), r.Actor.ID, r.Actor.Name, r.Actor.For, r.Actor.Addr, r.Action, r.Subject, r.Before, r.After} {
		field(s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fault is one thing that is wrong with the chain.
type Fault struct {
	Seq  int64  `json:"seq"`
	ID   string `json:"id,omitempty"`
	Rule string `json:"rule"` // "changed", "missing", "head_missing", "head_differs"
}

// Report is the outcome of Verify.
type Report struct {
	Sealed   int64   `json:"sealed"`
	Unsealed int64   `json:"unsealed"` // committed within the last second, or the sealer does not run
	Head     Head    `json:"head"`
	Faults   []Fault `json:"faults"`
}

// OK reports whether nothing was changed.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// Verify walks the whole chain of a snapshot and compares it with the heads
// in headFile ("" skips that).
func Verify(ctx context.Context, q db.Q, headFile string) (Report, error) {
	witnesses, err := readHeads(headFile)
	if err != nil {
		return Report{}, err
	}
	var rep Report
	for {
		rows, err := db.All(ctx, q, scanRow, `SELECT `+columns+` FROM audit_rows WHERE seq > $1 ORDER BY seq LIMIT 5000`, rep.Head.Seq)
		if err != nil {
			return rep, err
		}
		if len(rows) == 0 {
			break
		}
		rep.walk(rows, witnesses)
	}
	for seq := range witnesses {
		if seq > rep.Head.Seq {
			rep.Faults = append(rep.Faults, Fault{Seq: seq, Rule: "missing"})
		}
	}
	rep.Unsealed, err = db.Value[int64](ctx, q, `SELECT COUNT(*) FROM audit_rows WHERE seq IS NULL`)
	return rep, err
}

func (rep *Report) walk(rows []Row, witnesses map[int64]string) {
	for _, r := range rows {
		if r.Seq != rep.Head.Seq+1 {
			rep.Faults = append(rep.Faults, Fault{Seq: rep.Head.Seq + 1, Rule: "missing"})
		} else if r.Hash != chain(rep.Head.Hash, r.Seq, r) {
			rep.Faults = append(rep.Faults, Fault{Seq: r.Seq, ID: r.ID, Rule: "changed"})
		}
		if want, ok := witnesses[r.Seq]; ok && want != r.Hash {
			rep.Faults = append(rep.Faults, Fault{Seq: r.Seq, ID: r.ID, Rule: "head_differs"})
		}
		rep.Head = Head{Seq: r.Seq, Hash: r.Hash}
		rep.Sealed++
	}
}

func readHeads(file string) (map[int64]string, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	heads := map[int64]string{}
	for line := range strings.Lines(string(b)) {
		var h Head
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			continue // a line torn by a power cut; the next one stands
		}
		heads[h.Seq] = h.Hash
	}
	return heads, nil
}
