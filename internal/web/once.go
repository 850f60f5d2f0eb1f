package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of this package: web_idempotency, web_aside.
func Migrations() db.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return db.Migrations{Owner: "web", Rank: 5, FS: sub}
}

const (
	keepAnswers = 24 * time.Hour   // how long a repetition gets the first answer
	waitForTwin = 10 * time.Second // how long a repetition waits for the first to end
	takeOver    = 20 * time.Minute // when another process's claim counts as broken off: longer than any request lives
	maxKey      = 200              // characters of an Idempotency-Key
)

// claim is this request's hold on its key.
type claim struct {
	id, fingerprint string
	remembered      bool
}

// answer is what a repetition is given.
type answer struct {
	Status   int    `json:"status"`
	Location string `json:"location,omitempty"`
	Type     string `json:"type,omitempty"`
	Body     []byte `json:"body,omitempty"`
}

type claimKey struct{}

// Remember records, in the use case's own transaction, that the deed of this
// request is done and where its answer is found. After a crash a repetition
// is sent to location and runs nothing. Outside a request, or one without a
// key, it does nothing.
func Remember(ctx context.Context, tx *db.Tx, location string) error {
	held, ok := ctx.Value(claimKey{}).(*heldClaim)
	if !ok {
		return nil
	}
	sealed, err := held.site.sealAnswer(answer{Status: http.StatusSeeOther, Location: location})
	if err != nil {
		return err
	}
	err = db.Changed(tx.ExecContext(ctx, `UPDATE web_idempotency SET state = 'done', answer = $1 WHERE id = $2 AND state = 'running'`, sealed, held.claim.id))
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { held.claim.remembered = true })
	return nil
}

type heldClaim struct {
	site  *Server
	claim *claim
}

// once runs the handler unless the same request has been here before; see the
// package comment for what is guaranteed.
func (s *Server) once(r *Request) error {
	c, err := s.claimOf(r)
	if err != nil {
		return err
	}
	if c == nil || r.route.NoReplay {
		return r.route.Handler(r)
	}
	first, err := s.take(r, c)
	if err != nil {
		return err
	}
	if first != nil {
		return r.replay(first)
	}
	defer s.inFlight.remove(c.id)
	return s.runClaimed(r, c)
}

// runClaimed runs the handler and keeps its answer; a failed request gives
// its key back.
func (s *Server) runClaimed(r *Request, c *claim) (err error) {
	r.Request = r.WithContext(context.WithValue(r.Context(), claimKey{}, &heldClaim{s, c}))
	if r.route.op != nil {
		r.w.keep = &bytes.Buffer{}
	}
	done := false
	defer func() {
		if !done { // failed or panicked
			s.release(r, c)
		}
	}()
	if err := r.route.Handler(r); err != nil {
		return err
	}
	a, keep := r.w.answer()
	if c.remembered && r.route.op == nil {
		done = true
		return nil
	}
	if !keep {
		return nil
	}
	done = true
	if err := s.keepAnswer(r, c, a); err != nil {
		s.log.Error("the answer could not be kept for a repetition", "request", r.ID, "error", err)
	}
	return nil
}

// answer is what the handler answered, and whether it is worth keeping:
// redirects and JSON are, pages that show a form again are not.
func (w *response) answer() (answer, bool) {
	a := answer{Status: w.status, Location: w.location, Type: w.Header().Get("Content-Type")}
	switch {
	case w.location != "":
		return answer{Status: http.StatusSeeOther, Location: w.location}, true
	case w.keep != nil && w.status < 300 && w.keep.Len() <= maxKept:
		a.Body = w.keep.Bytes()
		return a, true
	case w.status == http.StatusNoContent:
		return a, true
	}
	return a, false
}

// replay gives the first answer again.
func (r *Request) replay(a *answer) error {
	r.SetHeader("Idempotency-Replayed", "true")
	if a.Location != "" && r.route.op == nil {
		return r.Redirect(a.Location)
	}
	if a.Location != "" {
		r.SetHeader("Location", a.Location)
	}
	if a.Type != "" {
		r.SetHeader("Content-Type", a.Type)
	}
	r.w.WriteHeader(a.Status)
	_, err := r.w.Write(a.Body)
	return ignoreGone(err)
}

// claimOf works out the key of a request: who, what address, which request
// id. Of a form the content belongs to the key as well: the same page sent
// with other content is a new request. nil means the request has no key.
func (s *Server) claimOf(r *Request) (*claim, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		key = r.own.Get("_request")
	}
	if key == "" {
		return nil, nil
	}
	if len(key) > maxKey {
		return nil, statusProblem(http.StatusBadRequest, kernel.Bad("Idempotency-Key", "too_long", ""))
	}
	print, err := r.fingerprint()
	if err != nil {
		return nil, err
	}
	parts := []string{r.Principal.Actor.ID, r.visitor, r.Method, r.URL.RequestURI(), key}
	if r.Principal.SignedIn() {
		parts[1] = ""
	}
	if r.route.op == nil {
		parts = append(parts, print)
	}
	return &claim{id: hashOf(parts...), fingerprint: print}, nil
}

