package document

import (
	"fmt"

	"anlan/internal/kernel"
)

// dateCN is a date as papers write it (GB/T 9704, 7.3.5.4): 2026年5月6日; ""
// for none.
func dateCN(d kernel.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d年%d月%d日", d.Year(), int(d.Month()), d.Day())
}
