package licensing

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

var (
	maker   = as("maker", PermMake)
	checker = as("checker", PermMake)
	mailer  = as("mailer", PermMail)
)

// ready grants a case and takes its documents to the mail desk.
func (o *office) ready(mode DeliveryMode) *Case {
	o.t.Helper()
	c, _ := o.granted(ask{item: "petrol-station.first", mode: mode}, station)
	o.render()
	_, err := o.MarkMade(o.t.Context(), maker, c.ID, 0)
	o.must(err)
	_, err = o.CheckMade(o.t.Context(), checker, c.ID, 0, true, "")
	o.must(err)
	return c
}

func TestMailedResultGoesFromMakingToTheArchive(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		c := o.ready(ByMail)
		if got := o.theCase(c.ID); got.Step != Deliver {
			t.Fatalf("case at %s", got.Step)
		}
		_, err := o.Post(ctx, mailer, c.ID, 0, Parcel{"EMS", "ez123456789cn"})
		o.must(err)
		if d := o.delivery(c.ID); d.State != Posted || d.Waybill != "EZ123456789CN" || d.Attempts != 1 {
			t.Fatalf("delivery %+v", d)
		}
		o.clock.Advance(24 * time.Hour)
		_, err = o.MarkSigned(ctx, mailer, c.ID, 0, time.Time{})
		o.must(err)
		if got := o.theCase(c.ID); got.Step != Archive {
			t.Fatalf("case at %s", got.Step)
		}
		o.render()
		p := o.paper(c.ID, PaperDeliveryReceipt)
		if p == nil || !p.Ready() {
			t.Fatalf("receipt %+v", p)
		}
	})
}

func TestMakerNeitherChecksNorHandsOver(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		both := as("maker", PermMake, PermMail)
		if _, err := o.MarkMade(ctx, both, c.ID, 0); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("made before the papers are sealed: %v", err)
		}
		o.render()
		_, err := o.MarkMade(ctx, both, c.ID, 0)
		o.must(err)
		_, err = o.CheckMade(ctx, both, c.ID, 0, true, "")
		o.fails(err, kernel.Denied, "maker_is_checker")
		standIn := as("other", PermMake)
		standIn.Actor.For = "maker"
		_, err = o.CheckMade(ctx, standIn, c.ID, 0, true, "")
		o.fails(err, kernel.Denied, "maker_is_checker")
		_, err = o.CheckMade(ctx, checker, c.ID, 0, true, "")
		o.must(err)
		_, err = o.Post(ctx, both, c.ID, 0, Parcel{"EMS", "1"})
		o.fails(err, kernel.Denied, "maker_hands_over")
		_, err = o.Post(ctx, as("reader"), c.ID, 0, Parcel{"EMS", "1"})
		o.fails(err, kernel.Denied, "")
	})
}

func TestRejectedDocumentsAreMadeAgain(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, _ := o.granted(ask{item: "petrol-station.first"}, station)
		o.render()
		_, err := o.MarkMade(t.Context(), maker, c.ID, 0)
		o.must(err)
		_, err = o.CheckMade(t.Context(), checker, c.ID, 0, false, "")
		o.fails(err, kernel.Invalid, "note")
		d, err := o.CheckMade(t.Context(), checker, c.ID, 0, false, "打印模糊")
		o.must(err)
		if d.State != ToMake || d.Made.ID != "" || o.theCase(c.ID).Step != Make {
			t.Fatalf("delivery %+v", d)
		}
	})
}

func TestReturnedLetterIsContactedAndPostedAgain(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		c := o.ready(ByMail)
		_, err := o.Post(ctx, mailer, c.ID, 0, Parcel{"EMS", "A1"})
		o.must(err)
		_, err = o.MarkReturned(ctx, mailer, c.ID, 0, "查无此人")
		o.must(err)
		if o.todos(todoReturned) != 1 {
			t.Fatal("nobody hears of the returned letter")
		}
		_, err = o.Post(ctx, mailer, c.ID, 0, Parcel{"EMS", "A2"})
		o.fails(err, kernel.Conflict, "delivery_state")
		_, err = o.SettleReturned(ctx, mailer, c.ID, 0, ContactResult{Mode: ByMail, Note: "电话确认新地址", Address: Address{Address: "河东区样例路2号"}})
		o.must(err)
		v, err := o.DeliveryOf(ctx, mailer, c.ID)
		o.must(err)
		if strings.Contains(v.Address.Phone, "13800138000") || v.State != Contacted {
			t.Fatalf("view %+v", v.Address)
		}
		label, err := o.AddressLabel(ctx, mailer, c.ID)
		o.must(err)
		if label != (Address{Recipient: "样例丙", Phone: "13800138000", Address: "河东区样例路2号"}) {
			t.Fatalf("label %+v", label)
		}
		_, err = o.Post(ctx, mailer, c.ID, 0, Parcel{"EMS", "A2"})
		o.must(err)
		if d := o.delivery(c.ID); d.Attempts != 2 || o.todos(todoReturned) != 0 {
			t.Fatalf("delivery %+v", d)
		}
	})
}

