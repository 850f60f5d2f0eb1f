package rule

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"sync"

	"anlan/internal/kernel"
)

//go:embed data/*.json
var data embed.FS

var shipped = sync.OnceValues(func() (*Catalogue, error) { return Load(data) })

// Shipped returns the catalogue that comes with the program.
func Shipped() *Catalogue {
	c, err := shipped()
	if err != nil {
		panic(fmt.Sprintf("rule: shipped data: %v", err)) // a test reads them
	}
	return c
}

// file is a data file. The parts that many versions share are written once:
// a version names bases in "use", later ones over earlier ones, and itself
// over all (objects merge, everything else replaces). A material, an exclusion
// or a chain of steps is named by its key in common.json or in the file; a
// material given as {"use": KEY, …} changes some of its fields; "*" in
// common.json holds what materials have in common.
type file struct {
	Category  json.RawMessage           `json:"category"`
	Bases     map[string]map[string]any `json:"bases"`
	Materials map[string]map[string]any `json:"materials"`
	Excluded  map[string]map[string]any `json:"excluded"`
	Chains    map[string][]any          `json:"chains"`
	Items     []map[string]any          `json:"items"`
}

// Load reads data/*.json of a file system, common.json first, and checks
// every row. Faults are an Invalid error with fields such as
// "data/fireworks.json.items.0.versions.1.statutory.n".
func Load(fsys fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "data/*.json")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(names, func(i, j int) bool {
		return path.Base(names[i]) == "common.json" && path.Base(names[j]) != "common.json"
	})
	l := loader{cat: &Catalogue{byID: map[string]*Item{}, versions: map[string]*Version{}}}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		l.file(name, text)
	}
	slices.SortStableFunc(l.cat.categories, func(a, b Category) int { return a.No - b.No })
	no := map[string]int{}
	for _, c := range l.cat.categories {
		no[c.ID] = c.No
	}
	slices.SortStableFunc(l.cat.items, func(a, b *Item) int { return no[a.Category] - no[b.Category] })
	l.cat.sort()
	return l.cat, l.check.Err()
}

type loader struct {
	cat    *Catalogue
	check  kernel.Check
	common file
	own    file
}

func (l *loader) file(name string, text []byte) {
	var f file
	if err := decode(text, &f); err != nil {
		l.check.Merge(name+".", err)
		return
	}
	if path.Base(name) == "common.json" {
		l.common = f
	}
	l.own = f
	if len(f.Category) > 0 {
		var cat Category
		if err := decode(f.Category, &cat); err != nil {
			l.check.Merge(name+".category.", err)
			return
		}
		l.cat.categories = append(l.cat.categories, cat)
	}
	for i, raw := range f.Items {
		l.item(at(name+".items", i), raw)
	}
}

func (l *loader) item(where string, raw map[string]any) {
	versions, _ := raw["versions"].([]any)
	id, _ := raw["id"].(string)
	for i, v := range versions {
		versions[i] = l.version(at(where+".versions", i), id, v)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		l.check.Add(where, "json", "")
		return
	}
	var it Item
	if err := decode(text, &it); err != nil {
		l.check.Merge(where+".", err)
		return
	}
	l.cat.add(&l.check, where, it)
}

// version resolves the names a version is written with.
func (l *loader) version(where, item string, raw any) any {
	own, ok := raw.(map[string]any)
	if !ok {
		return raw
	}
	v := map[string]any{"item": item}
	if from, ok := own["effective_from"].(string); ok {
		v["id"] = item + "@" + from
	}
	for _, base := range l.bases(where, own["use"]) {
		merge(v, base)
	}
	delete(own, "use")
	merge(v, own)
	v["materials"] = l.list(where+".materials", v["materials"], "id", l.own.Materials, l.common.Materials)
	v["excluded"] = l.list(where+".excluded", v["excluded"], "cause", l.own.Excluded, l.common.Excluded)
	if chain, ok := v["steps"].(string); ok {
		v["steps"] = l.chain(where+".steps", chain)
	}
	return v
}

func (l *loader) bases(where string, use any) []map[string]any {
	names, _ := use.([]any)
	var out []map[string]any
	for _, n := range names {
		name, _ := n.(string)
		base, ok := l.own.Bases[name]
		if !ok {
			base, ok = l.common.Bases[name]
		}
		if !ok {
			l.check.Add(where+".use", "not_found", name)
			continue
		}
		out = append(out, base)
	}
	return out
}

func (l *loader) chain(where, name string) any {
	if c, ok := l.own.Chains[name]; ok {
		return c
	}
	if c, ok := l.common.Chains[name]; ok {
		return c
	}
	l.check.Add(where, "not_found", name)
	return nil
}

// list resolves the names in a list of materials or exclusions; key is the
// field that holds the name.
func (l *loader) list(where string, raw any, key string, own, common map[string]map[string]any) any {
	list, ok := raw.([]any)
	if !ok {
		return raw
	}
	out := make([]any, len(list))
	for i, x := range list {
		change, isObject := x.(map[string]any)
		name, isName := x.(string)
		if isObject {
			name, isName = change["use"].(string)
		}
		if !isName {
			out[i] = x
			continue
		}
		named, ok := own[name]
		if !ok {
			named, ok = common[name]
		}
		if !ok {
			l.check.Add(at(where, i), "not_found", name)
		}
		out[i] = whole(key, name, common["*"], named, change)
	}
	return out
}

// whole lays the parts of a named entry over each other.
func whole(key, name string, parts ...map[string]any) map[string]any {
	out := map[string]any{key: name}
	for _, p := range parts {
		merge(out, p)
	}
	delete(out, "use")
	return out
}

// merge lays patch over into, objects into objects, copying what it takes.
func merge(into, patch map[string]any) {
	for k, v := range patch {
		object, isObject := v.(map[string]any)
		if !isObject {
			into[k] = v
			continue
		}
		old, _ := into[k].(map[string]any)
		fresh := map[string]any{}
		merge(fresh, old)
		merge(fresh, object)
		into[k] = fresh
	}
}

func at(path string, i int) string { return fmt.Sprintf("%s.%d", path, i) }
