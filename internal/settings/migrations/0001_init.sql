CREATE TABLE settings_rows (
	name TEXT NOT NULL,
	version BIGINT NOT NULL,
	from_date TEXT NOT NULL,
	value TEXT NOT NULL,
	set_at BIGINT NOT NULL,
	set_by TEXT NOT NULL,
	PRIMARY KEY (name, version)
);

CREATE INDEX settings_rows_dated ON settings_rows (name, from_date, version);
