package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// SaveEnterprise registers e when it has no id, else changes it from the
// version that e carries; see PutEnterprise.
func (s *Service) SaveEnterprise(ctx context.Context, p *auth.Principal, e Enterprise) (Enterprise, error) {
	var out Enterprise
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.PutEnterprise(ctx, tx, p, e)
		return err
	})
	if db.IsUnique(err) {
		err = kernel.Bad("uscc", "taken", e.USCC)
	}
	return out, err
}

// PutEnterprise is SaveEnterprise inside the caller's transaction. A new name
// puts the old one among the former names. When somebody changed the
// enterprise since e.Version the error is a Conflict; Changes shows what
// differs. State, sample mark and times of e are taken from what is stored.
func (s *Service) PutEnterprise(ctx context.Context, tx *db.Tx, p *auth.Principal, e Enterprise) (Enterprise, error) {
	if err := need(p, PermWrite); err != nil {
		return e, err
	}
	return s.put(ctx, tx, hand{p.Actor, p.Scope}, e)
}

// hand is who writes and how far they reach.
type hand struct {
	actor kernel.Actor
	scope auth.Scope
}

func (s *Service) put(ctx context.Context, tx *db.Tx, by hand, e Enterprise) (Enterprise, error) {
	tidy(&e)
	stored, err := s.stored(ctx, tx, by.scope, e.ID)
	if err != nil {
		return e, err
	}
	if err := s.checkEnterprise(ctx, tx, by.scope, e, stored); err != nil {
		return e, err
	}
	if e.ID == "" {
		return s.register(ctx, tx, by.actor, e, Active)
	}
	return s.change(ctx, tx, by.actor, e, stored)
}

// SaveContacts lets an enterprise, or an officer, replace the contacts alone.
func (s *Service) SaveContacts(ctx context.Context, p *auth.Principal, id string, version int64, contacts []Contact) (Enterprise, error) {
	var out Enterprise
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if need(p, PermWrite) != nil {
			if err := need(p, PermContacts); err != nil {
				return err
			}
		}
		stored, err := s.stored(ctx, tx, p.Scope, id)
		if err != nil {
			return err
		}
		e := stored.Enterprise
		e.Version, e.Contacts = version, contacts
		tidy(&e)
		var c kernel.Check
		checkContacts(&c, e.Contacts, masked(stored.Contacts))
		if err := c.Err(); err != nil {
			return err
		}
		out, err = s.change(ctx, tx, p.Actor, e, stored)
		return err
	})
	return out, err
}

// CloseEnterprise records that an enterprise has ended (注销, 吊销, moved away).
// reason is kept in the audit row.
func (s *Service) CloseEnterprise(ctx context.Context, p *auth.Principal, id string, version int64, reason string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermWrite); err != nil {
			return err
		}
		var c kernel.Check
		c.Text("reason", reason, 500)
		if err := c.Err(); err != nil {
			return err
		}
		stored, err := s.stored(ctx, tx, p.Scope, id)
		if err != nil {
			return err
		}
		if stored.State == Closed {
			return kernel.Clash("registry.error.closed", nil)
		}
		e := stored.Enterprise
		e.Version, e.Contacts = version, masked(stored.Contacts)
		return s.moveTo(ctx, tx, p.Actor, stored, e, transition{Closed, "registry.enterprise.close", reason})
	})
}

// transition is a change of state with its name and reason.
type transition struct {
	to     State
	action string
	reason string
}

func (s *Service) moveTo(ctx context.Context, tx *db.Tx, actor kernel.Actor, stored record, e Enterprise, t transition) error {
	if e.Version != stored.Version {
		return clash(ctx, tx, e, stored)
	}
	now := s.Clock.Now()
	e.State, e.Version, e.UpdatedAt = t.to, stored.Version+1, now
	if err := updateEnterprise(ctx, tx, e); err != nil {
		return err
	}
	if err := insertVersion(ctx, tx, actor, record{e, stored.Contacts}); err != nil {
		return err
	}
	err := audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: t.action, Subject: subject(e.ID),
		Before: map[string]any{"state": stored.State}, After: map[string]any{"state": e.State, "reason": t.reason}})
	if err != nil {
		return err
	}
	return EnterpriseClosed.Emit(ctx, tx, s.Bus, now, actor, subject(e.ID), EnterpriseChange{ID: e.ID, Version: e.Version, Area: e.Area, Reason: t.reason})
}

