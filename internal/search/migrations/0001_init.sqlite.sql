-- n ties a document to its words. Not AUTOINCREMENT: a number may come again
-- once its words are deleted.
CREATE TABLE search_docs (
	n INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	area TEXT NOT NULL,
	enterprise TEXT NOT NULL,
	body TEXT NOT NULL,
	UNIQUE (kind, id)
);
CREATE INDEX search_docs_newest ON search_docs (id, kind);
CREATE INDEX search_docs_area ON search_docs (area, id);
CREATE INDEX search_docs_enterprise ON search_docs (enterprise, id);
CREATE VIRTUAL TABLE search_words USING fts5(words, content='', contentless_delete=1, tokenize='ascii', detail=none);
