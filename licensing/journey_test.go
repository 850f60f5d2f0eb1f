package licensing_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/deadline"
	"anlan/internal/document"
	"anlan/internal/event"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/search"
	"anlan/internal/settings"
	"anlan/internal/stream"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// room is a licensing room on a database of its own, with people in it.
type room struct {
	*licensing.Service
	t          *testing.T
	clock      *kernel.ManualClock
	enterprise registry.Enterprise
}

func schema() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), job.Migrations(), number.Migrations(), personal.Migrations(),
		notify.Migrations(), worklist.Migrations(), search.Migrations(), settings.Migrations(), deadline.Migrations(), registry.Migrations(), licensing.Migrations()}
}

// eachRoom runs a story on both engines, beginning on a Wednesday morning.
func eachRoom(t *testing.T, story func(r *room)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		story(newRoom(t, d, time.Date(2026, 5, 6, 2, 0, 0, 0, time.UTC)))
	}, schema()...)
}

func newRoom(t *testing.T, d *db.DB, now time.Time) *room {
	t.Helper()
	clock := kernel.NewManualClock(now)
	log := slog.New(slog.DiscardHandler)
	blobs, err := blob.Open(t.TempDir(), blob.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := document.NewLocalSealer(t.TempDir(), "天津市应急管理局", now)
	if err != nil {
		t.Fatal(err)
	}
	vault := personal.NewVault(bytes.Repeat([]byte{7}, 32))
	bus := event.NewBus(d, clock, log)
	if err := registry.Prepare(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	reg := registry.New(registry.Parts{DB: d, Clock: clock, Bus: bus, Vault: vault})
	s := licensing.New(licensing.Parts{DB: d, Clock: clock, Log: log, Bus: bus,
		Jobs: job.NewRunner(d, blobs, stream.NewHub(stream.Options{Log: log}), clock, log), Blobs: blobs, Numbers: number.NewIssuer(d, clock),
		Vault: vault, Notify: notify.NewNotifier(vault), Registry: reg, Sealer: sealer, Rules: rule.Shipped(), PublicURL: "https://example.test"})
	r := &room{Service: s, t: t, clock: clock}
	e, err := reg.SaveEnterprise(t.Context(), auth.Platform("test", registry.PermWrite), registry.Enterprise{USCC: "91120116MA05RTXX11", Name: "天津样例化工有限公司",
		Area: "120116-TEDA", Address: "第十三大街 1 号", LegalPerson: "王示例", Trade: registry.Trades()[0].Code, Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	r.enterprise = e
	return r
}

// officer is somebody of the bureau with the permissions of some desks.
func officer(id string, perms ...auth.Permission) *auth.Principal {
	p := auth.Platform(id, append(perms, licensing.PermRead)...)
	p.Actor = kernel.Actor{Kind: kernel.ActorAccount, ID: id, Name: "办件员" + id}
	return p
}

func (r *room) applicant() *auth.Principal {
	return &auth.Principal{Actor: kernel.Actor{Kind: kernel.ActorAccount, ID: "applicant", Name: "申请人"}, Permissions: auth.NewSet(licensing.PermApply),
		Scope: auth.Scope{Account: "applicant", Enterprises: []string{r.enterprise.ID}, Own: r.enterprise.ID}}
}

func stranger() *auth.Principal {
	return &auth.Principal{Actor: kernel.Actor{Kind: kernel.ActorAccount, ID: "stranger", Name: "他人"}, Permissions: auth.NewSet(licensing.PermApply), Scope: auth.Scope{Account: "stranger"}}
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// draft fills a draft of an item with everything that the item asks for.
func (r *room) draft(item string, data map[string]any) string {
	r.t.Helper()
	ctx, p := r.t.Context(), r.applicant()
	id, err := r.StartDraft(ctx, p, licensing.Start{Item: item, EnterpriseID: r.enterprise.ID})
	r.must(err)
	view, err := r.Case(ctx, p, id)
	r.must(err)
	for name, value := range data {
		view.Data[name] = value
	}
	_, err = r.SaveForm(ctx, p, id, view.Version, view.Data)
	r.must(err)
	for _, m := range view.Rule.Materials {
		if m.Needed(view.Data) {
			_, err := r.AddFile(ctx, p, id, m.ID, m.Title.ZH+".png", bytes.NewReader(picture(r.t)))
			r.must(err)
		}
	}
	r.must(r.SetDelivery(ctx, p, id, licensing.ByMail, licensing.Address{Recipient: "王示例", Phone: "13800138000", Address: "天津市滨海新区样例路 1 号"}))
	return id
}

func (r *room) version(id string) int64 {
	r.t.Helper()
	c, err := r.Case(r.t.Context(), officer("reader"), id)
	r.must(err)
	return c.Version
}

func TestStrangerDoesNotSeeTheCase(t *testing.T) {
	eachRoom(t, func(r *room) {
		id := r.draft("hazchem-business.first", nil)
		for _, p := range []*auth.Principal{stranger(), {Permissions: auth.NewSet(licensing.PermRead), Scope: auth.Scope{Officer: true, Areas: []string{"120101"}}}} {
			if _, err := r.Case(context.Background(), p, id); kernel.KindOf(err) != kernel.NotFound {
				t.Errorf("want not found, got %v", err)
			}
		}
	})
}

// answers are what an applicant types for hazchem-business.
func answers(r *room) map[string]any {
	return map[string]any{
		"applicant": map[string]any{"name": r.enterprise.Name, "uscc": r.enterprise.USCC, "address": r.enterprise.Address,
			"legal_person": "王示例", "contact": "李样例", "phone": "13800138000"},
		"business_mode":    "retail",
		"premises":         map[string]any{"address": "第十三大街 1 号", "owned": "own"},
		"storage":          "none",
		"chemicals":        []any{map[string]any{"name": "汽油"}},
		"person_in_charge": map[string]any{"name": "赵示例", "certificate": "A0001"},
		"safety_managers":  []any{map[string]any{"name": "钱示例", "certificate": "B0001"}},
		"declaration":      true,
	}
}

// The people of the desks; who works at one appears at no other.
var (
	clerk    = officer("clerk", licensing.PermIntake)
	reviewer = officer("reviewer", licensing.PermReview)
	second   = officer("second", licensing.PermReview)
	examiner = officer("examiner", licensing.PermExamine, licensing.PermLegal, licensing.PermPanel)
	lawyer   = officer("lawyer", licensing.PermLegal)
	panel    = officer("panel", licensing.PermPanel)
	approver = officer("approver", licensing.PermApprove)
)

// accepted is a case that the clerk has accepted.
func (r *room) accepted() string {
	r.t.Helper()
	ctx := r.t.Context()
	id := r.draft("hazchem-business.first", answers(r))
	_, err := r.Submit(ctx, r.applicant(), id, 0)
	r.must(err)
	_, err = r.AcceptCase(ctx, clerk, id, 0, licensing.Acceptance{})
	r.must(err)
	return id
}

// toApproval walks the desks until the approver's.
func (r *room) toApproval(id string) {
	r.t.Helper()
	ctx := r.t.Context()
	for {
		c, err := r.Case(ctx, clerk, id)
		r.must(err)
		if c.Step == licensing.Approve {
			return
		}
		by := map[licensing.Step]*auth.Principal{licensing.Review: reviewer, licensing.SiteCheck: reviewer, licensing.Examine: examiner, licensing.Legal: lawyer, licensing.Panel: panel}[c.Step]
		if c.Step == licensing.SiteCheck {
			r.siteCheck(id)
		}
		_, err = r.PassOn(ctx, by, id, 0, "agree", "材料齐全，符合条件")
		r.must(err)
	}
}

func (r *room) siteCheck(id string) {
	r.t.Helper()
	ctx := r.t.Context()
	_, err := r.PlanCheck(ctx, reviewer, id, 0, licensing.CheckPlan{Mode: "video", On: kernel.DateOf(r.clock.Now()), A: reviewer.Actor, B: second.Actor})
	r.must(err)
	c, err := r.Case(ctx, reviewer, id)
	r.must(err)
	check := c.Checks[0].ID
	_, err = r.RecordCheck(ctx, reviewer, id, check, "储存场所与申报一致", "pass")
	r.must(err)
	_, err = r.ConfirmCheck(ctx, second, id, check)
	r.must(err)
	_, err = r.ConfirmCheck(ctx, r.applicant(), id, check)
	r.must(err)
}

func TestApplicationGoesFromDraftToLicence(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.accepted()
		r.toApproval(id)
		_, err := r.Decide(ctx, approver, id, 0, licensing.Verdict{Outcome: licensing.Granted, Grounds: "符合法定条件"})
		r.must(err)
		c, err := r.Case(ctx, r.applicant(), id)
		r.must(err)
		if c.State != licensing.Granted || c.Step != licensing.Make || c.LicenceID == "" || c.Decision == nil {
			t.Fatalf("state %s, step %s, licence %q, decision %v", c.State, c.Step, c.LicenceID, c.Decision)
		}
		r.must(r.RenderPapers(ctx))
		kinds := map[licensing.PaperKind]bool{}
		papers, err := r.Papers(ctx, approver, id)
		r.must(err)
		for _, p := range papers {
			if !p.Ready() {
				t.Errorf("%s is %s: %s %s", p.Kind, p.State, p.Error, p.ErrorArgs)
			}
			kinds[p.Kind] = true
		}
		for _, want := range []licensing.PaperKind{licensing.PaperReceipt, licensing.PaperAcceptance, licensing.PaperGrant} {
			if !kinds[want] {
				t.Errorf("no paper %s in %v", want, kinds)
			}
		}
	})
}

func TestSubmitTwiceIsOneCaseWithOneNumber(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.draft("hazchem-business.first", answers(r))
		numbers := make(chan string, 4)
		for range 4 {
			go func() {
				c, err := r.Submit(ctx, r.applicant(), id, 0)
				if err != nil {
					t.Error(err)
					numbers <- ""
					return
				}
				numbers <- c.Number
			}()
		}
		first := <-numbers
		for range 3 {
			if n := <-numbers; n != first || n == "" {
				t.Errorf("numbers %q and %q", first, n)
			}
		}
	})
}

func TestSubmitNamesEverythingThatIsMissing(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id, err := r.StartDraft(ctx, r.applicant(), licensing.Start{Item: "hazchem-business.first", EnterpriseID: r.enterprise.ID})
		r.must(err)
		_, err = r.Submit(ctx, r.applicant(), id, 0)
		var broken *kernel.Error
		if kernel.KindOf(err) != kernel.Invalid || !errors.As(err, &broken) {
			t.Fatalf("want invalid, got %v", err)
		}
		named := map[string]bool{}
		for _, f := range broken.Fields {
			named[f.Field] = true
		}
		for _, want := range []string{"form.applicant.contact", "form.business_mode", "form.chemicals", "delivery"} {
			if !named[want] {
				t.Errorf("%s is not named in %v", want, err)
			}
		}
	})
}

