package web

import (
	"encoding/json"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// Request is one request with everything a handler may need. Its methods that
// answer (Render, Redirect, JSON, File …) are called once, last, and their
// error is returned.
type Request struct {
	*http.Request
	Principal *auth.Principal // never nil; a visitor's may do nothing
	Lang      string          // i18n.Chinese or i18n.English
	ID        string          // request id, in the log and on error pages
	Addr      string          // the client's real address

	site    *Server
	route   Route
	w       *response
	now     time.Time
	visitor string     // the visitor cookie: binds forms and put-aside input
	sent    url.Values // what a form sent, without our own fields
	own     url.Values // our own fields: _csrf, _request
	upload  *upload
	problem *kernel.Error // why a form is shown again
	again   bool          // a form is shown again with what was typed
	flashes []flash
	liveID  string
	look    look
}

// Now is the time of the request, the same throughout.
func (r *Request) Now() time.Time { return r.now }

// Today is the date of the request in Asia/Shanghai.
func (r *Request) Today() kernel.Date { return kernel.DateOf(r.now) }

// Actor is who does what this request does.
func (r *Request) Actor() kernel.Actor { return r.Principal.Actor }

// Scope is whose rows the request may see.
func (r *Request) Scope() auth.Scope { return r.Principal.Scope }

// Can reports whether the principal holds perm.
func (r *Request) Can(perm auth.Permission) bool { return allowed(r.Principal, perm) }

// T returns a text in the request's language; args are pairs.
func (r *Request) T(key string, args ...any) string {
	return r.site.texts.T(r.Lang, key, args...)
}

// Text returns content in the request's language, Chinese where the English
// is missing.
func (r *Request) Text(t kernel.Text) string {
	s, _ := t.In(r.Lang)
	return s
}

// Texts returns the catalogues.
func (r *Request) Texts() *i18n.Catalogues { return r.site.texts }

// Fragment reports whether htmx or one of our scripts asks, so that a part of
// a page is enough.
func (r *Request) Fragment() bool { return r.Header.Get("HX-Request") == "true" }

// Icon draws a picture of the sprite, for internal/form and others that make
// HTML themselves; "" when there is none of that name.
func (r *Request) Icon(name string) template.HTML {
	html, err := icon(r.site.assets, name)
	if err != nil {
		return ""
	}
	return html
}

// Sent returns what the form sent, without the page's own hidden fields: for
// internal/form and other readers of url.Values. The name of a pressed button
// is there ("_add").
func (r *Request) Sent() url.Values { return r.sent }

// SetCookie adds a cookie that another package knows, such as that of a visit
// to the identity provider.
func (r *Request) SetCookie(c *http.Cookie) { http.SetCookie(r.w, c) }

// Secure reports whether the site is served over TLS.
func (r *Request) Secure() bool { return r.site.cfg.Secure }

// Absolute is a path of this site with scheme and host, to be copied into a
// message or called over the telephone.
func (r *Request) Absolute(path string) string {
	if r.site.cfg.Secure {
		return "https://" + r.Host + path
	}
	return "http://" + r.Host + path
}

// SetHeader sets a header of the response.
func (r *Request) SetHeader(key, value string) { r.w.Header().Set(key, value) }

// Render answers with a view. A fragment request whose HX-Target names a
// block of the view gets that block only.
func (r *Request) Render(view string, data any) error {
	return r.render(http.StatusOK, view, data)
}

// RenderBlock answers with one block ({{define "rows"}}) of a view, without a
// frame.
func (r *Request) RenderBlock(view, block string, data any) error {
	html, err := r.site.views.block(r.page(data), view, block)
	if err != nil {
		return err
	}
	return r.html(http.StatusOK, html)
}

// Refill shows a form again after err: with status 422, an error summary and
// the messages at the fields when err is Invalid, with 409 and the message on
// top when it is a Conflict, with 429 when the person tried too often and must
// wait. What the person typed fills the fields. Any other error is returned as
// it is.
func (r *Request) Refill(view string, data any, err error) error {
	problem := asProblem(err)
	if problem == nil || problem.Kind != kernel.Invalid && problem.Kind != kernel.Conflict && problem.Key != auth.KeyWait {
		return err
	}
	status, _, retry := judge(err)
	r.problem, r.again = problem, true
	r.retryAfter(retry)
	return r.render(status, view, data)
}

// Reshow shows a form again with what the person typed and nothing wrong with
// it: after a button that adds lines to it.
func (r *Request) Reshow(view string, data any) error {
	r.again = true
	return r.render(http.StatusOK, view, data)
}

func (r *Request) render(status int, view string, data any) error {
	page := r.page(data)
	if target := r.Header.Get("HX-Target"); r.Fragment() && target != "" && r.site.views.hasBlock(view, target) {
		html, err := r.site.views.block(page, view, target)
		if err != nil {
			return err
		}
		return r.html(status, html)
	}
	html, err := r.site.views.page(page, view)
	if err != nil {
		return err
	}
	r.clearFlashes()
	return r.html(status, html)
}

func (r *Request) html(status int, html []byte) error {
	h := r.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", r.Lang)
	h.Add("Vary", "HX-Request, HX-Target, Cookie, Accept-Language")
	r.w.WriteHeader(status)
	_, err := r.w.Write(html)
	return ignoreGone(err)
}

// Redirect sends the browser on with 303 See Other; location is a path of
// this site. A fragment request is told by HX-Redirect.
func (r *Request) Redirect(location string) error {
	r.saveFlashes()
	if r.Fragment() {
		r.w.Header().Set("HX-Redirect", location)
		r.w.location = location
		r.w.WriteHeader(http.StatusOK)
		return nil
	}
	r.w.location = location
	r.w.Header().Set("Location", location)
	r.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Away sends the browser to another site (OIDC). Only for GET: the CSP blocks
// redirected forms.
func (r *Request) Away(location string) error {
	r.w.Header().Set("Location", location)
	r.w.WriteHeader(http.StatusFound)
	return nil
}

// JSON answers with v as JSON.
func (r *Request) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := r.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	r.w.WriteHeader(status)
	_, err = r.w.Write(append(body, '\n'))
	return ignoreGone(err)
}

// NoContent answers 204.
func (r *Request) NoContent() error {
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

// Download describes a file that File sends.
type Download struct {
	Name     string    // as saved, may be Chinese
	Type     string    // MIME
	Inline   bool      // shown in the browser where it can be; only for types that cannot run scripts
	Modified time.Time // zero: unknown
	Hash     string    // content hash for the ETag, "" none
}

// File answers with a file; ranges work. The caller closes content.
func (r *Request) File(d Download, content io.ReadSeeker) error {
	r.fileHeaders(d)
	http.ServeContent(r.w, r.Request, "", d.Modified, content)
	return nil
}

// Stream answers with a file that write makes as it goes, for exports. An
// error after the first byte can only end the connection.
func (r *Request) Stream(d Download, write func(io.Writer) error) error {
	r.fileHeaders(d)
	if err := write(r.w); err != nil {
		if r.w.status == 0 {
			r.w.Header().Del("Content-Disposition")
			return err
		}
		r.site.log.Error("export broke off", "request", r.ID, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// inlineTypes may be shown in place: none of them runs scripts under our CSP.
var inlineTypes = map[string]bool{"application/pdf": true, "image/png": true, "image/jpeg": true, "image/webp": true, "text/plain": true, "video/mp4": true}

func (r *Request) fileHeaders(d Download) {
	h := r.w.Header()
	kind := d.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	base, _, _ := mime.ParseMediaType(kind)
	disposition := "attachment"
	if d.Inline && inlineTypes[base] {
		disposition = "inline"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition+"; filename=\""+asciiName(d.Name)+"\"; filename*=UTF-8''"+url.PathEscape(d.Name))
	if d.Hash != "" {
		h.Set("ETag", `"`+d.Hash+`"`)
	}
	if disposition == "inline" && base == "application/pdf" {
		// The browser's own viewer needs its styles; the sandbox stays.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'")
	}
}

// asciiName is the fallback for agents that do not know filename*.
func asciiName(name string) string {
	clean := strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || strings.ContainsRune(`"\/%;`, c) {
			return '_'
		}
		return c
	}, name)
	if strings.Trim(clean, "_. ") == "" {
		return "file" + path.Ext(clean)
	}
	return clean
}

// ReturnTo is where the form asks to go afterwards (the parameter "return"):
// a path of this site, or fallback.
func (r *Request) ReturnTo(fallback string) string {
	to := r.URL.Query().Get("return")
	if v := r.sent.Get("return"); v != "" {
		to = v
	}
	return localPath(to, fallback)
}

// localPath refuses everything that a browser could take for another site.
func localPath(to, fallback string) string {
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\n\r\t") ||
		u.Scheme != "" || u.Host != "" || u.User != nil {
		return fallback
	}
	return to
}

// allowed reports whether p may use what perm guards.
func allowed(p *auth.Principal, perm auth.Permission) bool {
	switch perm {
	case Public:
		return true
	case SignedIn:
		return p.SignedIn()
	}
	return p.SignedIn() && p.Can(perm)
}
