package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// difference is a field as it was and as it is now.
type difference struct {
	Field    string
	Was, Now string
	Same     bool
}

// differences compares two JSON texts field by field, those that differ first.
// An absent text has no fields.
func differences(before, after string) []difference {
	was, now := flat(before), flat(after)
	var changed, same []difference
	for _, field := range slices.Sorted(maps.Keys(union(was, now))) {
		d := difference{Field: field, Was: was[field], Now: now[field]}
		if d.Same = before != "" && d.Was == d.Now; d.Same {
			same = append(same, d)
		} else {
			changed = append(changed, d)
		}
	}
	return append(changed, same...)
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// flat gives every value of a JSON text its path: "contacts.0.name". A text
// that is no object or list stands under its own, empty path.
func flat(text string) map[string]string {
	out := map[string]string{}
	if text == "" {
		return out
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		out[""] = text
		return out
	}
	flatten(out, "", v)
	return out
}

func flatten(out map[string]string, path string, v any) {
	at := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(out, at(name), inner)
		}
	case []any:
		for i, inner := range v {
			flatten(out, at(strconv.Itoa(i)), inner)
		}
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}
