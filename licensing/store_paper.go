package licensing

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

const selectPaper = `SELECT id, case_id, licence_id, key_id, kind, number, print_data, state, hash, size, seal, error, error_args, tries, next_at, created_at, rendered_at
	FROM licensing_papers `

func scanPaper(s db.Scanner) (Paper, error) {
	var p Paper
	var next, created, rendered int64
	err := s.Scan(&p.ID, &p.CaseID, &p.LicenceID, &p.KeyID, &p.Kind, &p.Number, &p.Data, &p.State, &p.Hash, &p.Size, &p.Seal, &p.Error, &p.ErrorArgs,
		&p.Tries, &next, &created, &rendered)
	p.NextAt, p.CreatedAt, p.RenderedAt = kernel.FromMicros(next), kernel.FromMicros(created), kernel.FromMicros(rendered)
	return p, err
}

func getPaper(ctx context.Context, q db.Q, id string) (Paper, error) {
	p, err := db.One(ctx, q, scanPaper, selectPaper+`WHERE id = $1`, id)
	return p, db.Found(err, "paper", id)
}

// listPapers returns the papers of a case, oldest first.
func listPapers(ctx context.Context, q db.Q, caseID string) ([]Paper, error) {
	return db.All(ctx, q, scanPaper, selectPaper+`WHERE case_id = $1 ORDER BY id`, caseID)
}

// listLicencePapers returns the certificates of a licence, oldest first.
func listLicencePapers(ctx context.Context, q db.Q, licenceID string) ([]Paper, error) {
	return db.All(ctx, q, scanPaper, selectPaper+`WHERE licence_id = $1 AND licence_id <> '' ORDER BY id`, licenceID)
}

// duePapers lists papers to be rendered or sealed now.
func duePapers(ctx context.Context, q db.Q, now time.Time, limit int) ([]Paper, error) {
	return db.All(ctx, q, scanPaper, selectPaper+`WHERE state <> 'sealed' AND next_at <= $1 ORDER BY next_at, id LIMIT $2`, kernel.Micros(now), limit)
}

// StuckPapers counts the papers that could not be made: their cases say why.
func StuckPapers(ctx context.Context, q db.Q) (int, error) {
	return db.One(ctx, q, func(s db.Scanner) (n int, err error) { return n, s.Scan(&n) },
		`SELECT count(*) FROM licensing_papers WHERE error <> '' AND state <> $1`, string(PaperSealed))
}

func insertPaper(ctx context.Context, tx *db.Tx, p *Paper) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_papers (id, case_id, licence_id, key_id, kind, number, print_data, state, hash, size, seal, error, error_args,
		tries, next_at, created_at, rendered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, '', '', '', 0, 0, $9, 0)`,
		p.ID, p.CaseID, p.LicenceID, p.KeyID, string(p.Kind), p.Number, string(p.Data), string(p.State), kernel.Micros(p.CreatedAt))
	return err
}

// savePaper writes the outcome of a try; from is the state it was read in, so
// that of two renderers one wins.
func savePaper(ctx context.Context, tx *db.Tx, p *Paper, from PaperState) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_papers SET state = $1, hash = $2, size = $3, seal = $4, error = $5, error_args = $6, tries = $7, next_at = $8, rendered_at = $9
		WHERE id = $10 AND state = $11`,
		string(p.State), p.Hash, p.Size, p.Seal, p.Error, p.ErrorArgs, p.Tries, kernel.Micros(p.NextAt), kernel.Micros(p.RenderedAt), p.ID, string(from)))
}
