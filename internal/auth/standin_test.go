package auth

import (
	"context"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// absence files and approves a stand-in of absent by standIn for May 2026.
func (w *desk) absence(absent, standIn *Principal, head *Principal) string {
	w.t.Helper()
	id, err := w.AskStandIn(w.t.Context(), absent, StandIn{Absent: absent.Account.ID, StandIn: standIn.Account.ID,
		From: kernel.MustDate("2026-05-06"), Until: kernel.MustDate("2026-05-08"), Reason: "培训"})
	w.must(err)
	w.must(w.ApproveStandIn(w.t.Context(), head, id))
	return id
}

func TestStandInActsUnderTheirOwnNameWithTheOthersRights(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("approver", Assignment{Roles: []string{Approver}, Reach: ReachCity})
		w.officer("reviewer", Assignment{Roles: []string{Reviewer}, Reach: ReachArea, Area: "120116"})
		w.officer("head", Assignment{Roles: []string{DepartmentHead}})
		away, helper, head := w.enter("approver"), w.enter("reviewer"), w.enter("head")
		if _, err := w.TakePlace(t.Context(), helper, away.Account.ID); kernel.KindOf(err) != kernel.NotFound {
			t.Fatalf("taking a place that was not given: %v", err)
		}
		id := w.absence(away, helper, head)
		e, err := w.TakePlace(t.Context(), helper, away.Account.ID)
		w.must(err)
		p := w.who(e.Token)
		if p.Actor.ID != helper.Account.ID || p.Actor.For != away.Account.ID || p.StandInFor == nil || p.StandInFor.Login != "approver" {
			t.Errorf("actor %+v", p.Actor)
		}
		if !p.Can(approvePermission) || p.Can(licencePermission) || !p.Scope.City {
			t.Errorf("may %v in %+v", p.Permissions.Sorted(), p.Scope)
		}
		if err := DifferentHands(helper.Actor, p.Actor); err == nil {
			t.Error("the stand-in may check their own work")
		}
		if err := DifferentHands(away.Actor, p.Actor); err == nil {
			t.Error("the stand-in may check the absent person's work")
		}
		back, err := w.TakePlace(t.Context(), p, "")
		w.must(err)
		if p := w.who(back.Token); p.Actor.For != "" || !p.Can(licencePermission) || p.Can(approvePermission) {
			t.Errorf("back: %+v", p)
		}
		e, err = w.TakePlace(t.Context(), w.who(back.Token), away.Account.ID)
		w.must(err)
		w.must(w.EndStandIn(t.Context(), w.enter("approver"), id)) // back early
		if p := w.who(e.Token); p.Actor.For != "" || p.Can(approvePermission) || !p.Can(licencePermission) {
			t.Errorf("after the end: %+v", p)
		}
	})
}

func TestStandInEndsWithItsLastDayInShanghai(t *testing.T) {
	w := one(t, func(o *Options) { o.IdleLimit, o.AbsoluteLimit = 1000*time.Hour, 1000*time.Hour })
	w.officer("approver", Assignment{Roles: []string{Approver}, Reach: ReachCity})
	w.officer("reviewer", Assignment{Roles: []string{Reviewer}})
	w.officer("head", Assignment{Roles: []string{DepartmentHead}})
	helper := w.enter("reviewer")
	w.absence(w.enter("approver"), helper, w.enter("head"))
	e, err := w.TakePlace(t.Context(), helper, w.enter("approver").Account.ID)
	w.must(err)
	end := kernel.MustDate("2026-05-08").End()
	w.clock.Set(end.Add(-time.Microsecond))
	if !w.who(e.Token).Can(approvePermission) {
		t.Error("ended before the evening of the last day")
	}
	w.clock.Set(end)
	if w.who(e.Token).Can(approvePermission) {
		t.Error("did not end at midnight in Shanghai")
	}
}

