package licensing

import (
	"context"
	"slices"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
	"anlan/registry"
)

// catalogue is the shipped rules with the versions that administrators have
// entered.
func (s *Service) catalogue(ctx context.Context, q db.Q) (*rule.Catalogue, error) {
	bodies, err := db.Column[string](ctx, q, `SELECT body FROM licensing_rule_versions WHERE approved_by <> '' ORDER BY id`)
	if err != nil || len(bodies) == 0 {
		return s.Rules, err
	}
	versions := make([]*rule.Version, len(bodies))
	for i, body := range bodies {
		if versions[i], err = rule.ParseVersion([]byte(body)); err != nil {
			return nil, err
		}
	}
	return s.Rules.With(nil, versions)
}

// version is the rules under which a case runs.
func (s *Service) version(ctx context.Context, q db.Q, c *Case) (*rule.Version, error) {
	if v, ok := s.Rules.VersionByID(c.RuleVersion); ok {
		return v, nil
	}
	all, err := s.catalogue(ctx, q)
	if err != nil {
		return nil, err
	}
	if v, ok := all.VersionByID(c.RuleVersion); ok {
		return v, nil
	}
	return nil, kernel.Missing("rule version", c.RuleVersion)
}

// versionFor is the rules of an item in force on a date.
func (s *Service) versionFor(ctx context.Context, q db.Q, item string, on kernel.Date) (*rule.Version, error) {
	all, err := s.catalogue(ctx, q)
	if err != nil {
		return nil, err
	}
	if v, ok := all.VersionAt(item, on); ok {
		return v, nil
	}
	return nil, kernel.Missing("item", item)
}

// form is the item's form, parsed.
func (s *Service) form(v *rule.Version) (*form.Form, error) {
	schema, ok := v.FormSchema()
	if !ok {
		return nil, kernel.Missing("form", v.Form)
	}
	return s.forms.Parse(schema)
}

// formOf is the form as a case of its kind is asked.
func (s *Service) formOf(c *Case, v *rule.Version) (*form.Form, error) {
	f, err := s.form(v)
	if it, ok := s.Rules.ItemByID(c.Item); ok && err == nil {
		f = f.For(string(it.Kind))
	}
	return f, err
}

// chainOf is the desks between acceptance and decision, Approve the last.
func chainOf(v *rule.Version) []Step {
	var chain []Step
	for _, st := range v.Steps {
		step := Step(st.ID)
		if slices.Contains([]Step{Review, SiteCheck, Examine, Legal, Panel, Approve}, step) {
			chain = append(chain, step)
		}
	}
	return chain
}

// targetWord names what a fault is about: a material, or a field of the form.
func targetWord(v *rule.Version, target string) string {
	kind, id, _ := strings.Cut(target, ":")
	if kind == "material" {
		if m := materialOf(v, id); m != nil {
			return m.Title.ZH
		}
	}
	return id
}

// itemTitle is the name of an item, its id when the item is unknown.
func (s *Service) itemTitle(item string) kernel.Text {
	if it, ok := s.Rules.ItemByID(item); ok {
		return it.Title
	}
	return kernel.Text{ZH: item}
}

// issuedTitle names the licence in lists: two licences of one legal name, such
// as those of petrol stations and other dealers, are told apart.
func (s *Service) issuedTitle(item string) kernel.Text {
	if it, ok := s.Rules.ItemByID(item); ok {
		return it.Issues()
	}
	return kernel.Text{ZH: item}
}

// licenceTitle is the name of the licence that an item issues.
func (s *Service) licenceTitle(item string) kernel.Text {
	if it, ok := s.Rules.ItemByID(item); ok && len(it.Versions) > 0 {
		if results := it.Versions[len(it.Versions)-1].Results; len(results) > 0 {
			return results[0].Title
		}
	}
	return s.itemTitle(item)
}

