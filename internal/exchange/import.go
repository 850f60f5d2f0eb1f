package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

const (
	askAgain = time.Hour // a missing package is asked for once in so long
	maxGap   = 100       // numbers asked for at once
	maxTakes = 10        // runs in which a record may fail by our fault before it is rejected
)

// In is a record that another system hands over.
type In struct {
	System  string
	ID      string // the peer's; each is taken once
	Kind    string
	Subject string
	Key     string
	Record  json.RawMessage
}

// Taker takes a record over in the transaction that remembers that it did. An
// error that a caller may be told about rejects the record, and the peer gets
// its fields; any other is tried again.
type Taker func(ctx context.Context, tx *db.Tx, r In) error

// Take lets fn take the records of a kind. It panics on a kind that is taken:
// that is a mistake in the program, seen at start.
func (x *Exchange) Take(kind string, fn Taker) {
	if x.takers[kind] != nil {
		panic("exchange: two takers of " + kind)
	}
	x.takers[kind] = fn
}

// The places of packages that were read.
const (
	doneDir    = "done"
	refusedDir = "refused"
)

// Import reads what the 网闸 has brought from a system: receipts of our
// packages, and packages of records in the order of their numbers.
func (x *Exchange) Import(ctx context.Context, id string) error {
	s, err := x.files(id)
	if err != nil {
		return err
	}
	one := &x.lines[s.ID].one
	one.Lock()
	defer one.Unlock()
	receipts, records, err := x.arrived(s)
	if err != nil {
		return kernel.Down("error.files_down", err)
	}
	for _, n := range receipts {
		if err := x.importReceipt(ctx, s, n); err != nil {
			return fmt.Errorf("receipt of package %d: %w", n, err)
		}
	}
	for _, n := range records {
		more, err := x.importRecords(ctx, s, n)
		if err != nil {
			return fmt.Errorf("package %d: %w", n, err)
		}
		if !more {
			break
		}
	}
	return nil
}

// arrived lists the numbers of the files in the in directory, ascending.
func (x *Exchange) arrived(s System) (receipts, records []int64, err error) {
	for _, dir := range []string{doneDir, refusedDir} {
		if err := os.MkdirAll(filepath.Join(s.Files.In, dir), 0o750); err != nil {
			return nil, nil, err
		}
	}
	entries, err := os.ReadDir(s.Files.In)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		kind, n, ok := parseName(e.Name(), s.Files.Peer, x.opts.Self)
		switch {
		case !ok || !e.Type().IsRegular(): // half a file of the 网闸's, or not for us
		case kind == kindReceipts:
			receipts = append(receipts, n)
		default:
			records = append(records, n)
		}
	}
	slices.Sort(receipts)
	slices.Sort(records)
	return receipts, records, nil
}

// open reads a file and checks that it is what its name says.
func (x *Exchange) open(s System, kind string, n int64) (pack, error) {
	f, err := os.Open(filepath.Join(s.Files.In, fileName(s.Files.Peer, x.opts.Self, kind, n)))
	if err != nil {
		return pack{}, kernel.Down("error.files_down", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPackage+1))
	if err != nil {
		return pack{}, kernel.Down("error.files_down", err)
	}
	if len(b) > maxPackage {
		return pack{}, &refusal{"broken"}
	}
	p, err := unseal(b, s.Files.Peer, x.opts.Self, s.Files.Key)
	if err == nil && (p.Kind != kind || p.Number != n) {
		err = &refusal{"number"}
	}
	return p, err
}

// putAway moves a file that was read.
func (x *Exchange) putAway(s System, kind string, n int64, dir string) error {
	name := fileName(s.Files.Peer, x.opts.Self, kind, n)
	to := filepath.Join(s.Files.In, dir, name)
	if dir == refusedDir {
		to += "." + x.clock.Now().Format("20060102T150405") // a second bad one does not replace the first
	}
	if err := os.Rename(filepath.Join(s.Files.In, name), to); err != nil {
		return kernel.Down("error.files_down", err)
	}
	return nil
}

func (x *Exchange) importReceipt(ctx context.Context, s System, n int64) error {
	p, err := x.open(s, kindReceipts, n)
	if err == nil {
		err = x.takeAnswer(ctx, s, p)
	}
	if reason := refusedAs(err); reason != "" {
		return errors.Join(x.suspect(ctx, s, kindReceipts, n, reason), x.putAway(s, kindReceipts, n, refusedDir))
	}
	if err != nil {
		return err
	}
	return x.putAway(s, kindReceipts, n, doneDir)
}

// suspect records that somebody brought a file that the peer has not made, or
// has made wrongly.
func (x *Exchange) suspect(ctx context.Context, s System, kind string, n int64, reason string) error {
	x.log.Warn("package refused", "system", s.ID, "kind", kind, "number", n, "reason", reason)
	return x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{At: x.clock.Now(), Actor: kernel.System("exchange." + s.ID), Action: "exchange.refuse",
			Subject: fmt.Sprintf("package:%s/%d", s.ID, n), After: map[string]string{"kind": kind, "reason": reason}})
	})
}

