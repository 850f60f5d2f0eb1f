package licensing

import (
	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// stepWord names the desks in to-dos, which are stored with both languages.
var stepWord = map[Step]kernel.Text{
	AtApplicant: {ZH: "待补正", EN: "Correct"},
	Intake:      {ZH: "收件受理", EN: "Intake"},
	Review:      {ZH: "审查", EN: "Review"},
	SiteCheck:   {ZH: "核查", EN: "Site check"},
	Examine:     {ZH: "审核", EN: "Examine"},
	Legal:       {ZH: "法制审核", EN: "Legal review"},
	Panel:       {ZH: "集体讨论", EN: "Panel"},
	Approve:     {ZH: "审批", EN: "Approve"},
	Make:        {ZH: "制证", EN: "Make"},
	Deliver:     {ZH: "送达", EN: "Deliver"},
	Archive:     {ZH: "归档", EN: "Archive"},
}

// The roles that work at the desks; app gives them their permissions. Legal
// review (法制审核) is the department head's.
const (
	RoleIntake   = auth.IntakeClerk
	RoleReviewer = auth.Reviewer
	RoleExaminer = auth.Checker
	RoleLegal    = auth.DepartmentHead
	RoleApprover = auth.Approver
	RoleMaker    = auth.CertificateClerk
	RoleMailer   = auth.MailClerk
	RoleArchive  = auth.Archivist
)

var stepRole = map[Step]string{
	Intake: RoleIntake, Review: RoleReviewer, SiteCheck: RoleReviewer, Examine: RoleExaminer, Legal: RoleLegal,
	Panel: RoleApprover, Approve: RoleApprover, Make: RoleMaker, Deliver: RoleMailer, Archive: RoleArchive,
}
