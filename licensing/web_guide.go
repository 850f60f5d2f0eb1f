package licensing

import (
	"embed"

	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
)

//go:embed views/*.html locale/*.json
var files embed.FS

// Views are the pages of this room.
func Views() web.Views { return web.Views{Room: "licensing", FS: files} }

// Pages are the handlers of this room.
type Pages struct {
	s *Service
}

// NewPages returns the pages over a service.
func NewPages(s *Service) *Pages { return &Pages{s: s} }

// guideCategory is a category with its items, for the list of guides.
type guideCategory struct {
	rule.Category
	Items []*rule.Item
}

func (h *Pages) guides(r *web.Request) error {
	var list []guideCategory
	for _, c := range h.s.Rules.Categories() {
		list = append(list, guideCategory{c, h.s.Rules.ItemsOf(c.ID)})
	}
	return r.Render("licensing/guides", list)
}

// guidePage is an item with its rules in force today.
type guidePage struct {
	Item    *rule.Item
	Version *rule.Version
}

func (h *Pages) guide(r *web.Request) error {
	it, ok := h.s.Rules.ItemByID(r.PathValue("item"))
	if !ok {
		return kernel.Missing("item", r.PathValue("item"))
	}
	v, ok := h.s.Rules.VersionAt(it.ID, r.Today())
	if !ok {
		return kernel.Missing("item", it.ID)
	}
	return r.Render("licensing/guide", guidePage{it, v})
}
