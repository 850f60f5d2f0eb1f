package db

import "context"

// Inside reports whether ctx is that of a running transaction or snapshot, for
// functions that need a transaction of their own and would wait for the
// caller's.
func Inside(ctx context.Context) bool { return ctx.Value(insideKey{}) != nil }
