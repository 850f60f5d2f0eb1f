package auth

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Lockout says how wrong attempts of one subject (an account, an address) are
// answered: Free of them at once, then after each a wait that begins with
// First and doubles up to Max. Forget without an attempt starts afresh.
type Lockout struct {
	Free       int
	First, Max time.Duration
	Forget     time.Duration
}

// The lock-outs. An address may stand for a whole office, so it has more.
var (
	accountLockout = Lockout{Free: 5, First: 30 * time.Second, Max: 30 * time.Minute, Forget: 24 * time.Hour}
	addressLockout = Lockout{Free: 30, First: 30 * time.Second, Max: time.Hour, Forget: time.Hour}
)

// attempts is what is remembered of a subject.
type attempts struct {
	failures int
	last     time.Time
	blocked  time.Time // no attempt is looked at before
}

// wait returns how long the subject must still wait.
func (a attempts) wait(now time.Time) time.Duration { return max(0, a.blocked.Sub(now)) }

// fail counts an attempt at now. It is counted before it is looked at, so that
// many at once cannot all be the last free one; success takes it back.
func (l Lockout) fail(a attempts, now time.Time) attempts {
	if now.Sub(a.last) > l.Forget && a.wait(now) == 0 {
		a = attempts{}
	}
	a.failures++
	a.last = now
	if over := a.failures - l.Free; over >= 0 {
		wait := l.Max
		if over < 20 { // beyond, doubling has long passed Max
			wait = min(l.Max, l.First<<over)
		}
		a.blocked = now.Add(wait)
	}
	return a
}

// KeyWait is the key of the error of a subject that must wait.
const KeyWait = "auth.error.wait"

// RetryAfter returns how long the caller of a refused attempt must wait, for
// the Retry-After header and status 429.
func RetryAfter(err error) (time.Duration, bool) {
	var e *kernel.Error
	if !errors.As(err, &e) || e.Key != KeyWait {
		return 0, false
	}
	seconds, ok := e.Args["seconds"].(int)
	return time.Duration(seconds) * time.Second, ok
}

func tooSoon(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &kernel.Error{Kind: kernel.Unavailable, Key: KeyWait, Args: map[string]any{"seconds": seconds, "minutes": (seconds + 59) / 60}}
}

// guarded is a subject with its lock-out.
type guarded struct {
	subject string
	lockout Lockout
}

// addressOf names the address for the lock-out: an IPv6 network of 64 bits is
// one subscriber.
func addressOf(addr string) guarded {
	ip, err := netip.ParseAddr(addr)
	if err == nil {
		ip = ip.Unmap().WithZone("")
		if ip.Is6() {
			if p, err := ip.Prefix(64); err == nil {
				return guarded{"addr:" + p.String(), addressLockout}
			}
		}
		addr = ip.String()
	}
	return guarded{"addr:" + addr, addressLockout}
}

// reserve counts one attempt for each subject. When one of them must wait,
// none is counted and the error says for how long. The caller commits either
// way; success calls settle with the instant that reserve returned.
func (s *Service) reserve(ctx context.Context, subjects ...guarded) (at time.Time, err error) {
	var wait time.Duration
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.clock.Now()
		at, wait = now, 0
		states := make([]attempts, len(subjects))
		for i, g := range subjects {
			a, err := loadAttempts(ctx, tx, g.subject)
			if err != nil {
				return err
			}
			states[i] = a
			wait = max(wait, a.wait(now))
		}
		if wait > 0 {
			return nil
		}
		for i, g := range subjects {
			if err := saveAttempts(ctx, tx, g.subject, g.lockout.fail(states[i], now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && wait > 0 {
		err = tooSoon(wait)
	}
	return at, err
}

// settle forgets the failures of whoever succeeded and takes the reserved
// attempt of the address back.
func settle(ctx context.Context, tx *db.Tx, at time.Time, who, addr guarded) error {
	if err := saveAttempts(ctx, tx, who.subject, attempts{}); err != nil {
		return err
	}
	return refund(ctx, tx, at, addr)
}

// refund takes back the one attempt that an address reserved at the instant
// at. Its other failures stay: a stranger with an account of their own must
// not wash away what they tried on others.
func refund(ctx context.Context, tx *db.Tx, at time.Time, addr guarded) error {
	a, err := loadAttempts(ctx, tx, addr.subject)
	if err != nil || a.failures == 0 {
		return err
	}
	a.failures--
	if a.last.Equal(at) { // the wait is only for the attempt that succeeded
		a.blocked = time.Time{}
	}
	return saveAttempts(ctx, tx, addr.subject, a)
}

func loadAttempts(ctx context.Context, q db.Q, subject string) (attempts, error) {
	a, err := db.One(ctx, q, func(s db.Scanner) (a attempts, err error) {
		var last, blocked int64
		err = s.Scan(&a.failures, &last, &blocked)
		a.last, a.blocked = kernel.FromMicros(last), kernel.FromMicros(blocked)
		return a, err
	}, `SELECT failures, last_at, blocked_until FROM auth_attempts WHERE subject = $1`, subject)
	if errors.Is(err, sql.ErrNoRows) {
		return attempts{}, nil
	}
	return a, err
}

func saveAttempts(ctx context.Context, tx *db.Tx, subject string, a attempts) error {
	if a == (attempts{}) {
		_, err := tx.ExecContext(ctx, `DELETE FROM auth_attempts WHERE subject = $1`, subject)
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO auth_attempts (subject, failures, last_at, blocked_until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, blocked_until = excluded.blocked_until`,
		subject, a.failures, kernel.Micros(a.last), kernel.Micros(a.blocked))
	return err
}