func TestSecondCorrectionNoticeIsRefused(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.draft("hazchem-business.first", answers(r))
		_, err := r.Submit(ctx, r.applicant(), id, 0)
		r.must(err)
		faults := []licensing.Fault{{Target: "field:premises.area", Fault: "面积缺失", Remedy: "填写经营场所面积"}}
		_, err = r.SendCorrection(ctx, clerk, id, 0, faults)
		r.must(err)
		if _, err := r.SubmitCorrection(ctx, r.applicant(), id, 0); kernel.KindOf(err) != kernel.Invalid {
			t.Fatalf("an unanswered notice went through: %v", err)
		}
		r.must(r.AnswerCorrection(ctx, r.applicant(), id, []licensing.Answer{{Seq: 1, Text: "已补充：120 平方米"}}))
		_, err = r.SubmitCorrection(ctx, r.applicant(), id, 0)
		r.must(err)
		if _, err := r.SendCorrection(ctx, clerk, id, 0, faults); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("want conflict, got %v", err)
		}
	})
}

func TestSilenceAcceptsAfterFiveWorkingDaysFromReceipt(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.draft("hazchem-business.first", answers(r))
		_, err := r.Submit(ctx, r.applicant(), id, 0)
		r.must(err)
		day := kernel.DateOf(r.clock.Now()) // the fifth working day after it: 7, 8, 9 (make-up), 11, 12
		for _, step := range []struct {
			on   string
			want licensing.State
		}{{"2026-05-12", licensing.Submitted}, {"2026-05-13", licensing.Accepted}} {
			r.clock.Set(kernel.MustDate(step.on).Start().Add(12 * time.Hour))
			_, err := r.Silence(ctx)
			r.must(err)
			c, err := r.Case(ctx, clerk, id)
			r.must(err)
			if c.State != step.want {
				t.Fatalf("on %s the case is %s, silence day %s", step.on, c.State, c.SilenceDue)
			}
			if c.State == licensing.Accepted && c.AcceptedOn != day {
				t.Fatalf("accepted on %s, received on %s", c.AcceptedOn, day)
			}
		}
	})
}

