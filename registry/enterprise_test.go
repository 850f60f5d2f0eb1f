package registry

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

func TestEnterpriseIsRegisteredChangedAndRemembered(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120116-TEDA"))
		if e.Version != 1 || e.State != Active || e.Contacts[0].Phone != "160****1234" || e.Contacts[0].Email != "y***@example.com" {
			t.Errorf("registered as %+v", e)
		}
		w.clock.Advance(24 * time.Hour)
		e.Name = "样例化工（天津）有限公司"
		changed := w.save(clerk, e)
		want := []FormerName{{"样例化工厂001", kernel.MustDate("2026-03-03")}}
		if diff := cmp.Diff(want, changed.FormerNames, cmp.Comparer(func(a, b kernel.Date) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		var history []Revision
		w.view(func(ctx context.Context, q db.Q) (err error) {
			history, err = History(ctx, q, clerk.Scope, e.ID)
			return err
		})
		if len(history) != 2 || len(history[0].Changes) != 2 || history[0].Changes[0].Field != "name" || history[0].Changes[0].Was != "样例化工厂001" {
			t.Errorf("history is %+v", history)
		}
		if n := w.count(`SELECT COUNT(*) FROM event_events WHERE subject = $1`, "enterprise:"+e.ID); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

func TestPersonalFieldsAreStoredOnlySealed(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		e.Contacts[0].Phone = "16000009999"
		w.save(clerk, e)
		for _, query := range []string{
			`SELECT COUNT(*) FROM audit_rows WHERE before || after LIKE $1`,
			`SELECT COUNT(*) FROM registry_enterprise_versions WHERE data LIKE $1`,
			`SELECT COUNT(*) FROM event_events WHERE payload LIKE $1`,
			`SELECT COUNT(*) FROM registry_contacts WHERE phone_sealed || phone_masked LIKE $1`,
			`SELECT COUNT(*) FROM search_docs WHERE body LIKE $1`,
		} {
			for _, clear := range []string{"%16000001234%", "%16000009999%", "%yi@example%"} {
				if n := w.count(query, clear); n != 0 {
					t.Errorf("%s finds %s in clear", query, clear)
				}
			}
		}
	})
}

func TestMaskLeftAsItWasKeepsTheNumber(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		e.Address = "样例路2号"
		e = w.save(clerk, e)
		e.Contacts[0].Name = "样例丙" // somebody else took over the line
		e = w.save(clerk, e)
		contacts, err := w.Unmask(t.Context(), clerk, e.ID, "核对联系方式")
		if err != nil {
			t.Fatal(err)
		}
		want := []Contact{{ID: e.Contacts[0].ID, Role: SafetyManager, Name: "样例丙", Phone: "16000001234", Email: "yi@example.com"}}
		if diff := cmp.Diff(want, contacts); diff != "" {
			t.Error(diff)
		}
		if n := w.count(`SELECT COUNT(*) FROM personal_keys`); n != 2 {
			t.Errorf("%d keys for two people", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM audit_rows WHERE action = 'registry.enterprise.unmask' AND after LIKE '%核对%'`); n != 1 {
			t.Error("the look is not recorded")
		}
		_, err = w.Unmask(t.Context(), clerk, e.ID, " ")
		wantFields(t, err, "reason:required")
	})
}

func TestEveryBadFieldIsReportedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		w.save(clerk, plant(1, "120101"))
		bad := plant(1, "120000")
		bad.Name, bad.Trade, bad.Attributes.MajorHazard = " ", "alchemy", 5
		bad.Contacts = []Contact{{Role: "friend", Name: "样例", Phone: "123"}, {Role: DutyContact, Name: "样例", Phone: "160****1234", Email: "x"}}
		_, err := w.SaveEnterprise(t.Context(), clerk, bad)
		for _, want := range []string{"name:required", "trade:choice", "attributes.major_hazard:too_large", "contacts.0.role:choice",
			"contacts.0.phone:", "contacts.1.phone:", "contacts.1.email:email", "area:choice", "uscc:taken"} {
			if got := fields(err); !strings.Contains(got, want) {
				t.Errorf("%s is missing in %s", want, got)
			}
		}
		wrong := plant(2, "120101")
		wrong.USCC = wrong.USCC[:17] + "O"
		_, err = w.SaveEnterprise(t.Context(), clerk, wrong)
		wantFields(t, err, "uscc:id_char")
	})
}

func TestConflictShowsTheDifference(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		theirs, mine := e, e
		theirs.Address = "样例路9号"
		w.save(clerk, theirs)
		mine.LegalPerson = "样例丁"
		mine.Contacts = []Contact{e.Contacts[0]}
		mine.Contacts[0].Phone = "16000005678"
		_, err := w.SaveEnterprise(t.Context(), clerk, mine)
		wantKind(t, err, kernel.Conflict)
		want := []Change{
			{"address", "样例路1号", "样例路9号", "样例路1号"},
			{"legal_person", "样例甲", "样例甲", "样例丁"},
			{"contacts", "样例乙 160****1234 y***@example.com", "样例乙 160****1234 y***@example.com", "样例乙 160****5678 y***@example.com"},
		}
		if diff := cmp.Diff(want, Changes(err)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOfTwoChangesAtOnceOneWins(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				mine := e
				mine.Address = strings.Repeat("路", i+1)
				_, errs[i] = w.SaveEnterprise(t.Context(), clerk, mine)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantKind(t, err, kernel.Conflict)
		}
		if won != 1 || w.count(`SELECT MAX(version) FROM registry_enterprises`) != 2 {
			t.Errorf("%d changes won", won)
		}
	})
}

func TestOneCodeIsRegisteredOnceUnderRivals(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.SaveEnterprise(t.Context(), clerk, plant(7, "120101")) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantFields(t, err, "uscc:taken")
		}
		if won != 1 {
			t.Errorf("%d registered it", won)
		}
	})
}

func TestAnotherDistrictsEnterpriseDoesNotExist(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		other := officerOf("120102")
		ctx := t.Context()
		_, err := w.SaveEnterprise(ctx, other, e)
		wantKind(t, err, kernel.NotFound)
		_, err = w.Unmask(ctx, other, e.ID, "x")
		wantKind(t, err, kernel.NotFound)
		wantKind(t, w.CloseEnterprise(ctx, other, e.ID, 1, "x"), kernel.NotFound)
		_, err = w.SaveEnterprise(ctx, other, plant(2, "120101"))
		wantFields(t, err, "area:choice")
		w.view(func(ctx context.Context, q db.Q) error {
			_, err := GetEnterprise(ctx, q, other.Scope, e.ID)
			wantKind(t, err, kernel.NotFound)
			_, err = History(ctx, q, other.Scope, e.ID)
			wantKind(t, err, kernel.NotFound)
			page, err := ListEnterprises(ctx, q, other.Scope, EnterpriseFilter{})
			if page.Total != 0 || len(page.Rows) != 0 {
				t.Errorf("listed %+v", page)
			}
			own, err2 := GetEnterprise(ctx, q, auth.Scope{Enterprises: []string{e.ID}}, e.ID)
			if own.ID != e.ID {
				t.Errorf("its own people do not see it: %v", err2)
			}
			return err
		})
	})
}

func TestAnEnterpriseKeepsItsOwnContactsOnly(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		own := &auth.Principal{Actor: clerk.Actor, Permissions: auth.NewSet(PermContacts), Scope: auth.Scope{Enterprises: []string{e.ID}}}
		saved, err := w.SaveContacts(t.Context(), own, e.ID, 1, append(e.Contacts, Contact{Role: DutyContact, Name: "样例值班", Phone: "022-23456789"}))
		if err != nil || len(saved.Contacts) != 2 {
			t.Fatalf("%+v, %v", saved.Contacts, err)
		}
		_, err = w.SaveEnterprise(t.Context(), own, saved)
		wantKind(t, err, kernel.Denied)
		_, err = w.SaveContacts(t.Context(), own, e.ID, 1, nil)
		wantKind(t, err, kernel.Conflict)
		_, err = w.SaveContacts(t.Context(), own, e.ID, 9, nil)
		wantFields(t, err, "version:not_found")
	})
}

func TestClosingKeepsTheRow(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		e := w.save(clerk, plant(1, "120101"))
		if err := w.CloseEnterprise(t.Context(), clerk, e.ID, 1, "注销"); err != nil {
			t.Fatal(err)
		}
		wantKind(t, w.CloseEnterprise(t.Context(), clerk, e.ID, 2, "注销"), kernel.Conflict)
		w.view(func(ctx context.Context, q db.Q) error {
			got, err := GetEnterprise(ctx, q, clerk.Scope, e.ID)
			if got.State != Closed || len(got.Contacts) != 1 {
				t.Errorf("closed as %+v", got)
			}
			return err
		})
	})
}

func TestListsFilterSearchAndPage(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		for i := range 7 {
			e := plant(i, "120116-TEDA")
			if i%2 == 1 {
				e.Area, e.Trade = "120101", "petrol_station"
			}
			e.Attributes.MajorHazard = i % 3
			w.clock.Advance(time.Minute)
			w.save(clerk, e)
		}
		list := func(f EnterpriseFilter) (page Page[Enterprise]) {
			w.view(func(ctx context.Context, q db.Q) (err error) {
				page, err = ListEnterprises(ctx, q, clerk.Scope, f)
				return err
			})
			return page
		}
		for f, want := range map[*EnterpriseFilter]int{
			{}: 7, {Area: "120116"}: 4, {Area: "120116", Trade: "petrol_station"}: 0, {MajorHazard: true}: 4,
			{Text: "化工厂003"}: 1, {Text: strings.ToLower(uscc(4))}: 1, {Text: "没有"}: 0, {KeySupply: true}: 0, {State: Active}: 7,
		} {
			if got := list(*f); got.Total != want || len(got.Rows) != want {
				t.Errorf("%+v: total %d, %d rows, want %d", *f, got.Total, len(got.Rows), want)
			}
		}
		for _, newest := range []bool{false, true} {
			var names []string
			f := EnterpriseFilter{Limit: 3, ByUpdate: newest}
			for {
				page := list(f)
				for _, e := range page.Rows {
					names = append(names, strings.TrimPrefix(e.Name, "样例化工厂"))
				}
				if f.After = page.Next; f.After == "" {
					break
				}
			}
			want := []string{"000", "001", "002", "003", "004", "005", "006"}
			if newest {
				want = []string{"006", "005", "004", "003", "002", "001", "000"}
			}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Error(diff)
			}
		}
		err := w.DB.View(t.Context(), func(ctx context.Context, q db.Q) error {
			_, err := ListEnterprises(ctx, q, clerk.Scope, EnterpriseFilter{After: "%"})
			return err
		})
		wantFields(t, err, "after:format")
	})
}

func TestClaimsFindOrRecordUnconfirmed(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		known := w.save(clerk, plant(1, "120101"))
		claim := func(code, name string) (id string, err error) {
			err = w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				id, err = w.ClaimEnterprise(ctx, tx, w.clock.Now(), clerk.Actor, code, name)
				return err
			})
			return id, err
		}
		if id, err := claim(known.USCC, "样例化工厂 001"); id != known.ID || err != nil {
			t.Errorf("claimed %s, %v", id, err)
		}
		_, err := claim(known.USCC, "别的名字")
		wantFields(t, err, "enterprise_name:mismatch")
		_, err = claim("123", "")
		if got := fields(err); !strings.Contains(got, "uscc:") || !strings.Contains(got, "enterprise_name:required") {
			t.Error(got)
		}
		id, err := claim(uscc(2), "新样例")
		if err != nil {
			t.Fatal(err)
		}
		var e Enterprise
		w.view(func(ctx context.Context, q db.Q) error {
			e, err = GetEnterprise(ctx, q, clerk.Scope, id)
			return err
		})
		if e.State != Unconfirmed {
			t.Errorf("state %s", e.State)
		}
		e.Area, e.Address, e.LegalPerson = "120102", "样例路3号", "样例戊"
		if e = w.save(clerk, e); e.State != Active {
			t.Errorf("filled in, yet %s", e.State)
		}
	})
}

func TestNamesAreGivenByID(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		a, b := w.save(clerk, plant(1, "120101")), w.save(clerk, plant(2, "120102"))
		w.view(func(ctx context.Context, q db.Q) error {
			names, err := EnterpriseNames(ctx, q, []string{a.ID, b.ID, "none"})
			if diff := cmp.Diff(map[string]string{a.ID: a.Name, b.ID: b.Name}, names); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

// Whatever contacts are given, in clear they are what was last typed, and a
// mask never becomes a number.
func TestContactsAreWhatWasLastTyped(t *testing.T) {
	w := newTown(t, sqlite(t))
	e := w.save(clerk, plant(1, "120101"))
	want := map[string]string{e.Contacts[0].Name: "16000001234"}
	rapid.Check(t, func(rt *rapid.T) {
		var contacts []Contact
		next := map[string]string{}
		for _, c := range e.Contacts {
			switch rapid.IntRange(0, 2).Draw(rt, "do") {
			case 0: // leave the mask
				contacts, next[c.Name] = append(contacts, c), want[c.Name]
			case 1: // type a number
				c.Phone = rapid.StringMatching(`1600000[0-9]{4}`).Draw(rt, "phone")
				contacts, next[c.Name] = append(contacts, c), c.Phone
			}
		}
		if len(contacts) < 3 {
			c := Contact{Role: DutyContact, Name: rapid.StringMatching(`样例[甲-龟]{4}`).Draw(rt, "name"), Phone: "16000000000"}
			if _, taken := next[c.Name]; !taken {
				contacts, next[c.Name] = append(contacts, c), c.Phone
			}
		}
		e.Contacts = contacts
		e = w.save(clerk, e)
		want = next
		clear, err := w.Unmask(t.Context(), clerk, e.ID, "test")
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]string{}
		for _, c := range clear {
			got[c.Name] = c.Phone
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}
