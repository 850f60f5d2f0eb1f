package auth

import (
	"context"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

func TestPersonRegistersAndSeesOwnRowsOnly(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		e := w.person("13800138000", "张三丰")
		p := w.who(e.Token)
		a := p.Account
		if !p.SignedIn() || a.Kind != Person || a.Name != "张**" || a.Login != "138****8000" || !a.HasRole(Applicant) {
			t.Errorf("account %+v", a)
		}
		if !p.Scope.Sees("", "", a.ID) || p.Scope.Sees("120101", "E1", "other") || p.Scope.Officer {
			t.Errorf("scope %+v", p.Scope)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			clear, err := w.Profile(ctx, q, p)
			if clear != (Profile{Name: "张三丰", Phone: "13800138000"}) {
				t.Errorf("profile %+v", clear)
			}
			return err
		})
		again := w.login("13800138000")
		if w.who(again.Token).Account.ID != a.ID {
			t.Error("the phone does not sign in")
		}
		w.login(" １３８００１３８０００ ")
	})
}

func TestRegistrationReportsEveryBadFieldAtOnce(t *testing.T) {
	w := one(t)
	_, err := w.Register(t.Context(), Registration{Kind: Enterprise, Phone: "1380013800", Login: "a b", USCC: "91120101MA05TEST0X", Password: "short"}, Client{})
	for field, rule := range map[string]string{"code": "required", "name": "required", "login": "auth_login_form", "enterprise_name": "required", "password": "too_short"} {
		breaks(t, err, field, rule)
	}
	var c kernel.Check
	c.Merge("", err)
	fields := map[string]bool{}
	for _, f := range c.Fields {
		fields[f.Field] = true
	}
	if !fields["phone"] || !fields["uscc"] {
		t.Errorf("fields %v", fields)
	}
	_, err = w.Register(t.Context(), Registration{Kind: Officer, Phone: "13800138000", Code: "1", Name: "x", Password: goodPassword}, Client{})
	breaks(t, err, "kind", "choice")
	_, err = w.Register(t.Context(), Registration{Kind: Enterprise, Login: "13800138000", Phone: "13800138000", Code: "1", Name: "李", USCC: uscc, EnterpriseName: "x", Password: goodPassword}, Client{})
	breaks(t, err, "login", "auth_login_phone")
}

func TestRequestForACodeDoesNotTellWhetherThePhoneIsKnown(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.person("13800138000", "张三丰")
		w.clock.Advance(2 * time.Minute)
		sent := len(w.sms.sent)
		known := w.RequestReset(t.Context(), "", "13800138000", "192.0.2.5", i18n.Chinese)
		unknown := w.RequestReset(t.Context(), "", "13900139000", "192.0.2.5", i18n.Chinese)
		if known != nil || unknown != nil {
			t.Fatalf("known %v, unknown %v", known, unknown)
		}
		if len(w.sms.sent) != sent+1 {
			t.Errorf("%d messages", len(w.sms.sent)-sent)
		}
		// The second request within the minute is refused for both alike.
		for _, phone := range []string{"13800138000", "13900139000"} {
			if wait, blocked := RetryAfter(w.RequestReset(t.Context(), "", phone, "192.0.2.5", i18n.Chinese)); !blocked || wait != time.Minute {
				t.Errorf("%s waits %v", phone, wait)
			}
		}
		// No code is right for the unknown one, and the answer is that of a wrong code.
		_, errUnknown := w.codes.Verify(t.Context(), codeReset, "13900139000", "")
		breaks(t, errUnknown, "code", "auth_code")
		breaks(t, w.Reset(t.Context(), Forgotten{Phone: "13900139000", Code: "123456", Password: goodPassword}, "192.0.2.5"), "code", "auth_code")
		breaks(t, w.Reset(t.Context(), Forgotten{Phone: "13800138000", Code: "999999x", Password: goodPassword}, "192.0.2.5"), "code", "auth_code")
	})
}

