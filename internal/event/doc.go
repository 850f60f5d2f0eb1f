// Package event tells other rooms what has happened, a moment later. An event
// is written in the transaction of what happened, together with a receipt for
// each subscription; the bus then runs every due receipt in a transaction of
// its own, in which the subscriber acts and the receipt becomes done. So what
// a subscriber does to the database happens exactly once; what it does outside
// it must queue (package notify).
//
// Order: per (subscription, subject) in the order of emission while none is
// parked. A receipt that keeps failing is parked after maxTries; it holds back
// only its own subject and is shown to the operator, who lets it run again or
// drops it with a reason. Nothing reads events by an id cursor, because ids do
// not commit in order. Subscription names are permanent: they stand in the
// receipts. Done events are removed after 90 days.
//
// Tables: event_events, event_receipts.
package event
