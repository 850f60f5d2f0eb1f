package app

import (
	"testing"

	"anlan/internal/auth"
)

// TestEveryPermissionHasItsText looks at what the page of roles says.
func TestEveryPermissionHasItsText(t *testing.T) {
	texts, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	roles, err := auth.Compose(auth.BaseRoles(), grants()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range roles.Known().Sorted() {
		if !texts.Has("auth.permission."+string(p)) && !texts.Has("admin.permission."+string(p)) {
			t.Errorf("the permission %s has no text", p)
		}
	}
}
