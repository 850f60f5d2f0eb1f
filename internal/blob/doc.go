// Package blob keeps uploaded and produced files under the SHA-256 of their
// content, in a directory or in an S3 bucket. A file is what its bytes say,
// never what its name says; it is on disk when Put returns; equal files are
// kept once. Files are fetched only through the row that owns them: this
// package knows no owners and checks no permission.
//
// Owners register a query for the hashes they refer to; Collect removes what
// nobody refers to and what is older than the grace period.
package blob
