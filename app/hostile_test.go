package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"anlan/internal/auth"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

// hostile are values that no field of a page or operation means.
var hostile = []string{
	"\x00", "-1", "99999999999999999999", "2026-13-45", `" onclick='<script>`, "%_~", "\xff\xfe", strings.Repeat("𪛖9", 60), nobody,
	web.CursorOf("\x00").Encode(), web.CursorOf("1", "x").Encode(), web.CursorOf("2026-13-45", "\xff", "x").Encode(),
}

// usual are query parameters that pages read without having a field for them.
var usual = []string{"after", "from", "kind", "return", "of", "show", "faults", "year", "topics", "item", "licence", "enterprise", "text", "parent", "limit"}

var fieldName = regexp.MustCompile(`name="([a-zA-Z][\w.\-\[\]]*)"|[?&;]([a-z_]+)=`)

// fieldsOf are the names of the fields and of the parameters that a page
// shows, and those given.
func fieldsOf(body string, more []string) []string {
	out := slices.Clone(more)
	for _, m := range fieldName.FindAllStringSubmatch(body, -1) {
		out = append(out, m[1]+m[2])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// insist sends hostile values and reports every answer that blames ourselves.
// A page gets each value in all its parameters at once, and some in each by
// itself, lest the fault of one hide another's; an act gets them in all its
// fields, as a form, as JSON and as files.
func insist(t *testing.T, visitor *webtest.Client, site, forgery string, rt web.Route, path string, names []string) {
	t.Helper()
	for i, value := range hostile {
		all := url.Values{}
		for _, name := range names {
			all[name] = []string{value, value}
			if rt.Method == http.MethodGet && (i%6 == 0 || name == "after") {
				send(t, visitor, rt, site+path+"?"+url.Values{name: {value}}.Encode(), "", "")
			}
		}
		if rt.Method == http.MethodGet {
			send(t, visitor, rt, site+path+"?"+all.Encode(), "", "")
			continue
		}
		all["_csrf"], all["_request"] = []string{forgery}, []string{value}
		send(t, visitor, rt, site+path, "application/x-www-form-urlencoded", all.Encode())
		send(t, visitor, rt, site+path, "application/json", fmt.Sprintf(`{"id":%q,"version":%q} x`, value, value))
		send(t, visitor, rt, site+path, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n"+forgery+"\r\n--x\r\nContent-Disposition: form-data; name=\""+value)
	}
}

func send(t *testing.T, visitor *webtest.Client, rt web.Route, address, kind, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), rt.Method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Origin", strings.Join(strings.Split(address, "/")[:3], "/"))
	}
	res, err := visitor.Raw(req)
	if err != nil {
		t.Errorf("%s?%.200s: %v", rt, req.URL.RawQuery, err)
		return
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	if res.StatusCode >= 500 {
		t.Errorf("%s answers %d to ?%.200q and %.300q", rt, res.StatusCode, req.URL.RawQuery, body)
	}
}

// TestHostileValuesAreNeverOurFault sends values that mean nothing to every
// page with its parameters, and to every act of every role at rows that do not
// exist.
func TestHostileValuesAreNeverOurFault(t *testing.T) {
	if testing.Short() {
		t.Skip("walks every route with every hostile value")
	}
	c := wholeCity(t)
	looked, acted := map[string]bool{}, map[string]bool{}
	for _, e := range c.entries {
		token, who := c.enter(t, e)
		visitor := c.Client(t, token)
		key := forgery(t, visitor)
		for _, rt := range c.routes {
			may := rt.Permission == web.Public || rt.Permission == web.SignedIn || who.Can(rt.Permission)
			switch {
			case !may || rt.Path == "/live" && rt.Method == http.MethodGet || rt.Limit.N > 0:
			case rt.Method != http.MethodGet:
				if !acted[rt.String()] && strings.Contains(rt.Path, "{") {
					acted[rt.String()] = true
					insist(t, visitor, c.URL, key, rt, at(rt, nobody), []string{"version", "id", "note", "reason", "days", "until", "to", "item", "material"})
				}
			case !looked[rt.String()]:
				if path, ok := c.pathFor(t, visitor, who, rt); ok {
					looked[rt.String()] = true
					insist(t, visitor, c.URL, key, rt, path, fieldsOf(visitor.Get(path).Body, usual))
				}
			}
		}
	}
}

// pathFor is an address of the route that answers the visitor, with the id of
// a row in it where it names one.
func (c *city) pathFor(t *testing.T, visitor *webtest.Client, who *auth.Principal, rt web.Route) (string, bool) {
	t.Helper()
	if !strings.Contains(rt.Path, "{") {
		return at(rt, ""), true
	}
	o := ownerOf(rt.Path)
	if o == nil || strings.Count(rt.Path, "{") > 1 {
		return at(rt, nobody), true
	}
	own := slices.DeleteFunc(c.rows(t, o.query), func(r sight) bool {
		return !who.Scope.Sees(r.area, r.enterprise, r.account) && !who.Scope.SeesUnit(r.unit)
	})
	for _, row := range own[:min(3, len(own))] {
		if status, _ := ask(t, c, visitor, rt.Method, at(rt, row.id)); status == http.StatusOK {
			return at(rt, row.id), true
		}
	}
	return "", false
}
