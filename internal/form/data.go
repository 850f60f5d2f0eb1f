package form

import "net/url"

// Parse reads a schema. Faults come back as one kernel.Invalid error.
func Parse(schema []byte) (*Form, error) { return nil, nil }

// Decode reads a posted form into data. Empty answers are left out; text that
// cannot be read as a number stays text. Rows are renumbered from 0.
func (f *Form) Decode(v url.Values) map[string]any { return nil }

// Edit carries out the add and remove buttons of repeating rows: it reports
// whether v was posted by one of them, and changes data accordingly. The page
// is then shown again without validation; focus is the id to put the focus on.
func (f *Form) Edit(v url.Values, data map[string]any) (focus string, edited bool) { return "", false }

// Validate reports every broken rule of the schema and every wrong identifier
// as one kernel.Invalid error whose fields are input names; nil when all is
// well.
func (f *Form) Validate(data map[string]any) error { return nil }

// Sensitive lists the paths of fields with personal data; "*" stands for the
// number of a row.
func (f *Form) Sensitive() []string { return nil }
