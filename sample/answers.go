package sample

import (
	"encoding/json"
	"strings"

	"anlan/internal/form"
	"anlan/internal/kernel"
)

// facts are what the answers to a form are made of.
type facts struct {
	applicant string // enterprise or person
	code      string // unified social credit code
	idNumber  string
	address   string
	boss      string
	contact   string
	phone     string
	today     kernel.Date
}

// answers fills in the required fields of a form, over what is prefilled, in
// the way a careful applicant would. It knows fields by their kind, their
// check and the words in their names, so that a changed form needs no change
// here.
func answers(fields []*form.Field, given map[string]any, f facts) map[string]any {
	out := map[string]any{}
	for k, v := range given {
		out[k] = v
	}
	for _, field := range fields {
		before, answered := out[field.Name]
		if field.Kind == form.Group && (field.Required || answered) {
			group, _ := before.(map[string]any)
			out[field.Name] = answers(field.Fields, group, f.within(field.Name))
			continue
		}
		if answered || !field.Required && field.MinItems == 0 {
			continue
		}
		out[field.Name] = f.answer(field)
	}
	return out
}

// within narrows the facts to a part of the form: what belongs to a person is
// named after one.
func (f facts) within(part string) facts {
	switch {
	case part == "chemicals":
		f.applicant = "甲醇"
	case part == "project":
		f.applicant = "样例精细化工扩建项目"
	case strings.Contains(part, "person_in_charge"), strings.Contains(part, "leader"), strings.Contains(part, "head"):
		f.applicant = f.boss
	case strings.Contains(part, "managers"), strings.Contains(part, "operators"), strings.Contains(part, "staff"), strings.Contains(part, "people"),
		strings.Contains(part, "engineer"), strings.Contains(part, "evaluators"):
		f.applicant = f.contact
	}
	return f
}

func (f facts) answer(field *form.Field) any {
	switch field.Kind {
	case form.Boolean:
		return true
	case form.Integer:
		if strings.Contains(field.Name, "hours") {
			return json.Number("24")
		}
		return json.Number("3")
	case form.Number:
		return json.Number("30")
	case form.Date:
		return f.date(field.Name).String()
	case form.Choice:
		return field.Options[0].Value
	case form.Choices:
		return []any{field.Options[0].Value}
	case form.List:
		row := answers(field.Fields, nil, f.within(field.Name))
		rows := make([]any, max(1, field.MinItems))
		for i := range rows {
			rows[i] = row
		}
		return rows
	}
	return f.fit(field, f.text(field))
}

// date is in the past for what has happened and in the future for what a
// certificate lasts to.
func (f facts) date(name string) kernel.Date {
	if strings.HasSuffix(name, "_to") && !strings.HasPrefix(name, "training") || strings.Contains(name, "until") {
		return f.today.AddDays(500)
	}
	return f.today.AddDays(-120)
}

func (f facts) text(field *form.Field) string {
	switch field.Check {
	case "uscc":
		return f.code
	case "idnumber":
		return f.idNumber
	case "phone", "mobile":
		return f.phone
	case "postcode":
		return "300000"
	}
	name := field.Name
	switch {
	case field.Format == "email":
		return "contact@sample.invalid"
	case field.Format == "uri":
		return "https://sample.invalid/"
	case name == "name", name == "holder":
		return f.applicant
	case strings.Contains(name, "address"), strings.Contains(name, "site"), strings.Contains(name, "location"):
		return f.address
	case strings.Contains(name, "legal_person"):
		return f.boss
	case strings.Contains(name, "contact"):
		return f.contact
	case strings.Contains(name, "agency"), strings.Contains(name, "employer"):
		return "样例安全技术服务有限公司"
	case strings.Contains(name, "certificate"), strings.Contains(name, "number"), name == "no":
		return "YL-0001"
	case strings.Contains(name, "chemical"), strings.Contains(name, "product"):
		return "样例化学品"
	}
	return "样例" + field.Title.ZH
}

// fit keeps a text within the lengths that a field allows.
func (f facts) fit(field *form.Field, text string) string {
	r := []rune(text)
	if field.MaxLength > 0 && len(r) > field.MaxLength {
		r = r[:field.MaxLength]
	}
	for len(r) < field.MinLength {
		r = append(r, []rune(text)...)
	}
	return string(r)
}
