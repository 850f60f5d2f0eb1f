package licensing

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
)

const todoSignRule = "licensing.sign_rule" // the second person's: a version of the rules waits

// RuleDraft is a version of an item's rules that an administrator has entered.
type RuleDraft struct {
	*rule.Version
	Reason   string
	State    string // "proposed", "signed", "declined", "withdrawn"
	Made     Hand
	Signed   Hand // who answered
	Answer   string
	Previous *rule.Version     // the version of the item before it, nil for none
	Changes  []rule.Difference // from Previous
}

// Catalogue is every item with the rules that are in force or will be: those
// shipped and those that were entered and signed.
func (s *Service) Catalogue(ctx context.Context) (*rule.Catalogue, error) {
	return view(ctx, s.DB, s.catalogue)
}

const selectRule = `SELECT body, reason, state, created_at, created_by, created_by_name, created_for, approved_by, approved_by_name, answered_at, answer FROM licensing_rule_versions `

func scanRule(s db.Scanner) (*RuleDraft, error) {
	var d RuleDraft
	var body string
	var made, answered int64
	err := s.Scan(&body, &d.Reason, &d.State, &made, &d.Made.ID, &d.Made.Name, &d.Made.For, &d.Signed.ID, &d.Signed.Name, &answered, &d.Answer)
	if err != nil {
		return nil, err
	}
	d.Made.At, d.Signed.At = kernel.FromMicros(made), kernel.FromMicros(answered)
	d.Version, err = rule.ParseVersion([]byte(body))
	return &d, err
}

// mayReadRules are who edits rules, who signs them, and every officer.
func mayReadRules(p *auth.Principal) error {
	if p.Can(PermRules) || p.Can(PermRulesSign) || p.Can(PermRead) {
		return nil
	}
	return kernel.Refused("error.denied")
}

// RuleDrafts lists the versions of an item that were entered, the newest
// first; item "" lists those that wait for a signature, of all items.
func (s *Service) RuleDrafts(ctx context.Context, p *auth.Principal, item string) ([]*RuleDraft, error) {
	if err := mayReadRules(p); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]*RuleDraft, error) {
		if item == "" {
			return db.All(ctx, q, scanRule, selectRule+`WHERE state = 'proposed' ORDER BY id DESC`)
		}
		return db.All(ctx, q, scanRule, selectRule+`WHERE item = $1 ORDER BY id DESC`, item)
	})
}

// RuleVersion is one version, shipped or entered, beside the one before it.
func (s *Service) RuleVersion(ctx context.Context, p *auth.Principal, id string) (*RuleDraft, error) {
	if err := mayReadRules(p); err != nil {
		return nil, err
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*RuleDraft, error) {
		all, err := s.catalogue(ctx, q)
		if err != nil {
			return nil, err
		}
		d, err := db.One(ctx, q, scanRule, selectRule+`WHERE id = $1`, id)
		if err != nil {
			v, ok := s.Rules.VersionByID(id)
			if !ok {
				return nil, db.Found(err, "rule version", id)
			}
			d = &RuleDraft{Version: v, State: "shipped"}
		}
		d.Previous = versionBefore(all, d.Version)
		d.Changes, err = rule.Diff(d.Previous, d.Version)
		return d, err
	})
}

// versionBefore is the version of the item in force when v comes.
func versionBefore(all *rule.Catalogue, v *rule.Version) *rule.Version {
	it, ok := all.ItemByID(v.Item)
	if !ok {
		return nil
	}
	var last *rule.Version
	for _, x := range it.Versions {
		if x.ID == v.ID || x.EffectiveFrom.After(v.EffectiveFrom) {
			break
		}
		last = x
	}
	return last
}

