package licensing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/personal"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

const (
	// remindHorizon bounds the windows that rules may name, in days.
	remindHorizon = 400
	// remindAtOnce is how many licences the daily job looks at in one snapshot.
	remindAtOnce   = 500
	todoRenewal    = "licensing.renewal"     // the officer's: contact the holder
	todoRenewYours = "licensing.renew_yours" // in the holder's own list
	todoDeemed     = "licensing.deemed"      // deemed renewed, the certificate is owed
)

// renewalActor writes what the daily jobs do.
var renewalActor = kernel.System("licensing.renewal")

// RemindHolders tells the holders of licences that reached a window of their
// rule (180, 90, 60, 30, 7 days): one message per holder, with all licences
// that are due, to every contact; and puts each licence on the worklist. It is
// safe to repeat: a window is told once. It returns how many holders were
// told. A daily job calls it.
func (s *Service) RemindHolders(ctx context.Context) (int, error) {
	today := kernel.DateOf(s.Clock.Now())
	told, done := 0, map[string]bool{}
	var after LicenceCursor
	for {
		due, next, err := s.remindPage(ctx, today, after)
		if err != nil {
			return told, err
		}
		for _, r := range due {
			holder := r.Licence.HolderKey()
			if done[holder] {
				continue
			}
			done[holder] = true
			if err := s.remindHolder(ctx, r.Licence); err != nil {
				return told, fmt.Errorf("remind holder %s: %w", holder, err)
			}
			told++
		}
		if next.ID == "" {
			return told, nil
		}
		after = next
	}
}

// remindPage returns the licences of a page that reached a window not told
// yet, and the cursor of the next page, empty after the last.
func (s *Service) remindPage(ctx context.Context, today kernel.Date, after LicenceCursor) (due []Reminder, next LicenceCursor, err error) {
	due, err = view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Reminder, error) {
		licences, err := expiring(ctx, q, today, today.AddDays(remindHorizon), after, remindAtOnce)
		if err != nil {
			return nil, err
		}
		if len(licences) == remindAtOnce {
			last := licences[remindAtOnce-1]
			next = LicenceCursor{EndsOn: last.Watch().String(), ID: last.ID}
		}
		return s.dueReminders(ctx, q, licences, today, true)
	})
	return due, next, err
}

