// Package kernel holds the few words every other package speaks: who acts
// (Actor), when (Clock, Date), which thing (NewID), where (LatLon) and what
// went wrong (Error). It imports only the standard library and does no I/O.
package kernel
