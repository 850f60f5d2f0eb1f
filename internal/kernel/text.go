package kernel

import (
	"strings"
	"unicode/utf8"
)

// Text is content in both languages; Chinese is always there, English may be
// missing, and then the Chinese is shown with its lang.
type Text struct {
	ZH string `json:"zh-CN"`
	EN string `json:"en,omitempty"`
}

// In returns the text in lang ("zh-CN" or "en") and the language it is
// really in.
func (t Text) In(lang string) (text, really string) {
	if lang == "en" && t.EN != "" {
		return t.EN, "en"
	}
	return t.ZH, "zh-CN"
}

// String returns the Chinese text.
func (t Text) String() string { return t.ZH }

// IsText reports whether s is text as every database engine keeps it: UTF-8
// without NUL.
func IsText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
