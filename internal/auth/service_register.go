package auth

import (
	"context"
	"regexp"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Registration is an account that somebody opens for themselves. A person
// signs in with the phone; whoever acts for an enterprise chooses a login and
// names the enterprise, and sees nothing of it until a claim is accepted.
type Registration struct {
	Kind           AccountKind // Person or Enterprise
	Phone, Code    string      // the code that RequestRegistration sent
	Name           string
	Password       string
	Login          string // Enterprise only
	USCC           string // Enterprise only: unified social credit code
	EnterpriseName string // Enterprise only
	Document       string // Enterprise only: blob hash of the letter of authority, may be ""
}

var loginForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@-]{3,63}$`)

// checkLogin gathers what speaks against a chosen login: 4 to 64 letters,
// digits and . _ @ -, and not the form of a phone number, which is another
// person's login.
func checkLogin(c *kernel.Check, field, login string) {
	switch {
	case strings.TrimSpace(login) == "":
		c.Require(field, login)
	case !loginForm.MatchString(login):
		c.Add(field, "auth_login_form", login)
	case kernel.CheckMobile(field, login) == nil:
		c.Add(field, "auth_login_phone", login)
	}
}

func (r Registration) check() error {
	var c kernel.Check
	c.Merge("", kernel.CheckMobile("phone", r.Phone))
	c.Require("code", r.Code)
	c.Text("name", r.Name, 50)
	names := []string{r.Phone, r.Name}
	switch r.Kind {
	case Person:
	case Enterprise:
		checkLogin(&c, "login", r.Login)
		c.Merge("", kernel.CheckUSCC("uscc", r.USCC))
		c.Text("enterprise_name", r.EnterpriseName, 100)
		names = append(names, r.Login)
	default:
		c.Add("kind", "choice", string(r.Kind))
	}
	CheckPassword(&c, "password", r.Password, names...)
	return c.Err()
}

// RequestRegistration sends a code to a phone that wants an account. A phone
// that already signs in gets a message that says so; the answer is the same.
func (s *Service) RequestRegistration(ctx context.Context, phone, addr, lang string) error {
	return s.codes.Request(ctx, CodeRequest{Purpose: codeRegister, Phone: phone, Addr: addr, Lang: lang})
}

// Register opens an account and signs its holder in. That a phone already has
// one is told only to whoever proved the phone.
func (s *Service) Register(ctx context.Context, r Registration, c Client) (Entry, error) {
	if err := r.check(); err != nil {
		return Entry{}, err
	}
	if r.Kind == Enterprise && s.opts.Enterprises == nil {
		return Entry{}, kernel.Refused("auth.error.no_registration")
	}
	place := addressOf(c.Addr)
	at, err := s.reserve(ctx, place)
	if err != nil {
		return Entry{}, err
	}
	proof, err := s.codes.Verify(ctx, codeRegister, r.Phone, r.Code)
	if err != nil {
		return Entry{}, err
	}
	hash, err := s.hasher.hash(ctx, r.Password)
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.codes.Use(ctx, tx, proof); err != nil {
			return err
		}
		if err := refund(ctx, tx, at, place); err != nil {
			return err
		}
		a, err := s.openAccount(ctx, tx, r, hash, c)
		if err != nil {
			return err
		}
		e, err = s.openSession(ctx, tx, a, ByPassword, s.stageFor(a), c)
		return err
	})
	return e, err
}

func (s *Service) openAccount(ctx context.Context, tx *db.Tx, r Registration, hash string, c Client) (*Account, error) {
	p := profile{Kind: r.Kind, Login: r.Phone, Name: strings.TrimSpace(r.Name), Phone: r.Phone, PasswordHash: hash, Roles: []string{Applicant}}
	if r.Kind == Enterprise {
		p.Login, p.Roles = r.Login, []string{Handler}
	}
	taken, err := s.findLogin(ctx, tx, p.Login)
	if err != nil {
		return nil, err
	}
	if taken != nil && r.Kind == Person {
		return nil, kernel.Clash("auth.error.registered", nil)
	}
	a, err := s.insertAccount(ctx, tx, p, Public(c.Addr).Actor)
	if err != nil {
		return nil, err
	}
	if err := s.record(ctx, tx, a.Actor(c.Addr), "account.register", accountSubject(a.ID), nil, summary(a)); err != nil {
		return nil, err
	}
	if r.Kind == Enterprise {
		return a, s.claim(ctx, tx, a, r, c)
	}
	return a, nil
}

// summary is what the audit keeps of an account: nothing personal in clear.
func summary(a *Account) map[string]any {
	return map[string]any{"login": a.Login, "name": a.Name, "kind": a.Kind, "state": a.State, "roles": a.Roles, "reach": a.Reach,
		"area": a.Area, "unit": a.Unit, "enterprise": a.Enterprise, "phone": a.Phone}
}

// Claim is an account's wish to act for an enterprise.
type Claim struct {
	ID         string
	AccountID  string
	Account    string // masked name
	Enterprise string
	USCC, Name string
	Document   string
	CreatedAt  time.Time
	DecidedAt  time.Time
	Accepted   bool
	Reason     string
}

func (s *Service) claim(ctx context.Context, tx *db.Tx, a *Account, r Registration, c Client) error {
	now := s.clock.Now()
	id, err := s.opts.Enterprises.ClaimEnterprise(ctx, tx, now, a.Actor(c.Addr), r.USCC, strings.TrimSpace(r.EnterpriseName))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO auth_claims (id, account_id, enterprise, uscc, name, document, created_at, decided_at, decided_by, accepted, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', $8, '')`,
		kernel.NewID(now), a.ID, id, r.USCC, r.EnterpriseName, r.Document, kernel.Micros(now), false)
	return err
}

