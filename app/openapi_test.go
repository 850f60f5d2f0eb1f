package app

import (
	"encoding/json"
	"strings"
	"testing"

	"anlan/internal/webtest"
)

func TestOpenAPIDescribesEveryOperationOfThePlatform(t *testing.T) {
	c := wholeCity(t)
	doc := c.Client(t, "").Get("/api/openapi.json").Want(200)
	webtest.CheckOpenAPI(t, "../internal/web/testdata/openapi-3.1-schema.json", []byte(doc.Body))
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(doc.Body), &d); err != nil {
		t.Fatal(err)
	}
	page, n := c.Client(t, "").Get("/api").Want(200), 0
	for _, rt := range c.routes {
		if !rt.IsOperation() {
			continue
		}
		n++
		if d.Paths[rt.Path][strings.ToLower(rt.Method)] == nil {
			t.Errorf("%s is not in the document", rt)
		}
		if !strings.Contains(page.Text(), rt.Path) {
			t.Errorf("%s is not on the readable page", rt)
		}
	}
	if n < 10 {
		t.Errorf("only %d operations", n)
	}
}
