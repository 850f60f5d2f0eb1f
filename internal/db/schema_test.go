package db_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

func TestSchemaReadsTheSameOnBothEngines(t *testing.T) {
	src := source("shop", `
CREATE TABLE shop_goods (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL DEFAULT '', -- CHECK (nothing)
	stock BIGINT NOT NULL DEFAULT 0 CHECK (stock >= 0),
	low BIGINT NOT NULL DEFAULT -1,
	open BOOLEAN NOT NULL DEFAULT TRUE,
	weight DOUBLE PRECISION,
	picture BLOB,
	UNIQUE (name, stock)
);
CREATE INDEX shop_goods_stock ON shop_goods (stock DESC, name);
CREATE UNIQUE INDEX shop_goods_open ON shop_goods (name) WHERE open = TRUE;
CREATE INDEX shop_goods_lower ON shop_goods (lower(name));
CREATE TABLE shop_lines (
	order_id TEXT NOT NULL, nr BIGINT NOT NULL, good TEXT NOT NULL REFERENCES shop_goods (id) ON DELETE CASCADE,
	PRIMARY KEY (order_id, nr)
);
`)
	want := map[string]string{
		"shop_goods": `column id text not null
column name text not null default ''
column stock bigint not null default 0
column low bigint not null default -1
column open boolean not null default true
column weight double precision
column picture blob
checks 1
index shop_goods_lower ((expression))
index shop_goods_stock (stock desc, name)
primary key (id)
unique (name, stock)
unique shop_goods_open (name) partial`,
		"shop_lines": `column order_id text not null
column nr bigint not null
column good text not null
checks 0
foreign key (good) references shop_goods (id) on delete cascade
primary key (order_id, nr)`,
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables, err := d.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, table := range tables {
			if table.Name != "schema_migrations" {
				got[table.Name] = strings.Join(table.Lines, "\n")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}, src)
}
