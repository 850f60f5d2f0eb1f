package auth

import (
	"context"
	"strings"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// enrol confirms a second factor for an officer and returns its secret and
// recovery codes.
func (w *desk) enrol(p *Principal) (secret string, recovery []string, e Entry) {
	w.t.Helper()
	enrolment, err := w.EnrolTOTP(w.t.Context(), p)
	w.must(err)
	recovery, e, err = w.ConfirmTOTP(w.t.Context(), p, w.app(enrolment.Secret))
	w.must(err)
	return enrolment.Secret, recovery, e
}

func TestSecondFactorIsAskedForAndACodeWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{Roles: []string{Reviewer}})
		secret, _, _ := w.enrol(w.enter("clerk"))
		w.clock.Advance(time.Minute)
		e := w.login("clerk")
		if e.Session.Stage != NeedsTOTP {
			t.Fatalf("stage %q", e.Session.Stage)
		}
		if p := w.who(e.Token); p.SignedIn() || p.Account != nil || p.Pending == nil || p.Can(licencePermission) || p.Scope.Account != "" || p.Actor.Kind != kernel.ActorPublic {
			t.Fatalf("half a sign-in has rights: %+v", p)
		}
		_, err := w.LoginTOTP(t.Context(), e.Token, "000000", Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code")
		code := w.app(secret)
		full, err := w.LoginTOTP(t.Context(), e.Token, code, Client{Addr: "192.0.2.1"})
		w.must(err)
		if full.Token == e.Token || w.who(e.Token).SignedIn() {
			t.Error("the token did not change")
		}
		if !w.who(full.Token).Can(licencePermission) {
			t.Error("not signed in")
		}
		again := w.login("clerk")
		_, err = w.LoginTOTP(t.Context(), again.Token, code, Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code") // replay
		w.clock.Advance(30 * time.Second)
		_, err = w.LoginTOTP(t.Context(), again.Token, code, Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code") // replay within the clock difference
		_, err = w.LoginTOTP(t.Context(), again.Token, w.app(secret), Client{Addr: "192.0.2.1"})
		w.must(err)
	})
}

func TestRecoveryCodeWorksOnceAndCanBeRenewed(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("clerk", Assignment{})
		_, recovery, _ := w.enrol(w.enter("clerk"))
		if len(recovery) != 10 {
			t.Fatalf("%d recovery codes", len(recovery))
		}
		e := w.login("clerk")
		full, err := w.LoginTOTP(t.Context(), e.Token, strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " ")), Client{Addr: "192.0.2.1"})
		w.must(err)
		e = w.login("clerk")
		_, err = w.LoginTOTP(t.Context(), e.Token, recovery[3], Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code")
		p := w.who(full.Token)
		w.view(func(ctx context.Context, q db.Q) error {
			n, err := w.RecoveryLeft(ctx, q, p.Account.ID)
			if n != 9 {
				t.Errorf("%d left, want 9", n)
			}
			return err
		})
		renewed, err := w.RenewRecovery(t.Context(), p)
		w.must(err)
		_, err = w.LoginTOTP(t.Context(), e.Token, recovery[4], Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code")
		_, err = w.LoginTOTP(t.Context(), e.Token, renewed[0], Client{Addr: "192.0.2.1"})
		w.must(err)
	})
}

func TestGuessingSecondFactorsLocksThem(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{})
	secret, _, _ := w.enrol(w.enter("clerk"))
	w.clock.Advance(time.Minute)
	e := w.login("clerk")
	for range 5 {
		_, err := w.LoginTOTP(t.Context(), e.Token, "000000", Client{Addr: "192.0.2.1"})
		breaks(t, err, "code", "auth_code")
	}
	_, err := w.LoginTOTP(t.Context(), e.Token, w.app(secret), Client{Addr: "192.0.2.1"})
	if _, blocked := RetryAfter(err); !blocked {
		t.Fatalf("the sixth guess: %v", err)
	}
	e = w.login("clerk") // a right password does not end the wait of the second factor
	_, err = w.LoginTOTP(t.Context(), e.Token, w.app(secret), Client{Addr: "192.0.2.1"})
	if _, blocked := RetryAfter(err); !blocked {
		t.Fatalf("after another password: %v", err)
	}
}

