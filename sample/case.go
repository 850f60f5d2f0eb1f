package sample

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// act is one thing that happens to a case, wait working days after the one
// before.
type act struct {
	name  string
	wait  int
	do    func(ctx context.Context, f *file) error
	aside bool // the case goes on without it
}

// file is a case of the plan on its way.
type file struct {
	*City
	story *story
	id    string // of the case, "" before the draft
	left  bool   // the case went another way than planned; the rest is not told
}

// step tells one act of the story. Acts on a case that has already gone that
// way, as after a restart, or that the platform moved on by itself, are passed
// over.
func (f *file) step(a act) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if f.left {
			return nil
		}
		if err := f.find(ctx); err != nil {
			return err
		}
		err := a.do(ctx, f)
		switch kernel.KindOf(err) {
		case kernel.Conflict, kernel.NotFound, kernel.Denied: // denied: it lies at another desk already
			f.Log.Debug("sample case went another way", "story", f.story.no, "act", a.name, "error", err)
			f.left = f.id != "" && !a.aside
			return nil
		}
		if err != nil {
			return fmt.Errorf("story %d (%s), %s: %w", f.story.no, f.story.item, a.name, err)
		}
		return nil
	}
}

// find looks for the case that an earlier run has begun.
func (f *file) find(ctx context.Context) error {
	if f.id != "" {
		return nil
	}
	p, err := f.applicant(ctx)
	if err != nil {
		return err
	}
	page, err := f.Licensing.Mine(ctx, p, licensing.MineFilter{Item: f.story.item, Limit: 1})
	if err == nil && len(page.Rows) > 0 {
		f.id = page.Rows[0].ID
	}
	return err
}

// applicant is who files.
func (f *file) applicant(ctx context.Context) (*auth.Principal, error) {
	n := auth.NewAccount{Kind: auth.Person}
	if f.story.firm != nil {
		n = auth.NewAccount{Kind: auth.Enterprise, Login: handlerLogin(*f.story.firm)}
	} else {
		n.Phone = f.story.holder.Phone
	}
	return f.principal(ctx, n)
}

// officer is who works at a desk of the office that has the case.
func (f *file) officer(ctx context.Context, desk string) (*auth.Principal, error) {
	v, err := f.view(ctx)
	if err != nil {
		return nil, err
	}
	return f.officerOf(ctx, desk, v.Area)
}

// officerOf is who works at a desk in an area; "head" is the department head
// of the bureau, who serves everybody.
func (c *City) officerOf(ctx context.Context, desk, area string) (*auth.Principal, error) {
	login := desk
	if area != registry.CityCode && desk != "head" {
		login += "." + strings.ToLower(area)
	}
	return c.principal(ctx, auth.NewAccount{Kind: auth.Officer, Login: login})
}

// principal signs an account of the plan in, once per walk.
func (c *City) principal(ctx context.Context, n auth.NewAccount) (*auth.Principal, error) {
	key := n.Login + n.Phone
	if p, ok := c.signedIn[key]; ok {
		return p, nil
	}
	a, err := c.find(ctx, n)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, fmt.Errorf("sample city: no account %q", key)
	}
	p, err := c.as(ctx, a)
	if err == nil {
		c.signedIn[key] = p
	}
	return p, err
}

// view is the case as the applicant sees it.
func (f *file) view(ctx context.Context) (*licensing.CaseView, error) {
	p, err := f.applicant(ctx)
	if err != nil {
		return nil, err
	}
	if f.id == "" {
		return nil, kernel.Missing("case", "")
	}
	return f.Licensing.Case(ctx, p, f.id)
}

// by wraps an officer's act: the officer of desk does it.
func by(desk string, do func(ctx context.Context, f *file, p *auth.Principal) error) func(context.Context, *file) error {
	return func(ctx context.Context, f *file) error {
		p, err := f.officer(ctx, desk)
		if err != nil {
			return err
		}
		return do(ctx, f, p)
	}
}

// byApplicant wraps an act of the applicant.
func byApplicant(do func(ctx context.Context, f *file, p *auth.Principal) error) func(context.Context, *file) error {
	return func(ctx context.Context, f *file) error {
		p, err := f.applicant(ctx)
		if err != nil {
			return err
		}
		return do(ctx, f, p)
	}
}

