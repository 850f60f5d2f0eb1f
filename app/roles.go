package app

import (
	"anlan/admin"
	"anlan/internal/auth"
	"anlan/licensing"
	"anlan/registry"
)

// grants says what each role may do in the rooms; package auth names the roles
// and what they may do with accounts.
func grants() []auth.Grant {
	read := []auth.Permission{licensing.PermRead, registry.PermRead}
	grant := func(role string, perms ...auth.Permission) auth.Grant {
		return auth.Grant{Role: role, Permissions: append(perms, read...)}
	}
	grants := []auth.Grant{
		grant(auth.IntakeClerk, licensing.PermIntake, licensing.PermRenewal, licensing.PermAssist, licensing.PermImport, licensing.PermUnmask),
		grant(auth.Reviewer, licensing.PermReview, licensing.PermUnmask),
		grant(auth.Checker, licensing.PermExamine),
		grant(auth.DepartmentHead, licensing.PermLegal, licensing.PermTransfer, licensing.PermRulesSign, licensing.PermSpecial, admin.PermAssign, registry.PermUnmask),
		grant(auth.Approver, licensing.PermApprove, licensing.PermPanel, licensing.PermRegister),
		grant(auth.CertificateClerk, licensing.PermMake),
		grant(auth.MailClerk, licensing.PermMail),
		grant(auth.Archivist, licensing.PermArchive),
		grant(auth.RulesEditor, licensing.PermRules),
		grant(auth.Regulator, licensing.PermSupervise, registry.PermWrite, registry.PermImport, registry.PermUnmask),
		{Role: auth.SystemAdmin, Permissions: []auth.Permission{registry.PermOrganisation, admin.PermOperate, admin.PermSettings, admin.PermCalendar}},
		{Role: auth.SafetyManager, Permissions: []auth.Permission{licensing.PermApply, registry.PermContacts}},
		{Role: auth.Handler, Permissions: []auth.Permission{licensing.PermApply}},
		{Role: auth.Applicant, Permissions: []auth.Permission{licensing.PermApply}},
	}
	for _, role := range auth.BaseRoles() {
		if role.Officer {
			grants = append(grants, auth.Grant{Role: role.ID, Permissions: []auth.Permission{admin.PermConsole}})
		}
	}
	return grants
}
