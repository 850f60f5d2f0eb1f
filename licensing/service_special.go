package licensing

import (
	"context"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

const (
	todoSpecial    = "licensing.approve_special" // the second officer's
	todoVerifySwap = "licensing.verify_swap"     // a replaced site check is to be made good

	jobExtend = "licensing.special.extend" // extends in bulk, with progress
	jobEnd    = "licensing.special.end"    // takes back what the early end leaves without ground

	// specialSlice is how many licences one transaction extends.
	specialSlice = 50
	// specialAhead is how far ahead a package without a last day extends, in
	// days; a daily job goes on.
	specialAhead = 60
)

// ProposeSpecial writes a package down; it counts when a second officer has
// approved it.
func (s *Service) ProposeSpecial(ctx context.Context, p *auth.Principal, in rule.Special) (string, error) {
	if err := allow(p, PermSpecial); err != nil {
		return "", err
	}
	in.EndedOn, in.EndedBy = kernel.Date{}, ""
	if err := s.checkSpecial(in); err != nil {
		return "", err
	}
	now := s.Clock.Now()
	t := SpecialTime{ID: kernel.NewID(now), Rules: in, State: SpecialProposed, Made: handOf(p.Actor, now), Version: 1}
	return t.ID, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insertSpecial(ctx, tx, t); err != nil {
			if db.IsUnique(err) {
				return kernel.Bad("notice", "taken", in.Notice)
			}
			return err
		}
		err := worklist.Open(ctx, tx, now, worklist.Item{Kind: todoSpecial, Subject: t.Subject(), Role: RoleApprover, Room: "licensing",
			Title: kernel.Text{ZH: "特殊时期规则待复核：" + in.Notice, EN: "Special-time rules, second approval: " + in.Notice}, Link: "/licensing/special/" + t.ID})
		if err != nil {
			return err
		}
		return s.auditSpecial(ctx, tx, &t, "propose", p.Actor, now)
	})
}

func (s *Service) checkSpecial(in rule.Special) error {
	var c kernel.Check
	if err := in.Check(); err != nil && !c.Merge("", err) {
		return err
	}
	for _, name := range in.Items {
		if !s.knownToRules(name) {
			c.Add("items", "one_of", name)
		}
	}
	return c.Err()
}

// knownToRules reports whether a name is an item, a group or a category.
func (s *Service) knownToRules(name string) bool {
	if _, ok := s.Rules.Category(name); ok {
		return true
	}
	for _, it := range s.Rules.Items() {
		if it.ID == name || it.Group == name {
			return true
		}
	}
	return false
}

func (s *Service) auditSpecial(ctx context.Context, tx *db.Tx, t *SpecialTime, act string, by kernel.Actor, now time.Time) error {
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: by, Action: "licensing.special." + act, Subject: t.Subject(), After: map[string]any{"state": t.State, "rules": t.Rules}})
}

// AnswerSpecial approves a package, by a different person than who proposed
// it, and starts the extension in bulk; or declines it. It returns the id of
// the job, "" when there is nothing to extend.
func (s *Service) AnswerSpecial(ctx context.Context, p *auth.Principal, id string, version int64, approve bool) (jobID string, err error) {
	err = s.onSpecial(ctx, p, id, version, func(ctx context.Context, tx *db.Tx, t *SpecialTime, now time.Time) error {
		if t.State != SpecialProposed {
			return wrongSpecial(t)
		}
		if auth.DifferentHands(kernel.Actor{ID: t.Made.ID, For: t.Made.For}, p.Actor) != nil {
			return kernel.Refused("licensing.error.same_person")
		}
		t.Approved, t.State = handOf(p.Actor, now), SpecialDeclined
		if approve {
			t.State = SpecialRunning
		}
		if err := saveSpecial(ctx, tx, t); err != nil {
			return err
		}
		if err := worklist.Close(ctx, tx, now, todoSpecial, t.Subject()); err != nil {
			return err
		}
		if approve && t.Rules.Prolong != nil {
			if jobID, err = s.specialJob(ctx, tx, jobExtend, t, p.Actor); err != nil {
				return err
			}
		}
		return s.auditSpecial(ctx, tx, t, "answer", p.Actor, now)
	})
	return jobID, err
}

func wrongSpecial(t *SpecialTime) error {
	return kernel.Clash("licensing.error.special_state", map[string]any{"state": string(t.State)})
}

// specialArgs are the arguments of both jobs.
type specialArgs struct {
	SpecialID string `json:"special_id"`
}

