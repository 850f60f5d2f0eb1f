package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// SavePerson records m when it has no id, else changes it from the version
// that m carries.
func (s *Service) SavePerson(ctx context.Context, p *auth.Principal, m Person) (Person, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermWrite); err != nil {
			return err
		}
		out, err := s.putPerson(ctx, tx, hand{p.Actor, p.Scope}, m)
		if err == nil {
			m = out
		}
		return err
	})
	return m, err
}

// EnsurePerson returns the person with m's identity document, recording m when
// nobody has it yet. It is for a room that has just checked an application:
// the caller answers for the permission. The name must be the recorded one.
func (s *Service) EnsurePerson(ctx context.Context, tx *db.Tx, actor kernel.Actor, m Person) (Person, error) {
	var c kernel.Check
	trim(&m.Name, &m.IDNumber, &m.Phone, &m.Address)
	if err := m.Check(Person{}); err != nil && !c.Merge("", err) {
		return m, err
	}
	if err := c.Err(); err != nil {
		return m, err
	}
	known, err := s.FindPerson(ctx, tx, auth.CityScope(), m.IDKind, m.IDNumber)
	switch {
	case err == nil && known.Name != m.Name:
		return m, kernel.Bad("name", "mismatch", m.Name)
	case err == nil, kernel.KindOf(err) != kernel.NotFound:
		return known, err
	}
	m.ID = ""
	return s.putPerson(ctx, tx, hand{actor, auth.CityScope()}, m)
}

// FindPerson returns the person with an identity document, masked.
func (s *Service) FindPerson(ctx context.Context, q db.Q, scope auth.Scope, kind IDKind, number string) (Person, error) {
	var w db.Where
	w.And("id_kind = ? AND id_hash = ?", string(kind), s.Vault.Hash(fieldID, number))
	scope.Where(&w, personScope)
	p, err := db.One(ctx, q, scanPerson, `SELECT `+personColumns+` FROM registry_people `+w.SQL(), w.Args...)
	return p.Person, db.Found(err, "person", personal.MaskIDNumber(number))
}

func (s *Service) putPerson(ctx context.Context, tx *db.Tx, by hand, m Person) (Person, error) {
	trim(&m.Name, &m.IDNumber, &m.Phone, &m.Address)
	var was sealedPerson
	if m.ID != "" {
		var err error
		if was, err = sealedByID(ctx, tx, by.scope, m.ID); err != nil {
			return m, err
		}
	}
	if err := s.checkPerson(ctx, tx, by.scope, m, was.Person); err != nil {
		return m, err
	}
	if m.Version != was.Version && was.ID != "" {
		return m, personClash(was.Person, m)
	}
	now := s.Clock.Now()
	sealed, err := s.sealPerson(ctx, tx, now, m, was)
	if err != nil {
		return m, err
	}
	entry := audit.Entry{At: now, Actor: by.actor, Action: "registry.person.record", Subject: "person:" + sealed.ID, After: sealed}
	save := insertPerson
	if was.ID != "" {
		entry.Action, entry.Before, save = "registry.person.change", was, updatePerson
	}
	if err := save(ctx, tx, sealed); err != nil {
		return m, err
	}
	return sealed.Person, audit.Write(ctx, tx, entry)
}

func (s *Service) checkPerson(ctx context.Context, q db.Q, scope auth.Scope, m, was Person) error {
	var c kernel.Check
	if err := m.Check(was); err != nil && !c.Merge("", err) {
		return err
	}
	if err := checkPlace(ctx, q, &c, m.Area, ""); err != nil {
		return err
	}
	if err := checkOwner(ctx, q, &c, scope, m.Enterprise); err != nil {
		return err
	}
	if m.Area != "" && m.Enterprise == "" && m.Area != was.Area && !scope.Sees(m.Area, "", "") {
		c.Add("area", "choice", m.Area)
	}
	if m.IDNumber != was.IDNumber || was.ID == "" {
		other, err := db.Value[string](ctx, q, `SELECT id FROM registry_people WHERE id_kind = $1 AND id_hash = $2`,
			string(m.IDKind), s.Vault.Hash(fieldID, m.IDNumber))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && other != m.ID {
			c.Add("id_number", "taken", personal.MaskIDNumber(m.IDNumber))
		}
	}
	return c.Err()
}

