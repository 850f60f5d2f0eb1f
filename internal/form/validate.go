package form

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/kernel"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Validate reports every broken rule of the schema and every wrong identifier
// as one kernel.Invalid error whose fields are input names, in the order of
// the page, one per field; nil when all is well. The values of sensitive
// fields are not repeated in it.
func (f *Form) Validate(data map[string]any) error { return f.ValidateOn(kernel.Date{}, data) }

// ValidateOn also reports what had expired on a day; the zero day asks nothing.
func (f *Form) ValidateOn(day kernel.Date, data map[string]any) error {
	v := validation{form: f, data: data, day: day}
	v.fields(f.Fields, "", data)
	var ve *jsonschema.ValidationError
	if err := f.schema.Validate(any(data)); errors.As(err, &ve) {
		for _, leaf := range leaves(ve) {
			v.leaf(leaf)
		}
	} else if err != nil {
		return fmt.Errorf("form: validate: %w", err)
	}
	return v.result()
}

// leaves returns the errors below e that name a rule. Of alternatives the
// choice itself is the error, not what each alternative missed.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf, *kind.Not:
		return []*jsonschema.ValidationError{e}
	}
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}

type validation struct {
	kernel.Check
	form *Form
	data map[string]any
	day  kernel.Date // what must be valid must be so on it
}

// result keeps the first error of each field and sorts them.
func (v *validation) result() error {
	seen := map[string]bool{}
	v.Fields = slices.DeleteFunc(v.Fields, func(e kernel.FieldError) bool {
		again := seen[e.Field]
		seen[e.Field] = true
		return again
	})
	slices.SortStableFunc(v.Fields, func(a, b kernel.FieldError) int {
		return cmp.Or(slices.Compare(v.form.key(a.Field), v.form.key(b.Field)), strings.Compare(a.Field, b.Field))
	})
	return v.Err()
}

// fields checks what JSON Schema does not: blanks, wrong characters and
// identifiers.
func (v *validation) fields(fields []*Field, prefix string, data map[string]any) {
	for _, f := range fields {
		path := prefix + f.Name
		switch value := data[f.Name].(type) {
		case string:
			v.text(f, path, value)
		case map[string]any:
			v.fields(f.Fields, path+".", value)
		case []any:
			if len(value) == 0 && f.Required {
				v.Add(path, "required", "")
			}
			for i, item := range value {
				at := path + "." + strconv.Itoa(i)
				switch item := item.(type) {
				case map[string]any:
					v.fields(f.Fields, at+".", item)
				case string:
					if rule := plain(item); rule != "" {
						v.Add(at, rule, "")
					}
				}
			}
		}
	}
}

func (v *validation) text(f *Field, path, value string) {
	if strings.TrimSpace(value) == "" {
		if f.Required {
			v.Add(path, "required", "")
		}
		return
	}
	if rule := plain(value); rule != "" {
		v.Add(path, rule, "")
		return
	}
	if check := checks(f.Check); check != nil && f.Kind == Text {
		v.Merge("", check(path, value))
	}
	if f.Check == notExpired {
		if to, err := kernel.ParseDate(value); err == nil && to.Before(v.day) {
			v.Add(path, "expired", v.shown(path))
		}
	}
}

// notExpired is the check of a date until which a document is valid.
const notExpired = "not_expired"

// checks returns the check of an identifier, nil for an unknown name.
func checks(name string) func(field, value string) error {
	switch name {
	case "uscc":
		return kernel.CheckUSCC
	case "idnumber":
		return kernel.CheckIDNumber
	case "phone":
		return kernel.CheckPhone
	case "mobile":
		return kernel.CheckMobile
	case "postcode":
		return kernel.CheckPostcode
	}
	return nil
}

// leaf turns an error of the schema into that of a field.
func (v *validation) leaf(e *jsonschema.ValidationError) {
	at := strings.Join(e.InstanceLocation, ".")
	add := func(rule string, args ...any) { v.Add(at, rule, v.shown(at), args...) }
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		v.missing(at, k.Missing)
	case *kind.DependentRequired:
		v.missing(at, k.Missing)
	case *kind.Type:
		add(typeRule(k.Want))
	case *kind.Enum:
		add("choice")
	case *kind.Const:
		if k.Want == true {
			add("must_accept")
			return
		}
		add("choice")
	case *kind.Format:
		add(formatRule(k.Want))
	case *kind.MinLength:
		add("too_short", "min", k.Want)
	case *kind.MaxLength:
		add("too_long", "max", k.Want)
	case *kind.MinItems:
		add("too_few", "min", k.Want)
	case *kind.MaxItems:
		add("too_many", "max", k.Want)
	case *kind.Minimum:
		add("too_small", "min", decimalText(k.Want))
	case *kind.Maximum:
		add("too_large", "max", decimalText(k.Want))
	case *kind.ExclusiveMinimum:
		add("not_above", "min", decimalText(k.Want))
	case *kind.ExclusiveMaximum:
		add("not_below", "max", decimalText(k.Want))
	case *kind.MultipleOf:
		add("multiple_of", "step", decimalText(k.Want))
	case *kind.UniqueItems:
		at += "." + strconv.Itoa(k.Duplicates[1])
		add("duplicate")
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			v.Add(join(at, name), "unknown", "")
		}
	case *kind.FalseSchema:
		add("unknown")
	default:
		add("format")
	}
}

func (v *validation) missing(at string, names []string) {
	for _, name := range names {
		v.absent(join(at, name))
	}
}

// absent names what must be filled in at path: of a group each of its fields,
// as the page does.
func (v *validation) absent(path string) {
	steps, ok := v.form.find(path)
	asked := false
	if ok && steps[len(steps)-1].field.Kind == Group {
		for _, f := range steps[len(steps)-1].field.Fields {
			if f.Required {
				v.absent(path + "." + f.Name)
				asked = true
			}
		}
	}
	if !asked {
		v.Add(path, "required", "")
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is the value at path as an error may repeat it.
func (v *validation) shown(path string) string {
	if v.form.sensitive(path) {
		return ""
	}
	switch value := Value(v.data, path).(type) {
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(value)
	}
}

// decimalText writes a bound of the schema as a decimal number.
func decimalText(r *big.Rat) string {
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 6
	}
	return r.FloatString(digits)
}

func typeRule(want []string) string {
	if len(want) != 1 {
		return "format"
	}
	switch want[0] {
	case "number", "integer", "boolean", "object":
		return want[0]
	case "array":
		return "list"
	case "string":
		return "text"
	}
	return "format"
}

func formatRule(format string) string {
	switch format {
	case "date", "email":
		return format
	case "uri":
		return "url"
	}
	return "format"
}
