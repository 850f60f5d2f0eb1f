// Package personal keeps what belongs to a natural person (identity number,
// phone, address, name) encrypted with a key of that person's own, so that
// deleting one key erases everything about them, in every table and every
// audit row, while the rows and the audit chain stay.
//
// The key of a person is 256 random bits, wrapped by the master key. Fields are
// AES-256-GCM; person and field name are bound as associated data, so a sealed
// value cannot be moved to another person or column. Equality search goes
// through Hash, keyed from the master key. Screens show masked forms; the clear
// value is shown by Reveal, which writes an audit row.
//
// Tables: personal_keys. Retention: a key lives until Erase; a legal hold stops
// Erase. Copies of a key in backups die with the backup's own retention.
package personal
