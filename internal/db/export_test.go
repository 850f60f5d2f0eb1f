package db

import "time"

// Waiting tells how many members wait for the writer.
func (d *DB) Waiting() int { return len(d.writer.queue) }

// GrowFor lets groups take members for longer, so that a slow machine does
// not split the groups of a test.
func (d *DB) GrowFor(t time.Duration) { d.writer.grow = t }
