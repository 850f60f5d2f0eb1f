package admin

import (
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// Tour shows a newcomer in a few steps what a role does on the platform.
type Tour struct {
	Role  string      `json:"role"` // of package auth, or "citizen"
	Title kernel.Text `json:"title"`
	Steps []TourStep  `json:"steps"`
}

// TourStep is one page to look at.
type TourStep struct {
	Text kernel.Text `json:"text"` // what to look at there
	Href string      `json:"href"`
}

func (h *Pages) tour(r *web.Request) error {
	for _, t := range h.Tours {
		if t.Role == r.PathValue("role") {
			return r.Render("admin/tour", t)
		}
	}
	return kernel.Missing("tour", r.PathValue("role"))
}