// ClaimEnterprise returns the id of the enterprise with a code, which it
// records as unconfirmed under the claimed name when nobody has registered it.
// The name must then be the registered one, or one it had before.
func (s *Service) ClaimEnterprise(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, uscc, name string) (string, error) {
	trim(&uscc, &name)
	var c kernel.Check
	c.Merge("", kernel.CheckUSCC("uscc", uscc))
	c.Text("enterprise_name", name, 120)
	if err := c.Err(); err != nil {
		return "", err
	}
	e, err := FindEnterprise(ctx, tx, auth.CityScope(), uscc)
	if kernel.KindOf(err) == kernel.NotFound {
		e, err = s.register(ctx, tx, actor, Enterprise{USCC: uscc, Name: name, Trade: "other"}, Unconfirmed)
		return e.ID, err
	}
	if err != nil {
		return "", err
	}
	if !e.named(name) {
		return "", kernel.Bad("enterprise_name", "mismatch", name)
	}
	return e.ID, nil
}

// named reports whether the enterprise has, or had, a name; full-width
// brackets are as good as plain ones.
func (e Enterprise) named(name string) bool {
	plain := strings.NewReplacer("（", "(", "）", ")", " ", "").Replace
	if plain(e.Name) == plain(name) {
		return true
	}
	for _, f := range e.FormerNames {
		if plain(f.Name) == plain(name) {
			return true
		}
	}
	return false
}

// Unmask returns the contacts of an enterprise in clear and records who looked
// and why.
func (s *Service) Unmask(ctx context.Context, p *auth.Principal, id, reason string) ([]Contact, error) {
	var out []Contact
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermUnmask); err != nil {
			return err
		}
		var c kernel.Check
		c.Text("reason", reason, 200)
		if err := c.Err(); err != nil {
			return err
		}
		if _, err := s.stored(ctx, tx, p.Scope, id); err != nil {
			return err
		}
		contacts, err := s.Reach(ctx, tx, id)
		if err != nil {
			return err
		}
		out = contacts
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "registry.enterprise.unmask",
			Subject: subject(id), After: map[string]any{"reason": reason, "contacts": len(contacts)}})
	})
	return out, err
}

func subject(id string) string { return "enterprise:" + id }

func tidy(e *Enterprise) {
	trim(&e.USCC, &e.Name, &e.Address, &e.LegalPerson, &e.Street, &e.Attributes.Website)
	e.Contacts = append([]Contact(nil), e.Contacts...)
	for i := range e.Contacts {
		c := &e.Contacts[i]
		trim(&c.Name, &c.Phone, &c.Email)
	}
	e.FormerNames = append([]FormerName{}, e.FormerNames...)
}

// stored returns what is there under an id, an empty record without one.
func (s *Service) stored(ctx context.Context, q db.Q, scope auth.Scope, id string) (record, error) {
	if id == "" {
		return record{}, nil
	}
	e, err := GetEnterprise(ctx, q, scope, id)
	if err != nil {
		return record{}, err
	}
	contacts, err := loadContacts(ctx, q, id)
	return record{e, contacts}, err
}

// checkEnterprise reports every bad field, those included that only the
// database knows.
func (s *Service) checkEnterprise(ctx context.Context, q db.Q, scope auth.Scope, e Enterprise, stored record) error {
	var c kernel.Check
	was := stored.Enterprise
	was.Contacts = masked(stored.Contacts)
	if err := e.Check(was); err != nil && !c.Merge("", err) {
		return err
	}
	if err := checkPlace(ctx, q, &c, e.Area, e.Street); err != nil {
		return err
	}
	if e.Area != "" && e.Area != was.Area && !scope.Sees(e.Area, "", "") {
		c.Add("area", "choice", e.Area)
	}
	other, err := db.Value[string](ctx, q, `SELECT id FROM registry_enterprises WHERE uscc = $1`, e.USCC)
	switch {
	case err == nil && other != e.ID:
		c.Add("uscc", "taken", e.USCC)
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	}
	return c.Err()
}

func (s *Service) register(ctx context.Context, tx *db.Tx, actor kernel.Actor, e Enterprise, state State) (Enterprise, error) {
	now := s.Clock.Now()
	e.ID, e.State, e.Version, e.CreatedAt, e.UpdatedAt = kernel.NewID(now), state, 1, now, now
	if e.FormerNames == nil {
		e.FormerNames = []FormerName{}
	}
	if err := insertEnterprise(ctx, tx, e); err != nil {
		return e, err
	}
	return s.written(ctx, tx, actor, e, record{})
}

