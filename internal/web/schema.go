package web

import (
	"encoding"
	"path"
	"reflect"
	"strings"

	"anlan/internal/kernel"
)

// schemas makes JSON Schemas (2020-12, as OpenAPI 3.1 uses them) of Go types;
// named structs become components.
type schemas struct {
	components object
	names      map[reflect.Type]string
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

func (b *schemas) schema(t reflect.Type) object {
	switch t {
	case timeType:
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[kernel.Date]():
		return object{"type": "string", "format": "date", "description": "YYYY-MM-DD, Asia/Shanghai; empty: none"}
	case rawType:
		return object{}
	}
	if t.Kind() == reflect.Pointer {
		return object{"anyOf": []any{b.schema(t.Elem()), object{"type": "null"}}}
	}
	if t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": b.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": b.schema(t.Elem())}
	case reflect.Struct:
		return b.named(t)
	}
	return object{}
}

// named puts a struct under components and refers to it; structs without a
// name stand where they are used.
func (b *schemas) named(t reflect.Type) object {
	if t.Name() == "" {
		return b.structure(t)
	}
	name, seen := b.names[t]
	if !seen {
		name = schemaName(t)
		b.names[t] = name
		b.components[name] = b.structure(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// schemaName is package_Type; the brackets of generic types go.
func schemaName(t reflect.Type) string {
	name := path.Base(t.PkgPath()) + "_" + t.Name()
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' {
			return c
		}
		return '_'
	}, name)
}

func (b *schemas) structure(t reflect.Type) object {
	props := object{}
	var required []string
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
				visit(f.Type)
				continue
			}
			name := inputName(f)
			if name == "" {
				continue
			}
			p := b.schema(f.Type)
			if doc := f.Tag.Get("doc"); doc != "" {
				p["description"] = doc
			}
			props[name] = p
			if f.Tag.Get("doc") != "" && strings.HasSuffix(f.Tag.Get("doc"), "; required") {
				required = append(required, name)
			}
		}
	}
	visit(t)
	s := object{"type": "object", "properties": props}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// parameterFields lists what an operation takes from path and query, for
// people.
func parameterFields(t reflect.Type) (out []apiField) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			out = append(out, parameterFields(f.Type)...)
			continue
		}
		for _, in := range []string{"path", "query"} {
			if name := f.Tag.Get(in); name != "" {
				out = append(out, apiField{name, typeWord(f.Type), in, f.Tag.Get("doc")})
			}
		}
	}
	return out
}

// bodyFields lists the fields of a JSON object for people, nested ones with
// their paths, to a depth that stays readable.
func bodyFields(t reflect.Type, prefix string) (out []apiField) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || strings.Count(prefix, ".") > 2 || isLeaf(t) {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			out = append(out, bodyFields(f.Type, prefix)...)
			continue
		}
		name := inputName(f)
		if name == "" {
			continue
		}
		at := prefix + name
		if f.Type.Kind() == reflect.Slice {
			at += "[]"
		}
		out = append(out, apiField{at, typeWord(f.Type), "", f.Tag.Get("doc")})
		out = append(out, bodyFields(f.Type, at+".")...)
	}
	return out
}

func isLeaf(t reflect.Type) bool {
	return t == timeType || t == rawType || t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler)
}

func typeWord(t reflect.Type) string {
	s := (&schemas{components: object{}, names: map[reflect.Type]string{}}).schema(t)
	if f, ok := s["format"].(string); ok && f != "int64" {
		return f
	}
	if w, ok := s["type"].(string); ok {
		return w
	}
	if t.Kind() == reflect.Pointer {
		return typeWord(t.Elem())
	}
	if t.Kind() == reflect.Struct {
		return "object"
	}
	return "any"
}
