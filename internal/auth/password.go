package auth

import (
	_ "embed"
	"strings"
	"unicode"

	"anlan/internal/kernel"
)

// MinPassword is the shortest password in characters. Nothing else is asked
// of its make-up and it never has to be changed without a cause
// (NIST SP 800-63B, 3.1.1.2).
const MinPassword = 12

//go:embed common_passwords.txt
var commonPasswords string

// CheckPassword gathers what speaks against a password under field: too
// short, too long, a common one, too few different characters, or made from
// one of names (the login, the phone number, the person's name). The value is
// never part of the error.
func CheckPassword(c *kernel.Check, field, password string, names ...string) {
	switch n := len([]rune(password)); {
	case password == "":
		c.Add(field, "required", "")
		return
	case n < MinPassword:
		c.Add(field, "too_short", "", "min", MinPassword)
		return
	case len(password) > MaxPassword:
		c.Add(field, "too_long", "", "max", MaxPassword)
		return
	}
	folded := strings.ToLower(string(prepare(password)))
	switch {
	case common(folded):
		c.Add(field, "auth_password_common", "")
	case distinct(folded) < 5 || running(folded):
		c.Add(field, "auth_password_simple", "")
	case named(folded, names):
		c.Add(field, "auth_password_name", "")
	}
}

// common reports whether the password is on the list, with or without the
// digits and signs that people put around such a word.
func common(folded string) bool {
	core := strings.TrimFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) })
	for word := range strings.Lines(commonPasswords) {
		word = strings.TrimSpace(word)
		if word == "" || word[0] == '#' {
			continue
		}
		if folded == word || core == word || strings.ReplaceAll(folded, word, "") == "" {
			return true
		}
	}
	return false
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// running reports whether most neighbours only count up, down or stand still.
func running(s string) bool {
	r := []rune(s)
	steps := 0
	for i := 1; i < len(r); i++ {
		if d := r[i] - r[i-1]; d >= -1 && d <= 1 {
			steps++
		}
	}
	return steps*4 >= (len(r)-1)*3
}

// named reports whether what is left after taking out a name is short or
// simple.
func named(folded string, names []string) bool {
	for _, name := range names {
		name = strings.ToLower(string(prepare(strings.TrimSpace(name))))
		if len([]rune(name)) < 3 || !strings.Contains(folded, name) {
			continue
		}
		rest := strings.ReplaceAll(folded, name, "")
		if len([]rune(rest)) < 8 || running(rest) || common(rest) {
			return true
		}
	}
	return false
}
