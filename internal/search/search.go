package search

import (
	"cmp"
	"context"
	"embed"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "search", Rank: 3, FS: sub}
}

// The longest texts, in runes.
const (
	MaxText  = 50_000 // of a document: PostgreSQL takes 1 MB of words
	MaxQuery = 100
)

// Doc is what can be found: the row ID of a kind, with the area and the
// enterprise it belongs to ("" for none) and the text people look for, one
// line per name or number.
type Doc struct {
	Kind       string
	ID         string
	Area       string
	Enterprise string
	Text       string
}

// Put makes d findable in place of what was put for its kind and id before. A
// text longer than MaxText is Invalid.
func Put(ctx context.Context, tx *db.Tx, d Doc) error {
	var c kernel.Check
	c.Require("kind", d.Kind)
	c.Require("id", d.ID)
	c.Length("text", d.Text, MaxText)
	if err := c.Err(); err != nil {
		return err
	}
	body := normal(strings.ReplaceAll(strings.ToValidUTF8(d.Text, " "), "\x00", " "))
	words := strings.Join(pieces(body), " ")
	if tx.Engine() == db.Postgres {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO search_docs (kind, id, area, enterprise, body, words)
			VALUES ($1, $2, $3, $4, $5, array_to_tsvector(string_to_array($6, ' ')))
			ON CONFLICT (kind, id) DO UPDATE
			SET area = excluded.area, enterprise = excluded.enterprise, body = excluded.body, words = excluded.words`,
			d.Kind, d.ID, d.Area, d.Enterprise, body, words)
		return err
	}
	n, err := db.Value[int64](ctx, tx, `
		INSERT INTO search_docs (kind, id, area, enterprise, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (kind, id) DO UPDATE
		SET area = excluded.area, enterprise = excluded.enterprise, body = excluded.body
		RETURNING n`, d.Kind, d.ID, d.Area, d.Enterprise, body)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO search_words (rowid, words) VALUES ($1, $2)`, n, words)
	return err
}

// Delete makes the row unfindable; one that was never put is no error.
func Delete(ctx context.Context, tx *db.Tx, kind, id string) error {
	if tx.Engine() == db.SQLite {
		_, err := tx.ExecContext(ctx, `DELETE FROM search_words WHERE rowid IN (SELECT n FROM search_docs WHERE kind = $1 AND id = $2)`, kind, id)
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM search_docs WHERE kind = $1 AND id = $2`, kind, id)
	return err
}

// Query asks for rows. City sees all; otherwise a row is seen whose area is
// among Areas or whose enterprise is among Enterprises, so the zero scope sees
// nothing.
type Query struct {
	Text        string   // words, all of which must stand in the row's text
	Kinds       []string // nil: every kind
	City        bool
	Areas       []string
	Enterprises []string
	After       string // Page.Next of the page before, "" for the first
	Limit       int    // 0: 20, at most 200
}

// Hit is a row that was found.
type Hit struct {
	Kind, ID string
}

// Page is some of the hits, the best first.
type Page struct {
	Hits []Hit
	Next string // for Query.After, "" when these are the last
}

// Find returns the rows that match. A text without letters and digits matches
// nothing.
func Find(ctx context.Context, q db.Q, query Query) (Page, error) {
	var c kernel.Check
	c.Length("q", query.Text, MaxQuery)
	limit := cmp.Or(query.Limit, 20)
	if limit < 0 || limit > 200 {
		c.Add("limit", "too_large", strconv.Itoa(limit), "max", 200)
	}
	after, ok := parseCursor(query.After)
	if !ok {
		c.Add("after", "format", query.After)
	}
	if err := c.Err(); err != nil {
		return Page{}, err
	}
	words := split(query.Text)
	if len(words) == 0 {
		return Page{}, nil
	}
	var err error
	common := after.rank == byAge
	if query.After == "" {
		if common, err = isCommon(ctx, q, words); err != nil {
			return Page{}, err
		}
	}
	var w db.Where
	if common {
		spell(&w, words)
	} else {
		match(&w, engine(q), words)
	}
	query.scope(&w)
	if query.Kinds != nil {
		w.In("d.kind", query.Kinds)
	}
	rank := strconv.Itoa(byAge)
	if !common {
		rank = rankOf(&w, words[0])
	}
	if query.After != "" {
		w.And(rank+` > ? OR `+rank+` = ? AND (d.id < ? OR d.id = ? AND d.kind < ?)`,
			after.rank, after.rank, after.hit.ID, after.hit.ID, after.hit.Kind)
	}
	order := `1, d.id DESC, d.kind DESC`
	if common {
		order = `d.id DESC, d.kind DESC` // by an index, so that it ends with the page
	}
	condition := w.SQL()
	found, err := db.All(ctx, q, scanCursor,
		`SELECT `+rank+`, d.id, d.kind FROM search_docs d `+condition+` ORDER BY `+order+` LIMIT `+w.Bind("?", limit+1), w.Args...)
	if err != nil {
		return Page{}, err
	}
	return page(found, limit), nil
}

// rankMost is how many candidates are ranked; words that more rows have are
// common ("有限公司"), and their hits come newest first.
const rankMost = 2000

// byAge stands for the rank in the cursor of a page of common words.
const byAge = -1

// isCommon reports whether the index has more than rankMost candidates.
func isCommon(ctx context.Context, q db.Q, words []string) (bool, error) {
	asked := terms(strings.Join(words, " "))
	query, arg := `SELECT rowid FROM search_words WHERE search_words MATCH $1 LIMIT $2`, fts(asked)
	if engine(q) == db.Postgres {
		query, arg = `SELECT 1 FROM search_docs WHERE words @@ CAST($1 AS tsquery) LIMIT $2`, tsquery(asked)
	}
	n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (`+query+`) candidates`, arg, rankMost+1)
	return n > rankMost, err
}

// engine tells which engine q runs on.
func engine(q db.Q) db.Engine {
	if e, ok := q.(interface{ Engine() db.Engine }); ok {
		return e.Engine()
	}
	return db.SQLite
}

// match adds what makes d a hit: the index first, then each word as it stands
// in the text.
func match(w *db.Where, e db.Engine, words []string) {
	asked := terms(strings.Join(words, " "))
	if e == db.Postgres {
		w.And(`d.words @@ CAST(? AS tsquery)`, tsquery(asked))
	} else {
		w.And(`d.n IN (SELECT rowid FROM search_words WHERE search_words MATCH ?)`, fts(asked))
	}
	spell(w, words)
}

// spell adds that each word stands in the text of d.
func spell(w *db.Where, words []string) {
	for _, word := range words {
		w.And(`d.body LIKE ?`, "%"+word+"%") // letters, digits and marks: no % or _
	}
}

// rankOf is 0 for a text of which a line begins with word, else 1.
func rankOf(w *db.Where, word string) string {
	return w.Bind(`CASE WHEN d.body LIKE ? OR d.body LIKE ? THEN 0 ELSE 1 END`, word+"%", "%\n"+word+"%")
}

func (q Query) scope(w *db.Where) {
	if q.City {
		return
	}
	var pieces []string
	var args []any
	for _, in := range []struct {
		column string
		values []string
	}{{"d.area", q.Areas}, {"d.enterprise", q.Enterprises}} {
		if len(in.values) == 0 {
			continue
		}
		pieces = append(pieces, in.column+" IN (?"+strings.Repeat(", ?", len(in.values)-1)+")")
		for _, v := range in.values {
			args = append(args, v)
		}
	}
	if len(pieces) == 0 {
		w.And("1 = 0")
		return
	}
	w.And(strings.Join(pieces, " OR "), args...)
}

// Filter adds to w that the row whose id stands in column is one of kind and
// matches text, for lists that have other conditions as well. A text without
// letters and digits adds nothing.
func Filter(w *db.Where, e db.Engine, column, kind, text string) {
	words := split(text)
	if len(words) == 0 {
		return
	}
	var inner db.Where
	inner.Args = w.Args
	inner.And("d.kind = ?", kind)
	match(&inner, e, words)
	condition := inner.SQL()
	w.Args = inner.Args
	w.And(column + " IN (SELECT d.id FROM search_docs d " + condition + ")")
}

// cursor is a place in the order of hits.
type cursor struct {
	rank int64
	hit  Hit
}

func scanCursor(s db.Scanner) (c cursor, err error) {
	return c, s.Scan(&c.rank, &c.hit.ID, &c.hit.Kind)
}

func page(found []cursor, limit int) Page {
	var p Page
	for i, c := range found {
		if i == limit {
			last := found[limit-1]
			p.Next = strconv.FormatInt(last.rank, 10) + " " + last.hit.Kind + " " + last.hit.ID
			break
		}
		p.Hits = append(p.Hits, c.hit)
	}
	return p
}

func parseCursor(s string) (c cursor, ok bool) {
	if s == "" {
		return c, true
	}
	parts := strings.SplitN(s, " ", 3)
	if len(parts) != 3 || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return c, false
	}
	rank, err := strconv.ParseInt(parts[0], 10, 8)
	return cursor{rank, Hit{Kind: parts[1], ID: parts[2]}}, err == nil
}
