package form

import (
	"strings"
)

// Words returns the answer at a path as it stands in an issued document, in
// Chinese: options by their titles, several values and the rows of a list ("*"
// in the path: "chemicals.*.name") joined by 、. It is "" where nothing was
// answered; ok is false when the form has no such field.
func (f *Form) Words(data map[string]any, path string) (words string, ok bool) {
	all, ok := wordsOf(f.Fields, data, strings.Split(path, "."))
	return strings.Join(all, "、"), ok
}

func wordsOf(fields []*Field, data map[string]any, parts []string) (words []string, ok bool) {
	for _, f := range fields {
		if f.Name != parts[0] {
			continue
		}
		value, rest := data[f.Name], parts[1:]
		switch {
		case f.Kind == Group && len(rest) > 0:
			object, _ := value.(map[string]any)
			return wordsOf(f.Fields, object, rest)
		case f.Kind == List && len(rest) > 1 && rest[0] == "*":
			return wordsOfRows(f, value, rest[1:])
		case f.Fields != nil || len(rest) > 0:
			return nil, false
		}
		return f.words(value), true
	}
	return nil, false
}

func wordsOfRows(f *Field, value any, parts []string) (words []string, ok bool) {
	rows, _ := value.([]any)
	_, ok = wordsOf(f.Fields, nil, parts)
	for _, row := range rows {
		object, _ := row.(map[string]any)
		in, _ := wordsOf(f.Fields, object, parts)
		words = append(words, in...)
	}
	return words, ok
}

// words are the values of a field that holds no other.
func (f *Field) words(value any) []string {
	values, many := value.([]any)
	if !many {
		values = []any{value}
	}
	var out []string
	for _, v := range values {
		word := text(v)
		for _, o := range f.Options {
			if text(o.Value) == word && v != nil {
				word = o.Title.ZH
			}
		}
		if v != nil && word != "" {
			out = append(out, word)
		}
	}
	return out
}
