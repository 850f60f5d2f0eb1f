CREATE TABLE exchange_messages (
	id TEXT PRIMARY KEY,
	system TEXT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	key TEXT NOT NULL,
	record TEXT NOT NULL,
	body TEXT NOT NULL,
	map_version TEXT NOT NULL,
	-- queued, invalid, packed, sent, accepted, rejected, dead
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	due TEXT NOT NULL,
	next_at BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	owner TEXT NOT NULL,
	lease_until BIGINT NOT NULL,
	package BIGINT NOT NULL,
	sent_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	reason TEXT NOT NULL,
	problem TEXT NOT NULL,
	detail TEXT NOT NULL,
	receipt TEXT NOT NULL,
	UNIQUE (system, kind, key)
);

CREATE INDEX exchange_messages_due ON exchange_messages (system, next_at, id) WHERE state = 'queued';

CREATE INDEX exchange_messages_blocking ON exchange_messages (system, subject, id) WHERE state IN ('queued', 'invalid');

CREATE INDEX exchange_messages_subject ON exchange_messages (subject, id);

CREATE INDEX exchange_messages_state ON exchange_messages (state, id) WHERE state <> 'accepted';

CREATE INDEX exchange_messages_package ON exchange_messages (system, package) WHERE package > 0;

CREATE INDEX exchange_messages_ended ON exchange_messages (ended_at) WHERE ended_at > 0;

CREATE TABLE exchange_packages (
	system TEXT NOT NULL,
	-- out or in
	direction TEXT NOT NULL,
	number BIGINT NOT NULL,
	-- out: made, written, acknowledged, refused; in: open, done, missing, refused
	state TEXT NOT NULL,
	hash TEXT NOT NULL,
	records BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	written_at BIGINT NOT NULL,
	writes BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (system, direction, number)
);

CREATE INDEX exchange_packages_open ON exchange_packages (system, direction, number) WHERE state IN ('made', 'written', 'open', 'missing', 'refused');

CREATE TABLE exchange_inbox (
	system TEXT NOT NULL,
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	package BIGINT NOT NULL,
	position BIGINT NOT NULL,
	taken_at BIGINT NOT NULL,
	-- accepted or rejected
	state TEXT NOT NULL,
	problem TEXT NOT NULL,
	PRIMARY KEY (system, id)
);

CREATE INDEX exchange_inbox_package ON exchange_inbox (system, package, position);
