package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/outward"
)

// A peer over HTTP is told:
//
//	POST URL
//	Idempotency-Key: ID
//	Anlan-Signature: t=…,v1=…
//	{"id":ID,"kind":"licence_publication","subject":"case:…","key":"…","map":"national-…","record":{…}}
//
// It answers 2xx with {"state":"accepted"|"rejected"|"received","receipt":"…",
// "errors":[{"field":"XK_WSH","rule":"…"}]}, or 422 with errors. A 2xx without a
// state is "accepted", or "received" for an endpoint that answers later. A
// receipt that comes later is the same object with "id", signed alike, given
// to TakeReceipt.

const (
	maxTries  = 14 // about four days
	batch     = 16 // messages of one system in one round
	leaseTime = 2 * time.Minute
	pollEvery = 5 * time.Second
)

// Start delivers, packs and reads packages until Stop.
func (x *Exchange) Start(ctx context.Context) {
	ctx, x.stop = context.WithCancel(ctx)
	for _, s := range x.opts.Systems {
		x.done.Go(func() { x.serve(ctx, s) })
	}
}

func (x *Exchange) serve(ctx context.Context, s System) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := x.drain(ctx, s); err != nil && ctx.Err() == nil {
			x.log.Error("exchange", "system", s.ID, "error", err)
		}
		select {
		case <-x.lines[s.ID].wake:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Stop waits until what is under way is finished.
func (x *Exchange) Stop() {
	if x.stop != nil {
		x.stop()
		x.done.Wait()
	}
}

// Drain does everything that is due now, for every system.
func (x *Exchange) Drain(ctx context.Context) error {
	var errs []error
	for _, s := range x.opts.Systems {
		if err := x.drain(ctx, s); err != nil {
			errs = append(errs, fmt.Errorf("system %s: %w", s.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (x *Exchange) drain(ctx context.Context, s System) error {
	if s.HTTP != nil {
		return x.deliver(ctx, s)
	}
	return errors.Join(x.Import(ctx, s.ID), x.Export(ctx, s.ID))
}

// dueQuery lists messages whose time has come and which no earlier one of the
// same subject holds back.
const dueQuery = `SELECT m.id FROM exchange_messages m
	WHERE m.system = $1 AND m.state = 'queued' AND m.next_at <= $2 AND m.lease_until <= $3 AND NOT EXISTS (
		SELECT 1 FROM exchange_messages b WHERE b.system = m.system AND b.subject = m.subject AND b.state IN ('queued', 'invalid') AND b.id < m.id)
	ORDER BY m.id LIMIT $4`

func (x *Exchange) due(ctx context.Context, system string, limit int) (ids []string, err error) {
	err = x.db.View(ctx, func(ctx context.Context, q db.Q) error {
		ids, err = db.Column[string](ctx, q, dueQuery, system, kernel.Micros(x.clock.Now()), time.Now().UnixMicro(), limit)
		return err
	})
	return ids, err
}

// deliver sends what is due. When the peer cannot be reached the rest waits
// for the next round.
func (x *Exchange) deliver(ctx context.Context, s System) error {
	for ctx.Err() == nil {
		ids, err := x.due(ctx, s.ID, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			reached, err := x.send(ctx, s, id)
			if err != nil || !reached {
				return err
			}
		}
	}
	return ctx.Err()
}

// message is one that is on its way.
type message struct {
	id, kind, subject, key, mapVersion, body string
	try                                      int
}

// send gives a message one try and reports whether the peer could be reached.
// Its error is one of the database only.
func (x *Exchange) send(ctx context.Context, s System, id string) (reached bool, err error) {
	m := message{id: id}
	now := time.Now()
	err = x.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := db.One(ctx, tx, func(r db.Scanner) (struct{}, error) {
			return struct{}{}, r.Scan(&m.kind, &m.subject, &m.key, &m.mapVersion, &m.body, &m.try)
		}, `UPDATE exchange_messages SET owner = $1, lease_until = $2, tries = tries + 1
			WHERE id = $3 AND state = 'queued' AND lease_until <= $4 RETURNING kind, subject, key, map_version, body, tries`,
			x.owner, now.Add(x.lease).UnixMicro(), id, now.UnixMicro())
		return err
	})
	if isNoRow(err) {
		return true, nil // another process has it
	}
	if err != nil {
		return false, err
	}
	o := x.post(ctx, s, m)
	return o.reason != "unreachable", x.finish(ctx, m, o)
}

// envelope is what a peer over HTTP receives.
type envelope struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject"`
	Key     string          `json:"key"`
	Map     string          `json:"map,omitempty"`
	Record  json.RawMessage `json:"record"`
}

// outcome is what a try or a receipt comes to.
type outcome struct {
	state   State
	reason  string // "exchange.reason."+reason is its text
	detail  string // for the operator
	receipt string
	errors  []Problem
	after   time.Duration // the peer asks to be left alone for so long
}

func (x *Exchange) post(ctx context.Context, s System, m message) outcome {
	body, err := json.Marshal(envelope{m.id, m.kind, m.subject, m.key, m.mapVersion, json.RawMessage(m.body)})
	if err != nil {
		return outcome{state: Dead, reason: "internal", detail: err.Error()}
	}
	a, err := x.clients[s.ID].Post(ctx, outward.Message{URL: s.HTTP.URL, ID: m.id, Body: body, Secret: s.HTTP.Secret, At: x.clock.Now()})
	switch {
	case err != nil:
		return outcome{state: Queued, reason: "unreachable", detail: err.Error()}
	case a.Accepted():
		return read(a.Body, s.HTTP.Later)
	case a.Status == 422:
		o := read(a.Body, false)
		o.state, o.reason = Rejected, "rejected"
		return o
	}
	o := outcome{state: Dead, reason: "refused", detail: fmt.Sprintf("status %d: %s", a.Status, cut(string(a.Body), 300)), after: a.RetryAfter}
	if a.Temporary() {
		o.state = Queued
	}
	return o
}

// Receipt is the peer's word about a record.
type Receipt struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // "accepted", "rejected" or "received"
	Receipt string    `json:"receipt,omitempty"`
	Errors  []Problem `json:"errors,omitempty"`
}

// read understands an answer; one that says nothing is taken by its status.
func read(body []byte, later bool) outcome {
	var r Receipt
	err := json.Unmarshal(body, &r)
	if err != nil || r.State == "" {
		r.State = map[bool]string{true: "received", false: "accepted"}[later]
	}
	return r.outcome()
}

func (r Receipt) outcome() outcome {
	o := outcome{receipt: cut(r.Receipt, 200), errors: r.Errors}
	switch r.State {
	case "accepted":
		o.state = Accepted
	case "rejected":
		o.state, o.reason = Rejected, "rejected"
	default:
		o.state = Sent
	}
	return o
}

// backoff is the wait after try n: a minute, doubling to twelve hours, spread.
func backoff(n int) time.Duration {
	wait := min(time.Minute<<min(n-1, 10), 12*time.Hour)
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

// finish writes what a try came to.
func (x *Exchange) finish(ctx context.Context, m message, o outcome) error {
	now := x.clock.Now()
	next, tries := now, m.try
	switch {
	case o.state == Queued && ctx.Err() != nil: // the process stops; that was no try
		tries--
	case o.state == Queued && m.try >= maxTries:
		o.state = Dead
	case o.state == Queued:
		next = now.Add(max(backoff(m.try), o.after))
	}
	if o.state != Accepted && o.state != Sent {
		x.log.Warn("record not taken", "message", m.id, "kind", m.kind, "try", m.try, "state", o.state, "reason", o.reason, "detail", o.detail)
	}
	return x.db.Housekeeping(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		if err := settle(ctx, tx, now, m.id, o, `state = 'queued' AND owner = $9`, x.owner); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE exchange_messages SET next_at = $1, tries = $2, owner = '', lease_until = 0 WHERE id = $3 AND owner = $4`,
			kernel.Micros(next), tries, m.id, x.owner)
		return err
	})
}

// settle writes an outcome into the row of a message that fulfils a condition
// on $9.
func settle(ctx context.Context, tx *db.Tx, now time.Time, id string, o outcome, condition string, arg any) error {
	problem := ""
	if len(o.errors) > 0 {
		text, err := json.Marshal(o.errors)
		if err != nil {
			return err
		}
		problem = string(text)
	}
	at, sent, ended := kernel.Micros(now), int64(0), int64(0)
	if o.state == Accepted || o.state == Rejected || o.state == Sent {
		sent = at
	}
	if o.state == Accepted || o.state == Rejected || o.state == Dead {
		ended = at
	}
	return db.Changed(tx.ExecContext(ctx, `UPDATE exchange_messages SET state = $1, reason = $2, detail = $3, problem = $4,
		receipt = CASE WHEN $5 = '' THEN receipt ELSE $5 END, sent_at = CASE WHEN sent_at = 0 THEN CAST($6 AS BIGINT) ELSE sent_at END,
		ended_at = $7 WHERE id = $8 AND `+condition,
		string(o.state), o.reason, cut(o.detail, 500), problem, o.receipt, sent, ended, id, arg))
}

// TakeReceipt takes a receipt that a peer over HTTP sends later. The body must
// be signed with the endpoint's secret. Taking it again changes nothing.
func (x *Exchange) TakeReceipt(ctx context.Context, system, signature string, body []byte) error {
	s, ok := x.system(system)
	if !ok || s.HTTP == nil {
		return kernel.Missing("system", system)
	}
	if err := outward.Verify(s.HTTP.Secret, signature, body, x.clock.Now()); err != nil {
		return kernel.Refused("exchange.error.signature")
	}
	var r Receipt
	if err := json.Unmarshal(body, &r); err != nil {
		return kernel.Bad("receipt", "json", "")
	}
	if r.State != "accepted" && r.State != "rejected" && r.State != "received" {
		return kernel.Bad("state", "choice", r.State)
	}
	if !keepable(r.ID) {
		return kernel.Bad("id", "encoding", "")
	}
	return x.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return x.takeReceipt(ctx, tx, system, r) })
}

// takeReceipt changes a message that the peer has and has not decided on.
func (x *Exchange) takeReceipt(ctx context.Context, tx *db.Tx, system string, r Receipt) error {
	now := x.clock.Now()
	state, err := db.Value[State](ctx, tx, `SELECT state FROM exchange_messages WHERE id = $1 AND system = $2`, r.ID, system)
	if err != nil {
		return db.Found(err, "message", r.ID)
	}
	o := r.outcome()
	if state == Accepted || state == Rejected || state == o.state {
		return nil // the first word counts; a repeated one is none
	}
	if err := settle(ctx, tx, now, r.ID, o, `system = $9`, system); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: kernel.System("exchange." + system), Action: "exchange.receipt",
		Subject: "message:" + r.ID, Before: state, After: r})
}

// cut bounds what another system says, and takes NUL out, which an engine
// does not keep.
func cut(s string, max int) string {
	r := []rune(strings.ReplaceAll(s, "\x00", ""))
	return string(r[:min(len(r), max)])
}
