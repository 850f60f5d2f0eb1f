package rule

import (
	"regexp"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

var numberHole = regexp.MustCompile(`\{[^}]*\}`)

func (v *Version) checkMaterials(c *kernel.Check, at string) {
	seen := map[string]bool{}
	for i, m := range v.Materials {
		p := at + "materials." + strconv.Itoa(i) + "."
		checkID(c, p+"id", m.ID, seen)
		c.Require(p+"title.zh-CN", m.Title.ZH)
		c.Require(p+"title.en", m.Title.EN)
		oneOf(c, p+"required", m.Required, Always, WhenTrue, Optional)
		if m.Required == WhenTrue {
			m.When.check(c, p+"when.")
			c.Require(p+"when_text.zh-CN", m.WhenText.ZH)
		}
		if len(m.Types) == 0 {
			c.Add(p+"types", "required", "")
		}
		for j, t := range m.Types {
			if kind, sub, ok := strings.Cut(t, "/"); !ok || kind == "" || sub == "" {
				c.Add(p+"types."+strconv.Itoa(j), "format", t)
			}
		}
		between(c, p+"max_bytes", m.MaxBytes, 1, 1<<30)
		between(c, p+"max_files", m.MaxFiles, 1, 100)
		if m.Deficit && !v.Deficit.Allowed {
			c.Add(p+"deficit", "rule_deficit_off", "true")
		}
	}
}

func (w *When) check(c *kernel.Check, at string) {
	if w == nil {
		c.Add(at+"field", "required", "")
		return
	}
	c.Require(at+"field", w.Field)
	if len(w.In) == 0 {
		c.Add(at+"in", "required", "")
	}
}

func (v *Version) checkResult(c *kernel.Check, at string) {
	if len(v.Results) == 0 {
		c.Add(at+"results", "required", "")
	}
	for i, r := range v.Results {
		p := at + "results." + strconv.Itoa(i) + "."
		oneOf(c, p+"kind", r.Kind, Certificate, Opinion, Filing, Record)
		c.Require(p+"title.zh-CN", r.Title.ZH)
	}
	v.checkNumber(c, at+"number.")
	between(c, at+"validity.years", v.Validity.Years, 0, 100)
	between(c, at+"validity.review_years", v.Validity.ReviewYears, 0, max(0, v.Validity.Years))
	v.Validity.Source.check(c, at+"validity.source.")
	v.Renewal.check(c, at+"renewal.")
	if len(v.Authority) == 0 {
		c.Add(at+"authority", "required", "")
	}
	for i, r := range v.Authority {
		r.check(c, at+"authority."+strconv.Itoa(i)+".")
	}
	if n := len(v.Authority); n > 0 && (v.Authority[n-1].When != nil || len(v.Authority[n-1].Areas) > 0) {
		c.Add(at+"authority."+strconv.Itoa(n-1), "rule_must_fit_all", "") // somebody always decides
	}
}

func (v *Version) checkNumber(c *kernel.Check, at string) {
	n := v.Number
	oneOf(c, at+"numbering", n.Numbering, NewNumber, KeepNumber, ExtendNumber, NoNumber)
	unique := false
	for _, hole := range numberHole.FindAllString(n.Format, -1) {
		name, width, _ := strings.Cut(strings.Trim(hole, "{}"), ":")
		digits, err := strconv.Atoi(width)
		switch {
		case name == "seq" && (width == "" || err == nil && digits > 0 && digits < 13), name == "id" && width == "":
			unique = true
		case (name == "year" || name == "area") && width == "":
		default:
			c.Add(at+"format", "format", hole)
		}
	}
	if n.Numbering == NewNumber && !unique {
		c.Add(at+"format", "rule_not_unique", n.Format)
	}
}

func (r *Renewal) check(c *kernel.Check, at string) {
	if r == nil {
		return
	}
	r.Source.check(c, at+"source.")
	for name, b := range map[string]Before{"opens.": r.Opens, "closes.": r.Closes} {
		between(c, at+name+"months", b.Months, 0, 120)
		between(c, at+name+"days", b.Days, 0, 3660)
	}
	if r.Opens.Months*30+r.Opens.Days < r.Closes.Months*30+r.Closes.Days {
		c.Add(at+"opens", "rule_opens_late", "")
	}
	for i, d := range r.Reminders {
		between(c, at+"reminders."+strconv.Itoa(i), d, 0, 3660)
		if i > 0 && d >= r.Reminders[i-1] {
			c.Add(at+"reminders."+strconv.Itoa(i), "rule_not_falling", strconv.Itoa(d))
		}
	}
	for i, d := range r.Direct {
		c.Require(at+"direct."+strconv.Itoa(i)+".id", d.ID)
		c.Require(at+"direct."+strconv.Itoa(i)+".text.zh-CN", d.Text.ZH)
	}
}

func (r AuthorityRule) check(c *kernel.Check, at string) {
	oneOf(c, at+"level", r.Level, City, District)
	c.Require(at+"decides", r.Decides)
	c.Require(at+"supervises", r.Supervises)
	c.Require(at+"title.zh-CN", r.Title.ZH)
	r.Source.check(c, at+"source.")
	if r.When != nil {
		r.When.check(c, at+"when.")
	}
}

func (v *Version) checkWords(c *kernel.Check, at string) {
	c.Require(at+"hotline", v.Hotline)
	if len(v.Basis) == 0 {
		c.Add(at+"basis", "required", "")
	}
	for i, b := range v.Basis {
		c.Require(at+"basis."+strconv.Itoa(i)+".law", b.Law)
	}
	for i, t := range v.Conditions {
		c.Require(at+"conditions."+strconv.Itoa(i)+".zh-CN", t.ZH)
	}
	if len(v.Contacts) == 0 {
		c.Add(at+"contacts", "required", "")
	}
	for i, k := range v.Contacts {
		c.Require(at+"contacts."+strconv.Itoa(i)+".office.zh-CN", k.Office.ZH)
		c.Require(at+"contacts."+strconv.Itoa(i)+".phone", k.Phone)
	}
	v.Fee.Source.check(c, at+"fee.source.")
	if _, ok := v.FormSchema(); !ok {
		c.Add(at+"form", "not_found", v.Form)
	}
}
