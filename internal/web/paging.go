package web

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// Cursor is where a page of a list starts: the values of the sort columns of
// the last row of the page before. It travels in the address as ?after=.
type Cursor []string

// ParseCursor reads what Encode wrote; n is how many values the list needs.
// "" is the start of the list.
func ParseCursor(s string, n int) (Cursor, error) {
	if s == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	var c Cursor
	if err != nil || json.Unmarshal(raw, &c) != nil || len(c) != n || slices.ContainsFunc(c, func(v string) bool { return !kernel.IsText(v) }) {
		return nil, kernel.Bad("after", "format", cutRunes(s, 60))
	}
	return c, nil
}

// Encode makes the cursor fit for an address.
func (c Cursor) Encode() string {
	if len(c) == 0 {
		return ""
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a list of texts can always be marshalled
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// CursorOf makes a cursor from values as they stand in the sort columns.
func CursorOf(values ...any) Cursor {
	c := make(Cursor, len(values))
	for i, v := range values {
		c[i] = asText(v)
	}
	return c
}

// Int returns the i-th value as a number; one that was tampered with is 0.
func (c Cursor) Int(i int) int64 {
	n, err := strconv.ParseInt(c[i], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// CountCap is how far totals are counted: exact up to it, "> 10,000" beyond.
const CountCap = 10_000

// List is one page of a list for the table and pager components. Ask the
// store for PageSize+1 rows and let NewList cut: one row too many says that
// there is a next page.
type List[T any] struct {
	Rows  []T
	Next  string // cursor of the next page, "" on the last
	Total int    // capped at CountCap+1; -1: not counted
}

// PageSize is the usual number of rows of a page.
const PageSize = 50

// NewList makes a page from up to size+1 rows; key returns the sort values of
// a row. total is a count capped at CountCap+1, or -1.
func NewList[T any](rows []T, size, total int, key func(T) Cursor) List[T] {
	l := List[T]{Rows: rows, Total: total}
	if len(rows) > size {
		l.Rows = rows[:size]
		l.Next = key(l.Rows[size-1]).Encode()
	}
	return l
}

// Capped reports whether there are more rows than were counted.
func (l List[T]) Capped() bool { return l.Total > CountCap }

// Shown is the number of rows on this page.
func (l List[T]) Shown() int { return len(l.Rows) }

func itoa(n int) string { return strconv.Itoa(n) }
