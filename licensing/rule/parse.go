package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"anlan/internal/kernel"
)

// ParseVersion reads one version from JSON, the form in which administrators'
// versions are stored, and checks it. Faults are an Invalid error whose
// fields are paths in the JSON ("statutory.n"); unknown fields are faults.
func ParseVersion(text []byte) (*Version, error) {
	var v Version
	if err := decode(text, &v); err != nil {
		return nil, err
	}
	var c kernel.Check
	v.check(&c, "")
	return &v, c.Err()
}

// ParseItem reads an item with its versions from JSON and checks it.
func ParseItem(text []byte) (Item, error) {
	var it Item
	if err := decode(text, &it); err != nil {
		return Item{}, err
	}
	var c kernel.Check
	it.check(&c, "")
	for i, v := range it.Versions {
		if v == nil {
			c.Add(at("versions", i), "required", "")
			continue
		}
		v.check(&c, at("versions", i)+".")
	}
	return it, c.Err()
}

// decode reads exactly one JSON value without unknown fields. Its faults name
// the field where the decoder knows it.
func decode(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return kernel.Bad("json", "json", "")
	}
	var wrongType *json.UnmarshalTypeError
	var invalid *kernel.Error
	name, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.As(err, &wrongType):
		field := strings.ReplaceAll(wrongType.Field, "Limit.", "") // Period embeds a Limit; the JSON knows no such level
		return kernel.Bad(orJSON(field), "rule_type", wrongType.Value)
	case errors.As(err, &invalid):
		return invalid
	case unknown:
		return kernel.Bad(strings.Trim(name, `"`), "unknown", "")
	}
	return &kernel.Error{Kind: kernel.Invalid, Key: "error.invalid", Err: err,
		Fields: []kernel.FieldError{{Field: "json", Rule: "json"}}}
}

func orJSON(field string) string {
	if field == "" {
		return "json"
	}
	return field
}
