package licensing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
	"anlan/registry"
)

// LicenceData is what the decision puts on a licence. Empty fields of a
// renewal, change or reissue keep what the old issue says.
type LicenceData struct {
	Holder         string // in clear; "" the case's applicant
	IDNumber       string // of a personal holder, in clear
	Address        string
	PersonInCharge string
	Mode           string      // 经营方式
	Scope          string      // 许可范围
	ContactPhone   string      // in clear
	Fields         []PaperPair // further lines of the certificate
	ValidFrom      kernel.Date // zero: as the rule says
	ValidTo        kernel.Date // zero: as the rule says
	Authority      string      // as printed; "" the name of the deciding unit

	Opinion *OpinionData // of an item whose result is an opinion
	Filing  *FilingData  // of an item whose result is a filing
}

// check measures what will be printed.
func (d LicenceData) check(c *kernel.Check) {
	c.Length("address", d.Address, 200)
	c.Length("person_in_charge", d.PersonInCharge, 60)
	c.Length("mode", d.Mode, 60)
	c.Length("scope", d.Scope, 4000)
}

// planLicenceNumber takes what the grant of c will need as its number, in a
// short transaction of its own. A renewal that keeps its number, a change, a
// reissue, a cancellation and a number made of the holder's identity number
// take none: then n is the zero Number. issue is the issue the number will
// have as far as can be known before the decision.
func (s *Service) planLicenceNumber(ctx context.Context, c *Case, v *rule.Version, personIDNumber string, actor kernel.Actor) (n number.Number, issue int64, err error) {
	t := s.terms(v)
	switch {
	case v.Number.Numbering == rule.NoNumber, v.Number.Numbering == rule.ExtendNumber:
		return n, 0, nil
	case v.Number.Numbering == rule.NewNumber && t.identityNumbered():
		issue, err = view(ctx, s.DB, func(ctx context.Context, q db.Q) (int64, error) {
			return lastIssue(ctx, q, s.Vault.Hash("licence_number", t.number(c.Area, personIDNumber, kernel.DateOf(s.Clock.Now()).Year(), 0)))
		})
		return n, issue + 1, err
	case v.Number.Numbering == rule.KeepNumber && t.result().Kind == rule.Certificate:
		issue, err = view(ctx, s.DB, func(ctx context.Context, q db.Q) (int64, error) {
			old, err := getLicence(ctx, q, auth.CityScope(), c.LicenceID)
			if err != nil {
				return 0, err
			}
			return lastIssue(ctx, q, old.NumberKey)
		})
		return n, issue + 1, err
	}
	n, err = s.Numbers.Take(ctx, t.series(c.Area, kernel.DateOf(s.Clock.Now()).Year()), actor)
	return n, 1, err
}

// grant is what issueLicence works with.
type grant struct {
	tx    *db.Tx
	c     *Case
	t     terms
	num   number.Number
	data  LicenceData
	actor kernel.Actor
	now   time.Time
}

func (g *grant) today() kernel.Date { return kernel.DateOf(g.now) }

// issueLicence carries a grant out in the transaction of the decision: a first
// licence; a renewal that keeps, extends or renumbers; the next issue after a
// change or for a lost certificate; the deregistration that a holder asked
// for. The certificate papers are prepared with it. It returns nil for items
// whose result is an opinion or a filing: of these only the paper is made. The
// caller stores the licence's id in the case.
func (s *Service) issueLicence(ctx context.Context, tx *db.Tx, c *Case, v *rule.Version, num number.Number, issue int64, data LicenceData, actor kernel.Actor, now time.Time) (*Licence, error) {
	g := &grant{tx: tx, c: c, t: s.terms(v), num: num, data: data, actor: actor, now: now}
	if num.ID != "" {
		if err := number.Use(ctx, tx, num, c.Subject()); err != nil {
			return nil, err
		}
	}
	if kind := g.t.result().Kind; !g.t.item.Kind.OnLicence() || kind == rule.Opinion || kind == rule.Filing {
		return s.firstResult(ctx, g)
	}
	old, err := getLicence(ctx, tx, auth.CityScope(), c.LicenceID)
	if err != nil {
		return nil, err
	}
	if err := stopReminding(ctx, tx, old, now); err != nil {
		return nil, err
	}
	switch {
	case g.t.item.Kind == rule.Cancel:
		return old, s.cancel(ctx, g, old)
	case v.Number.Numbering == rule.KeepNumber, v.Number.Numbering == rule.NewNumber:
		return s.nextIssue(ctx, g, old, issue)
	}
	return old, s.amend(ctx, g, old)
}

