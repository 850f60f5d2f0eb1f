package licensing

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// petrolStations is the item under which the business licences of petrol
// stations stand in the register.
const petrolStations = "petrol-station.first"

// dueSoon is how many days before its last day a licence counts as about to
// expire in the public figures.
const dueSoon = 180

// Figures are what the bureau says in public about this room. They are counts
// over the whole city and name nobody.
type Figures struct {
	Categories        int64 // of the six categories, those that can be applied for today
	Granted           int64 // applications granted online
	Mailed            int64 // results that travelled by mail and were signed for
	StationsGranted   int64 // petrol stations: licences granted online, first issue or renewal
	StationsDue       int64 // petrol stations whose licence ends within 180 days
	StationsContacted int64 // of those: the bureau called before, or a renewal was filed
}

// Figures counts from the records as they stand now.
func (s *Service) Figures(ctx context.Context) (Figures, error) {
	today := kernel.DateOf(s.Clock.Now())
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (Figures, error) {
		f := Figures{Categories: s.openCategories(today)}
		for _, c := range []struct {
			to    *int64
			query string
			args  []any
		}{
			{&f.Granted, `SELECT COUNT(*) FROM licensing_cases WHERE state = $1`, []any{string(Granted)}},
			{&f.Mailed, `SELECT COUNT(*) FROM licensing_deliveries WHERE state = $1 AND mode = $2`, []any{string(SignedFor), string(ByMail)}},
			{&f.StationsGranted, `SELECT COUNT(*) FROM licensing_cases WHERE state = $1 AND item IN ($2, $3)`, []any{string(Granted), petrolStations, "petrol-station.renew"}},
			{&f.StationsDue, dueStations, []any{petrolStations, today, today.AddDays(dueSoon)}},
			{&f.StationsContacted, dueStations + ` AND (l.pending_case <> '' OR EXISTS (SELECT 1 FROM licensing_contacts k WHERE k.licence_id = l.id AND k.days_left >= 0 AND k.days_left <= 180))`,
				[]any{petrolStations, today, today.AddDays(dueSoon)}},
		} {
			var err error
			if *c.to, err = db.Value[int64](ctx, q, c.query, c.args...); err != nil {
				return f, err
			}
		}
		return f, nil
	})
}

const dueStations = `SELECT COUNT(*) FROM licensing_licences l WHERE l.item = $1 AND l.state IN ('valid', 'changing', 'renewing') AND l.ends_on >= $2 AND l.ends_on <= $3`

// openCategories counts the six categories that have an item in force.
func (s *Service) openCategories(on kernel.Date) (n int64) {
	for _, c := range s.Rules.Categories() {
		if !c.Six {
			continue
		}
		for _, it := range s.Rules.ItemsOf(c.ID) {
			if _, ok := it.At(on); ok {
				n++
				break
			}
		}
	}
	return n
}
