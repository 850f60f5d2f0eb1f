package registry

import (
	"fmt"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// fieldValue is one field of an enterprise as a comparison shows it. key tells
// values apart that look the same masked.
type fieldValue struct {
	field, shown, key string
}

// compare lists the fields in which theirs and yours differ, or, when both are
// the same record, in which it differs from base.
func compare(base, theirs, yours record) []Change {
	b, t, y := flatten(base), flatten(theirs), flatten(yours)
	same := theirs.Version == yours.Version
	var out []Change
	for i := range b {
		differs := t[i].key != y[i].key
		if same {
			differs = t[i].key != b[i].key
		}
		if differs {
			out = append(out, Change{Field: b[i].field, Was: b[i].shown, Theirs: t[i].shown, Yours: y[i].shown})
		}
	}
	return out
}

func flatten(r record) []fieldValue {
	var former []string
	for _, f := range r.FormerNames {
		former = append(former, fmt.Sprintf("%s（%s）", f.Name, f.Until))
	}
	at := r.Attributes
	plain := func(field, v string) fieldValue { return fieldValue{field, v, v} }
	fields := []fieldValue{
		plain("uscc", r.USCC), plain("name", r.Name), plain("former_names", strings.Join(former, "；")),
		plain("area", r.Area), plain("street", r.Street), plain("address", r.Address), plain("pos", position(r.Pos)),
		plain("trade", r.Trade), plain("legal_person", r.LegalPerson),
		plain("attributes.standardisation", number(at.Standardisation)),
		plain("attributes.standardisation_until", at.StandardisationUntil.String()),
		plain("attributes.major_hazard", number(at.MajorHazard)),
		plain("attributes.employees", number(at.Employees)),
		plain("attributes.key_supply", strconv.FormatBool(at.KeySupply)),
		plain("attributes.website", at.Website),
		plain("state", string(r.State)),
	}
	var shown, keys []string
	for _, c := range r.Contacts {
		shown = append(shown, strings.Join(strings.Fields(c.Name+" "+c.phoneMasked+" "+c.emailMasked), " "))
		keys = append(keys, string(c.Role), c.Name, string(c.Phone), string(c.Email))
	}
	return append(fields, fieldValue{"contacts", strings.Join(shown, "；"), strings.Join(keys, "\x00")})
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func position(p kernel.LatLon) string {
	if p == (kernel.LatLon{}) {
		return ""
	}
	return fmt.Sprintf("%.5f, %.5f", p.Lat, p.Lon)
}

// changedFields names the fields in which two versions differ.
func changedFields(before, after record) []string {
	var out []string
	b, a := flatten(before), flatten(after)
	for i := range b {
		if b[i].key != a[i].key {
			out = append(out, b[i].field)
		}
	}
	return out
}

// differences gathers the fields of two versions that are not the same.
type differences []Change

func (d *differences) add(field, theirs, yours string) {
	if theirs != yours {
		*d = append(*d, Change{Field: field, Theirs: theirs, Yours: yours})
	}
}

// clash is the Conflict that shows the differences.
func (d differences) clash() error {
	return kernel.Clash("error.changed_meanwhile", map[string]any{"changes": []Change(d)})
}
