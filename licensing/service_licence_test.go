package licensing

import (
	"context"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

func TestGrantMakesLicenceWithPapersAndDelivery(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, l := o.granted(ask{item: "petrol-station.first"}, station)
		if l.Number != "津120116危化经字〔2026〕000001" || l.Issue != 1 || l.State != Valid || l.ValidTo != kernel.MustDate("2029-05-05") {
			t.Fatalf("licence %+v", l)
		}
		for _, kind := range []PaperKind{PaperGrant, PaperMain, PaperCopy} {
			if p := o.paper(c.ID, kind); p == nil || p.State != PaperPrepared {
				t.Fatalf("paper %s: %+v", kind, p)
			}
		}
		d := o.delivery(c.ID)
		if d.State != ToMake || d.Due != kernel.MustDate("2026-05-19") { // ten working days (the 9th is worked in exchange), art. 44
			t.Fatalf("delivery %+v", d)
		}
		o.render()
		for _, p := range o.papers(c.ID) {
			if p.State != PaperSealed || p.Size == 0 {
				t.Fatalf("paper %s is %s: %s %s", p.Kind, p.State, p.Error, p.ErrorArgs)
			}
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_licence_acts WHERE licence_id = $1 AND act = 'issue'`, l.ID); n != 1 {
			t.Fatalf("%d issue acts", n)
		}
	})
}

func TestPetrolStationsAndOtherDealersShareOneSeries(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, a := o.granted(ask{item: "petrol-station.first"}, station)
		_, b := o.granted(ask{item: "hazchem-business.first"}, station)
		if a.Number == b.Number {
			t.Fatalf("both are %s", a.Number)
		}
	})
}

func TestRenewalKeepsNumberAndRunsOn(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, old := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2028-12-20") // before the three months
		c := o.filed(ask{item: "petrol-station.renew", licenceID: old.ID})
		if l := o.licence(old.ID); l.State != Renewing || !l.Timely || l.PendingCase != c.ID {
			t.Fatalf("licence while its renewal is decided: %+v", l)
		}
		_, err := o.decided(c, Verdict{Outcome: Granted})
		o.must(err)
		next := o.licence(o.theCase(c.ID).LicenceID)
		if next.Number != old.Number || next.Issue != 2 || next.PreviousID != old.ID || next.ValidFrom != kernel.MustDate("2029-05-06") || next.ValidTo != kernel.MustDate("2032-05-05") {
			t.Fatalf("next issue %+v", next)
		}
		if next.Scope != old.Scope || next.Holder != old.Holder || next.Item != old.Item || next.Continued == "" {
			t.Fatalf("not carried over: %+v", next)
		}
		if l := o.licence(old.ID); l.State != Replaced || l.PendingCase != "" {
			t.Fatalf("old issue %+v", l)
		}
		phone := o.reach(next)
		if phone != "13900139000" {
			t.Fatalf("contact %q", phone)
		}
	})
}

func (o *office) reach(l *Licence) string {
	o.t.Helper()
	phone, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (string, error) {
		return o.Vault.Open(ctx, q, l.KeyID, "contact_phone", l.ContactPhone)
	})
	o.must(err)
	return phone
}

func TestChangeKeepsTheLastDay(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, old := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2027-03-01")
		_, next := o.granted(ask{item: "petrol-station.change", licenceID: old.ID}, LicenceData{PersonInCharge: "样例乙"})
		if next.ValidTo != old.ValidTo || next.Issue != 2 || next.PersonInCharge != "样例乙" || next.Address != old.Address {
			t.Fatalf("next issue %+v", next)
		}
	})
}

func TestCancellationClosesTheRegisterEntry(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, old := o.granted(ask{item: "petrol-station.first"}, station)
		c, _ := o.granted(ask{item: "petrol-station.cancel", licenceID: old.ID}, LicenceData{})
		if l := o.licence(old.ID); l.State != Deregister || l.PendingCase != "" {
			t.Fatalf("licence %+v", l)
		}
		if o.paper(c.ID, PaperMain) != nil {
			t.Fatal("a cancelled licence got a certificate")
		}
	})
}

func TestPersonalLicenceHidesTheIdentityNumber(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		const id = "11010519491231002X"
		data := LicenceData{Holder: "样例丁", IDNumber: id, Scope: "低压电工作业"}
		_, l := o.granted(ask{item: "special-operation.first", person: true}, data)
		if l.Number == "T"+id || l.Number[0] != 'T' || l.Holder == "样例丁" || l.NumberKey == l.Number {
			t.Fatalf("number %q key %q holder %q", l.Number, l.NumberKey, l.Holder)
		}
		if l.ReviewDue != kernel.MustDate("2029-05-05") || l.ValidTo != kernel.MustDate("2032-05-05") {
			t.Fatalf("review %s to %s", l.ReviewDue, l.ValidTo)
		}
		page, err := o.Register(t.Context(), as("reader"), LicenceFilter{Number: "T" + id})
		o.must(err)
		if len(page.Rows) != 1 {
			t.Fatalf("found %d by its number", len(page.Rows))
		}
		if n := o.count(`SELECT COUNT(*) FROM audit_rows WHERE after LIKE $1 OR before LIKE $1`, "%"+id+"%"); n != 0 {
			t.Fatalf("%d audit rows hold the identity number", n)
		}
	})
}

func TestRecheckIsNotedOnTheSameCertificate(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, l := o.granted(ask{item: "special-operation.first", person: true}, LicenceData{Holder: "样例丁", IDNumber: "11010519491231002X"})
		o.day("2029-04-10")
		c, same := o.granted(ask{item: "special-operation.recheck", person: true, licenceID: l.ID}, LicenceData{})
		if same.ID != l.ID || same.Issue != 1 || same.State != Valid || !same.ReviewDue.IsZero() || same.ValidTo != l.ValidTo {
			t.Fatalf("licence %+v", same)
		}
		if o.paper(c.ID, PaperMain) == nil {
			t.Fatal("no new certificate")
		}
		o.render()
		if p := o.paper(c.ID, PaperMain); !p.Ready() {
			t.Fatalf("certificate: %s %s", p.Error, p.ErrorArgs)
		}
	})
}

func TestOpinionIsAPaperAndNoLicence(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, l := o.granted(ask{item: "construction-conditions.review"}, LicenceData{Opinion: &OpinionData{PaperHead: PaperHead{Authority: "天津市应急管理局"}, Project: "样例项目", Conclusion: "同意"}})
		p := o.paper(c.ID, PaperOpinion)
		if l != nil || p == nil || p.Number != "津危化项目安条审字〔2026〕001号" {
			t.Fatalf("licence %v, paper %+v", l, p)
		}
		o.render()
		if p := o.paper(c.ID, PaperOpinion); !p.Ready() {
			t.Fatalf("opinion: %s %s", p.Error, p.ErrorArgs)
		}
	})
}

func TestDenialGivesTheLicenceItsStateBack(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, old := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2029-03-01") // too late to be timely
		c := o.filed(ask{item: "petrol-station.renew", licenceID: old.ID})
		if l := o.licence(old.ID); l.Timely {
			t.Fatal("a late renewal is timely")
		}
		_, err := o.decided(c, Verdict{Outcome: Denied, Grounds: "不符合条件"})
		o.must(err)
		if l := o.licence(old.ID); l.State != Valid || l.PendingCase != "" {
			t.Fatalf("licence %+v", l)
		}
	})
}

func TestUndecidedAtExpiryIsDeemedRenewed(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, old := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2028-12-20")
		c := o.filed(ask{item: "petrol-station.renew", licenceID: old.ID})
		o.day("2029-05-05")
		if n, err := o.DeemRenewals(t.Context()); err != nil || n != 0 {
			t.Fatalf("deemed %d on the last day: %v", n, err)
		}
		o.day("2029-05-06")
		n, err := o.DeemRenewals(t.Context())
		o.must(err)
		if again, _ := o.DeemRenewals(t.Context()); n != 1 || again != 0 {
			t.Fatalf("deemed %d, then %d", n, again)
		}
		l := o.licence(old.ID)
		if l.DeemedOn != kernel.MustDate("2029-05-06") || l.ValidTo != kernel.MustDate("2032-05-05") || o.todos(todoDeemed) != 1 {
			t.Fatalf("licence %+v", l)
		}
		_, err = o.decided(c, Verdict{Outcome: Denied, Grounds: "不符合条件"})
		o.fails(err, kernel.Conflict, "deemed_renewed")
		_, err = o.decided(c, Verdict{Outcome: Granted})
		o.must(err)
		next := o.licence(o.theCase(c.ID).LicenceID)
		if next.ValidTo != kernel.MustDate("2032-05-05") || next.ValidFrom != kernel.MustDate("2029-05-06") || o.todos(todoDeemed) != 0 {
			t.Fatalf("what silence gave was given twice: %+v", next)
		}
	})
}

func TestOneApplicationPerLicenceAtATime(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		c := o.filed(ask{item: "petrol-station.change", licenceID: l.ID})
		other := *c
		other.ID = "other"
		err := o.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return o.linkRenewal(ctx, tx, &other, o.clock.Now()) })
		o.fails(err, kernel.Conflict, "licence_pending")
	})
}

func TestFailedDecisionVoidsItsNumber(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c := o.filed(ask{item: "petrol-station.first"})
		_, err := o.Decide(t.Context(), as("approver", PermApprove), c.ID, 99, Verdict{Outcome: Granted, Grounds: "x", Licence: station})
		o.fails(err, kernel.Conflict, "")
		if n := o.count(`SELECT COUNT(*) FROM number_numbers WHERE state = 'taken'`); n != 0 {
			t.Fatalf("%d numbers hang", n)
		}
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		if l.Number != "津120116危化经字〔2026〕000002" {
			t.Fatalf("number %s", l.Number)
		}
	})
}

func TestCertificateIsRefusedWithoutPublicURL(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.PublicURL = ""
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		o.render()
		p := o.paper(c.ID, PaperMain)
		if p.State != PaperPrepared || p.Error != "licensing.error.no_public_url" || p.Tries != 1 {
			t.Fatalf("paper %+v", p)
		}
		if !o.paper(c.ID, PaperGrant).Ready() {
			t.Fatal("the letter needs no QR")
		}
		if _, _, err := o.OpenPaper(t.Context(), as("reader"), p.ID); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("opened a paper that is not made: %v", err)
		}
		o.PublicURL = "https://example.test"
		o.render() // too early
		if o.paper(c.ID, PaperMain).Ready() {
			t.Fatal("tried again at once")
		}
		o.clock.Advance(time.Minute)
		o.render()
		if !o.paper(c.ID, PaperMain).Ready() {
			t.Fatal("not tried again")
		}
	})
}

func TestMissingGlyphIsNamedAndNothingIsIssued(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		data := station
		data.PersonInCharge = "\U0002B81A" // not in the embedded font
		c, _ := o.granted(ask{item: "petrol-station.first"}, data)
		o.render()
		p := o.paper(c.ID, PaperMain)
		if p.Ready() || p.Error != "licensing.error.paper_glyph" {
			t.Fatalf("paper %+v", p)
		}
		if n, err := view(t.Context(), o.DB, func(ctx context.Context, q db.Q) (int, error) { return StuckPapers(ctx, q) }); err != nil || n == 0 {
			t.Errorf("%d papers are said to be stuck, %v", n, err)
		}
	})
}

func TestPapersOfOthersDoNotExist(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		o.render()
		p := o.paper(c.ID, PaperGrant)
		other := &auth.Principal{Actor: kernel.Actor{Kind: kernel.ActorAccount, ID: "other"}, Permissions: auth.NewSet(PermApply), Scope: auth.Scope{Account: "other"}}
		_, _, err := o.OpenPaper(t.Context(), other, p.ID)
		o.fails(err, kernel.NotFound, "")
		_, r, err := o.OpenPaper(t.Context(), holder(), p.ID)
		o.must(err)
		r.Close()
	})
}
