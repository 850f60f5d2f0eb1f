package exchange

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/settings"
)

//go:embed maps/*.json
var maps embed.FS

// FieldMap says how the records of a kind are called by their receivers. It
// is data: an administrator replaces it from a date on when the province or
// the city publishes its standard.
type FieldMap struct {
	Kind    string  `json:"kind"`
	Version string  `json:"version"` // stands in each message that was made by it
	Status  string  `json:"status"`  // "待省市规范" until the receiver's own standard is loaded
	Source  string  `json:"source"`
	Fields  []Field `json:"fields"`
}

// Field is one field of the receiver.
type Field struct {
	To         string            `json:"to"`              // the receiver's name
	Title      string            `json:"title"`           // its meaning, Chinese
	From       string            `json:"from,omitempty"`  // the room's name; "" with Value or for a field that stays empty
	Value      string            `json:"value,omitempty"` // the same for every record
	Type       string            `json:"type"`            // "text" or "date" (YYYY-MM-DD)
	Max        int               `json:"max,omitempty"`   // characters the receiver holds; 0 no limit
	Required   bool              `json:"required,omitempty"`
	Codes      map[string]string `json:"codes,omitempty"` // the room's words → the receiver's; others are refused
	Confidence string            `json:"confidence"`      // H text of the standard read, M secondary source, L remembered
}

// MapSetting is the dated setting that holds the map of a kind; its default
// is the map that ships. The error is one of a kind without a map.
func MapSetting(kind string) (settings.Key[FieldMap], error) {
	text, err := maps.ReadFile("maps/" + kind + ".json")
	if err != nil {
		return settings.Key[FieldMap]{}, kernel.Missing("field map", kind)
	}
	var fm FieldMap
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&fm); err != nil {
		return settings.Key[FieldMap]{}, fmt.Errorf("field map %s: %w", kind, err)
	}
	return settings.Key[FieldMap]{Name: "exchange.map." + kind, Default: fm, Check: FieldMap.Check,
		Title: kernel.Text{ZH: "对外字段对照：" + kind, EN: "Field map: " + kind}}, nil
}

func mapOf(ctx context.Context, q db.Q, now time.Time, kind string) (FieldMap, bool, error) {
	key, err := MapSetting(kind)
	if kernel.KindOf(err) == kernel.NotFound {
		return FieldMap{}, false, nil
	}
	if err != nil {
		return FieldMap{}, false, err
	}
	fm, err := key.At(ctx, q, now)
	return fm, true, err
}

// Check reports every fault of a map.
func (m FieldMap) Check() error {
	var c kernel.Check
	c.Require("kind", m.Kind)
	c.Require("version", m.Version)
	if len(m.Fields) == 0 {
		c.Add("fields", "required", "")
	}
	seen := map[string]bool{}
	for i, f := range m.Fields {
		at := fmt.Sprintf("fields.%d.", i)
		c.Require(at+"to", f.To)
		if seen[f.To] {
			c.Add(at+"to", "duplicate", f.To)
		}
		seen[f.To] = true
		if f.Type != "text" && f.Type != "date" {
			c.Add(at+"type", "choice", f.Type)
		}
		if f.From != "" && f.Value != "" {
			c.Add(at+"value", "mismatch", f.Value)
		}
		if !strings.Contains("HML", f.Confidence) || len(f.Confidence) != 1 {
			c.Add(at+"confidence", "choice", f.Confidence)
		}
	}
	return c.Err()
}

// Apply turns a record, a JSON object of texts, into the receiver's: an
// object with every field of the map, in its order. All broken rules are
// reported at once, under the room's names.
func (m FieldMap) Apply(record []byte) ([]byte, error) {
	var in map[string]any
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber()
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("record of %s: %w", m.Kind, err)
	}
	if in == nil {
		return nil, errors.New("record of " + m.Kind + ": not an object")
	}
	var c kernel.Check
	var b bytes.Buffer
	for i, f := range m.Fields {
		value := f.apply(&c, in)
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		for j, text := range []string{f.To, value} {
			quoted, err := json.Marshal(text)
			if err != nil {
				return nil, err
			}
			b.Write(quoted)
			if j == 0 {
				b.WriteByte(':')
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), c.Err()
}

// apply returns the value of one field.
func (f Field) apply(c *kernel.Check, in map[string]any) string {
	value := f.Value
	if f.From != "" {
		switch v := in[f.From].(type) {
		case nil:
		case string:
			value = strings.TrimSpace(v)
		case json.Number:
			value = v.String()
		case bool:
			value = fmt.Sprint(v)
		default:
			c.Add(f.From, "text", "")
			return ""
		}
	}
	if value == "" {
		if f.Required {
			c.Add(f.From, "required", "")
		}
		return ""
	}
	if f.Type == "date" {
		if _, err := kernel.ParseDate(value); err != nil {
			c.Add(f.From, "date", value)
		}
	}
	if f.Codes != nil {
		code, ok := f.Codes[value]
		if !ok {
			c.Add(f.From, "choice", value)
		}
		value = code
	}
	if f.Max > 0 {
		c.Length(f.From, value, f.Max)
	}
	return value
}

// Problem is one reason why a record was not taken.
type Problem struct {
	Field string         `json:"field"`
	Rule  string         `json:"rule"` // code of a rule, or the peer's own words
	Value string         `json:"value,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// problemsOf lists the fields of an Invalid error, and the key of any other
// error that a caller may be told about.
func problemsOf(err error) []Problem {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return []Problem{{Rule: "error.internal"}}
	}
	if len(e.Fields) == 0 {
		return []Problem{{Rule: e.Key, Args: e.Args}}
	}
	out := make([]Problem, len(e.Fields))
	for i, f := range e.Fields {
		out[i] = Problem{f.Field, f.Rule, f.Value, f.Args}
	}
	return out
}
