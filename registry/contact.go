package registry

import (
	"context"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/personal"
)

// sealedContact is a contact as stored. History and audit keep it too, without
// the masked forms: once the key is gone, nothing of it can be read.
type sealedContact struct {
	ID          string          `json:"id"`
	Role        ContactRole     `json:"role"`
	Name        string          `json:"name"`
	Phone       personal.Sealed `json:"phone"`
	Email       personal.Sealed `json:"email"`
	phoneMasked string
	emailMasked string
}

func scanContact(s db.Scanner) (sealedContact, error) {
	var c sealedContact
	err := s.Scan(&c.ID, &c.Role, &c.Name, &c.Phone, &c.phoneMasked, &c.Email, &c.emailMasked)
	return c, err
}

func loadContacts(ctx context.Context, q db.Q, enterprise string) ([]sealedContact, error) {
	return db.All(ctx, q, scanContact, `
		SELECT id, role, name, phone_sealed, phone_masked, email_sealed, email_masked
		FROM registry_contacts WHERE enterprise_id = $1 ORDER BY ord`, enterprise)
}

func saveContacts(ctx context.Context, tx *db.Tx, enterprise string, contacts []sealedContact) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM registry_contacts WHERE enterprise_id = $1`, enterprise); err != nil {
		return err
	}
	for i, c := range contacts {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO registry_contacts (id, enterprise_id, ord, role, name, phone_sealed, phone_masked, email_sealed, email_masked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			c.ID, enterprise, i, string(c.Role), c.Name, string(c.Phone), c.phoneMasked, string(c.Email), c.emailMasked)
		if err != nil {
			return err
		}
	}
	return nil
}

// masked returns contacts as screens show them.
func masked(sealed []sealedContact) []Contact {
	out := make([]Contact, len(sealed))
	for i, s := range sealed {
		out[i] = Contact{ID: s.ID, Role: s.Role, Name: s.Name, Phone: s.phoneMasked, Email: s.emailMasked}
	}
	return out
}

// maskEmail shows the first letter and the host.
func maskEmail(s string) string {
	name, host, found := strings.Cut(s, "@")
	switch {
	case s == "":
		return ""
	case !found || name == "":
		return "***"
	}
	return string([]rune(name)[:1]) + "***@" + host
}

// sealContacts seals what is new in given and keeps what still shows its mask.
// A contact whose name changes is another person and gets a key of its own, so
// that erasing one does not erase the other.
func (s *Service) sealContacts(ctx context.Context, tx *db.Tx, now time.Time, given []Contact, stored []sealedContact) ([]sealedContact, error) {
	byID := make(map[string]sealedContact, len(stored))
	for _, c := range stored {
		byID[c.ID] = c
	}
	out := make([]sealedContact, len(given))
	for i, g := range given {
		was := byID[g.ID]
		delete(byID, g.ID) // an id given twice is a new person the second time
		sealed, err := s.sealContact(ctx, tx, now, g, was)
		if err != nil {
			return nil, err
		}
		out[i] = sealed
	}
	return out, nil
}

func (s *Service) sealContact(ctx context.Context, tx *db.Tx, now time.Time, g Contact, was sealedContact) (sealedContact, error) {
	kept := was.ID != "" && was.Name == g.Name
	phone, email := g.Phone, g.Email
	if !kept && was.ID != "" { // take the unchanged fields over to the new person
		clear, err := s.openContact(ctx, tx, was)
		if err != nil && !personal.IsErased(err) {
			return was, err
		}
		phone = changedOr(phone, was.phoneMasked, clear.Phone)
		email = changedOr(email, was.emailMasked, clear.Email)
	}
	out := sealedContact{ID: was.ID, Role: g.Role, Name: g.Name}
	if !kept {
		id, err := s.Vault.NewPerson(ctx, tx, now)
		if err != nil {
			return out, err
		}
		out.ID = id
	}
	if kept && phone == was.phoneMasked && email == was.emailMasked {
		out.Phone, out.phoneMasked, out.Email, out.emailMasked = was.Phone, was.phoneMasked, was.Email, was.emailMasked
		return out, nil
	}
	key, err := s.Vault.Key(ctx, tx, out.ID)
	if err != nil {
		return out, err
	}
	out.Phone, out.phoneMasked = was.Phone, was.phoneMasked
	if !kept || phone != was.phoneMasked {
		out.Phone, out.phoneMasked = key.Seal(fieldPhone, phone), personal.MaskPhone(phone)
	}
	out.Email, out.emailMasked = was.Email, was.emailMasked
	if !kept || email != was.emailMasked {
		out.Email, out.emailMasked = key.Seal(fieldEmail, email), maskEmail(email)
	}
	return out, nil
}

// The names under which personal fields are sealed and hashed.
const (
	fieldPhone   = "registry.phone"
	fieldEmail   = "registry.email"
	fieldID      = "registry.id_number"
	fieldAddress = "registry.address"
)

// changedOr returns given, or clear where given is still the mask.
func changedOr(given, mask, clear string) string {
	if given == mask {
		return clear
	}
	return given
}

func (s *Service) openContact(ctx context.Context, q db.Q, c sealedContact) (Contact, error) {
	out := Contact{ID: c.ID, Role: c.Role, Name: c.Name}
	key, err := s.Vault.Key(ctx, q, c.ID)
	if err != nil {
		return out, err
	}
	if out.Phone, err = key.Open(fieldPhone, c.Phone); err != nil {
		return out, err
	}
	out.Email, err = key.Open(fieldEmail, c.Email)
	return out, err
}

// Reach returns the contacts of an enterprise in clear, for messages that the
// platform sends. Screens use Unmask, which records who looked. Erased
// contacts are left out.
func (s *Service) Reach(ctx context.Context, q db.Q, enterprise string) ([]Contact, error) {
	sealed, err := loadContacts(ctx, q, enterprise)
	if err != nil {
		return nil, err
	}
	out := make([]Contact, 0, len(sealed))
	for _, c := range sealed {
		clear, err := s.openContact(ctx, q, c)
		if personal.IsErased(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, clear)
	}
	return out, nil
}

// withContacts adds the masked contacts to the rows of a list.
func withContacts(ctx context.Context, q db.Q, rows []Enterprise) error {
	at := make(map[string]int, len(rows))
	ids := make([]string, len(rows))
	for i, e := range rows {
		at[e.ID], ids[i] = i, e.ID
	}
	var w db.Where
	w.In("enterprise_id", ids)
	type owned struct {
		owner string
		Contact
	}
	all, err := db.All(ctx, q, func(s db.Scanner) (o owned, err error) {
		return o, s.Scan(&o.owner, &o.ID, &o.Role, &o.Name, &o.Phone, &o.Email)
	}, `SELECT enterprise_id, id, role, name, phone_masked, email_masked FROM registry_contacts `+w.SQL()+` ORDER BY enterprise_id, ord`, w.Args...)
	for _, o := range all {
		e := &rows[at[o.owner]]
		e.Contacts = append(e.Contacts, o.Contact)
	}
	return err
}
