package form

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"anlan/internal/kernel"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	maxSchema = 1 << 20 // bytes
	maxDepth  = 6       // of groups and lists in each other
	maxFields = 1000
)

// Parse reads a schema. Faults come back as one kernel.Invalid error whose
// fields are places in the schema ("schema.properties.name"):
//
//	json              not a JSON object, or too large
//	schema_invalid    breaks the rules of JSON Schema 2020-12
//	schema_ref        a $ref that is not to #/$defs/NAME of the same schema
//	schema_type       a type no field can be made for; value names it
//	schema_name       a property name that is not letters, digits and _
//	schema_title      a property without title
//	schema_widget     an unknown x-widget; schema_check: an unknown x-check
//	schema_deep       nested too deep or too many fields
func Parse(schema []byte) (*Form, error) {
	if len(schema) > maxSchema {
		return nil, kernel.Bad("schema", "json", "")
	}
	var root node
	dec := json.NewDecoder(bytes.NewReader(schema))
	dec.UseNumber()
	if err := dec.Decode(&root); err != nil {
		return nil, kernel.Bad("schema", "json", "")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, kernel.Bad("schema", "json", "")
	}
	compiled, err := compile(schema)
	if err != nil {
		return nil, err
	}
	p := parser{defs: root.Defs}
	f := &Form{
		Title:       kernel.Text{ZH: root.Title, EN: root.TitleEN},
		Description: kernel.Text{ZH: root.Description, EN: root.DescriptionEN},
		schema:      compiled,
	}
	if t := root.typeName(); t != "object" {
		p.Add("schema.type", "schema_type", t)
	}
	f.Fields = p.fields("schema", &root, 0)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// nowhere refuses to load schemas from files or the network.
type nowhere struct{}

var errNowhere = errors.New("form: a schema stands alone")

func (nowhere) Load(string) (any, error) { return nil, errNowhere }

func compile(schema []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, kernel.Bad("schema", "json", "")
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nowhere{})
	c.AssertFormat()
	if err := c.AddResource("form:schema", doc); err != nil {
		return nil, kernel.Bad("schema", "schema_invalid", "")
	}
	compiled, err := c.Compile("form:schema")
	if err == nil {
		return compiled, nil
	}
	var faults kernel.Check
	var se *jsonschema.SchemaValidationError
	var ve *jsonschema.ValidationError
	if errors.As(err, &se) && errors.As(se.Err, &ve) {
		for _, leaf := range leaves(ve) {
			faults.Add(strings.Join(append([]string{"schema"}, leaf.InstanceLocation...), "."), "schema_invalid", "")
		}
	}
	if len(faults.Fields) == 0 {
		faults.Add("schema", "schema_invalid", "")
	}
	invalid := faults.Err().(*kernel.Error)
	invalid.Err = err // says more, for the log
	return nil, invalid
}

// node is what a form needs of a JSON Schema.
type node struct {
	Ref           string          `json:"$ref"`
	Defs          map[string]node `json:"$defs"`
	Type          any             `json:"type"`
	Title         string          `json:"title"`
	TitleEN       string          `json:"x-title-en"`
	Description   string          `json:"description"`
	DescriptionEN string          `json:"x-description-en"`
	Hint          string          `json:"x-hint"`
	HintEN        string          `json:"x-hint-en"`
	Unit          string          `json:"x-unit"`
	UnitEN        string          `json:"x-unit-en"`
	Order         *float64        `json:"x-order"`
	Widget        string          `json:"x-widget"`
	Sensitive     bool            `json:"x-sensitive"`
	Check         string          `json:"x-check"`
	Only          string          `json:"x-only"`
	Autocomplete  string          `json:"x-autocomplete"`
	EnumTitles    []string        `json:"x-enum-titles"`
	EnumTitlesEN  []string        `json:"x-enum-titles-en"`
	Properties    properties      `json:"properties"`
	Required      []string        `json:"required"`
	Items         *node           `json:"items"`
	Enum          []any           `json:"enum"`
	Format        string          `json:"format"`
	MinLength     json.Number     `json:"minLength"`
	MaxLength     json.Number     `json:"maxLength"`
	MinItems      json.Number     `json:"minItems"`
	MaxItems      json.Number     `json:"maxItems"`
	Default       any             `json:"default"`
}

func (n *node) typeName() string {
	switch t := n.Type.(type) {
	case string:
		return t
	case nil:
		return ""
	default:
		return fmt.Sprint(t)
	}
}

// properties keeps the order in which they were written.
type properties []property

type property struct {
	name string
	node node
}

func (p *properties) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.Join(err, errors.New("properties: want an object"))
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var n node
		if err := dec.Decode(&n); err != nil {
			return err
		}
		*p = append(*p, property{name.(string), n})
	}
	return nil
}

// parser makes fields of nodes and gathers faults.
type parser struct {
	kernel.Check
	defs  map[string]node
	count int
}

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

