// Package admin is the pages of the machinery: the front door, signing in and
// out, and what administrators do with accounts, organisation and settings;
// the officer's home with its to-do list over all rooms, the inbox and the
// search; and what the operator looks after: jobs, events, outgoing messages,
// exchange, the calendar, the audit.
//
// Tables: none of its own.
//
// Permissions: see PermConsole and those beside it; accounts, organisation and
// the audit are guarded by those of auth and registry.
package admin
