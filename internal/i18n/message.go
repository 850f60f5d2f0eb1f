package i18n

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// message is a parsed text.
type message []piece

// piece is a literal text, or with a name a placeholder; plural ones carry
// the texts for one and for many.
type piece struct {
	literal   string
	name      string
	plural    bool
	one, many string
}

var errBrace = errors.New("a brace is not closed")

func parseMessage(text string) (message, error) {
	var m message
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			m = append(m, piece{literal: lit.String()})
			lit.Reset()
		}
	}
	for text != "" {
		head, rest, found := strings.Cut(text, "{")
		lit.WriteString(head)
		if !found {
			break
		}
		if strings.HasPrefix(rest, "{") {
			lit.WriteByte('{')
			text = rest[1:]
			continue
		}
		inside, tail, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errBrace
		}
		p, err := parsePlaceholder(inside)
		if err != nil {
			return nil, err
		}
		flush()
		m = append(m, p)
		text = tail
	}
	flush()
	return m, nil
}

func parsePlaceholder(inside string) (piece, error) {
	parts := strings.Split(inside, "|")
	name := parts[0]
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return piece{}, fmt.Errorf("placeholder {%s}: want lower-case letters, digits and _", inside)
	}
	switch len(parts) {
	case 1:
		return piece{name: name}, nil
	case 3:
		return piece{name: name, plural: true, one: parts[1], many: parts[2]}, nil
	}
	return piece{}, fmt.Errorf("placeholder {%s}: want {name} or {name|one|many}", inside)
}

// names returns the placeholders' names, sorted, each once.
func (m message) names() []string {
	var out []string
	for _, p := range m {
		if p.name != "" {
			out = append(out, p.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// source is the text as it was written.
func (m message) source() string {
	var b strings.Builder
	for _, p := range m {
		switch {
		case p.name == "":
			b.WriteString(strings.ReplaceAll(p.literal, "{", "{{"))
		case p.plural:
			b.WriteString("{" + p.name + "|" + p.one + "|" + p.many + "}")
		default:
			b.WriteString("{" + p.name + "}")
		}
	}
	return b.String()
}
