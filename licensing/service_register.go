package licensing

import (
	"context"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
)

// LicencePage is a page of the register.
type LicencePage struct {
	Rows  []LicenceRow
	Total int64 // exact up to TotalCap
	More  bool
}

// Register lists licences in the principal's scope, the earliest last day
// first; every end state stands apart.
func (s *Service) Register(ctx context.Context, p *auth.Principal, f LicenceFilter) (LicencePage, error) {
	if err := mayRead(p); err != nil {
		return LicencePage{}, err
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	today := kernel.DateOf(s.Clock.Now())
	var keys []string
	if f.Number != "" { // a personal number is found by its keyed hash
		keys = []string{f.Number, s.Vault.Hash("licence_number", f.Number)}
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (out LicencePage, err error) {
		ask := f
		ask.Limit++
		if out.Rows, err = listLicences(ctx, q, p.Scope, ask, keys, today); err != nil {
			return out, err
		}
		if len(out.Rows) > f.Limit {
			out.Rows, out.More = out.Rows[:f.Limit], true
		}
		out.Total, err = countLicences(ctx, q, p.Scope, f, keys, today)
		return out, err
	})
}

// LicenceView is everything a page shows of one licence.
type LicenceView struct {
	*Licence
	Title     kernel.Text
	Now       LicenceState // as it counts today
	Acts      []LicenceAct
	Papers    []Paper
	Materials []LicenceMaterial
	Contacts  []Contact
	Special   []SpecialMark
	Request   *ActRequest // a harsh act that waits for a second officer, nil none
	Can       []Act       // that an officer may do
	Today     kernel.Date
}

// Licence loads a licence for a page.
func (s *Service) Licence(ctx context.Context, p *auth.Principal, id string) (*LicenceView, error) {
	if err := mayRead(p); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*LicenceView, error) {
		l, err := getLicence(ctx, q, p.Scope, id)
		if err != nil {
			return nil, err
		}
		today := kernel.DateOf(s.Clock.Now())
		v := &LicenceView{Licence: l, Title: s.licenceTitle(l.Item), Now: l.StateOn(today), Today: today}
		load := func(step func() error) {
			if err == nil {
				err = step()
			}
		}
		load(func() error { v.Acts, err = listActs(ctx, q, id); return err })
		load(func() error { v.Papers, err = listLicencePapers(ctx, q, id); return err })
		load(func() error { v.Materials, err = listMaterials(ctx, q, id); return err })
		load(func() error { v.Special, err = specialMarks(ctx, q, id); return err })
		if p.Can(PermRead) {
			load(func() error { v.Contacts, err = listContacts(ctx, q, id); return err })
			load(func() error { v.Request, err = openActRequest(ctx, q, id); return err })
			v.Can = l.Can(today)
		}
		return v, err
	})
}

// ActRequest is a harsh act that waits for a second officer.
type ActRequest struct {
	ID        string
	LicenceID string
	Act       Act
	Until     kernel.Date // of a suspension
	Basis     string
	Note      string
	State     string // "open", "approved", "declined"
	Asked     Hand
	Answered  Hand
	Answer    string
}

const selectActRequest = `SELECT id, licence_id, act, until_date, basis, note, state, asked_by, asked_by_name, asked_for, asked_at, answered_by, answered_by_name, answered_at, answer
	FROM licensing_act_requests `

func scanActRequest(s db.Scanner) (r ActRequest, err error) {
	var asked, answered int64
	err = s.Scan(&r.ID, &r.LicenceID, &r.Act, &r.Until, &r.Basis, &r.Note, &r.State, &r.Asked.ID, &r.Asked.Name, &r.Asked.For, &asked,
		&r.Answered.ID, &r.Answered.Name, &answered, &r.Answer)
	r.Asked.At, r.Answered.At = kernel.FromMicros(asked), kernel.FromMicros(answered)
	return r, err
}

