package form

import (
	"anlan/internal/kernel"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Kind says what a field holds.
type Kind string

// The kinds of field, with the JSON that Decode makes of them.
const (
	Text    Kind = "text"    // string
	Number  Kind = "number"  // json.Number
	Integer Kind = "integer" // json.Number
	Date    Kind = "date"    // string, YYYY-MM-DD
	Boolean Kind = "boolean" // bool
	Choice  Kind = "choice"  // one of Options
	Choices Kind = "choices" // array of values of Options
	Group   Kind = "group"   // object
	List    Kind = "list"    // array of objects
)

// Form is a parsed schema. It does not change after Parse and is safe for use
// by many goroutines.
type Form struct {
	Title       kernel.Text
	Description kernel.Text
	Fields      []*Field // in the order of the page
	schema      *jsonschema.Schema
	root        *Field
}

// Field is one property of the schema.
type Field struct {
	Name         string // of the property; its path is given by where it stands
	Kind         Kind
	Title        kernel.Text
	Hint         kernel.Text
	Unit         kernel.Text
	Required     bool
	Sensitive    bool   // personal data: encrypted at rest, masked by default
	Check        string // identifier rule, see the package's x-check
	Widget       string // "textarea", "radio", "select", "checkbox", "tel", "month" or ""
	Autocomplete string
	Options      []Option // Choice, Choices
	Pattern      string
	MinLength    int      // 0 = none
	MaxLength    int      // 0 = none
	Minimum      *float64 // Number, Integer
	Maximum      *float64
	MinItems     int      // List, Choices
	MaxItems     int      // 0 = none
	Default      any      // shown in an empty form
	Fields       []*Field // Group: its fields; List: those of each row
	order        float64
}

// Option is one value of an enumeration.
type Option struct {
	Value any // string, json.Number or bool as the schema gives it
	Title kernel.Text
}

// Row is one line of the check-answers page.
type Row struct {
	Path      string      // of the field, for the "change" link
	Title     kernel.Text // of the field
	Value     string      // as a person reads it; "" when it was not answered
	Sensitive bool        // the caller masks it where it may not be shown
	Heading   bool        // a group or a row of a list: Title only
	Level     int         // depth of nesting, from 0
}
