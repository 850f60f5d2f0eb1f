package auth

import (
	"context"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// BenchmarkAuthenticate is what every page of the console pays before it does
// anything: session, account, roles, scope.
func BenchmarkAuthenticate(b *testing.B) {
	dbtest.EachB(b, func(b *testing.B, d *db.DB) {
		clock := kernel.NewManualClock(morning)
		s := NewService(d, personal.NewVault(master), NewLinks(master, clock), testRoles(b), clock, Options{Hashing: cheap(), Directory: tree{}, TOTP: TOTPNobody, Demo: true})
		boss := Platform("bench", ManageAccounts, AssignRoles)
		a, _, err := s.Create(b.Context(), boss, NewAccount{Kind: Officer, Login: "clerk", Name: "王办"})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Assign(b.Context(), boss, a.ID, Assignment{Roles: []string{Reviewer}, Reach: ReachArea, Area: "120101"}); err != nil {
			b.Fatal(err)
		}
		e, err := s.EnterAs(context.Background(), a.ID, Client{Addr: "127.0.0.1"})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if p, err := s.Authenticate(b.Context(), Credential{Cookie: e.Token}); err != nil || !p.SignedIn() {
				b.Fatal(err)
			}
		}
	}, schema...)
}

// BenchmarkPassword is the cost of one password at the default setting.
func BenchmarkPassword(b *testing.B) {
	h := newHasher(Hashing{})
	for b.Loop() {
		if _, _, err := h.verify(b.Context(), "", goodPassword); err != nil {
			b.Fatal(err)
		}
	}
}
