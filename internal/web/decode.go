package web

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// Decode fills dst, a pointer to a struct, from the form that was sent; field
// names are those of the json tags, nested ones have paths ("owner.phone",
// "materials.2.name"). Texts are trimmed at both ends. Supported are texts,
// integers, floats, bools ("true", "on", "1" or absent), kernel.Date,
// time.Time (Asia/Shanghai when it names no zone), structs, slices, and
// everything that implements encoding.TextUnmarshaler. An empty field leaves
// the zero value. All faults come back at once as one Invalid error; a field
// that dst does not have is one of them, unless its name starts with _.
func (r *Request) Decode(dst any) error {
	tree, check := formTree(r.sent)
	return decodeTree(tree, dst, check, true)
}

// DecodeQuery fills dst from the query string. Parameters that dst does not
// have are passed over: addresses collect them on their way.
func (r *Request) DecodeQuery(dst any) error {
	tree, check := formTree(r.URL.Query())
	return decodeTree(tree, dst, check, false)
}

func decodeTree(tree map[string]any, dst any, check *kernel.Check, strict bool) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("web: cannot decode into %T", dst)
	}
	d := decoder{check: check, form: true, strict: strict}
	d.object("", tree, v.Elem())
	return check.Err()
}

// maxList bounds the elements of a list in a form, so that "x.999999999" does
// not make a billion.
const maxList = 1000

// formTree turns flat names into a tree of map[string]any, []any and
// []string leaves.
func formTree(form url.Values) (map[string]any, *kernel.Check) {
	root := map[string]any{}
	check := &kernel.Check{}
	for name, values := range form {
		if strings.HasPrefix(name, "_") {
			continue
		}
		put(root, name, values, check)
	}
	return root, check
}

func put(node map[string]any, name string, values []string, check *kernel.Check) {
	steps := strings.Split(name, ".")
	if len(steps) > 8 {
		check.Add(name, "unknown", "")
		return
	}
	for _, step := range steps[:len(steps)-1] {
		next, ok := node[step].(map[string]any)
		if !ok {
			if node[step] != nil {
				check.Add(name, "unknown", "")
				return
			}
			next = map[string]any{}
			node[step] = next
		}
		node = next
	}
	last := steps[len(steps)-1]
	if _, taken := node[last]; taken {
		check.Add(name, "unknown", "")
		return
	}
	node[last] = values
}

// decoder moves a tree into Go values and gathers every fault with its path.
// Leaves are []string in forms and JSON scalars in JSON.
type decoder struct {
	check  *kernel.Check
	form   bool
	strict bool // unknown names are faults
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	timeType        = reflect.TypeFor[time.Time]()
	rawType         = reflect.TypeFor[json.RawMessage]()
)

func (d decoder) object(path string, tree map[string]any, v reflect.Value) {
	seen := map[string]bool{}
	d.fields(path, tree, v, seen)
	if !d.strict {
		return
	}
	for name := range tree {
		if !seen[name] {
			d.check.Add(join(path, name), "unknown", leafText(tree[name]))
		}
	}
}

func (d decoder) fields(path string, tree map[string]any, v reflect.Value, seen map[string]bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			d.fields(path, tree, v.Field(i), seen)
			continue
		}
		name := inputName(f)
		if name == "" {
			continue
		}
		seen[name] = true
		if node, given := tree[name]; given {
			d.value(join(path, name), node, v.Field(i))
		}
	}
}

// inputName is the name of a struct field in input, "" for none.
func inputName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case !f.IsExported(), name == "-", f.Tag.Get("path") != "", f.Tag.Get("query") != "":
		return ""
	case name == "":
		return f.Name
	}
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d decoder) value(path string, node any, v reflect.Value) {
	switch {
	case node == nil: // JSON null: as if it were not there
	case v.Type() == rawType:
		d.raw(path, node, v)
	case v.Kind() == reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(path, node, p.Elem())
		v.Set(p)
	case v.Type() == timeType, v.CanAddr() && v.Addr().Type().Implements(textUnmarshaler):
		d.scalar(path, node, v)
	case v.Kind() == reflect.Struct:
		d.nested(path, node, v)
	case v.Kind() == reflect.Slice:
		d.list(path, node, v)
	case v.Kind() == reflect.Map:
		d.dictionary(path, node, v)
	case v.Kind() == reflect.Interface && v.NumMethod() == 0:
		v.Set(reflect.ValueOf(plainNode(node)))
	default:
		d.scalar(path, node, v)
	}
}

func (d decoder) raw(path string, node any, v reflect.Value) {
	b, err := json.Marshal(plainNode(node))
	if err != nil {
		d.check.Add(path, "json", "")
		return
	}
	v.SetBytes(b)
}

func (d decoder) nested(path string, node any, v reflect.Value) {
	tree, ok := node.(map[string]any)
	if !ok {
		d.check.Add(path, "object", leafText(node))
		return
	}
	d.object(path, tree, v)
}

func (d decoder) dictionary(path string, node any, v reflect.Value) {
	tree, ok := node.(map[string]any)
	if !ok || v.Type().Key().Kind() != reflect.String {
		d.check.Add(path, "object", leafText(node))
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(tree))
	for name, child := range tree {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(join(path, name), child, elem)
		m.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
	}
	v.Set(m)
}