func TestPauseTakesItsDaysOutOfTheLimit(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.accepted()
		c, err := r.Case(ctx, reviewer, id)
		r.must(err)
		due := c.Due
		_, err = r.Pause(ctx, reviewer, id, 0, licensing.Procedure{Cause: "expert-review", Days: 5, Reason: "专家评审"})
		r.must(err)
		if c, err = r.Case(ctx, reviewer, id); err != nil || !c.Paused || !c.Due.IsZero() {
			t.Fatalf("paused %v, due %s, %v", c.Paused, c.Due, err)
		}
		r.clock.Set(kernel.MustDate("2026-05-13").Start().Add(3 * time.Hour))
		_, err = r.Resume(ctx, reviewer, id, 0)
		r.must(err)
		if c, err = r.Case(ctx, reviewer, id); err != nil || c.Paused || c.Due.Sub(due) < 7 {
			t.Fatalf("due was %s, is %s, %v", due, c.Due, err)
		}
	})
}

func TestApproverMustNotHaveHandledTheCase(t *testing.T) {
	eachRoom(t, func(r *room) {
		id := r.accepted()
		r.toApproval(id)
		both := officer("reviewer", licensing.PermReview, licensing.PermApprove)
		_, err := r.Decide(t.Context(), both, id, 0, licensing.Verdict{Outcome: licensing.Granted, Grounds: "符合"})
		if kernel.KindOf(err) != kernel.Denied {
			t.Fatalf("want denied, got %v", err)
		}
	})
}