// settleAuthority finds who decides and who supervises from the form's data
// and the applicant's area.
func settleAuthority(c *Case, v *rule.Version, area string, data map[string]any) error {
	office, ok := v.AuthorityFor(area, data)
	if !ok {
		return kernel.Bad("area", "one_of", area)
	}
	c.Area, c.Authority, c.Supervisor = office.Area, office.Unit, office.Supervisor
	return nil
}

// prefill fills who applies into a new case, and its form with what is known.
func (s *Service) prefill(ctx context.Context, q db.Q, p *auth.Principal, in Start, c *Case, v *rule.Version) (map[string]any, error) {
	data, err := s.earlierAnswers(ctx, q, p.Scope, c, v)
	if err != nil {
		return nil, err
	}
	if in.EnterpriseID == "" {
		c.ApplicantKind = string(rule.Person)
		c.Applicant, c.Sample = p.Actor.Name, s.Sample
		return data, nil
	}
	e, err := registry.GetEnterprise(ctx, q, p.Scope, in.EnterpriseID)
	if err != nil {
		return nil, err
	}
	c.EnterpriseID, c.Applicant, c.ApplicantKind, c.Area, c.Sample = e.ID, e.Name, string(rule.Enterprise), e.Area, e.Sample || s.Sample
	applicant, _ := data["applicant"].(map[string]any) // keeps the contact of the last application
	if applicant == nil {
		applicant = map[string]any{}
	}
	applicant["name"], applicant["uscc"], applicant["address"], applicant["legal_person"] = e.Name, e.USCC, e.Address, e.LegalPerson
	data["applicant"] = applicant
	return data, nil
}

// checkStart refuses what cannot become a case: the wrong kind of applicant,
// an enterprise that has not given authority for the item, an area nobody
// decides for.
func (s *Service) checkStart(p *auth.Principal, in Start, c *Case, v *rule.Version) error {
	var check kernel.Check
	if !v.AllowsWho(rule.Who(c.ApplicantKind)) {
		check.Add("enterprise", "applicant_kind", c.ApplicantKind)
	}
	if c.Area == "" {
		check.Require("area", c.Area)
	}
	if err := check.Err(); err != nil {
		return err
	}
	if c.EnterpriseID != "" && !p.Scope.ActsFor(c.EnterpriseID, in.Item) {
		return kernel.Missing("enterprise", c.EnterpriseID)
	}
	return settleAuthority(c, v, c.Area, nil)
}

// governmentOf names the people's government to which an objection goes: at
// the level of the authority that decided.
func (s *Service) governmentOf(ctx context.Context, q db.Q, area string) string {
	if area == registry.CityCode {
		return "天津市人民政府"
	}
	a, err := registry.GetArea(ctx, q, registry.DistrictOf(area))
	if err != nil {
		return "天津市人民政府"
	}
	return a.Full + "人民政府"
}

// areaOf is where the applicant is: the enterprise's own area, or the one a
// person chose.
func areaOf(ctx context.Context, sc *scene) (string, error) {
	if sc.c.EnterpriseID == "" {
		return sc.c.Area, nil
	}
	return registry.AreaOfEnterprise(ctx, sc.tx, sc.c.EnterpriseID)
}

// materialOf returns a material of the version, nil for none.
func materialOf(v *rule.Version, id string) *rule.Material {
	for i := range v.Materials {
		if v.Materials[i].ID == id {
			return &v.Materials[i]
		}
	}
	return nil
}

// excludedWords names the procedures whose time is not counted.
func excludedWords(v *rule.Version) []string {
	words := make([]string, len(v.Excluded))
	for i, e := range v.Excluded {
		words[i] = e.Title.ZH
	}
	return words
}

// causeWord names a special procedure; "" is one that this version does not
// exclude from its limits.
func causeWord(v *rule.Version, cause string) string {
	for _, e := range v.Excluded {
		if e.Cause == cause {
			return e.Title.ZH
		}
	}
	return ""
}

// basisText is the law an item rests on, for letters.
func basisText(v *rule.Version) string {
	parts := make([]string, len(v.Basis))
	for i, b := range v.Basis {
		parts[i] = "《" + b.Law + "》" + b.Clause
	}
	return strings.Join(parts, "、")
}