// firstResult makes what did not exist before: a licence, or the opinion or
// filing receipt that is itself the result. A mere record needs nothing.
func (s *Service) firstResult(ctx context.Context, g *grant) (*Licence, error) {
	switch g.t.result().Kind {
	case rule.Certificate:
		return s.firstIssue(ctx, g)
	case rule.Record:
		return nil, nil
	}
	return nil, s.issuePaper(ctx, g)
}

// issuePaper makes the opinion or the filing receipt that is itself the result.
func (s *Service) issuePaper(ctx context.Context, g *grant) error {
	result := g.t.result()
	d := PaperDraft{CaseID: g.c.ID, KeyID: g.c.KeyID, Number: g.t.number(g.c.Area, g.data.IDNumber, g.today().Year(), g.num.Value)}
	switch {
	case result.Kind == rule.Opinion && g.data.Opinion != nil:
		o := *g.data.Opinion
		o.Title, o.ValidTo = orElse(o.Title, result.Title.ZH), g.t.v.Validity.LastDay(g.today())
		d.Kind, d.Data = PaperOpinion, o
	case result.Kind == rule.Filing && g.data.Filing != nil:
		f := *g.data.Filing
		f.Title, f.FilingNo, f.ValidTo = orElse(f.Title, result.Title.ZH), d.Number, g.t.v.Validity.LastDay(g.today())
		d.Kind, d.Data = PaperFiling, f
	default:
		return kernel.Bad("licence", "required", string(result.Kind))
	}
	_, err := s.preparePaper(ctx, g.tx, d, g.actor, g.now)
	return err
}

// firstIssue makes a licence that did not exist before.
func (s *Service) firstIssue(ctx context.Context, g *grant) (*Licence, error) {
	l := &Licence{Area: g.c.Area, Holder: g.c.Applicant, HolderKind: g.c.ApplicantKind, EnterpriseID: g.c.EnterpriseID, Account: g.c.Account}
	if err := s.fill(ctx, g, l); err != nil {
		return nil, err
	}
	l.ValidFrom = firstDate(g.data.ValidFrom, g.today())
	l.ValidTo = firstDate(g.data.ValidTo, g.t.v.Validity.LastDay(l.ValidFrom))
	l.ReviewDue = g.t.v.Validity.ReviewDue(l.ValidFrom)
	if err := s.nameLicence(ctx, g, l, g.t.number(g.c.Area, g.data.IDNumber, g.today().Year(), g.num.Value)); err != nil {
		return nil, err
	}
	return l, s.enter(ctx, g, l)
}

// nextIssue replaces a licence by its next issue, or a renumbered one by the
// first issue of a new number.
func (s *Service) nextIssue(ctx context.Context, g *grant, old *Licence, issue int64) (*Licence, error) {
	l := *old
	l.PreviousID, l.Imported, l.ImportID = old.ID, false, ""
	clear, err := s.clearNumber(ctx, g.tx, old)
	if err != nil {
		return nil, err
	}
	if err := s.carryOver(ctx, g, &l); err != nil {
		return nil, err
	}
	if err := s.fill(ctx, g, &l); err != nil {
		return nil, err
	}
	s.renewedValidity(g, &l, old)
	if g.num.ID != "" {
		clear = g.t.number(g.c.Area, g.data.IDNumber, g.today().Year(), g.num.Value)
	}
	if err := s.replaceIssue(ctx, g, old); err != nil {
		return nil, err
	}
	if err := s.nameLicence(ctx, g, &l, clear); err != nil {
		return nil, err
	}
	if g.num.ID == "" && issue != 0 && l.Issue != issue { // somebody else was first
		return nil, kernel.Clash("error.changed_meanwhile", nil)
	}
	if err := s.enter(ctx, g, &l); err != nil {
		return nil, err
	}
	return &l, moveSpecial(ctx, g.tx, old.ID, l.ID)
}

