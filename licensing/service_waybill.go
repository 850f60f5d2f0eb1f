package licensing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// ImportPostings records a list of parcels, each row in a transaction of its
// own: a row whose parcel is recorded already changes nothing, so a list can
// be sent again after any interruption. A dry run changes nothing and says
// what would happen. Rows that fail do not stop the others.
func (s *Service) ImportPostings(ctx context.Context, p *auth.Principal, rows []Posting, dryRun bool) ([]RowOutcome, error) {
	if err := checkImport(p, len(rows)); err != nil {
		return nil, err
	}
	out := make([]RowOutcome, len(rows))
	seen := map[string]int{}
	for i, row := range rows {
		o := RowOutcome{Row: orInt(row.line, i+1), CaseNumber: row.CaseNumber, Waybill: row.Waybill}
		if first, twice := seen[row.CaseNumber]; twice {
			o.Outcome, o.Err = "failed", rowTwice("case_number", row.CaseNumber, first)
		} else {
			seen[row.CaseNumber] = o.Row
			o.Outcome, o.Err = s.importPosting(ctx, p, row, dryRun)
		}
		if o.Err != nil && kernel.KindOf(o.Err) == kernel.Internal {
			return out[:i], fmt.Errorf("row %d: %w", o.Row, o.Err)
		}
		out[i] = o
	}
	return out, nil
}

func checkImport(p *auth.Principal, rows int) error {
	if err := allow(p, PermMail); err != nil {
		return err
	}
	if rows == 0 {
		return kernel.Bad("rows", "required", "")
	}
	if rows > maxImportRows {
		var c kernel.Check
		c.Add("rows", "too_many_rows", fmt.Sprint(rows), "max", maxImportRows)
		return c.Err()
	}
	return nil
}

func rowTwice(field, value string, first int) error {
	var c kernel.Check
	c.Add(field, "row_twice", value, "row", first)
	return c.Err()
}

func (s *Service) importPosting(ctx context.Context, p *auth.Principal, row Posting, dryRun bool) (string, error) {
	parcel := Parcel{Carrier: row.Carrier, Waybill: row.Waybill}
	var c kernel.Check
	c.Merge("", row.fault)
	c.Require("case_number", row.CaseNumber)
	parcel.check(&c, "")
	if err := c.Err(); err != nil {
		return "failed", err
	}
	found, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Delivery, error) {
		c, err := getCaseByNumber(ctx, q, row.CaseNumber)
		if err == nil {
			c, err = getCase(ctx, q, p.Scope, c.ID) // outside the scope it does not exist
		}
		if err != nil {
			return nil, db.Found(err, "case", row.CaseNumber)
		}
		return deliveryOf(ctx, q, c.ID)
	})
	if err != nil {
		return "failed", err
	}
	if found.Carrier == parcel.Carrier && found.Waybill == parcel.Waybill {
		return "already", nil
	}
	at, err := postedAt(found, row.PostedAt, s.Clock.Now())
	if err != nil {
		return "failed", err
	}
	if dryRun {
		trial := *found
		if err := trial.Post(p.Actor, parcel.Carrier, parcel.Waybill, at); err != nil {
			return "failed", err
		}
		return "would_do", s.waybillFree(ctx, parcel)
	}
	_, err = s.handle(ctx, handling{by: p, needs: PermMail, caseID: found.CaseID, name: "post", note: parcel.Carrier + " " + parcel.Waybill, open: true},
		func(ctx context.Context, sc *scene, d *Delivery) error { return s.post(ctx, sc, d, parcel, at) })
	if err != nil {
		return "failed", err
	}
	return "done", nil
}

// postedAt is when a parcel went out: not before its documents were checked,
// not in the future.
func postedAt(d *Delivery, at, now time.Time) (time.Time, error) {
	if at.IsZero() {
		return now, nil
	}
	if at.After(now) || at.Before(d.CreatedAt.Truncate(time.Minute)) {
		return now, kernel.Bad("posted_at", "range", at.In(kernel.Shanghai).Format("2006-01-02 15:04"))
	}
	return at, nil
}

func (s *Service) waybillFree(ctx context.Context, parcel Parcel) error {
	_, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Delivery, error) {
		return getDeliveryByWaybill(ctx, q, auth.CityScope(), parcel.Carrier, parcel.Waybill)
	})
	switch kernel.KindOf(err) {
	case kernel.NotFound:
		return nil
	case kernel.Internal:
		if err != nil {
			return err
		}
	}
	return kernel.Clash("licensing.error.waybill_taken", map[string]any{"waybill": parcel.Waybill})
}

// ImportTrackings records a carrier's news: signed for, returned, on the way.
// What is recorded already changes nothing.
func (s *Service) ImportTrackings(ctx context.Context, p *auth.Principal, rows []Tracking, dryRun bool) ([]RowOutcome, error) {
	if err := checkImport(p, len(rows)); err != nil {
		return nil, err
	}
	out := make([]RowOutcome, len(rows))
	for i, row := range rows {
		o := RowOutcome{Row: orInt(row.line, i+1), Waybill: row.Waybill}
		o.Outcome, o.Err = s.importTracking(ctx, p, row, dryRun)
		if o.Err != nil && kernel.KindOf(o.Err) == kernel.Internal {
			return out[:i], fmt.Errorf("row %d: %w", o.Row, o.Err)
		}
		out[i] = o
	}
	return out, nil
}

func (row *Tracking) check() error {
	if row.fault != nil {
		return row.fault
	}
	var c kernel.Check
	parcel := Parcel{Carrier: orElse(row.Carrier, "-"), Waybill: row.Waybill}
	parcel.check(&c, "")
	row.Waybill = parcel.Waybill
	if !slices.Contains([]TrackingStatus{InTransit, ParcelSigned, ParcelReturns}, row.Status) {
		c.Add("status", "one_of", string(row.Status))
	}
	if row.Status == ParcelReturns {
		c.Text("note", row.Note, 500)
	}
	return c.Err()
}

func (s *Service) importTracking(ctx context.Context, p *auth.Principal, row Tracking, dryRun bool) (string, error) {
	if err := row.check(); err != nil {
		return "failed", err
	}
	d, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Delivery, error) {
		return getDeliveryByWaybill(ctx, q, p.Scope, row.Carrier, row.Waybill)
	})
	if err != nil {
		return "failed", err
	}
	if row.Status == InTransit && d.State == Posted || row.Status == ParcelSigned && d.State == SignedFor || row.Status == ParcelReturns && d.State == Returned {
		return "already", nil
	}
	if row.Status == InTransit {
		return "failed", d.in("track", Posted)
	}
	if dryRun {
		if err := d.in(string(row.Status), Posted); err != nil {
			return "failed", err
		}
		return "would_do", nil
	}
	h := handling{by: p, needs: PermMail, caseID: d.CaseID, version: d.Version, name: "sign", note: row.Note, open: true}
	if row.Status == ParcelReturns {
		h.name = "return"
	}
	_, err = s.handle(ctx, h, func(ctx context.Context, sc *scene, d *Delivery) error {
		if row.Status == ParcelReturns {
			return s.returned(ctx, sc, d, row.Note)
		}
		return s.sign(ctx, sc, d, row.At)
	})
	if err != nil {
		return "failed", err
	}
	return "done", nil
}
