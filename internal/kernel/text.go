package kernel

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
