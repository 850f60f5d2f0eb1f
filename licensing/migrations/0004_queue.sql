-- The queue with a million cases. Each index begins with the order of the list
-- and holds what its filters ask for, so that counting up to the cap reads the
-- index alone. Open cases have indexes of their own: they are few among many,
-- and closed_at stands in them because SQLite reads the row to see it. An index
-- of all cases by area is left out: SQLite would take it for the open ones.
DROP INDEX licensing_cases_queue;

DROP INDEX licensing_cases_area;

DROP INDEX licensing_cases_due;

CREATE INDEX licensing_cases_due ON licensing_cases (due, id, state, step, item, area);

CREATE INDEX licensing_cases_open ON licensing_cases (due, id, closed_at, state, step, item, area, handler, decided_on, paused, authority, applicant) WHERE closed_at = 0;

CREATE INDEX licensing_cases_open_area ON licensing_cases (area, due, id, closed_at, state, step, item, handler, decided_on, paused, authority) WHERE closed_at = 0;

CREATE INDEX licensing_cases_handler ON licensing_cases (handler, due, id) WHERE closed_at = 0 AND handler <> '';
