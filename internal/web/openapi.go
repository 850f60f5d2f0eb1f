package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"anlan/internal/auth"
)

// serveAPI answers with the OpenAPI 3.1 document.
func (s *Server) serveAPI(r *Request) error {
	r.SetHeader("Content-Type", "application/json; charset=utf-8")
	_, err := r.w.Write(s.api)
	return ignoreGone(err)
}

// object is a JSON object whose keys come out sorted.
type object = map[string]any

// buildAPI makes the OpenAPI document from the typed operations.
func (s *Server) buildAPI() error {
	b := schemas{components: object{}, names: map[reflect.Type]string{}}
	paths := map[string]object{}
	var faults []error
	for _, rt := range s.routes {
		if rt.op == nil {
			continue
		}
		op, err := b.operation(rt)
		if err != nil {
			faults = append(faults, fmt.Errorf("operation %s: %w", rt, err))
			continue
		}
		path := openPath(rt.Path)
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path][strings.ToLower(rt.Method)] = op
	}
	problem := b.schema(reflect.TypeFor[Problem]())
	doc := object{
		"openapi": "3.1.0",
		"info": object{"title": "Anlan", "version": "1",
			"description": "Errors are RFC 9457 problems. Every write takes an Idempotency-Key: the same key gives the first answer again for 24 hours."},
		"servers": []any{object{"url": "/"}},
		"paths":   paths,
		"components": object{
			"schemas":         b.components,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "an API token"}},
			"responses": object{"Problem": object{"description": "what went wrong",
				"content": object{"application/problem+json": object{"schema": problem}}}},
		},
	}
	text, err := json.MarshalIndent(doc, "", " ")
	s.api = text
	return errors.Join(append(faults, err)...)
}

var pathParameter = regexp.MustCompile(`\{([a-zA-Z_][a-zA-Z0-9_]*)(\.\.\.)?\}`)

// openPath turns a mux pattern into an OpenAPI path.
func openPath(p string) string {
	return strings.ReplaceAll(pathParameter.ReplaceAllString(p, "{$1}"), "{$}", "")
}

func operationID(rt Route) string {
	id := strings.ToLower(rt.Method) + regexp.MustCompile(`[^a-zA-Z0-9]+`).ReplaceAllString(rt.Path, "_")
	return strings.TrimRight(id, "_")
}

func (b *schemas) operation(rt Route) (object, error) {
	op := object{
		"operationId": operationID(rt),
		"summary":     rt.op.summary.ZH,
		"tags":        []string{tagOf(rt)},
		"responses":   b.responses(rt),
	}
	if rt.op.summary.EN != "" {
		op["description"] = rt.op.summary.EN
	}
	if rt.Permission != Public {
		op["security"] = []any{object{"token": []string{}}}
		op["x-permission"] = string(rt.Permission)
	}
	params, err := b.parameters(rt)
	if err != nil {
		return nil, err
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if writes(rt.Method) && hasBody(rt.op.in) {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": b.schema(rt.op.in)}}}
	} else if hasBody(rt.op.in) {
		return nil, errors.New("a GET operation cannot have a body: tag the fields with query or path")
	}
	return op, nil
}

func tagOf(rt Route) string {
	perm := string(rt.Permission)
	if room, _, ok := strings.Cut(perm, "."); ok {
		return room
	}
	return "public"
}

func (b *schemas) responses(rt Route) object {
	out := object{"default": object{"$ref": "#/components/responses/Problem"}}
	if rt.op.status == http.StatusNoContent {
		out["204"] = object{"description": "done"}
		return out
	}
	out[itoa(rt.op.status)] = object{"description": http.StatusText(rt.op.status),
		"content": object{"application/json": object{"schema": b.schema(rt.op.out)}}}
	return out
}

// parameters describes what comes from path and query, and the headers every
// operation knows; a path parameter that the input lacks is a fault.
func (b *schemas) parameters(rt Route) ([]any, error) {
	var out []any
	var missing []string
	for _, m := range pathParameter.FindAllStringSubmatch(rt.Path, -1) {
		missing = append(missing, m[1])
	}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				visit(f.Type)
				continue
			}
			for _, in := range []string{"path", "query"} {
				name := f.Tag.Get(in)
				if name == "" {
					continue
				}
				p := object{"name": name, "in": in, "schema": b.schema(f.Type)}
				if doc := f.Tag.Get("doc"); doc != "" {
					p["description"] = doc
				}
				if in == "path" {
					p["required"] = true
					missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
				}
				out = append(out, p)
			}
		}
	}
	visit(rt.op.in)
	if len(missing) > 0 {
		return nil, fmt.Errorf("the input has no fields for %v of the path", missing)
	}
	if writes(rt.Method) {
		out = append(out, object{"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": maxKey},
			"description": "the same key gives the first answer again"})
	}
	return out, nil
}

// apiView is the dot of the readable page.
type apiView struct{ Groups []apiGroup }

type apiGroup struct {
	Name string
	Ops  []apiOp
}

type apiOp struct {
	Method, Path string
	Summary      string
	Permission   auth.Permission
	Params       []apiField
	Body         []apiField
	Answer       []apiField
	Status       int
}

type apiField struct{ Name, Type, In, Doc string }

// pageAPI shows the operations for people.
func (s *Server) pageAPI(r *Request) error {
	var view apiView
	at := map[string]int{}
	for _, rt := range s.routes {
		if rt.op == nil {
			continue
		}
		tag := tagOf(rt)
		i, seen := at[tag]
		if !seen {
			i = len(view.Groups)
			at[tag] = i
			view.Groups = append(view.Groups, apiGroup{Name: tag})
		}
		op := apiOp{Method: rt.Method, Path: openPath(rt.Path), Summary: r.Text(rt.op.summary), Permission: rt.Permission, Status: rt.op.status}
		op.Params = parameterFields(rt.op.in)
		op.Body = bodyFields(rt.op.in, "")
		op.Answer = bodyFields(rt.op.out, "")
		view.Groups[i].Ops = append(view.Groups[i].Ops, op)
	}
	return r.Render("web/api", view)
}
