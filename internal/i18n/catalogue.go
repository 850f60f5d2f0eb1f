package i18n

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// The languages, as BCP 47 tags.
const (
	Chinese = "zh-CN"
	English = "en"
)

// Languages lists the languages; the first is what a visitor gets who asks
// for none of them.
func Languages() []string { return []string{Chinese, English} }

//go:embed locale/*.json
var base embed.FS

// Base is the source of the texts that every package shares.
func Base() Source { return Source{Owner: "i18n", FS: base} }

// Source is the texts of one package: FS holds locale/zh-CN.json and
// locale/en.json, as the package embeds them.
type Source struct {
	Owner string
	FS    fs.FS
}

// Catalogues are the merged texts of all packages. They do not change after
// Load and are safe for use by many goroutines.
type Catalogues struct {
	texts map[string]map[string]message // language → key → text
}

// Load merges the sources with the base texts. It reports every fault at
// once: unreadable files, keys given twice or in one language only,
// placeholders that differ between the languages.
func Load(sources ...Source) (*Catalogues, error) {
	c := &Catalogues{texts: map[string]map[string]message{}}
	var faults []error
	for _, lang := range Languages() {
		c.texts[lang] = map[string]message{}
		owners := map[string]string{}
		for _, src := range append([]Source{Base()}, sources...) {
			faults = append(faults, c.add(lang, src, owners)...)
		}
	}
	faults = append(faults, c.compare()...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return c, nil
}

// MustLoad is Load for tests and for the start of the program, where faulty
// catalogues are a broken build.
func MustLoad(sources ...Source) *Catalogues {
	c, err := Load(sources...)
	if err != nil {
		panic(err)
	}
	return c
}

func (c *Catalogues) add(lang string, src Source, owners map[string]string) (faults []error) {
	name := "locale/" + lang + ".json"
	text, err := fs.ReadFile(src.FS, name)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", src.Owner, err)}
	}
	pairs, err := readFlat(text)
	if err != nil {
		return []error{fmt.Errorf("%s: %s: %w", src.Owner, name, err)}
	}
	for _, p := range pairs {
		if other, taken := owners[p.key]; taken {
			faults = append(faults, fmt.Errorf("%s: %s: %q is already given by %s", src.Owner, name, p.key, other))
			continue
		}
		owners[p.key] = src.Owner
		m, err := parseMessage(p.text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %q: %w", src.Owner, name, p.key, err))
		}
		c.texts[lang][p.key] = m
	}
	return faults
}

// compare reports keys that one language lacks, empty texts and placeholders
// that differ.
func (c *Catalogues) compare() (faults []error) {
	for _, key := range c.Keys() {
		zh, inChinese := c.texts[Chinese][key]
		en, inEnglish := c.texts[English][key]
		switch {
		case !inChinese:
			faults = append(faults, fmt.Errorf("%s: missing in %s", key, Chinese))
		case !inEnglish:
			faults = append(faults, fmt.Errorf("%s: missing in %s", key, English))
		case len(zh) == 0 || len(en) == 0:
			faults = append(faults, fmt.Errorf("%s: empty text", key))
		case !slices.Equal(zh.names(), en.names()):
			faults = append(faults, fmt.Errorf("%s: placeholders %v in %s, %v in %s", key, zh.names(), Chinese, en.names(), English))
		}
	}
	return faults
}

// Keys returns every key, sorted.
func (c *Catalogues) Keys() []string {
	all := map[string]bool{}
	for _, texts := range c.texts {
		for key := range texts {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Has reports whether key has a text.
func (c *Catalogues) Has(key string) bool {
	_, ok := c.texts[Chinese][key]
	return ok
}

// Under returns the texts in lang whose keys start with prefix, without the
// prefix, for scripts that need a handful of them.
func (c *Catalogues) Under(lang, prefix string) map[string]string {
	out := map[string]string{}
	for key, m := range c.texts[known(lang)] {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			out[rest] = m.source()
		}
	}
	return out
}

type pair struct{ key, text string }

// readFlat reads a JSON object of texts and refuses keys given twice, which
// encoding/json would silently drop.
func readFlat(text []byte) ([]pair, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	open, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errors.New("want one JSON object")
	}
	var pairs []pair
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		val, err := dec.Token()
		if err != nil {
			return nil, err
		}
		s, ok := val.(string)
		if !ok {
			return nil, fmt.Errorf("%q: want a text, not %v", key, val)
		}
		pairs = append(pairs, pair{key.(string), s})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("text after the object")
	}
	return pairs, nil
}

func known(lang string) string {
	if lang == English {
		return English
	}
	return Chinese
}
