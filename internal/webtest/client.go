package webtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Client is a browser without scripts: it keeps cookies, follows redirects
// and sends forms with their hidden fields.
type Client struct {
	t    testing.TB
	base string
	http *http.Client
}

// Client returns a new visitor. token signs in as whom People knows by it;
// "" is nobody.
func (s *Site) Client(t testing.TB, token string) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{t: t, base: s.URL, http: &http.Client{Jar: jar}}
	if token != "" {
		c.SignIn(token)
	}
	return c
}

// SignIn puts a session's token into the cookies.
func (c *Client) SignIn(token string) {
	u, err := url.Parse(c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	c.http.Jar.SetCookies(u, []*http.Cookie{{Name: "anlan_session", Value: token, Path: "/"}})
}

// Page is an answer.
type Page struct {
	Status int
	Path   string // after redirects, with the query
	Header http.Header
	Body   string
	client *Client
	root   *html.Node
}

// Get fetches a page.
func (c *Client) Get(path string) *Page {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	return c.Do(req)
}

// Do sends any request; its address may be a path of the site.
func (c *Client) Do(req *http.Request) *Page {
	c.t.Helper()
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	return &Page{Status: resp.StatusCode, Path: resp.Request.URL.RequestURI(), Header: resp.Header, Body: string(body), client: c, root: root}
}

// JSON sends a JSON body, or none when body is "".
func (c *Client) JSON(method, path, body string, headers ...string) *Page {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return c.Do(req)
}

// Want fails the test unless the page has the status and every text.
func (p *Page) Want(status int, texts ...string) *Page {
	p.client.t.Helper()
	if p.Status != status {
		p.client.t.Fatalf("%s: status %d, want %d:\n%s", p.Path, p.Status, status, p.Text())
	}
	for _, text := range texts {
		if !strings.Contains(p.Text(), text) && !strings.Contains(p.Body, text) {
			p.client.t.Fatalf("%s: no %q in:\n%s", p.Path, text, p.Text())
		}
	}
	return p
}

// Lacks fails the test when the page has one of the texts.
func (p *Page) Lacks(texts ...string) *Page {
	p.client.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Text(), text) {
			p.client.t.Fatalf("%s: %q should not be in:\n%s", p.Path, text, p.Text())
		}
	}
	return p
}

// Text is what a person reads in the page's main part.
func (p *Page) Text() string {
	from := first(p.root, func(n *html.Node) bool { return n.Data == "main" })
	if from == nil {
		from = p.root
	}
	return textOf(from)
}

// Links returns the addresses of the links whose text contains text.
func (p *Page) Links(text string) []string {
	var out []string
	each(p.root, func(n *html.Node) {
		if n.Data == "a" && strings.Contains(textOf(n), text) {
			out = append(out, attr(n, "href"))
		}
	})
	return out
}

// Follow fetches the first link whose text contains text.
func (p *Page) Follow(text string) *Page {
	p.client.t.Helper()
	links := p.Links(text)
	if len(links) == 0 {
		p.client.t.Fatalf("%s: no link %q in:\n%s", p.Path, text, p.Text())
	}
	return p.client.Get(p.resolve(links[0]))
}

func (p *Page) resolve(ref string) string {
	base, err := url.Parse(p.Path)
	if err != nil {
		p.client.t.Fatal(err)
	}
	u, err := base.Parse(ref)
	if err != nil {
		p.client.t.Fatal(err)
	}
	return u.RequestURI()
}

// Form is a form as a browser would send it.
type Form struct {
	page   *Page
	action string
	method string
	multi  bool
	Values url.Values
	files  []file
}

// Form finds the form in main whose action contains action ("" takes the
// first), with its fields as they stand.
func (p *Page) Form(action string) *Form {
	p.client.t.Helper()
	var found *html.Node
	each(p.root, func(n *html.Node) {
		if n.Data == "form" && found == nil && strings.Contains(attr(n, "action"), action) && inMain(n) {
			found = n
		}
	})
	if found == nil {
		p.client.t.Fatalf("%s: no form to %q in:\n%s", p.Path, action, p.Text())
	}
	return p.formOf(found)
}

func (p *Page) formOf(n *html.Node) *Form {
	f := &Form{page: p, action: attr(n, "action"), method: strings.ToUpper(attr(n, "method")),
		multi: attr(n, "enctype") == "multipart/form-data", Values: url.Values{}}
	each(n, f.read)
	return f
}

// read takes over one control as a browser would send it.
func (f *Form) read(n *html.Node) {
	name := attr(n, "name")
	if name == "" || has(n, "disabled") {
		return
	}
	switch n.Data {
	case "input":
		kind := attr(n, "type")
		switch {
		case kind == "file", kind == "submit", kind == "button":
		case (kind == "checkbox" || kind == "radio") && !has(n, "checked"):
		default:
			f.Values.Add(name, attr(n, "value"))
		}
	case "textarea":
		f.Values.Add(name, rawText(n))
	case "select":
		f.Values.Add(name, chosen(n))
	}
}

// Set fills fields in: pairs of name and value.
func (f *Form) Set(pairs ...string) *Form {
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// File puts a file into a field.
func (f *Form) File(field, name string, content []byte) *Form {
	f.files = append(f.files, file{field, name, content})
	return f
}

// Submit sends the form and follows where it leads.
func (f *Form) Submit() *Page {
	f.page.client.t.Helper()
	return f.page.client.Do(f.Request())
}

// Request is the request that sends the form.
func (f *Form) Request() *http.Request {
	f.page.client.t.Helper()
	target := f.action
	if target == "" {
		target = f.page.Path
	}
	target = f.page.client.base + f.page.resolve(target)
	if f.method != "POST" {
		at, _, _ := strings.Cut(target, "?")
		req, err := http.NewRequest(http.MethodGet, at+"?"+f.Values.Encode(), nil)
		if err != nil {
			f.page.client.t.Fatal(err)
		}
		return req
	}
	body, kind := f.encode()
	req, err := http.NewRequest(http.MethodPost, target, body)
	if err != nil {
		f.page.client.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req
}

// Raw sends a request and leaves the answer to the caller: for streams and
// connections that break off.
func (c *Client) Raw(req *http.Request) (*http.Response, error) { return c.http.Do(req) }

// FormWith finds the form in main that holds a hidden field of this name and
// value: one of many alike.
func (p *Page) FormWith(name, value string) *Form {
	p.client.t.Helper()
	var found *html.Node
	each(p.root, func(n *html.Node) {
		if n.Data != "form" || found != nil || !inMain(n) {
			return
		}
		each(n, func(in *html.Node) {
			if in.Data == "input" && attr(in, "name") == name && attr(in, "value") == value {
				found = n
			}
		})
	})
	if found == nil {
		p.client.t.Fatalf("%s: no form with %s = %q in:\n%s", p.Path, name, value, p.Text())
	}
	return p.formOf(found)
}

// To makes the form go elsewhere, as a script of the page would send it.
func (f *Form) To(action string) *Form {
	f.action = action
	return f
}
