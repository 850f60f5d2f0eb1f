package webtest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CheckOpenAPI validates doc against the OpenAPI 3.1 schema, compiles every
// component as JSON Schema 2020-12, and looks for references that lead
// nowhere and operation ids given twice. schemaFile is
// internal/web/testdata/openapi-3.1-schema.json from where the test stands.
func CheckOpenAPI(t testing.TB, schemaFile string, doc []byte) {
	t.Helper()
	meta, err := os.Open(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	defer meta.Close()
	schema, err := jsonschema.UnmarshalJSON(meta)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(doc)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("meta.json", schema); err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("doc.json", value); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("meta.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("not OpenAPI 3.1: %v", err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	for name := range d.Components.Schemas {
		if _, err := c.Compile("doc.json#/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	ids := map[string]bool{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			if ids[op.OperationID] {
				t.Errorf("%s %s: operation id %s is given twice", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}