// fingerprint is a hash of what was sent. Files are left out: they have not
// been read yet.
func (r *Request) fingerprint() (string, error) {
	if r.route.op == nil {
		return hashOf(r.sent.Encode()), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", broken(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return hashOf(string(body)), nil
}

func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// take claims the key, or returns the first request's answer, waiting for it
// when it is still running.
func (s *Server) take(r *Request, c *claim) (*answer, error) {
	until := time.Now().Add(waitForTwin)
	for {
		s.inFlight.add(c.id)
		first, busy, err := s.tryTake(r, c)
		if err != nil || first != nil || busy != nil {
			s.inFlight.remove(c.id)
		}
		if busy == nil {
			return first, err
		}
		if time.Now().After(until) {
			return nil, kernel.Clash("web.error.still_running", nil)
		}
		select {
		case <-busy:
		case <-time.After(200 * time.Millisecond): // another process has no channel to us
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// tryTake makes one attempt; busy is closed or ticks when the twin may be done.
func (s *Server) tryTake(r *Request, c *claim) (first *answer, busy <-chan struct{}, err error) {
	err = s.db.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		first, busy = nil, nil
		res, err := tx.ExecContext(ctx, `INSERT INTO web_idempotency (id, fingerprint, state, process, created_at, answer)
			VALUES ($1, $2, 'running', $3, $4, '') ON CONFLICT (id) DO NOTHING`, c.id, c.fingerprint, s.process, kernel.Micros(r.now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		first, busy, err = s.standing(ctx, tx, r, c)
		return err
	})
	return first, busy, err
}

// standing reads how far the request that holds a key is.
func (s *Server) standing(ctx context.Context, tx *db.Tx, r *Request, c *claim) (*answer, <-chan struct{}, error) {
	type row struct {
		fingerprint, state, process, answer string
		created                             int64
	}
	got, err := db.One(ctx, tx, func(sc db.Scanner) (w row, err error) {
		return w, sc.Scan(&w.fingerprint, &w.state, &w.process, &w.answer, &w.created)
	}, `SELECT fingerprint, state, process, answer, created_at FROM web_idempotency WHERE id = $1`, c.id)
	if err != nil {
		return nil, nil, err
	}
	age := r.now.Sub(kernel.FromMicros(got.created))
	switch {
	case got.fingerprint != c.fingerprint:
		return nil, nil, kernel.Bad("Idempotency-Key", "idempotency_reuse", "")
	case got.state == "done":
		a, err := s.openAnswer(got.answer)
		return a, nil, err
	case got.process == s.process && s.inFlight.count(c.id) > 1, got.process != s.process && s.shared() && age < takeOver:
		return nil, s.inFlight.wait(c.id), nil
	case !r.route.Once:
		return nil, nil, kernel.Clash("web.error.outcome_unknown", nil)
	}
	// The use case records itself with Remember; it did not, so it is undone.
	_, err = tx.ExecContext(ctx, `UPDATE web_idempotency SET process = $1, created_at = $2 WHERE id = $3`, s.process, kernel.Micros(r.now), c.id)
	return nil, nil, err
}

// shared reports whether other processes may work on the same database.
func (s *Server) shared() bool { return s.db.Engine() != db.SQLite }

func (s *Server) keepAnswer(r *Request, c *claim, a answer) error {
	sealed, err := s.sealAnswer(a)
	if err != nil {
		return err
	}
	return s.db.InTx(context.WithoutCancel(r.Context()), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE web_idempotency SET state = 'done', answer = $1 WHERE id = $2`, sealed, c.id)
		return err
	})
}

// release gives the key back, unless the deed was done all the same.
func (s *Server) release(r *Request, c *claim) {
	err := s.db.InTx(context.WithoutCancel(r.Context()), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM web_idempotency WHERE id = $1 AND state = 'running'`, c.id)
		return err
	})
	if err != nil {
		s.log.Error("a request's key could not be given back", "request", r.ID, "error", err)
	}
}

func (s *Server) sealAnswer(a answer) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	return s.seal.seal("answer", text), nil
}

func (s *Server) openAnswer(sealed string) (*answer, error) {
	text, err := s.seal.open("answer", sealed)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	return a, json.Unmarshal(text, a)
}

// Sweep removes answers and put-aside forms that are past their time; a job
// runs it every hour.
func (s *Server) Sweep(ctx context.Context) error {
	now := s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM web_idempotency WHERE created_at < $1`, kernel.Micros(now.Add(-keepAnswers))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM web_aside WHERE created_at < $1`, kernel.Micros(now.Add(-keepAside)))
		return err
	})
}

// inFlight knows which keys this process is working on.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]*flight
}

type flight struct {
	n    int
	done chan struct{} // closed when somebody lets go
}

func newInFlight() *inFlight { return &inFlight{keys: map[string]*flight{}} }

func (f *inFlight) add(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[id] == nil {
		f.keys[id] = &flight{done: make(chan struct{})}
	}
	f.keys[id].n++
}

func (f *inFlight) remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.keys[id]
	if fl == nil {
		return
	}
	fl.n--
	close(fl.done)
	fl.done = make(chan struct{})
	if fl.n == 0 {
		delete(f.keys, id)
	}
}

func (f *inFlight) count(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[id] == nil {
		return 0
	}
	return f.keys[id].n
}

func (f *inFlight) wait(id string) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[id] == nil {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return f.keys[id].done
}