// sealPerson seals what m gives anew and keeps what still shows its mask.
func (s *Service) sealPerson(ctx context.Context, tx *db.Tx, now time.Time, m Person, was sealedPerson) (sealedPerson, error) {
	out := was
	given := m
	out.Person = m
	if was.ID == "" {
		id, err := s.Vault.NewPerson(ctx, tx, now)
		if err != nil {
			return out, err
		}
		out.ID, out.State, out.CreatedAt = id, Active, now
	} else {
		out.State, out.Sample, out.CreatedAt = was.State, was.Sample, was.CreatedAt
	}
	out.Version, out.UpdatedAt = was.Version+1, now
	key, err := s.Vault.Key(ctx, tx, out.ID)
	if err != nil {
		return out, err
	}
	if given.IDNumber != was.Person.IDNumber || was.ID == "" {
		out.IDNumber, out.idHash = key.Seal(fieldID, given.IDNumber), s.Vault.Hash(fieldID, given.IDNumber)
		out.Person.IDNumber = personal.MaskIDNumber(given.IDNumber)
	}
	if given.Phone != was.Person.Phone || was.ID == "" {
		out.Phone, out.Person.Phone = key.Seal(fieldPhone, given.Phone), personal.MaskPhone(given.Phone)
	}
	if given.Address != was.Person.Address || was.ID == "" {
		out.Address, out.Person.Address = key.Seal(fieldAddress, given.Address), personal.MaskAddress(given.Address)
	}
	return out, nil
}

// OpenPerson returns a person in clear, for papers that the platform makes.
// Screens use UnmaskPerson, which records who looked.
func (s *Service) OpenPerson(ctx context.Context, q db.Q, scope auth.Scope, id string) (Person, error) {
	p, err := sealedByID(ctx, q, scope, id)
	if err != nil {
		return Person{}, err
	}
	key, err := s.Vault.Key(ctx, q, id)
	if err != nil {
		return Person{}, err
	}
	out := p.Person
	var errs [3]error
	out.IDNumber, errs[0] = key.Open(fieldID, p.IDNumber)
	out.Phone, errs[1] = key.Open(fieldPhone, p.Phone)
	out.Address, errs[2] = key.Open(fieldAddress, p.Address)
	return out, errors.Join(errs[:]...)
}

// UnmaskPerson returns a person in clear and records who looked and why.
func (s *Service) UnmaskPerson(ctx context.Context, p *auth.Principal, id, reason string) (Person, error) {
	var out Person
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := need(p, PermUnmask); err != nil {
			return err
		}
		var c kernel.Check
		c.Text("reason", reason, 200)
		if err := c.Err(); err != nil {
			return err
		}
		if out, err = s.OpenPerson(ctx, tx, p.Scope, id); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "registry.person.unmask",
			Subject: "person:" + id, After: map[string]any{"reason": reason}})
	})
	return out, err
}

// ErasePerson makes the personal fields of a person unreadable for good: the
// key is destroyed, masks and hash are blanked, the name is replaced by its
// mask. The row stays for the licences that point to it.
func (s *Service) ErasePerson(ctx context.Context, p *auth.Principal, id, reason string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := need(p, PermErase); err != nil {
			return err
		}
		var c kernel.Check
		c.Text("reason", reason, 500)
		if err := c.Err(); err != nil {
			return err
		}
		was, err := sealedByID(ctx, tx, p.Scope, id)
		if err != nil {
			return err
		}
		if err := s.Vault.Erase(ctx, tx, id); err != nil {
			return err
		}
		now := s.Clock.Now()
		gone := sealedPerson{Person: was.Person}
		gone.Name, gone.Person.IDNumber, gone.Person.Phone, gone.Person.Address = personal.MaskName(was.Name), "", "", ""
		gone.State, gone.Version, gone.UpdatedAt = Closed, was.Version+1, now
		if err := updatePerson(ctx, tx, gone); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "registry.person.erase",
			Subject: "person:" + id, After: map[string]any{"reason": reason}})
	})
}

// personClash shows what differs between the stored person and the one sent.
func personClash(was, m Person) error {
	var d differences
	d.add("name", was.Name, m.Name)
	d.add("id_number", was.IDNumber, personal.MaskIDNumber(m.IDNumber))
	d.add("phone", was.Phone, personal.MaskPhone(m.Phone))
	d.add("address", was.Address, personal.MaskAddress(m.Address))
	d.add("area", was.Area, m.Area)
	d.add("enterprise", was.Enterprise, m.Enterprise)
	return d.clash()
}