// dueReminders returns the licences that reached a window; fresh leaves out
// windows already told.
func (s *Service) dueReminders(ctx context.Context, q db.Q, licences []*Licence, today kernel.Date, fresh bool) ([]Reminder, error) {
	cal, err := deadline.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	specials, err := runningSpecials(ctx, q, today)
	if err != nil {
		return nil, err
	}
	rules, err := s.catalogue(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []Reminder
	for _, l := range licences {
		r, ok := windowOf(l, rules, cal, shift(rules, specials, l), today)
		if !ok {
			continue
		}
		if fresh {
			told, err := isReminded(ctx, q, l, r.Days)
			if err != nil {
				return nil, err
			}
			if told {
				continue
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// windowOf returns the narrowest window of its rule that a licence has
// reached.
func windowOf(l *Licence, rules *rule.Catalogue, cal *deadline.Calendar, shift int, today kernel.Date) (Reminder, bool) {
	v, ok := renewalRules(rules, l.Item, today)
	if !ok {
		return Reminder{}, false
	}
	w, ok := v.RenewalWindow(l.Watch(), cal)
	if !ok {
		return Reminder{}, false
	}
	days := reached(v.Renewal.Reminders, w.Reminders, shift, today)
	return Reminder{Licence: l, Days: days, FileBy: w.FileBy}, days > 0
}

// renewalRules returns the version that says when licences of an item are
// renewed: that of the renewal, or of the first issue.
func renewalRules(rules *rule.Catalogue, item string, on kernel.Date) (*rule.Version, bool) {
	if it, ok := rules.Sibling(item, rule.Renew); ok {
		if v, ok := it.At(on); ok && v.Renewal != nil {
			return v, true
		}
	}
	v, ok := rules.VersionAt(item, on)
	return v, ok && v.Renewal != nil
}

// remindHolder tells one holder of every licence that is due, in one
// transaction: what was told is recorded with the queued messages.
func (s *Service) remindHolder(ctx context.Context, of *Licence) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.Clock.Now()
		today := kernel.DateOf(now)
		licences, err := licencesOfHolder(ctx, tx, of, today, today.AddDays(remindHorizon))
		if err != nil {
			return err
		}
		due, err := s.dueReminders(ctx, tx, licences, today, false)
		if err != nil {
			return err
		}
		message, first := kernel.NewID(now), false
		for i := range due {
			mine, err := markReminded(ctx, tx, due[i].Licence, due[i].Days, message, now)
			if err != nil {
				return err
			}
			first = first || mine
			if !mine {
				continue
			}
			if err := s.openRenewalTodos(ctx, tx, due[i], now); err != nil {
				return err
			}
		}
		if !first { // told meanwhile, or filed
			return nil
		}
		return s.sendReminder(ctx, tx, of, due, message, now)
	})
}

func (s *Service) openRenewalTodos(ctx context.Context, tx *db.Tx, r Reminder, now time.Time) error {
	l, title := r.Licence, s.issuedTitle(r.Licence.Item)
	it := worklist.Item{Kind: todoRenewal, Subject: l.Subject(), Role: RoleIntake, Area: l.Area, Enterprise: l.EnterpriseID, Room: "licensing",
		Title: kernel.Text{ZH: fmt.Sprintf("到期提前对接（%d天）：%s %s", r.Days, l.Holder, l.Number), EN: fmt.Sprintf("Contact before expiry (%d days): %s %s", r.Days, l.Holder, l.Number)},
		Link:  "/licensing/licences/" + l.ID + "#contacts", Due: r.FileBy.End()}
	if err := worklist.Open(ctx, tx, now, it); err != nil {
		return err
	}
	own := worklist.Item{Kind: todoRenewYours, Subject: l.Subject(), Enterprise: l.EnterpriseID, Room: "licensing",
		Title: kernel.Text{ZH: "证照将到期，请申请延续：" + title.ZH + " " + l.Number, EN: "Licence expires, apply for renewal: " + title.EN + " " + l.Number},
		Link:  "/my/licences/" + l.ID, Due: r.FileBy.End()}
	if l.EnterpriseID == "" {
		own.Account = l.Account
	}
	if own.Enterprise == "" && own.Account == "" { // taken over from an older register, nobody has signed in for it
		return nil
	}
	return worklist.Open(ctx, tx, now, own)
}

// sendReminder queues the one message for every contact of the holder.
func (s *Service) sendReminder(ctx context.Context, tx *db.Tx, l *Licence, due []Reminder, message string, now time.Time) error {
	lines := make([]string, len(due))
	for i, r := range due {
		lines[i] = fmt.Sprintf("%s（%s）%s到期", s.issuedTitle(r.Licence.Item).ZH, r.Licence.Number, day(r.Licence.Watch()))
		if m, err := listMaterials(ctx, tx, r.Licence.ID); err != nil {
			return err
		} else if len(m) > 0 && m[0].ValidTo.Before(r.Licence.Watch()) {
			lines[i] += fmt.Sprintf("，其中%s先于%s到期", m[0].Name, day(m[0].ValidTo))
		}
	}
	to, err := s.reachHolder(ctx, tx, l)
	if err != nil {
		return err
	}
	args := map[string]any{"holder": l.Holder, "count": len(due), "list": strings.Join(lines, "；"), "file_by": due[0].FileBy.String(), "link": "/my/licences"}
	for i, r := range to {
		channels := []string{"sms"}
		if r.Account != "" {
			channels = []string{"in_app"}
		}
		m := notify.Message{To: r, Channels: channels, Template: "licensing.notice.renewal", Args: args, Subject: l.Subject(), Key: fmt.Sprintf("licensing.renewal/%s/%d", message, i)}
		if err := s.Notify.Send(ctx, tx, now, m); err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: renewalActor, Action: "licensing.renewal.remind", Subject: l.Subject(),
		After: map[string]any{"licences": len(due), "contacts": len(to), "days": due[0].Days}})
}

// reachHolder returns everybody who can be told for a holder, each telephone
// once: the account, the contacts in the registry, the contact points kept
// here, the number on the licence.
func (s *Service) reachHolder(ctx context.Context, q db.Q, l *Licence) ([]notify.Recipient, error) {
	var out []notify.Recipient
	if l.Account != "" {
		out = append(out, notify.Recipient{Account: l.Account})
	}
	seen := map[string]bool{"": true}
	add := func(phone string) {
		if !seen[phone] {
			seen[phone] = true
			out = append(out, notify.Recipient{Phone: phone})
		}
	}
	if l.EnterpriseID != "" {
		contacts, err := s.Registry.Reach(ctx, q, l.EnterpriseID)
		if err != nil && kernel.KindOf(err) != kernel.NotFound {
			return nil, err
		}
		for _, c := range contacts {
			add(c.Phone)
		}
	}
	points, err := listPoints(ctx, q, l.HolderKey())
	if err != nil {
		return nil, err
	}
	for _, p := range points {
		phone, err := s.Vault.Open(ctx, q, p.KeyID, "phone", p.Phone)
		if err != nil && !personal.IsErased(err) {
			return nil, err
		}
		if p.DeadAt.IsZero() {
			add(phone)
		}
	}
	phone, err := s.Vault.Open(ctx, q, l.KeyID, "contact_phone", l.ContactPhone)
	if err != nil && !personal.IsErased(err) {
		return nil, err
	}
	add(phone)
	return out, nil
}

// DuePage is a page of the expiry worklist.
type DuePage struct {
	Rows  []DueRow
	Total int64 // exact up to TotalCap
	More  bool
}

// DueList is the expiry worklist: licences whose last day nears or has just
// passed, with what was told and who was reached.
func (s *Service) DueList(ctx context.Context, p *auth.Principal, f DueFilter) (DuePage, error) {
	if err := allow(p, PermRead); err != nil {
		return DuePage{}, err
	}
	f.Within, f.Lapsed, f.Limit = orInt(f.Within, 180), orInt(f.Lapsed, 30), orInt(f.Limit, 50)
	today := kernel.DateOf(s.Clock.Now())
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (out DuePage, err error) {
		ask := f
		ask.Limit++
		if out.Rows, err = listDue(ctx, q, p.Scope, ask, today); err != nil {
			return out, err
		}
		if len(out.Rows) > f.Limit {
			out.Rows, out.More = out.Rows[:f.Limit], true
		}
		out.Total, err = countDue(ctx, q, p.Scope, f, today)
		return out, err
	})
}

