CREATE TABLE notify_messages (
	id TEXT PRIMARY KEY,
	key TEXT NOT NULL,
	channel TEXT NOT NULL,
	account TEXT NOT NULL,
	key_id TEXT NOT NULL,
	own_key BOOLEAN NOT NULL,
	contact TEXT NOT NULL,
	template TEXT NOT NULL,
	args TEXT NOT NULL,
	lang TEXT NOT NULL,
	subject TEXT NOT NULL,
	-- in_app: sent; others: queued, sending, sent, dead, unclear, withheld
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	owner TEXT NOT NULL,
	lease_until BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	reason TEXT NOT NULL,
	detail TEXT NOT NULL,
	receipt TEXT NOT NULL,
	read_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX notify_messages_key ON notify_messages (key, channel) WHERE key <> '';

CREATE INDEX notify_messages_account ON notify_messages (account, id) WHERE channel = 'in_app';

CREATE INDEX notify_messages_unread ON notify_messages (account) WHERE channel = 'in_app' AND read_at = 0;

CREATE INDEX notify_messages_subject ON notify_messages (subject, id);

CREATE INDEX notify_messages_due ON notify_messages (channel, next_at, id) WHERE state = 'queued';

CREATE INDEX notify_messages_sending ON notify_messages (lease_until) WHERE state = 'sending';

CREATE INDEX notify_messages_bad ON notify_messages (state, id) WHERE state IN ('dead', 'unclear', 'withheld');

CREATE INDEX notify_messages_keyed ON notify_messages (ended_at) WHERE key_id <> '' AND ended_at > 0;
