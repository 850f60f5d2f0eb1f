-- A list's filter that an officer keeps under a name.
CREATE TABLE licensing_filters (
	id TEXT PRIMARY KEY,
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	query TEXT NOT NULL,
	at BIGINT NOT NULL
);

CREATE UNIQUE INDEX licensing_filters_name ON licensing_filters (account, name);
