package sample

import (
	"slices"
	"strings"

	"anlan/internal/auth"
	"anlan/registry"
)

// officer is somebody of the administration in the plan.
type officer struct {
	Login string
	Name  string
	Roles []string
	Unit  string
	Area  string
	Reach auth.Reach
	Core  bool
	Entry bool // the front door offers to enter as this one
}

// desk is a place in an office that handles licences: who sits there, how
// many, and under which unit of the bureau.
type desk struct {
	login string
	mark  string // stands in the name, so that everybody sees who does what
	roles []string
	count int
	post  string // unit suffix below the approval department
}

// desks is the chain that officials know. Where two different hands are needed
// there are two: a site check has two officers, whoever makes a certificate
// does not check it, harsh acts on a licence are approved by another.
func desks() []desk {
	return []desk{
		{"intake", "受理", []string{auth.IntakeClerk}, 1, "intake"},
		{"review", "承办", []string{auth.Reviewer}, 2, "review"},
		{"check", "审核", []string{auth.Checker}, 1, "examine"},
		{"approve", "签发", []string{auth.Approver}, 2, "approve"},
		{"make", "制证", []string{auth.CertificateClerk}, 2, "make"},
		{"mail", "送达", []string{auth.MailClerk, auth.Archivist}, 1, "mail"},
	}
}

// cityOfficers are those of the municipal bureau beside the licence desks.
func cityOfficers() []officer {
	at := func(login, name, unit string, reach auth.Reach, roles ...string) officer {
		return officer{Login: login, Name: "样例" + name, Unit: unit, Area: registry.CityCode, Reach: reach, Roles: roles, Core: true, Entry: true}
	}
	return []officer{
		at("rules", "文规则", "unit-120000-law", auth.ReachCity, auth.RulesEditor),
		at("head", "何处长", registry.ApprovalDepartmentID, auth.ReachCity, auth.DepartmentHead),
		at("duty", "值守安", "unit-120000-duty", auth.ReachCity, auth.DutyOfficer),
		at("regulator", "简监管", "unit-120000-chemical", auth.ReachCity, auth.Regulator),
		at("inspector", "查执法", "unit-120000-industry", auth.ReachCity, auth.Inspector),
		at("warehouse", "库保管", registry.ReserveID, auth.ReachUnit, auth.WarehouseKeeper),
		at("dispatcher", "调度员", "unit-120000-relief", auth.ReachCity, auth.Dispatcher),
		at("force", "严队长", "unit-120000-rescue", auth.ReachUnit, auth.ForceLeader),
		at("commander", "总指挥", registry.BureauID, auth.ReachCity, auth.Commander),
		at("spokesperson", "言发布", "unit-120000-news", auth.ReachCity, auth.Spokesperson),
		at("expert", "艾专家", "unit-120000-chemical", auth.ReachOverseen, auth.Expert),
		at("sysadmin", "席管理", "unit-120000-it", auth.ReachCity, auth.SystemAdmin),
		at("secadmin", "安管理", "unit-120000-office", auth.ReachCity, auth.SecurityAdmin),
		at("auditor", "沈审计", "unit-120000-audit", auth.ReachCity, auth.AuditAdmin),
	}
}

// entryDistrict is where the first petrol station stands: the front door lets
// a visitor enter as everybody of its licence desk, so that what the station
// applies for can be followed to the mailbox.
const entryDistrict = "120101"

// coreAreas have their officers from the first second on.
var coreAreas = []string{entryDistrict, "120116", "120116-TEDA"}

// officers plans everybody of the administration: the municipal bureau, and
// in each district and zone a licence desk and a regulator.
func officers(areas []registry.Area) []officer {
	out := cityOfficers()
	for _, k := range desks() {
		for n := range k.count {
			out = append(out, officer{Login: numbered(k.login, n, k.count), Name: deskName("市", k, n), Roles: k.roles,
				Unit: registry.ApprovalDepartmentID + "-" + k.post, Area: registry.CityCode, Reach: auth.ReachCity, Core: true, Entry: true})
		}
	}
	for _, a := range areas {
		if a.CarriesRows() {
			out = append(out, areaOfficers(a)...)
		}
	}
	return out
}

func areaOfficers(a registry.Area) []officer {
	var out []officer
	core := slices.Contains(coreAreas, a.Code)
	tag := "." + strings.ToLower(a.Code)
	short := strings.TrimSuffix(strings.TrimSuffix(a.Name.ZH, "区"), "新")
	for _, k := range desks() {
		for n := range k.count {
			out = append(out, officer{Login: numbered(k.login, n, k.count) + tag, Name: deskName(short, k, n), Roles: k.roles,
				Unit: "unit-" + a.Code + "-approval", Area: a.Code, Reach: auth.ReachArea, Core: core,
				Entry: a.Code == entryDistrict || a.Code == "120116-TEDA" && k.login == "approve" && n == 0})
		}
	}
	return append(out, officer{Login: "regulator" + tag, Name: "样例" + short + "监管", Roles: []string{auth.Regulator},
		Unit: "unit-" + a.Code + "-emergency", Area: a.Code, Reach: auth.ReachArea, Core: core, Entry: a.Code == entryDistrict})
}

func numbered(login string, n, count int) string {
	if count == 1 {
		return login
	}
	return login + string(rune('1'+n))
}

func deskName(place string, k desk, n int) string {
	name := "样例" + place + k.mark
	if k.count > 1 {
		name += string([]rune("甲乙丙丁")[n])
	}
	return name
}
