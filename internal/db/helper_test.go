package db_test

import (
	"strings"
	"testing/fstest"

	"anlan/internal/db"
)

// source makes the migrations of an invented package from one text.
func source(owner, text string) db.Migrations {
	return db.Migrations{Owner: owner, Rank: 7, FS: fstest.MapFS{"0001_init.sql": {Data: []byte(text)}}}
}

func containsSecret(s string) bool { return strings.Contains(s, "hunter2") }
