package admin

import (
	"context"

	"anlan/internal/db"
	"anlan/internal/notify"
	"anlan/internal/web"
)

// noticeRoutes are the inbox of whoever is signed in, in the console for
// officers and in the hall for everybody else.
func (h *Pages) noticeRoutes() []web.Route {
	inbox := web.Route{Method: "GET", Path: "/notices", Permission: web.SignedIn, Handler: h.notices,
		Nav: &web.Nav{Group: "admin.work", Label: "admin.notice.title", Icon: "bell", Order: 90}}
	return []web.Route{
		inbox,
		{Method: "POST", Path: "/notices/read-all", Permission: web.SignedIn, Handler: h.readAllNotices},
		{Method: "POST", Path: "/notices/{id}/read", Permission: web.SignedIn, Handler: h.readNotice},
	}
}

// inboxOf is whose inbox a request opens: that of the account itself, also
// while it stands in for somebody; a system with a token has none.
func inboxOf(r *web.Request) string {
	if r.Principal.Account == nil {
		return ""
	}
	return r.Principal.Account.ID
}

func (h *Pages) notices(r *web.Request) error {
	before, err := before(r)
	if err != nil {
		return err
	}
	f := notify.InboxFilter{Unread: r.URL.Query().Get("unread") == "true", Before: before, Limit: web.PageSize + 1}
	rows, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) ([]notify.Notice, error) {
		return notify.Inbox(ctx, q, r.Texts(), r.Lang, inboxOf(r), f)
	})
	if err != nil {
		return err
	}
	return r.Render("admin/notices", newest(rows, func(n notify.Notice) string { return n.ID }))
}

// readNotice marks a notice as read and, when asked, opens its page.
func (h *Pages) readNotice(r *web.Request) error {
	to := "/notices"
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		n, err := notify.GetNotice(ctx, tx, r.Texts(), r.Lang, inboxOf(r), r.PathValue("id"))
		if err != nil {
			return err
		}
		if n.Link != "" && r.Sent().Get("open") == "yes" {
			to = n.Link
		}
		return notify.MarkRead(ctx, tx, r.Now(), inboxOf(r), n.ID)
	})
	if err != nil {
		return err
	}
	return r.Redirect(to)
}

func (h *Pages) readAllNotices(r *web.Request) error {
	return h.change(r, "/notices", func(ctx context.Context, tx *db.Tx) error {
		return notify.MarkAllRead(ctx, tx, r.Now(), inboxOf(r))
	})
}
