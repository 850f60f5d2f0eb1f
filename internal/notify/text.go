package notify

import (
	"encoding/json"
	"fmt"

	"anlan/internal/i18n"
)

// words are the texts of one message in its language.
type words struct {
	Title string
	Text  string
	Link  string // path of a page, "" none
}

// render fills the texts of a message for a channel: Template itself, or a
// version of it for the channel where the catalogues have one.
func render(texts *i18n.Catalogues, channel, lang, template, args string) (words, error) {
	if lang == "" {
		lang = i18n.Chinese
	}
	var fill map[string]any
	if err := json.Unmarshal([]byte(args), &fill); err != nil {
		return words{}, fmt.Errorf("arguments of %s: %w", template, err)
	}
	key := template
	if version := template + version(channel); texts.Has(version) {
		key = version
	}
	if !texts.Has(key) {
		return words{}, fmt.Errorf("no text %q", key)
	}
	w := words{Text: texts.Fill(lang, key, fill)}
	w.Link, _ = fill["link"].(string)
	title := template + ".title"
	if !texts.Has(title) {
		title = "notify.title"
	}
	w.Title = texts.Fill(lang, title, fill)
	return w, nil
}

// version is the ending of the key for a channel with a text of its own.
func version(channel string) string {
	switch channel {
	case SMS:
		return ".sms"
	case Email:
		return ".body"
	}
	return ""
}
