package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

const (
	writeAgain = 24 * time.Hour // a package without a receipt for so long is written once more
	maxWrites  = 10             // then the operator must look
)

// files returns a system that is reached by packages.
func (x *Exchange) files(id string) (System, error) {
	s, ok := x.system(id)
	if !ok || s.Files == nil {
		return System{}, kernel.Missing("system", id)
	}
	return s, nil
}

// Export packs what is queued for a system and writes every package whose
// receipt is due.
func (x *Exchange) Export(ctx context.Context, id string) error {
	s, err := x.files(id)
	if err != nil {
		return err
	}
	one := &x.lines[s.ID].one
	one.Lock()
	defer one.Unlock()
	for ctx.Err() == nil {
		ids, err := x.due(ctx, s.ID, packRecords)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		if err := x.pack(ctx, s, ids); err != nil {
			return fmt.Errorf("make package: %w", err)
		}
	}
	return x.writeDue(ctx, s)
}

// pack gives messages a package: the number and the hash are fixed before any
// file exists, so a crash in between loses nothing and makes nothing twice.
func (x *Exchange) pack(ctx context.Context, s System, ids []string) error {
	return x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		last, err := db.Value[int64](ctx, tx, `SELECT COALESCE(MAX(number), 0) FROM exchange_packages WHERE system = $1 AND direction = 'out'`, s.ID)
		if err != nil {
			return err
		}
		n, now := last+1, x.clock.Now()
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `UPDATE exchange_messages SET state = 'packed', package = $1, sent_at = $2 WHERE id = $3 AND state = 'queued'`,
				n, kernel.Micros(now), id); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO exchange_packages (system, direction, number, state, hash, records, created_at, written_at, writes, ended_at, reason)
			VALUES ($1, 'out', $2, 'made', '', $3, $4, 0, 0, 0, '')`, s.ID, n, len(ids), kernel.Micros(now))
		if err != nil {
			return err
		}
		_, hash, err := x.build(ctx, tx, s, n, now)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE exchange_packages SET hash = $1 WHERE system = $2 AND direction = 'out' AND number = $3`, hash, s.ID, n)
		return err
	})
}

// build makes the file of a package from its rows.
func (x *Exchange) build(ctx context.Context, q db.Q, s System, n int64, created time.Time) (file []byte, hash string, err error) {
	lines, err := db.All(ctx, q, func(r db.Scanner) ([]byte, error) {
		var e envelope
		var body string
		if err := r.Scan(&e.ID, &e.Kind, &e.Subject, &e.Key, &e.Map, &body); err != nil {
			return nil, err
		}
		e.Record = json.RawMessage(body)
		return json.Marshal(e)
	}, `SELECT id, kind, subject, key, map_version, body FROM exchange_messages WHERE system = $1 AND package = $2 ORDER BY id`, s.ID, n)
	if err != nil {
		return nil, "", err
	}
	m := manifest{Kind: kindRecords, From: x.opts.Self, To: s.Files.Peer, Number: n, Created: created.UTC()}
	if n > 1 {
		m.Previous, err = db.Value[string](ctx, q, `SELECT hash FROM exchange_packages WHERE system = $1 AND direction = 'out' AND number = $2`, s.ID, n-1)
		if err != nil {
			return nil, "", err
		}
	}
	return seal(m, lines, x.opts.Key)
}