func (s *Service) specialJob(ctx context.Context, tx *db.Tx, kind string, t *SpecialTime, by kernel.Actor) (string, error) {
	title := kernel.Text{ZH: "批量延长有效期：" + t.Rules.Notice, EN: "Extend licences: " + t.Rules.Notice}
	if kind == jobEnd {
		title = kernel.Text{ZH: "特殊时期结束清理：" + t.Rules.Notice, EN: "End of special time: " + t.Rules.Notice}
	}
	return s.Jobs.Enqueue(ctx, tx, job.Job{Kind: kind, Args: specialArgs{t.ID}, Actor: by, Title: title, Key: t.ID, Group: "licensing.special"})
}

func (s *Service) onSpecial(ctx context.Context, p *auth.Principal, id string, version int64, fn func(ctx context.Context, tx *db.Tx, t *SpecialTime, now time.Time) error) error {
	if err := allow(p, PermSpecial); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := getSpecial(ctx, tx, id)
		if err != nil {
			return err
		}
		if version != 0 && version != t.Version {
			return kernel.Clash("error.changed_meanwhile", nil)
		}
		return fn(ctx, tx, &t, s.Clock.Now())
	})
}

// EndSpecial ends a package by another notice. What it gave to licences that
// would have ended while it ran stays; those that end only after it get their
// own last day back. Replaced site checks become due. It returns the id of
// the job that does so.
func (s *Service) EndSpecial(ctx context.Context, p *auth.Principal, id string, version int64, on kernel.Date, notice string) (jobID string, err error) {
	err = s.onSpecial(ctx, p, id, version, func(ctx context.Context, tx *db.Tx, t *SpecialTime, now time.Time) error {
		if t.State != SpecialRunning {
			return wrongSpecial(t)
		}
		t.Rules.EndedOn, t.Rules.EndedBy, t.EndedBy, t.State = on, notice, p.Actor.Name, SpecialEnded
		var c kernel.Check
		c.Text("ended_by", notice, 80)
		if on.IsZero() {
			c.Add("ended_on", "required", "")
		}
		if err := c.Err(); err != nil {
			return err
		}
		if err := t.Rules.Check(); err != nil {
			return err
		}
		if err := saveSpecial(ctx, tx, t); err != nil {
			return err
		}
		if jobID, err = s.specialJob(ctx, tx, jobEnd, t, p.Actor); err != nil {
			return err
		}
		return s.auditSpecial(ctx, tx, t, "end", p.Actor, now)
	})
	return jobID, err
}

// Specials lists the packages, the newest first.
func (s *Service) Specials(ctx context.Context, p *auth.Principal) ([]SpecialTime, error) {
	if err := allow(p, PermRead); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, listSpecials)
}

// SpecialView is a package with the first lines of its catch-up list.
type SpecialView struct {
	SpecialTime
	Licences []CatchUp
	Checks   []CatchUp
}

// Special loads a package with what is still to be made good, up to limit
// lines of each list.
func (s *Service) Special(ctx context.Context, p *auth.Principal, id string, limit int) (*SpecialView, error) {
	if err := allow(p, PermRead); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*SpecialView, error) {
		t, err := getSpecial(ctx, q, id)
		if err != nil {
			return nil, err
		}
		v := &SpecialView{SpecialTime: t}
		if v.Licences, err = listCatchUpLicences(ctx, q, p.Scope, id, true, "", limit); err != nil {
			return nil, err
		}
		v.Checks, err = listSwapped(ctx, q, p.Scope, id, true, "", limit)
		return v, err
	})
}

// specialPlace is where a bulk job goes on.
type specialPlace struct {
	After string `json:"after"`
	Done  int64  `json:"done"`
}

// runExtend is the job that extends in bulk.
func (s *Service) runExtend(ctx context.Context, run *job.Run) error {
	var args specialArgs
	if err := run.Args(&args); err != nil {
		return err
	}
	var at specialPlace
	if _, err := run.Saved(&at); err != nil {
		return err
	}
	t, total, err := s.extendPlan(ctx, args.SpecialID)
	if err != nil {
		return err
	}
	for {
		n := 0
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			next := at
			if n, next.After, err = s.extendSlice(ctx, tx, &t, at.After, run.Actor); err != nil {
				return err
			}
			next.Done += int64(n)
			tx.AfterCommit(func() { at = next })
			return run.Save(ctx, tx, next)
		})
		if err != nil {
			return err
		}
		if err := run.Progress(ctx, at.Done, max(total, at.Done)); err != nil {
			return err
		}
		if n < specialSlice {
			return nil
		}
	}
}

func (s *Service) extendPlan(ctx context.Context, id string) (t SpecialTime, total int64, err error) {
	t, err = view(ctx, s.DB, func(ctx context.Context, q db.Q) (t SpecialTime, err error) {
		if t, err = getSpecial(ctx, q, id); err != nil {
			return t, err
		}
		total, err = countEnding(ctx, q, t.Rules.From, s.extendUntil(&t))
		return t, err
	})
	return t, total, err
}

