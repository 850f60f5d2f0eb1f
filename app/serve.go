package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"anlan/internal/kernel"
)

// grace is how long running requests may take once the platform stops.
const grace = 15 * time.Second

// Part is something that runs: the event bus, the job runner, the sealer.
// Start returns at once; Stop waits until the part has ended.
type Part struct {
	Name  string
	Start func(ctx context.Context) error
	Stop  func()
}

// Running makes a Part of a thing whose Start cannot fail.
func Running(name string, p interface {
	Start(ctx context.Context)
	Stop()
}) Part {
	return Part{name, func(ctx context.Context) error { p.Start(ctx); return nil }, p.Stop}
}

// Site is what compose makes of the base: the pages and what runs behind them.
type Site struct {
	Handler http.Handler
	Parts   []Part                     // started in this order, stopped in the opposite one
	Close   func()                     // ends live connections; nil when there are none
	Notes   func(base string) []string // printed once when ready, such as the set-up link; base is what links start with; nil: none
}

// Options say how to run.
type Options struct {
	Config Config
	Demo   bool         // fill an empty database with the sample city
	Out    io.Writer    // gets the address and the progress of the start
	Log    *slog.Logger // required
	Clock  kernel.Clock // nil: the machine's
}

// Run serves the platform until ctx ends, then stops it in order. It returns
// nil after a graceful stop.
func Run(ctx context.Context, o Options) error {
	if err := o.Config.Check(); err != nil {
		return err
	}
	if o.Clock == nil {
		o.Clock = kernel.SystemClock{}
	}
	begun := time.Now()
	ln, err := net.Listen("tcp", o.Config.WithDefaults().Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	o.Config.Addr = ln.Addr().String() // with the port that was found free
	if o.Demo && o.Config.OnLoopback() {
		o.Config.PublicURL = o.Config.BaseURL(ln.Addr()) // the codes of the demo's certificates work on this machine
	}
	f := &front{metricsToken: o.Config.MetricsToken}
	srv, failed := o.listen(f, ln)
	defer srv.Close()
	b, site, err := o.start(ctx, f)
	if err != nil {
		return err
	}
	defer o.closeBase(b)
	stopParts, err := startParts(ctx, site.Parts)
	defer stopParts()
	if err != nil {
		return err
	}
	f.site.Store(&site.Handler)
	o.say(f, "ready after %d ms: %s/", time.Since(begun).Milliseconds(), o.Config.BaseURL(ln.Addr()))
	if site.Notes != nil {
		for _, note := range site.Notes(o.Config.BaseURL(ln.Addr())) {
			fmt.Fprintf(o.Out, "anlan: %s\n", note) // for the operator's eyes: visitors who wait see what say says
		}
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	o.Log.Info("stopping")
	return stopServing(f, srv, site)
}

// say prints one line of progress and shows it to waiting visitors.
func (o Options) say(f *front, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	f.step.Store(&line)
	fmt.Fprintf(o.Out, "anlan: %s\n", line)
}

func (o Options) listen(f *front, ln net.Listener) (*http.Server, <-chan error) {
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1) // the one answer of Serve
	go func() {
		if o.Config.TLSCert == "" {
			failed <- srv.Serve(ln)
			return
		}
		srv.TLSConfig = newCertificate(o.Config.TLSCert, o.Config.TLSKey, o.Log).config()
		failed <- srv.ServeTLS(ln, "", "")
	}()
	return srv, failed
}

// start opens the base, brings the schema up and composes the site.
func (o Options) start(ctx context.Context, f *front) (*Base, *Site, error) {
	b, err := Open(ctx, o.Config, o.Clock, o.Log)
	if err != nil {
		return nil, nil, err
	}
	f.base.Store(b)
	site, err := func() (*Site, error) {
		ran, err := b.Migrate(ctx)
		if err != nil {
			return nil, err
		}
		if len(ran) > 0 {
			o.say(f, "schema brought up to date, %d steps", len(ran))
		}
		return compose(ctx, b, composition{demo: o.Demo, say: func(format string, args ...any) { o.say(f, format, args...) }})
	}()
	if err != nil {
		f.base.Store(nil)
		o.closeBase(b)
		return nil, nil, err
	}
	return b, site, nil
}

// closeBase is the last thing a run does; its failure has nobody to go to but
// the log.
func (o Options) closeBase(b *Base) {
	if err := b.Close(); err != nil {
		o.Log.Error("close", "error", err)
	}
}

// startParts starts parts and returns the function that stops those which
// started.
func startParts(ctx context.Context, parts []Part) (stop func(), err error) {
	running := context.WithoutCancel(ctx) // a part ends by Stop, in its turn
	var started []Part
	stop = func() {
		for i := len(started) - 1; i >= 0; i-- {
			started[i].Stop()
		}
	}
	for _, p := range parts {
		if err := p.Start(running); err != nil {
			return stop, fmt.Errorf("start %s: %w", p.Name, err)
		}
		started = append(started, p)
	}
	return stop, nil
}

// stopServing lets running requests finish. Live connections are closed at
// once; browsers come back by themselves.
func stopServing(f *front, srv *http.Server, site *Site) error {
	f.site.Store(nil)
	if site.Close != nil {
		site.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(errors.New("requests were still running after the grace period"), srv.Close())
	}
	return err
}
