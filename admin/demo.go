package admin

import "time"

// DemoText is a text message that the demo sent: it goes to nobody and is read
// on the demo's own page.
type DemoText struct {
	ID   string
	At   time.Time
	To   string
	Text string
}
