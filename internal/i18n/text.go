package i18n

import (
	"fmt"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// T returns the text of key in lang, its placeholders filled from args, which
// are pairs of name and value ("n", 3). Values are shown as Show does. A key
// without a text comes back between ⟦ and ⟧, so that it is seen and never
// stops a page; so does a placeholder without an argument.
func (c *Catalogues) T(lang, key string, args ...any) string {
	if len(args) == 0 {
		return c.Fill(lang, key, nil)
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			m[name] = args[i+1]
		}
	}
	return c.Fill(lang, key, m)
}

// Fill is T with the arguments as a map, as kernel.Error carries them.
func (c *Catalogues) Fill(lang, key string, args map[string]any) string {
	lang = known(lang)
	m, ok := c.texts[lang][key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	if len(m) == 1 && m[0].name == "" {
		return m[0].literal
	}
	var b strings.Builder
	for _, p := range m {
		b.WriteString(c.piece(lang, p, args))
	}
	return b.String()
}

func (c *Catalogues) piece(lang string, p piece, args map[string]any) string {
	if p.name == "" {
		return p.literal
	}
	v, ok := args[p.name]
	switch {
	case !ok:
		return "⟦" + p.name + "⟧"
	case p.plural && fmt.Sprint(v) == "1":
		return p.one
	case p.plural:
		return p.many
	}
	return c.Show(lang, v)
}

// Show returns a value as a reader of lang expects it: numbers grouped, dates
// and times in Asia/Shanghai, kernel.Text in the language, everything else as
// fmt prints it.
func (c *Catalogues) Show(lang string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case kernel.Text:
		s, _ := v.In(known(lang))
		return s
	case kernel.Date:
		return c.Date(lang, v)
	case time.Time:
		return c.DateTime(lang, v)
	case time.Duration:
		return c.Duration(lang, v)
	case int:
		return Number(int64(v))
	case int64:
		return Number(v)
	case int32:
		return Number(int64(v))
	case float64:
		return Decimal(v, -1)
	}
	return fmt.Sprint(v)
}

// Error returns the text of err for a person: that of its key. Errors without
// a key (internal ones) get a general text; their cause is never shown.
func (c *Catalogues) Error(lang string, err *kernel.Error) string {
	if err == nil || err.Key == "" {
		return c.T(lang, "error.internal")
	}
	args := err.Args
	if what, ok := args["what"].(string); ok && c.Has("common.what."+what) {
		args = map[string]any{"what": c.T(lang, "common.what."+what), "id": args["id"]}
	}
	return c.Fill(lang, err.Key, args)
}

// Rule returns the text of one broken rule, with Args and the value given as
// {value}. A plain rule ("required") stands under "rule.required" in the base
// texts; one with a dot ("licensing.rule.too_early") is a key of its package.
func (c *Catalogues) Rule(lang string, f kernel.FieldError) string {
	args := map[string]any{"value": cut(f.Value, 60)}
	for k, v := range f.Args {
		args[k] = v
	}
	if strings.Contains(f.Rule, ".") {
		return c.Fill(lang, f.Rule, args)
	}
	return c.Fill(lang, "rule."+f.Rule, args)
}

// cut shortens s to max runes.
func cut(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	return string(r[:max]) + "…"
}
