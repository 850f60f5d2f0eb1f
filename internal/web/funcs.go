package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/ui"
)

// funcs are the functions of every view in one language.
func funcs(texts *i18n.Catalogues, assets *assets, lang string) template.FuncMap {
	return template.FuncMap{
		"t":             func(key string, args ...any) string { return texts.T(lang, key, args...) },
		"text":          func(t kernel.Text) template.HTML { return textHTML(t, lang) },
		"plain":         func(t kernel.Text) string { s, _ := t.In(lang); return s },
		"lang":          func() string { return lang },
		"args":          args,
		"list":          func(items ...any) []any { return items },
		"date":          func(d kernel.Date) template.HTML { return dateHTML(texts, lang, d) },
		"weekday":       func(d kernel.Date) string { return texts.Weekday(lang, d) },
		"datetime":      func(t time.Time) template.HTML { return timeHTML(t, texts.DateTime(lang, t)) },
		"stamp":         func(t time.Time) template.HTML { return timeHTML(t, i18n.Stamp(t)) },
		"clock":         func(t time.Time) template.HTML { return timeHTML(t, i18n.Clock(t)) },
		"ago":           func(t, now time.Time) template.HTML { return timeHTML(t, texts.Ago(lang, t, now)) },
		"duration":      func(d time.Duration) string { return texts.Duration(lang, d) },
		"number":        func(v any) string { return texts.Show(lang, v) },
		"decimal":       func(v float64, digits int) string { return i18n.Decimal(v, digits) },
		"percent":       func(v float64) string { return i18n.Decimal(v*100, 1) + "%" },
		"bytes":         i18n.Bytes,
		"asset":         assets.url,
		"icon":          func(name string) (template.HTML, error) { return icon(assets, name) },
		"json":          jsonText,
		"url":           buildURL,
		"add":           func(a, b int) int { return a + b },
		"str":           asText,
		"default":       func(fallback, v any) any { return orDefault(v, fallback) },
		"id":            fieldID,
		"place":         place,
		"option":        func(value, text string) ui.Option { return ui.Option{Value: value, Text: text} },
		"row":           func(label string, value any) ui.Row { return ui.Row{Label: label, Value: shown(texts, lang, value)} },
		"crumb":         func(text, href string) ui.Crumb { return ui.Crumb{Text: text, Href: href} },
		"tab":           func(text, href string, current bool) ui.Tab { return ui.Tab{Text: text, Href: href, Current: current} },
		"task":          func(text, href, state string) ui.Task { return ui.Task{Text: text, Href: href, State: state} },
		"selectOptions": selectOptions,
		"bars":          func(b ui.Bars) template.HTML { return b.SVG() },
		"spark":         func(s ui.Spark) template.HTML { return s.SVG() },
		"mapsvg":        func(m ui.Map) template.HTML { return m.SVG(lang) },
	}
}

// args makes named arguments of a component. A first argument that is a *Page
// is handed on as "page".
func args(words ...any) (map[string]any, error) {
	m := make(map[string]any, len(words)/2+1)
	if len(words)%2 == 1 {
		page, ok := words[0].(*Page)
		if !ok && words[0] != nil {
			return nil, fmt.Errorf("args: want an optional page and pairs, got %d words starting with %T", len(words), words[0])
		}
		if page != nil {
			m["page"] = page
		}
		words = words[1:]
	}
	for i := 0; i < len(words); i += 2 {
		name, ok := words[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: name %v is a %T", words[i], words[i])
		}
		m[name] = words[i+1]
	}
	return m, nil
}

func textHTML(t kernel.Text, lang string) template.HTML {
	s, really := t.In(lang)
	escaped := template.HTMLEscapeString(s)
	if really == lang || s == "" {
		return template.HTML(escaped)
	}
	return template.HTML(`<span lang="` + really + `">` + escaped + `</span>`)
}

func dateHTML(texts *i18n.Catalogues, lang string, d kernel.Date) template.HTML {
	if d.IsZero() {
		return ""
	}
	return template.HTML(`<time datetime="` + d.String() + `">` + template.HTMLEscapeString(texts.Date(lang, d)) + `</time>`)
}

func timeHTML(t time.Time, shown string) template.HTML {
	if t.IsZero() {
		return ""
	}
	return template.HTML(`<time datetime="` + t.In(kernel.Shanghai).Format(time.RFC3339) + `">` + template.HTMLEscapeString(shown) + `</time>`)
}

// icon draws a picture of the sprite; it is decoration, the words stand
// beside it.
func icon(assets *assets, name string) (template.HTML, error) {
	if !ui.HasIcon(name) {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="` + assets.sprite + `#` + name + `"/></svg>`), nil
}

func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// buildURL makes an address from a path and query pairs; pairs with "" are
// left out.
func buildURL(path string, pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := asText(pairs[i+1]); v != "" {
			q.Set(asText(pairs[i]), v)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// fieldID is the HTML id of a field: "materials.2.name" → f-materials-2-name.
func fieldID(name string) string {
	b := []byte("f-" + name)
	for i, c := range b {
		if c == '.' || c == '[' || c == ']' || c == ' ' {
			b[i] = '-'
		}
	}
	return string(b)
}

// place gives a field's arguments their id, one that no field before it on the
// page has: several forms of a page may have the same names.
func place(m map[string]any) string {
	if m["id"] != nil {
		return ""
	}
	id := fieldID(asText(m["name"]))
	if page, ok := m["page"].(*Page); ok {
		id = page.freeID(id)
	}
	m["id"] = id
	return ""
}

func orDefault(v, fallback any) any {
	if truth, _ := template.IsTrue(v); truth {
		return v
	}
	return fallback
}

// asText is how a value stands in a form or an address.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(kernel.Shanghai).Format("2006-01-02T15:04")
	}
	return fmt.Sprint(v)
}

func asTexts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []string:
		return v
	}
	if s := asText(v); s != "" {
		return []string{s}
	}
	return nil
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// shown turns the values that rows hold into what a reader expects.
func shown(texts *i18n.Catalogues, lang string, v any) any {
	switch v := v.(type) {
	case kernel.Text:
		return textHTML(v, lang)
	case kernel.Date:
		return dateHTML(texts, lang, v)
	case time.Time:
		return timeHTML(v, texts.DateTime(lang, v))
	case template.HTML, nil:
		return v
	}
	return texts.Show(lang, v)
}

// selectOptions writes the options of a select, a []ui.Option or a list of
// them: a filter has a hundred, which the template engine would take
// milliseconds for.
func selectOptions(page any, name string, options, value any) (template.HTML, error) {
	p, _ := page.(*Page)
	var b strings.Builder
	write := func(o ui.Option) {
		b.WriteString(`<option value="`)
		b.WriteString(template.HTMLEscapeString(o.Value))
		b.WriteByte('"')
		if p != nil && p.Chosen(name, o.Value, value) {
			b.WriteString(" selected")
		}
		if o.Disabled {
			b.WriteString(" disabled")
		}
		b.WriteByte('>')
		b.WriteString(template.HTMLEscapeString(o.Text))
		b.WriteString("</option>")
	}
	switch options := options.(type) {
	case nil:
	case []ui.Option:
		for _, o := range options {
			write(o)
		}
	case []any:
		for _, o := range options {
			option, ok := o.(ui.Option)
			if !ok {
				return "", fmt.Errorf("select %s: an option is a %T", name, o)
			}
			write(option)
		}
	default:
		return "", fmt.Errorf("select %s: the options are a %T", name, options)
	}
	return template.HTML(b.String()), nil
}