func (p *parser) fields(path string, object *node, depth int) []*Field {
	if depth > maxDepth {
		p.Add(path, "schema_deep", "", "max", maxDepth)
		return nil
	}
	var fields []*Field
	for i, prop := range object.Properties {
		at := path + ".properties." + prop.name
		if !fieldName.MatchString(prop.name) {
			p.Add(at, "schema_name", prop.name)
			continue
		}
		if p.count++; p.count == maxFields {
			p.Add(at, "schema_deep", "", "max", maxFields)
		}
		if p.count >= maxFields {
			return fields
		}
		f := p.field(at, prop, depth)
		f.Required = slices.Contains(object.Required, prop.name)
		f.order = 1e9 + float64(i)
		if prop.node.Order != nil {
			f.order = *prop.node.Order
		}
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b *Field) int { return cmp.Compare(a.order, b.order) })
	return fields
}

func (p *parser) field(path string, prop property, depth int) *Field {
	n := p.resolve(path, prop.node)
	f := &Field{
		Name:         prop.name,
		Title:        kernel.Text{ZH: n.Title, EN: n.TitleEN},
		Hint:         kernel.Text{ZH: n.Hint, EN: n.HintEN},
		Unit:         kernel.Text{ZH: n.Unit, EN: n.UnitEN},
		Sensitive:    n.Sensitive,
		Check:        n.Check,
		Only:         n.Only,
		Widget:       n.Widget,
		Autocomplete: n.Autocomplete,
		Format:       n.Format,
		MinLength:    number(n.MinLength),
		MaxLength:    number(n.MaxLength),
		MinItems:     number(n.MinItems),
		MaxItems:     number(n.MaxItems),
		Default:      n.Default,
	}
	if n.Title == "" {
		p.Add(path, "schema_title", "")
	}
	if !slices.Contains([]string{"", "textarea", "radio", "select", "checkbox", "tel"}, n.Widget) {
		p.Add(path+".x-widget", "schema_widget", n.Widget)
	}
	if checks(n.Check) == nil && n.Check != "" && (n.Check != notExpired || n.Format != "date") {
		p.Add(path+".x-check", "schema_check", n.Check)
	}
	p.kind(path, f, &n, depth)
	return f
}

// kind decides what f holds.
func (p *parser) kind(path string, f *Field, n *node, depth int) {
	t := n.typeName()
	switch {
	case n.Enum != nil && t != "array":
		f.Kind, f.Options = Choice, options(n)
	case t == "string" && n.Format == "date":
		f.Kind = Date
	case t == "string":
		f.Kind = Text
	case t == "number":
		f.Kind = Number
	case t == "integer":
		f.Kind = Integer
	case t == "boolean":
		f.Kind = Boolean
	case t == "object":
		f.Kind = Group
		f.Fields = p.fields(path, n, depth+1)
	case t == "array" && n.Items != nil:
		items := p.resolve(path+".items", *n.Items)
		switch {
		case items.Enum != nil:
			f.Kind, f.Options = Choices, options(&items)
		case items.typeName() == "object":
			f.Kind = List
			f.Fields = p.fields(path+".items", &items, depth+1)
		default:
			p.Add(path+".items", "schema_type", items.typeName())
		}
	default:
		p.Add(path, "schema_type", t)
	}
}

// resolve follows a $ref into $defs; what stands beside the $ref wins.
func (p *parser) resolve(path string, n node) node {
	if n.Ref == "" {
		return n
	}
	name, ok := strings.CutPrefix(n.Ref, "#/$defs/")
	target, found := p.defs[name]
	if !ok || !found || target.Ref != "" {
		p.Add(path+".$ref", "schema_ref", n.Ref)
		return n
	}
	target.Title, target.TitleEN = cmp.Or(n.Title, target.Title), cmp.Or(n.TitleEN, target.TitleEN)
	target.Hint, target.HintEN = cmp.Or(n.Hint, target.Hint), cmp.Or(n.HintEN, target.HintEN)
	target.Widget = cmp.Or(n.Widget, target.Widget)
	target.Sensitive = n.Sensitive || target.Sensitive
	if n.Default != nil {
		target.Default = n.Default
	}
	return target
}

func options(n *node) []Option {
	out := make([]Option, len(n.Enum))
	for i, v := range n.Enum {
		out[i] = Option{Value: v, Title: kernel.Text{ZH: fmt.Sprint(v)}}
		if i < len(n.EnumTitles) {
			out[i].Title.ZH = n.EnumTitles[i]
		}
		if i < len(n.EnumTitlesEN) {
			out[i].Title.EN = n.EnumTitlesEN[i]
		}
	}
	return out
}

// number reads a small count; compile has refused anything else.
func number(n json.Number) int {
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1e9 {
		return 0
	}
	return int(f)
}
