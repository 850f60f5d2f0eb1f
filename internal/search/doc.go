// Package search finds business rows by what people remember of them: part of
// a name, of a number, of an address. Chinese has no blanks between words, so
// the text is cut in Go into overlapping pairs of characters (bigrams; letters
// and digits into triples) that both engines index as words, SQLite in FTS5
// and PostgreSQL in a tsvector. What the index yields is compared with the
// text itself, so both engines give the same hits in the same order: those
// that begin with the words first, then the newest; for words that thousands
// of rows have, simply the newest.
//
// The room that owns a row calls Put in the transaction that writes it and
// Delete when it goes; the text holds names and numbers, never personal data
// (those are found by their keyed hash, package personal).
//
// Tables: search_docs, and on SQLite search_words.
package search
