// Package stream carries live updates to open pages. A hub numbers every
// event and keeps a window of the last ones, so that a page that lost its
// connection continues after its Last-Event-ID; a page that was away for
// longer, that knew another epoch (the server was restarted) or that reads
// too slowly is told to reload, never left with a hole it does not know of.
//
// A live update is a hint, never the only copy of a fact: pages show a
// snapshot from the database first and deltas afterwards. NewHub serves one
// process; Connect shares topics, ids and window among processes over NATS.
package stream
