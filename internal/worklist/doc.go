// Package worklist is the inbox over all rooms: what a role, a unit or a
// person has to do, by when, with the link to where it is done. A room opens
// and closes items inside its own transaction, so that the list never says
// anything else than the room does.
//
// An item has one addressee: an account; or a role, narrowed by unit, area
// and enterprise where these are given; or an enterprise, for whoever acts for
// it. Who takes an item from a shared list claims it; others see by whom.
//
// Tables: worklist_items. Retention: closed items go after two years (app.keepHouse).
package worklist
