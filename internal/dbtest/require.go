package dbtest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// RequireEnv names the variable that turns skips into failures.
const RequireEnv = "ANLAN_TEST_REQUIRE"

// Require returns the path of the first program found among name and its
// other names. Without it the test is skipped, or fails when name stands in
// ANLAN_TEST_REQUIRE.
func Require(t testing.TB, name string, otherNames ...string) string {
	t.Helper()
	for _, candidate := range append([]string{name}, otherNames...) {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	Lacking(t, name, "the program is not installed")
	return ""
}

// Lacking skips the test because what it needs is not there, or fails it when
// name stands in ANLAN_TEST_REQUIRE.
func Lacking(t testing.TB, name, why string) {
	t.Helper()
	if required(name) {
		t.Fatalf("%s: %s (%s requires it)", name, why, RequireEnv)
	}
	t.Skipf("%s: %s", name, why)
}

func required(name string) bool {
	return slices.ContainsFunc(strings.Split(os.Getenv(RequireEnv), ","), func(s string) bool {
		return strings.TrimSpace(s) == name
	})
}
