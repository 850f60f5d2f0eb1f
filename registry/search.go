package registry

import (
	"context"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/search"
)

// The kinds under which enterprises and sites stand in the word index.
const (
	SearchKind     = "enterprise"
	SiteSearchKind = "site"
)

// index puts what people look for into the word index: what stands in public
// registers, nothing of the contacts.
func index(ctx context.Context, tx *db.Tx, e Enterprise) error {
	words := []string{e.Name, e.USCC, e.Address, e.LegalPerson}
	for _, f := range e.FormerNames {
		words = append(words, f.Name)
	}
	return search.Put(ctx, tx, search.Doc{Kind: SearchKind, ID: e.ID, Area: e.Area, Enterprise: e.ID, Text: strings.Join(words, "\n")})
}

// indexSite puts a site's name and address into the word index.
func indexSite(ctx context.Context, tx *db.Tx, v Site) error {
	return search.Put(ctx, tx, search.Doc{Kind: SiteSearchKind, ID: v.ID, Area: v.Area, Enterprise: v.Enterprise, Text: v.Name + "\n" + v.Address})
}

// matching adds the condition of EnterpriseFilter.Text.
func matching(w *db.Where, q db.Q, text string) {
	text = strings.TrimSpace(text)
	if kernel.CheckUSCC("text", strings.ToUpper(text)) == nil {
		w.And("uscc = ?", strings.ToUpper(text))
		return
	}
	search.Filter(w, engine(q), "id", SearchKind, text)
}

// engine tells which engine q runs on.
func engine(q db.Q) db.Engine {
	if e, ok := q.(interface{ Engine() db.Engine }); ok {
		return e.Engine()
	}
	return db.SQLite
}