// ProposeRule enters a new dated version of an item as data. Its id is given
// here. It counts from its date on when a second person has signed it; running
// cases follow it as its transition says.
func (s *Service) ProposeRule(ctx context.Context, p *auth.Principal, item string, body []byte, reason string) (string, error) {
	if err := allow(p, PermRules); err != nil {
		return "", err
	}
	now := s.Clock.Now()
	v, err := s.newVersion(ctx, item, body, now)
	if err != nil {
		return "", err
	}
	var check kernel.Check
	check.Text("reason", reason, 500)
	if err := check.Err(); err != nil {
		return "", err
	}
	stored, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return v.ID, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO licensing_rule_versions (id, item, effective_from, body, reason, state, created_at, created_by, created_by_name, created_for, approved_by)
			VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8, $9, '')`, v.ID, v.Item, v.EffectiveFrom, string(stored), reason, kernel.Micros(now), p.Actor.ID, p.Actor.Name, p.Actor.For)
		if err != nil {
			return err
		}
		title := s.itemTitle(item)
		err = worklist.Open(ctx, tx, now, worklist.Item{Kind: todoSignRule, Subject: "rule:" + v.ID, Role: RoleLegal, Room: "licensing",
			Title: kernel.Text{ZH: "规则新版本待签发：" + title.ZH, EN: "Rules to sign: " + title.EN}, Link: "/licensing/rule-versions/" + v.ID})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.rule.propose", Subject: "rule:" + v.ID, After: json.RawMessage(stored)})
	})
}

// newVersion reads and checks a version and gives it its id.
func (s *Service) newVersion(ctx context.Context, item string, body []byte, now time.Time) (*rule.Version, error) {
	if _, ok := s.Rules.ItemByID(item); !ok {
		return nil, kernel.Missing("item", item)
	}
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil || value == nil {
		return nil, kernel.Bad("body", "json", "")
	}
	from, _ := value["effective_from"].(string)
	value["item"], value["id"] = item, item+"@"+from+"-"+kernel.NewID(now)[:13]
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	v, err := rule.ParseVersion(text)
	if err != nil {
		return nil, err
	}
	all, err := s.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := all.With(nil, []*rule.Version{v}); err != nil {
		return nil, err
	}
	if _, ok := v.FormSchema(); !ok {
		return nil, kernel.Bad("form", "not_found", v.Form)
	}
	return v, nil
}

// AnswerRule signs a proposed version, or declines it with a reason; not by
// who wrote it.
func (s *Service) AnswerRule(ctx context.Context, p *auth.Principal, id string, sign bool, answer string) error {
	if err := allow(p, PermRulesSign); err != nil {
		return err
	}
	state := "signed"
	if !sign {
		state = "declined"
		var c kernel.Check
		c.Text("answer", answer, 500)
		if err := c.Err(); err != nil {
			return err
		}
	}
	return s.closeRule(ctx, p, id, state, answer, func(d *RuleDraft) error {
		if auth.DifferentHands(kernel.Actor{ID: d.Made.ID, For: d.Made.For}, p.Actor) != nil {
			return kernel.Refused("licensing.error.same_person")
		}
		return nil
	})
}

// WithdrawRule takes a proposed version back; only who wrote it may.
func (s *Service) WithdrawRule(ctx context.Context, p *auth.Principal, id string) error {
	if err := allow(p, PermRules); err != nil {
		return err
	}
	return s.closeRule(ctx, p, id, "withdrawn", "", func(d *RuleDraft) error {
		if d.Made.ID != p.Actor.ID {
			return kernel.Refused("licensing.error.not_author")
		}
		return nil
	})
}

func (s *Service) closeRule(ctx context.Context, p *auth.Principal, id, state, answer string, may func(*RuleDraft) error) error {
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := db.One(ctx, tx, scanRule, selectRule+`WHERE id = $1`, id)
		if err != nil {
			return db.Found(err, "rule version", id)
		}
		if d.State != "proposed" {
			return kernel.Clash("licensing.error.rule_answered", nil)
		}
		if err := may(d); err != nil {
			return err
		}
		signer := p.Actor
		if state != "signed" { // approved_by is what makes a version count
			signer.ID = ""
		}
		err = db.Changed(tx.ExecContext(ctx, `UPDATE licensing_rule_versions SET state = $1, approved_by = $2, approved_by_name = $3, answered_at = $4, answer = $5 WHERE id = $6 AND state = 'proposed'`,
			state, signer.ID, signer.Name, kernel.Micros(now), answer, id))
		if err != nil {
			return err
		}
		if err := worklist.Close(ctx, tx, now, todoSignRule, "rule:"+id); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.rule." + state, Subject: "rule:" + id, After: map[string]string{"answer": answer}})
	})
}
