package licensing

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/kernel"
)

// Published is a public record that city and national systems receive (双公示).
type Published struct {
	CaseID string      `json:"case_id"`
	Seq    int64       `json:"seq"` // of the record of this case
	Due    kernel.Date `json:"due"` // last day to hand it over
	Record Publication `json:"record"`
}

// Rated is a rating that the city's 好差评 system receives, without a name.
type Rated struct {
	CaseID string    `json:"case_id"`
	Number string    `json:"number"`
	Item   string    `json:"item"`
	Area   string    `json:"area"`
	Stars  int       `json:"stars"`
	At     time.Time `json:"at"`
}

// The events for systems outside.
var (
	EventPublished = event.Type[Published]{Name: "licensing.published"}
	EventRated     = event.Type[Rated]{Name: "licensing.rated"}
)

func (s *Service) sendPublication(ctx context.Context, tx *db.Tx, p Publication, now time.Time) error {
	return EventPublished.Emit(ctx, tx, s.Bus, now, publishActor, "case:"+p.CaseID, Published{CaseID: p.CaseID, Seq: p.Seq, Due: p.Due, Record: p})
}

func (s *Service) sendRating(ctx context.Context, tx *db.Tx, c *Case, stars int, now time.Time, by kernel.Actor) error {
	return EventRated.Emit(ctx, tx, s.Bus, now, by, c.Subject(), Rated{CaseID: c.ID, Number: c.Number, Item: c.Item, Area: c.Area, Stars: stars, At: now})
}
