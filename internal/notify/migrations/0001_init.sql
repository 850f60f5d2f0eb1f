CREATE TABLE notify_messages (
	id TEXT PRIMARY KEY,
	key TEXT NOT NULL,
	channel TEXT NOT NULL,
	account TEXT NOT NULL,
	key_id TEXT NOT NULL,
	contact TEXT NOT NULL,
	template TEXT NOT NULL,
	args TEXT NOT NULL,
	lang TEXT NOT NULL,
	subject TEXT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX notify_messages_key ON notify_messages (key, channel) WHERE key <> '';

CREATE INDEX notify_messages_account ON notify_messages (account, id) WHERE channel = 'in_app';

CREATE INDEX notify_messages_subject ON notify_messages (subject, id);
