package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/settings"
)

const (
	maxTries  = 8               // then a message is dead
	lanes     = 4               // messages of one channel on their way side by side
	leaseTime = 2 * time.Minute // longer than any adapter may take
	pollEvery = 5 * time.Second
	reachable = 180 * 24 * time.Hour     // how long contacts are kept after the end
	inboxKept = 2 * 365 * 24 * time.Hour // how long in_app messages are kept
)

// OutwardPaused is the switch that stops everything that leaves the platform;
// what is queued waits.
func OutwardPaused() settings.Key[bool] {
	return settings.Key[bool]{Name: "notify.outward_paused", Default: false,
		Title: kernel.Text{ZH: "暂停对外发送（短信、邮件、接口通知）", EN: "Pause outward sending (SMS, e-mail, webhooks)"}}
}

// Options are the adapters. A channel without one marks its messages dead
// with a reason, so that they are seen.
type Options struct {
	SMTP      *SMTP
	SMS       *SMSGateway
	Webhook   *Hook
	PublicURL string // stands before links in e-mails; "" leaves links out
}

// Post delivers queued messages.
type Post struct {
	db      *db.DB
	from    *Notifier
	texts   *i18n.Catalogues
	clock   kernel.Clock // when messages are due
	log     *slog.Logger
	public  string
	senders map[string]sender
	owner   string
	lease   time.Duration

	stop context.CancelFunc
	done sync.WaitGroup
}

// NewPost returns the post of what from queues in d. It does not run yet.
func NewPost(d *db.DB, from *Notifier, texts *i18n.Catalogues, clock kernel.Clock, log *slog.Logger, opts Options) (*Post, error) {
	host, _ := os.Hostname() // a name is only for telling processes apart
	p := &Post{db: d, from: from, texts: texts, clock: clock, log: log, public: opts.PublicURL, senders: map[string]sender{},
		owner: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), kernel.NewSecret(6)), lease: leaseTime}
	if opts.SMTP != nil {
		s, err := newSMTP(*opts.SMTP, clock)
		if err != nil {
			return nil, err
		}
		p.senders[Email] = s
	}
	if opts.SMS != nil {
		s, err := newSMS(*opts.SMS, clock)
		if err != nil {
			return nil, err
		}
		p.senders[SMS] = s
	}
	if opts.Webhook != nil {
		p.senders[Webhook] = newHook(*opts.Webhook, clock)
	}
	return p, nil
}

// outwardChannels are those that a post serves.
func outwardChannels() []string { return []string{SMS, Email, Webhook} }

// Start delivers until Stop, each channel by itself: a slow mail server does
// not hold up SMS.
func (p *Post) Start(ctx context.Context) {
	ctx, p.stop = context.WithCancel(ctx)
	wakes := map[string]chan struct{}{}
	for _, ch := range outwardChannels() {
		wake := make(chan struct{}, 1)
		wakes[ch] = wake
		p.done.Go(func() { p.loop(ctx, ch, wake) })
	}
	p.done.Go(func() { p.spread(ctx, wakes) })
}

// spread passes the notifier's call on to every channel.
func (p *Post) spread(ctx context.Context, wakes map[string]chan struct{}) {
	for {
		select {
		case <-p.from.wake:
		case <-ctx.Done():
			return
		}
		for _, w := range wakes {
			select {
			case w <- struct{}{}:
			default:
			}
		}
	}
}

func (p *Post) loop(ctx context.Context, channel string, wake chan struct{}) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := p.serve(ctx, channel); err != nil && ctx.Err() == nil {
			p.log.Error("messages", "channel", channel, "error", err)
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Stop waits until the messages on their way have their outcome.
func (p *Post) Stop() {
	if p.stop != nil {
		p.stop()
		p.done.Wait()
	}
}

// Drain delivers everything that is due now.
func (p *Post) Drain(ctx context.Context) error {
	var errs []error
	for _, ch := range outwardChannels() {
		errs = append(errs, p.serve(ctx, ch))
	}
	return errors.Join(errs...)
}

// serve delivers the due messages of a channel, some of them side by side.
func (p *Post) serve(ctx context.Context, channel string) error {
	if err := p.lapse(ctx, channel); err != nil {
		return err
	}
	for ctx.Err() == nil {
		ids, err := p.due(ctx, channel)
		if err != nil || len(ids) == 0 {
			return err
		}
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() { p.one(ctx, channel, id) })
		}
		wg.Wait()
	}
	return ctx.Err()
}

// due lists the messages to try now; none while outward sending is paused.
func (p *Post) due(ctx context.Context, channel string) (ids []string, err error) {
	now := p.clock.Now()
	err = p.db.View(ctx, func(ctx context.Context, q db.Q) error {
		paused, err := OutwardPaused().At(ctx, q, now)
		if err != nil || paused {
			return err
		}
		ids, err = db.Column[string](ctx, q, `SELECT id FROM notify_messages
			WHERE state = 'queued' AND channel = $1 AND next_at <= $2 AND lease_until <= $3 ORDER BY next_at, id LIMIT $4`,
			channel, kernel.Micros(now), time.Now().UnixMicro(), lanes)
		return err
	})
	return ids, err
}

// one gives a message one try.
func (p *Post) one(ctx context.Context, channel, id string) {
	o, mine, err := p.take(ctx, id)
	if err != nil {
		p.log.Error("message not taken", "message", id, "error", err)
	}
	if err != nil || !mine {
		return
	}
	receipt, failure := p.try(ctx, channel, o)
	if err := p.finish(ctx, o, receipt, failure); err != nil {
		p.log.Error("outcome of message not written", "message", id, "error", err)
	}
}

// try opens the message and hands it to its adapter.
func (p *Post) try(ctx context.Context, channel string, o *outgoing) (receipt string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("adapter panicked: %v\n%s", r, debug.Stack())
		}
	}()
	if !o.until.IsZero() && !p.clock.Now().Before(o.until) {
		return "", final("expired", nil)
	}
	s := p.senders[channel]
	if s == nil {
		return "", final("no_adapter", nil)
	}
	if err := p.open(ctx, o); err != nil {
		return "", err
	}
	return s.send(ctx, o, func() error { return p.commit(context.WithoutCancel(ctx), o) })
}

// backoff is the wait after try n: half a minute, growing fourfold to six
// hours, spread so that messages that failed together do not come together.
func backoff(n int) time.Duration {
	wait := min(30*time.Second<<(2*(n-1)), 6*time.Hour)
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}
