package admin

import (
	"time"

	"anlan/internal/auth"
	"anlan/internal/web"
)

func (h *Pages) signInRoutes() []web.Route {
	return []web.Route{
		public("GET", "/sign-in", h.signInPage),
		entering(public("POST", "/sign-in", h.signIn)),
		public("GET", "/sign-in/code", h.codePage),
		entering(public("POST", "/sign-in/code", h.signInCode)),
		public("GET", "/sign-in/enrol", h.enrolPage),
		entering(public("POST", "/sign-in/enrol", h.enrol)),
		own("GET", "/sign-in/confirm", h.confirmPage),
		entering(own("POST", "/sign-in/confirm", h.confirm)),
		entering(public("POST", "/enter-as", h.enterAs)),
		entering(public("POST", "/sign-out", h.signOut)),
	}
}

// enter gives the browser its session and sends it on: to what the sign-in
// still lacks, back to where the person was, or home.
func (h *Pages) enter(r *web.Request, e auth.Entry, next string) error {
	r.SetSession(e.Token)
	if next = auth.SafeNext(next, "/"); next == "/" {
		next = homeOf(e.Account)
	}
	switch e.Session.Stage {
	case auth.NeedsTOTP:
		return r.Redirect(onward("/sign-in/code", next))
	case auth.NeedsEnrol:
		return r.Redirect(onward("/sign-in/enrol", next))
	}
	return r.Redirect(next)
}

// enterAs signs a visitor of the demo in; auth refuses it anywhere else and
// from anywhere but this machine.
func (h *Pages) enterAs(r *web.Request) error {
	entry, err := h.Auth.EnterAs(r.Context(), r.Sent().Get("account"), client(r))
	if err != nil {
		return err
	}
	return h.enter(r, entry, "/")
}

// signInView is the page of signing in.
type signInView struct {
	Return  string
	Expired bool      // the session had ended
	OIDC    bool      // the city's unified identity can be used
	Opens   time.Time // when the lock-out ends, zero: none
}

func (h *Pages) signInView(r *web.Request, err error) signInView {
	return signInView{Return: r.ReturnTo("/"), Expired: r.URL.Query().Get("expired") != "", OIDC: h.OIDC != nil, Opens: opens(r, err)}
}

// opens is when whoever tried too often may try again.
func opens(r *web.Request, err error) time.Time {
	if wait, locked := auth.RetryAfter(err); locked {
		return r.Now().Add(wait)
	}
	return time.Time{}
}

func (h *Pages) signInPage(r *web.Request) error {
	if a := r.Principal.Account; a != nil {
		next := auth.SafeNext(r.ReturnTo("/"), "/")
		if next == "/" {
			next = homeOf(a)
		}
		return r.Redirect(next)
	}
	return r.Render("admin/signin", h.signInView(r, nil))
}

func (h *Pages) signIn(r *web.Request) error {
	var in struct {
		Login    string `json:"login"`
		Password string `json:"password"`
		Return   string `json:"return"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("admin/signin", h.signInView(r, err), err)
	}
	entry, err := h.Auth.Login(r.Context(), in.Login, in.Password, client(r))
	if err != nil {
		return r.Refill("admin/signin", h.signInView(r, err), err)
	}
	return h.enter(r, entry, in.Return)
}

// codePage asks for the second factor of a sign-in that is under way.
func (h *Pages) codePage(r *web.Request) error {
	if r.Principal.Stage != auth.NeedsTOTP {
		return r.Redirect(onward("/sign-in", r.ReturnTo("/")))
	}
	return r.Render("admin/signin_code", h.signInView(r, nil))
}

func (h *Pages) signInCode(r *web.Request) error {
	var in struct {
		Code   string `json:"code"`
		Return string `json:"return"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("admin/signin_code", h.signInView(r, err), err)
	}
	entry, err := h.Auth.LoginTOTP(r.Context(), r.SessionToken(), in.Code, client(r))
	if err != nil {
		return r.Refill("admin/signin_code", h.signInView(r, err), err)
	}
	return h.enter(r, entry, in.Return)
}

// The ways in which a person proves again who they are.
const (
	proofTOTP     = "totp"
	proofPassword = "password"
	proofOIDC     = "oidc"
	proofNone     = "none" // the demo, whose people have no secrets
)

// confirmView is the step-up before dangerous things.
type confirmView struct {
	Return string
	Way    string
	Opens  time.Time
}

func (h *Pages) confirmView(r *web.Request, err error) confirmView {
	v := confirmView{Return: r.ReturnTo("/account"), Way: proofPassword, Opens: opens(r, err)}
	switch a := r.Principal.Account; {
	case r.Principal.Session != nil && r.Principal.Session.Method == auth.ByDemo:
		v.Way = proofNone
	case a.TOTP:
		v.Way = proofTOTP
	case !a.Password && h.OIDC != nil:
		v.Way = proofOIDC
	}
	return v
}

func (h *Pages) confirmPage(r *web.Request) error {
	if _, err := myself(r); err != nil {
		return err
	}
	if r.Principal.Confirmed(r.Now()) {
		return r.Redirect(auth.SafeNext(r.ReturnTo("/account"), "/account"))
	}
	return r.Render("admin/confirm", h.confirmView(r, nil))
}

func (h *Pages) confirm(r *web.Request) error {
	if _, err := myself(r); err != nil {
		return err
	}
	var in struct {
		Proof  string `json:"proof"`
		Return string `json:"return"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("admin/confirm", h.confirmView(r, err), err)
	}
	entry, err := h.Auth.Confirm(r.Context(), r.Principal, in.Proof, r.Addr)
	if err != nil {
		return r.Refill("admin/confirm", h.confirmView(r, err), err)
	}
	r.SetSession(entry.Token)
	return r.Redirect(auth.SafeNext(in.Return, "/account"))
}

func (h *Pages) signOut(r *web.Request) error {
	if token := r.SessionToken(); token != "" {
		if err := h.Auth.Logout(r.Context(), r.Principal, token); err != nil {
			return err
		}
	}
	r.ClearSession()
	return r.Redirect("/")
}
