// Package audit records who did what: one row per write, in the write's own
// transaction, with what was before and after. A sealer chains committed rows
// by hash within a second and writes the head of the chain to a second place,
// so that Verify finds any later change, removal or insertion and names the
// rows that are not sealed yet.
//
// The chain is kept out of business transactions on purpose: a shared counter
// or chain head inside them is a hot row and costs most of the throughput.
//
// Tables: audit_rows. Retention: six months at least (网络安全法); rows are
// never deleted by the platform.
package audit
