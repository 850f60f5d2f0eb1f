package main

import (
	"encoding/json"
	"fmt"
	"io"

	"anlan/internal/audit"
)

// reportAudit writes what a walk over the audit chain found.
func reportAudit(rep audit.Report, asJSON bool, stdout, stderr io.Writer) int {
	if asJSON {
		json.NewEncoder(stdout).Encode(rep)
	} else {
		fmt.Fprintf(stdout, "audit: %d rows sealed, head %s, %d rows not sealed yet\n", rep.Sealed, rep.Head.Hash, rep.Unsealed)
	}
	for _, f := range rep.Faults {
		fmt.Fprintf(stderr, "audit.%d: %s: %s\n", f.Seq, f.Rule, f.ID)
	}
	if !rep.OK() {
		return exitNo
	}
	return exitYes
}
