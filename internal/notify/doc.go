// Package notify queues what people must be told, in the transaction of what
// happened, one row per recipient and channel. Nothing outside sits in a
// request's path: a queued row is sent, retried and its outcome shown by the
// runner.
//
// Tables: notify_messages.
package notify
