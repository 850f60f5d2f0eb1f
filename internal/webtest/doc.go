// Package webtest helps tests of pages: a server around routes with people
// who are already signed in, a client that keeps cookies and fills in forms
// as a browser without scripts would, a real Chromium that fails the test on
// every console error, uncaught exception, policy violation and axe finding,
// and checks that every view renders with sample data and holds no inline
// script or style. For tests only.
//
// Without Chromium the browser tests are skipped visibly;
// ANLAN_TEST_REQUIRE=chromium turns the skip into a failure.
package webtest
