-- What callers asked and were told, by telephone or otherwise; case_id is the
-- case it was about, '' none. The question is kept without the caller's data.
CREATE TABLE licensing_enquiries (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	officer TEXT NOT NULL,
	officer_name TEXT NOT NULL,
	channel TEXT NOT NULL,
	item TEXT NOT NULL,
	case_id TEXT NOT NULL,
	area TEXT NOT NULL,
	question TEXT NOT NULL,
	answer TEXT NOT NULL
);

CREATE INDEX licensing_enquiries_at ON licensing_enquiries (at, id);

CREATE INDEX licensing_enquiries_case ON licensing_enquiries (case_id, id) WHERE case_id <> '';

-- Who wrote a version of the rules and who signed it, or why not.
ALTER TABLE licensing_rule_versions ADD COLUMN state TEXT NOT NULL DEFAULT 'signed';
ALTER TABLE licensing_rule_versions ADD COLUMN created_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE licensing_rule_versions ADD COLUMN created_for TEXT NOT NULL DEFAULT '';
ALTER TABLE licensing_rule_versions ADD COLUMN approved_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE licensing_rule_versions ADD COLUMN answered_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE licensing_rule_versions ADD COLUMN answer TEXT NOT NULL DEFAULT '';
