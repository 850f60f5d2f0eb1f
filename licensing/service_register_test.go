package licensing

import (
	"testing"

	"pgregory.net/rapid"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

var (
	registrar = as("registrar", PermRegister)
	second    = as("second", PermApprove)
)

func TestHarshActNeedsASecondPerson(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2026-06-01") // acts of one instant have no order
		in := ActInput{Act: ActForfeit, Basis: "《危险化学品安全法》", Note: "样例事实"}
		_, err := o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActForfeit})
		o.fails(err, kernel.Invalid, "basis")
		_, err = o.ActOn(ctx, registrar, l.ID, 0, in)
		o.must(err)
		if o.licence(l.ID).State != Valid || o.todos(todoSecond) != 1 {
			t.Fatal("done by one person")
		}
		_, err = o.ActOn(ctx, registrar, l.ID, 0, in)
		o.fails(err, kernel.Conflict, "act_waits")
		v, err := o.Licence(ctx, registrar, l.ID)
		o.must(err)
		same := as("registrar", PermApprove)
		_, err = o.AnswerAct(ctx, same, l.ID, v.Request.ID, true, "")
		o.fails(err, kernel.Denied, "same_person")
		_, err = o.AnswerAct(ctx, second, l.ID, v.Request.ID, true, "")
		o.must(err)
		if got := o.licence(l.ID); got.State != Forfeited || o.todos(todoSecond) != 0 {
			t.Fatalf("licence %s", got.State)
		}
		v, err = o.Licence(ctx, registrar, l.ID)
		o.must(err)
		last := v.Acts[len(v.Acts)-1]
		if last.Act != ActForfeit || last.Actor != "registrar" || last.Second != "second" || v.Request != nil {
			t.Fatalf("act %+v", last)
		}
	})
}

func TestDeclinedActLeavesTheLicence(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		_, err := o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActRevoke, Basis: "art. 8", Note: "x"})
		o.must(err)
		v, err := o.Licence(ctx, registrar, l.ID)
		o.must(err)
		_, err = o.AnswerAct(ctx, second, l.ID, v.Request.ID, false, "证据不足")
		o.must(err)
		if o.licence(l.ID).State != Valid {
			t.Fatal("declined and done")
		}
	})
}

func TestSuspensionEndsWhereItBegan(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		c := o.filed(ask{item: "petrol-station.change", licenceID: l.ID})
		_, err := o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActSuspend, Basis: "x", Note: "x"})
		o.fails(err, kernel.Invalid, "until")
		_, err = o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActSuspend, Basis: "x", Note: "x", Until: kernel.MustDate("2026-08-01")})
		o.must(err)
		v, err := o.Licence(ctx, registrar, l.ID)
		o.must(err)
		_, err = o.AnswerAct(ctx, second, l.ID, v.Request.ID, true, "")
		o.must(err)
		if o.licence(l.ID).State != Suspended || o.todos(todoResume) != 1 {
			t.Fatal("not suspended")
		}
		if _, err := o.decided(c, Verdict{Outcome: Granted}); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("a suspended licence was changed: %v", err)
		}
		_, err = o.ActOn(ctx, registrar, l.ID, 0, ActInput{Act: ActResume, Basis: "期满"})
		o.must(err)
		if got := o.licence(l.ID); got.State != Changing || o.todos(todoResume) != 0 {
			t.Fatalf("resumed as %s", got.State)
		}
	})
}

