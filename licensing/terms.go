package licensing

import (
	"fmt"
	"strings"

	"anlan/internal/kernel"
)

// Purpose is what an application asks for.
type Purpose string

// The purposes.
const (
	ForFirst   Purpose = "first"   // 首次申请
	ForRenewal Purpose = "renewal" // 延续
	ForChange  Purpose = "change"  // 变更
	ForReissue Purpose = "reissue" // 补发
	ForCancel  Purpose = "cancel"  // 注销
	ForReview  Purpose = "review"  // 复审, personal certificates
)

// Result is what a grant produces.
type Result string

// The results.
const (
	ResultLicence Result = "licence"
	ResultOpinion Result = "opinion" // 审查意见书
	ResultFiling  Result = "filing"  // 备案回执
)

// The ways a renewal treats the number.
const (
	renewKeep     = "keep"     // same number, next issue
	renewExtend   = "extend"   // noted on the same certificate
	renewRenumber = "renumber" // a new number
)

// terms are what the part of the room that begins with the decision needs
// from a rule version.
type terms struct {
	Item, Category string
	Purpose        Purpose
	Result         Result
	Title          string // of the certificate or opinion: "危险化学品经营许可证"
	NumberFormat   string // with {year}, {area}, {n}, {id}
	Renew          string // renewKeep, renewExtend, renewRenumber
	ValidMonths    int    // 0: without end
	ReviewMonths   int    // re-examination, 0 none
	ApplyDays      int    // a renewal must be filed this many days before the last day (art. 50)
	Windows        []int  // days before the last day at which the holder is told
	Notes          []string
}

// identityNumbered reports whether the number contains the holder's identity
// number (特种作业操作证: T and the number).
func (t terms) identityNumbered() bool { return strings.Contains(t.NumberFormat, "{id}") }

// series is where numbers of the item are taken in an area and year.
func (t terms) series(area string, year int) string {
	return fmt.Sprintf("licensing.licence/%s/%s/%d", t.Category, area, year)
}

// number writes the number of a licence.
func (t terms) number(area, idNumber string, year int, n int64) string {
	r := strings.NewReplacer("{year}", fmt.Sprint(year), "{area}", baseArea(area), "{n}", fmt.Sprintf("%06d", n), "{id}", idNumber)
	return r.Replace(t.NumberFormat)
}

// ends returns the last day of a validity that begins on a day.
func (t terms) ends(from kernel.Date) kernel.Date {
	if t.ValidMonths == 0 {
		return kernel.Date{}
	}
	return from.AddMonths(t.ValidMonths).AddDays(-1)
}

// reviewed returns the day by which a personal certificate is re-examined.
func (t terms) reviewed(from kernel.Date) kernel.Date {
	if t.ReviewMonths == 0 {
		return kernel.Date{}
	}
	return from.AddMonths(t.ReviewMonths).AddDays(-1)
}

// timely reports whether a renewal filed on a day keeps the licence alive
// while it is undecided (art. 50).
func (t terms) timely(end, filed kernel.Date) bool {
	return end.IsZero() || !filed.After(end.AddDays(-t.ApplyDays))
}
