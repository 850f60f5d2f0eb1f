// Package licensing is the room in which licences are applied for, decided,
// made, mailed, verified and renewed without a counter (不见面审批).
//
// Words: a case (办件) is one application of an item (事项) and runs under a
// dated version of that item's rules (licensing/rule). Four machines are kept
// apart: the case (Case), its clocks (computed from clock events when read),
// the licence (Licence) and the delivery (Delivery). A paper (文书) is a
// numbered document whose print data are stored before it is rendered.
//
// Tables: licensing_*. Events: see event.go. Permissions: see permission.go.
package licensing
