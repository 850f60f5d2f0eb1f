package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

const (
	keepAside  = time.Hour
	resumePath = "/resume/"
)

// aside is a form that was sent when its session had ended.
type aside struct {
	Action string     `json:"action"`
	Fields url.Values `json:"fields"`
	Own    url.Values `json:"own"`
	Files  bool       `json:"files"` // it had files, which must be chosen again
}

// putAside keeps what the form sent, sealed, for an hour, for this browser
// only, and returns its id. A form that is not ours is not kept.
func (s *Server) putAside(r *Request) (string, error) {
	if err := s.checkForgery(r); err != nil {
		return "", err
	}
	text, err := json.Marshal(r.aside())
	if err != nil {
		return "", err
	}
	id := kernel.NewSecret(18)
	err = s.db.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO web_aside (id, visitor, sealed, created_at) VALUES ($1, $2, $3, $4)`,
			hashOf(id), hashOf(r.visitor), s.seal.seal("aside", text), kernel.Micros(r.now))
		return err
	})
	return id, err
}

func (r *Request) aside() aside {
	own := url.Values{}
	if v := r.own.Get("_request"); v != "" {
		own.Set("_request", v)
	}
	return aside{Action: r.URL.RequestURI(), Fields: r.sent, Own: own, Files: r.upload != nil && r.upload.ahead != nil}
}

// resumeField is one line of what was typed.
type resumeField struct{ Name, Value string }

// resumeView is the dot of the page that shows what was typed before.
type resumeView struct {
	Action string
	Fields []resumeField // as hidden inputs, in order
	Typed  []string      // what a person would recognise
	Own    string        // the form's request id: sending it twice stays safe
	Files  bool
	Stale  bool // the visit had ended, not the session
}

// resume shows a form that was put aside, for sending with one click.
func (s *Server) resume(r *Request) error {
	sealed, err := db.Value[string](r.Context(), s.db.Reader(), `SELECT sealed FROM web_aside WHERE id = $1 AND visitor = $2 AND created_at > $3`,
		hashOf(r.PathValue("token")), hashOf(r.visitor), kernel.Micros(r.now.Add(-keepAside)))
	if err := db.Found(err, "page", ""); err != nil {
		return err
	}
	text, err := s.seal.open("aside", sealed)
	if err != nil {
		return err
	}
	var kept aside
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	return r.Render("web/resume", kept.view(false))
}

func (a aside) view(stale bool) resumeView {
	v := resumeView{Action: a.Action, Own: a.Own.Get("_request"), Files: a.Files, Stale: stale}
	names := make([]string, 0, len(a.Fields))
	for name := range a.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range a.Fields[name] {
			v.Fields = append(v.Fields, resumeField{name, value})
			if t := strings.TrimSpace(value); t != "" && !secretName(name) {
				v.Typed = append(v.Typed, cutRunes(t, 200))
			}
		}
	}
	return v
}

func secretName(name string) bool {
	return strings.Contains(name, "password") || strings.Contains(name, "code") || strings.Contains(name, "secret")
}

// askAgain shows a form whose browser lost its visitor cookie: the person
// sees what was typed and sends it again.
func (s *Server) askAgain(r *Request) error {
	return r.render(http.StatusConflict, "web/resume", r.aside().view(true))
}
