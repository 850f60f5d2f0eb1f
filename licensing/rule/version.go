package rule

import (
	"encoding/json"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// Confidence says how sure a row is.
type Confidence string

// The grades of confidence.
const (
	High   Confidence = "H" // the text of the law was read
	Medium Confidence = "M" // a secondary source, verify before production
	Low    Confidence = "L" // remembered
)

// Source is where a row comes from.
type Source struct {
	Law        string     `json:"law"`              // "危险化学品安全法"
	Clause     string     `json:"clause,omitempty"` // "第五十五条"
	Confidence Confidence `json:"confidence"`
	Note       string     `json:"note,omitempty"` // what the reader must know, such as a conflicting text
}

// StartEvent is what starts the statutory limit.
type StartEvent string

// The start events.
const (
	OnReceipt    StartEvent = "receipt"    // the day complete material was received
	OnAcceptance StartEvent = "acceptance" // the day of acceptance (受理), deemed acceptance included
)

// Transition says which version a case follows that was running when this
// version came into force.
type Transition string

// The transitions. The zero value is ToShorter.
const (
	ToShorter Transition = ""    // the one with the shorter limit
	ToNew     Transition = "new" // this version
	StayOld   Transition = "old" // the version it began under
)

// Who may apply.
type Who string

// The kinds of applicant.
const (
	Enterprise Who = "enterprise"
	Person     Who = "person"
)

// Period is a limit with its source.
type Period struct {
	deadline.Limit
	Source Source `json:"source"`
}

// Extension is how far the limit may be extended: with the approval of the
// head of the authority, the reasons told (行政许可法 art. 42).
type Extension struct {
	Days   int    `json:"days"`  // at most, in the unit of the limit
	Times  int    `json:"times"` // how often
	Source Source `json:"source"`
}

// Exclusion is a special procedure that is not counted (行政许可法 art. 45).
// The time it needs must be told to the applicant in writing.
type Exclusion struct {
	Cause  string      `json:"cause"` // "expert-review", the cause of the pause
	Title  kernel.Text `json:"title"`
	Source Source      `json:"source"`
}

// Step is a desk of the chain. Its limit is internal.
type Step struct {
	ID    string         `json:"id"` // one of StepIDs
	Title kernel.Text    `json:"title"`
	Limit deadline.Limit `json:"limit"`
}

// SiteCheck says whether the substance is checked on site (行政许可法 art. 34).
type SiteCheck struct {
	Needed   bool        `json:"needed"`
	Officers int         `json:"officers,omitempty"` // at least two where needed
	Video    bool        `json:"video,omitempty"`    // a video call may stand for it
	Note     kernel.Text `json:"note,omitzero"`
}

// Pledge is 告知承诺: granted on the applicant's promise, verified later.
type Pledge struct {
	Allowed      bool           `json:"allowed"`
	VerifyWithin deadline.Limit `json:"verify_within,omitzero"`
	Note         kernel.Text    `json:"note,omitzero"`
}

// Deficit is 容缺受理: accepted with minor items missing.
type Deficit struct {
	Allowed bool           `json:"allowed"`
	Within  deadline.Limit `json:"within,omitzero"` // to hand in what is missing
}

// Fee is what the applicant pays; licensing itself is free (行政许可法 art. 58).
type Fee struct {
	Free   bool        `json:"free"`
	Note   kernel.Text `json:"note,omitzero"`
	Source Source      `json:"source"`
}

// ResultKind is the sort of document an item ends in.
type ResultKind string

// The kinds of result.
const (
	Certificate ResultKind = "certificate" // a licence with a holder and validity
	Opinion     ResultKind = "opinion"     // an opinion on a review (审查意见书)
	Filing      ResultKind = "filing"      // a receipt of filing (备案证明): not a licence
	Record      ResultKind = "record"      // an entry in the register (cancellation, examination result)
)

// Result is a document the applicant receives.
type Result struct {
	Kind     ResultKind  `json:"kind"`
	Title    kernel.Text `json:"title"`
	Original bool        `json:"original,omitempty"` // 正本, for the wall
	Copy     bool        `json:"copy,omitempty"`     // 副本, folded
}

// Numbering says which number the result bears.
type Numbering string

// The kinds of numbering.
const (
	NewNumber    Numbering = "new"    // a number of its own
	KeepNumber   Numbering = "keep"   // the licence's number, a new issue
	ExtendNumber Numbering = "extend" // noted on the same certificate
	NoNumber     Numbering = "none"
)

// Number is how a result is numbered. Format holds {year}, {area} (the six
// digits of the district), {seq:6}, or {id} (the identity number of a person).
type Number struct {
	Numbering Numbering `json:"numbering"`
	Format    string    `json:"format,omitempty"` // "津危化经字[{area}][{year}]{seq:4}"
	Note      string    `json:"note,omitempty"`
}

// Validity is how long a result is valid; the zero value is "no end".
type Validity struct {
	Years       int         `json:"years,omitempty"`
	ReviewYears int         `json:"review_years,omitempty"` // re-examined every so many years
	Keeps       bool        `json:"keeps,omitempty"`        // the licence's last day stays (change, reissue)
	Note        kernel.Text `json:"note,omitzero"`
	Source      Source      `json:"source"`
}

// Basis is a law an item rests on, for the guide.
type Basis struct {
	Law    string `json:"law"`
	Clause string `json:"clause,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Contact is where a person can ask.
type Contact struct {
	Office kernel.Text `json:"office"`
	Phone  string      `json:"phone"`
	Hours  kernel.Text `json:"hours,omitzero"`
	Note   kernel.Text `json:"note,omitzero"`
}

// Silence is what follows when nobody acts in time.
type Silence struct {
	On     string      `json:"on"`     // "acceptance", "decision", "renewal", "correction", "delivery"
	Effect string      `json:"effect"` // "deemed_accepted", "deemed_renewed", "remedy", "refused"
	Text   kernel.Text `json:"text"`
	Source Source      `json:"source"`
}

// Version is an item's rules from a date on. It marshals to the JSON from
// which it was parsed; ParseVersion checks it.
type Version struct {
	ID            string      `json:"id"` // unique; shipped ones are ITEM@DATE
	Item          string      `json:"item"`
	EffectiveFrom kernel.Date `json:"effective_from"`
	EffectiveTo   kernel.Date `json:"effective_to"` // last day; zero: until the next version
	Source        Source      `json:"source"`       // its confidence is the version's
	Note          kernel.Text `json:"note,omitzero"`
	Transition    Transition  `json:"transition,omitempty"`

	Start         StartEvent     `json:"start"`
	AcceptWithin  deadline.Limit `json:"accept_within"` // from receipt
	Statutory     Period         `json:"statutory"`
	Promised      *Period        `json:"promised,omitempty"` // nil: nothing shorter is promised
	Internal      *Period        `json:"internal,omitempty"`
	Extension     *Extension     `json:"extension,omitempty"` // nil: none
	Excluded      []Exclusion    `json:"excluded"`
	DeliverWithin deadline.Limit `json:"deliver_within"` // from the decision

	Who        []Who         `json:"who"`
	Conditions []kernel.Text `json:"conditions"`
	Basis      []Basis       `json:"basis"`
	Materials  []Material    `json:"materials"`
	Steps      []Step        `json:"steps"`
	SiteCheck  SiteCheck     `json:"site_check"`
	Pledge     Pledge        `json:"pledge"`
	Deficit    Deficit       `json:"deficit"`
	Fee        Fee           `json:"fee"`

	Results   []Result        `json:"results"`
	Number    Number          `json:"number"`
	Validity  Validity        `json:"validity"`
	Renewal   *Renewal        `json:"renewal,omitempty"` // nil: not renewed
	Authority []AuthorityRule `json:"authority"`         // the first that fits decides
	Contacts  []Contact       `json:"contacts"`
	Hotline   string          `json:"hotline"`
	Silence   []Silence       `json:"silence"`
	Form      string          `json:"form"`             // id of the form schema
	Schema    json.RawMessage `json:"schema,omitempty"` // a form of its own, in place of a shipped one
}

// Confidence of the version as a whole.
func (v *Version) Confidence() Confidence { return v.Source.Confidence }

// StartsAtReceipt reports whether the statutory limit runs from the day
// complete material was received, not from acceptance.
func (v *Version) StartsAtReceipt() bool { return v.Start == OnReceipt }

// Excludes reports whether a pause for cause stops the statutory limit.
func (v *Version) Excludes(cause string) bool {
	for _, e := range v.Excluded {
		if e.Cause == cause {
			return true
		}
	}
	return false
}

// Step returns a step of the chain.
func (v *Version) Step(id string) (Step, bool) {
	for _, s := range v.Steps {
		if s.ID == id {
			return s, true
		}
	}
	return Step{}, false
}

// Material returns a material by its id.
func (v *Version) Material(id string) (Material, bool) {
	for _, m := range v.Materials {
		if m.ID == id {
			return m, true
		}
	}
	return Material{}, false
}

// AllowsWho reports whether a kind of applicant may apply.
func (v *Version) AllowsWho(w Who) bool {
	for _, x := range v.Who {
		if x == w {
			return true
		}
	}
	return false
}
