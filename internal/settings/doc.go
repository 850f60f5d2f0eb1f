// Package settings holds what administrators may change while the platform
// runs: typed values with a default in the program and dated rows in the
// database. A value holds from a legal date on; it is never overwritten, so
// that what held on a past day can always be told. Each change names its actor
// and is audited.
//
// A package declares its keys as values and reads them where it needs them;
// the admin pages list them through Editable.
//
// Tables: settings_rows. Nothing is deleted.
package settings