func TestRegisteringAKnownPhoneIsToldOnlyToItsHolder(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.person("13800138000", "张三丰")
		w.clock.Advance(2 * time.Minute)
		w.must(w.RequestRegistration(t.Context(), "13800138000", "192.0.2.5", i18n.Chinese))
		r := Registration{Kind: Person, Phone: "13800138000", Code: "000000", Name: "李四", Password: goodPassword}
		if w.sms.code(t) == r.Code {
			r.Code = "000001"
		}
		_, err := w.Register(t.Context(), r, Client{Addr: "192.0.2.5"})
		breaks(t, err, "code", "auth_code")
		r.Code = w.sms.code(t)
		_, err = w.Register(t.Context(), r, Client{Addr: "192.0.2.5"})
		is(t, err, kernel.Conflict, "auth.error.registered")
	})
}

func TestCodesExpireAreForOnePurposeAndOneUseAndFiveTries(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		const phone = "13800138000"
		ask := func(purpose string) string {
			w.clock.Advance(2 * time.Minute)
			w.must(w.codes.Request(t.Context(), CodeRequest{Purpose: purpose, Phone: phone, Addr: "192.0.2.5"}))
			return w.sms.code(t)
		}
		verify := func(purpose, code string) error {
			_, err := w.codes.Verify(t.Context(), purpose, phone, code)
			return err
		}
		code := ask("one")
		breaks(t, verify("two", code), "code", "auth_code")
		w.must(verify("one", code))
		w.must(verify("one", code)) // looking twice is allowed, using twice is not
		proof, err := w.codes.Verify(t.Context(), "one", phone, code)
		w.must(err)
		inTx(t, w.db, func(tx *db.Tx) error { return w.codes.Use(t.Context(), tx, proof) })
		err = w.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.codes.Use(ctx, tx, proof) })
		is(t, err, kernel.Conflict, "")
		breaks(t, verify("one", code), "code", "auth_code")

		code = ask("one")
		w.clock.Advance(5 * time.Minute)
		breaks(t, verify("one", code), "code", "auth_code")

		code = ask("one")
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		for range 5 {
			breaks(t, verify("one", wrong), "code", "auth_code")
		}
		breaks(t, verify("one", code), "code", "auth_code")
		newer := ask("one")
		if newer != code {
			breaks(t, verify("one", code), "code", "auth_code")
		}
		w.must(verify("one", newer))
	})
}

func TestCodesAreRationedPerPhoneAndPerAddress(t *testing.T) {
	w := one(t)
	ask := func(phone, addr string) error {
		return w.codes.Request(t.Context(), CodeRequest{Purpose: "one", Phone: phone, Addr: addr})
	}
	for range 5 {
		w.must(ask("13800138000", "192.0.2.5"))
		w.clock.Advance(time.Minute)
	}
	if _, blocked := RetryAfter(ask("13800138000", "192.0.2.6")); !blocked {
		t.Error("a sixth code in an hour was sent")
	}
	w.clock.Advance(time.Hour)
	for range 5 {
		w.must(ask("13800138000", "192.0.2.5"))
		w.clock.Advance(10 * time.Minute)
	}
	w.clock.Advance(2 * time.Hour)
	if wait, blocked := RetryAfter(ask("13800138000", "192.0.2.6")); !blocked || wait < 12*time.Hour {
		t.Errorf("an eleventh code in a day: wait %v", wait)
	}
	for i := range 30 {
		w.must(ask("139001390"+string(rune('0'+i/10))+string(rune('0'+i%10)), "192.0.2.99"))
	}
	if _, blocked := RetryAfter(ask("13700137000", "192.0.2.99")); !blocked {
		t.Error("an address may ask without end")
	}
	w.must(ask("13700137000", "192.0.2.98"))
	is(t, ask("12345", "192.0.2.98"), kernel.Invalid, "")
}