// inPackage is what we know of a package of a peer.
type inPackage struct {
	state string
	hash  string
	asked int64 // when its receipt was last written
	tries int
}

func (x *Exchange) inPackage(ctx context.Context, s System, n int64) (p inPackage, err error) {
	p, err = db.One(ctx, x.db.Reader(), func(r db.Scanner) (p inPackage, err error) { return p, r.Scan(&p.state, &p.hash, &p.asked, &p.tries) },
		`SELECT state, hash, written_at, writes FROM exchange_packages WHERE system = $1 AND direction = 'in' AND number = $2`, s.ID, n)
	if isNoRow(err) {
		return inPackage{}, nil
	}
	return p, err
}

// lastDone is the number up to which every package of a peer was taken.
func (x *Exchange) lastDone(ctx context.Context, s System) (int64, error) {
	return db.Value[int64](ctx, x.db.Reader(), `SELECT COALESCE(MAX(number), 0) FROM exchange_packages WHERE system = $1 AND direction = 'in' AND state = 'done'`, s.ID)
}

// importRecords takes package n if it is its turn. more is false when a
// package before it is missing.
func (x *Exchange) importRecords(ctx context.Context, s System, n int64) (more bool, err error) {
	last, err := x.lastDone(ctx, s)
	if err != nil {
		return false, err
	}
	if n > last+1 {
		return false, x.askFor(ctx, s, last+1, n-1)
	}
	p, err := x.open(s, kindRecords, n)
	if err == nil {
		err = x.fits(ctx, s, p, last)
	}
	if reason := refusedAs(err); reason != "" {
		return n <= last, x.refuse(ctx, s, n, last, p.hash, reason)
	}
	if err != nil {
		return false, err
	}
	if n == last+1 {
		if err := x.takeAll(ctx, s, p); err != nil {
			return false, err
		}
	}
	if err := x.answer(ctx, s, n, p.hash, "done", ""); err != nil {
		return false, err
	}
	return true, x.putAway(s, kindRecords, n, doneDir)
}

// fits checks that a package continues the chain, or is one of it again.
func (x *Exchange) fits(ctx context.Context, s System, p pack, last int64) error {
	if p.Number <= last {
		known, err := x.inPackage(ctx, s, p.Number)
		if err == nil && known.hash != p.hash {
			return &refusal{"number"} // another package under a number that was used
		}
		return err
	}
	before, err := x.inPackage(ctx, s, last)
	if err == nil && before.hash != p.Previous {
		return &refusal{"chain"}
	}
	return err
}

// refuse puts a package away. If it was the one that is awaited, the peer is
// told to write it again.
func (x *Exchange) refuse(ctx context.Context, s System, n, last int64, hash, reason string) error {
	if err := x.suspect(ctx, s, kindRecords, n, reason); err != nil {
		return err
	}
	if n > last {
		if err := x.note(ctx, s, n, "refused", reason); err != nil {
			return err
		}
		// What the peer has not signed, or not for this number, is not
		// answered: the peer is told that its package has not come.
		state := "refused"
		if reason != "chain" {
			state, hash = "missing", ""
		}
		if err := x.answer(ctx, s, n, hash, state, reason); err != nil {
			return err
		}
	}
	return x.putAway(s, kindRecords, n, refusedDir)
}

// note writes the state of a package that was not taken.
func (x *Exchange) note(ctx context.Context, s System, n int64, state, reason string) error {
	now := kernel.Micros(x.clock.Now())
	return x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO exchange_packages (system, direction, number, state, hash, records, created_at, written_at, writes, ended_at, reason)
			VALUES ($1, 'in', $2, $3, '', 0, $4, 0, 0, 0, $5)
			ON CONFLICT (system, direction, number) DO UPDATE SET state = excluded.state, reason = excluded.reason WHERE exchange_packages.state <> 'done'`,
			s.ID, n, state, now, reason)
		return err
	})
}

// askFor asks the peer for packages that have not come although a later one
// has.
func (x *Exchange) askFor(ctx context.Context, s System, from, to int64) error {
	now := x.clock.Now()
	for n := from; n <= to && n < from+maxGap; n++ {
		known, err := x.inPackage(ctx, s, n)
		if err != nil {
			return err
		}
		if known.asked > kernel.Micros(now.Add(-askAgain)) {
			continue
		}
		if known.state == "" {
			x.log.Warn("package is missing", "system", s.ID, "number", n)
			if err := x.note(ctx, s, n, "missing", ""); err != nil {
				return err
			}
		}
		if err := x.answer(ctx, s, n, "", "missing", ""); err != nil {
			return err
		}
	}
	return nil
}

// takeAll takes the records of a package one by one, each with its row in the
// inbox, so that a crash in the middle repeats none.
func (x *Exchange) takeAll(ctx context.Context, s System, p pack) error {
	if err := x.note(ctx, s, p.Number, "open", ""); err != nil {
		return err
	}
	known, err := x.inPackage(ctx, s, p.Number)
	if err != nil {
		return err
	}
	for i, line := range p.content {
		if err := x.takeOne(ctx, s, p.Number, i, line, known.tries+1 >= maxTakes); err != nil {
			return errors.Join(err, x.countTry(ctx, s, p.Number))
		}
	}
	return x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET state = 'done', hash = $1, records = $2, ended_at = $3, reason = ''
			WHERE system = $4 AND direction = 'in' AND number = $5`, p.hash, p.Records, kernel.Micros(x.clock.Now()), s.ID, p.Number)
		return err
	})
}

