package licensing

import (
	"context"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/form"
	"anlan/licensing/rule"
)

// proposal is what the application says about the result, in clear: the
// approver sees it, corrects it, and the grant prints it.
func (s *Service) proposal(ctx context.Context, q db.Q, c *Case, v *rule.Version) (LicenceData, error) {
	read, p, err := s.printed(ctx, q, c, v)
	if err != nil {
		return LicenceData{}, err
	}
	d := LicenceData{Holder: read(p.Holder), IDNumber: read(p.IDNumber), Address: read(p.Address), PersonInCharge: read(p.PersonInCharge),
		Mode: read(p.Mode), Scope: read(p.Scope), ContactPhone: read(p.Phone)}
	switch s.terms(v).result().Kind {
	case rule.Opinion:
		d.Opinion = &OpinionData{Project: read(p.Project), Conclusion: "审查通过"}
	case rule.Filing:
		d.Filing = &FilingData{}
		f, err := s.form(v)
		if err != nil {
			return d, err
		}
		for _, path := range p.Lines {
			d.Filing.Content = append(d.Filing.Content, PaperPair{Label: labelOf(f, path), Value: read(path)})
		}
	}
	return d, nil
}

// proposed is the proposal as the approver is shown it: what it leaves open of
// a renewal, change or reissue is what the licence says now.
func (s *Service) proposed(ctx context.Context, q db.Q, c *Case, v *rule.Version) (LicenceData, error) {
	d, err := s.proposal(ctx, q, c, v)
	if err != nil || c.LicenceID == "" {
		return d, err
	}
	l, err := getLicence(ctx, q, auth.CityScope(), c.LicenceID)
	if err != nil {
		return d, err
	}
	return d.or(LicenceData{Address: l.Address, PersonInCharge: l.PersonInCharge, Mode: l.Mode, Scope: l.Scope}), nil
}

// printed returns what the form prints and a reader of its answers.
func (s *Service) printed(ctx context.Context, q db.Q, c *Case, v *rule.Version) (read func(path string) string, p rule.Print, err error) {
	if p, err = v.Print(); err != nil {
		return nil, p, err
	}
	f, err := s.form(v)
	if err != nil {
		return nil, p, err
	}
	data, err := s.openForm(ctx, q, c)
	return func(path string) string {
		if words, literal := strings.CutPrefix(path, "="); literal {
			return words
		}
		words, _ := f.Words(data, path)
		return words
	}, p, err
}

// addressee is the applicant as letters name them. The row of a case holds a
// person's name masked; the form has it in clear.
func (s *Service) addressee(ctx context.Context, q db.Q, c *Case, v *rule.Version) (string, error) {
	if c.ApplicantKind != holderPerson || c.Form == "" {
		return c.Applicant, nil
	}
	read, p, err := s.printed(ctx, q, c, v)
	if err != nil {
		return "", err
	}
	return orElse(read(p.Holder), c.Applicant), nil
}

// labelOf is the Chinese title of the field that a path begins with.
func labelOf(f *form.Form, path string) string {
	name, _, _ := strings.Cut(path, ".")
	for _, field := range f.Fields {
		if field.Name == name {
			return field.Title.ZH
		}
	}
	return name
}

// or fills what the approver left open from the proposal.
func (d LicenceData) or(p LicenceData) LicenceData {
	d.Holder, d.IDNumber = orElse(d.Holder, p.Holder), orElse(d.IDNumber, p.IDNumber)
	d.Address, d.PersonInCharge = orElse(d.Address, p.Address), orElse(d.PersonInCharge, p.PersonInCharge)
	d.Mode, d.Scope, d.ContactPhone = orElse(d.Mode, p.Mode), orElse(d.Scope, p.Scope), orElse(d.ContactPhone, p.ContactPhone)
	if d.Opinion == nil {
		d.Opinion = p.Opinion
	}
	if d.Filing == nil {
		d.Filing = p.Filing
	}
	return d
}

// heads puts the head of the case's letters on papers that are themselves the
// result.
func (d LicenceData) heads(head PaperHead, grounds string, remedies Remedies) LicenceData {
	if d.Opinion != nil {
		o := *d.Opinion
		o.PaperHead, o.Grounds, o.Remedies = head, orElse(o.Grounds, grounds), remedies
		d.Opinion = &o
	}
	if d.Filing != nil {
		f := *d.Filing
		f.PaperHead = head
		d.Filing = &f
	}
	return d
}