// facts are what the applicant knows.
func (f *file) facts() facts {
	today := kernel.DateOf(f.Clock.Now())
	if h := f.story.holder; h != nil {
		return facts{applicant: h.Name, idNumber: h.IDNumber, address: h.Address, boss: h.Name, contact: h.Name, phone: h.Phone, code: creditCode(1), today: today}
	}
	e := f.story.firm
	return facts{applicant: e.Name, code: e.USCC, address: e.Address, boss: e.LegalPerson, contact: e.Contacts[2].Name, phone: e.Contacts[2].Phone,
		idNumber: identityNumber(e.No, today.AddDays(-12_000)), today: today}
}

// draft opens a draft and fills in the form; attach adds the materials but
// those named in without.
func draft(ctx context.Context, f *file, p *auth.Principal) error {
	if f.id != "" {
		return nil
	}
	in := licensing.Start{Item: f.story.item}
	if f.story.firm != nil {
		e, found, err := f.enterprise(ctx, *f.story.firm)
		if err != nil || !found {
			return err
		}
		in.EnterpriseID = e.ID
	} else {
		in.Area = f.story.holder.Area
	}
	if err := f.onLicence(ctx, p, &in); err != nil {
		return err
	}
	id, err := f.Licensing.StartDraft(ctx, p, in)
	if err != nil {
		return err
	}
	f.id = id
	v, err := f.view(ctx)
	if err != nil || v.Form == nil {
		return err
	}
	_, err = f.Licensing.SaveForm(ctx, p, id, v.Version, answers(v.Form.Fields, v.Data, f.facts()))
	return err
}

// onLicence names the licence that the item acts on.
func (f *file) onLicence(ctx context.Context, p *auth.Principal, in *licensing.Start) error {
	it, _ := f.Rules.ItemByID(f.story.item)
	if !it.Kind.OnLicence() {
		return nil
	}
	first, _ := f.Rules.Sibling(f.story.item, rule.First)
	l, err := f.licenceOf(ctx, in.EnterpriseID, first.ID)
	if err == nil {
		in.LicenceID = l.ID
	}
	return err
}

// licenceOf finds the current licence of an enterprise.
func (c *City) licenceOf(ctx context.Context, enterprise, item string) (licensing.LicenceRow, error) {
	reader := auth.Platform("sample", licensing.PermRead)
	page, err := c.Licensing.Register(ctx, reader, licensing.LicenceFilter{Enterprise: enterprise, Item: item, Current: true, Limit: 1})
	if err != nil {
		return licensing.LicenceRow{}, err
	}
	if len(page.Rows) == 0 {
		return licensing.LicenceRow{}, kernel.Missing("licence", item)
	}
	return page.Rows[0], nil
}

// attach hands in every material that is needed, except where it may follow
// and missing is set.
func attach(missing bool) func(context.Context, *file, *auth.Principal) error {
	return func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, there := range v.Files {
			have[there.Material] = true
		}
		for _, m := range v.Rule.Materials {
			if have[m.ID] || !m.Needed(v.Data) || missing && m.Deficit {
				continue
			}
			name, file, err := f.papers.upload(m, kernel.DateOf(f.until))
			if err != nil {
				return err
			}
			if _, err := f.Licensing.AddFile(ctx, p, f.id, m.ID, name, bytes.NewReader(file)); err != nil {
				return err
			}
		}
		return nil
	}
}

// address says how the result shall come.
func address(ctx context.Context, f *file, p *auth.Principal) error {
	facts := f.facts()
	to := licensing.Address{Recipient: facts.contact, Phone: facts.phone, Consent: f.story.mode == licensing.ByElectronic}
	if f.story.mode == licensing.ByMail {
		to.Address = facts.address
	}
	return f.Licensing.SetDelivery(ctx, p, f.id, f.story.mode, to)
}

func submit(ctx context.Context, f *file, p *auth.Principal) error {
	_, err := f.Licensing.Submit(ctx, p, f.id, 0)
	return err
}

// licenceScope is the mode of business and the scope of a trade.
func licenceScope(trade string) (mode, scope string) {
	switch trade {
	case "petrol_station":
		return "零售（带有储存设施）", "汽油、柴油[闭杯闪点≤60℃]"
	case "chemical_storage":
		return "仓储经营", "甲醇、乙醇、丙酮、苯乙烯[稳定的]"
	case "chemical_trade", "precursor":
		return "批发（不带有储存设施）", "盐酸、硫酸、甲苯、丙酮"
	case "fireworks_wholesale":
		return "批发", "烟花类（C、D级）、爆竹类（C级）"
	}
	return "生产", "样例：氯乙烯、环氧乙烷、聚醚多元醇"
}
