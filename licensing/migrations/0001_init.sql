-- A dated version of an item's rules that an administrator has entered; the
-- shipped ones are embedded in licensing/rule.
CREATE TABLE licensing_rule_versions (
	id TEXT PRIMARY KEY,
	item TEXT NOT NULL,
	effective_from TEXT NOT NULL,
	body TEXT NOT NULL,
	reason TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	approved_by TEXT NOT NULL
);

CREATE INDEX licensing_rule_versions_item ON licensing_rule_versions (item, effective_from);

-- One application from draft to archive. form is sealed with the case's own
-- key (personal), because every form holds somebody's number or telephone.
CREATE TABLE licensing_cases (
	id TEXT PRIMARY KEY,
	number TEXT NOT NULL,
	item TEXT NOT NULL,
	rule_version TEXT NOT NULL,
	state TEXT NOT NULL,
	step TEXT NOT NULL,
	area TEXT NOT NULL,
	authority TEXT NOT NULL,
	supervisor TEXT NOT NULL,
	account TEXT NOT NULL,
	enterprise_id TEXT NOT NULL,
	applicant TEXT NOT NULL,
	applicant_kind TEXT NOT NULL,
	key_id TEXT NOT NULL,
	form TEXT NOT NULL,
	delivery TEXT NOT NULL,
	phone_hash TEXT NOT NULL,
	delivery_mode TEXT NOT NULL,
	licence_id TEXT NOT NULL,
	promise TEXT NOT NULL,
	handler TEXT NOT NULL,
	handler_name TEXT NOT NULL,
	receipt_on TEXT NOT NULL,
	accepted_on TEXT NOT NULL,
	decided_on TEXT NOT NULL,
	due TEXT NOT NULL,
	promised_due TEXT NOT NULL,
	paused BOOLEAN NOT NULL,
	correction_sent BOOLEAN NOT NULL,
	submitted_at BIGINT NOT NULL,
	closed_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL,
	sample BOOLEAN NOT NULL
);

CREATE UNIQUE INDEX licensing_cases_number ON licensing_cases (number) WHERE number <> '';

CREATE INDEX licensing_cases_queue ON licensing_cases (step, area, due, id) WHERE closed_at = 0;

CREATE INDEX licensing_cases_area ON licensing_cases (area, due, id) WHERE closed_at = 0;

CREATE INDEX licensing_cases_due ON licensing_cases (due, id) WHERE closed_at = 0;

CREATE INDEX licensing_cases_account ON licensing_cases (account, id);

CREATE INDEX licensing_cases_enterprise ON licensing_cases (enterprise_id, id);

-- What the legal clocks count: start, pause, resume, extend, stop.
CREATE TABLE licensing_clock_events (
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	seq BIGINT NOT NULL,
	kind TEXT NOT NULL,
	on_date TEXT NOT NULL,
	cause TEXT NOT NULL,
	days BIGINT NOT NULL,
	actor TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (case_id, seq)
);

-- The case's story as both sides read it.
CREATE TABLE licensing_case_log (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	act TEXT NOT NULL,
	note TEXT NOT NULL,
	open_to_applicant BOOLEAN NOT NULL
);

CREATE INDEX licensing_case_log_case ON licensing_case_log (case_id, id);

CREATE TABLE licensing_files (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	material TEXT NOT NULL,
	name TEXT NOT NULL,
	hash TEXT NOT NULL,
	size BIGINT NOT NULL,
	type TEXT NOT NULL,
	state TEXT NOT NULL,
	uploaded_at BIGINT NOT NULL,
	uploaded_by TEXT NOT NULL
);

CREATE INDEX licensing_files_case ON licensing_files (case_id, id);

CREATE INDEX licensing_files_hash ON licensing_files (hash);

-- The one-time notice of everything that must be corrected (art. 32), item by
-- item with the applicant's answer.
CREATE TABLE licensing_correction_items (
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	seq BIGINT NOT NULL,
	target TEXT NOT NULL,
	fault TEXT NOT NULL,
	remedy TEXT NOT NULL,
	answer TEXT NOT NULL,
	answered_at BIGINT NOT NULL,
	PRIMARY KEY (case_id, seq)
);

