// Package job runs long work behind the pages: imports, exports, papers,
// nightly checks. A job is a row written in the transaction of whoever wants
// it; a process takes it by a lease, renews the lease while it works, and
// writes what came of it. A process that was killed lets its leases lapse and
// the job runs again, here or elsewhere.
//
// So a handler may run more than once. What must happen once goes into
// transactions that carry Run.Save: the row of the job is changed in the same
// transaction under the lease, so that a slice of an import is either in the
// database and remembered, or neither; a run that lost its lease cannot
// commit.
//
// A handler that fails with an Invalid, NotFound, Denied or Conflict error has
// failed for good; after other errors, panics and crashes it runs again with
// growing pauses, maxTries times, and then stands as failed with its reason
// until the operator lets it run again.
//
// Every progress is also published on the stream topic "job:ID".
//
// Tables: job_jobs, job_row_errors, job_periodic. Retention: ended jobs, their
// row errors and their result files go after 90 days.
package job
