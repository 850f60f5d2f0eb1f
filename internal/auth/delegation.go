package auth

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Delegation lets an agent file for an enterprise, in named licence items or
// in all, from From to Until inclusive. Document is the blob hash of the
// signed letter of authority (授权委托书).
type Delegation struct {
	ID          string
	Enterprise  string
	Agent       string // account id
	AgentName   string // masked
	Items       []string
	Document    string
	From, Until kernel.Date
	GrantedBy   string
	GrantedAt   time.Time
	RevokedAt   time.Time
}

// NewDelegation is what an enterprise's safety manager fills in. The agent is
// named by phone and full name together, so that the form does not tell whose
// phones are registered.
type NewDelegation struct {
	Enterprise            string
	AgentPhone, AgentName string
	Items                 []string // empty: all
	Document              string
	From, Until           kernel.Date
}

// Documents yields the hashes of the letters of authority that claims and
// delegations name, for blob.Store.Refer.
const Documents = `SELECT document FROM auth_claims WHERE document <> '' UNION ALL SELECT document FROM auth_delegations WHERE document <> ''`

// longestDelegation is two years; afterwards the letter is written anew.
const longestDelegation = 732

func (d NewDelegation) check(today kernel.Date) error {
	var c kernel.Check
	c.Merge("", kernel.CheckMobile("agent_phone", d.AgentPhone))
	c.Text("agent_name", d.AgentName, 50)
	c.Require("document", d.Document)
	switch {
	case d.From.IsZero():
		c.Require("from", "")
	case d.Until.IsZero():
		c.Require("until", "")
	case d.Until.Before(d.From):
		c.Add("until", "date_order", d.Until.String())
	case d.Until.Before(today):
		c.Add("until", "date_future", d.Until.String())
	case d.Until.Sub(d.From) > longestDelegation:
		c.Add("until", "too_large", d.Until.String(), "max", d.From.AddDays(longestDelegation).String())
	}
	return c.Err()
}

// Grant lets an agent act for one's own enterprise.
func (s *Service) Grant(ctx context.Context, p *Principal, n NewDelegation) (id string, err error) {
	if err := s.dangerous(p, Delegate); err != nil {
		return "", err
	}
	if n.Enterprise == "" || n.Enterprise != p.Scope.Own {
		return "", kernel.Missing("enterprise", n.Enterprise)
	}
	now := s.clock.Now()
	if err := n.check(kernel.DateOf(now)); err != nil {
		return "", err
	}
	items, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(n.Items))))
	if err != nil {
		return "", err
	}
	id = kernel.NewID(now)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		agent, err := s.agent(ctx, tx, n)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO auth_delegations (id, enterprise, agent, items, document, from_date, until_date, granted_by, granted_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
			id, n.Enterprise, agent.ID, string(items), n.Document, n.From, n.Until, p.Actor.ID, kernel.Micros(now))
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "delegation.grant", "enterprise:"+n.Enterprise, nil,
			map[string]any{"delegation": id, "agent": agent.ID, "items": n.Items, "document": n.Document, "from": n.From, "until": n.Until})
	})
	return id, err
}

// agent finds the person with this phone and this name.
func (s *Service) agent(ctx context.Context, q db.Q, n NewDelegation) (*Account, error) {
	a, err := s.findLogin(ctx, q, n.AgentPhone)
	if err != nil {
		return nil, err
	}
	unknown := kernel.Bad("agent_phone", "not_found", n.AgentPhone)
	if a == nil || a.Kind == Officer || a.mayEnter() != nil {
		return nil, unknown
	}
	clear, err := s.profileOf(ctx, q, a)
	if err != nil {
		return nil, err
	}
	if clear.Name != strings.TrimSpace(n.AgentName) {
		return nil, unknown
	}
	return a, nil
}

