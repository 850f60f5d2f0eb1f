package app

import (
	"context"

	"anlan/admin"
	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/licensing"
)

// finds are what the search over all rooms finds: by words what stands in the
// word index, by their whole number cases and licences.
func finds(l *licensing.Service) []admin.Findable {
	return append(admin.Registered(),
		admin.Findable{Kind: "case", Title: kernel.Text{ZH: "办件", EN: "Cases"}, Exact: caseByNumber(l)},
		admin.Findable{Kind: "licence", Title: kernel.Text{ZH: "证照", EN: "Licences"}, Exact: licenceByNumber(l)})
}

func caseByNumber(l *licensing.Service) func(context.Context, *auth.Principal, string) ([]admin.Found, error) {
	return func(ctx context.Context, p *auth.Principal, number string) (out []admin.Found, err error) {
		if !p.Can(licensing.PermRead) {
			return nil, nil
		}
		page, err := l.Queue(ctx, p, licensing.CaseFilter{Number: number})
		for _, c := range page.Rows {
			out = append(out, admin.Found{Title: c.Number, Detail: c.Applicant, Link: "/licensing/cases/" + c.ID})
		}
		return out, err
	}
}

func licenceByNumber(l *licensing.Service) func(context.Context, *auth.Principal, string) ([]admin.Found, error) {
	return func(ctx context.Context, p *auth.Principal, number string) (out []admin.Found, err error) {
		if !p.Can(licensing.PermRead) {
			return nil, nil
		}
		page, err := l.Register(ctx, p, licensing.LicenceFilter{Number: number})
		for _, v := range page.Rows {
			out = append(out, admin.Found{Title: v.Number, Detail: v.Holder, Link: "/licensing/licences/" + v.ID})
		}
		return out, err
	}
}
