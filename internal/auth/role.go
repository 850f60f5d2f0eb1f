package auth

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "auth", Rank: 4, FS: sub}
}

// Texts is the catalogue of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "auth", FS: locale} }

// Role is a named set of permissions.
type Role struct {
	ID          string
	Title       kernel.Text
	Permissions []Permission
	Officer     bool // only officers may hold it
	Admin       bool // one of the three administrators
}

// The ids of the roles that the platform knows. App adds the permissions.
const (
	SystemAdmin   = "system_admin"   // 系统管理员: accounts, organisation, settings, jobs
	SecurityAdmin = "security_admin" // 安全管理员: roles, reach, tokens, lock-outs
	AuditAdmin    = "audit_admin"    // 审计管理员: reads the audit rows, writes nothing

	IntakeClerk      = "intake_clerk"      // 收件、受理
	Reviewer         = "reviewer"          // 审查承办
	Checker          = "checker"           // 审核
	Approver         = "approver"          // 审批签发
	CertificateClerk = "certificate_clerk" // 制证
	MailClerk        = "mail_clerk"        // 送达
	Archivist        = "archivist"         // 归档
	RulesEditor      = "rules_editor"      // 事项与规则维护

	DutyOfficer     = "duty_officer"     // 值班员
	Regulator       = "regulator"        // 监管员
	Inspector       = "inspector"        // 执法检查
	WarehouseKeeper = "warehouse_keeper" // 仓库保管
	Dispatcher      = "dispatcher"       // 调度
	ForceLeader     = "force_leader"     // 救援队伍负责人
	Commander       = "commander"        // 指挥长
	Spokesperson    = "spokesperson"     // 新闻发言
	Expert          = "expert"           // 专家
	DepartmentHead  = "department_head"  // 处室负责人: approves stand-ins, vouches for enterprises

	SafetyManager = "safety_manager" // enterprise: 安全管理人员, may delegate
	Handler       = "handler"        // enterprise: 经办人
	Applicant     = "applicant"      // a person for themselves, or as an agent
)

// BaseRoles returns every role with its title and the permissions of this
// package; Compose adds those of the rooms.
func BaseRoles() []Role {
	office := func(id string, perms ...Permission) Role { return Role{ID: id, Permissions: perms, Officer: true} }
	admin := func(id string, perms ...Permission) Role {
		return Role{ID: id, Permissions: perms, Officer: true, Admin: true}
	}
	roles := []Role{
		admin(SystemAdmin, ReadAccounts, ManageAccounts),
		admin(SecurityAdmin, ReadAccounts, AssignRoles, ReleaseLocks, ManageTokens, EndSessions, EraseAccounts),
		admin(AuditAdmin, ReadAccounts, ReadAudit),
		office(IntakeClerk), office(Reviewer), office(Checker), office(Approver), office(CertificateClerk),
		office(MailClerk), office(Archivist), office(RulesEditor), office(DutyOfficer),
		office(Regulator), office(Inspector), office(WarehouseKeeper), office(Dispatcher), office(ForceLeader),
		office(Commander), office(Spokesperson), office(Expert),
		office(DepartmentHead, ReadAccounts, ApproveStandIn, ConfirmEnterprise, OverseeEnterprise),
		{ID: SafetyManager, Permissions: []Permission{Delegate}}, {ID: Handler}, {ID: Applicant},
	}
	texts := i18n.MustLoad(Texts())
	for i := range roles {
		key := "auth.role." + roles[i].ID
		roles[i].Title = kernel.Text{ZH: texts.T(i18n.Chinese, key), EN: texts.T(i18n.English, key)}
	}
	return roles
}

// Grant adds permissions to a role; rooms' permissions come in this way.
type Grant struct {
	Role        string
	Permissions []Permission
}

// Roles are the roles in force. They do not change while the program runs.
type Roles struct {
	list []Role
	byID map[string]Role
}

// Compose merges grants into base. It refuses a grant to a role that is not in
// base and a role that is given twice.
func Compose(base []Role, grants ...Grant) (*Roles, error) {
	r := &Roles{byID: make(map[string]Role, len(base))}
	for _, role := range base {
		if _, twice := r.byID[role.ID]; twice {
			return nil, fmt.Errorf("auth: role %q is given twice", role.ID)
		}
		r.byID[role.ID] = role
	}
	for _, g := range grants {
		role, ok := r.byID[g.Role]
		if !ok {
			return nil, fmt.Errorf("auth: permissions for unknown role %q", g.Role)
		}
		role.Permissions = append(slices.Clone(role.Permissions), g.Permissions...)
		r.byID[g.Role] = role
	}
	for _, role := range base {
		role = r.byID[role.ID]
		slices.Sort(role.Permissions)
		role.Permissions = slices.Compact(role.Permissions)
		r.byID[role.ID] = role
		r.list = append(r.list, role)
	}
	return r, nil
}

// List returns the roles in the order of the base.
func (r *Roles) List() []Role { return slices.Clone(r.list) }

// Get returns a role.
func (r *Roles) Get(id string) (Role, bool) { role, ok := r.byID[id]; return role, ok }

// Permissions returns what the roles together may do; an unknown role, left
// over from an older version, gives nothing.
func (r *Roles) Permissions(ids ...string) Set {
	s := Set{}
	for _, id := range ids {
		for _, p := range r.byID[id].Permissions {
			s[p] = struct{}{}
		}
	}
	return s
}

// Known returns every permission that some role holds.
func (r *Roles) Known() Set {
	s := Set{}
	for _, role := range r.list {
		for _, p := range role.Permissions {
			s[p] = struct{}{}
		}
	}
	return s
}

// Check reports, under field, why an account of this kind may not hold the
// roles together: unknown, for officers only, or an administrator beside
// anything else. The three administrators are separate from each other
// (GB/T 22239-2019, 8.1.5 安全管理中心; 三员分立) and do no business: whoever sets
// up accounts must not approve licences, whoever reads the audit must not be in
// it.
func (r *Roles) Check(c *kernel.Check, field string, kind AccountKind, ids []string) {
	admin := ""
	for _, id := range ids {
		role, ok := r.byID[id]
		switch {
		case !ok:
			c.Add(field, "choice", id)
		case role.Officer != (kind == Officer):
			c.Add(field, "auth_role_kind", id)
		case role.Admin:
			admin = id
		}
	}
	if admin != "" && len(ids) > 1 {
		c.Add(field, "auth_separate", admin)
	}
}

// admins reports whether one of the roles is an administrator's.
func (r *Roles) admins(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return r.byID[id].Admin })
}
