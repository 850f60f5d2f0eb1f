package licensing

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/registry"
	"anlan/ui"
)

// afterRoutes are the pages and operations from the decision on.
func (h *Pages) afterRoutes() []web.Route {
	var all []web.Route
	for _, part := range [][]web.Route{h.registerRoutes(), h.deliveryRoutes(), h.renewalRoutes(), h.specialRoutes(), h.superviseRoutes(), h.importRoutes(), h.assistRoutes(), h.rulesRoutes(), h.publicRoutes(), h.myLicenceRoutes()} {
		all = append(all, part...)
	}
	return all
}

// console is a page of the officers.
func console(method, path string, perm auth.Permission, fn web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Permission: perm, Handler: fn, Frame: web.Console}
}

// inNav gives a page its place in the navigation.
func inNav(rt web.Route, label, icon string, order int) web.Route {
	rt.Nav = &web.Nav{Group: "licensing", Label: "licensing.nav." + label, Icon: icon, Order: order}
	return rt
}

// listOf makes a page of a list from what a use case returned.
func listOf[T any](rows []T, more bool, total int64, key func(T) web.Cursor) web.List[T] {
	l := web.List[T]{Rows: rows, Total: int(total)}
	if n := len(rows); more && n > 0 {
		l.Next = key(rows[n-1]).Encode()
	}
	return l
}

// placeOf reads where a page of a list sorted by date and id begins.
func placeOf(r *web.Request) (date, id string, err error) {
	c, err := web.ParseCursor(r.URL.Query().Get("after"), 2)
	if err != nil || c == nil {
		return "", "", err
	}
	return c[0], c[1], nil
}

// areaOptions are the districts and functional zones for a filter.
func (h *Pages) areaOptions(r *web.Request) ([]ui.Option, error) {
	areas, err := view(r.Context(), h.s.DB, func(ctx context.Context, q db.Q) ([]registry.Area, error) {
		return registry.Areas(ctx, q, registry.CityArea, registry.District, registry.Zone)
	})
	out := make([]ui.Option, len(areas))
	for i, a := range areas {
		out[i] = ui.Option{Value: a.Code, Text: r.Text(a.Name)}
	}
	return out, err
}

// licenceOptions are the items under which licences stand in the register.
func (h *Pages) licenceOptions(r *web.Request) []ui.Option {
	var out []ui.Option
	for _, it := range h.s.Rules.Items() {
		if isLicence(it) {
			out = append(out, ui.Option{Value: it.ID, Text: r.Text(it.Issues())})
		}
	}
	return out
}

// isLicence reports whether an item is the first issue of a licence.
func isLicence(it *rule.Item) bool {
	return it.Kind == rule.First && len(it.Versions) > 0 && len(it.Versions[0].Results) > 0 && it.Versions[0].Results[0].Kind == rule.Certificate
}

// options names values by the texts under a key.
func options[T ~string](r *web.Request, key string, values []T) []ui.Option {
	out := make([]ui.Option, len(values))
	for i, v := range values {
		out[i] = ui.Option{Value: string(v), Text: r.T(key + string(v))}
	}
	return out
}

// lamp is a due day as colour and words.
type lamp struct {
	Tone string
	Key  string
	N    int
}

// lampOf judges a due day as seen today: warn is how many days before it the
// lamp turns.
func lampOf(due, today kernel.Date, done bool, warn int) lamp {
	left := due.Sub(today)
	switch {
	case done:
		return lamp{"good", "licensing.lamp.done", 0}
	case due.IsZero():
		return lamp{"calm", "licensing.lamp.none", 0}
	case left < 0:
		return lamp{"bad", "licensing.lamp.overdue", -left}
	case left == 0:
		return lamp{"bad", "licensing.lamp.today", 0}
	case left <= warn:
		return lamp{"warn", "licensing.lamp.soon", left}
	}
	return lamp{"good", "licensing.lamp.left", left}
}

// licenceTone is the colour of a licence's state; its words stand beside it.
func licenceTone(st LicenceState) string {
	switch st {
	case Valid:
		return "good"
	case Changing, Renewing:
		return "main"
	case Suspended, Expired:
		return "warn"
	case Replaced:
		return "calm"
	}
	return "bad"
}

// done flashes that it was done and goes to a page.
func done(r *web.Request, to string) error {
	r.Flash("licensing.flash.done")
	return r.Redirect(to)
}

// again shows a page again with what was wrong with its form: data is loaded
// anew, because somebody else may have been first.
func again[T any](r *web.Request, view string, load func(*web.Request) (T, error), err error) error {
	data, lerr := load(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill(view, data, err)
}

// seenVersion is the version of a row that the visitor's page showed, 0 when
// the form carries none.
func seenVersion(r *web.Request) (int64, error) {
	text := r.Sent().Get("version")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, kernel.Bad("version", "number", text)
	}
	return n, nil
}

// inputMoment is a datetime-local input, Asia/Shanghai; zero when empty.
type inputMoment struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *inputMoment) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", string(b), kernel.Shanghai)
	if err != nil {
		return kernel.Bad("at", "datetime", string(b))
	}
	m.Time = t.UTC()
	return nil
}

// errorText is what is wrong, in one line.
func errorText(r *web.Request, err error) string {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return ""
	}
	if len(e.Fields) == 0 {
		return r.Texts().Error(r.Lang, e)
	}
	words := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		words[i] = r.Texts().Rule(r.Lang, f)
	}
	return strings.Join(words, "；")
}
