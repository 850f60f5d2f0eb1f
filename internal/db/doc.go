// Package db runs plain SQL on SQLite (the default) and PostgreSQL with one
// text for both. It owns the connection pools, transactions (InTx, View), the
// group commit of SQLite, the mapping of engine errors and the migrations.
//
// What works on both engines, and what does not, stands in
// docs/architecture.md under "Database". Placeholders are $1, $2, …; columns
// are always enumerated.
package db
