package licensing

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// Guide is what anyone may know of an item before applying.
type Guide struct {
	Item    *rule.Item
	Rule    *rule.Version
	Special []SpecialTime // in force that cover the item
}

// Guide returns an item with the rules in force today, administrators'
// versions included.
func (s *Service) Guide(ctx context.Context, item string) (*Guide, error) {
	it, ok := s.Rules.ItemByID(item)
	if !ok {
		return nil, kernel.Missing("item", item)
	}
	today := kernel.DateOf(s.Clock.Now())
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Guide, error) {
		v, err := s.versionFor(ctx, q, item, today)
		if err != nil {
			return nil, err
		}
		g := &Guide{Item: it, Rule: v}
		running, err := specialsInForce(ctx, q, today)
		for _, t := range running {
			if t.Rules.CoversItem(it) {
				g.Special = append(g.Special, t)
			}
		}
		return g, err
	})
}

// Notices lists the special times in force, for anyone to read.
func (s *Service) Notices(ctx context.Context) ([]SpecialTime, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]SpecialTime, error) {
		return specialsInForce(ctx, q, kernel.DateOf(s.Clock.Now()))
	})
}

func specialsInForce(ctx context.Context, q db.Q, on kernel.Date) ([]SpecialTime, error) {
	all, err := listSpecials(ctx, q)
	var out []SpecialTime
	for _, t := range all {
		if t.InForce(on) {
			out = append(out, t)
		}
	}
	return out, err
}