func TestReturnedLetterMayBePickedUp(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		c := o.ready(ByMail)
		_, err := o.Post(ctx, mailer, c.ID, 0, Parcel{"EMS", "A1"})
		o.must(err)
		_, err = o.MarkReturned(ctx, mailer, c.ID, 0, "拒收")
		o.must(err)
		_, err = o.SettleReturned(ctx, mailer, c.ID, 0, ContactResult{Mode: ByPickUp, Note: "自取"})
		o.must(err)
		_, err = o.HandOver(ctx, mailer, c.ID, 0, "出示身份证")
		o.must(err)
		if d := o.delivery(c.ID); d.State != PickedUp || o.theCase(c.ID).Step != Archive {
			t.Fatalf("delivery %+v", d)
		}
	})
}

func TestElectronicResultIsSentWhenItsPapersAreSealed(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, _ := o.granted(ask{item: "petrol-station.first", mode: ByElectronic}, station)
		o.render()
		if d := o.delivery(c.ID); d.State != SentOnline || o.theCase(c.ID).Step != Archive {
			t.Fatalf("delivery %+v", d)
		}
		if n := o.count(`SELECT COUNT(*) FROM notify_messages WHERE template = 'licensing.notice.online' AND channel = 'in_app'`); n != 1 {
			t.Fatalf("told %d times", n)
		}
	})
}

func TestDenialLetterNeedsNoMaking(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c, err := o.decided(o.filed(ask{item: "petrol-station.first"}), Verdict{Outcome: Denied, Grounds: "不符合条件"})
		o.must(err)
		o.render()
		_, err = o.Post(t.Context(), mailer, c.ID, 0, Parcel{"EMS", "B1"})
		o.must(err)
	})
}

func TestWaybillsAreImportedRowByRow(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		a, b := o.ready(ByMail), o.ready(ByMail)
		csv := "\ufeff序号,办件号,快递公司,运单号,寄出时间\r\n1," + a.Number + ",EMS,W1,\r\n\r\n2,没有,EMS,W2,\r\n3," + b.Number + ",EMS,W 3,\r\n4," + a.Number + ",EMS,W4,昨天\r\n"
		rows, err := ParsePostings(strings.NewReader(csv))
		o.must(err)
		dry, err := o.ImportPostings(ctx, mailer, rows, true)
		o.must(err)
		if got := outcomes(dry); got != "2:would_do 4:failed 5:failed 6:failed" || o.delivery(a.ID).State != Checked {
			t.Fatalf("dry run: %s", got)
		}
		done, err := o.ImportPostings(ctx, mailer, rows, false)
		o.must(err)
		if got := outcomes(done); got != "2:done 4:failed 5:failed 6:failed" {
			t.Fatalf("import: %s", got)
		}
		again, err := o.ImportPostings(ctx, mailer, rows[:1], false)
		o.must(err)
		if got := outcomes(again); got != "2:already" || o.delivery(a.ID).Attempts != 1 {
			t.Fatalf("again: %s", got)
		}
		taken, err := o.ImportPostings(ctx, mailer, []Posting{{CaseNumber: b.Number, Carrier: "EMS", Waybill: "W1"}}, false)
		o.must(err)
		if got := outcomes(taken); got != "1:failed" || kernel.KindOf(taken[0].Err) != kernel.Conflict {
			t.Fatalf("taken waybill: %s %v", got, taken[0].Err)
		}
	})
}

func outcomes(rows []RowOutcome) string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%d:%s", r.Row, r.Outcome)
	}
	return strings.Join(out, " ")
}

func TestCarrierNewsAreImportedOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		a, b := o.ready(ByMail), o.ready(ByMail)
		_, err := o.ImportPostings(ctx, mailer, []Posting{{CaseNumber: a.Number, Carrier: "EMS", Waybill: "W1"}, {CaseNumber: b.Number, Carrier: "EMS", Waybill: "W2"}}, false)
		o.must(err)
		o.clock.Advance(time.Hour)
		rows, err := ParseTrackings(strings.NewReader("运单号,状态,时间,说明\nW1,已签收,2026-05-06 10:30,\nW2,退回,,地址不详\nW3,签收,,\nW1,丢了,,\n"))
		o.must(err)
		done, err := o.ImportTrackings(ctx, mailer, rows, false)
		o.must(err)
		if got := outcomes(done); got != "2:done 3:done 4:failed 5:failed" {
			t.Fatalf("%s", got)
		}
		again, err := o.ImportTrackings(ctx, mailer, rows[:2], false)
		o.must(err)
		if got := outcomes(again); got != "2:already 3:already" {
			t.Fatalf("again: %s", got)
		}
		if o.delivery(a.ID).State != SignedFor || o.delivery(b.ID).State != Returned || o.todos(todoReturned) != 1 {
			t.Fatalf("a %s b %s", o.delivery(a.ID).State, o.delivery(b.ID).State)
		}
	})
}