// carryOver takes what the decision does not name from the licence: its sealed
// fields move under the key of the new case.
func (s *Service) carryOver(ctx context.Context, g *grant, l *Licence) error {
	if g.data.Holder == "" {
		name, err := s.Vault.Open(ctx, g.tx, l.KeyID, "holder", l.HolderSealed)
		if err != nil {
			return err
		}
		g.data.Holder = orElse(name, l.Holder)
	}
	if g.data.ContactPhone == "" {
		phone, err := s.Vault.Open(ctx, g.tx, l.KeyID, "contact_phone", l.ContactPhone)
		if err != nil {
			return err
		}
		g.data.ContactPhone = phone
	}
	return nil
}

// renewedValidity sets the dates of the next issue: a renewal runs on from the
// old last day when it was not yet over, the others keep the old dates.
func (s *Service) renewedValidity(g *grant, l, old *Licence) {
	switch {
	case !g.data.ValidTo.IsZero():
		l.ValidFrom, l.ValidTo, l.ExtendedTo = firstDate(g.data.ValidFrom, g.today()), g.data.ValidTo, kernel.Date{}
	case g.t.item.Kind == rule.Renew:
		from, to := g.renewedTerm(old)
		l.ValidFrom, l.ValidTo, l.ExtendedTo = from, to, kernel.Date{}
		l.Continued = addLine(old.Continued, continued(from, to))
		l.ReviewDue = g.t.v.Validity.ReviewDue(from)
	}
}

// renewedTerm is the term that a renewal gives. What art. 50 gave already by
// silence is not given twice; what a special time added does not shift the
// new term.
func (g *grant) renewedTerm(old *Licence) (from, to kernel.Date) {
	if !old.DeemedOn.IsZero() {
		return g.t.begins(old.ValidTo), old.ValidTo
	}
	from = old.ValidTo.AddDays(1)
	if old.ValidTo.IsZero() || !old.Timely && from.Before(g.today()) {
		from = g.today()
	}
	return from, g.t.v.Validity.LastDay(from)
}

func continued(from, to kernel.Date) string {
	return "有效期延续：" + day(from) + "至" + day(to)
}

func addLine(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n" + line
}

func firstDate(dates ...kernel.Date) kernel.Date {
	for _, d := range dates {
		if !d.IsZero() {
			return d
		}
	}
	return kernel.Date{}
}

// amend notes a renewal, a passed re-examination or a change on the same
// certificate: the row lives on, new papers show what was noted.
func (s *Service) amend(ctx context.Context, g *grant, l *Licence) error {
	if err := l.wanted(ActRenew, g.today(), Valid, Changing, Renewing, Expired); err != nil {
		return err
	}
	before, a := l.State, LicenceAct{Act: ActAmend, CaseID: g.c.ID}
	if err := s.carryOver(ctx, g, l); err != nil {
		return err
	}
	switch g.t.item.Kind {
	case rule.Renew:
		from, to := g.renewedTerm(l)
		to = firstDate(g.data.ValidTo, to)
		l.ValidTo, l.ExtendedTo, l.Continued = to, kernel.Date{}, addLine(l.Continued, continued(from, to))
		l.ReviewDue = g.t.v.Validity.ReviewDue(from)
		a.Act, a.Until = ActRenew, to
	case rule.Recheck:
		l.ReviewDue = g.t.nextReview(l.ReviewDue, g.today(), l.End())
		l.Continued = addLine(l.Continued, "复审合格："+day(g.today()))
		a.Act, a.Until = ActRecheck, l.ReviewDue
	}
	l.State = Valid
	if err := s.fill(ctx, g, l); err != nil {
		return err
	}
	if err := saveLicence(ctx, g.tx, l, g.now); err != nil {
		return err
	}
	if a.Act == ActRenew {
		if err := caughtUp(ctx, g.tx, l.ID, "renewed", g.now); err != nil {
			return err
		}
	}
	if err := s.did(ctx, g.tx, l, before, a, g.actor, g.now); err != nil {
		return err
	}
	return s.certify(ctx, g, l)
}

// nextReview is the next re-examination after one that was due on a day (zero:
// today) is passed; none when the licence ends by then.
func (t terms) nextReview(due, today, end kernel.Date) kernel.Date {
	from := today
	if !due.IsZero() {
		from = due.AddDays(1)
	}
	next := t.v.Validity.ReviewDue(from)
	if !end.IsZero() && !next.Before(end) {
		return kernel.Date{}
	}
	return next
}

func (l *Licence) wanted(act Act, on kernel.Date, states ...LicenceState) error {
	for _, st := range states {
		if l.StateOn(on) == st {
			return nil
		}
	}
	return l.wrongState(act, on)
}