// extendUntil is the last "last day" that a package extends today.
func (s *Service) extendUntil(t *SpecialTime) kernel.Date {
	if last := t.Rules.LastDay(); !last.IsZero() {
		return last
	}
	return kernel.DateOf(s.Clock.Now()).AddDays(specialAhead)
}

// extendSlice extends a page of licences and returns how many it looked at
// and the last of them.
func (s *Service) extendSlice(ctx context.Context, tx *db.Tx, t *SpecialTime, after string, by kernel.Actor) (n int, last string, err error) {
	page, err := endingBetween(ctx, tx, t.Rules.From, s.extendUntil(t), after, specialSlice)
	if err != nil {
		return 0, after, err
	}
	for _, l := range page {
		last = l.ID
		if err := s.extendOne(ctx, tx, t, l, by); err != nil {
			return 0, after, err
		}
	}
	if last == "" {
		last = after
	}
	return len(page), last, nil
}

// extendOne extends a licence if the package is about it and gives it more
// than it has.
func (s *Service) extendOne(ctx context.Context, tx *db.Tx, t *SpecialTime, l *Licence, by kernel.Actor) error {
	it, ok := s.Rules.ItemByID(l.Item)
	if !ok {
		return nil
	}
	to, ok := t.Rules.Prolongs(it, l.Area, l.ValidTo)
	if !ok || !to.After(l.End()) {
		return nil
	}
	now, before := s.Clock.Now(), l.State
	l.ExtendedTo = to
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	if err := markExtended(ctx, tx, t.ID, l.ID, l.ValidTo, to, now); err != nil {
		return err
	}
	if err := stopReminding(ctx, tx, l, now); err != nil { // its windows come again before the new last day
		return err
	}
	return s.did(ctx, tx, l, before, LicenceAct{Act: ActExtend, Until: to, Basis: t.Rules.Notice, Note: t.Rules.Title.ZH}, by, now)
}

// ExtendSpecials goes on with packages in force: licences that were entered
// after the bulk extension, and those that come into reach of a package
// without a last day. A daily job calls it.
func (s *Service) ExtendSpecials(ctx context.Context) error {
	running, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]SpecialTime, error) {
		return runningSpecials(ctx, q, kernel.DateOf(s.Clock.Now()))
	})
	if err != nil {
		return err
	}
	for i := range running {
		if running[i].Rules.Prolong == nil {
			continue
		}
		if err := s.extendAll(ctx, &running[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) extendAll(ctx context.Context, t *SpecialTime) error {
	for after, n := "", specialSlice; n == specialSlice; {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			found, last, err := s.extendSlice(ctx, tx, t, after, kernel.System("licensing.special"))
			tx.AfterCommit(func() { n, after = found, last })
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// runEnd is the job after the end of a package.
func (s *Service) runEnd(ctx context.Context, run *job.Run) error {
	var args specialArgs
	if err := run.Args(&args); err != nil {
		return err
	}
	var at specialPlace
	if _, err := run.Saved(&at); err != nil {
		return err
	}
	t, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (SpecialTime, error) { return getSpecial(ctx, q, args.SpecialID) })
	if err != nil {
		return err
	}
	for n := specialSlice; n == specialSlice; {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			found, last, err := s.endSlice(ctx, tx, &t, at.After, run.Actor)
			if err != nil {
				return err
			}
			next := specialPlace{After: last, Done: at.Done + int64(found)}
			tx.AfterCommit(func() { n, at = found, next })
			return run.Save(ctx, tx, next)
		})
		if err != nil {
			return err
		}
		if err := run.Progress(ctx, at.Done, 0); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.dueSwaps(ctx, tx, &t) })
}

// endSlice gives licences that end only after the special time their own last
// day back.
func (s *Service) endSlice(ctx context.Context, tx *db.Tx, t *SpecialTime, after string, by kernel.Actor) (n int, last string, err error) {
	marks, ids, err := extendedBy(ctx, tx, t.ID, after, specialSlice)
	if err != nil {
		return 0, after, err
	}
	last = after
	for i, id := range ids {
		last = id
		l, err := getLicence(ctx, tx, auth.CityScope(), id)
		if err != nil {
			return 0, after, err
		}
		it, ok := s.Rules.ItemByID(l.Item)
		if ok && l.ExtendedTo == marks[i].NewTo {
			if _, still := t.Rules.Prolongs(it, l.Area, marks[i].OldTo); !still {
				if err := s.shorten(ctx, tx, t, l, by); err != nil {
					return 0, after, err
				}
			}
		}
	}
	return len(ids), last, nil
}

