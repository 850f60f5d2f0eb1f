package registry

import (
	"time"

	"anlan/internal/kernel"
)

// IDKind is the sort of a person's identity document.
type IDKind string

// The kinds of identity document, as kernel.CheckIdentity knows them.
const (
	ResidentID IDKind = "resident"  // 居民身份证
	HMTPermit  IDKind = "hmt"       // 港澳台居民居住证
	Foreigner  IDKind = "foreigner" // 外国人永久居留身份证
	Passport   IDKind = "passport"
)

// Person is somebody who holds, or asks for, a personal licence such as a
// special-operation certificate. IDNumber, Phone and Address are masked when
// read; in a change, the masked text left as it was keeps what is stored.
type Person struct {
	ID         string // also names the person's key
	Name       string
	IDKind     IDKind
	IDNumber   string
	Phone      string
	Address    string
	Area       string
	Enterprise string // employer, "" none known
	State      State
	Sample     bool
	Version    int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Check reports every field of p that breaks a rule by itself; the identity
// number is checked by the rules of its kind. was is what is stored, masked:
// what equals it is not looked at again.
func (p Person) Check(was Person) error {
	var c kernel.Check
	c.Text("name", p.Name, 60)
	c.Require("area", p.Area)
	c.Length("address", p.Address, 200)
	if p.Phone != "" && p.Phone != was.Phone {
		c.Merge("", kernel.CheckPhone("phone", p.Phone))
	}
	if p.IDNumber != was.IDNumber || p.IDKind != was.IDKind || was.ID == "" {
		c.Merge("", kernel.CheckIdentity(string(p.IDKind), "id_number", p.IDNumber))
	}
	return c.Err()
}
