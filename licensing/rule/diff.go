package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Difference is one value that differs between two versions.
type Difference struct {
	Path   string // "statutory.n", "materials.lease.title.zh-CN"
	Before string // "" where it was not there
	After  string // "" where it is no more
}

// Diff lists what differs from one version to another, by path; rows of lists
// are told apart by their id or cause where they have one, else by their
// place. A nil version has no values. Their own ids do not count.
func Diff(before, after *Version) ([]Difference, error) {
	old, err := flat(before)
	if err != nil {
		return nil, err
	}
	now, err := flat(after)
	if err != nil {
		return nil, err
	}
	paths := map[string]bool{}
	for _, m := range []map[string]string{old, now} {
		for path := range m {
			paths[path] = true
		}
	}
	delete(paths, "id")
	var out []Difference
	for _, path := range slices.SortedFunc(maps.Keys(paths), strings.Compare) {
		if old[path] != now[path] {
			out = append(out, Difference{path, old[path], now[path]})
		}
	}
	return out, nil
}

// flat is a version's values by path.
func flat(v *Version) (map[string]string, error) {
	out := map[string]string{}
	if v == nil {
		return out, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	flatten(out, "", value)
	return out, nil
}

func flatten(out map[string]string, path string, value any) {
	under := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := value.(type) {
	case map[string]any:
		for name, x := range v {
			flatten(out, under(name), x)
		}
	case []any:
		for i, x := range v {
			flatten(out, under(rowName(x, i)), x)
		}
	case nil, bool:
		if v == true {
			out[path] = "true"
		}
	default:
		if text := fmt.Sprint(v); text != "" {
			out[path] = text
		}
	}
}

// rowName tells the rows of a list apart.
func rowName(row any, i int) string {
	if object, ok := row.(map[string]any); ok {
		for _, key := range []string{"id", "cause"} {
			if name, ok := object[key].(string); ok {
				return name
			}
		}
	}
	return strconv.Itoa(i + 1)
}
