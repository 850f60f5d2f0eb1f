package rule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// Requirement says when a material must be handed in.
type Requirement string

// The requirements.
const (
	Always   Requirement = "always"
	WhenTrue Requirement = "when" // Material.When says when
	Optional Requirement = "optional"
)

// When is a condition on the form: the value at Field (a path with dots) is
// one of In. A list fits when one of its elements does; true is "true".
type When struct {
	Field string   `json:"field"`
	In    []string `json:"in"`
}

// Material is something the applicant hands in.
type Material struct {
	ID       string      `json:"id"`
	Title    kernel.Text `json:"title"`
	Note     kernel.Text `json:"note,omitzero"`
	Required Requirement `json:"required"`
	When     *When       `json:"when,omitempty"`
	WhenText kernel.Text `json:"when_text,omitzero"` // the condition in words
	Sample   kernel.Text `json:"sample,omitzero"`    // what a good one looks like
	Deficit  bool        `json:"deficit,omitempty"`  // may be missing at acceptance (容缺)
	Lapses   bool        `json:"lapses,omitempty"`   // has a last day of its own, which the applicant gives
	Original bool        `json:"original,omitempty"` // the original is shown at the check
	Types    []string    `json:"types"`              // MIME types
	MaxBytes int64       `json:"max_bytes"`          // of one file
	MaxFiles int         `json:"max_files"`
}

// Needed reports whether the material must be handed in with the form's data.
func (m Material) Needed(data map[string]any) bool {
	switch m.Required {
	case Always:
		return true
	case WhenTrue:
		return m.When.Holds(data)
	}
	return false
}

// Holds reports whether the condition holds for the form's data; a nil
// condition always does.
func (w *When) Holds(data map[string]any) bool {
	if w == nil {
		return true
	}
	var v any = data
	for name := range strings.SplitSeq(w.Field, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		v = object[name]
	}
	return w.fits(v)
}

func (w *When) fits(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return slices.Contains(w.In, x)
	case bool:
		return slices.Contains(w.In, strconv.FormatBool(x))
	case json.Number:
		return slices.Contains(w.In, x.String())
	case []any:
		return slices.ContainsFunc(x, w.fits)
	case []string:
		return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(w.In, s) })
	}
	return slices.Contains(w.In, fmt.Sprint(v))
}
