CREATE TABLE registry_areas (
	code TEXT PRIMARY KEY,
	name_zh TEXT NOT NULL,
	name_en TEXT NOT NULL,
	full_name TEXT NOT NULL,
	parent TEXT REFERENCES registry_areas (code),
	kind TEXT NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	population BIGINT NOT NULL,
	ord BIGINT NOT NULL,
	note TEXT NOT NULL
);

CREATE INDEX registry_areas_parent ON registry_areas (parent);

CREATE TABLE registry_units (
	id TEXT PRIMARY KEY,
	name_zh TEXT NOT NULL,
	name_en TEXT NOT NULL,
	short TEXT NOT NULL,
	parent TEXT REFERENCES registry_units (id),
	area TEXT NOT NULL REFERENCES registry_areas (code),
	kind TEXT NOT NULL,
	phone TEXT NOT NULL,
	address TEXT NOT NULL,
	ord BIGINT NOT NULL,
	closed BOOLEAN NOT NULL,
	note TEXT NOT NULL,
	version BIGINT NOT NULL
);

CREATE INDEX registry_units_parent ON registry_units (parent);

CREATE INDEX registry_units_area ON registry_units (area, kind);

-- area is '' only while an enterprise is unconfirmed.
CREATE TABLE registry_enterprises (
	id TEXT PRIMARY KEY,
	uscc TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	former_names TEXT NOT NULL,
	area TEXT NOT NULL,
	street TEXT NOT NULL,
	address TEXT NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	trade TEXT NOT NULL,
	legal_person TEXT NOT NULL,
	standardisation BIGINT NOT NULL,
	standardisation_until TEXT NOT NULL,
	major_hazard BIGINT NOT NULL,
	employees BIGINT NOT NULL,
	key_supply BOOLEAN NOT NULL,
	website TEXT NOT NULL,
	state TEXT NOT NULL,
	sample BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE INDEX registry_enterprises_name ON registry_enterprises (name, id);

CREATE INDEX registry_enterprises_area ON registry_enterprises (area, name, id);

CREATE INDEX registry_enterprises_trade ON registry_enterprises (trade, name, id);

CREATE INDEX registry_enterprises_updated ON registry_enterprises (updated_at, id);

-- What an enterprise was in each version; contacts stand in it only sealed.
CREATE TABLE registry_enterprise_versions (
	enterprise_id TEXT NOT NULL REFERENCES registry_enterprises (id),
	version BIGINT NOT NULL,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (enterprise_id, version)
);

CREATE TABLE registry_contacts (
	id TEXT PRIMARY KEY,
	enterprise_id TEXT NOT NULL REFERENCES registry_enterprises (id),
	ord BIGINT NOT NULL,
	role TEXT NOT NULL,
	name TEXT NOT NULL,
	phone_sealed TEXT NOT NULL,
	phone_masked TEXT NOT NULL,
	email_sealed TEXT NOT NULL,
	email_masked TEXT NOT NULL
);

CREATE INDEX registry_contacts_enterprise ON registry_contacts (enterprise_id, ord);

CREATE TABLE registry_sites (
	id TEXT PRIMARY KEY,
	enterprise_id TEXT REFERENCES registry_enterprises (id),
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	area TEXT NOT NULL,
	street TEXT NOT NULL,
	address TEXT NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	protected BOOLEAN NOT NULL,
	state TEXT NOT NULL,
	sample BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE INDEX registry_sites_enterprise ON registry_sites (enterprise_id);

CREATE INDEX registry_sites_area ON registry_sites (area, name, id);

-- id_hash is '' after erasure; otherwise one row per identity document.
CREATE TABLE registry_people (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	id_kind TEXT NOT NULL,
	id_sealed TEXT NOT NULL,
	id_masked TEXT NOT NULL,
	id_hash TEXT NOT NULL,
	phone_sealed TEXT NOT NULL,
	phone_masked TEXT NOT NULL,
	address_sealed TEXT NOT NULL,
	address_masked TEXT NOT NULL,
	area TEXT NOT NULL,
	enterprise_id TEXT REFERENCES registry_enterprises (id),
	state TEXT NOT NULL,
	sample BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX registry_people_identity ON registry_people (id_kind, id_hash) WHERE id_hash <> '';

CREATE INDEX registry_people_enterprise ON registry_people (enterprise_id);

CREATE INDEX registry_people_name ON registry_people (name, id);
