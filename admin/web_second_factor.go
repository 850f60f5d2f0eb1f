package admin

import (
	"context"
	"html/template"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/web"
)

func (h *Pages) secondFactorRoutes() []web.Route {
	return []web.Route{
		own("GET", "/account/second-factor", h.secondFactorPage),
		entering(own("POST", "/account/second-factor", h.enrolOwn)),
		own("GET", "/account/second-factor/remove", h.removeFactorPage),
		own("POST", "/account/second-factor/remove", h.removeFactor),
		own("GET", "/account/second-factor/recovery", h.recoveryPage),
		own("POST", "/account/second-factor/recovery", h.renewRecovery),
	}
}

// enrolView is the secret that an authenticator app takes over.
type enrolView struct {
	auth.Enrolment
	Image  template.URL
	Return string
	First  bool // the sign-in waits for it
}

func (h *Pages) enrolView(r *web.Request, e auth.Enrolment) (enrolView, error) {
	image, err := qrImage(e.URL)
	return enrolView{Enrolment: e, Image: image, Return: r.ReturnTo("/"), First: r.Principal.Stage == auth.NeedsEnrol}, err
}

// showEnrolment makes a new secret and shows it.
func (h *Pages) showEnrolment(r *web.Request) error {
	e, err := h.Auth.EnrolTOTP(r.Context(), r.Principal)
	if err != nil {
		return err
	}
	view, err := h.enrolView(r, e)
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "no-store")
	return r.Render("admin/second_factor", view)
}

// enrolPage is for those whose role asks for a second factor, at their first
// sign-in.
func (h *Pages) enrolPage(r *web.Request) error {
	if r.Principal.Stage != auth.NeedsEnrol {
		return r.Redirect(onward("/sign-in", r.ReturnTo("/")))
	}
	return h.showEnrolment(r)
}

func (h *Pages) enrol(r *web.Request) error {
	if r.Principal.Stage != auth.NeedsEnrol {
		return r.Redirect(onward("/sign-in", r.ReturnTo("/")))
	}
	return h.confirmEnrolment(r)
}

func (h *Pages) secondFactorPage(r *web.Request) error {
	if _, err := myself(r); err != nil {
		return err
	}
	return h.showEnrolment(r)
}

func (h *Pages) enrolOwn(r *web.Request) error { return h.confirmEnrolment(r) }

// recoveryView is the codes that stand in for a lost app, shown once.
type recoveryView struct {
	Codes []string
	Next  string
}

func (h *Pages) confirmEnrolment(r *web.Request) error {
	var in struct {
		Code   string `json:"code"`
		Return string `json:"return"`
	}
	err := r.Decode(&in)
	var codes []string
	var entry auth.Entry
	if err == nil {
		codes, entry, err = h.Auth.ConfirmTOTP(r.Context(), r.Principal, in.Code)
	}
	if err != nil {
		pending, perr := read(r, h, func(ctx context.Context, q db.Q) (auth.Enrolment, error) {
			return h.Auth.PendingTOTP(ctx, q, r.Principal)
		})
		if perr != nil {
			return perr
		}
		view, verr := h.enrolView(r, pending)
		if verr != nil {
			return verr
		}
		return r.Refill("admin/second_factor", view, err)
	}
	r.SetSession(entry.Token)
	next := "/account/security"
	if r.Principal.Stage == auth.NeedsEnrol {
		if next = auth.SafeNext(in.Return, "/"); next == "/" {
			next = homeOf(entry.Account)
		}
	}
	return r.Render("admin/recovery_codes", recoveryView{codes, next})
}

func (h *Pages) removeFactorPage(r *web.Request) error {
	a, err := myself(r)
	if err != nil {
		return err
	}
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/second_factor_remove", a)
}

func (h *Pages) removeFactor(r *web.Request) error {
	if err := h.Auth.RemoveTOTP(r.Context(), r.Principal); err != nil {
		return err
	}
	r.Flash("admin.flash.factor_removed")
	return r.Redirect("/account/security")
}

func (h *Pages) recoveryPage(r *web.Request) error {
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/recovery", nil)
}

func (h *Pages) renewRecovery(r *web.Request) error {
	codes, err := h.Auth.RenewRecovery(r.Context(), r.Principal)
	if err != nil {
		return err
	}
	return r.Render("admin/recovery_codes", recoveryView{codes, "/account/security"})
}
