package licensing

import (
	"context"
	"maps"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
	"anlan/registry"
)

// Filer is somebody for whom the applicant may file: themselves, or an
// enterprise that is theirs or that has given them a letter of authority.
type Filer struct {
	Enterprise string // "" for the applicant themselves
	Name       string
	Agent      bool // by a letter of authority
}

// Starting is what the applicant chooses from before the form.
type Starting struct {
	Item     *rule.Item
	Rule     *rule.Version
	Filers   []Filer
	Licences []LicenceRow // that an item of this kind can be about
	Drafts   []CaseRow    // of this item, not yet handed in
}

// Start says what an application for an item may begin with.
func (s *Service) Start(ctx context.Context, p *auth.Principal, item string) (*Starting, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	it, ok := s.Rules.ItemByID(item)
	if !ok {
		return nil, kernel.Missing("item", item)
	}
	today := kernel.DateOf(s.Clock.Now())
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Starting, error) {
		v, err := s.versionFor(ctx, q, item, today)
		if err != nil {
			return nil, err
		}
		st := &Starting{Item: it, Rule: v}
		if st.Filers, err = filers(ctx, q, p, v); err != nil {
			return nil, err
		}
		if st.Drafts, err = listCases(ctx, q, p.Scope, CaseFilter{Item: item, State: Draft, Limit: 5}); err != nil {
			return nil, err
		}
		if it.Kind.OnLicence() {
			st.Licences, err = s.licencesFor(ctx, q, p, it, today)
		}
		return st, err
	})
}

// filers are whom p may file this item for.
func filers(ctx context.Context, q db.Q, p *auth.Principal, v *rule.Version) ([]Filer, error) {
	var out []Filer
	if v.AllowsWho(rule.Person) {
		out = append(out, Filer{Name: p.Actor.Name})
	}
	if !v.AllowsWho(rule.Enterprise) {
		return out, nil
	}
	ids := slices.DeleteFunc(p.Scope.Represents(), func(id string) bool { return !p.Scope.ActsFor(id, v.Item) })
	names, err := registry.EnterpriseNames(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		out = append(out, Filer{Enterprise: id, Name: names[id], Agent: id != p.Scope.Own})
	}
	return out, nil
}

// licencesFor are the licences in scope that an item of this kind can be about.
func (s *Service) licencesFor(ctx context.Context, q db.Q, p *auth.Principal, it *rule.Item, today kernel.Date) ([]LicenceRow, error) {
	first, ok := s.Rules.Sibling(it.ID, rule.First)
	if !ok {
		return nil, nil
	}
	rows, err := listLicences(ctx, q, p.Scope, LicenceFilter{Item: first.ID, Current: true, Limit: 100}, nil, today)
	return slices.DeleteFunc(rows, func(r LicenceRow) bool { return !r.State.Admits(it.Kind) }), err
}

// Admits reports whether an application of a kind makes sense for a licence in
// a state; handing it in checks again.
func (st LicenceState) Admits(kind rule.Kind) bool {
	switch st {
	case Valid:
		return true
	case Suspended, Expired:
		return kind == rule.Cancel
	}
	return false
}

// aboutLicence settles whose licence an application is about: one of the
// item's own group, in a state that admits it, about which nothing is being
// decided. Its holder is the applicant.
func (s *Service) aboutLicence(ctx context.Context, q db.Q, p *auth.Principal, in *Start, today kernel.Date) error {
	it, ok := s.Rules.ItemByID(in.Item)
	if !ok || !it.Kind.OnLicence() {
		return nil
	}
	if in.LicenceID == "" {
		return kernel.Bad("licence", "required", "")
	}
	l, err := getLicence(ctx, q, p.Scope, in.LicenceID)
	if err != nil {
		return err
	}
	if of, ok := s.Rules.ItemByID(l.Item); !ok || of.Group != it.Group {
		return kernel.Bad("licence", "one_of", l.Number)
	}
	switch {
	case l.PendingCase != "":
		return kernel.Clash("licensing.error.licence_pending", map[string]any{"number": l.Number})
	case !l.StateOn(today).Admits(it.Kind):
		return kernel.Clash("licensing.error.licence_state", nil)
	}
	in.EnterpriseID = l.EnterpriseID
	return nil
}

// earlierAnswers takes over from the licence, and from the application that
// led to it, what this form asks again.
func (s *Service) earlierAnswers(ctx context.Context, q db.Q, scope auth.Scope, c *Case, v *rule.Version) (map[string]any, error) {
	data := map[string]any{}
	if c.LicenceID == "" {
		return data, nil
	}
	l, err := getLicence(ctx, q, scope, c.LicenceID)
	if err != nil {
		return nil, err
	}
	if l.CaseID != "" {
		before, err := getCase(ctx, q, scope, l.CaseID)
		switch {
		case err == nil:
			if data, err = s.openForm(ctx, q, before); err != nil {
				return nil, err
			}
		case kernel.KindOf(err) != kernel.NotFound:
			return nil, err
		}
	}
	clear, err := s.clearNumber(ctx, q, l)
	if err != nil {
		return nil, err
	}
	about := map[string]any{"number": clear}
	if !l.ValidTo.IsZero() {
		about["valid_to"] = l.ValidTo.String()
		data["certificate_to"] = l.ValidTo.String()
	}
	data["licence"] = about
	f, err := s.form(v)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, field := range f.Fields {
		asked[field.Name] = !onceOnly[field.Name]
	}
	maps.DeleteFunc(data, func(name string, _ any) bool { return !asked[name] })
	return data, nil
}

// onceOnly are answers that belong to one application alone.
var onceOnly = map[string]bool{"declaration": true, "note": true, "by_agent": true, "direct_renewal": true, "reason": true, "story": true,
	"changes": true, "before": true, "after": true, "changed_on": true, "stopped_on": true, "happened_on": true, "remaining": true}
