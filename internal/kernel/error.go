package kernel

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of failure an Error is; internal/web alone turns it
// into a status code.
type Kind int

// The kinds. Everything that is not an *Error is internal.
const (
	Internal    Kind = iota
	Invalid          // the caller's input breaks a rule; Fields say which
	NotFound         // it does not exist, or not for this caller
	Denied           // the caller may see it but not do this
	Conflict         // somebody else was first, or the state does not allow it
	Unavailable      // try again later
	SignedOut        // nobody is signed in
)

func (k Kind) String() string {
	return [...]string{"internal", "invalid", "not_found", "denied", "conflict", "unavailable", "signed_out"}[k]
}

// FieldError is one broken rule. Field is the path of the field
// ("materials.2.name"), Rule the code of the rule ("required"), Value what
// was given (cut by the presenter, never a secret), Args what the text of the
// rule needs ("max": 200). The text is found under the key "rule."+Rule.
type FieldError struct {
	Field string         `json:"field"`
	Rule  string         `json:"rule"`
	Value string         `json:"value"`
	Args  map[string]any `json:"-"`
}

// Error is a failure that a caller may be told about. Key names its text in
// the catalogues ("licensing.error.already_decided"), Args fills the text.
type Error struct {
	Kind   Kind
	Key    string
	Args   map[string]any
	Fields []FieldError
	Err    error // the cause, for the log only
}

// Error describes the failure for logs and for commands, one line.
func (e *Error) Error() string {
	var b strings.Builder
	if len(e.Fields) == 0 {
		b.WriteString(e.Kind.String())
		b.WriteString(": ")
		b.WriteString(e.Key)
	}
	for i, f := range e.Fields {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s: %s", f.Field, f.Rule, f.Value)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, " (%v)", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Bad is an Invalid error of a single field.
func Bad(field, rule, value string) *Error {
	return &Error{Kind: Invalid, Key: "error.invalid", Fields: []FieldError{{Field: field, Rule: rule, Value: value}}}
}

// Missing is a NotFound error; what names the kind of thing ("case").
func Missing(what, id string) *Error {
	return &Error{Kind: NotFound, Key: "error.not_found", Args: map[string]any{"what": what, "id": id}}
}

// Refused is a Denied error.
func Refused(key string) *Error { return &Error{Kind: Denied, Key: key} }

// Clash is a Conflict error.
func Clash(key string, args map[string]any) *Error {
	return &Error{Kind: Conflict, Key: key, Args: args}
}

// Down is an Unavailable error with its cause.
func Down(key string, cause error) *Error {
	return &Error{Kind: Unavailable, Key: key, Err: cause}
}

// KindOf returns the kind of err, Internal when it is not an *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Check gathers broken rules so that every bad field is reported at once.
// The zero value is ready; Err returns nil when nothing was added.
type Check struct {
	Fields []FieldError
}

// Add records that field breaks rule; args are pairs for the rule's text.
func (c *Check) Add(field, rule, value string, args ...any) {
	f := FieldError{Field: field, Rule: rule, Value: value}
	if len(args) > 0 {
		f.Args = make(map[string]any, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			f.Args[args[i].(string)] = args[i+1]
		}
	}
	c.Fields = append(c.Fields, f)
}

// Require adds "required" when value is blank.
func (c *Check) Require(field, value string) {
	if strings.TrimSpace(value) == "" {
		c.Add(field, "required", "")
	}
}

// Text checks a required one-line or multi-line text of at most max runes.
func (c *Check) Text(field, value string, max int) {
	c.Require(field, value)
	c.Length(field, value, max)
}

// Length adds "too_long" when value has more than max runes, and "encoding"
// when it is no text.
func (c *Check) Length(field, value string, max int) {
	if !IsText(value) {
		c.Add(field, "encoding", "")
		return
	}
	if n := len([]rune(value)); n > max {
		c.Add(field, "too_long", fmt.Sprintf("%d", n), "max", max)
	}
}

// Merge takes over the fields of err when it is an Invalid error, under a
// path prefix ("owner."), and reports whether err was one.
func (c *Check) Merge(prefix string, err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid {
		return false
	}
	for _, f := range e.Fields {
		f.Field = prefix + f.Field
		c.Fields = append(c.Fields, f)
	}
	return true
}

// Err returns an Invalid error with everything gathered, or nil.
func (c *Check) Err() error {
	if len(c.Fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "error.invalid", Fields: c.Fields}
}