func orInt(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

// ContactInput is what an officer records of a try to reach a holder.
type ContactInput struct {
	Channel   string
	PointID   string // contact point, "" another number
	Reached   bool
	Explained string
	Confirmed bool // the holder confirmed; only when reached
	Note      string
	Dead      bool // the number does not exist any more
}

func (in ContactInput) check() error {
	var c kernel.Check
	if !slices.Contains(contactChannels[:], in.Channel) {
		c.Add("channel", "one_of", in.Channel)
	}
	if in.Reached {
		c.Text("explained", in.Explained, 1000)
	}
	if in.Confirmed && !in.Reached {
		c.Add("confirmed", "only_when_reached", "")
	}
	c.Length("note", in.Note, 1000)
	return c.Err()
}

// LogContact records a try to reach a holder (提前对接). A confirmed contact
// takes the licence off the officers' list until its next window.
func (s *Service) LogContact(ctx context.Context, p *auth.Principal, licenceID string, in ContactInput) error {
	if err := in.check(); err != nil {
		return err
	}
	_, err := s.onLicence(ctx, p, PermRenewal, licenceID, 0, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		if in.PointID != "" && in.Dead {
			if _, err := getPoint(ctx, tx, l.HolderKey(), in.PointID); err != nil {
				return err
			}
			if err := killPoint(ctx, tx, in.PointID, now); err != nil {
				return err
			}
		}
		c := Contact{ID: kernel.NewID(now), LicenceID: l.ID, At: now, Officer: p.Actor.ID, OfficerName: p.Actor.Name, Channel: in.Channel, Reached: in.Reached,
			Explained: in.Explained, Confirmed: in.Confirmed, Note: in.Note, PointID: in.PointID, EndsOn: l.Watch()}
		if !c.EndsOn.IsZero() {
			c.DaysLeft = int64(c.EndsOn.Sub(kernel.DateOf(now)))
		}
		if err := insertContact(ctx, tx, c); err != nil {
			return err
		}
		if in.Confirmed {
			if err := worklist.Close(ctx, tx, now, todoRenewal, l.Subject()); err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.renewal.contact", Subject: l.Subject(),
			After: map[string]any{"channel": in.Channel, "reached": in.Reached, "confirmed": in.Confirmed, "days_left": c.DaysLeft, "dead": in.Dead}})
	})
	return err
}

