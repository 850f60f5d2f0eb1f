package form

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decode reads a posted form into data that marshals to JSON. Empty answers
// are left out; a one-line answer loses the blanks around it, line ends become
// "\n". A number is a json.Number with its digits as typed (without sign plus
// and leading zeros), so nothing is rounded; text that is no number stays
// text and is reported by Validate. Groups are always there; rows are
// numbered from 0 anew. Inputs that the schema does not have are not looked
// at: the page has others of its own.
func (f *Form) Decode(v url.Values) map[string]any {
	return decodeFields(f.Fields, "", v, rowNumbers(v))
}

func decodeFields(fields []*Field, prefix string, v url.Values, rows map[string][]int) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		name := prefix + f.Name
		switch f.Kind {
		case Group:
			out[f.Name] = decodeFields(f.Fields, name+".", v, rows)
		case List:
			list := []any{}
			for _, i := range rows[name] {
				list = append(list, decodeFields(f.Fields, name+"."+strconv.Itoa(i)+".", v, rows))
			}
			if len(list) > 0 {
				out[f.Name] = list
			}
		default:
			if value := decodeValue(f, v[name]); value != nil {
				out[f.Name] = value
			}
		}
	}
	return out
}

// decodeValue reads the answers posted under one name; nil is no answer.
func decodeValue(f *Field, posted []string) any {
	if len(posted) == 0 {
		return nil
	}
	switch f.Kind {
	case Choices:
		list := []any{}
		for _, s := range posted {
			if s != "" {
				list = append(list, optionValue(f, s))
			}
		}
		return list
	case Boolean:
		return decodeBoolean(posted)
	}
	s := posted[0]
	if f.Widget == "textarea" {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
		if strings.TrimSpace(s) == "" {
			return nil
		}
		return s
	}
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	switch f.Kind {
	case Number, Integer:
		return decodeNumber(s)
	case Choice:
		return optionValue(f, s)
	}
	return s
}

// decodeBoolean reads a checkbox (a hidden "false" before a "true" that is
// only posted when ticked) or a pair of radio buttons.
func decodeBoolean(posted []string) any {
	for _, s := range posted {
		if s != "true" && s != "false" && s != "" {
			return s
		}
	}
	switch {
	case slices.Contains(posted, "true"):
		return true
	case slices.Contains(posted, "false"):
		return false
	}
	return nil
}

var decimal = regexp.MustCompile(`^([+-]?)0*(\d{0,40}?)(?:\.(\d{0,40}))?$`)

// decodeNumber returns a json.Number, or s itself when it is no number.
func decodeNumber(s string) any {
	m := decimal.FindStringSubmatch(s)
	if m == nil || !strings.ContainsAny(s, "0123456789") {
		return s
	}
	out := m[2]
	if out == "" {
		out = "0"
	}
	if m[3] != "" {
		out += "." + m[3]
	}
	if m[1] == "-" {
		out = "-" + out
	}
	return json.Number(out)
}

// optionValue returns the option that is written as s, or s itself.
func optionValue(f *Field, s string) any {
	for _, o := range f.Options {
		if fmt.Sprint(o.Value) == s {
			return o.Value
		}
	}
	return s
}

// rowNumbers finds the rows of every list in v: path → numbers in order.
func rowNumbers(v url.Values) map[string][]int {
	rows := map[string][]int{}
	for name := range v {
		for at := 0; ; {
			dot := strings.IndexByte(name[at:], '.')
			if dot < 0 {
				break
			}
			at += dot + 1
			digits, _, more := strings.Cut(name[at:], ".")
			if i, ok := rowNumber(digits); ok && more {
				rows[name[:at-1]] = append(rows[name[:at-1]], i)
			}
		}
	}
	for path, numbers := range rows {
		slices.Sort(numbers)
		rows[path] = slices.Compact(numbers)
	}
	return rows
}

// rowNumber reads the number of a row as this package writes it.
func rowNumber(s string) (int, bool) {
	if len(s) == 0 || len(s) > 6 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}

// The names of the buttons that add and remove rows, and of the hidden input
// that keeps a row whose fields post nothing.
const (
	AddButton    = "_add"
	RemoveButton = "_remove"
	rowMarker    = "_row"
)

// Edit carries out the add and remove buttons of repeating rows: it reports
// whether v was posted by one of them and changes data, which Decode made of
// v. The page is then shown again without validation, with the focus on the
// element whose id is focus.
func (f *Form) Edit(v url.Values, data map[string]any) (focus string, edited bool) {
	rows := rowNumbers(v)
	if path := v.Get(AddButton); path != "" {
		if at, ok := f.list(path, rows); ok {
			n := at.change(data, func(list []any) []any { return append(list, map[string]any{}) })
			return ID(at.path + "." + strconv.Itoa(n-1)), n > 0
		}
	}
	if path := v.Get(RemoveButton); path != "" {
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return "", false
		}
		row, ok := rowNumber(path[dot+1:])
		row = slices.Index(rows[path[:dot]], row)
		at, found := f.list(path[:dot], rows)
		if !ok || !found || row < 0 {
			return "", false
		}
		at.change(data, func(list []any) []any {
			if row >= len(list) {
				return list
			}
			return slices.Delete(slices.Clone(list), row, row+1)
		})
		return ID(at.path) + "--add", true
	}
	return "", false
}

// place is a list in decoded data.
type place struct {
	path  string
	parts []string
}

// list finds the list at a posted path and turns posted row numbers into
// those of the decoded data.
func (f *Form) list(path string, rows map[string][]int) (place, bool) {
	steps, ok := f.find(path)
	if !ok || steps[len(steps)-1].field.Kind != List || steps[len(steps)-1].row >= 0 {
		return place{}, false
	}
	parts := strings.Split(path, ".")
	decoded := slices.Clone(parts)
	for i, part := range parts {
		if row, isRow := rowNumber(part); isRow {
			now := slices.Index(rows[strings.Join(parts[:i], ".")], row)
			if now < 0 {
				return place{}, false
			}
			decoded[i] = strconv.Itoa(now)
		}
	}
	return place{path: strings.Join(decoded, "."), parts: decoded}, true
}

// change replaces the list and returns its new length, 0 when the data have no
// place for it.
func (p place) change(data map[string]any, fn func([]any) []any) int {
	var at any = data
	for _, part := range p.parts[:len(p.parts)-1] {
		at = child(at, part)
	}
	owner, ok := at.(map[string]any)
	if !ok {
		return 0
	}
	name := p.parts[len(p.parts)-1]
	list, _ := owner[name].([]any)
	list = fn(list)
	if owner[name] = list; len(list) == 0 {
		delete(owner, name)
	}
	return len(list)
}

// child returns the member or element of v that part names, nil when there is
// none.
func child(v any, part string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[part]
	case []any:
		if i, ok := rowNumber(part); ok && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// Value returns what data hold at path, nil when nothing.
func Value(data map[string]any, path string) any {
	var at any = data
	for part := range strings.SplitSeq(path, ".") {
		at = child(at, part)
	}
	return at
}

// plain reports whether s is text that may be kept: UTF-8 without control
// characters besides the ends of lines and tabs.
func plain(s string) (rule string) {
	if !utf8.ValidString(s) {
		return "encoding"
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r == '\x7f' || r == '\ufffe' || r == '\uffff' {
			return "control_character"
		}
	}
	return ""
}