// openActRequest returns the request about a licence that waits, or nil.
func openActRequest(ctx context.Context, q db.Q, licenceID string) (*ActRequest, error) {
	found, err := db.All(ctx, q, scanActRequest, selectActRequest+`WHERE licence_id = $1 AND state = 'open'`, licenceID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// ActInput is an officer's act on the register.
type ActInput struct {
	Act   Act
	Basis string      // clause of law, or number of the decision
	Note  string      // facts
	Until kernel.Date // last day of a suspension
}

func (in ActInput) check(today kernel.Date) error {
	var c kernel.Check
	known := false
	for _, a := range OfficerActs {
		known = known || a == in.Act
	}
	if !known {
		c.Add("act", "one_of", string(in.Act))
	}
	c.Text("basis", in.Basis, 200)
	c.Length("note", in.Note, 2000)
	if in.Act.Harsh() {
		c.Require("note", in.Note)
	}
	switch {
	case in.Act == ActSuspend && !in.Until.After(today):
		c.Add("until", "future", in.Until.String())
	case in.Act != ActSuspend && !in.Until.IsZero():
		c.Add("until", "not_here", in.Until.String())
	}
	return c.Err()
}

// onLicence runs fn on a licence in scope in one transaction.
func (s *Service) onLicence(ctx context.Context, p *auth.Principal, perm auth.Permission, id string, version int64, fn func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error) (*Licence, error) {
	if err := allow(p, perm); err != nil {
		return nil, err
	}
	var out *Licence
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err := getLicence(ctx, tx, p.Scope, id)
		if err != nil {
			return err
		}
		if version != 0 && version != l.Version {
			return kernel.Clash("error.changed_meanwhile", nil)
		}
		out = l
		return fn(ctx, tx, l, s.Clock.Now())
	})
	return out, err
}

// todoSecond is the to-do of whoever approves a harsh act.
const todoSecond = "licensing.second_act"

// ActOn does an officer's act on a licence: resume and deregister at once; a
// harsh one (suspend, annul, revoke, forfeit) is asked for and done when a
// second officer approves it.
func (s *Service) ActOn(ctx context.Context, p *auth.Principal, id string, version int64, in ActInput) (*Licence, error) {
	if err := in.check(kernel.DateOf(s.Clock.Now())); err != nil {
		return nil, err
	}
	return s.onLicence(ctx, p, PermRegister, id, version, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		if !in.Act.Harsh() {
			return s.doAct(ctx, tx, l, LicenceAct{Act: in.Act, Basis: in.Basis, Note: in.Note}, p.Actor, now)
		}
		trial := *l // the request must be possible now
		if err := trial.Do(in.Act, kernel.DateOf(now)); err != nil {
			return err
		}
		return s.askAct(ctx, tx, l, in, p.Actor, now)
	})
}

