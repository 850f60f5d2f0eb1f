// Package web is the door of Anlan: it alone knows HTTP. It routes requests
// from one table in which every route names its permission, finds out who
// asks, guards forms against forgery and repetition, decodes input with the
// path of every fault, renders pages from the rooms' views and answers errors
// once, as a page, a fragment or an RFC 9457 problem.
//
// A room declares []Route (pages) and Op (typed JSON operations), gives its
// views as a Views value, and writes handlers of about 25 lines:
//
//	func (h *Pages) submit(r *web.Request) error {
//		var in SubmitInput
//		if err := r.Decode(&in); err != nil {
//			return r.Refill("licensing/submit", h.form(r), err) // 422, nothing typed is lost
//		}
//		id, err := h.service.Submit(r.Context(), r.Actor(), r.Scope(), in)
//		if err != nil {
//			return r.Refill("licensing/submit", h.form(r), err)
//		}
//		r.Flash("licensing.flash.submitted")
//		return r.Redirect("/licensing/cases/" + id)
//	}
//
// # Repetition
//
// Every POST form carries a request id and every API caller may send an
// Idempotency-Key. A key is claimed in the table web_idempotency before the
// handler runs, so the same request never runs twice, whether it comes by a
// double click, the back button or a retry, on this process or another: the
// repetition gets the first answer. A form sent again with other content is a
// new request; an API key used again with other content is an error. A failed
// request gives its key back. After a crash between claim and answer the
// repetition is told that the outcome is unknown and nothing runs, unless the
// use case calls Remember in its own transaction and the route says so with
// Once: then the answer is as durable as the deed, and a request whose deed
// was not done runs again. Keys are kept for a day.
//
// # Sessions that end
//
// A form sent after the session has ended is put aside, sealed, for an hour;
// after signing in the person finds what was typed and sends it with one
// click.
package web
