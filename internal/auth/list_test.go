package auth

import (
	"context"
	"strings"
	"testing"

	"anlan/internal/db"
)

func TestNobodyIsCalledAWholePage(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.enterprise("zhang", "13800138001", true)
		for text, want := range map[string]int{"ZHA": 1, "%": 0, "_": 0, strings.Repeat("x", 70_000): 0} {
			w.view(func(ctx context.Context, q db.Q) error {
				found, err := w.List(ctx, q, AccountFilter{Text: text})
				if err == nil && len(found) != want {
					t.Errorf("%.20q finds %d, want %d", text, len(found), want)
				}
				return err
			})
		}
	})
}