func TestRegisterKeepsEveryStateApart(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		var ids []string
		for range 4 {
			_, l := o.granted(ask{item: "petrol-station.first"}, station)
			ids = append(ids, l.ID)
		}
		_, err := o.ActOn(ctx, registrar, ids[0], 0, ActInput{Act: ActDeregister, Basis: "art. 70"})
		o.must(err)
		o.granted(ask{item: "petrol-station.change", licenceID: ids[1]}, LicenceData{})
		counts := func() map[LicenceState]int64 {
			out := map[LicenceState]int64{}
			for _, st := range licenceStates {
				page, err := o.Register(ctx, registrar, LicenceFilter{State: st})
				o.must(err)
				for _, row := range page.Rows {
					if row.State != st {
						t.Fatalf("%s stands among %s", row.State, st)
					}
				}
				out[st] = page.Total
			}
			return out
		}
		if got := counts(); got[Deregister] != 1 || got[Replaced] != 1 || got[Valid] != 3 || got[Expired] != 0 {
			t.Fatalf("%v", got)
		}
		o.day("2029-05-06")
		if got := counts(); got[Expired] != 3 || got[Valid] != 0 {
			t.Fatalf("after the last day: %v", got)
		}
		first, err := o.Register(ctx, registrar, LicenceFilter{Limit: 2})
		o.must(err)
		rest, err := o.Register(ctx, registrar, LicenceFilter{Limit: 10, After: first.Rows[1].Next()})
		o.must(err)
		if !first.More || len(rest.Rows) != 3 || rest.More {
			t.Fatalf("pages of %d and %d", len(first.Rows), len(rest.Rows))
		}
	})
}

func TestRegisterOfAnotherDistrictDoesNotExist(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		elsewhere := as("elsewhere", PermRegister)
		elsewhere.Scope = auth.Scope{Officer: true, Areas: []string{"120101"}}
		_, err := o.Licence(t.Context(), elsewhere, l.ID)
		o.fails(err, kernel.NotFound, "")
		_, err = o.ActOn(t.Context(), elsewhere, l.ID, 0, ActInput{Act: ActDeregister, Basis: "x"})
		o.fails(err, kernel.NotFound, "")
		page, err := o.Register(t.Context(), holder(), LicenceFilter{})
		o.must(err)
		if len(page.Rows) != 1 {
			t.Fatal("the holder does not see their licence")
		}
	})
}

// TestLicenceMachine drives random acts against a model: an end state is left
// only by deregistration, which is left by nothing; a failed act changes
// nothing; a renewal that came in time never expires while it is pending.
func TestLicenceMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := kernel.MustDate("2026-01-01")
		l := Licence{State: Valid, ValidTo: day.AddDays(rapid.IntRange(0, 400).Draw(t, "valid"))}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			day = day.AddDays(rapid.IntRange(0, 60).Draw(t, "days"))
			before := l.State
			state := l.StateOn(day)
			act := rapid.SampledFrom([]Act{ActSuspend, ActResume, ActAnnul, ActRevoke, ActForfeit, ActDeregister, ActReplace, ActLink, ActUnlink, ActDeem}).Draw(t, "act")
			err := licenceAct(&l, act, day, rapid.Bool().Draw(t, "timely"))
			if err != nil && l.State != before {
				t.Fatalf("%s failed and moved %s to %s", act, before, l.State)
			}
			if err == nil {
				ended := before == Annulled || before == Revoked || before == Forfeited || before == Replaced || before == Deregister
				if ended && !(act == ActDeregister && before != Deregister && before != Replaced) && act != ActUnlink {
					t.Fatalf("%s left %s", act, before)
				}
				if act == ActRevoke && state == Expired {
					t.Fatal("revoked an expired licence")
				}
			}
			if l.State == Renewing && l.Timely && l.DeemedOn.IsZero() && l.StateOn(day) == Expired {
				t.Fatal("a timely renewal expired")
			}
			if (l.State == Renewing || l.State == Changing) != (l.PendingCase != "" && l.State != Suspended && l.State == l.PendingState) {
				t.Fatalf("state %s with pending %q %s", l.State, l.PendingCase, l.PendingState)
			}
		}
	})
}

func licenceAct(l *Licence, act Act, day kernel.Date, timely bool) error {
	switch act {
	case ActLink:
		return l.Link("case", Renewing, timely, day)
	case ActUnlink:
		if l.PendingCase == "" {
			return kernel.Clash("none", nil)
		}
		return l.Unlink(l.PendingCase)
	case ActDeem:
		return l.Deem(l.End().AddYears(3), day)
	}
	return l.Do(act, day)
}