// Revoke ends a delegation: by the enterprise, or by the agent.
func (s *Service) Revoke(ctx context.Context, p *Principal, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := db.One(ctx, tx, scanDelegation, `SELECT `+delegationColumns+delegationFrom+`WHERE d.id = $1 AND d.revoked_at = 0`, id)
		if err != nil {
			return db.Found(err, "delegation", id)
		}
		grantor := p.Can(Delegate) && d.Enterprise == p.Scope.Own
		if !grantor && p.Actor.ID != d.Agent {
			return kernel.Missing("delegation", id)
		}
		res, err := tx.ExecContext(ctx, `UPDATE auth_delegations SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, kernel.Micros(s.clock.Now()), id)
		if err := db.Changed(res, err); err != nil {
			return err
		}
		return s.record(ctx, tx, p.Actor, "delegation.revoke", "enterprise:"+d.Enterprise, nil, map[string]any{"delegation": id, "agent": d.Agent})
	})
}

const delegationColumns = `d.id, d.enterprise, d.agent, a.name, d.items, d.document, d.from_date, d.until_date, d.granted_by, d.granted_at, d.revoked_at`

const delegationFrom = ` FROM auth_delegations d JOIN auth_accounts a ON a.id = d.agent `

func scanDelegation(sc db.Scanner) (Delegation, error) {
	var d Delegation
	var items string
	var granted, revoked int64
	if err := sc.Scan(&d.ID, &d.Enterprise, &d.Agent, &d.AgentName, &items, &d.Document, &d.From, &d.Until, &d.GrantedBy, &granted, &revoked); err != nil {
		return d, err
	}
	d.GrantedAt, d.RevokedAt = kernel.FromMicros(granted), kernel.FromMicros(revoked)
	return d, json.Unmarshal([]byte(items), &d.Items)
}

// delegationsTo lists what an agent may do on a date.
func (s *Service) delegationsTo(ctx context.Context, q db.Q, agent string, today kernel.Date) ([]Delegation, error) {
	return db.All(ctx, q, scanDelegation, `SELECT `+delegationColumns+delegationFrom+`
		WHERE d.agent = $1 AND d.revoked_at = 0 AND d.from_date <= $2 AND d.until_date >= $2 ORDER BY d.id`, agent, today)
}

// Delegations lists those that are not over: granted by one's enterprise, or
// held as an agent.
func (s *Service) Delegations(ctx context.Context, q db.Q, p *Principal) ([]Delegation, error) {
	if p.Account == nil {
		return nil, errSignedOut()
	}
	var w db.Where
	w.And("d.revoked_at = 0 AND d.until_date >= ?", kernel.DateOf(s.clock.Now()))
	if p.Scope.Own != "" {
		w.And("d.agent = ? OR d.enterprise = ?", p.Account.ID, p.Scope.Own)
	} else {
		w.And("d.agent = ?", p.Account.ID)
	}
	return db.All(ctx, q, scanDelegation, `SELECT `+delegationColumns+delegationFrom+w.SQL()+` ORDER BY d.id`, w.Args...)
}

// Oversee assigns enterprises to a regulator, or takes them away. It is no
// error to assign twice.
func (s *Service) Oversee(ctx context.Context, p *Principal, account string, add, remove []string) error {
	if err := p.need(OverseeEnterprise); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := loadAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if a.Kind != Officer {
			return kernel.Bad("account", "choice", a.Login)
		}
		for _, e := range remove {
			if _, err := tx.ExecContext(ctx, `DELETE FROM auth_overseen WHERE account_id = $1 AND enterprise = $2`, account, e); err != nil {
				return err
			}
		}
		for _, e := range add {
			_, err := tx.ExecContext(ctx, `
				INSERT INTO auth_overseen (account_id, enterprise, granted_by, granted_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (account_id, enterprise) DO NOTHING`, account, e, p.Actor.ID, kernel.Micros(s.clock.Now()))
			if err != nil {
				return err
			}
		}
		return s.record(ctx, tx, p.Actor, "account.oversee", accountSubject(account), nil, map[string]any{"add": add, "remove": remove})
	})
}

// Overseen lists the enterprises assigned to a regulator.
func (s *Service) Overseen(ctx context.Context, q db.Q, account string) ([]string, error) {
	return db.Column[string](ctx, q, `SELECT enterprise FROM auth_overseen WHERE account_id = $1 ORDER BY enterprise`, account)
}
