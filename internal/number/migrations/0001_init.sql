CREATE TABLE number_series (
	series TEXT PRIMARY KEY,
	last BIGINT NOT NULL
);

CREATE TABLE number_numbers (
	id TEXT PRIMARY KEY,
	series TEXT NOT NULL,
	value BIGINT NOT NULL,
	state TEXT NOT NULL,
	subject TEXT NOT NULL,
	taken_at BIGINT NOT NULL,
	taken_by TEXT NOT NULL,
	voided_by TEXT NOT NULL,
	reason TEXT NOT NULL,
	UNIQUE (series, value)
);

CREATE INDEX number_numbers_taken ON number_numbers (id) WHERE state = 'taken';