// replaceIssue ends the old issue in favour of the next.
func (s *Service) replaceIssue(ctx context.Context, g *grant, old *Licence) error {
	before := old.State
	if err := old.Do(ActReplace, g.today()); err != nil {
		return err
	}
	old.Settle()
	if err := saveLicence(ctx, g.tx, old, g.now); err != nil {
		return err
	}
	if g.t.item.Kind == rule.Renew {
		if err := caughtUp(ctx, g.tx, old.ID, "renewed", g.now); err != nil {
			return err
		}
	}
	return s.did(ctx, g.tx, old, before, LicenceAct{Act: ActReplace, CaseID: g.c.ID}, g.actor, g.now)
}

// cancel deregisters a licence at its holder's wish (art. 70).
func (s *Service) cancel(ctx context.Context, g *grant, l *Licence) error {
	before := l.State
	if err := l.Do(ActDeregister, g.today()); err != nil {
		return err
	}
	l.Settle()
	if err := saveLicence(ctx, g.tx, l, g.now); err != nil {
		return err
	}
	if err := caughtUp(ctx, g.tx, l.ID, "deregistered", g.now); err != nil {
		return err
	}
	return s.did(ctx, g.tx, l, before, LicenceAct{Act: ActDeregister, Basis: "《中华人民共和国行政许可法》第七十条", CaseID: g.c.ID}, g.actor, g.now)
}

// fill puts the decision's words on the licence and seals what is personal
// with the key of the case.
func (s *Service) fill(ctx context.Context, g *grant, l *Licence) error {
	number, err := s.clearNumber(ctx, g.tx, l)
	if err != nil {
		return err
	}
	l.Settle()
	l.Item, l.Category, l.CaseID, l.KeyID, l.Unit, l.Sample = orElse(l.Item, g.t.under), g.t.item.Category, g.c.ID, g.c.KeyID, g.c.Authority, g.c.Sample
	l.Authority = orElse(g.data.Authority, unitName(ctx, g.tx, g.c.Authority))
	l.Address, l.PersonInCharge = orElse(g.data.Address, l.Address), orElse(g.data.PersonInCharge, l.PersonInCharge)
	l.Mode, l.Scope = orElse(g.data.Mode, l.Mode), orElse(g.data.Scope, l.Scope)
	if g.data.Fields != nil {
		l.Fields = g.data.Fields
	}
	holder := orElse(g.data.Holder, l.Holder)
	if l.Holder = holder; l.HolderKind == holderPerson {
		l.Holder = personal.MaskName(holder)
	}
	if l.HolderSealed, err = s.Vault.Seal(ctx, g.tx, l.KeyID, "holder", holder); err != nil {
		return err
	}
	if l.NumberSealed, err = s.Vault.Seal(ctx, g.tx, l.KeyID, "licence_number", number); err != nil {
		return err
	}
	l.ContactPhone, err = s.Vault.Seal(ctx, g.tx, l.KeyID, "contact_phone", g.data.ContactPhone)
	return err
}

const (
	holderEnterprise = "enterprise"
	holderPerson     = "person"
)

// unitName is the name of a unit as printed, its id when it is unknown.
func unitName(ctx context.Context, q db.Q, unit string) string {
	if u, err := registry.GetUnit(ctx, q, unit); err == nil {
		return u.Name.ZH
	}
	return unit
}

// nameLicence gives the licence its number, shown masked where it contains an
// identity number, and its next issue.
func (s *Service) nameLicence(ctx context.Context, g *grant, l *Licence, clear string) error {
	if err := s.setNumber(ctx, g.tx, l, clear); err != nil {
		return err
	}
	last, err := lastIssue(ctx, g.tx, l.NumberKey)
	l.Issue = last + 1
	return err
}

func (s *Service) setNumber(ctx context.Context, tx *db.Tx, l *Licence, clear string) (err error) {
	l.Number, l.NumberKey = clear, clear
	if l.HolderKind == holderPerson {
		l.Number, l.NumberKey = maskNumber(clear), s.Vault.Hash("licence_number", clear)
	}
	l.NumberSealed, err = s.Vault.Seal(ctx, tx, l.KeyID, "licence_number", clear)
	return err
}

// maskNumber hides the identity number inside a personal licence's number.
func maskNumber(clear string) string {
	letters := strings.IndexFunc(clear, func(r rune) bool { return r >= '0' && r <= '9' })
	if letters < 0 || len(clear)-letters != 18 {
		return clear
	}
	return clear[:letters] + personal.MaskIDNumber(clear[letters:])
}

