package licensing

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

const (
	acceptWithin  = 5  // working days to accept, refuse or name all faults; 行政许可法 art. 32
	deliverWithin = 10 // working days from the decision to issue and deliver; art. 44
	extendAtMost  = 10 // working days, once, with the head's approval; art. 42
	publishWithin = 7  // working days, 双公示
)

// silenceDay is the last day to accept, refuse or ask for corrections; after
// it the case is deemed accepted from the day the material was received.
func silenceDay(cal *deadline.Calendar, c *Case) kernel.Date {
	return cal.AddWorking(c.ReceiptOn, acceptWithin)
}

// clocks computes the limits of a case from its events.
func clocks(cal *deadline.Calendar, c *Case, v *rule.Version, events []deadline.Event, today kernel.Date) ([]rule.Clock, error) {
	if c.SubmittedAt.IsZero() || len(events) == 0 {
		return nil, nil
	}
	return v.Clocks(cal, events, today)
}

// refreshClocks keeps the sort keys of the queue: the days themselves are
// computed when read.
func (s *Service) refreshClocks(ctx context.Context, sc *scene) error {
	c := sc.c
	c.Due, c.PromisedDue, c.Paused = kernel.Date{}, kernel.Date{}, false
	if c.State == Submitted {
		c.Due = silenceDay(sc.cal, c)
		return nil
	}
	if c.State == Draft || c.State == Correcting {
		return nil
	}
	events, err := listClock(ctx, sc.tx, c.ID)
	if err != nil {
		return err
	}
	running, err := clocks(sc.cal, c, sc.v, events, sc.today())
	if err != nil {
		return err
	}
	for _, k := range running {
		switch k.Kind {
		case rule.Statutory:
			c.Due, c.Paused = k.State.Due, k.State.Paused
		case rule.Promised:
			c.PromisedDue = k.State.Due
		}
	}
	return nil
}

// startClock starts the limits: on the day of receipt or of acceptance, as
// the rule version says.
func startClock(ctx context.Context, tx *db.Tx, sc *scene) error {
	on := sc.c.AcceptedOn
	if sc.v.StartsAtReceipt() {
		on = sc.c.ReceiptOn
	}
	return addClock(ctx, tx, sc.c.ID, deadline.Event{Kind: deadline.Start, On: on}, sc.by, sc.now)
}
