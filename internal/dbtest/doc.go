// Package dbtest gives tests a database of their own on every engine: Each
// runs a test on SQLite and on PostgreSQL, Faulty makes statements fail on
// demand, Require asks for a program and skips visibly without it.
//
// PostgreSQL comes from ANLAN_TEST_POSTGRES (a postgres:// URL of a server on
// which databases may be created) or from a throw-away cluster made of the
// installed binaries, which ends with the test process however that ends.
// ANLAN_TEST_REQUIRE is a list such as "postgres,chromium": what it names
// must be there, so a skip becomes a failure. Databases made on a server of
// yours are named anlan_test_*; those a killed test leaves behind are dropped
// by a later run.
package dbtest
