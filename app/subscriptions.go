package app

import (
	"context"
	"fmt"

	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/licensing"
)

// The kinds of records that leave for city and national systems; see
// exchange.KindPublication for the one with a field map of its own.
const kindRating = "service_rating" // 好差评

// subscribe is the story of the platform: what one room did, and who acts on
// it a moment later.
func subscribe(bus *event.Bus, out *exchange.Exchange, clock kernel.Clock) {
	event.On(bus, "exchange.publication", licensing.EventPublished, func(ctx context.Context, tx *db.Tx, e event.Event[licensing.Published]) error {
		if e.Payload.Record.Sample { // made up, so nobody outside gets it
			return nil
		}
		return out.Put(ctx, tx, clock.Now(), publication(e.Payload))
	})
	event.On(bus, "exchange.rating", licensing.EventRated, func(ctx context.Context, tx *db.Tx, e event.Event[licensing.Rated]) error {
		return out.Put(ctx, tx, clock.Now(), exchange.Record{Kind: kindRating, Subject: "case:" + e.Payload.CaseID, Key: e.ID, Body: e.Payload})
	})
}

// publication is a public licence as the 双公示 receivers get it.
func publication(p licensing.Published) exchange.Record {
	r := p.Record
	return exchange.Record{Kind: exchange.KindPublication, Subject: "case:" + p.CaseID, Key: fmt.Sprintf("%s:%d", p.CaseID, p.Seq), Due: p.Due, Body: exchange.Publication{
		Holder: r.Holder, HolderKind: r.HolderKind, USCC: r.USCC, LegalPerson: r.LegalPerson, Document: r.Document, DocumentNumber: r.DocumentNo,
		Category: r.Kind, Certificate: r.Certificate, Number: r.Number, Content: r.Content, DecidedOn: r.DecidedOn, ValidFrom: r.ValidFrom,
		ValidTo: r.ValidTo, Authority: r.Authority, Status: string(r.Status), Source: r.Source, Remark: r.Remark}}
}
