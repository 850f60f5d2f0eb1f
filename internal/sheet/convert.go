package sheet

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"anlan/internal/kernel"
)

// convert reads a cell as its column says. It returns nil and records the
// error in r when it cannot.
func (c Column) convert(r *Row, in cell, date1904 bool) any {
	switch in.kind {
	case cellEmpty:
		if c.Required {
			r.Add(c.Name, "required", "")
		}
		return nil
	case cellError:
		r.Add(c.Name, "sheet_error", in.text)
		return nil
	case cellFormula:
		r.Add(c.Name, "sheet_formula", "")
		return nil
	}
	switch c.Kind {
	case Integer, Number:
		return c.number(r, in)
	case Date:
		return c.date(r, in, date1904)
	}
	text, ok := c.text(r, in)
	if !ok {
		return nil
	}
	switch c.Kind {
	case Choice:
		return c.choice(r, text)
	case Boolean:
		return c.boolean(r, text)
	}
	return text
}

// text reads a cell as text. A number becomes its digits when Excel can have
// kept all of them, which are 15.
func (c Column) text(r *Row, in cell) (string, bool) {
	text := strings.TrimSpace(in.text)
	switch in.kind {
	case cellDate:
		r.Add(c.Name, "sheet_date", in.text)
		return "", false
	case cellBool:
		text = map[bool]string{true: "TRUE", false: "FALSE"}[in.text == "1"]
	case cellNumber:
		var ok bool
		if text, ok = digits(in.text); !ok {
			r.Add(c.Name, "sheet_precision", in.text)
			return "", false
		}
	}
	if rule := wrongText(text); rule != "" {
		r.Add(c.Name, rule, "")
		return "", false
	}
	if c.Kind == Choice || c.Kind == Boolean {
		return text, true
	}
	limit := c.Max
	if limit == 0 {
		limit = defaultMax
	}
	if n := utf8.RuneCountInString(text); n > limit {
		r.Add(c.Name, "too_long", strconv.Itoa(n), "max", limit)
		return "", false
	}
	if c.Check != nil {
		var found kernel.Check
		if found.Merge("", c.Check(c.Name, text)) {
			for _, f := range found.Fields {
				if f.Args == nil {
					f.Args = map[string]any{}
				}
				f.Args["cell"] = r.cells[c.Name]
				r.Errors.Fields = append(r.Errors.Fields, f)
			}
			return "", false
		}
	}
	return text, true
}

// wrongText returns the rule that text breaks: it must be UTF-8 without
// control characters besides line ends and tabs.
func wrongText(text string) string {
	if !utf8.ValidString(text) {
		return "encoding"
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == '\x7f' {
			return "control_character"
		}
	}
	return ""
}

// digits writes a number of the file in full. A whole number of more than 15
// digits has lost some: Excel keeps no more.
func digits(value string) (string, bool) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || math.Abs(f) >= 1e15 {
		return "", false
	}
	// 0.1 may stand in the file as 0.10000000000000001
	short := strconv.FormatFloat(f, 'g', 15, 64)
	f, _ = strconv.ParseFloat(short, 64)
	return strconv.FormatFloat(f, 'f', -1, 64), true
}

var numeral = regexp.MustCompile(`^[+-]?(\d{1,40}(\.\d{0,20})?|\.\d{1,20})$`)

// number reads a number cell, or a text that is a number.
func (c Column) number(r *Row, in cell) any {
	rule := string(c.Kind)
	text := strings.TrimSpace(in.text)
	switch in.kind {
	case cellNumber:
		var ok bool
		if text, ok = digits(in.text); !ok {
			r.Add(c.Name, "sheet_precision", in.text)
			return nil
		}
	case cellText:
		if !numeral.MatchString(text) {
			r.Add(c.Name, rule, text)
			return nil
		}
	default:
		r.Add(c.Name, rule, text)
		return nil
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok || c.Kind == Integer && !value.IsInt() {
		r.Add(c.Name, rule, text)
		return nil
	}
	if c.Kind == Integer {
		if !value.Num().IsInt64() {
			r.Add(c.Name, "too_large", text, "max", strconv.Itoa(math.MaxInt64))
			return nil
		}
		return json.Number(value.Num().String())
	}
	places, _ := value.FloatPrec()
	return json.Number(value.FloatString(places))
}

var dateText = regexp.MustCompile(`^(\d{4})\s*(?:[-/.]|年)\s*(\d{1,2})\s*(?:[-/.]|月)\s*(\d{1,2})\s*日?$|^(\d{4})(\d{2})(\d{2})$`)

// date reads a date cell, or a text such as 2026-05-06, 2026/5/6, 2026年5月6日
// or 20260506. A bare number is no date: 2026 would be the 18th of July 1905.
func (c Column) date(r *Row, in cell, date1904 bool) any {
	text := strings.TrimSpace(in.text)
	if in.kind == cellDate {
		if d, ok := serialDate(text, date1904); ok {
			return d
		}
	}
	if in.kind == cellText || in.kind == cellNumber {
		if m := dateText.FindStringSubmatch(text); m != nil {
			parts := m[1:4]
			if m[4] != "" {
				parts = m[4:7]
			}
			for i := range parts {
				if len(parts[i]) == 1 {
					parts[i] = "0" + parts[i]
				}
			}
			if d, err := kernel.ParseDate(strings.Join(parts, "-")); err == nil {
				return d
			}
		}
	}
	r.Add(c.Name, "date", text)
	return nil
}

// serialDate turns Excel's count of days into a date; ok is false for times,
// for days outside 1900–9999 and for the 29 February 1900 that Excel invented.
func serialDate(serial string, date1904 bool) (kernel.Date, bool) {
	f, err := strconv.ParseFloat(serial, 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > 2_958_465 {
		return kernel.Date{}, false
	}
	n := int(f)
	switch {
	case date1904:
		return kernel.NewDate(1904, 1, 1).AddDays(n), true
	case n == 0 || n == 60:
		return kernel.Date{}, false
	case n < 60:
		return kernel.NewDate(1899, 12, 31).AddDays(n), true
	}
	return kernel.NewDate(1899, 12, 30).AddDays(n), true
}

// choice finds the option by its title in either language or its value.
func (c Column) choice(r *Row, text string) any {
	for _, o := range c.Options {
		if heading(text) == heading(o.Title.ZH) || text == o.Value || o.Title.EN != "" && heading(text) == heading(o.Title.EN) {
			return o.Value
		}
	}
	r.Add(c.Name, "choice", text)
	return nil
}

func (c Column) boolean(r *Row, text string) any {
	switch strings.ToLower(text) {
	case "是", "有", "yes", "y", "true", "1", "√":
		return true
	case "否", "无", "no", "n", "false", "0", "×":
		return false
	}
	r.Add(c.Name, "boolean", text)
	return nil
}
