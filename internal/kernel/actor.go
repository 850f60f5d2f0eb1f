package kernel

// ActorKind says what sort of hand did something.
type ActorKind string

// The kinds of actor.
const (
	ActorAccount ActorKind = "account" // a person who signed in
	ActorToken   ActorKind = "token"   // a system with an API token
	ActorLink    ActorKind = "link"    // whoever holds a signed link
	ActorPublic  ActorKind = "public"  // a visitor who did not sign in
	ActorSystem  ActorKind = "system"  // the platform itself: a job, a clock, a subscriber
)

// Actor is who does something. Every write names one; it stands in the audit
// row and in the event. The zero Actor is nobody and may write nothing.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id"`             // account, token or link id; the name of a system part
	Name string    `json:"name"`           // as shown at the time
	For  string    `json:"for,omitempty"`  // account id whose stand-in the actor is
	Addr string    `json:"addr,omitempty"` // client address
}

// System returns the actor for a part of the platform, such as
// "licensing.silence".
func System(part string) Actor { return Actor{Kind: ActorSystem, ID: part, Name: part} }

// IsZero reports whether a is nobody.
func (a Actor) IsZero() bool { return a.ID == "" }

// Same reports whether a and b are the same person by identity, however each
// came in; a stand-in is the person who really acts.
func (a Actor) Same(b Actor) bool { return a.Kind == b.Kind && a.ID == b.ID && a.ID != "" }