// clearNumber is the number as printed.
func (s *Service) clearNumber(ctx context.Context, q db.Q, l *Licence) (string, error) {
	clear, err := s.Vault.Open(ctx, q, l.KeyID, "licence_number", l.NumberSealed)
	return orElse(clear, l.Number), err
}

// enter puts a new issue into the register with its papers.
func (s *Service) enter(ctx context.Context, g *grant, l *Licence) error {
	l.ID, l.Code, l.Version = kernel.NewID(g.now), kernel.NewSecret(16), 1
	l.State, l.IssuedOn, l.CreatedAt, l.UpdatedAt = Valid, g.today(), g.now, g.now
	if err := insertLicence(ctx, g.tx, l); err != nil {
		if db.IsUnique(err) {
			return kernel.Clash("licensing.error.number_taken", map[string]any{"number": l.Number, "issue": l.Issue})
		}
		return err
	}
	if err := s.did(ctx, g.tx, l, "", LicenceAct{Act: ActIssue, Until: l.ValidTo, CaseID: g.c.ID}, g.actor, g.now); err != nil {
		return err
	}
	if err := s.keepMaterials(ctx, g.tx, l, g.actor, g.now); err != nil {
		return err
	}
	return s.certify(ctx, g, l)
}

// certify prepares 正本 and 副本.
func (s *Service) certify(ctx context.Context, g *grant, l *Licence) error {
	data, err := s.certificateData(ctx, g.tx, g.t, l)
	if err != nil {
		return err
	}
	var kinds []PaperKind
	if g.t.result().Original {
		kinds = append(kinds, PaperMain)
	}
	if g.t.result().Copy {
		kinds = append(kinds, PaperCopy)
	}
	for _, kind := range kinds {
		d := PaperDraft{CaseID: g.c.ID, LicenceID: l.ID, KeyID: g.c.KeyID, Kind: kind, Data: data}
		if _, err := s.preparePaper(ctx, g.tx, d, g.actor, g.now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) certificateData(ctx context.Context, q db.Q, t terms, l *Licence) (CertificateData, error) {
	clear, err := s.clearNumber(ctx, q, l)
	if err != nil {
		return CertificateData{}, err
	}
	holder, err := s.Vault.Open(ctx, q, l.KeyID, "holder", l.HolderSealed)
	if err != nil {
		return CertificateData{}, err
	}
	d := CertificateData{Title: t.result().Title.ZH, Number: clear, Issue: l.Issue, ValidFrom: l.ValidFrom, ValidTo: l.ValidTo, ReviewDue: l.ReviewDue,
		Authority: l.Authority, IssuedOn: l.IssuedOn, Notes: t.notes(), Code: l.Code, Sample: l.Sample}
	add := func(label, value string) {
		if value != "" {
			d.Fields = append(d.Fields, PaperPair{Label: label, Value: value})
		}
	}
	if l.HolderKind == holderPerson {
		add("姓名", holder)
	} else {
		add("企业名称", orElse(holder, l.Holder))
		add("企业住所", l.Address)
		add("企业法定代表人姓名", l.PersonInCharge)
	}
	add("经营方式", l.Mode)
	add("许可范围", l.Scope)
	d.Fields = append(d.Fields, l.Fields...)
	if l.Continued != "" {
		d.Continued = strings.Split(l.Continued, "\n")
	}
	return d, nil
}

// did writes what every act on a licence leaves: the line of its history, the
// audit row and the event. a needs Act; day and
// actor have defaults.
func (s *Service) did(ctx context.Context, tx *db.Tx, l *Licence, before LicenceState, a LicenceAct, actor kernel.Actor, now time.Time) error {
	a.LicenceID, a.At = l.ID, now
	if a.Actor == "" {
		a.Actor, a.ActorName = actor.ID, actor.Name
	}
	if a.On.IsZero() {
		a.On = kernel.DateOf(now)
	}
	if err := insertAct(ctx, tx, a); err != nil {
		return err
	}
	err := audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "licensing.licence." + string(a.Act), Subject: l.Subject(),
		Before: map[string]any{"state": before},
		After:  map[string]any{"number": l.Number, "issue": l.Issue, "state": l.State, "ends_on": l.End(), "basis": a.Basis, "case": a.CaseID, "second": a.Second}})
	if err != nil {
		return err
	}
	return EventLicenceMoved.Emit(ctx, tx, s.Bus, now, actor, l.Subject(), LicenceMoved{LicenceID: l.ID, Number: l.Number, Act: a.Act, State: l.State,
		Area: l.Area, EnterpriseID: l.EnterpriseID})
}