// list takes a JSON array, repeated form values, or a form's numbered names;
// the numbers may have gaps (rows taken out in the browser), order counts.
func (d decoder) list(path string, node any, v reflect.Value) {
	var items []any
	var names []string
	switch node := node.(type) {
	case []any:
		items = node
	case []string:
		for _, s := range node {
			items = append(items, []string{s})
		}
	case map[string]any:
		items, names = d.numbered(path, node)
	default:
		d.check.Add(path, "list", leafText(node))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		at := strconv.Itoa(i)
		if names != nil {
			at = names[i]
		}
		d.value(join(path, at), item, out.Index(i))
	}
	v.Set(out)
}

func (d decoder) numbered(path string, tree map[string]any) (items []any, names []string) {
	if !d.form {
		d.check.Add(path, "list", "")
		return nil, nil
	}
	found := 0
	for i := 0; i < maxList && found < len(tree); i++ {
		name := strconv.Itoa(i)
		if node, ok := tree[name]; ok {
			items, names = append(items, node), append(names, name)
			found++
		}
	}
	if found < len(tree) {
		d.check.Add(path, "unknown", "")
	}
	return items, names
}

// scalar sets one value from a form's text or a JSON scalar.
func (d decoder) scalar(path string, node any, v reflect.Value) {
	if d.form {
		texts, ok := node.([]string)
		switch {
		case !ok:
			d.check.Add(path, "text", "")
		case len(texts) > 1 && v.Kind() != reflect.Bool:
			d.check.Add(path, "duplicate", texts[1])
		default:
			d.text(path, texts[len(texts)-1], v)
		}
		return
	}
	switch node := node.(type) {
	case string:
		if isTexty(v) {
			d.text(path, node, v)
			return
		}
		d.check.Add(path, ruleFor(v), node)
	case json.Number:
		if !isTexty(v) && v.Kind() != reflect.Bool {
			d.text(path, node.String(), v)
			return
		}
		d.check.Add(path, ruleFor(v), node.String())
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(node)
			return
		}
		d.check.Add(path, ruleFor(v), strconv.FormatBool(node))
	default:
		d.check.Add(path, ruleFor(v), leafText(node))
	}
}

// isTexty reports whether v stands as a text in JSON.
func isTexty(v reflect.Value) bool {
	return v.Kind() == reflect.String || v.Type() == timeType || v.CanAddr() && v.Addr().Type().Implements(textUnmarshaler)
}

func ruleFor(v reflect.Value) string {
	switch {
	case v.Type() == timeType:
		return "time"
	case v.Type() == reflect.TypeFor[kernel.Date]():
		return "date"
	case v.Kind() == reflect.Bool:
		return "boolean"
	case v.CanInt(), v.CanUint():
		return "integer"
	case v.CanFloat():
		return "number"
	case v.Kind() == reflect.String:
		return "text"
	}
	return "format"
}

func (d decoder) text(path, s string, v reflect.Value) {
	s = strings.TrimSpace(s)
	if v.Kind() == reflect.String && !v.Addr().Type().Implements(textUnmarshaler) {
		v.SetString(strings.ReplaceAll(s, "\r\n", "\n"))
		return
	}
	if s == "" {
		return
	}
	if !setText(s, v) {
		d.check.Add(path, ruleFor(v), s)
	}
}

// setText parses s into v and reports whether it could.
func setText(s string, v reflect.Value) bool {
	if v.Type() == timeType {
		t, ok := parseTime(s)
		v.Set(reflect.ValueOf(t))
		return ok
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s)) == nil
	}
	switch {
	case v.Kind() == reflect.Bool:
		b, ok := map[string]bool{"true": true, "on": true, "1": true, "false": false, "0": false}[s]
		v.SetBool(b)
		return ok
	case v.CanInt():
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		v.SetInt(n)
		return err == nil
	case v.CanUint():
		n, err := strconv.ParseUint(s, 10, v.Type().Bits())
		v.SetUint(n)
		return err == nil
	case v.CanFloat():
		f, err := strconv.ParseFloat(s, v.Type().Bits())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
		v.SetFloat(f)
		return err == nil
	}
	return false
}

// parseTime reads RFC 3339, or a local form in Asia/Shanghai.
func parseTime(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC().Truncate(time.Microsecond), true
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, kernel.Shanghai); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// leafText shows a given value in an error.
func leafText(node any) string {
	switch node := node.(type) {
	case []string:
		if len(node) > 0 {
			return node[0]
		}
		return ""
	case string:
		return node
	case json.Number:
		return node.String()
	case bool:
		return strconv.FormatBool(node)
	case map[string]any:
		return "{…}"
	case []any:
		return "[…]"
	}
	return ""
}

// plainNode turns a form's leaves into plain texts.
func plainNode(node any) any {
	switch node := node.(type) {
	case []string:
		if len(node) == 1 {
			return node[0]
		}
		out := make([]any, len(node))
		for i, s := range node {
			out[i] = s
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(node))
		for k, v := range node {
			out[k] = plainNode(v)
		}
		return out
	}
	return node
}
