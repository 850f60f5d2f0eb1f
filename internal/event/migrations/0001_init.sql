CREATE TABLE event_events (
	id TEXT PRIMARY KEY,
	type TEXT NOT NULL,
	subject TEXT NOT NULL,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	payload TEXT NOT NULL
);

CREATE TABLE event_receipts (
	event_id TEXT NOT NULL REFERENCES event_events (id),
	subscription TEXT NOT NULL,
	subject TEXT NOT NULL,
	state TEXT NOT NULL,
	tries BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	error TEXT NOT NULL,
	PRIMARY KEY (event_id, subscription)
);

CREATE INDEX event_receipts_open ON event_receipts (subscription, subject, event_id) WHERE state <> 'done';

CREATE INDEX event_receipts_due ON event_receipts (event_id) WHERE state = 'due';
