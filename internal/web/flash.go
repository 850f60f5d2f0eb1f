package web

import (
	"encoding/json"
	"time"
)

// flash is a message for the page after a redirect, kept sealed in a cookie.
type flash struct {
	Kind string         `json:"k"` // "done", "note", "warn"
	Key  string         `json:"t"`
	Args map[string]any `json:"a,omitempty"`
}

// Notice is a message on top of a page.
type Notice struct {
	Kind string // "done", "note", "warn"
	Text string
}

// Flash leaves a message of success for the next page; args are pairs.
func (r *Request) Flash(key string, args ...any) { r.addFlash("done", key, args) }

// FlashNote leaves a neutral message for the next page.
func (r *Request) FlashNote(key string, args ...any) { r.addFlash("note", key, args) }

// FlashWarn leaves a warning for the next page.
func (r *Request) FlashWarn(key string, args ...any) { r.addFlash("warn", key, args) }

func (r *Request) addFlash(kind, key string, args []any) {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		m[asText(args[i])] = r.site.texts.Show(r.Lang, args[i+1])
	}
	r.flashes = append(r.flashes, flash{kind, key, m})
}

// notices are the messages of earlier requests and of this one.
func (r *Request) notices() []Notice {
	var out []Notice
	for _, f := range append(r.keptFlashes(), r.flashes...) {
		out = append(out, Notice{f.Kind, r.site.texts.Fill(r.Lang, f.Key, f.Args)})
	}
	return out
}

func (r *Request) keptFlashes() []flash {
	v := r.cookie(cookieFlash)
	if v == "" {
		return nil
	}
	var kept []flash
	clear, err := r.site.seal.open("flash", v)
	if err != nil || json.Unmarshal(clear, &kept) != nil {
		return nil
	}
	return kept
}

// saveFlashes keeps the messages for the page that a redirect leads to.
func (r *Request) saveFlashes() {
	if len(r.flashes) == 0 {
		return
	}
	all := append(r.keptFlashes(), r.flashes...)
	if len(all) > 5 {
		all = all[len(all)-5:]
	}
	if text, err := json.Marshal(all); err == nil {
		r.setCookie(cookieFlash, r.site.seal.seal("flash", text), 5*time.Minute)
	}
}

// clearFlashes forgets the messages once a page has shown them.
func (r *Request) clearFlashes() {
	if r.cookie(cookieFlash) != "" {
		r.setCookie(cookieFlash, "", -time.Second)
	}
}
