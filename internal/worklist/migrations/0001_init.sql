CREATE TABLE worklist_items (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	role TEXT NOT NULL,
	unit TEXT NOT NULL,
	account TEXT NOT NULL,
	area TEXT NOT NULL,
	enterprise TEXT NOT NULL,
	title_zh TEXT NOT NULL,
	title_en TEXT NOT NULL,
	link TEXT NOT NULL,
	room TEXT NOT NULL,
	-- 9223372036854775807: no due time, so that one order sorts them all
	due_at BIGINT NOT NULL,
	opened_at BIGINT NOT NULL,
	claimed_by TEXT NOT NULL,
	claimed_at BIGINT NOT NULL,
	closed_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX worklist_items_open ON worklist_items (kind, subject) WHERE closed_at = 0;

CREATE INDEX worklist_items_subject ON worklist_items (subject) WHERE closed_at = 0;

CREATE INDEX worklist_items_role ON worklist_items (role, due_at, id) WHERE closed_at = 0 AND account = '';

CREATE INDEX worklist_items_account ON worklist_items (account, due_at, id) WHERE closed_at = 0 AND account <> '';

CREATE INDEX worklist_items_claimed ON worklist_items (claimed_by, due_at, id) WHERE closed_at = 0 AND claimed_by <> '';

CREATE INDEX worklist_items_closed ON worklist_items (closed_at) WHERE closed_at > 0;
