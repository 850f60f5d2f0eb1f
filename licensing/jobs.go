package licensing

import (
	"context"
	"time"

	"anlan/internal/event"
)

// registerJobs names everything that runs beside the pages: jobs with
// progress, periodic tasks (leased, so one process at a time runs them, and
// safe to repeat), reactions to our own events; and the files that rows of
// this room refer to.
func (s *Service) registerJobs() {
	s.Jobs.Handle(jobImport, s.runImport)
	s.Jobs.Handle(jobExtend, s.runExtend)
	s.Jobs.Handle(jobEnd, s.runEnd)

	s.Jobs.Every("licensing.papers", 2*time.Second, s.RenderPapers)
	s.Jobs.Every("licensing.silence", 10*time.Minute, func(ctx context.Context) error {
		_, err := s.Silence(ctx)
		return err
	})
	s.Jobs.Every("licensing.daily", 6*time.Hour, s.Daily)

	event.On(s.Bus, "licensing.publish", EventCaseDecided, s.publishDecided)
	event.On(s.Bus, "licensing.handover", EventCaseDecided, s.tellSupervisor)

	s.Blobs.Refer("licensing", `SELECT hash FROM licensing_files WHERE hash <> ''
		UNION SELECT hash FROM licensing_papers WHERE hash <> '' UNION SELECT file_hash FROM licensing_imports`)
}

// Daily does what falls due with the date: deemed renewals, special times,
// reminders, limits about to end, late acknowledgements and publications. It runs several times a
// day, so that a machine that slept through midnight loses nothing; every part
// is safe to repeat. A part that fails does not keep the others from running;
// the first failure is returned.
func (s *Service) Daily(ctx context.Context) error {
	parts := []func(context.Context) error{
		func(ctx context.Context) error { _, err := s.DeemRenewals(ctx); return err },
		s.ExtendSpecials,
		func(ctx context.Context) error { _, err := s.RemindHolders(ctx); return err },
		s.WarnOfLimits,
		s.ChaseHandovers,
		s.PublishOverdue,
	}
	var first error
	for _, part := range parts {
		if err := part(ctx); err != nil {
			s.Log.Error("daily licensing work", "error", err)
			if first == nil {
				first = err
			}
		}
	}
	return first
}
