package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normal brings text into the one form that is compared: NFKC (full-width
// letters become plain ones), lower case, only letters, digits, marks and line
// ends: people leave out brackets and blanks, or put in others.
func normal(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		if isWord(r) || r == '\n' {
			b.WriteRune(r)
		}
	}
	return strings.Trim(b.String(), "\n")
}

// split cuts a query at its blanks into words in the compared form.
func split(query string) []string {
	var out []string
	for _, word := range strings.Fields(query) {
		if word = normal(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// size is the length of the pieces a run of r's script is cut into.
func size(r rune) int {
	if r < 0x80 {
		return 3
	}
	return 2
}

// runs cuts a normal text into runs of one piece size.
func runs(text string) [][]rune {
	var out [][]rune
	var run []rune
	flush := func() {
		if len(run) > 0 {
			out = append(out, run)
			run = nil
		}
	}
	for _, r := range text {
		if !isWord(r) {
			flush()
			continue
		}
		if len(run) > 0 && size(run[0]) != size(r) {
			flush()
		}
		run = append(run, r)
	}
	flush()
	return out
}

// pieces returns what a document is indexed under: of every run each place's
// piece, the last ones shorter, so that every part of the run is the beginning
// of a piece.
func pieces(text string) []string {
	seen := map[string]bool{}
	var out []string
	for _, run := range runs(text) {
		n := size(run[0])
		for i := range run {
			p := string(run[i:min(i+n, len(run))])
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// term is a piece that a hit must have; a prefix is the beginning of one.
type term struct {
	text   string
	prefix bool
}

// terms returns what a query asks the index for.
func terms(query string) []term {
	var out []term
	for _, run := range runs(query) {
		n := size(run[0])
		if len(run) < n {
			out = append(out, term{string(run), true})
			continue
		}
		for i := 0; i+n <= len(run); i++ {
			if t := (term{string(run[i : i+n]), false}); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// fts writes terms as a query of FTS5.
func fts(terms []term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = `"` + t.text + `"`
		if t.prefix {
			parts[i] += "*"
		}
	}
	return strings.Join(parts, " AND ")
}

// tsquery writes terms as a query of PostgreSQL. Pieces hold only letters,
// digits and marks, so nothing in them needs escaping.
func tsquery(terms []term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = "'" + t.text + "'"
		if t.prefix {
			parts[i] += ":*"
		}
	}
	return strings.Join(parts, " & ")
}

// Part is a stretch of a text; Hit marks what the query found in it.
type Part struct {
	Text string
	Hit  bool
}

// Highlight cuts text where the words of query stand in it, however they are
// written there (full-width, capitals, with brackets or blanks between).
func Highlight(text, query string) []Part {
	plain, origin := folded(text)
	marked := make([]bool, len(text))
	for _, word := range split(query) {
		for from := 0; ; {
			i := strings.Index(plain[from:], word)
			if i < 0 {
				break
			}
			from += i
			for o := origin[from].from; o < origin[from+len(word)-1].to; o++ {
				marked[o] = true
			}
			from += len(word)
		}
	}
	var out []Part
	for start, i := 0, 1; i <= len(text); i++ {
		if i == len(text) || marked[i] != marked[start] {
			out = append(out, Part{text[start:i], marked[start]})
			start = i
		}
	}
	return out
}

type span struct{ from, to int }

// folded is text in the compared form, each of its bytes with the stretch of
// text it came from.
func folded(text string) (string, []span) {
	var b strings.Builder
	var origin []span
	for i, r := range text {
		s := normal(string(r))
		b.WriteString(s)
		for range len(s) {
			origin = append(origin, span{i, i + utf8.RuneLen(r)})
		}
	}
	return b.String(), origin
}
