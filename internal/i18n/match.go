package i18n

import (
	"strconv"
	"strings"
)

// Match chooses the language of a request: what ?lang= asks for, else the
// cookie, else the best of Accept-Language, else Chinese. Whatever is not one
// of Languages is passed over.
func Match(query, cookie, accept string) string {
	for _, want := range []string{query, cookie} {
		if lang := tag(want); lang != "" {
			return lang
		}
	}
	best, weight := Chinese, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || f < 0 || f > 1 {
				continue
			}
			q = f
		}
		if lang := tag(strings.TrimSpace(name)); lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// tag maps a language tag to one of Languages, "" when it is neither.
func tag(s string) string {
	primary, _, _ := strings.Cut(strings.ToLower(s), "-")
	switch primary {
	case "zh":
		return Chinese
	case "en":
		return English
	}
	return ""
}