func TestResetReplacesThePasswordAndEndsSessions(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		e := w.person("13800138000", "张三丰")
		w.clock.Advance(2 * time.Minute)
		w.must(w.RequestReset(t.Context(), "", "13800138000", "192.0.2.5", i18n.Chinese))
		const fresh = "新的口令比旧的还要长一点"
		breaks(t, w.Reset(t.Context(), Forgotten{Phone: "13800138000", Code: w.sms.code(t), Password: "password1234"}, "192.0.2.5"), "password", "auth_password_common")
		w.must(w.Reset(t.Context(), Forgotten{Phone: "13800138000", Code: w.sms.code(t), Password: fresh}, "192.0.2.5"))
		if w.who(e.Token).SignedIn() {
			t.Error("the old session lives on")
		}
		_, err := w.Login(t.Context(), "13800138000", goodPassword, Client{Addr: "192.0.2.5"})
		is(t, err, kernel.Invalid, "auth.error.login")
		_, err = w.Login(t.Context(), "13800138000", fresh, Client{Addr: "192.0.2.5"})
		w.must(err)
		breaks(t, w.Reset(t.Context(), Forgotten{Phone: "13800138000", Code: w.sms.code(t), Password: fresh}, "192.0.2.5"), "code", "auth_code")
	})
}

func TestChangePasswordNeedsTheOldOneAndEndsOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		other, mine := w.login("clerk"), w.login("clerk")
		p := w.who(mine.Token)
		const fresh = "新的口令比旧的还要长一点"
		_, err := w.ChangePassword(t.Context(), p, "wrong password 1", fresh)
		breaks(t, err, "old", "auth_proof")
		_, err = w.ChangePassword(t.Context(), p, goodPassword, "clerk12345678")
		breaks(t, err, "new", "auth_password_name")
		e, err := w.ChangePassword(t.Context(), p, goodPassword, fresh)
		w.must(err)
		if w.who(other.Token).SignedIn() || w.who(mine.Token).SignedIn() || !w.who(e.Token).SignedIn() {
			t.Error("sessions after a change of password")
		}
	})
}

func TestPasswordLinkWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		a, first, err := w.Create(t.Context(), w.boss, NewAccount{Kind: Officer, Login: "clerk", Name: "王办", Phone: "13800138000", Email: "w@example.cn"})
		w.must(err)
		second, err := w.PasswordLink(t.Context(), w.boss, a.ID)
		w.must(err)
		is(t, w.SetPassword(t.Context(), first, goodPassword, "192.0.2.1"), kernel.NotFound, "auth.error.link") // replaced
		breaks(t, w.SetPassword(t.Context(), second, "123", "192.0.2.1"), "password", "too_short")
		w.must(w.SetPassword(t.Context(), second, goodPassword, "192.0.2.1"))
		is(t, w.SetPassword(t.Context(), second, goodPassword, "192.0.2.1"), kernel.NotFound, "auth.error.link")
		w.login("clerk")
		third, err := w.PasswordLink(t.Context(), w.boss, a.ID)
		w.must(err)
		w.clock.Advance(72 * time.Hour)
		is(t, w.SetPassword(t.Context(), third, goodPassword, "192.0.2.1"), kernel.NotFound, "auth.error.link")
	})
}

