package web

import (
	"reflect"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// None is the input or output of an operation that has none.
type None struct{}

// operation describes a typed JSON operation for the OpenAPI document.
type operation struct {
	summary kernel.Text
	in, out reflect.Type
	status  int
}

// Op makes the route of a typed JSON operation. In is a struct: fields with a
// tag `path:"id"` come from the path, `query:"page"` from the query string,
// all others, by their json names, from the JSON body; `doc:"…"` describes a
// field in the OpenAPI document. Unknown and doubled keys and values of the
// wrong type are refused, all at once. Out is answered as JSON with 200; None
// as Out is 204.
//
//	web.Op("GET", "/api/v1/licensing/cases/{id}", licensing.ReadCases,
//		kernel.Text{ZH: "查看办件", EN: "Show a case"}, h.showCase)
func Op[In, Out any](method, path string, perm auth.Permission, summary kernel.Text, fn func(*Request, In) (Out, error)) Route {
	op := &operation{summary: summary, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), status: 200}
	if op.out == reflect.TypeFor[None]() {
		op.status = 204
	}
	handler := func(r *Request) error {
		var in In
		if err := r.decodeOperation(&in); err != nil {
			return err
		}
		out, err := fn(r, in)
		if err != nil {
			return err
		}
		if r.route.op.status == 204 {
			return r.NoContent()
		}
		return r.JSON(r.route.op.status, out)
	}
	return Route{Method: method, Path: path, Permission: perm, Handler: handler, op: op}
}

// Created makes an operation answer 201 instead of 200.
func (rt Route) Created() Route {
	op := *rt.op
	op.status = 201
	rt.op = &op
	return rt
}
