CREATE TABLE audit_rows (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	actor_for TEXT NOT NULL,
	addr TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	before TEXT NOT NULL,
	after TEXT NOT NULL,
	seq BIGINT,
	hash TEXT
);

CREATE INDEX audit_rows_subject ON audit_rows (subject, id);

CREATE INDEX audit_rows_unsealed ON audit_rows (id) WHERE seq IS NULL;

CREATE UNIQUE INDEX audit_rows_seq ON audit_rows (seq) WHERE seq IS NOT NULL;
