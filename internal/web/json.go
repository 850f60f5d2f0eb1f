package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"unicode/utf8"

	"anlan/internal/kernel"
)

// maxDepth bounds the nesting of JSON input.
const maxDepth = 32

// decodeOperation fills the input of a typed operation from path, query and
// JSON body; all faults come back at once.
func (r *Request) decodeOperation(dst any) error {
	v := reflect.ValueOf(dst).Elem()
	check := &kernel.Check{}
	r.parameters(v, check)
	if !hasBody(v.Type()) {
		return check.Err()
	}
	tree, err := r.jsonBody(check)
	if err != nil {
		return err
	}
	decoder{check: check, strict: true}.object("", tree, v)
	return check.Err()
}

// parameters fills the fields that come from the path and the query string.
func (r *Request) parameters(v reflect.Value, check *kernel.Check) {
	query := r.URL.Query()
	d := decoder{check: check, form: true}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			r.parameters(v.Field(i), check)
			continue
		}
		if name := f.Tag.Get("path"); name != "" {
			d.value(name, []string{r.PathValue(name)}, v.Field(i))
		}
		if name := f.Tag.Get("query"); name != "" && query.Has(name) {
			d.value(name, query[name], v.Field(i))
		}
	}
}

// hasBody reports whether an operation's input has fields of a JSON body.
func hasBody(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			if hasBody(f.Type) {
				return true
			}
			continue
		}
		if inputName(f) != "" {
			return true
		}
	}
	return false
}

// jsonBody reads the body; keys given twice are added to check.
func (r *Request) jsonBody(check *kernel.Check) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, statusProblem(http.StatusUnsupportedMediaType, kernel.Bad("body", "content_type", kind))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, broken(err)
	}
	tree, err := parseObject(body, check)
	if err != nil {
		return nil, statusProblem(http.StatusBadRequest, err)
	}
	return tree, nil
}

// ParseJSON reads one strict JSON object from body into dst as operations do:
// doubled and unknown keys, wrong types, text after the object and text that
// is not UTF-8 are faults with their paths. For callers that keep the bytes.
func ParseJSON(body []byte, dst any) error {
	check := &kernel.Check{}
	tree, err := parseObject(body, check)
	if err != nil {
		return err
	}
	decoder{check: check, strict: true}.object("", tree, reflect.ValueOf(dst).Elem())
	return check.Err()
}

var (
	errTooDeep  = errors.New("json: nested too deep")
	errNoText   = errors.New("json: a key that is no text")
	errTrailing = errors.New("json: text after the value")
)

// parseObject reads exactly one JSON object; keys given twice are added to
// check, anything else wrong is an error.
func parseObject(body []byte, check *kernel.Check) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, kernel.Bad("body", "encoding", "")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	node, err := parseNode(dec, "", 0, check)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errTrailing
		}
	}
	if err != nil {
		return nil, kernel.Bad("body", "json", "")
	}
	tree, ok := node.(map[string]any)
	if !ok {
		return nil, kernel.Bad("body", "object", leafText(node))
	}
	return tree, nil
}

func parseNode(dec *json.Decoder, path string, depth int, check *kernel.Check) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		return parseMembers(dec, path, depth, check)
	case json.Delim('['):
		return parseElements(dec, path, depth, check)
	}
	if text, ok := tok.(string); ok && !kernel.IsText(text) {
		check.Add(path, "encoding", "")
	}
	return tok, nil
}

func parseMembers(dec *json.Decoder, path string, depth int, check *kernel.Check) (any, error) {
	tree := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := tok.(string)
		if !kernel.IsText(name) {
			return nil, errNoText
		}
		at := join(path, name)
		node, err := parseNode(dec, at, depth+1, check)
		if err != nil {
			return nil, err
		}
		if _, taken := tree[name]; taken {
			check.Add(at, "duplicate", leafText(node))
		}
		tree[name] = node
	}
	_, err := dec.Token()
	return tree, err
}

func parseElements(dec *json.Decoder, path string, depth int, check *kernel.Check) (any, error) {
	list := []any{}
	for i := 0; dec.More(); i++ {
		node, err := parseNode(dec, join(path, itoa(i)), depth+1, check)
		if err != nil {
			return nil, err
		}
		list = append(list, node)
	}
	_, err := dec.Token()
	return list, err
}
