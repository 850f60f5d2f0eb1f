package licensing

import (
	"time"

	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Contact is one try to reach a holder before a licence lapses (提前对接).
type Contact struct {
	ID          string
	LicenceID   string
	At          time.Time
	Officer     string
	OfficerName string
	Channel     string // "call", "sms", "visit", "online"
	Reached     bool
	Explained   string // what was explained
	Confirmed   bool   // the holder confirmed that they understood
	Note        string
	PointID     string      // whom, "" the licence's own number
	EndsOn      kernel.Date // last day of the licence at the time
	DaysLeft    int64
}

// contactChannels are the ways to reach a holder.
var contactChannels = [...]string{"call", "sms", "visit", "online"}

// ContactPoint is somebody who can be reached for a holder.
type ContactPoint struct {
	ID        string
	Holder    string // see Licence.HolderKey
	KeyID     string
	Name      string
	Post      string // "安全管理人员"
	Phone     personal.Sealed
	Shown     string // masked
	DeadAt    time.Time
	CreatedAt time.Time
	Registry  bool // kept by the registry, not here
}

// LicenceMaterial is something that a renewal needs and that lapses by itself.
type LicenceMaterial struct {
	LicenceID string
	Material  string // id of the material in the rules, or a name of its own
	Name      string
	ValidTo   kernel.Date
	At        time.Time
}

// Reminder is the window of a licence that has been reached.
type Reminder struct {
	Licence *Licence
	Days    int         // the rule's window: 180, 90, 60, 30, 7
	FileBy  kernel.Date // last working day of a timely application
	First   *LicenceMaterial
}

// reached returns the narrowest window whose day has come, 0 for none. days
// falls, on rises with it; shift moves the days of a special time.
func reached(days []int, on []kernel.Date, shift int, today kernel.Date) int {
	found := 0
	for i, d := range on {
		if i < len(days) && !d.AddDays(-shift).After(today) {
			found = days[i]
		}
	}
	return found
}

// DueRow is a line of the expiry worklist.
type DueRow struct {
	LicenceRow
	EnterpriseID string
	WatchOn      kernel.Date // last day, or an earlier re-examination
	DaysLeft     int         // negative once it has passed
	Pending      string      // case that was filed about it
	Reminded     int64       // narrowest window already told, 0 none
	Tries        int64       // contacts since this last day was set
	Reached      int64
	Confirmed    int64
	LastContact  time.Time
	FirstLapse   kernel.Date // of the materials a renewal needs
	FirstName    string
}

// Unreachable reports whether nobody has been reached although it was tried.
func (r DueRow) Unreachable() bool { return r.Tries > 0 && r.Reached == 0 }

// Next is the cursor of a page that ends with this row.
func (r DueRow) Next() LicenceCursor { return LicenceCursor{EndsOn: r.WatchOn.String(), ID: r.ID} }

// DueFilter chooses lines of the expiry worklist; empty fields do not filter.
type DueFilter struct {
	Within      int // days until the last day; 0: 180
	Lapsed      int // days since it passed that are still shown; 0: 30
	Area        string
	Item        string
	Unreachable bool
	Unconfirmed bool // no confirmed contact yet
	Filed       bool // also those about which an application was filed
	After       LicenceCursor
	Limit       int // 0: 50
}