func TestEnterpriseAccountSeesNothingUntilItsClaimIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		ctx := t.Context()
		w.must(w.RequestRegistration(ctx, "13800138000", "192.0.2.1", i18n.Chinese))
		r := Registration{Kind: Enterprise, Login: "gas.station", Phone: "13800138000", Code: w.sms.code(t), Name: "李经办",
			USCC: uscc, EnterpriseName: "天津样例加油站", Password: goodPassword, Document: "abc"}
		e, err := w.Register(ctx, r, Client{Addr: "192.0.2.1"})
		w.must(err)
		p := w.who(e.Token)
		own := "E-" + uscc
		if p.Scope.ActsFor(own, "item") || p.Scope.Sees("", own, "") || p.Account.Enterprise != "" {
			t.Fatalf("scope before the claim is accepted: %+v", p.Scope)
		}
		w.officer("head", Assignment{Roles: []string{DepartmentHead}, Reach: ReachCity})
		head := w.enter("head")
		var claims []Claim
		w.view(func(ctx context.Context, q db.Q) (err error) { claims, err = w.OpenClaims(ctx, q, head); return err })
		if len(claims) != 1 || claims[0].USCC != uscc || claims[0].Document != "abc" || claims[0].Account != "李**" {
			t.Fatalf("claims %+v", claims)
		}
		is(t, w.DecideClaim(ctx, p, Verdict{Claim: claims[0].ID, Accept: true}), kernel.Denied, "")
		breaks(t, w.DecideClaim(ctx, head, Verdict{Claim: claims[0].ID}), "reason", "required")
		w.must(w.DecideClaim(ctx, head, Verdict{Claim: claims[0].ID, Accept: true, Manager: true}))
		is(t, w.DecideClaim(ctx, head, Verdict{Claim: claims[0].ID, Accept: true}), kernel.NotFound, "")
		p = w.who(e.Token)
		if !p.Scope.ActsFor(own, "item") || !p.Can(Delegate) || p.Scope.Sees("", "E-other", "") {
			t.Errorf("scope after: %+v, may %v", p.Scope, p.Permissions.Sorted())
		}
		// The manager accepts a colleague, and nobody of another enterprise.
		w.clock.Advance(2 * time.Minute)
		w.must(w.RequestRegistration(ctx, "13900139000", "192.0.2.1", i18n.Chinese))
		r.Login, r.Phone, r.Code = "gas.station.2", "13900139000", w.sms.code(t)
		_, err = w.Register(ctx, r, Client{Addr: "192.0.2.1"})
		w.must(err)
		manager := w.enter("gas.station")
		w.view(func(ctx context.Context, q db.Q) (err error) { claims, err = w.OpenClaims(ctx, q, manager); return err })
		if len(claims) != 1 {
			t.Fatalf("the manager sees %d claims", len(claims))
		}
		w.must(w.DecideClaim(ctx, manager, Verdict{Claim: claims[0].ID, Reason: "不认识此人"}))
		w.view(func(ctx context.Context, q db.Q) error {
			c, err := w.ClaimOf(ctx, q, claims[0].AccountID)
			if c.Accepted || c.Reason != "不认识此人" || c.DecidedAt.IsZero() {
				t.Errorf("claim %+v", c)
			}
			return err
		})
		if p := w.enter("gas.station.2"); p.Scope.Own != "" {
			t.Error("a refused claim gave an enterprise")
		}
	})
}

func TestErasedPersonCannotEnterAndIsUnreadable(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		e := w.person("13800138000", "张三丰")
		p := w.who(e.Token)
		other := w.who(w.person("13900139000", "李四").Token)
		is(t, w.Erase(t.Context(), other, p.Account.ID, "x"), kernel.Denied, "")
		w.must(w.Erase(t.Context(), p, p.Account.ID, "本人申请"))
		if w.who(e.Token).SignedIn() {
			t.Error("the session lives on")
		}
		_, err := w.Login(t.Context(), "13800138000", goodPassword, Client{Addr: "192.0.2.1"})
		is(t, err, kernel.Invalid, "auth.error.login")
		w.view(func(ctx context.Context, q db.Q) error {
			_, err := w.Contact(ctx, q, p.Account.ID)
			is(t, err, kernel.NotFound, "personal.error.erased")
			a, err := w.Account(ctx, q, p.Account.ID)
			if a.State != Erased || a.Phone != "" || a.Login != "" {
				t.Errorf("account %+v", a)
			}
			return err
		})
		w.clock.Advance(2 * time.Minute)
		w.person("13800138000", "张三丰") // the phone is free again
		is(t, w.Erase(t.Context(), w.boss, other.Account.ID, " "), kernel.Invalid, "")
		w.must(w.Erase(t.Context(), w.boss, other.Account.ID, "依申请"))
	})
}

