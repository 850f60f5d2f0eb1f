package licensing

import "anlan/internal/kernel"

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

// The roles that work at the desks; app composes them.
const (
	RoleIntake   = "licence_clerk"
	RoleReviewer = "reviewer"
	RoleExaminer = "examiner"
	RoleLegal    = "legal_reviewer"
	RoleApprover = "approver"
	RoleMaker    = "certificate_clerk"
	RoleMailer   = "mail_clerk"
	RoleArchive  = "archivist"
)

var stepRole = map[Step]string{
	Intake: RoleIntake, Review: RoleReviewer, SiteCheck: RoleReviewer, Examine: RoleExaminer, Legal: RoleLegal,
	Panel: RoleApprover, Approve: RoleApprover, Make: RoleMaker, Deliver: RoleMailer, Archive: RoleArchive,
}