// PointInput is a contact point to be kept.
type PointInput struct {
	Name  string
	Post  string
	Phone string
}

// AddContactPoint keeps a further number at which a holder can be reached.
func (s *Service) AddContactPoint(ctx context.Context, p *auth.Principal, licenceID string, in PointInput) error {
	var c kernel.Check
	c.Text("name", in.Name, 60)
	c.Length("post", in.Post, 60)
	c.Merge("", kernel.CheckPhone("phone", in.Phone))
	if err := c.Err(); err != nil {
		return err
	}
	_, err := s.onLicence(ctx, p, PermRenewal, licenceID, 0, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		key, err := s.Vault.NewPerson(ctx, tx, now)
		if err != nil {
			return err
		}
		point := ContactPoint{ID: kernel.NewID(now), Holder: l.HolderKey(), KeyID: key, Name: in.Name, Post: in.Post, CreatedAt: now}
		if point.Phone, err = s.Vault.Seal(ctx, tx, key, "phone", in.Phone); err != nil {
			return err
		}
		if err := putPoint(ctx, tx, point, s.Vault.Hash("phone", in.Phone), p.Actor.ID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.renewal.add_contact", Subject: l.Subject(), After: map[string]string{"post": in.Post, "phone": personal.MaskPhone(in.Phone)}})
	})
	return err
}

// ContactPoints lists who can be reached for the holder of a licence, numbers
// masked: those of the registry and those kept here.
func (s *Service) ContactPoints(ctx context.Context, p *auth.Principal, licenceID string) ([]ContactPoint, error) {
	if err := allow(p, PermRead); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]ContactPoint, error) {
		l, err := getLicence(ctx, q, p.Scope, licenceID)
		if err != nil {
			return nil, err
		}
		points, err := listPoints(ctx, q, l.HolderKey())
		if err != nil {
			return nil, err
		}
		for i := range points {
			clear, err := s.Vault.Open(ctx, q, points[i].KeyID, "phone", points[i].Phone)
			if err != nil && !personal.IsErased(err) {
				return nil, err
			}
			points[i].Shown = personal.MaskPhone(clear)
		}
		if l.EnterpriseID == "" {
			return points, nil
		}
		contacts, err := s.Registry.Reach(ctx, q, l.EnterpriseID)
		if err != nil && kernel.KindOf(err) != kernel.NotFound {
			return nil, err
		}
		for _, c := range contacts {
			points = append(points, ContactPoint{ID: c.ID, Holder: l.EnterpriseID, Name: c.Name, Post: string(c.Role), Shown: personal.MaskPhone(c.Phone), Registry: true})
		}
		return points, nil
	})
}

// SetMaterial records when something that a renewal needs will lapse.
func (s *Service) SetMaterial(ctx context.Context, p *auth.Principal, licenceID, material, name string, validTo kernel.Date) error {
	var c kernel.Check
	c.Text("name", name, 100)
	c.Length("material", material, 60)
	if validTo.IsZero() {
		c.Add("valid_to", "required", "")
	}
	if err := c.Err(); err != nil {
		return err
	}
	_, err := s.onLicence(ctx, p, PermRenewal, licenceID, 0, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		if err := putMaterial(ctx, tx, LicenceMaterial{LicenceID: l.ID, Material: orElse(material, name), Name: name, ValidTo: validTo, At: now}, p.Actor); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.renewal.material", Subject: l.Subject(), After: map[string]any{"name": name, "valid_to": validTo}})
	})
	return err
}

