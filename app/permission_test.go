package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

// nobody is an id that no row has.
const nobody = "00000000-0000-7000-8000-000000000000"

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// at fills the parameters of a route's path in.
func at(rt web.Route, id string) string {
	path := parameter.ReplaceAllString(strings.TrimSuffix(rt.Path, "{$}"), id)
	return strings.ReplaceAll(path, "...", "")
}

// ask sends a request without a body to speak of and returns the status,
// redirects not followed.
func ask(t *testing.T, c *city, visitor *webtest.Client, method, path string) (status int, location string) {
	t.Helper()
	var body io.Reader
	if method != http.MethodGet {
		body = strings.NewReader(url.Values{"_csrf": {forgery(t, visitor)}}.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", c.URL)
	}
	res, err := visitor.Raw(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode, res.Request.URL.Path
}

var forgeryField = regexp.MustCompile(`name="_csrf" value="([^"]+)"|"X-CSRF-Token":"([^"]+)"`)

// forgery returns the token that a visitor's forms carry.
func forgery(t *testing.T, visitor *webtest.Client) string {
	t.Helper()
	m := forgeryField.FindStringSubmatch(visitor.Get("/guides").Body)
	if m == nil {
		t.Fatal("no forgery token on the page")
	}
	return m[1] + m[2]
}

// closed are the routes that ask for a permission of a role, without the
// machine's own.
func closed(routes []web.Route) (out []web.Route) {
	for _, rt := range routes {
		if rt.Permission != web.Public && !rt.Machine {
			out = append(out, rt)
		}
	}
	return out
}

func TestRoutesAreClosedToWhoeverLacksTheirPermission(t *testing.T) {
	if testing.Short() {
		t.Skip("walks every route as every role")
	}
	c := wholeCity(t)
	routes := closed(c.routes)
	stranger := c.Client(t, "")
	for _, rt := range routes {
		status, path := ask(t, c, stranger, rt.Method, at(rt, nobody))
		if status != http.StatusUnauthorized && path != "/sign-in" {
			t.Errorf("%s answers a stranger with %d at %s", rt, status, path)
		}
	}
	walked := map[string]bool{}
	for _, e := range c.entries {
		if walked[e.Role] {
			continue
		}
		walked[e.Role] = true
		token, who := c.enter(t, e)
		visitor := c.Client(t, token)
		for _, rt := range routes {
			c.askAs(t, visitor, who, e.Role, rt)
		}
	}
}

// askAs checks one route for one role. What a role may do is only tried where
// it cannot do anything: at a row that does not exist, or by looking.
func (c *city) askAs(t *testing.T, visitor *webtest.Client, who *auth.Principal, role string, rt web.Route) {
	t.Helper()
	may := rt.Permission == web.SignedIn || who.Can(rt.Permission)
	if may && rt.Method != http.MethodGet && !strings.Contains(rt.Path, "{") {
		return
	}
	status, _ := ask(t, c, visitor, rt.Method, at(rt, nobody))
	switch {
	case !may && status != http.StatusForbidden:
		t.Errorf("%s answers %s, who lacks %s, with %d", rt, role, rt.Permission, status)
	case may && (status == http.StatusForbidden || status >= 500):
		t.Errorf("%s answers %s, who holds %s, with %d", rt, role, rt.Permission, status)
	}
}

// TestToursLeadToPagesOfTheirRole follows every step of every tour as whom the
// visitor would be.
func TestToursLeadToPagesOfTheirRole(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the whole city")
	}
	c := wholeCity(t)
	visitors := map[string]*webtest.Client{"citizen": c.Client(t, "")}
	for _, e := range c.entries {
		if visitors[e.Role] == nil {
			token, _ := c.enter(t, e)
			visitors[e.Role] = c.Client(t, token)
		}
	}
	for _, tour := range c.services.tours {
		visitor := visitors[tour.Role]
		if visitor == nil {
			t.Errorf("nobody enters as %s, who has a tour", tour.Role)
			continue
		}
		for _, step := range tour.Steps {
			visitor.Get(step.Href).Want(http.StatusOK)
		}
	}
}

// owned says which rows stand behind the paths that start with a prefix, and
// whose they are.
type owned struct {
	prefix string
	query  string // id, area, enterprise, account and unit of every row
}

// ownedRows cover every path with a row of somebody; see unowned for the rest.
var ownedRows = []owned{
	{"/licensing/cases/{id}", `SELECT id, area, enterprise_id, account, authority FROM licensing_cases WHERE state <> 'draft'`},
	{"/my/cases/{id}", `SELECT id, '', enterprise_id, account, '' FROM licensing_cases`},
	{"/api/v1/licensing/my/cases/{id}", `SELECT id, '', enterprise_id, account, '' FROM licensing_cases`},
	{"/licensing/licences/{id}", `SELECT id, area, enterprise_id, account, unit FROM licensing_licences`},
	{"/my/licences/{id}", `SELECT id, '', enterprise_id, account, '' FROM licensing_licences`},
	{"/licensing/deliveries/{id}", `SELECT d.case_id, d.area, c.enterprise_id, c.account, c.authority FROM licensing_deliveries d JOIN licensing_cases c ON c.id = d.case_id`},
	{"/licensing/handovers/{id}", `SELECT h.case_id, h.area, c.enterprise_id, '', h.unit FROM licensing_handovers h JOIN licensing_cases c ON c.id = h.case_id`},
	{"/licensing/papers/{id}", `SELECT p.id, c.area, c.enterprise_id, c.account, c.authority FROM licensing_papers p JOIN licensing_cases c ON c.id = p.case_id`},
	{"/licensing/ratings/{id}", `SELECT r.case_id, r.area, c.enterprise_id, c.account, c.authority FROM licensing_ratings r JOIN licensing_cases c ON c.id = r.case_id`},
	{"/enterprises/{id}", `SELECT id, area, id, '', '' FROM registry_enterprises`},
	{"/sites/{id}", `SELECT id, area, COALESCE(enterprise_id, ''), '', '' FROM registry_sites`},
	{"/people/{id}", `SELECT id, area, COALESCE(enterprise_id, ''), '', '' FROM registry_people`},
}

// unowned are path prefixes whose parameter names no row of an enterprise or a
// district, each with the reason.
var unowned = map[string]string{
	"/account/":                 "rows of the account itself; package admin proves that another's do not exist",
	"/admin/":                   "the machinery of the whole city; the three administrators hold the permissions",
	"/console/items/":           "to-dos reach whom they are addressed to; packages worklist and admin prove it",
	"/notices/":                 "an account's own notices; package notify proves it",
	"/resume/":                  "sealed input of the visitor's own browser",
	"/licensing/assist/":        "help by a code; the clerk's own sessions, proved in package licensing",
	"/licensing/filters/":       "an account's own filters",
	"/licensing/imports/":       "jobs of imports; package licensing proves whose they are",
	"/registry/jobs/":           "jobs of imports and exports; package registry proves whose they are",
	"/licensing/rule-versions/": "rule data of the whole city",
	"/licensing/rules/":         "rule data of the whole city",
	"/licensing/special/":       "notices of the whole city",
}

// sight is a row and whose it is.
type sight struct{ id, area, enterprise, account, unit string }

func (c *city) rows(t *testing.T, query string) (out []sight) {
	t.Helper()
	err := c.base.DB.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
		out, err = db.All(ctx, q, func(s db.Scanner) (r sight, err error) {
			return r, s.Scan(&r.id, &r.area, &r.enterprise, &r.account, &r.unit)
		}, query)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRowsOfOthersDoNotExist(t *testing.T) {
	if testing.Short() {
		t.Skip("walks every row's pages as every kind of visitor")
	}
	c := wholeCity(t)
	for _, rt := range closed(c.routes) {
		if strings.Contains(rt.Path, "{") && ownerOf(rt.Path) == nil && reason(rt.Path) == "" {
			t.Errorf("%s: say in ownedRows or unowned whose the row is", rt)
		}
	}
	for _, e := range c.entries {
		token, who := c.enter(t, e)
		if who.Scope.City {
			continue
		}
		visitor := c.Client(t, token)
		for _, o := range ownedRows {
			foreign := slices.DeleteFunc(c.rows(t, o.query), func(r sight) bool {
				return who.Scope.Sees(r.area, r.enterprise, r.account) || who.Scope.SeesUnit(r.unit)
			})
			if len(foreign) == 0 {
				t.Errorf("%s: %s sees every row, so nothing was proved", o.prefix, e.Role)
				continue
			}
			c.lookAt(t, visitor, who, fmt.Sprintf("%s of %s", e.Role, e.Where.ZH), o, foreign[len(foreign)/2].id)
		}
	}
}

// lookAt asks for every page and act of a row that is none of the visitor's
// business.
func (c *city) lookAt(t *testing.T, visitor *webtest.Client, who *auth.Principal, name string, o owned, id string) {
	t.Helper()
	for _, rt := range closed(c.routes) {
		if ownerOf(rt.Path) == nil || ownerOf(rt.Path).prefix != o.prefix || rt.Permission != web.SignedIn && !who.Can(rt.Permission) {
			continue
		}
		path := at(web.Route{Path: strings.Replace(rt.Path, "{id}", id, 1)}, nobody)
		none, _ := ask(t, c, visitor, rt.Method, at(rt, nobody))
		if status, _ := ask(t, c, visitor, rt.Method, path); status != none || status < 400 {
			t.Errorf("%s answers %s with %d for another's row, with %d for none", rt, name, status, none)
		}
	}
}

// ownerOf is the longest prefix that a path starts with.
func ownerOf(path string) (found *owned) {
	for i, o := range ownedRows {
		if strings.HasPrefix(path, o.prefix) && (found == nil || len(o.prefix) > len(found.prefix)) {
			found = &ownedRows[i]
		}
	}
	return found
}

func reason(path string) string {
	for prefix, why := range unowned {
		if strings.HasPrefix(path, prefix) {
			return why
		}
	}
	return ""
}