func TestEnterpriseResetsItsPasswordWithLoginAndPhone(t *testing.T) {
	w := one(t)
	w.enterprise("gas.station", "13800138000", false)
	w.officer("clerk.reset", Assignment{Roles: []string{Reviewer}})
	w.must(w.Update(t.Context(), w.boss, w.enter("clerk.reset").Account.ID, Change{Name: "王办", Phone: "13800138001"}))
	const fresh = "新的口令比旧的还要长一点"
	sent := len(w.sms.sent)
	for _, c := range [][2]string{{"", "13800138000"}, {"gas.station", "13900139000"}, {"clerk.reset", "13800138001"}} {
		w.clock.Advance(2 * time.Minute)
		w.must(w.RequestReset(t.Context(), c[0], c[1], "192.0.2.5", i18n.Chinese))
	}
	if len(w.sms.sent) != sent {
		t.Error("a code was sent to a phone that does not belong to the login, or to an officer")
	}
	w.clock.Advance(2 * time.Minute)
	w.must(w.RequestReset(t.Context(), "gas.station", "13800138000", "192.0.2.5", i18n.Chinese))
	code := w.sms.code(t)
	breaks(t, w.Reset(t.Context(), Forgotten{Login: "clerk.reset", Phone: "13800138000", Code: code, Password: fresh}, "192.0.2.5"), "code", "auth_code")
	w.must(w.Reset(t.Context(), Forgotten{Login: "gas.station", Phone: "13800138000", Code: code, Password: fresh}, "192.0.2.5"))
	_, err := w.Login(t.Context(), "gas.station", fresh, Client{Addr: "192.0.2.5"})
	w.must(err)
}

func TestPhoneIsChangedByACodeToTheNewOne(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		p := w.who(w.person("13800138000", "张三丰").Token)
		w.person("13900139000", "李四")
		w.clock.Advance(2 * time.Minute)
		w.must(w.RequestPhone(t.Context(), p, "13900139000", i18n.Chinese))
		is(t, w.ChangePhone(t.Context(), p, "13900139000", w.sms.code(t)), kernel.Conflict, "auth.error.registered")
		w.must(w.RequestPhone(t.Context(), p, "13700137000", i18n.Chinese))
		breaks(t, w.ChangePhone(t.Context(), p, "13700137000", "x"), "code", "auth_code")
		w.must(w.ChangePhone(t.Context(), p, "13700137000", w.sms.code(t)))
		if e := w.login("13700137000"); e.Account.ID != p.Account.ID || e.Account.Login != "137****7000" {
			t.Errorf("account %+v", e.Account)
		}
		_, err := w.Login(t.Context(), "13800138000", goodPassword, Client{Addr: "192.0.2.5"})
		is(t, err, kernel.Invalid, "auth.error.login")
		is(t, w.Update(t.Context(), w.boss, p.Account.ID, Change{Name: "别人"}), kernel.Denied, "auth.error.own_data")
	})
}

func TestUpdateCannotJoinTwoAccountsOfSeparateAdministrators(t *testing.T) {
	w := one(t)
	a, _, err := w.Create(t.Context(), w.boss, NewAccount{Kind: Officer, Login: "approver", Name: "王办", Phone: "13800138000"})
	w.must(err)
	w.must(w.Assign(t.Context(), w.boss, a.ID, Assignment{Roles: []string{Approver}}))
	b := w.officer("auditor", Assignment{Roles: []string{AuditAdmin}})
	breaks(t, w.Update(t.Context(), w.boss, b.ID, Change{Name: "审计", Phone: "13800138000"}), "roles", "auth_separate_person")
	w.must(w.Update(t.Context(), w.boss, b.ID, Change{Name: "审计", Phone: "13800138009", Area: "120101", Unit: "u1"}))
	w.view(func(ctx context.Context, q db.Q) error {
		got, err := w.Account(ctx, q, b.ID)
		if got.Name != "审计" || got.Phone != "138****8009" || got.Area != "120101" || got.Unit != "u1" {
			t.Errorf("account %+v", got)
		}
		return err
	})
}

func TestUpdateKeepsWhatTheFormShowsMasked(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		a, _, err := w.Create(t.Context(), w.boss, NewAccount{Kind: Enterprise, Login: "station.clerk", Name: "钱经办", Phone: "13900000031", Email: "q@example.com", Enterprise: "E1"})
		w.must(err)
		w.must(w.Update(t.Context(), w.boss, a.ID, Change{Name: a.Name, Phone: a.Phone}))
		var clear Profile
		w.must(w.db.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
			clear, err = w.Contact(ctx, q, a.ID)
			return err
		}))
		if clear != (Profile{"钱经办", "13900000031", "q@example.com"}) {
			t.Errorf("an untouched form left %+v", clear)
		}
		is(t, w.Update(t.Context(), w.boss, a.ID, Change{Name: a.Name, Phone: "12"}), kernel.Invalid, "")
	})
}
