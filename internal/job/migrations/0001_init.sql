CREATE TABLE job_jobs (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	grp TEXT NOT NULL,
	unique_key TEXT NOT NULL,
	title_zh TEXT NOT NULL,
	title_en TEXT NOT NULL,
	args TEXT NOT NULL,
	actor TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	-- due, running, done, failed, cancelled
	state TEXT NOT NULL,
	cancel BOOLEAN NOT NULL,
	run_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	owner TEXT NOT NULL,
	lease_until BIGINT NOT NULL,
	done BIGINT NOT NULL,
	total BIGINT NOT NULL,
	row_errors BIGINT NOT NULL,
	saved TEXT NOT NULL,
	problem TEXT NOT NULL,
	detail TEXT NOT NULL,
	result_hash TEXT NOT NULL,
	result_name TEXT NOT NULL,
	result_type TEXT NOT NULL,
	result_size BIGINT NOT NULL
);

CREATE INDEX job_jobs_due ON job_jobs (run_at, id) WHERE state = 'due';

CREATE INDEX job_jobs_running ON job_jobs (lease_until) WHERE state = 'running';

CREATE UNIQUE INDEX job_jobs_key ON job_jobs (kind, unique_key) WHERE unique_key <> '' AND ended_at = 0;

CREATE INDEX job_jobs_group ON job_jobs (grp, id);

CREATE INDEX job_jobs_actor ON job_jobs (actor_id, id);

CREATE INDEX job_jobs_ended ON job_jobs (ended_at) WHERE ended_at > 0;

CREATE TABLE job_row_errors (
	job_id TEXT NOT NULL REFERENCES job_jobs (id),
	row_no BIGINT NOT NULL,
	problem TEXT NOT NULL,
	PRIMARY KEY (job_id, row_no)
);

CREATE TABLE job_periodic (
	kind TEXT PRIMARY KEY,
	next_at BIGINT NOT NULL,
	owner TEXT NOT NULL,
	lease_until BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	detail TEXT NOT NULL
);
