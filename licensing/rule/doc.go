// Package rule is what the law and the bureau say about each item of
// licensing (事项), as dated data: who may apply, with what, to whom, within
// which limits, on which source, and how sure we are of it.
//
// Words: a category holds items; an item (hazchem-business.first) has
// versions, each effective from a date; a case runs under one version. Items
// of one group act on one kind of licence: the renewal of a licence is the
// item of the same group whose kind is Renew. Every version names its source
// and its confidence: H the text of the law was read, M a secondary source, to
// be verified before production, L remembered.
//
// The shipped versions stand in data/*.json, the application forms in
// forms/*.json (JSON Schema 2020-12 with the x- words of internal/form). Both
// are checked when they are loaded. Administrators correct a row by a new
// dated version (Catalogue.With); no row is ever changed in place.
//
// The package is pure: no clock, no database, no I/O.
package rule