func TestStandInIsApprovedByAnother(t *testing.T) {
	w := one(t)
	w.officer("head", Assignment{Roles: []string{DepartmentHead}})
	w.officer("head.2", Assignment{Roles: []string{DepartmentHead}})
	w.officer("clerk", Assignment{Roles: []string{Reviewer}})
	w.officer("boss", Assignment{Roles: []string{SystemAdmin}})
	head, second, clerk := w.enter("head"), w.enter("head.2"), w.enter("clerk")
	w.person("13800138000", "张三丰")
	ask := func(p *Principal, absent, standIn string) (string, error) {
		return w.AskStandIn(t.Context(), p, StandIn{Absent: absent, StandIn: standIn, From: kernel.MustDate("2026-05-06"), Until: kernel.MustDate("2026-05-08"), Reason: "出差"})
	}
	id, err := ask(head, head.Account.ID, clerk.Account.ID)
	w.must(err)
	is(t, w.ApproveStandIn(t.Context(), head, id), kernel.Denied, "auth.error.same_person")
	is(t, w.ApproveStandIn(t.Context(), clerk, id), kernel.Denied, "error.denied")
	w.must(w.ApproveStandIn(t.Context(), second, id))
	is(t, w.ApproveStandIn(t.Context(), second, id), kernel.Conflict, "")

	id, err = ask(clerk, clerk.Account.ID, second.Account.ID)
	w.must(err)
	is(t, w.ApproveStandIn(t.Context(), second, id), kernel.Denied, "auth.error.same_person") // who will act

	_, err = ask(clerk, head.Account.ID, clerk.Account.ID)
	is(t, err, kernel.Denied, "") // nobody asks for another's place
	var boss, person string
	w.view(func(ctx context.Context, q db.Q) error {
		for _, a := range must(w.List(ctx, q, AccountFilter{})) {
			switch a.Kind {
			case Person:
				person = a.ID
			case Officer:
				if a.Login == "boss" {
					boss = a.ID
				}
			}
		}
		return nil
	})
	_, err = ask(clerk, clerk.Account.ID, boss)
	breaks(t, err, "standin", "auth_separate")
	_, err = ask(head, boss, clerk.Account.ID)
	breaks(t, err, "absent", "auth_separate")
	_, err = ask(clerk, clerk.Account.ID, person)
	breaks(t, err, "standin", "not_found")
	_, err = ask(clerk, clerk.Account.ID, "nobody")
	breaks(t, err, "standin", "not_found")
	_, err = ask(clerk, clerk.Account.ID, clerk.Account.ID)
	breaks(t, err, "standin", "auth_same_person")
	_, err = w.AskStandIn(t.Context(), clerk, StandIn{Absent: clerk.Account.ID, StandIn: head.Account.ID, From: kernel.MustDate("2026-05-08"), Until: kernel.MustDate("2026-05-07"), Reason: ""})
	breaks(t, err, "until", "date_order")
	breaks(t, err, "reason", "required")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAdministratorsRoleEndsAStandInsRights(t *testing.T) {
	w := one(t)
	a := w.officer("approver", Assignment{Roles: []string{Approver}, Reach: ReachCity})
	w.officer("reviewer", Assignment{Roles: []string{Reviewer}})
	w.officer("head", Assignment{Roles: []string{DepartmentHead}})
	helper := w.enter("reviewer")
	w.absence(w.enter("approver"), helper, w.enter("head"))
	e, err := w.TakePlace(t.Context(), helper, a.ID)
	w.must(err)
	w.must(w.Assign(t.Context(), w.boss, a.ID, Assignment{Roles: []string{SecurityAdmin}}))
	if p := w.who(e.Token); p.Can(AssignRoles) || p.Actor.For != "" {
		t.Errorf("a stand-in became an administrator: %+v", p)
	}
}

func TestAgentFilesForAnEnterpriseInNamedItemsUntilADate(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		manager := w.who(w.enterprise("gas.station", "13800138000", true).Token)
		w.clock.Advance(2 * time.Minute)
		agent := w.person("13900139000", "赵代理")
		own := manager.Scope.Own
		n := NewDelegation{Enterprise: own, AgentPhone: "13900139000", AgentName: "赵代理", Items: []string{"petrol.renew"}, Document: "d0c",
			From: kernel.MustDate("2026-05-07"), Until: kernel.MustDate("2026-05-08")}
		for name, c := range map[string]struct {
			change      func(*NewDelegation)
			field, rule string
		}{
			"wrong name":  {func(n *NewDelegation) { n.AgentName = "赵大力" }, "agent_phone", "not_found"},
			"unknown":     {func(n *NewDelegation) { n.AgentPhone = "13700137000" }, "agent_phone", "not_found"},
			"no document": {func(n *NewDelegation) { n.Document = "" }, "document", "required"},
			"backwards":   {func(n *NewDelegation) { n.Until = kernel.MustDate("2026-05-06") }, "until", "date_order"},
			"too long":    {func(n *NewDelegation) { n.Until = kernel.MustDate("2030-05-06") }, "until", "too_large"},
			"no end":      {func(n *NewDelegation) { n.Until = kernel.Date{} }, "until", "required"},
		} {
			bad := n
			c.change(&bad)
			_, err := w.Grant(t.Context(), manager, bad)
			t.Log(name)
			breaks(t, err, c.field, c.rule)
		}
		other := n
		other.Enterprise = "E-other"
		_, err := w.Grant(t.Context(), manager, other)
		is(t, err, kernel.NotFound, "")
		_, err = w.Grant(t.Context(), w.who(agent.Token), n)
		is(t, err, kernel.Denied, "")
		id, err := w.Grant(t.Context(), manager, n)
		w.must(err)

		acts := func(item string) bool { return w.enter("13900139000").Scope.ActsFor(own, item) }
		if acts("petrol.renew") {
			t.Error("acts before the first day")
		}
		w.clock.Set(kernel.MustDate("2026-05-07").Start())
		if !acts("petrol.renew") || acts("petrol.first") {
			t.Errorf("scope %+v", w.enter("13900139000").Scope)
		}
		if w.enter("13900139000").Scope.Sees("", own, "") {
			t.Error("an agent for one item sees everything of the enterprise")
		}
		w.clock.Set(kernel.MustDate("2026-05-08").End())
		if acts("petrol.renew") {
			t.Error("acts after the last day")
		}
		w.clock.Set(kernel.MustDate("2026-05-08").Start())
		p := w.enter("13900139000")
		w.view(func(ctx context.Context, q db.Q) error {
			all, err := w.Delegations(ctx, q, p)
			if len(all) != 1 || all[0].AgentName != "赵**" || all[0].Document != "d0c" {
				t.Errorf("delegations %+v", all)
			}
			return err
		})
		is(t, w.Revoke(t.Context(), w.boss, id), kernel.NotFound, "")
		w.must(w.Revoke(t.Context(), w.enter("gas.station"), id))
		if acts("petrol.renew") {
			t.Error("acts after it was revoked")
		}
		is(t, w.Revoke(t.Context(), p, id), kernel.NotFound, "")
	})
}

