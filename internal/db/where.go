package db

import (
	"strconv"
	"strings"
)

// Where builds a condition with its arguments, for lists with filters. Each
// "?" in a piece becomes the next $n. The zero value is "no condition".
type Where struct {
	pieces []string
	Args   []any
}

// And adds a piece such as "c.state = ?" with one argument per question mark.
func (w *Where) And(piece string, args ...any) {
	w.pieces = append(w.pieces, w.Bind(piece, args...))
}

// Bind numbers the question marks of piece, keeps args and returns the text,
// for ORDER, LIMIT and the like that follow the condition.
func (w *Where) Bind(piece string, args ...any) string {
	var b strings.Builder
	for _, r := range piece {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		w.Args = append(w.Args, args[0])
		args = args[1:]
		b.WriteString("$" + strconv.Itoa(len(w.Args)))
	}
	return b.String()
}

// In adds "column IN (…)"; an empty list matches nothing.
func (w *Where) In(column string, values []string) {
	if len(values) == 0 {
		w.pieces = append(w.pieces, "1 = 0")
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.And(column+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")+")", args...)
}

// SQL returns "WHERE a AND b", or "" without pieces.
func (w *Where) SQL() string {
	if len(w.pieces) == 0 {
		return ""
	}
	return "WHERE (" + strings.Join(w.pieces, ") AND (") + ")"
}
