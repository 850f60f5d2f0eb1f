// Package app puts the platform together. It owns the configuration
// (config.go), opens what everything stands on (base.go), composes the rooms
// (compose.go: services, routes, subscriptions), runs them behind one
// listener and ends them in order (serve.go), and holds the operator's tools
// that need all of it: backup, restore, doctor. Nothing below imports it.
//
// The tests of the house's own rules live here: import ranks, sizes,
// catalogues, schemas of both engines.
package app
