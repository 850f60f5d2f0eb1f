package webtest_test

import (
	"testing"

	"anlan/internal/i18n"
	"anlan/internal/web"
	"anlan/internal/webtest"
)

func TestEveryKeyOfTheDoorHasAText(t *testing.T) {
	texts, err := i18n.Load(web.Source())
	if err != nil {
		t.Fatal(err)
	}
	webtest.CheckKeys(t, "../web", texts)
}
