-- An applicant who does not sign the record of a check: why, which officer
-- noted it, and when the other one confirmed it.
ALTER TABLE licensing_checks ADD COLUMN refusal TEXT NOT NULL DEFAULT '';

ALTER TABLE licensing_checks ADD COLUMN refusal_by TEXT NOT NULL DEFAULT '';

ALTER TABLE licensing_checks ADD COLUMN refused_at BIGINT NOT NULL DEFAULT 0;
