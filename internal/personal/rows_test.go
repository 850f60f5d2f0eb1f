package personal

import "testing/fstest"

// testRows is a table that keeps sealed fields, as a room has one.
var testRows = fstest.MapFS{"0001_rows.sql": {Data: []byte(`CREATE TABLE test_rows (
	person_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (person_id, field)
);`)}}
