-- A request's key: claimed before its handler runs, answered afterwards.
CREATE TABLE web_idempotency (
	id TEXT PRIMARY KEY,
	fingerprint TEXT NOT NULL,
	state TEXT NOT NULL,
	process TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	answer TEXT NOT NULL
);
CREATE INDEX web_idempotency_created ON web_idempotency (created_at);

-- What a form sent when its session had ended, sealed.
CREATE TABLE web_aside (
	id TEXT PRIMARY KEY,
	visitor TEXT NOT NULL,
	sealed TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX web_aside_created ON web_aside (created_at);
