-- Administrators' rows of the legal calendar: the notice of a coming year and
-- corrections. They stand over the embedded years.
CREATE TABLE deadline_days (
	date TEXT PRIMARY KEY,
	type TEXT NOT NULL CHECK (type IN ('off', 'work')),
	name TEXT NOT NULL,
	source TEXT NOT NULL
);