// keepMaterials carries over what is known about the materials of the issue
// before.
func (s *Service) keepMaterials(ctx context.Context, tx *db.Tx, l *Licence, actor kernel.Actor, now time.Time) error {
	if l.PreviousID == "" {
		return nil
	}
	old, err := listMaterials(ctx, tx, l.PreviousID)
	if err != nil {
		return err
	}
	for _, m := range old {
		m.LicenceID, m.At = l.ID, now
		if err := putMaterial(ctx, tx, m, actor); err != nil {
			return err
		}
	}
	return nil
}

// EarlyContact counts what was done before licences lapsed, for the briefing.
type EarlyContact struct {
	Licences  int64 // with at least one try
	Reached   int64
	Confirmed int64
	Holders   int64
}

// EarlyContacts counts contacts made between two days, both included, while
// the licence was still valid.
func (s *Service) EarlyContacts(ctx context.Context, scope auth.Scope, from, to kernel.Date) (EarlyContact, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (EarlyContact, error) {
		var w db.Where
		w.And("k.at >= ? AND k.at < ? AND k.days_left >= 0", kernel.Micros(from.Start()), kernel.Micros(to.End()))
		scope.Where(&w, licenceColumns)
		return db.One(ctx, q, func(s db.Scanner) (e EarlyContact, err error) {
			return e, s.Scan(&e.Licences, &e.Reached, &e.Confirmed, &e.Holders)
		}, `SELECT COUNT(DISTINCT k.licence_id), COUNT(DISTINCT CASE WHEN k.reached = TRUE THEN k.licence_id END),
			COUNT(DISTINCT CASE WHEN k.confirmed = TRUE THEN k.licence_id END),
			COUNT(DISTINCT CASE WHEN l.enterprise_id <> '' THEN l.enterprise_id ELSE l.id END)
			FROM licensing_contacts k JOIN licensing_licences l ON l.id = k.licence_id `+w.SQL(), w.Args...)
	})
}

// DeemRenewals renews every licence whose renewal was applied for in time and
// is undecided on the day after its last (art. 50), and returns how many. The
// case stays open: the certificate is still owed, and a to-do says so. A daily
// job calls it.
func (s *Service) DeemRenewals(ctx context.Context) (int, error) {
	today := kernel.DateOf(s.Clock.Now())
	ids, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]string, error) { return dueForDeeming(ctx, q, today, 1000) })
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.deemRenewed(ctx, tx, id) })
		if err != nil && kernel.KindOf(err) != kernel.Conflict {
			return i, fmt.Errorf("deem licence %s renewed: %w", id, err)
		}
	}
	return len(ids), nil
}

func (s *Service) deemRenewed(ctx context.Context, tx *db.Tx, id string) error {
	now := s.Clock.Now()
	today := kernel.DateOf(now)
	l, err := getLicence(ctx, tx, auth.CityScope(), id)
	if err != nil {
		return err
	}
	c, err := getCase(ctx, tx, auth.CityScope(), l.PendingCase)
	if err != nil {
		return err
	}
	v, err := s.version(ctx, tx, c)
	if err != nil {
		return err
	}
	before, from := l.State, l.End().AddDays(1)
	to := v.Validity.LastDay(from)
	if err := l.Deem(to, today); err != nil {
		return err
	}
	l.Continued = addLine(l.Continued, continued(from, to)+"（视为准予延续）")
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	note := fmt.Sprintf("%s %s", l.Number, to)
	if err := insertLog(ctx, tx, now, c.ID, renewalActor, "deemed_renewed", note, true); err != nil {
		return err
	}
	err = worklist.Open(ctx, tx, now, worklist.Item{Kind: todoDeemed, Subject: l.Subject(), Role: RoleApprover, Area: l.Area, Enterprise: l.EnterpriseID, Room: "licensing",
		Title: kernel.Text{ZH: "视为准予延续，请补办证照：" + l.Holder + " " + l.Number, EN: "Deemed renewed, certificate owed: " + l.Holder + " " + l.Number},
		Link:  "/licensing/cases/" + c.ID, Due: today.End()})
	if err != nil {
		return err
	}
	return s.did(ctx, tx, l, before, LicenceAct{Act: ActDeem, Until: to, Basis: "《中华人民共和国行政许可法》第五十条", CaseID: c.ID}, renewalActor, now)
}
