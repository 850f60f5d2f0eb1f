package licensing

import "anlan/internal/auth"

// The permissions of this room. app composes roles from them.
const (
	PermApply     auth.Permission = "licensing.apply"      // own or delegated cases in the service hall
	PermRead      auth.Permission = "licensing.read"       // cases and licences in scope
	PermIntake    auth.Permission = "licensing.intake"     // 收件, 受理
	PermReview    auth.Permission = "licensing.review"     // 审查(承办), 核查
	PermExamine   auth.Permission = "licensing.examine"    // 审核
	PermLegal     auth.Permission = "licensing.legal"      // 法制审核
	PermPanel     auth.Permission = "licensing.panel"      // 集体讨论
	PermApprove   auth.Permission = "licensing.approve"    // 审批(签发), extensions
	PermMake      auth.Permission = "licensing.make"       // 制证
	PermMail      auth.Permission = "licensing.mail"       // 送达
	PermArchive   auth.Permission = "licensing.archive"    // 归档
	PermTransfer  auth.Permission = "licensing.transfer"   // give a claimed case to another officer
	PermRenewal   auth.Permission = "licensing.renewal"    // 提前对接: contacts before expiry
	PermRegister  auth.Permission = "licensing.register"   // acts on licences
	PermImport    auth.Permission = "licensing.import"     // existing licences from Excel
	PermRules     auth.Permission = "licensing.rules"      // new dated rule versions
	PermRulesSign auth.Permission = "licensing.rules_sign" // approve them
	PermSpecial   auth.Permission = "licensing.special"    // special-time packages
	PermSupervise auth.Permission = "licensing.supervise"  // 审管联动: acknowledge, feed back
	PermAssist    auth.Permission = "licensing.assist"     // 帮办
	PermUnmask    auth.Permission = "licensing.unmask"     // personal fields in clear, logged
)

// stepPermission is who works at which desk.
var stepPermission = map[Step]auth.Permission{
	Intake: PermIntake, Review: PermReview, SiteCheck: PermReview, Examine: PermExamine,
	Legal: PermLegal, Panel: PermPanel, Approve: PermApprove, Make: PermMake, Deliver: PermMail, Archive: PermArchive,
}
