CREATE TABLE bench_cases (
	id TEXT PRIMARY KEY,
	number TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL,
	data TEXT NOT NULL,
	due BIGINT NOT NULL
);
CREATE INDEX bench_cases_state ON bench_cases (state, due);
CREATE TABLE bench_files (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES bench_cases (id),
	name TEXT NOT NULL
);
CREATE INDEX bench_files_case ON bench_files (case_id);
CREATE TABLE bench_audit (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	after TEXT NOT NULL
);
CREATE TABLE bench_outbox (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	payload TEXT NOT NULL
);