const claimColumns = `c.id, c.account_id, a.name, c.enterprise, c.uscc, c.name, c.document, c.created_at, c.decided_at, c.accepted, c.reason`

func scanClaim(sc db.Scanner) (Claim, error) {
	var c Claim
	var created, decided int64
	err := sc.Scan(&c.ID, &c.AccountID, &c.Account, &c.Enterprise, &c.USCC, &c.Name, &c.Document, &created, &decided, &c.Accepted, &c.Reason)
	c.CreatedAt, c.DecidedAt = kernel.FromMicros(created), kernel.FromMicros(decided)
	return c, err
}

// OpenClaims lists the claims that wait for a decision, oldest first: all for
// an officer who may vouch, those of their enterprise for its safety manager.
func (s *Service) OpenClaims(ctx context.Context, q db.Q, p *Principal) ([]Claim, error) {
	var w db.Where
	w.And("c.decided_at = 0")
	if !p.Can(ConfirmEnterprise) {
		if !p.Can(Delegate) || p.Scope.Own == "" {
			return nil, kernel.Refused("error.denied")
		}
		w.And("c.enterprise = ?", p.Scope.Own)
	}
	return db.All(ctx, q, scanClaim, `SELECT `+claimColumns+` FROM auth_claims c JOIN auth_accounts a ON a.id = c.account_id `+
		w.SQL()+` ORDER BY c.created_at, c.id`, w.Args...)
}

// ClaimOf returns the latest claim of an account, so that its holder sees how
// it stands; NotFound when there is none.
func (s *Service) ClaimOf(ctx context.Context, q db.Q, account string) (Claim, error) {
	c, err := db.One(ctx, q, scanClaim, `SELECT `+claimColumns+` FROM auth_claims c JOIN auth_accounts a ON a.id = c.account_id
		WHERE c.account_id = $1 ORDER BY c.id DESC LIMIT 1`, account)
	return c, db.Found(err, "claim", account)
}

// Verdict decides a claim. Manager makes the account the safety manager of the
// enterprise, who may let agents file for it and accept further handlers.
type Verdict struct {
	Claim   string
	Accept  bool
	Manager bool
	Reason  string // required for a refusal, shown to the claimant
}

// DecideClaim accepts or refuses a claim.
func (s *Service) DecideClaim(ctx context.Context, p *Principal, v Verdict) error {
	if !v.Accept && strings.TrimSpace(v.Reason) == "" {
		return kernel.Bad("reason", "required", "")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		open, err := s.OpenClaims(ctx, tx, p)
		if err != nil {
			return err
		}
		for _, c := range open {
			if c.ID == v.Claim {
				return s.decide(ctx, tx, p, c, v)
			}
		}
		return kernel.Missing("claim", v.Claim)
	})
}

func (s *Service) decide(ctx context.Context, tx *db.Tx, p *Principal, c Claim, v Verdict) error {
	now := s.clock.Now()
	res, err := tx.ExecContext(ctx, `UPDATE auth_claims SET decided_at = $1, decided_by = $2, accepted = $3, reason = $4 WHERE id = $5 AND decided_at = 0`,
		kernel.Micros(now), p.Actor.ID, v.Accept, v.Reason, c.ID)
	if err := db.Changed(res, err); err != nil {
		return err
	}
	if v.Accept {
		a, err := loadAccount(ctx, tx, c.AccountID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE auth_accounts SET enterprise = $1 WHERE id = $2`, c.Enterprise, a.ID); err != nil {
			return err
		}
		roles := []string{Handler}
		if v.Manager {
			roles = append(roles, SafetyManager)
		}
		if err := assignRoles(ctx, tx, a, roles, p.Actor, now); err != nil {
			return err
		}
	}
	return s.record(ctx, tx, p.Actor, "claim.decide", accountSubject(c.AccountID), nil,
		map[string]any{"claim": c.ID, "enterprise": c.Enterprise, "accepted": v.Accept, "manager": v.Manager, "reason": v.Reason})
}