// writeDue writes the packages that are new, asked for again, or without a
// receipt for long.
func (x *Exchange) writeDue(ctx context.Context, s System) error {
	type row struct {
		n, created int64
		hash       string
	}
	now := x.clock.Now()
	rows, err := db.All(ctx, x.db.Reader(), func(r db.Scanner) (w row, err error) { return w, r.Scan(&w.n, &w.created, &w.hash) },
		`SELECT number, created_at, hash FROM exchange_packages WHERE system = $1 AND direction = 'out'
			AND (state = 'made' OR state = 'written' AND written_at <= $2 AND writes < $3) ORDER BY number LIMIT 1000`,
		s.ID, kernel.Micros(now.Add(-writeAgain)), maxWrites)
	if err != nil {
		return err
	}
	for _, w := range rows {
		file, hash, err := x.build(ctx, x.db.Reader(), s, w.n, kernel.FromMicros(w.created))
		if err != nil {
			return fmt.Errorf("package %d: %w", w.n, err)
		}
		if hash != w.hash {
			return fmt.Errorf("package %d: its records have changed since it was made", w.n)
		}
		if err := writeFile(s.Files.Out, fileName(x.opts.Self, s.Files.Peer, kindRecords, w.n), file); err != nil {
			return kernel.Down("error.files_down", err)
		}
		err = x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET state = 'written', written_at = $1, writes = writes + 1
				WHERE system = $2 AND direction = 'out' AND number = $3 AND state IN ('made', 'written')`, kernel.Micros(now), s.ID, w.n)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFile puts a whole file into a directory, durably: the 网闸 never sees
// half of one. Names that begin with a dot are not for it.
func writeFile(dir, name string, content []byte) error {
	f, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o640); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// takeAnswer takes the receipt of package n that the peer has written.
func (x *Exchange) takeAnswer(ctx context.Context, s System, p pack) error {
	err := x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		state, hash, records, err := outPackage(ctx, tx, s.ID, p.Number)
		if isNoRow(err) {
			return &refusal{"number"}
		}
		if err != nil {
			return err
		}
		if state == "acknowledged" {
			return nil
		}
		if p.State != "missing" && p.Answers != hash {
			return &refusal{"chain"}
		}
		if p.State == "done" {
			if len(p.content) != records {
				return &refusal{"content"}
			}
			return x.acknowledge(ctx, tx, s, p)
		}
		_, err = tx.ExecContext(ctx, `UPDATE exchange_packages SET state = CASE WHEN writes >= $1 THEN 'refused' ELSE 'made' END, reason = $2
			WHERE system = $3 AND direction = 'out' AND number = $4`, maxWrites, cut(p.State+" "+p.Reason, 100), s.ID, p.Number)
		return err
	})
	if err != nil || p.State != "done" {
		return err
	}
	err = os.Remove(filepath.Join(s.Files.Out, fileName(x.opts.Self, s.Files.Peer, kindRecords, p.Number)))
	if errors.Is(err, fs.ErrNotExist) { // the 网闸 has taken it away
		return nil
	}
	return err
}

func outPackage(ctx context.Context, q db.Q, system string, n int64) (state, hash string, records int, err error) {
	_, err = db.One(ctx, q, func(r db.Scanner) (struct{}, error) { return struct{}{}, r.Scan(&state, &hash, &records) },
		`SELECT state, hash, records FROM exchange_packages WHERE system = $1 AND direction = 'out' AND number = $2`, system, n)
	return state, hash, records, err
}

// acknowledge writes the peer's word about each record of a package.
func (x *Exchange) acknowledge(ctx context.Context, tx *db.Tx, s System, p pack) error {
	for _, line := range p.content {
		var r Receipt
		if err := json.Unmarshal(line, &r); err != nil || r.State != "accepted" && r.State != "rejected" || !keepable(r.ID) {
			return &refusal{"content"}
		}
		in, err := db.Value[int64](ctx, tx, `SELECT package FROM exchange_messages WHERE id = $1 AND system = $2`, r.ID, s.ID)
		if isNoRow(err) || err == nil && in != p.Number {
			return &refusal{"content"}
		}
		if err != nil {
			return err
		}
		if err := x.takeReceipt(ctx, tx, s.ID, r); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE exchange_packages SET state = 'acknowledged', ended_at = $1, reason = '' WHERE system = $2 AND direction = 'out' AND number = $3`,
		kernel.Micros(x.clock.Now()), s.ID, p.Number)
	return err
}
