package app

import (
	"context"
	"io"
	"net/http"

	"anlan/internal/event"
)

// composition is how compose is asked to build.
type composition struct {
	demo bool                             // fill an empty database with the sample city
	say  func(format string, args ...any) // progress of the start
}

// compose builds the services on b, ties events to those who react and routes
// to handlers. It starts nothing: what runs is in Site.Parts.
func compose(ctx context.Context, b *Base, c composition) (*Site, error) {
	bus := event.NewBus(b.DB, b.Clock, b.Log)
	return &Site{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "安澜 Anlan\n") }),
		Parts:   []Part{Running("events", bus)},
	}, nil
}
