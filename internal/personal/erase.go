package personal

import (
	"context"
	"fmt"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Erase destroys the key of a person: every value sealed with it is unreadable
// from the commit on. The key is overwritten in place, the row stays as the
// tombstone that tells "erased" from "never was". Erasing twice is no error. A
// legal hold refuses with Conflict. The caller, who knows actor and reason,
// writes the audit row in the same transaction.
func (v *Vault) Erase(ctx context.Context, tx *db.Tx, personID string) error {
	hold, err := db.Value[string](ctx, tx, `SELECT held_for FROM personal_keys WHERE person_id = $1`, personID)
	if err != nil {
		return db.Found(err, "person", personID)
	}
	if hold != "" {
		return kernel.Clash("personal.error.held", map[string]any{"reason": hold})
	}
	_, err = tx.ExecContext(ctx, `UPDATE personal_keys SET wrapped = $1, erased = $2 WHERE person_id = $3`,
		make([]byte, 12+32+16), true, personID)
	if err != nil {
		return fmt.Errorf("erase person: %w", err)
	}
	return nil
}

// Hold stops Erase for a person while reason lasts (a lawsuit, an inquiry);
// reason "" ends the hold. The caller writes the audit row.
func (v *Vault) Hold(ctx context.Context, tx *db.Tx, personID, reason string) error {
	res, err := tx.ExecContext(ctx, `UPDATE personal_keys SET held_for = $1 WHERE person_id = $2`, reason, personID)
	if err != nil {
		return fmt.Errorf("hold person: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return kernel.Missing("person", personID)
	}
	return nil
}