-- Acceptance with minor items missing (容缺受理) and grants on promise
-- (告知承诺), with what follows.
CREATE TABLE licensing_promises (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	kind TEXT NOT NULL,
	items TEXT NOT NULL,
	due TEXT NOT NULL,
	signed_at BIGINT NOT NULL,
	signed_by TEXT NOT NULL,
	state TEXT NOT NULL,
	closed_at BIGINT NOT NULL,
	closed_by TEXT NOT NULL,
	note TEXT NOT NULL
);

CREATE INDEX licensing_promises_case ON licensing_promises (case_id);

CREATE INDEX licensing_promises_open ON licensing_promises (due) WHERE state = 'open';

CREATE TABLE licensing_checks (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	mode TEXT NOT NULL,
	planned_on TEXT NOT NULL,
	officer_a TEXT NOT NULL,
	officer_a_name TEXT NOT NULL,
	officer_b TEXT NOT NULL,
	officer_b_name TEXT NOT NULL,
	record TEXT NOT NULL,
	result TEXT NOT NULL,
	confirmed_a BIGINT NOT NULL,
	confirmed_b BIGINT NOT NULL,
	confirmed_applicant BIGINT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE INDEX licensing_checks_case ON licensing_checks (case_id);

CREATE TABLE licensing_opinions (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	step TEXT NOT NULL,
	officer TEXT NOT NULL,
	officer_for TEXT NOT NULL,
	officer_name TEXT NOT NULL,
	verdict TEXT NOT NULL,
	text TEXT NOT NULL,
	at BIGINT NOT NULL
);

CREATE INDEX licensing_opinions_case ON licensing_opinions (case_id, id);

-- A request that a second person must approve: an extension (art. 42).
CREATE TABLE licensing_requests (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	kind TEXT NOT NULL,
	days BIGINT NOT NULL,
	reason TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_name TEXT NOT NULL,
	asked_at BIGINT NOT NULL,
	state TEXT NOT NULL,
	answered_by TEXT NOT NULL,
	answered_by_name TEXT NOT NULL,
	answered_at BIGINT NOT NULL,
	answer TEXT NOT NULL
);

CREATE INDEX licensing_requests_case ON licensing_requests (case_id);

CREATE TABLE licensing_decisions (
	case_id TEXT PRIMARY KEY REFERENCES licensing_cases (id),
	outcome TEXT NOT NULL,
	number TEXT NOT NULL,
	grounds TEXT NOT NULL,
	remedies TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	decided_by_name TEXT NOT NULL,
	countersigned_by TEXT NOT NULL,
	decided_at BIGINT NOT NULL,
	publish_by TEXT NOT NULL,
	published_at BIGINT NOT NULL
);

CREATE INDEX licensing_decisions_published ON licensing_decisions (published_at, case_id);

-- Every paper: what is to be printed is stored before it is rendered and
-- sealed. case_id or licence_id is the owner. print_data is encrypted with the
-- owner's key: addresses and identity numbers stand in it.
CREATE TABLE licensing_papers (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL,
	licence_id TEXT NOT NULL,
	key_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	number TEXT NOT NULL,
	print_data TEXT NOT NULL,
	state TEXT NOT NULL,
	hash TEXT NOT NULL,
	size BIGINT NOT NULL,
	seal TEXT NOT NULL,
	error TEXT NOT NULL,
	error_args TEXT NOT NULL,
	tries BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	rendered_at BIGINT NOT NULL
);

CREATE INDEX licensing_papers_case ON licensing_papers (case_id, id);

CREATE INDEX licensing_papers_licence ON licensing_papers (licence_id, id);

CREATE INDEX licensing_papers_open ON licensing_papers (next_at, id) WHERE state <> 'sealed';

CREATE UNIQUE INDEX licensing_papers_number ON licensing_papers (number) WHERE number <> '';

-- One issue of a licence. number and holder are as screens show them: masked
-- for a person, whose number contains the identity number; number_key is what
-- makes (number, issue) unique and findable, the number itself or its keyed
-- hash. ends_on is the last day of validity, extension included, '' for none;
-- watch_on that day, or an earlier re-examination.
CREATE TABLE licensing_licences (
	id TEXT PRIMARY KEY,
	number TEXT NOT NULL,
	number_key TEXT NOT NULL,
	number_sealed TEXT NOT NULL,
	issue BIGINT NOT NULL,
	item TEXT NOT NULL,
	category TEXT NOT NULL,
	state TEXT NOT NULL,
	holder TEXT NOT NULL,
	holder_sealed TEXT NOT NULL,
	holder_kind TEXT NOT NULL,
	enterprise_id TEXT NOT NULL,
	account TEXT NOT NULL,
	area TEXT NOT NULL,
	authority TEXT NOT NULL,
	unit TEXT NOT NULL,
	address TEXT NOT NULL,
	person_in_charge TEXT NOT NULL,
	mode TEXT NOT NULL,
	scope TEXT NOT NULL,
	issued_on TEXT NOT NULL,
	valid_from TEXT NOT NULL,
	valid_to TEXT NOT NULL,
	extended_to TEXT NOT NULL,
	ends_on TEXT NOT NULL,
	watch_on TEXT NOT NULL,
	review_due TEXT NOT NULL,
	continued TEXT NOT NULL,
	fields TEXT NOT NULL,
	code TEXT NOT NULL,
	case_id TEXT NOT NULL,
	previous_id TEXT NOT NULL,
	pending_case TEXT NOT NULL,
	pending_state TEXT NOT NULL,
	timely BOOLEAN NOT NULL,
	deemed_on TEXT NOT NULL,
	key_id TEXT NOT NULL,
	contact_phone TEXT NOT NULL,
	import_id TEXT NOT NULL,
	imported BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	sample BOOLEAN NOT NULL
);

CREATE UNIQUE INDEX licensing_licences_number ON licensing_licences (number_key, issue);

CREATE UNIQUE INDEX licensing_licences_code ON licensing_licences (code);

CREATE INDEX licensing_licences_expiry ON licensing_licences (watch_on, id) WHERE state IN ('valid', 'changing', 'renewing', 'suspended');

CREATE INDEX licensing_licences_holder ON licensing_licences (holder, id);

CREATE INDEX licensing_licences_case ON licensing_licences (case_id) WHERE case_id <> '';

CREATE INDEX licensing_licences_enterprise ON licensing_licences (enterprise_id, id);

CREATE INDEX licensing_licences_account ON licensing_licences (account, id);

CREATE INDEX licensing_licences_area ON licensing_licences (area, ends_on, id);

-- What was done to a licence, each act by its own legal name.
CREATE TABLE licensing_licence_acts (
	id TEXT PRIMARY KEY,
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	act TEXT NOT NULL,
	on_date TEXT NOT NULL,
	until_date TEXT NOT NULL,
	basis TEXT NOT NULL,
	note TEXT NOT NULL,
	case_id TEXT NOT NULL,
	actor TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	seconded_by TEXT NOT NULL,
	seconded_by_name TEXT NOT NULL,
	at BIGINT NOT NULL
);

CREATE INDEX licensing_licence_acts_licence ON licensing_licence_acts (licence_id, id);

-- A harsh act that waits for a second officer: suspend, annul, revoke, forfeit.
CREATE TABLE licensing_act_requests (
	id TEXT PRIMARY KEY,
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	act TEXT NOT NULL,
	until_date TEXT NOT NULL,
	basis TEXT NOT NULL,
	note TEXT NOT NULL,
	state TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_name TEXT NOT NULL,
	asked_for TEXT NOT NULL,
	asked_at BIGINT NOT NULL,
	answered_by TEXT NOT NULL,
	answered_by_name TEXT NOT NULL,
	answered_at BIGINT NOT NULL,
	answer TEXT NOT NULL
);

CREATE UNIQUE INDEX licensing_act_requests_open ON licensing_act_requests (licence_id) WHERE state = 'open';

CREATE INDEX licensing_act_requests_licence ON licensing_act_requests (licence_id, id);

-- What a holder needs for a renewal and when each lapses, so that the first
-- to lapse can be named before the licence itself does.
CREATE TABLE licensing_licence_materials (
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	material TEXT NOT NULL,
	name TEXT NOT NULL,
	valid_to TEXT NOT NULL,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	PRIMARY KEY (licence_id, material)
);

-- Each look at a public verification page (QR), without personal data.
CREATE TABLE licensing_looks (
	id TEXT PRIMARY KEY,
	licence_id TEXT NOT NULL,
	at BIGINT NOT NULL,
	addr TEXT NOT NULL,
	found BOOLEAN NOT NULL
);

CREATE INDEX licensing_looks_licence ON licensing_looks (licence_id, id);

-- From "to make" to "signed for". Recipient, telephone and address are sealed
-- with the case's key.
CREATE TABLE licensing_deliveries (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	licence_id TEXT NOT NULL,
	area TEXT NOT NULL,
	mode TEXT NOT NULL,
	state TEXT NOT NULL,
	key_id TEXT NOT NULL,
	recipient TEXT NOT NULL,
	phone TEXT NOT NULL,
	address TEXT NOT NULL,
	made_by TEXT NOT NULL,
	made_by_name TEXT NOT NULL,
	made_for TEXT NOT NULL,
	made_at BIGINT NOT NULL,
	checked_by TEXT NOT NULL,
	checked_by_name TEXT NOT NULL,
	checked_at BIGINT NOT NULL,
	handed_by TEXT NOT NULL,
	handed_by_name TEXT NOT NULL,
	carrier TEXT NOT NULL,
	waybill TEXT NOT NULL,
	posted_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	due TEXT NOT NULL,
	note TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	sample BOOLEAN NOT NULL
);

CREATE UNIQUE INDEX licensing_deliveries_case ON licensing_deliveries (case_id);

CREATE UNIQUE INDEX licensing_deliveries_waybill ON licensing_deliveries (carrier, waybill) WHERE waybill <> '';

CREATE INDEX licensing_deliveries_open ON licensing_deliveries (state, area, due, id) WHERE ended_at = 0;

CREATE TABLE licensing_delivery_log (
	id TEXT PRIMARY KEY,
	delivery_id TEXT NOT NULL REFERENCES licensing_deliveries (id),
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	state TEXT NOT NULL,
	note TEXT NOT NULL
);

CREATE INDEX licensing_delivery_log_delivery ON licensing_delivery_log (delivery_id, id);

-- 好差评: once per case.
CREATE TABLE licensing_ratings (
	case_id TEXT PRIMARY KEY REFERENCES licensing_cases (id),
	area TEXT NOT NULL,
	item TEXT NOT NULL,
	stars BIGINT NOT NULL,
	text TEXT NOT NULL,
	at BIGINT NOT NULL,
	answer TEXT NOT NULL,
	answered_at BIGINT NOT NULL,
	answered_by TEXT NOT NULL,
	answered_by_name TEXT NOT NULL
);

CREATE INDEX licensing_ratings_open ON licensing_ratings (at, case_id) WHERE stars <= 2 AND answered_at = 0;

-- A code that the applicant reads out on the telephone, so that a clerk sees
-- the same case; the clerk never submits.
CREATE TABLE licensing_help_codes (
	code_hash TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	until BIGINT NOT NULL,
	used_by TEXT NOT NULL,
	used_at BIGINT NOT NULL
);

CREATE INDEX licensing_help_codes_case ON licensing_help_codes (case_id);

-- Contact with holders before their licences lapse (提前对接).
CREATE TABLE licensing_contacts (
	id TEXT PRIMARY KEY,
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	at BIGINT NOT NULL,
	officer TEXT NOT NULL,
	officer_name TEXT NOT NULL,
	channel TEXT NOT NULL,
	reached BOOLEAN NOT NULL,
	explained TEXT NOT NULL,
	confirmed BOOLEAN NOT NULL,
	note TEXT NOT NULL,
	point_id TEXT NOT NULL,
	ends_on TEXT NOT NULL,
	days_left BIGINT NOT NULL
);

CREATE INDEX licensing_contacts_licence ON licensing_contacts (licence_id, id);

CREATE INDEX licensing_contacts_at ON licensing_contacts (at);

-- How a holder can be reached; several per holder, dead ones are kept and not
-- tried again. holder is an enterprise id, or an account or licence id of a
-- person.
CREATE TABLE licensing_contact_points (
	id TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	key_id TEXT NOT NULL,
	name TEXT NOT NULL,
	post TEXT NOT NULL,
	phone TEXT NOT NULL,
	phone_hash TEXT NOT NULL,
	dead_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL
);

CREATE UNIQUE INDEX licensing_contact_points_phone ON licensing_contact_points (holder, phone_hash);

-- Reminders already queued: each licence once per window of its last day; all
-- of a holder's in one message.
CREATE TABLE licensing_reminders (
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	ends_on TEXT NOT NULL,
	days BIGINT NOT NULL,
	holder TEXT NOT NULL,
	message TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (licence_id, ends_on, days)
);

-- 特殊时期规则包: a dated notice that shifts rules for a time; two officers.
CREATE TABLE licensing_special_times (
	id TEXT PRIMARY KEY,
	notice TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	from_date TEXT NOT NULL,
	to_date TEXT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	created_by_name TEXT NOT NULL,
	created_for TEXT NOT NULL,
	approved_at BIGINT NOT NULL,
	approved_by TEXT NOT NULL,
	approved_by_name TEXT NOT NULL,
	ended_on TEXT NOT NULL,
	ended_by TEXT NOT NULL,
	ended_notice TEXT NOT NULL,
	version BIGINT NOT NULL
);

CREATE UNIQUE INDEX licensing_special_times_notice ON licensing_special_times (notice);

-- Which licences a special-time package extended, for the catch-up list.
CREATE TABLE licensing_special_licences (
	special_id TEXT NOT NULL REFERENCES licensing_special_times (id),
	licence_id TEXT NOT NULL REFERENCES licensing_licences (id),
	old_to TEXT NOT NULL,
	new_to TEXT NOT NULL,
	at BIGINT NOT NULL,
	caught_up_at BIGINT NOT NULL,
	caught_up_how TEXT NOT NULL,
	PRIMARY KEY (special_id, licence_id)
);

CREATE INDEX licensing_special_licences_open ON licensing_special_licences (special_id, licence_id) WHERE caught_up_at = 0;

CREATE INDEX licensing_special_licences_licence ON licensing_special_licences (licence_id);

-- Site checks that a package replaced by a promise or a video check, to be
-- made good later.
CREATE TABLE licensing_special_checks (
	special_id TEXT NOT NULL REFERENCES licensing_special_times (id),
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	instead TEXT NOT NULL,
	area TEXT NOT NULL,
	due TEXT NOT NULL,
	at BIGINT NOT NULL,
	verified_at BIGINT NOT NULL,
	verified_by TEXT NOT NULL,
	verified_by_name TEXT NOT NULL,
	passed BOOLEAN NOT NULL,
	note TEXT NOT NULL,
	PRIMARY KEY (special_id, case_id)
);

-- 审管联动: the supervising office is told of a decision and acknowledges it.
CREATE TABLE licensing_handovers (
	case_id TEXT PRIMARY KEY REFERENCES licensing_cases (id),
	unit TEXT NOT NULL,
	area TEXT NOT NULL,
	outcome TEXT NOT NULL,
	told_at BIGINT NOT NULL,
	due TEXT NOT NULL,
	acknowledged_by TEXT NOT NULL,
	acknowledged_by_name TEXT NOT NULL,
	acknowledged_at BIGINT NOT NULL,
	overdue_at BIGINT NOT NULL
);

CREATE INDEX licensing_handovers_open ON licensing_handovers (due, case_id) WHERE acknowledged_at = 0;

CREATE INDEX licensing_handovers_unit ON licensing_handovers (unit, told_at, case_id);

-- What the supervising office found at the holder, back to the licensing side.
CREATE TABLE licensing_handover_feedback (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_handovers (case_id),
	kind TEXT NOT NULL,
	text TEXT NOT NULL,
	officer TEXT NOT NULL,
	officer_name TEXT NOT NULL,
	at BIGINT NOT NULL
);

CREATE INDEX licensing_handover_feedback_case ON licensing_handover_feedback (case_id, id);

-- 双公示: what is published of a decision, as it was published; personal data
-- are masked before they are written here.
CREATE TABLE licensing_publications (
	id TEXT PRIMARY KEY,
	case_id TEXT NOT NULL REFERENCES licensing_cases (id),
	seq BIGINT NOT NULL,
	area TEXT NOT NULL,
	item TEXT NOT NULL,
	applicant TEXT NOT NULL,
	decided_on TEXT NOT NULL,
	due TEXT NOT NULL,
	record TEXT NOT NULL,
	published_at BIGINT NOT NULL,
	current BOOLEAN NOT NULL,
	sample BOOLEAN NOT NULL,
	UNIQUE (case_id, seq)
);

CREATE INDEX licensing_publications_list ON licensing_publications (decided_on, id) WHERE current = TRUE;

-- A file of existing licences that was imported: which job did it. What it did
-- stands in the job.
CREATE TABLE licensing_imports (
	id TEXT PRIMARY KEY,
	file_hash TEXT NOT NULL,
	file_name TEXT NOT NULL,
	dry_run BOOLEAN NOT NULL,
	job_id TEXT NOT NULL,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	actor_name TEXT NOT NULL
);

CREATE INDEX licensing_imports_at ON licensing_imports (at);