func (x *Exchange) countTry(ctx context.Context, s System, n int64) error {
	if ctx.Err() != nil {
		return nil // the process stops
	}
	return x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET writes = writes + 1 WHERE system = $1 AND direction = 'in' AND number = $2`, s.ID, n)
		return err
	})
}

// takeOne takes a record or rejects it; final rejects it also when the fault
// is ours.
func (x *Exchange) takeOne(ctx context.Context, s System, n int64, position int, line []byte, final bool) error {
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil || e.ID == "" || !keepable(e.ID, e.Kind, e.Subject, e.Key) {
		e = envelope{ID: fmt.Sprintf("line %d of package %d", position+1, n)}
	}
	at := place{system: s.ID, id: e.ID, kind: e.Kind, number: n, position: position}
	err := x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		fresh, err := x.remember(ctx, tx, at, nil)
		if err != nil || !fresh {
			return err
		}
		take := x.takers[e.Kind]
		if take == nil {
			return kernel.Bad("kind", "choice", e.Kind)
		}
		return take(ctx, tx, In{System: s.ID, ID: e.ID, Kind: e.Kind, Subject: e.Subject, Key: e.Key, Record: e.Record})
	})
	kind := kernel.KindOf(err)
	if err == nil || !final && (kind == kernel.Internal || kind == kernel.Unavailable) {
		return err
	}
	x.log.Warn("record rejected", "system", s.ID, "package", n, "record", e.ID, "error", err)
	return x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, rerr := x.remember(ctx, tx, at, err)
		return rerr
	})
}

// maxWord bounds in bytes what a peer may call its records.
const maxWord = 500

// keepable reports whether an engine keeps the words of a peer as they are:
// one that it refuses would hold up every package after it.
func keepable(words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return len(w) > maxWord || !kernel.IsText(w) })
}

// place is where a record stood.
type place struct {
	system, id, kind string
	number           int64
	position         int
}

// remember writes that a record was taken, or rejected for err. fresh is
// false when it is known already.
func (x *Exchange) remember(ctx context.Context, tx *db.Tx, at place, err error) (fresh bool, _ error) {
	state, problem := "accepted", ""
	if err != nil {
		text, merr := json.Marshal(problemsOf(err))
		if merr != nil {
			return false, merr
		}
		state, problem = "rejected", string(text)
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO exchange_inbox (system, id, kind, package, position, taken_at, state, problem)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (system, id) DO NOTHING`,
		at.system, at.id, at.kind, at.number, at.position, kernel.Micros(x.clock.Now()), state, problem)
	if err != nil {
		return false, err
	}
	rows, err := res.RowsAffected()
	return rows == 1, err
}

// answer writes the receipt of package n for the peer.
func (x *Exchange) answer(ctx context.Context, s System, n int64, hash, state, reason string) error {
	var lines [][]byte
	if state == "done" {
		var err error
		lines, err = db.All(ctx, x.db.Reader(), func(r db.Scanner) ([]byte, error) {
			var out Receipt
			var problem string
			if err := r.Scan(&out.ID, &out.State, &problem); err != nil {
				return nil, err
			}
			if problem != "" {
				if err := json.Unmarshal([]byte(problem), &out.Errors); err != nil {
					return nil, err
				}
			}
			return json.Marshal(out)
		}, `SELECT id, state, problem FROM exchange_inbox WHERE system = $1 AND package = $2 ORDER BY position`, s.ID, n)
		if err != nil {
			return err
		}
	}
	now := x.clock.Now()
	m := manifest{Kind: kindReceipts, From: x.opts.Self, To: s.Files.Peer, Number: n, Answers: hash, State: state, Reason: reason, Created: now}
	file, _, err := seal(m, lines, x.opts.Key)
	if err != nil {
		return err
	}
	if err := writeFile(s.Files.Out, fileName(x.opts.Self, s.Files.Peer, kindReceipts, n), file); err != nil {
		return kernel.Down("error.files_down", err)
	}
	return x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET written_at = $1 WHERE system = $2 AND direction = 'in' AND number = $3`,
			kernel.Micros(now), s.ID, n)
		return err
	})
}
