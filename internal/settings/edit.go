package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Form says which control an administrator edits a setting with.
type Form string

// The forms. Everything that is none of the first four is edited as JSON.
const (
	Switch   Form = "switch"   // "true" or "false"
	Number   Form = "number"   // whole or decimal
	Line     Form = "line"     // text
	Duration Form = "duration" // "90s", "48h"
	JSON     Form = "json"
)

// Editable is a key without its type, for the admin page.
type Editable struct {
	Name    string
	Title   kernel.Text
	Form    Form
	Default string // as text in the form
	show    func(value string) (string, error)
	set     func(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, from kernel.Date, text string) error
}

// Editable gives the key to the admin page.
func (k Key[T]) Editable() Editable {
	form := formOf(k.Default)
	return Editable{
		Name: k.Name, Title: k.Title, Form: form, Default: text(form, k.Default),
		show: func(value string) (string, error) {
			v, err := k.decode(value)
			return text(form, v), err
		},
		set: func(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, from kernel.Date, s string) error {
			var v T
			if err := parse(form, s, &v); err != nil {
				return kernel.Bad("value", rules[form], s)
			}
			return k.Set(ctx, tx, now, actor, from, v)
		},
	}
}

// rules are the codes for text that cannot be read in a form.
var rules = map[Form]string{Switch: "boolean", Number: "number", Duration: "duration", JSON: "json"}

// Set is Key.Set with the value as text. What cannot be read is an Invalid
// error of the field "value".
func (e Editable) Set(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, from kernel.Date, text string) error {
	return e.set(ctx, tx, now, actor, from, text)
}

// History returns every row of the setting with its value as text, the one
// that holds longest in the future first.
func (e Editable) History(ctx context.Context, q db.Q) ([]Row, error) {
	rows, err := History(ctx, q, e.Name)
	for i := range rows {
		if err == nil {
			rows[i].Value, err = e.show(rows[i].Value)
		}
	}
	return rows, err
}

// Listed is a setting as the admin page lists it.
type Listed struct {
	Editable
	Value  string      // that holds now, as text
	From   kernel.Date // since when; zero: the default holds
	SetAt  time.Time
	SetBy  kernel.Actor
	Coming []Row // rows whose date is still to come, the next first; Value as text
}

// List returns every key of keys with what holds now and what is to come.
func List(ctx context.Context, q db.Q, now time.Time, keys []Editable) ([]Listed, error) {
	out := make([]Listed, len(keys))
	today := kernel.DateOf(now)
	for i, e := range keys {
		rows, err := e.History(ctx, q)
		if err != nil {
			return nil, err
		}
		out[i] = Listed{Editable: e, Value: e.Default}
		for _, r := range rows {
			if !r.From.After(today) {
				out[i].Value, out[i].From, out[i].SetAt, out[i].SetBy = r.Value, r.From, r.SetAt, r.SetBy
				break
			}
			if n := len(out[i].Coming); n == 0 || out[i].Coming[0].From != r.From { // the one set last stands first
				out[i].Coming = append([]Row{r}, out[i].Coming...)
			}
		}
	}
	return out, nil
}

func formOf(v any) Form {
	switch v.(type) {
	case bool:
		return Switch
	case time.Duration:
		return Duration
	case int, int64, float64:
		return Number
	case string:
		return Line
	}
	return JSON
}

func text(form Form, v any) string {
	switch form {
	case Line:
		return v.(string)
	case Duration:
		return v.(time.Duration).String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// parse reads s strictly into *v: nothing is cut off or guessed.
func parse(form Form, s string, v any) error {
	switch form {
	case Line:
		*v.(*string) = s
		return nil
	case Duration:
		d, err := time.ParseDuration(s)
		*v.(*time.Duration) = d
		return err
	case Switch:
		b, err := strconv.ParseBool(s)
		*v.(*bool) = b
		return err
	}
	if form == Number && strings.TrimSpace(s) == "null" {
		return errors.New("no number")
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(s)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}
