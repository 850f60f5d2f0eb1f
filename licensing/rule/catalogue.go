package rule

import (
	"maps"
	"slices"
	"strings"

	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// Category is a group of items as the public knows it.
type Category struct {
	ID    string      `json:"id"`
	No    int         `json:"no"` // 1 … 6 are the bureau's six; further ones follow
	Six   bool        `json:"six"`
	Title kernel.Text `json:"title"`
	Note  kernel.Text `json:"note,omitzero"`
}

// Kind is what an item does.
type Kind string

// The kinds of item.
const (
	First    Kind = "first"    // 首次申请
	Renew    Kind = "renew"    // 延期, 延续
	Change   Kind = "change"   // 变更
	Reissue  Kind = "reissue"  // 补证
	Cancel   Kind = "cancel"   // 注销
	Recheck  Kind = "recheck"  // 复审
	Reviewed Kind = "review"   // 审查, ends in an opinion
	Filed    Kind = "filing"   // 备案, not a licence
	Examined Kind = "examined" // 考核, 考试
)

// OnLicence reports whether an item of this kind acts on a licence that
// exists already.
func (k Kind) OnLicence() bool {
	return k == Renew || k == Change || k == Reissue || k == Cancel || k == Recheck
}

// Item is something one can apply for.
type Item struct {
	ID       string      `json:"id"` // GROUP.KIND, "hazchem-business.first"
	Category string      `json:"category"`
	Group    string      `json:"group"` // items of one group act on one kind of licence
	Kind     Kind        `json:"kind"`
	Title    kernel.Text `json:"title"`
	Summary  kernel.Text `json:"summary"`
	Keywords []string    `json:"keywords,omitempty"` // what people call it
	Versions []*Version  `json:"versions"`           // by effective date
}

// Catalogue is all items. It never changes once made and may be shared by
// goroutines.
type Catalogue struct {
	categories []Category
	items      []*Item
	byID       map[string]*Item
	versions   map[string]*Version
}

// Categories lists the categories, the six first.
func (c *Catalogue) Categories() []Category { return slices.Clone(c.categories) }

// Category returns a category by its id.
func (c *Catalogue) Category(id string) (Category, bool) {
	for _, x := range c.categories {
		if x.ID == id {
			return x, true
		}
	}
	return Category{}, false
}

// Items lists all items in the order of the guide.
func (c *Catalogue) Items() []*Item { return slices.Clone(c.items) }

// ItemsOf lists the items of a category.
func (c *Catalogue) ItemsOf(category string) []*Item {
	var out []*Item
	for _, it := range c.items {
		if it.Category == category {
			out = append(out, it)
		}
	}
	return out
}

// ItemByID returns an item.
func (c *Catalogue) ItemByID(id string) (*Item, bool) {
	it, ok := c.byID[id]
	return it, ok
}

// Issues names what a first item issues: its title without the words for the
// kind of application.
func (it *Item) Issues() kernel.Text {
	return kernel.Text{ZH: strings.TrimSuffix(it.Title.ZH, "（首次申请）"), EN: strings.TrimSuffix(it.Title.EN, ": first issue")}
}

// Sibling returns the item of a kind in the group of another: the renewal of
// what an item issues.
func (c *Catalogue) Sibling(item string, kind Kind) (*Item, bool) {
	of, ok := c.byID[item]
	if !ok {
		return nil, false
	}
	for _, it := range c.items {
		if it.Group == of.Group && it.Kind == kind {
			return it, true
		}
	}
	return nil, false
}

// VersionByID returns a version by its id, in force or not: a case keeps the
// one it runs under.
func (c *Catalogue) VersionByID(id string) (*Version, bool) {
	v, ok := c.versions[id]
	return v, ok
}

// VersionAt returns the version of an item in force on a date. Of two that
// take effect on one day the later entered is taken: it is the correction.
func (c *Catalogue) VersionAt(item string, on kernel.Date) (*Version, bool) {
	it, ok := c.byID[item]
	if !ok {
		return nil, false
	}
	return it.At(on)
}

// At returns the version in force on a date.
func (it *Item) At(on kernel.Date) (*Version, bool) {
	for _, v := range slices.Backward(it.Versions) {
		if v.EffectiveFrom.After(on) {
			continue
		}
		if !v.EffectiveTo.IsZero() && on.After(v.EffectiveTo) {
			return nil, false
		}
		return v, true
	}
	return nil, false
}

// VersionFor returns the version whose limits a case follows that was
// received on a date and runs on today. Each version that came into force in
// between takes the case over as its transition says.
func (c *Catalogue) VersionFor(item string, received, today kernel.Date) (*Version, bool) {
	it, ok := c.byID[item]
	if !ok {
		return nil, false
	}
	v, ok := it.At(received)
	if !ok {
		return nil, false
	}
	for _, n := range it.Versions {
		if !n.EffectiveFrom.After(received) || n.EffectiveFrom.After(today) {
			continue
		}
		switch n.Transition {
		case ToNew:
			v = n
		case ToShorter:
			if n.shorter(v) {
				v = n
			}
		}
	}
	return v, true
}

// shorter compares limits in natural days, a working week counting seven.
func (v *Version) shorter(w *Version) bool { return weight(v.Statutory) < weight(w.Statutory) }

func weight(p Period) int {
	if p.Unit == deadline.WorkingDays {
		return p.N * 7
	}
	return p.N * 5
}

// Authority says who decides on an item from a date on for an applicant in an
// area; see Version.AuthorityFor.
func (c *Catalogue) Authority(item string, on kernel.Date, area string, data map[string]any) (Office, bool) {
	v, ok := c.VersionAt(item, on)
	if !ok {
		return Office{}, false
	}
	return v.AuthorityFor(area, data)
}

// With returns a catalogue with administrators' items and versions added.
// Items may be new; versions belong to items of either. Every fault is
// reported, as fields "items.0.id" or "versions.2.statutory.n".
func (c *Catalogue) With(items []Item, versions []*Version) (*Catalogue, error) {
	n := &Catalogue{
		categories: c.categories, items: slices.Clone(c.items),
		byID: maps.Clone(c.byID), versions: maps.Clone(c.versions),
	}
	for i, it := range n.items { // versions are appended below: never to a shared slice
		own := *it
		own.Versions = slices.Clone(it.Versions)
		n.items[i], n.byID[it.ID] = &own, &own
	}
	var check kernel.Check
	for i := range items {
		n.add(&check, at("items", i), items[i])
	}
	for i, v := range versions {
		n.addVersion(&check, at("versions", i), v)
	}
	n.sort()
	return n, check.Err()
}

func (c *Catalogue) sort() {
	for _, it := range c.items {
		slices.SortStableFunc(it.Versions, func(a, b *Version) int { return a.EffectiveFrom.Sub(b.EffectiveFrom) })
	}
}