func TestOfTwoOfficersDecidingAtOnceOneWins(t *testing.T) {
	eachRoom(t, func(r *room) {
		id := r.accepted()
		r.toApproval(id)
		version := r.version(id)
		errs := make(chan error, 2)
		for _, v := range []licensing.Verdict{{Outcome: licensing.Granted, Grounds: "符合"}, {Outcome: licensing.Denied, Grounds: "不符合"}} {
			go func() {
				_, err := r.Decide(context.WithoutCancel(t.Context()), officer("approver-"+string(v.Outcome), licensing.PermApprove), id, version, v)
				errs <- err
			}()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) {
			t.Fatalf("%v and %v", a, b)
		}
		if lost := cmp.Or(a, b); kernel.KindOf(lost) != kernel.Conflict {
			t.Fatalf("the loser got %v", lost)
		}
	})
}

func TestClaimedCaseIsItsOfficersAlone(t *testing.T) {
	eachRoom(t, func(r *room) {
		ctx := t.Context()
		id := r.draft("hazchem-business.first", answers(r))
		_, err := r.Submit(ctx, r.applicant(), id, 0)
		r.must(err)
		_, err = r.Claim(ctx, clerk, id, 0)
		r.must(err)
		other := officer("other", licensing.PermIntake)
		if _, err := r.AcceptCase(ctx, other, id, 0, licensing.Acceptance{}); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("want conflict, got %v", err)
		}
		chief := officer("chief", licensing.PermTransfer)
		_, err = r.Transfer(ctx, chief, id, 0, other.Actor, "休假")
		r.must(err)
		_, err = r.AcceptCase(ctx, other, id, 0, licensing.Acceptance{})
		r.must(err)
	})
}