// stopReminding takes everything about the renewal of a licence off the lists.
func stopReminding(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
	for _, kind := range []string{todoRenewal, todoRenewYours, todoDeemed} {
		if err := worklist.Close(ctx, tx, now, kind, l.Subject()); err != nil {
			return err
		}
	}
	return nil
}

// linkRenewal marks the licence that a renewal, change, reissue or
// cancellation is about when the case is submitted, stores whether a renewal
// came in time (art. 50) and stops its reminders.
func (s *Service) linkRenewal(ctx context.Context, tx *db.Tx, c *Case, now time.Time) error {
	if c.LicenceID == "" {
		return nil
	}
	v, err := s.version(ctx, tx, c)
	if err != nil {
		return err
	}
	l, err := getLicence(ctx, tx, auth.CityScope(), c.LicenceID)
	if err != nil {
		return err
	}
	filed := kernel.DateOf(now)
	to, timely := Changing, false
	if s.terms(v).item.Kind == rule.Renew {
		to = Renewing
		if timely, err = s.timely(ctx, tx, v, l, filed); err != nil {
			return err
		}
	}
	before := l.State
	if err := l.Link(c.ID, to, timely, filed); err != nil {
		return err
	}
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	if err := stopReminding(ctx, tx, l, now); err != nil {
		return err
	}
	actor := kernel.System("licensing.renewal")
	note := fmt.Sprintf("timely=%t", timely)
	if err := insertLog(ctx, tx, now, c.ID, actor, "renewal_filed", note, false); err != nil {
		return err
	}
	return s.did(ctx, tx, l, before, LicenceAct{Act: ActLink, Note: note, CaseID: c.ID}, actor, now)
}

// timely reports whether a renewal filed on a day keeps the licence alive
// while it is undecided. Where no rule says otherwise that is 30 days before
// the last day (art. 50).
func (s *Service) timely(ctx context.Context, q db.Q, v *rule.Version, l *Licence, filed kernel.Date) (bool, error) {
	if l.End().IsZero() {
		return true, nil
	}
	w, ok, err := s.renewalWindow(ctx, q, v, l)
	if err != nil || ok {
		return ok && w.Timely(filed), err
	}
	return !filed.After(l.End().AddDays(-30)), nil
}

// renewalWindow is when the licence may be renewed, by the rules of a version
// of its renewal or, where these are silent, of its first issue.
func (s *Service) renewalWindow(ctx context.Context, q db.Q, v *rule.Version, l *Licence) (rule.Window, bool, error) {
	cal, err := deadline.Load(ctx, q)
	if err != nil {
		return rule.Window{}, false, err
	}
	if v.Renewal == nil {
		rules, err := s.catalogue(ctx, q)
		if err != nil {
			return rule.Window{}, false, err
		}
		first, ok := rules.VersionAt(l.Item, v.EffectiveFrom)
		if !ok {
			return rule.Window{}, false, nil
		}
		v = first
	}
	w, ok := v.RenewalWindow(l.End(), cal)
	return w, ok, nil
}

// unlinkRenewal gives the licence back its own state when the case ended
// without a grant. A denial after the renewal was deemed granted by silence is
// refused: only an annulment or a revocation takes that away.
func (s *Service) unlinkRenewal(ctx context.Context, tx *db.Tx, c *Case, now time.Time) error {
	if c.LicenceID == "" {
		return nil
	}
	l, err := getLicence(ctx, tx, auth.CityScope(), c.LicenceID)
	if err != nil {
		return err
	}
	if l.PendingCase != c.ID { // never linked: the case was a draft
		return nil
	}
	if c.State == Denied && !l.DeemedOn.IsZero() {
		return kernel.Clash("licensing.error.deemed_renewed", map[string]any{"number": l.Number, "on": l.DeemedOn.String()})
	}
	before := l.State
	if err := l.Unlink(c.ID); err != nil {
		return err
	}
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	return s.did(ctx, tx, l, before, LicenceAct{Act: ActUnlink, Note: string(c.State), CaseID: c.ID}, kernel.System("licensing.renewal"), now)
}