func TestRegulatorSeesAssignedEnterprises(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		a := w.officer("regulator", Assignment{Roles: []string{Regulator}, Reach: ReachOverseen})
		w.must(w.Oversee(t.Context(), w.boss, a.ID, []string{"E1", "E2"}, nil))
		w.must(w.Oversee(t.Context(), w.boss, a.ID, []string{"E2", "E3"}, []string{"E1"}))
		p := w.enter("regulator")
		for enterprise, sees := range map[string]bool{"E1": false, "E2": true, "E3": true, "": false} {
			if p.Scope.Sees("120101", enterprise, "") != sees {
				t.Errorf("sees %q: %v", enterprise, !sees)
			}
		}
		is(t, w.Oversee(t.Context(), p, a.ID, []string{"E9"}, nil), kernel.Denied, "")
		e := w.person("13800138000", "张三丰")
		breaks(t, w.Oversee(t.Context(), w.boss, e.Account.ID, []string{"E9"}, nil), "account", "choice")
	})
}

func TestAssignRefusesWhatSeparatesTheAdministrators(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		ctx := t.Context()
		a := w.officer("admin.one", Assignment{Roles: []string{SystemAdmin}})
		breaks(t, w.Assign(ctx, w.boss, a.ID, Assignment{Roles: []string{SystemAdmin, AuditAdmin}}), "roles", "auth_separate")
		breaks(t, w.Assign(ctx, w.boss, a.ID, Assignment{Roles: []string{Reviewer}, Reach: ReachArea}), "area", "required")
		is(t, w.Assign(ctx, w.boss, a.ID, Assignment{Roles: []string{Reviewer}}), kernel.Conflict, "auth.error.last_admin")
		is(t, w.SetState(ctx, w.boss, a.ID, Disabled, "x"), kernel.Conflict, "auth.error.last_admin")

		twin := func(login string) *Account {
			a, _, err := w.Create(ctx, w.boss, NewAccount{Kind: Officer, Login: login, Name: "同一人", Phone: "13800138000"})
			w.must(err)
			return a
		}
		first, second := twin("twin.1"), twin("twin.2")
		w.must(w.Assign(ctx, w.boss, first.ID, Assignment{Roles: []string{Approver}, Reach: ReachCity}))
		breaks(t, w.Assign(ctx, w.boss, second.ID, Assignment{Roles: []string{AuditAdmin}}), "roles", "auth_separate_person")
		w.must(w.Assign(ctx, w.boss, second.ID, Assignment{Roles: []string{Reviewer}}))

		w.officer("sec.admin", Assignment{Roles: []string{SecurityAdmin}})
		_, _, e := w.enrol(w.enter("sec.admin"))
		sec := w.who(e.Token)
		is(t, w.Assign(ctx, sec, sec.Account.ID, Assignment{Roles: []string{SystemAdmin}}), kernel.Denied, "auth.error.not_yourself")
		w.clock.Advance(11 * time.Minute)
		is(t, w.Assign(ctx, w.who(e.Token), first.ID, Assignment{}), kernel.Denied, KeyConfirmFirst)
	})
}

