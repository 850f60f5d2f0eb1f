package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// outgoing is a message on its way.
type outgoing struct {
	id       string
	channel  string
	template string
	subject  string
	lang     string
	created  time.Time
	until    time.Time
	try      int
	keyID    string
	contact  string // clear after open
	args     string // the same
	words
	URL string // of the page, absolute; "" none
}

// sender is an adapter to a peer. send calls commit right before the peer can
// have the message, and goes on only when that succeeds.
type sender interface {
	send(ctx context.Context, o *outgoing, commit func() error) (receipt string, err error)
	resendable() bool // the peer recognises a second try
}

// failure is why a try did not succeed.
type failure struct {
	reason  string        // "notify.reason."+reason is its text
	final   bool          // no other try can help
	unclear bool          // the peer may have the message
	after   time.Duration // the peer asks to be left alone for so long
	err     error
}

func (f *failure) Error() string { return fmt.Sprintf("%s: %v", f.reason, f.err) }
func (f *failure) Unwrap() error { return f.err }

func final(reason string, err error) error     { return &failure{reason: reason, final: true, err: err} }
func temporary(reason string, err error) error { return &failure{reason: reason, err: err} }
func unclear(reason string, err error) error {
	return &failure{reason: reason, unclear: true, err: err}
}

// take leases a message for one try.
func (p *Post) take(ctx context.Context, id string) (*outgoing, bool, error) {
	o := &outgoing{id: id}
	now := time.Now()
	err := p.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := db.One(ctx, tx, func(s db.Scanner) (struct{}, error) {
			var created, until int64
			err := s.Scan(&o.channel, &o.template, &o.subject, &o.lang, &created, &until, &o.try, &o.keyID, &o.contact, &o.args)
			o.created, o.until = kernel.FromMicros(created), kernel.FromMicros(until)
			return struct{}{}, err
		}, `UPDATE notify_messages SET owner = $1, lease_until = $2, tries = tries + 1
			WHERE id = $3 AND state = 'queued' AND lease_until <= $4
			RETURNING channel, template, subject, lang, created_at, until_at, tries, key_id, contact, args`,
			p.owner, now.Add(p.lease).UnixMicro(), id, now.UnixMicro())
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return o, err == nil, err
}

// open decrypts the message and fills its texts.
func (p *Post) open(ctx context.Context, o *outgoing) error {
	err := p.db.View(ctx, func(ctx context.Context, q db.Q) error {
		key, err := p.from.vault.Key(ctx, q, o.keyID)
		if err != nil {
			return err
		}
		if o.contact, err = key.Open("notify.contact", personal.Sealed(o.contact)); err != nil {
			return err
		}
		o.args, err = key.Open("notify.args", personal.Sealed(o.args))
		return err
	})
	if personal.IsErased(err) {
		return final("erased", nil)
	}
	if err != nil {
		return temporary("internal", err)
	}
	if o.words, err = render(p.texts, o.channel, o.lang, o.template, o.args); err != nil {
		return final("no_text", err)
	}
	if o.Link != "" && p.public != "" {
		o.URL = p.public + o.Link
	}
	return nil
}

// commit puts on disk that the peer may have the message from now on.
func (p *Post) commit(ctx context.Context, o *outgoing) error {
	err := p.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		return db.Changed(tx.ExecContext(ctx, `UPDATE notify_messages SET state = 'sending' WHERE id = $1 AND owner = $2 AND state = 'queued'`, o.id, p.owner))
	})
	if err != nil {
		return temporary("internal", fmt.Errorf("not sent: %w", err))
	}
	return nil
}

// outcome is what a try comes to.
type outcome struct {
	state  State
	tries  int
	next   time.Time
	reason string
	detail string
}

func (p *Post) judge(o *outgoing, err error, stopped bool) outcome {
	now := p.clock.Now()
	if err == nil {
		return outcome{state: Sent, tries: o.try, next: now}
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{reason: "internal", err: err}
	}
	out := outcome{state: Queued, tries: o.try, next: now.Add(max(backoff(o.try), f.after)), reason: f.reason}
	if f.err != nil {
		out.detail = f.err.Error()
	}
	switch {
	case f.unclear:
		out.state, out.next = Unclear, now
	case f.final:
		out.state, out.next = Dead, now
	case stopped: // the process stops; that was no try
		out.next, out.tries = now, o.try-1
	case o.try >= maxTries:
		out.state, out.next = Dead, now
	}
	return out
}

// finish writes the outcome of a try, also when the process stops (ctx has
// ended). A row that another process has taken
// over since is left alone.
func (p *Post) finish(ctx context.Context, o *outgoing, receipt string, failed error) error {
	out := p.judge(o, failed, ctx.Err() != nil)
	now, ended := p.clock.Now(), int64(0)
	if out.state != Queued {
		ended = kernel.Micros(now)
	}
	if failed != nil {
		p.log.Warn("message not delivered", "message", o.id, "channel", o.channel, "try", o.try, "state", out.state, "reason", out.reason, "detail", out.detail)
	}
	return p.db.Housekeeping(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		return db.Changed(tx.ExecContext(ctx, `UPDATE notify_messages SET state = $1, next_at = $2, reason = $3, detail = $4, receipt = $5, ended_at = $6,
			tries = $7, owner = '', lease_until = 0 WHERE id = $8 AND owner = $9 AND state IN ('queued', 'sending')`,
			string(out.state), kernel.Micros(out.next), out.reason, cut(out.detail, 500), cut(receipt, 200), ended, out.tries, o.id, p.owner))
	})
}

// lapse decides about messages whose process fell silent after their peer may
// have had them: sent again where the peer recognises that, else unclear.
func (p *Post) lapse(ctx context.Context, channel string) error {
	state, ended := Unclear, kernel.Micros(p.clock.Now())
	if s := p.senders[channel]; s == nil || s.resendable() {
		state, ended = Queued, 0
	}
	return p.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_messages SET state = $1, reason = 'interrupted', owner = '', lease_until = 0, ended_at = $2
			WHERE state = 'sending' AND channel = $3 AND lease_until <= $4`, string(state), ended, channel, time.Now().UnixMicro())
		return err
	})
}

// cut bounds what another system says, and takes NUL out, which an engine
// does not keep.
func cut(s string, max int) string {
	r := []rune(strings.ReplaceAll(s, "\x00", ""))
	return string(r[:min(len(r), max)])
}
