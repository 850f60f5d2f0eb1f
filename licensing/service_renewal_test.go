package licensing

import (
	"strings"
	"testing"

	"anlan/internal/kernel"
)

var renewer = as("renewer", PermRenewal)

func (o *office) reminded() int64 {
	return o.count(`SELECT COUNT(*) FROM notify_messages WHERE template = 'licensing.notice.renewal' AND channel = 'sms'`)
}

func (o *office) remind() int {
	o.t.Helper()
	n, err := o.RemindHolders(o.t.Context())
	o.must(err)
	return n
}

func TestHolderIsToldOncePerWindowOfAllLicences(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, a := o.granted(ask{item: "petrol-station.first"}, station)
		o.granted(ask{item: "hazchem-business.first"}, station) // the same holder, by account
		o.day("2028-10-01")
		if n := o.remind(); n != 0 {
			t.Fatalf("told %d holders seven months before", n)
		}
		o.day("2028-11-06") // 180 days before 2029-05-05
		if n := o.remind(); n != 1 || o.reminded() != 1 {
			t.Fatalf("told %d holders with %d messages", n, o.reminded())
		}
		if o.remind() != 0 || o.reminded() != 1 {
			t.Fatal("told twice")
		}
		if o.todos(todoRenewal) != 2 || o.todos(todoRenewYours) != 2 {
			t.Fatalf("%d and %d to-dos", o.todos(todoRenewal), o.todos(todoRenewYours))
		}
		o.filed(ask{item: "petrol-station.renew", licenceID: a.ID})
		if o.todos(todoRenewal) != 1 {
			t.Fatal("the to-do outlived the renewal")
		}
		o.day("2029-02-05") // past 90 days before
		if n := o.remind(); n != 1 || o.reminded() != 2 {
			t.Fatalf("second window: %d holders, %d messages", n, o.reminded())
		}
		if n := o.count(`SELECT COUNT(*) FROM licensing_reminders WHERE licence_id = $1`, a.ID); n != 1 {
			t.Fatalf("reminded %d times of a licence whose renewal is filed", n)
		}
	})
}

func TestEveryContactOfAHolderIsTold(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, l := o.granted(ask{item: "petrol-station.first"}, station)
		o.must(o.AddContactPoint(ctx, renewer, l.ID, PointInput{Name: "样例戊", Post: "安全管理人员", Phone: "13700137000"}))
		o.must(o.AddContactPoint(ctx, renewer, l.ID, PointInput{Name: "样例戊", Post: "安全管理人员", Phone: "13700137000"}))
		o.must(o.AddContactPoint(ctx, renewer, l.ID, PointInput{Name: "样例己", Phone: "13600136000"}))
		points, err := o.ContactPoints(ctx, renewer, l.ID)
		o.must(err)
		if len(points) != 2 || strings.Contains(points[0].Shown, "13700137000") {
			t.Fatalf("points %+v", points)
		}
		o.must(o.LogContact(ctx, renewer, l.ID, ContactInput{Channel: "call", PointID: points[1].ID, Dead: true}))
		o.day("2028-11-06")
		o.remind()
		if o.reminded() != 2 { // the licence's own number and the living contact
			t.Fatalf("%d messages", o.reminded())
		}
	})
}

func TestExpiryWorklistSaysWhoWasReached(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		_, a := o.granted(ask{item: "petrol-station.first"}, station)
		_, b := o.granted(ask{item: "petrol-station.first"}, station)
		o.day("2029-04-06")
		o.remind()
		o.fails(o.LogContact(ctx, renewer, a.ID, ContactInput{Channel: "smoke", Confirmed: true}), kernel.Invalid, "channel")
		o.must(o.LogContact(ctx, renewer, a.ID, ContactInput{Channel: "call", Note: "无人接听"}))
		o.must(o.LogContact(ctx, renewer, b.ID, ContactInput{Channel: "call", Reached: true, Explained: "延续所需材料", Confirmed: true}))
		o.must(o.SetMaterial(ctx, renewer, b.ID, "", "安全评价报告", kernel.MustDate("2029-04-20")))
		o.must(o.SetMaterial(ctx, renewer, b.ID, "", "负责人合格证", kernel.MustDate("2029-09-20")))
		page, err := o.DueList(ctx, renewer, DueFilter{})
		o.must(err)
		if len(page.Rows) != 2 || page.Rows[0].DaysLeft != 29 {
			t.Fatalf("rows %+v", page.Rows)
		}
		for _, r := range page.Rows {
			if r.Unreachable() != (r.ID == a.ID) || (r.FirstName == "安全评价报告") != (r.ID == b.ID) {
				t.Fatalf("row %+v", r)
			}
		}
		lost, err := o.DueList(ctx, renewer, DueFilter{Unreachable: true})
		o.must(err)
		if len(lost.Rows) != 1 || lost.Rows[0].ID != a.ID || lost.Total != 1 {
			t.Fatalf("unreachable %+v", lost.Rows)
		}
		open, err := o.DueList(ctx, renewer, DueFilter{Unconfirmed: true})
		o.must(err)
		if len(open.Rows) != 1 || o.todos(todoRenewal) != 1 {
			t.Fatalf("unconfirmed %d, to-dos %d", len(open.Rows), o.todos(todoRenewal))
		}
		tally, err := o.EarlyContacts(ctx, renewer.Scope, kernel.MustDate("2029-04-01"), kernel.MustDate("2029-04-30"))
		o.must(err)
		if tally != (EarlyContact{Licences: 2, Reached: 1, Confirmed: 1, Holders: 2}) {
			t.Fatalf("tally %+v", tally)
		}
	})
}

func TestWindowsThatHaveComeAreReached(t *testing.T) {
	days := []int{180, 90, 30}
	day := kernel.MustDate("2026-06-30")
	on := []kernel.Date{day.AddDays(-180), day.AddDays(-90), day.AddDays(-30)}
	for _, c := range []struct {
		left, shift, want int
	}{{200, 0, 0}, {180, 0, 180}, {91, 0, 180}, {90, 0, 90}, {5, 0, 30}, {95, 10, 90}, {85, -10, 180}} {
		if got := reached(days, on, c.shift, day.AddDays(-c.left)); got != c.want {
			t.Errorf("%d days left, shifted by %d: %d, want %d", c.left, c.shift, got, c.want)
		}
	}
}