func TestAdministratorsMustEnrolBeforeTheyAreIn(t *testing.T) {
	each(t, func(t *testing.T, w *desk) {
		w.officer("boss.system", Assignment{Roles: []string{SystemAdmin}})
		e := w.login("boss.system")
		p := w.who(e.Token)
		if e.Session.Stage != NeedsEnrol || p.SignedIn() || p.Can(ManageAccounts) {
			t.Fatalf("stage %q, principal %+v", e.Session.Stage, p)
		}
		_, _, err := w.Create(t.Context(), p, NewAccount{Kind: Officer, Login: "backdoor", Name: "后门"})
		is(t, err, kernel.SignedOut, "")
		secret, _, full := w.enrol(p)
		p = w.who(full.Token)
		if !p.SignedIn() || !p.Can(ManageAccounts) || w.who(e.Token).SignedIn() {
			t.Fatal("enrolment did not complete the sign-in")
		}
		is(t, w.RemoveTOTP(t.Context(), p), kernel.Denied, "auth.error.totp_required")
		w.clock.Advance(11 * time.Minute)
		_, err = w.Confirm(t.Context(), p, goodPassword, "192.0.2.1")
		breaks(t, err, "proof", "auth_proof") // the password alone is not enough any more
		_, err = w.Confirm(t.Context(), p, w.app(secret), "192.0.2.1")
		w.must(err)
	})
}

func TestNewSecretTakesEffectOnlyWhenConfirmed(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{})
	secret, _, full := w.enrol(w.enter("clerk"))
	p := w.who(full.Token)
	second, err := w.EnrolTOTP(t.Context(), p)
	w.must(err)
	_, _, err = w.ConfirmTOTP(t.Context(), p, w.app(secret))
	breaks(t, err, "code", "auth_code")
	w.clock.Advance(time.Minute)
	e := w.login("clerk")
	_, err = w.LoginTOTP(t.Context(), e.Token, w.app(second.Secret), Client{Addr: "192.0.2.1"})
	breaks(t, err, "code", "auth_code")
	_, err = w.LoginTOTP(t.Context(), e.Token, w.app(secret), Client{Addr: "192.0.2.1"})
	w.must(err)
}

func TestEnrollingNeedsAFreshProof(t *testing.T) {
	w := one(t)
	w.officer("clerk", Assignment{})
	e := w.login("clerk")
	w.clock.Advance(11 * time.Minute)
	_, err := w.EnrolTOTP(t.Context(), w.who(e.Token))
	is(t, err, kernel.Denied, KeyConfirmFirst)
	_, err = w.EnrolTOTP(t.Context(), Public("192.0.2.1"))
	is(t, err, kernel.SignedOut, "")
}

func TestNoOneAdministratorCanTakeOverAnAccount(t *testing.T) {
	w := one(t)
	system := w.officer("boss.system", Assignment{Roles: []string{SystemAdmin}})
	security := w.officer("boss.security", Assignment{Roles: []string{SecurityAdmin}})
	_, _, e1 := w.enrol(w.enter("boss.system"))
	_, _, e2 := w.enrol(w.enter("boss.security"))
	sys, sec := w.who(e1.Token), w.who(e2.Token)
	is(t, w.ResetTOTP(t.Context(), sys, security.ID), kernel.Denied, "error.denied")
	_, err := w.PasswordLink(t.Context(), sec, system.ID)
	is(t, err, kernel.Denied, "error.denied")
	is(t, w.ResetTOTP(t.Context(), sec, security.ID), kernel.Denied, "auth.error.not_yourself")
	w.must(w.ResetTOTP(t.Context(), sec, system.ID))
	if e := w.login("boss.system"); e.Session.Stage != NeedsEnrol {
		t.Errorf("stage %q after a reset", e.Session.Stage)
	}
	if w.who(e1.Token).SignedIn() {
		t.Error("sessions outlive the reset of the second factor")
	}
}

func TestTOTPStepsMatchAnAppAndAreSpent(t *testing.T) {
	const secret = "JBSWY3DPEHPK3PXP"
	at := time.Unix(1_760_000_010, 0)
	w := &desk{t: t, clock: kernel.NewManualClock(at)}
	code := w.app(secret)
	for name, c := range map[string]struct {
		shift time.Duration
		used  int64
		ok    bool
	}{
		"now": {0, 0, true}, "a step late": {30 * time.Second, 0, true}, "a step early": {-30 * time.Second, 0, true},
		"two steps late": {60 * time.Second, 0, false}, "spent": {0, at.Unix() / 30, false}, "older one spent": {0, at.Unix()/30 - 1, true},
	} {
		if _, ok := totpMatch(secret, code, at.Add(c.shift), c.used); ok != c.ok {
			t.Errorf("%s: %v", name, ok)
		}
	}
	if _, ok := totpMatch("not base32!", code, at, 0); ok {
		t.Error("a broken secret matched")
	}
	if _, ok := totpMatch(secret, code[:3]+" "+code[3:], at, 0); !ok {
		t.Error("a code typed in two groups is refused")
	}
}