func (s *Service) askAct(ctx context.Context, tx *db.Tx, l *Licence, in ActInput, by kernel.Actor, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_act_requests (id, licence_id, act, until_date, basis, note, state, asked_by, asked_by_name, asked_for, asked_at,
		answered_by, answered_by_name, answered_at, answer) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, '', '', 0, '')`,
		kernel.NewID(now), l.ID, string(in.Act), in.Until, in.Basis, in.Note, by.ID, by.Name, by.For, kernel.Micros(now))
	if db.IsUnique(err) {
		return kernel.Clash("licensing.error.act_waits", map[string]any{"number": l.Number})
	}
	if err != nil {
		return err
	}
	err = worklist.Open(ctx, tx, now, worklist.Item{Kind: todoSecond, Subject: l.Subject(), Role: RoleApprover, Area: l.Area, Enterprise: l.EnterpriseID,
		Title: kernel.Text{ZH: actWord[in.Act].ZH + "待复核：" + l.Number + " " + l.Holder, EN: actWord[in.Act].EN + ", second approval: " + l.Number + " " + l.Holder},
		Link:  "/licensing/licences/" + l.ID, Room: "licensing"})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: by, Action: "licensing.licence.ask_" + string(in.Act), Subject: l.Subject(),
		After: map[string]any{"basis": in.Basis, "until": in.Until}})
}

// AnswerAct approves or declines a harsh act: by a different person than who
// asked for it.
func (s *Service) AnswerAct(ctx context.Context, p *auth.Principal, licenceID, requestID string, approve bool, answer string) (*Licence, error) {
	if !approve {
		var c kernel.Check
		c.Text("answer", answer, 500)
		if err := c.Err(); err != nil {
			return nil, err
		}
	}
	return s.onLicence(ctx, p, PermApprove, licenceID, 0, func(ctx context.Context, tx *db.Tx, l *Licence, now time.Time) error {
		r, err := openActRequest(ctx, tx, l.ID)
		if err != nil {
			return err
		}
		if r == nil || r.ID != requestID {
			return kernel.Clash("error.changed_meanwhile", nil)
		}
		if auth.DifferentHands(kernel.Actor{ID: r.Asked.ID, For: r.Asked.For}, p.Actor) != nil {
			return kernel.Refused("licensing.error.same_person")
		}
		if err := answerActRequest(ctx, tx, r.ID, approve, answer, p.Actor, now); err != nil {
			return err
		}
		if err := worklist.Close(ctx, tx, now, todoSecond, l.Subject()); err != nil {
			return err
		}
		if !approve {
			return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.licence.decline_" + string(r.Act), Subject: l.Subject(), After: map[string]string{"answer": answer}})
		}
		a := LicenceAct{Act: r.Act, Until: r.Until, Basis: r.Basis, Note: r.Note, Actor: r.Asked.ID, ActorName: r.Asked.Name, Second: p.Actor.ID, SecondName: p.Actor.Name}
		return s.doAct(ctx, tx, l, a, p.Actor, now)
	})
}

func answerActRequest(ctx context.Context, tx *db.Tx, id string, approve bool, answer string, by kernel.Actor, now time.Time) error {
	state := "declined"
	if approve {
		state = "approved"
	}
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_act_requests SET state = $1, answered_by = $2, answered_by_name = $3, answered_at = $4, answer = $5 WHERE id = $6 AND state = 'open'`,
		state, by.ID, by.Name, kernel.Micros(now), answer, id))
}

// todoResume is the to-do when the last day of a suspension nears.
const todoResume = "licensing.resume"

// doAct applies an act and writes what follows from it.
func (s *Service) doAct(ctx context.Context, tx *db.Tx, l *Licence, a LicenceAct, by kernel.Actor, now time.Time) error {
	before := l.State
	if err := l.Do(a.Act, kernel.DateOf(now)); err != nil {
		return err
	}
	if err := saveLicence(ctx, tx, l, now); err != nil {
		return err
	}
	if err := s.actTodos(ctx, tx, l, a, now); err != nil {
		return err
	}
	if err := s.did(ctx, tx, l, before, a, by, now); err != nil {
		return err
	}
	return s.republish(ctx, tx, l, by, now)
}

// actTodos keeps reminders and the end of a suspension in step with the act.
func (s *Service) actTodos(ctx context.Context, tx *db.Tx, l *Licence, a LicenceAct, now time.Time) error {
	switch a.Act {
	case ActSuspend:
		return worklist.Open(ctx, tx, now, worklist.Item{Kind: todoResume, Subject: l.Subject(), Role: RoleApprover, Area: l.Area, Enterprise: l.EnterpriseID,
			Title: kernel.Text{ZH: "暂扣期满处理：" + l.Number + " " + l.Holder, EN: "Suspension ends: " + l.Number + " " + l.Holder},
			Link:  "/licensing/licences/" + l.ID, Due: a.Until.End(), Room: "licensing"})
	case ActResume:
		return worklist.Close(ctx, tx, now, todoResume, l.Subject())
	}
	if err := caughtUp(ctx, tx, l.ID, string(a.Act), now); err != nil {
		return err
	}
	return worklist.CloseAll(ctx, tx, now, l.Subject())
}

// actWord names the acts in to-dos, which are stored with both languages.
var actWord = map[Act]kernel.Text{
	ActSuspend: {ZH: "暂扣", EN: "Suspend"}, ActResume: {ZH: "恢复", EN: "Resume"}, ActAnnul: {ZH: "撤销", EN: "Annul"},
	ActRevoke: {ZH: "撤回", EN: "Revoke"}, ActForfeit: {ZH: "吊销", EN: "Forfeit"}, ActDeregister: {ZH: "注销", EN: "Deregister"},
}
