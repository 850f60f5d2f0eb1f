CREATE TABLE personal_keys (
	person_id TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	erased BOOLEAN NOT NULL,
	held_for TEXT NOT NULL
);
