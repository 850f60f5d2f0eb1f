package rule

import (
	"testing"

	"anlan/internal/form"
)

func TestShippedDataKeepEveryRule(t *testing.T) {
	if _, err := Load(data); err != nil {
		t.Fatal(err)
	}
}

func TestEveryShippedFormIsAForm(t *testing.T) {
	for _, id := range FormIDs() {
		text, _ := Form(id)
		if _, err := form.Parse(text); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
