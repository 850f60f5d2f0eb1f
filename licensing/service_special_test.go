package licensing

import (
	"context"
	"testing"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

var (
	proposer = as("proposer", PermSpecial)
	signer   = as("signer", PermSpecial)
)

func spring() rule.Special {
	return rule.Special{Notice: "津应急〔2029〕7号", Title: kernel.Text{ZH: "疫情防控期间证照延期"}, Items: []string{"petrol-station"},
		From: kernel.MustDate("2029-04-01"), To: kernel.MustDate("2029-08-31"), Prolong: &rule.Prolong{Until: kernel.MustDate("2029-12-31")},
		SiteCheck: rule.SwapVideo, VerifyWithin: deadline.Limit{N: 60, Unit: deadline.WorkingDays}}
}

// inForce proposes and approves a package and runs its job.
func (o *office) inForce(in rule.Special) string {
	o.t.Helper()
	id, err := o.ProposeSpecial(o.t.Context(), proposer, in)
	o.must(err)
	_, err = o.AnswerSpecial(o.t.Context(), signer, id, 0, true)
	o.must(err)
	o.must(o.Jobs.Drain(o.t.Context()))
	return id
}

func TestSpecialTimeExtendsInBulk(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, inside := o.granted(ask{item: "petrol-station.first"}, station)
		_, other := o.granted(ask{item: "hazchem-use.first"}, station)
		o.day("2026-12-01")
		_, later := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2029-04-01")
		id, err := o.ProposeSpecial(ctx, proposer, spring())
		o.must(err)
		_, err = o.AnswerSpecial(ctx, proposer, id, 0, true)
		o.fails(err, kernel.Denied, "same_person")
		_, err = o.AnswerSpecial(ctx, signer, id, 0, true)
		o.must(err)
		o.must(o.Jobs.Drain(ctx))
		l := o.licence(inside.ID)
		if l.End() != kernel.MustDate("2029-12-31") || l.ValidTo != inside.ValidTo || l.StateOn(kernel.MustDate("2029-10-01")) != Valid {
			t.Fatalf("licence %+v", l)
		}
		if o.licence(other.ID).End() != other.ValidTo || o.licence(later.ID).End() != later.ValidTo {
			t.Fatal("extended what the notice is not about")
		}
		v, err := o.Verify(ctx, l.Code, "203.0.113.7")
		o.must(err)
		if v.Extended != l.ExtendedTo || v.Notice != "津应急〔2029〕7号" {
			t.Fatalf("verification %+v", v)
		}
		o.must(o.ExtendSpecials(ctx)) // again, by the daily job
		if n := o.count(`SELECT COUNT(*) FROM licensing_licence_acts WHERE act = 'extend'`); n != 1 {
			t.Fatalf("extended %d times", n)
		}
	})
}

func TestEndedSpecialTimeLeavesACatchUpList(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, early := o.granted(ask{item: "petrol-station.first"}, station) // ends 2029-05-05
		o.day("2026-07-01")
		_, late := o.granted(ask{item: "petrol-station.first"}, station) // ends 2029-06-30
		o.day("2029-04-01")
		id := o.inForce(spring())
		if o.licence(late.ID).ExtendedTo.IsZero() {
			t.Fatal("not extended")
		}
		o.day("2029-06-01")
		_, err := o.EndSpecial(ctx, proposer, id, 0, kernel.MustDate("2029-06-10"), "津应急〔2029〕12号")
		o.must(err)
		o.must(o.Jobs.Drain(ctx))
		if l := o.licence(early.ID); l.End() != kernel.MustDate("2029-12-31") {
			t.Fatalf("what was given is taken: %s", l.End())
		}
		if l := o.licence(late.ID); l.End() != late.ValidTo {
			t.Fatalf("ends %s", l.End())
		}
		v, err := o.Special(ctx, proposer, id, 10)
		o.must(err)
		if len(v.Licences) != 1 || v.Licences[0].LicenceID != early.ID || v.State != SpecialEnded {
			t.Fatalf("catch-up %+v", v.Licences)
		}
		o.granted(ask{item: "petrol-station.renew", licenceID: early.ID}, LicenceData{})
		v, err = o.Special(ctx, proposer, id, 10)
		o.must(err)
		if len(v.Licences) != 0 {
			t.Fatal("a renewed licence is still to be caught up")
		}
	})
}

func TestSwappedSiteCheckIsMadeGood(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.day("2029-04-02")
		id := o.inForce(spring())
		c := o.filed(ask{item: "petrol-station.first"})
		o.in(func(ctx context.Context, tx *db.Tx) error {
			swap, sp, err := o.siteCheckSwap(ctx, tx, c.Item, c.Area, kernel.DateOf(o.clock.Now()))
			if err != nil || swap != rule.SwapVideo {
				t.Fatalf("swap %q %v", swap, err)
			}
			return o.recordSwap(ctx, tx, sp, c, swap, o.clock.Now())
		})
		if o.todos(todoVerifySwap) != 1 {
			t.Fatal("no to-do")
		}
		o.must(o.VerifySwap(ctx, as("reviewer", PermReview), id, c.ID, true, "现场核查合格"))
		if o.todos(todoVerifySwap) != 0 {
			t.Fatal("to-do stays")
		}
		o.fails(o.VerifySwap(ctx, as("reviewer", PermReview), id, c.ID, true, "again"), kernel.Conflict, "")
	})
}

func TestSpecialTimeOfAnUnknownItemIsRefused(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		in := spring()
		in.Items = []string{"no-such-item"}
		_, err := o.ProposeSpecial(t.Context(), proposer, in)
		o.fails(err, kernel.Invalid, "items")
		o.must(func() error { _, err := o.ProposeSpecial(t.Context(), proposer, spring()); return err }())
		_, err = o.ProposeSpecial(t.Context(), proposer, spring())
		o.fails(err, kernel.Invalid, "notice")
	})
}
