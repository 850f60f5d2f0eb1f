package db

import "time"

// Queued tells how many members wait for the writer.
func (d *DB) Queued() int { return len(d.writer.queue) }

// GrowFor lets groups take members for longer, so that a slow machine does
// not split the groups of a test.
func (d *DB) GrowFor(t time.Duration) { d.writer.grow = t }
