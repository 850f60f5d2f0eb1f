package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rsc.io/qr"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// identityRoutes are the pages of who one is: signing in, opening an account,
// one's own account, and the accounts of others.
func (h *Pages) identityRoutes() []web.Route {
	return slices.Concat(h.signInRoutes(), h.registerRoutes(), h.passwordRoutes(), h.oidcRoutes(), h.setupRoutes(), h.accountRoutes(),
		h.secondFactorRoutes(), h.standInRoutes(), h.agentRoutes(), h.accountsRoutes(), h.claimRoutes(), h.tokenRoutes())
}

// public is a page for whoever comes.
func public(method, path string, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: web.Public, Handler: fn, Frame: web.Hall}
}

// own is a page for whoever is signed in, about themselves.
func own(method, path string, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: web.SignedIn, Handler: fn}
}

// console is a page of the officers.
func console(method, path string, perm auth.Permission, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: perm, Handler: fn, Frame: web.Console}
}

// entering marks a route whose answer carries a session's token, which is
// given once.
func entering(rt web.Route) web.Route {
	rt.NoReplay = true
	return rt
}

// homeOf is the page on which an account starts.
func homeOf(a *auth.Account) string {
	if a.Kind == auth.Officer {
		return "/console"
	}
	return "/my"
}

// client is the browser behind a request.
func client(r *web.Request) auth.Client {
	return auth.Client{Addr: r.Addr, Agent: r.UserAgent(), Cookie: r.SessionToken()}
}

// onward adds to a path where to go afterwards.
func onward(path, next string) string {
	return path + "?" + url.Values{"return": {next}}.Encode()
}

// read runs fn on a snapshot of the database.
func read[T any](r *web.Request, h *Pages, fn func(ctx context.Context, q db.Q) (T, error)) (v T, err error) {
	err = h.DB.View(r.Context(), func(ctx context.Context, q db.Q) (err error) {
		v, err = fn(ctx, q)
		return err
	})
	return v, err
}

// myself is the account behind a request; a system with a token has none.
func myself(r *web.Request) (*auth.Account, error) {
	if r.Principal.Account == nil {
		return nil, kernel.Refused("error.denied")
	}
	return r.Principal.Account, nil
}

// twice is a new password, typed twice.
type twice struct {
	Password string `json:"password"`
	Again    string `json:"again"`
}

func (t twice) check() error {
	if t.Password != t.Again {
		return kernel.Bad("again", "mismatch", "")
	}
	return nil
}

// qrImage draws text as a QR code in an address that an image can have.
func qrImage(text string) (template.URL, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())), nil
}

// letterLimit is what a letter of authority may be: a scan or a photo.
func letterLimit(name string) blob.Limit {
	return blob.Limit{MaxBytes: 10 << 20, Types: []string{blob.PDF, blob.PNG, blob.JPEG}, Name: name}
}

// letterBody is the most that a form with one letter may hold.
const letterBody = 12 << 20

// letter stores the file of the field "document", "" when there is none.
func (h *Pages) letter(r *web.Request) (hash string, err error) {
	for f, err := range r.Files() {
		if err != nil {
			return "", err
		}
		if f.Field != "document" {
			continue
		}
		stored, err := h.Files.Put(r.Context(), f, letterLimit(f.Name))
		if err != nil {
			return "", atField(err, "file", "document")
		}
		hash = stored.Hash
	}
	return hash, nil
}

// atField moves the faults of a field to another one: the form's name for it.
func atField(err error, from, to string) error {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return err
	}
	for i := range e.Fields {
		if e.Fields[i].Field == from {
			e.Fields[i].Field = to
		}
	}
	return err
}

// showLetter answers with a stored letter. Its type is what the content says.
func (h *Pages) showLetter(r *web.Request, hash, name string) error {
	if hash == "" {
		return kernel.Missing("file", "")
	}
	f, err := h.Files.Get(r.Context(), hash)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	kind := http.DetectContentType(head[:n])
	ending := map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}[kind]
	return r.File(web.Download{Name: name + ending, Type: kind, Inline: true, Hash: hash}, f)
}

// words joins texts for a line of a page.
func words(r *web.Request, texts []kernel.Text) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = r.Text(t)
	}
	return strings.Join(out, r.T("admin.comma"))
}
