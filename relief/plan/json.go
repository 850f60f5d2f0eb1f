package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"anlan/internal/kernel"
)

// maxErrors is how many broken rules are told at once.
const maxErrors = 100

// reader walks JSON text that is known to be well formed and gathers every
// broken rule with the path of its field.
type reader struct {
	text   []byte
	pos    int
	path   []step
	errors kernel.Check
}

// step is one part of a path: a key, or an index when key is empty.
type step struct {
	key   string
	index int
}

// field is one key of an object and how its value is read.
type field struct {
	name     string
	optional bool
	read     func()
}

// newReader refuses text that is not JSON.
func newReader(text []byte) (*reader, error) {
	if json.Valid(text) && utf8.Valid(text) {
		return &reader{text: text}, nil
	}
	if !utf8.Valid(text) {
		return nil, kernel.Bad("json", "utf8", "")
	}
	var raw json.RawMessage
	err := json.Unmarshal(text, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return nil, kernel.Bad("json", "syntax", fmt.Sprintf("byte %d: %s", syntax.Offset, syntax))
	}
	return nil, kernel.Bad("json", "syntax", err.Error())
}

func (r *reader) where() string {
	var b strings.Builder
	for i, s := range r.path {
		if i > 0 {
			b.WriteByte('.')
		}
		if s.key != "" {
			b.WriteString(s.key)
		} else {
			b.WriteString(strconv.Itoa(s.index))
		}
	}
	return b.String()
}

func (r *reader) bad(rule, value string) {
	if len(r.errors.Fields) < maxErrors {
		field := r.where()
		if field == "" {
			field = "json"
		}
		r.errors.Add(field, rule, short(value))
	}
}

// short cuts a value to what fits on a line.
func short(value string) string {
	const most = 60
	if len(value) <= most {
		return value
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(value[cut]) {
		cut--
	}
	return value[:cut] + "…"
}

// peek skips white space and returns the next byte.
func (r *reader) peek() byte {
	for {
		switch c := r.text[r.pos]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			r.pos++
		default:
			return c
		}
	}
}

// raw consumes the next value and returns its text.
func (r *reader) raw() []byte {
	first := r.peek()
	start := r.pos
	switch first {
	case '"':
		r.skipString()
	case '{', '[':
		depth := 0
		for {
			switch r.text[r.pos] {
			case '"':
				r.skipString()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			r.pos++
			if depth == 0 {
				break
			}
		}
	default:
		for r.pos < len(r.text) && !ends(r.text[r.pos]) {
			r.pos++
		}
	}
	return r.text[start:r.pos]
}

// ends reports whether c ends a number, true, false or null.
func ends(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ':', ']', '}':
		return true
	}
	return false
}

func (r *reader) skipString() {
	for r.pos++; r.text[r.pos] != '"'; r.pos++ {
		if r.text[r.pos] == '\\' {
			r.pos++
		}
	}
	r.pos++
}

// key consumes a string.
func (r *reader) key() string {
	raw := r.raw()
	if !bytes.ContainsRune(raw, '\\') {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		r.bad("text", string(raw))
	}
	return s
}

// entries calls read for each key of an object; read consumes the value.
func (r *reader) entries(read func(key string)) {
	if r.peek() != '{' {
		r.bad("object", string(r.raw()))
		return
	}
	seen := map[string]bool{}
	for r.pos++; r.peek() != '}'; {
		key := r.key()
		r.path = append(r.path, step{key: key})
		if seen[key] {
			r.bad("repeated", key)
			r.raw()
		} else {
			read(key)
		}
		seen[key] = true
		r.path = r.path[:len(r.path)-1]
	}
	r.pos++
}

// object reads an object whose keys are known.
func (r *reader) object(fields ...field) {
	var found uint64
	isObject := r.peek() == '{'
	r.entries(func(key string) {
		for i := range fields {
			if fields[i].name == key {
				found |= 1 << i
				fields[i].read()
				return
			}
		}
		r.bad("unknown", string(r.raw()))
	})
	for i, f := range fields {
		if isObject && !f.optional && found&(1<<i) == 0 {
			r.path = append(r.path, step{key: f.name})
			r.bad("required", "")
			r.path = r.path[:len(r.path)-1]
		}
	}
}

// list calls read for each element of an array; read consumes it.
func (r *reader) list(read func()) {
	if r.peek() != '[' {
		r.bad("list", string(r.raw()))
		return
	}
	r.pos++
	for i := 0; r.peek() != ']'; i++ {
		r.path = append(r.path, step{index: i})
		read()
		r.path = r.path[:len(r.path)-1]
	}
	r.pos++
}

func (r *reader) str(to *string) {
	if r.peek() != '"' {
		r.bad("text", string(r.raw()))
		return
	}
	*to = r.key()
}

func (r *reader) integer(to *int64) {
	raw := r.raw()
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		r.bad("range", string(raw))
	case err != nil:
		r.bad("integer", string(raw))
	}
	*to = n
}

func (r *reader) truth(to *bool) {
	raw := string(r.raw())
	if raw != "true" && raw != "false" {
		r.bad("boolean", raw)
	}
	*to = raw == "true"
}

func (r *reader) degrees(to *float64) {
	raw := r.raw()
	x, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		r.bad("range", string(raw))
	case err != nil || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'):
		r.bad("number", string(raw))
	}
	*to = x
}

// integers reads an object of integers under free keys.
func (r *reader) integers(to *map[string]int64) {
	*to = map[string]int64{}
	r.entries(func(key string) {
		var n int64
		r.integer(&n)
		(*to)[key] = n
	})
}
