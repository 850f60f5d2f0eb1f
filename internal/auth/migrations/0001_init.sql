CREATE TABLE auth_accounts (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	login TEXT NOT NULL,
	login_hash TEXT NOT NULL,
	name TEXT NOT NULL,
	name_sealed TEXT NOT NULL,
	phone TEXT NOT NULL,
	phone_hash TEXT NOT NULL,
	phone_sealed TEXT NOT NULL,
	email_sealed TEXT NOT NULL,
	person_id TEXT NOT NULL,
	reach TEXT NOT NULL,
	area TEXT NOT NULL,
	unit TEXT NOT NULL,
	enterprise TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	password_at BIGINT NOT NULL,
	totp_sealed TEXT NOT NULL,
	totp_pending TEXT NOT NULL,
	totp_confirmed BOOLEAN NOT NULL,
	totp_step BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX auth_accounts_login ON auth_accounts (login_hash) WHERE login_hash <> '';

CREATE INDEX auth_accounts_phone ON auth_accounts (phone_hash) WHERE phone_hash <> '';

CREATE INDEX auth_accounts_enterprise ON auth_accounts (enterprise) WHERE enterprise <> '';

CREATE TABLE auth_roles (
	id TEXT PRIMARY KEY,
	permissions TEXT NOT NULL,
	officer BOOLEAN NOT NULL,
	admin BOOLEAN NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE auth_assignments (
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	role TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, role)
);

CREATE INDEX auth_assignments_role ON auth_assignments (role);

CREATE TABLE auth_sessions (
	id TEXT PRIMARY KEY,
	token_hash TEXT NOT NULL UNIQUE,
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	stage TEXT NOT NULL,
	method TEXT NOT NULL,
	addr TEXT NOT NULL,
	agent TEXT NOT NULL,
	acting_for TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	confirmed_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	ended_why TEXT NOT NULL
);

CREATE INDEX auth_sessions_account ON auth_sessions (account_id, ended_at);

CREATE INDEX auth_sessions_expiry ON auth_sessions (expires_at);

CREATE TABLE auth_attempts (
	subject TEXT PRIMARY KEY,
	failures BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	blocked_until BIGINT NOT NULL
);

CREATE INDEX auth_attempts_age ON auth_attempts (last_at);

CREATE TABLE auth_codes (
	id TEXT PRIMARY KEY,
	purpose TEXT NOT NULL,
	phone_hash TEXT NOT NULL,
	addr TEXT NOT NULL,
	code_hash TEXT NOT NULL,
	tries BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL
);

CREATE INDEX auth_codes_phone ON auth_codes (phone_hash, created_at);

CREATE INDEX auth_codes_addr ON auth_codes (addr, created_at);

CREATE TABLE auth_recovery (
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	code_hash TEXT NOT NULL,
	used_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE auth_tokens (
	id TEXT PRIMARY KEY,
	token_hash TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	permissions TEXT NOT NULL,
	reach TEXT NOT NULL,
	area TEXT NOT NULL,
	unit TEXT NOT NULL,
	enterprise TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL
);

CREATE TABLE auth_standins (
	id TEXT PRIMARY KEY,
	absent TEXT NOT NULL REFERENCES auth_accounts (id),
	standin TEXT NOT NULL REFERENCES auth_accounts (id),
	from_date TEXT NOT NULL,
	until_date TEXT NOT NULL,
	reason TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	asked_at BIGINT NOT NULL,
	approved_by TEXT NOT NULL,
	approved_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL
);

CREATE INDEX auth_standins_standin ON auth_standins (standin, ended_at);

CREATE INDEX auth_standins_absent ON auth_standins (absent, ended_at);

CREATE TABLE auth_delegations (
	id TEXT PRIMARY KEY,
	enterprise TEXT NOT NULL,
	agent TEXT NOT NULL REFERENCES auth_accounts (id),
	items TEXT NOT NULL,
	document TEXT NOT NULL,
	from_date TEXT NOT NULL,
	until_date TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);

CREATE INDEX auth_delegations_agent ON auth_delegations (agent, revoked_at);

CREATE INDEX auth_delegations_enterprise ON auth_delegations (enterprise);

CREATE TABLE auth_overseen (
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	enterprise TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, enterprise)
);

CREATE INDEX auth_overseen_enterprise ON auth_overseen (enterprise);

CREATE TABLE auth_claims (
	id TEXT PRIMARY KEY,
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	enterprise TEXT NOT NULL,
	uscc TEXT NOT NULL,
	name TEXT NOT NULL,
	document TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	decided_at BIGINT NOT NULL,
	decided_by TEXT NOT NULL,
	accepted BOOLEAN NOT NULL,
	reason TEXT NOT NULL
);

CREATE INDEX auth_claims_open ON auth_claims (decided_at, created_at);

CREATE TABLE auth_identities (
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	account_id TEXT NOT NULL REFERENCES auth_accounts (id),
	linked_at BIGINT NOT NULL,
	PRIMARY KEY (issuer, subject)
);

CREATE INDEX auth_identities_account ON auth_identities (account_id);

CREATE TABLE auth_oidc_flows (
	state_hash TEXT PRIMARY KEY,
	browser_hash TEXT NOT NULL,
	purpose TEXT NOT NULL,
	session_id TEXT NOT NULL,
	next TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL
);

CREATE INDEX auth_oidc_flows_expiry ON auth_oidc_flows (expires_at);

CREATE TABLE auth_links (
	id TEXT PRIMARY KEY,
	purpose TEXT NOT NULL,
	subject TEXT NOT NULL,
	until BIGINT NOT NULL,
	once BOOLEAN NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);

CREATE INDEX auth_links_subject ON auth_links (purpose, subject);
