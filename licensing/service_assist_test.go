package licensing_test

import (
	"encoding/json"
	"testing"
	"time"

	"anlan/internal/kernel"
	"anlan/licensing"
)

var (
	helper = officer("helper", licensing.PermAssist)
	editor = officer("editor", licensing.PermRules)
	signer = officer("signer", licensing.PermRulesSign)
)

func TestHelpCodeOpensOneCaseForOneClerkUntilItEnds(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := r.t.Context()
		id := r.draft("hazchem-business.first", nil)
		first, err := r.AskHelp(ctx, r.applicant(), id)
		r.must(err)
		second, err := r.AskHelp(ctx, r.applicant(), id)
		r.must(err)
		if _, err := r.OpenHelp(ctx, helper, first.Code); kernel.KindOf(err) != kernel.Invalid {
			r.t.Errorf("an earlier code: %v", err)
		}
		if _, err := r.OpenHelp(ctx, clerk, second.Code); kernel.KindOf(err) != kernel.Denied {
			r.t.Errorf("without the permission: %v", err)
		}
		opened, err := r.OpenHelp(ctx, helper, second.Code)
		r.must(err)
		view, err := r.Assisted(ctx, helper, opened)
		r.must(err)
		if opened != id || len(view.Missing) == 0 {
			r.t.Errorf("opened %s with %d things missing", opened, len(view.Missing))
		}
		r.must(r.LogEnquiry(ctx, helper, licensing.EnquiryInput{Channel: "call", CaseID: id, Question: "表怎么填", Answer: "从经营方式填起"}))
		all, err := r.Enquiries(ctx, helper, "", 0)
		r.must(err)
		if len(all) != 1 || all[0].Item != "hazchem-business.first" {
			r.t.Errorf("the log is %+v", all)
		}
		r.clock.Advance(time.Hour)
		if _, err := r.Assisted(ctx, helper, id); kernel.KindOf(err) != kernel.NotFound {
			r.t.Errorf("after its time: %v", err)
		}
	})
}

func TestSignedRulesCountFromTheirDateAndDeclinedOnesNever(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := r.t.Context()
		base, _ := r.Rules.VersionAt("hazchem-business.first", kernel.MustDate("2026-05-06"))
		propose := func(from string, promised int) string {
			next := *base
			limit := *base.Promised
			limit.N = promised
			next.EffectiveFrom, next.Promised = kernel.MustDate(from), &limit
			body, err := json.Marshal(next)
			r.must(err)
			id, err := r.ProposeRule(ctx, editor, base.Item, body, "压缩承诺时限")
			r.must(err)
			return id
		}
		taken, refused := propose("2026-06-01", 12), propose("2026-07-01", 9)
		if err := r.AnswerRule(ctx, editor, taken, true, ""); kernel.KindOf(err) != kernel.Denied {
			r.t.Errorf("signed by its author: %v", err)
		}
		r.must(r.AnswerRule(ctx, signer, taken, true, ""))
		r.must(r.AnswerRule(ctx, signer, refused, false, "依据不足"))
		if err := r.AnswerRule(ctx, signer, taken, false, "再想想"); kernel.KindOf(err) != kernel.Conflict {
			r.t.Errorf("answered twice: %v", err)
		}
		all, err := r.Catalogue(ctx)
		r.must(err)
		for day, want := range map[string]int{"2026-05-31": base.Promised.N, "2026-06-01": 12, "2026-07-02": 12} {
			if v, _ := all.VersionAt(base.Item, kernel.MustDate(day)); v.Promised.N != want {
				r.t.Errorf("on %s %d days are promised, want %d", day, v.Promised.N, want)
			}
		}
		seen, err := r.RuleVersion(ctx, signer, taken)
		r.must(err)
		if len(seen.Changes) != 2 || seen.Previous.ID != base.ID { // the date and the promise
			r.t.Errorf("differences from %s: %+v", seen.Previous.ID, seen.Changes)
		}
	})
}

func TestFiltersBelongToWhoSavedThem(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := r.t.Context()
		r.must(r.SaveFilter(ctx, clerk, "待受理", "step=intake"))
		r.must(r.SaveFilter(ctx, clerk, "待受理", "step=intake&state=submitted"))
		mine, err := r.SavedFilters(ctx, clerk)
		r.must(err)
		if len(mine) != 1 || mine[0].Query != "step=intake&state=submitted" {
			r.t.Errorf("filters: %+v", mine)
		}
		if err := r.DropFilter(ctx, helper, mine[0].ID); kernel.KindOf(err) != kernel.NotFound {
			r.t.Errorf("dropped by another: %v", err)
		}
		r.must(r.DropFilter(ctx, clerk, mine[0].ID))
	})
}
