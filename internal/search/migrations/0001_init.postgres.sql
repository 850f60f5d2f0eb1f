CREATE TABLE search_docs (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	area TEXT NOT NULL,
	enterprise TEXT NOT NULL,
	body TEXT NOT NULL,
	words TSVECTOR NOT NULL,
	PRIMARY KEY (kind, id)
);
CREATE INDEX search_docs_newest ON search_docs (id, kind);
CREATE INDEX search_docs_area ON search_docs (area, id);
CREATE INDEX search_docs_enterprise ON search_docs (enterprise, id);
CREATE INDEX search_docs_words ON search_docs USING gin (words);
