package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Names of the sealed fields and of the keyed hashes.
const (
	fieldName  = "name"
	fieldPhone = "phone"
	fieldEmail = "email"
	fieldTOTP  = "totp"
	hashLogin  = "auth.login"
	hashPhone  = "auth.phone"
)

const accountColumns = `a.id, a.kind, a.state, a.login, a.name, a.name_sealed, a.phone, a.phone_sealed, a.email_sealed,
	a.person_id, a.reach, a.area, a.unit, a.enterprise, a.password_hash, a.totp_sealed, a.totp_confirmed, a.totp_step,
	a.created_at, a.seen_at, COALESCE((SELECT string_agg(r.role, ',') FROM auth_assignments r WHERE r.account_id = a.id), '')`

// accountFields are the places that accountColumns are scanned into; done
// finishes the account afterwards.
func accountFields(a *Account) (dest []any, done func()) {
	var created, seen int64
	var roles string
	return []any{&a.ID, &a.Kind, &a.State, &a.Login, &a.Name, &a.nameSealed, &a.Phone, &a.phoneSealed, &a.emailSealed,
			&a.PersonID, &a.Reach, &a.Area, &a.Unit, &a.Enterprise, &a.passwordHash, &a.totpSealed, &a.TOTP, &a.totpStep,
			&created, &seen, &roles}, func() {
			if roles != "" {
				a.Roles = strings.Split(roles, ",")
				slices.Sort(a.Roles)
			}
			a.CreatedAt, a.SeenAt = kernel.FromMicros(created), kernel.FromMicros(seen)
			a.Password = a.passwordHash != ""
		}
}

func scanAccount(s db.Scanner) (*Account, error) {
	a := new(Account)
	dest, done := accountFields(a)
	if err := s.Scan(dest...); err != nil {
		return nil, err
	}
	done()
	return a, nil
}

func loadAccount(ctx context.Context, q db.Q, id string) (*Account, error) {
	a, err := db.One(ctx, q, scanAccount, `SELECT `+accountColumns+` FROM auth_accounts a WHERE a.id = $1`, id)
	return a, db.Found(err, "account", id)
}

// findLogin returns the account with this login, nil when there is none.
func (s *Service) findLogin(ctx context.Context, q db.Q, login string) (*Account, error) {
	hash := s.vault.Hash(hashLogin, login)
	if hash == "" {
		return nil, nil
	}
	a, err := db.One(ctx, q, scanAccount, `SELECT `+accountColumns+` FROM auth_accounts a WHERE a.login_hash = $1`, hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// profile is what is known of a new account in clear.
type profile struct {
	Kind         AccountKind
	Login        string
	Name         string
	Phone, Email string
	Area, Unit   string
	Enterprise   string
	Reach        Reach
	PasswordHash string
	Roles        []string
}

// insertAccount creates the vault's person and the account. A login that is
// taken is an Invalid error at "login".
func (s *Service) insertAccount(ctx context.Context, tx *db.Tx, p profile, by kernel.Actor) (*Account, error) {
	now := s.clock.Now()
	key, err := s.vault.NewKey(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	taken, err := s.findLogin(ctx, tx, p.Login)
	if err != nil {
		return nil, err
	}
	if taken != nil {
		return nil, kernel.Bad("login", "taken", p.Login)
	}
	a := &Account{ID: kernel.NewID(now), Kind: p.Kind, State: Active, Login: p.Login, Name: p.Name, Reach: p.Reach,
		Area: p.Area, Unit: p.Unit, Enterprise: p.Enterprise, PersonID: key.Person(), Phone: personal.MaskPhone(p.Phone),
		Password: p.PasswordHash != "", CreatedAt: now, passwordHash: p.PasswordHash,
		nameSealed: key.Seal(fieldName, p.Name), phoneSealed: key.Seal(fieldPhone, p.Phone), emailSealed: key.Seal(fieldEmail, p.Email)}
	if p.Kind != Officer {
		a.Name = personal.MaskName(p.Name)
	}
	if p.Login == p.Phone {
		a.Login = a.Phone
	}
	if err := s.writeAccount(ctx, tx, a, s.vault.Hash(hashLogin, p.Login), s.vault.Hash(hashPhone, p.Phone)); err != nil {
		return nil, err
	}
	return a, assignRoles(ctx, tx, a, p.Roles, by, now)
}

func (s *Service) writeAccount(ctx context.Context, tx *db.Tx, a *Account, loginHash, phoneHash string) error {
	passwordAt := int64(0)
	if a.Password {
		passwordAt = kernel.Micros(a.CreatedAt)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO auth_accounts (id, kind, state, login, login_hash, name, name_sealed, phone, phone_hash, phone_sealed,
			email_sealed, person_id, reach, area, unit, enterprise, password_hash, password_at, totp_sealed, totp_pending,
			totp_confirmed, totp_step, created_at, seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '', '', $19, 0, $20, 0)`,
		a.ID, string(a.Kind), string(a.State), a.Login, loginHash, a.Name, string(a.nameSealed), a.Phone, phoneHash, string(a.phoneSealed),
		string(a.emailSealed), a.PersonID, string(a.Reach), a.Area, a.Unit, a.Enterprise, a.passwordHash, passwordAt,
		false, kernel.Micros(a.CreatedAt))
	if err != nil {
		return fmt.Errorf("insert account: %w", err)
	}
	return nil
}

// assignRoles replaces the roles of an account.
func assignRoles(ctx context.Context, tx *db.Tx, a *Account, roles []string, by kernel.Actor, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM auth_assignments WHERE account_id = $1`, a.ID); err != nil {
		return err
	}
	for _, role := range roles {
		_, err := tx.ExecContext(ctx, `INSERT INTO auth_assignments (account_id, role, granted_by, granted_at) VALUES ($1, $2, $3, $4)`,
			a.ID, role, by.ID, kernel.Micros(now))
		if err != nil {
			return fmt.Errorf("assign role %s: %w", role, err)
		}
	}
	a.Roles = roles
	return nil
}
