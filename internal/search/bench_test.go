package search

import (
	"context"
	"fmt"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

// BenchmarkFind asks among 50,000 rows for a rare and for a common word.
func BenchmarkFind(b *testing.B) {
	dbtest.EachB(b, func(b *testing.B, d *db.DB) {
		const n, slice = 50_000, 500
		for from := 0; from < n; from += slice {
			err := d.InTx(b.Context(), func(ctx context.Context, tx *db.Tx) error {
				for i := from; i < from+slice; i++ {
					doc := Doc{"case", fmt.Sprintf("%012d", i), "120101", fmt.Sprint(i % 300), fmt.Sprintf("津安经受〔2026〕%06d 号\n天津市第%d化工有限公司", i, i%300)}
					if err := Put(ctx, tx, doc); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		for name, text := range map[string]string{"number": "031415", "company": "第299化工", "common": "有限公司", "one": "津"} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					find(b, d, Query{Text: text, City: true})
				}
			})
		}
	}, Migrations())
}
