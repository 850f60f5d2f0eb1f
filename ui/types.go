package ui

import (
	"time"

	"anlan/internal/kernel"
)

// Option is a choice of a select, of radio buttons or of check boxes.
type Option struct {
	Value    string
	Text     string
	Hint     string
	Disabled bool
}

// Row is a line of a summary list. Value may be a text or template.HTML.
type Row struct {
	Label  string
	Value  any
	Change string // link that changes it, "" none
	Fault  string // what is wrong with it, "" nothing
	ID     string // what an error summary links to, "" none
}

// Crumb is a step of the breadcrumbs; the last has no Href.
type Crumb struct{ Text, Href string }

// Tab is a tab: a link to a page of its own.
type Tab struct {
	Text, Href string
	Current    bool
	Count      string // "" none
}

// Task is a line of a task list. State is "done", "todo", "later" (cannot
// start yet) or "fault"; Href is "" where it cannot be opened.
type Task struct {
	Text, Hint, Href, State string
}

// Step is an entry of a timeline, the newest first.
type Step struct {
	At    time.Time
	Title string
	By    string
	Text  string
	Tone  string // "", "good", "warn", "bad", "calm"
	Link  string
}

// Day is a line of a clock: a calendar day, counted (as the N-th) or not, and
// why.
type Day struct {
	Date    kernel.Date
	Counted bool
	N       int
	Why     string
}
