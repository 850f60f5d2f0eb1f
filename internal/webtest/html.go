package webtest

import (
	"bytes"
	"io"
	"mime/multipart"
	"strings"

	"golang.org/x/net/html"
)

type file struct {
	field, name string
	content     []byte
}

// encode is the form's body: fields first, then files, as the page has them.
func (f *Form) encode() (io.Reader, string) {
	if !f.multi && len(f.files) == 0 {
		return strings.NewReader(f.Values.Encode()), "application/x-www-form-urlencoded"
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range f.Values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				f.page.client.t.Fatal(err)
			}
		}
	}
	for _, file := range f.files {
		part, err := w.CreateFormFile(file.field, file.name)
		if err == nil {
			_, err = part.Write(file.content)
		}
		if err != nil {
			f.page.client.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.page.client.t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func each(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, visit)
	}
}

func first(n *html.Node, match func(*html.Node) bool) (found *html.Node) {
	each(n, func(n *html.Node) {
		if found == nil && match(n) {
			found = n
		}
	})
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// inMain reports whether n stands in the page's main part, or the page has none.
func inMain(n *html.Node) bool {
	root := n
	for p := n; p != nil; p = p.Parent {
		if p.Data == "main" {
			return true
		}
		root = p
	}
	return first(root, func(n *html.Node) bool { return n.Data == "main" }) == nil
}

func rawText(n *html.Node) string {
	var b strings.Builder
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(n)
	return b.String()
}

func textOf(n *html.Node) string { return strings.Join(strings.Fields(rawText(n)), " ") }

func chosen(sel *html.Node) (value string) {
	firstSeen, marked := false, false
	each(sel, func(n *html.Node) {
		if n.Data != "option" {
			return
		}
		if !firstSeen || has(n, "selected") && !marked {
			value = attr(n, "value")
			firstSeen = true
			marked = has(n, "selected")
		}
	})
	return value
}