func TestAdministratorsSeeNoBusinessRows(t *testing.T) {
	w := one(t)
	w.officer("boss", Assignment{Roles: []string{SystemAdmin}, Reach: ReachCity})
	_, _, e := w.enrol(w.enter("boss"))
	p := w.who(e.Token)
	if p.Scope.City || p.Scope.Sees("120101", "E1", p.Account.ID) {
		t.Errorf("scope %+v", p.Scope)
	}
}

// TestEveryActIsInTheAudit walks through acts and looks for their rows; none
// holds personal data in clear.
func TestEveryActIsInTheAudit(t *testing.T) {
	w := one(t)
	ctx := t.Context()
	a := w.officer("clerk", Assignment{Roles: []string{Reviewer}})
	p := w.enter("clerk")
	w.must(w.RequestRegistration(ctx, "13800138000", "192.0.2.1", i18n.English))
	w.must(w.Unlock(ctx, w.boss, a.ID))
	w.must(w.Logout(ctx, p, "x"))
	want := []string{"auth.account.create", "auth.link.issue", "auth.password.set", "auth.account.assign", "auth.session.open", "auth.account.unlock", "auth.session.end", "auth.role.adopt"}
	var rows []audit.Row
	w.view(func(ctx context.Context, q db.Q) (err error) {
		rows, err = audit.List(ctx, q, audit.Filter{Limit: 1000})
		return err
	})
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r.Action] = true
		if r.Actor.IsZero() {
			t.Errorf("%s has no actor", r.Action)
		}
	}
	for _, action := range want {
		if !seen[action] {
			t.Errorf("no audit row for %s", action)
		}
	}
	before := len(rows)
	w.must(w.Adopt(ctx)) // unchanged roles write nothing
	w.view(func(ctx context.Context, q db.Q) (err error) {
		rows, err = audit.List(ctx, q, audit.Filter{Limit: 1000})
		return err
	})
	if len(rows) != before {
		t.Errorf("%d rows more", len(rows)-before)
	}
}
