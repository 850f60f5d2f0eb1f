package admin

import (
	"errors"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// oidcRoutes are the visits to the city's unified identity; without one there
// are none. They start with a link, because a form may not lead elsewhere.
func (h *Pages) oidcRoutes() []web.Route {
	if h.OIDC == nil {
		return nil
	}
	return []web.Route{public("GET", "/auth/oidc", h.oidcStart), public("GET", auth.OIDCPath, h.oidcCallback)}
}

func (h *Pages) oidcStart(r *web.Request) error {
	purpose := auth.OIDCPurpose(r.URL.Query().Get("for"))
	switch purpose {
	case auth.OIDCLink, auth.OIDCConfirm:
	default:
		purpose = auth.OIDCSignIn
	}
	address, secret, err := h.OIDC.Start(r.Context(), r.Principal, purpose, r.ReturnTo("/"), auth.OIDCSecret(r.Request, r.Secure()))
	if err != nil {
		return oidcFailed(r, err)
	}
	r.SetCookie(auth.OIDCCookie(secret, r.Secure()))
	return r.Away(address)
}

func (h *Pages) oidcCallback(r *web.Request) error {
	entry, next, err := h.OIDC.Callback(r.Context(), r.Principal, r.URL.Query(), auth.OIDCSecret(r.Request, r.Secure()), client(r))
	if err != nil {
		return oidcFailed(r, err)
	}
	return h.enter(r, entry, next)
}

// oidcFailed goes back to where one can try another way, and says why.
func oidcFailed(r *web.Request, err error) error {
	var e *kernel.Error
	if !errors.As(err, &e) || e.Key == auth.KeyConfirmFirst || e.Kind == kernel.SignedOut {
		return err
	}
	r.FlashWarn(e.Key)
	if r.Principal.SignedIn() {
		return r.Redirect("/account/security")
	}
	return r.Redirect("/sign-in")
}
