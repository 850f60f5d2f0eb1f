package licensing

import (
	"context"
	"time"
)

// registerJobs names what the room does by itself. Each task is leased, so one
// process at a time runs it, and repeating it changes nothing.
func (s *Service) registerJobs() {
	s.Jobs.Every("licensing.papers", 2*time.Second, s.RenderPapers)
	s.Jobs.Every("licensing.silence", 10*time.Minute, func(ctx context.Context) error {
		_, err := s.Silence(ctx)
		return err
	})
}
