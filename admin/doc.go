// Package admin is the pages of the machinery: the front door, signing in and
// out, and what administrators do with accounts, organisation and settings.
//
// Tables: none of its own.
package admin