func TestDeskShowsOnlyWhatIsInScope(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c := o.ready(ByMail)
		page, err := o.Deliveries(t.Context(), mailer, DeliveryFilter{Open: true})
		o.must(err)
		if len(page.Rows) != 1 || page.Total != 1 || page.Rows[0].CaseID != c.ID {
			t.Fatalf("page %+v", page)
		}
		elsewhere := as("elsewhere", PermMail)
		elsewhere.Scope.City, elsewhere.Scope.Areas = false, []string{"120101"}
		page, err = o.Deliveries(t.Context(), elsewhere, DeliveryFilter{})
		o.must(err)
		if len(page.Rows) != 0 {
			t.Fatal("another district's delivery is shown")
		}
		_, err = o.Post(t.Context(), elsewhere, c.ID, 0, Parcel{"EMS", "1"})
		o.fails(err, kernel.NotFound, "")
	})
}

// TestDeliveryMachine drives random acts against a simple model: a letter is
// never released by its maker, never arrives twice, and its waybill is there
// exactly while it is with a carrier or was.
func TestDeliveryMachine(t *testing.T) {
	hands := []kernel.Actor{{ID: "a"}, {ID: "b"}, {ID: "c", For: "a"}}
	rapid.Check(t, func(t *rapid.T) {
		modes := []DeliveryMode{ByMail, ByPickUp, ByElectronic}
		d := Delivery{Mode: rapid.SampledFrom(modes).Draw(t, "mode"), State: ToMake}
		now := time.Date(2026, 5, 6, 2, 0, 0, 0, time.UTC)
		posts, ended := int64(0), false
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			by := rapid.SampledFrom(hands).Draw(t, "by")
			before := d
			now = now.Add(time.Hour)
			act := rapid.SampledFrom([]string{"make", "check", "reject", "post", "sign", "return", "contact", "hand", "online"}).Draw(t, "act")
			err := deliveryAct(&d, act, by, now, rapid.SampledFrom(modes).Draw(t, "to"))
			if err != nil {
				if d != before {
					t.Fatalf("%s failed and changed %+v to %+v", act, before, d)
				}
				continue
			}
			if ended {
				t.Fatalf("%s after the end", act)
			}
			ended = d.Ended()
			if act == "post" {
				posts++
			}
			if (act == "check" || act == "post" || act == "hand") && (by.ID == d.Made.ID || by.For == d.Made.ID && d.Made.ID != "") {
				t.Fatalf("%s by the maker's hand %+v", act, by)
			}
			if d.Attempts != posts || (d.State == Posted || d.State == SignedFor || d.State == Returned) != (d.Waybill != "") {
				t.Fatalf("after %s: %+v", act, d)
			}
		}
	})
}

func deliveryAct(d *Delivery, act string, by kernel.Actor, now time.Time, to DeliveryMode) error {
	switch act {
	case "make":
		return d.MarkMade(by, now)
	case "check":
		return d.MarkChecked(by, now)
	case "reject":
		return d.Reject("again")
	case "post":
		return d.Post(by, "EMS", "1", now)
	case "sign":
		return d.SignFor(now)
	case "return":
		return d.Return("no")
	case "contact":
		return d.Contact(to)
	case "hand":
		return d.HandOver(by, now)
	}
	return d.SendOnline(now)
}

func FuzzParsePostings(f *testing.F) {
	f.Add([]byte("办件号,快递公司,运单号\n1,EMS,2\n"))
	f.Add([]byte("\xb0\xec\xbc\xfe\xba\xc5,carrier,waybill\n\"a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := ParsePostings(strings.NewReader(string(b)))
		if err != nil && kernel.KindOf(err) != kernel.Invalid {
			t.Fatal(err)
		}
		if len(rows) > maxImportRows {
			t.Fatal(len(rows))
		}
		for _, r := range rows {
			if !kernel.IsText(r.CaseNumber + r.Carrier + r.Waybill) {
				t.Fatalf("no text: %+v", r)
			}
		}
	})
}

func FuzzParseTrackings(f *testing.F) {
	f.Add([]byte("运单号,状态,时间\n1,签收,2026-05-06 10:30\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseTrackings(strings.NewReader(string(b))); err != nil && kernel.KindOf(err) != kernel.Invalid {
			t.Fatal(err)
		}
	})
}

func TestGBKListsAreRead(t *testing.T) {
	rows, err := ParsePostings(strings.NewReader("\xb0\xec\xbc\xfe\xba\xc5,\xbf\xec\xb5\xdd\xb9\xab\xcb\xbe,\xd4\xcb\xb5\xa5\xba\xc5\nX1,EMS,=\"123\"\n"))
	if err != nil || len(rows) != 1 || rows[0].CaseNumber != "X1" || rows[0].Waybill != "123" {
		t.Fatalf("%v %v", rows, err)
	}
}

func TestSecondDeliveryOfOneCaseIsRefused(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		c := o.ready(ByMail)
		err := o.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return o.openDelivery(ctx, tx, o.theCaseIn(ctx, tx, c.ID), "", Address{}, maker.Actor, o.clock.Now())
		})
		if !db.IsUnique(err) {
			t.Fatalf("got %v", err)
		}
	})
}

func (o *office) theCaseIn(ctx context.Context, tx *db.Tx, id string) *Case {
	c, err := getCase(ctx, tx, mailer.Scope, id)
	o.must(err)
	return c
}