func (s *Service) change(ctx context.Context, tx *db.Tx, actor kernel.Actor, e Enterprise, stored record) (Enterprise, error) {
	if e.Version != stored.Version {
		return e, clash(ctx, tx, e, stored)
	}
	now := s.Clock.Now()
	e.State, e.Sample, e.CreatedAt = stored.State, stored.Sample, stored.CreatedAt
	if e.State == Unconfirmed && e.Area != "" {
		e.State = Active // an officer has filled in what the claim lacked
	}
	e.Version, e.UpdatedAt = stored.Version+1, now
	if e.Name != stored.Name {
		e.FormerNames = append(e.FormerNames, FormerName{stored.Name, kernel.DateOf(now)})
	}
	if err := updateEnterprise(ctx, tx, e); err != nil {
		return e, err
	}
	return s.written(ctx, tx, actor, e, stored)
}

// written does what follows the row: contacts, history, index, audit, event.
func (s *Service) written(ctx context.Context, tx *db.Tx, actor kernel.Actor, e Enterprise, before record) (Enterprise, error) {
	sealed, err := s.sealContacts(ctx, tx, e.UpdatedAt, e.Contacts, before.Contacts)
	if err != nil {
		return e, fmt.Errorf("contacts of %s: %w", e.ID, err)
	}
	if err := saveContacts(ctx, tx, e.ID, sealed); err != nil {
		return e, err
	}
	e.Contacts = masked(sealed)
	after := record{e, sealed}
	if err := insertVersion(ctx, tx, actor, after); err != nil {
		return e, err
	}
	if err := index(ctx, tx, e); err != nil {
		return e, err
	}
	entry := audit.Entry{At: e.UpdatedAt, Actor: actor, Action: "registry.enterprise.register", Subject: subject(e.ID), After: after}
	typ, payload := EnterpriseRegistered, EnterpriseChange{ID: e.ID, Version: e.Version, Area: e.Area}
	if before.ID != "" {
		entry.Action, entry.Before = "registry.enterprise.change", before
		typ, payload.Fields = EnterpriseChanged, changedFields(before, after)
	}
	if err := audit.Write(ctx, tx, entry); err != nil {
		return e, err
	}
	return e, emit(ctx, tx, s.Bus, typ, e, actor, payload)
}

func emit(ctx context.Context, tx *db.Tx, bus *event.Bus, typ event.Type[EnterpriseChange], e Enterprise, actor kernel.Actor, payload EnterpriseChange) error {
	return typ.Emit(ctx, tx, bus, e.UpdatedAt, actor, subject(e.ID), payload)
}

// clash builds the Conflict that shows what differs.
func clash(ctx context.Context, q db.Q, e Enterprise, stored record) error {
	base, err := versionOf(ctx, q, e.ID, e.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return kernel.Bad("version", "not_found", fmt.Sprint(e.Version))
	}
	if err != nil {
		return err
	}
	base.Contacts = withMasks(base.Contacts, stored.Contacts)
	yours := record{e, asSealed(e.Contacts, base.Contacts, stored.Contacts)}
	yours.State = base.State
	return kernel.Clash("error.changed_meanwhile", map[string]any{"changes": compare(base, stored, yours)})
}

// withMasks gives contacts from history, which keeps no masks, those of the
// stored contacts with the same sealed values.
func withMasks(old, stored []sealedContact) []sealedContact {
	for i := range old {
		for _, s := range stored {
			if s.ID == old[i].ID && s.Phone == old[i].Phone {
				old[i].phoneMasked = s.phoneMasked
			}
			if s.ID == old[i].ID && s.Email == old[i].Email {
				old[i].emailMasked = s.emailMasked
			}
		}
	}
	return old
}

// asSealed makes given contacts comparable with stored ones: what still shows
// its mask is what was stored, anything else differs from everything.
func asSealed(given []Contact, known ...[]sealedContact) []sealedContact {
	out := make([]sealedContact, len(given))
	for i, g := range given {
		out[i] = sealedContact{ID: g.ID, Role: g.Role, Name: g.Name, Phone: "new", Email: "new",
			phoneMasked: personal.MaskPhone(g.Phone), emailMasked: maskEmail(g.Email)}
		for _, contacts := range known {
			for _, k := range contacts {
				if k.ID != g.ID || g.ID == "" {
					continue
				}
				if g.Phone == k.phoneMasked {
					out[i].Phone, out[i].phoneMasked = k.Phone, k.phoneMasked
				}
				if g.Email == k.emailMasked {
					out[i].Email, out[i].emailMasked = k.Email, k.emailMasked
				}
			}
		}
	}
	return out
}
