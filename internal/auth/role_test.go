package auth

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

func TestTextsAreComplete(t *testing.T) {
	texts, err := i18n.Load(Texts())
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range BaseRoles() {
		if role.Title.ZH == "" || role.Title.EN == "" || strings.Contains(role.Title.EN, "auth.role") {
			t.Errorf("role %s has no title: %+v", role.ID, role.Title)
		}
		for _, p := range role.Permissions {
			if !texts.Has("auth.permission." + string(p)) {
				t.Errorf("permission %s has no text", p)
			}
		}
	}
}

func TestRolesThatExcludeEachOther(t *testing.T) {
	roles := testRoles(t)
	for name, c := range map[string]struct {
		kind AccountKind
		ids  []string
		rule string // "" allowed
	}{
		"nothing":                   {Officer, nil, ""},
		"chain of business roles":   {Officer, []string{IntakeClerk, Reviewer, Approver}, ""},
		"one administrator":         {Officer, []string{SystemAdmin}, ""},
		"system and security":       {Officer, []string{SystemAdmin, SecurityAdmin}, "auth_separate"},
		"security and audit":        {Officer, []string{SecurityAdmin, AuditAdmin}, "auth_separate"},
		"system and audit":          {Officer, []string{AuditAdmin, SystemAdmin}, "auth_separate"},
		"administrator approves":    {Officer, []string{SystemAdmin, Approver}, "auth_separate"},
		"auditor does business":     {Officer, []string{AuditAdmin, DutyOfficer}, "auth_separate"},
		"person reviews":            {Person, []string{Reviewer}, "auth_role_kind"},
		"enterprise administers":    {Enterprise, []string{AuditAdmin}, "auth_role_kind"},
		"officer is applicant":      {Officer, []string{Applicant}, "auth_role_kind"},
		"handler and manager":       {Enterprise, []string{Handler, SafetyManager}, ""},
		"unknown role":              {Officer, []string{"emperor"}, "choice"},
		"unknown beside known role": {Officer, []string{Reviewer, "emperor"}, "choice"},
	} {
		var check kernel.Check
		roles.Check(&check, "roles", c.kind, c.ids)
		if c.rule == "" {
			if err := check.Err(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !slices.ContainsFunc(check.Fields, func(f kernel.FieldError) bool { return f.Rule == c.rule }) {
			t.Errorf("%s: %+v, want %s", name, check.Fields, c.rule)
		}
	}
}

// TestNoAllowedSetOfRolesMixesAdministratorsRights draws any set of roles that
// Check allows and looks at what it may do.
func TestNoAllowedSetOfRolesMixesAdministratorsRights(t *testing.T) {
	roles := testRoles(t)
	var ids []string
	for _, r := range roles.List() {
		ids = append(ids, r.ID)
	}
	rapid.Check(t, func(t *rapid.T) {
		held := someOf(t, "roles", ids)
		var c kernel.Check
		roles.Check(&c, "roles", Officer, held)
		if c.Err() != nil {
			return
		}
		may := roles.Permissions(held...)
		powers := 0
		for _, p := range []Permission{ManageAccounts, AssignRoles, ReadAudit, approvePermission} {
			if may.Has(p) {
				powers++
			}
		}
		if powers > 1 {
			t.Fatalf("roles %v hold %d of the powers that exclude each other", held, powers)
		}
	})
}

func TestComposeRefusesUnknownAndDoubleRoles(t *testing.T) {
	if _, err := Compose(BaseRoles(), Grant{"emperor", []Permission{"x"}}); err == nil {
		t.Error("a grant to an unknown role was taken")
	}
	if _, err := Compose(append(BaseRoles(), Role{ID: Reviewer})); err == nil {
		t.Error("a role was taken twice")
	}
	roles := testRoles(t)
	if p := roles.Permissions(Reviewer, "gone"); !p.Has(licencePermission) || p.Has(approvePermission) || len(p) != 1 {
		t.Errorf("reviewer may %v", p.Sorted())
	}
}

func TestDifferentHands(t *testing.T) {
	a := func(id, forID string) kernel.Actor {
		return kernel.Actor{Kind: kernel.ActorAccount, ID: id, For: forID}
	}
	for name, c := range map[string]struct {
		maker, checker kernel.Actor
		ok             bool
	}{
		"two people":                       {a("1", ""), a("2", ""), true},
		"same person":                      {a("1", ""), a("1", ""), false},
		"checker stands in for the maker":  {a("1", ""), a("2", "1"), false},
		"maker stood in for the checker":   {a("2", "1"), a("1", ""), false},
		"one person in two places":         {a("2", "1"), a("2", "3"), false},
		"two stand-ins of one person":      {a("2", "1"), a("3", "1"), false},
		"stand-ins of two people":          {a("2", "1"), a("4", "3"), true},
		"stand-in and somebody else":       {a("2", "1"), a("3", ""), true},
		"same person once as a stand-in":   {a("2", ""), a("2", "1"), false},
		"same person, told by system kind": {kernel.Actor{Kind: kernel.ActorToken, ID: "1"}, a("1", ""), false},
	} {
		if err := DifferentHands(c.maker, c.checker); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
