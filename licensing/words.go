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
	Done:        {ZH: "办结", EN: "Closed"},
}

// stateWord names the states in messages.
var stateWord = map[State]kernel.Text{
	Draft:          {ZH: "草稿", EN: "a draft"},
	Submitted:      {ZH: "已提交", EN: "submitted"},
	Correcting:     {ZH: "待补正", EN: "being corrected"},
	Accepted:       {ZH: "已受理", EN: "accepted"},
	Granted:        {ZH: "准予许可", EN: "granted"},
	Denied:         {ZH: "不予许可", EN: "denied"},
	Refused:        {ZH: "不予受理", EN: "not accepted"},
	NotNeeded:      {ZH: "不需许可", EN: "closed: no licence is needed"},
	OtherAuthority: {ZH: "非本机关职权", EN: "another authority's"},
	Withdrawn:      {ZH: "已撤回申请", EN: "withdrawn"},
	Terminated:     {ZH: "已终止", EN: "terminated"},
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
