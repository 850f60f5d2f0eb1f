package worklist

import (
	"context"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Claim gives an item that f sees to the account of f. It is a Conflict when
// somebody else has it; to claim it twice is not.
func Claim(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, f For, id string) error {
	e, err := Get(ctx, tx, f, id)
	if err != nil {
		return err
	}
	switch e.ClaimedBy {
	case f.Account:
		return nil
	case "":
		return give(ctx, tx, now, actor, e, f.Account)
	}
	return kernel.Clash("worklist.error.claimed", map[string]any{"account": e.ClaimedBy})
}

// Release puts an item back that f has claimed.
func Release(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, f For, id string) error {
	e, err := Get(ctx, tx, f, id)
	if err != nil {
		return err
	}
	if e.ClaimedBy != f.Account {
		return kernel.Clash("worklist.error.not_yours", nil)
	}
	return give(ctx, tx, now, actor, e, "")
}

// Assign gives an item that f sees to an account, whoever had it before. The
// caller checks the permission to assign and that the account may act.
func Assign(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, f For, id, account string) error {
	e, err := Get(ctx, tx, f, id)
	if err != nil {
		return err
	}
	return give(ctx, tx, now, actor, e, account)
}

func give(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, e Entry, account string) error {
	at := kernel.Micros(now)
	if account == "" {
		at = 0
	}
	err := db.Changed(tx.ExecContext(ctx, `UPDATE worklist_items SET claimed_by = $1, claimed_at = $2 WHERE id = $3 AND closed_at = 0 AND claimed_by = $4`,
		account, at, e.ID, e.ClaimedBy))
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "worklist.assign", Subject: e.Subject,
		Before: map[string]string{"kind": e.Kind, "account": e.ClaimedBy}, After: map[string]string{"kind": e.Kind, "account": account}})
}