func (s *Service) shorten(ctx context.Context, tx *db.Tx, t *SpecialTime, l *Licence, by kernel.Actor) error {
	now, before := s.Clock.Now(), l.State
	l.ExtendedTo = kernel.Date{}
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	if err := caughtUp(ctx, tx, l.ID, "shortened", now); err != nil {
		return err
	}
	return s.did(ctx, tx, l, before, LicenceAct{Act: ActShorten, Until: l.ValidTo, Basis: t.Rules.EndedBy}, by, now)
}

// dueSwaps gives the replaced site checks their day and their to-do.
func (s *Service) dueSwaps(ctx context.Context, tx *db.Tx, t *SpecialTime) error {
	cal, err := deadline.Load(ctx, tx)
	if err != nil {
		return err
	}
	due, err := t.Rules.VerifyBy(cal)
	if err != nil || due.IsZero() {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE licensing_special_checks SET due = $1 WHERE special_id = $2 AND verified_at = 0`, due, t.ID); err != nil {
		return err
	}
	open, err := listSwapped(ctx, tx, auth.CityScope(), t.ID, true, "", 10000)
	if err != nil {
		return err
	}
	for _, c := range open {
		if err := worklist.SetDue(ctx, tx, todoVerifySwap, "swap:"+c.CaseID, due.End()); err != nil {
			return err
		}
	}
	return nil
}

// siteCheckSwap says what stands for the site check of an item on a date, and
// by which package; NoSwap when nothing does.
func (s *Service) siteCheckSwap(ctx context.Context, q db.Q, item, area string, on kernel.Date) (rule.Swap, SpecialTime, error) {
	it, ok := s.Rules.ItemByID(item)
	if !ok {
		return rule.NoSwap, SpecialTime{}, nil
	}
	running, err := runningSpecials(ctx, q, on)
	if err != nil {
		return rule.NoSwap, SpecialTime{}, err
	}
	for _, t := range running {
		if swap := t.Rules.Swaps(it, area, on); swap != rule.NoSwap {
			return swap, t, nil
		}
	}
	return rule.NoSwap, SpecialTime{}, nil
}

// recordSwap notes that a package replaced the site check of a case: it is
// made good later, and a to-do says so.
func (s *Service) recordSwap(ctx context.Context, tx *db.Tx, t SpecialTime, c *Case, swap rule.Swap, now time.Time) error {
	cal, err := deadline.Load(ctx, tx)
	if err != nil {
		return err
	}
	due, err := t.Rules.VerifyBy(cal)
	if err != nil {
		return err
	}
	if err := insertSwap(ctx, tx, t.ID, c, swap, due, now); err != nil {
		return err
	}
	it := worklist.Item{Kind: todoVerifySwap, Subject: "swap:" + c.ID, Role: RoleReviewer, Area: c.Area, Enterprise: c.EnterpriseID, Room: "licensing",
		Title: kernel.Text{ZH: "补做现场核查：" + c.Applicant + " " + c.Number, EN: "Make good the site check: " + c.Applicant + " " + c.Number}, Link: "/licensing/special/" + t.ID}
	if !due.IsZero() {
		it.Due = due.End()
	}
	return worklist.Open(ctx, tx, now, it)
}

// VerifySwap records that a replaced site check was made good.
func (s *Service) VerifySwap(ctx context.Context, p *auth.Principal, specialID, caseID string, passed bool, note string) error {
	var check kernel.Check
	check.Text("note", note, 1000)
	if err := check.Err(); err != nil {
		return err
	}
	_, err := s.act(ctx, doing{by: p, needs: PermReview, caseID: caseID, name: "verify_swap", note: note, hidden: true}, func(ctx context.Context, sc *scene) error {
		if err := verifySwap(ctx, sc.tx, specialID, caseID, passed, note, sc.by, sc.now); err != nil {
			return err
		}
		return worklist.Close(ctx, sc.tx, sc.now, todoVerifySwap, "swap:"+caseID)
	})
	return err
}

// CatchUpLicence takes a licence off the catch-up list by hand, with what made
// it good (a renewal does so by itself).
func (s *Service) CatchUpLicence(ctx context.Context, p *auth.Principal, licenceID, how string) error {
	var check kernel.Check
	check.Text("note", how, 200)
	if err := check.Err(); err != nil {
		return err
	}
	_, err := s.onLicence(ctx, p, PermRenewal, licenceID, 0, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		if err := caughtUp(ctx, tx, l.ID, how, now); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.special.caught_up", Subject: l.Subject(), After: map[string]string{"how": how}})
	})
	return err
}

// shift is by how many days the packages in force move a licence's reminders.
func shift(rules *rule.Catalogue, running []SpecialTime, l *Licence) int {
	it, ok := rules.ItemByID(l.Item)
	if !ok {
		return 0
	}
	days := 0
	for _, t := range running {
		if t.Rules.Covers(it, l.Area) {
			days += t.Rules.ShiftDays
		}
	}
	return days
}
