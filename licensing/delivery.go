package licensing

import (
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// DeliveryMode is how the applicant wants to receive the result, confirmed in
// the 送达地址确认书.
type DeliveryMode string

// The modes.
const (
	ByMail       DeliveryMode = "mail"
	ByPickUp     DeliveryMode = "pickup"
	ByElectronic DeliveryMode = "electronic" // needs the applicant's consent
)

// DeliveryState is where the result lies.
type DeliveryState string

// The states of a delivery.
const (
	ToMake     DeliveryState = "to_make"
	Made       DeliveryState = "made"    // to be checked by somebody else
	Checked    DeliveryState = "checked" // ready to be posted or picked up
	Posted     DeliveryState = "posted"
	Returned   DeliveryState = "returned"
	Contacted  DeliveryState = "contacted" // the address is settled again
	SignedFor  DeliveryState = "signed_for"
	PickedUp   DeliveryState = "picked_up"
	SentOnline DeliveryState = "sent_online"
)

// deliveryStates are all states in the order of the desk's filter.
var deliveryStates = [...]DeliveryState{ToMake, Made, Checked, Posted, Returned, Contacted, SignedFor, PickedUp, SentOnline}

// Delivery is the way of a result from making to the recipient's hand.
type Delivery struct {
	ID        string
	CaseID    string
	LicenceID string // "" for a letter without a licence
	Area      string
	Mode      DeliveryMode
	State     DeliveryState
	KeyID     string
	Recipient personal.Sealed
	Phone     personal.Sealed
	Address   personal.Sealed
	Made      Hand // who printed the documents
	Checked   Hand // who compared them with the decision
	Handed    Hand // who gave them to the carrier or to the recipient
	Carrier   string
	Waybill   string
	PostedAt  time.Time
	EndedAt   time.Time
	Attempts  int64
	Due       kernel.Date // 10 working days from the decision, art. 44
	Note      string      // why it came back, or was made again
	Version   int64
	CreatedAt time.Time
	Sample    bool
}

// Hand is an officer who did a step, and when.
type Hand struct {
	ID   string
	Name string
	For  string // whose stand-in, "" nobody's
	At   time.Time
}

func handOf(by kernel.Actor, now time.Time) Hand {
	return Hand{ID: by.ID, Name: by.Name, For: by.For, At: now}
}

// notMaker refuses the person who made the documents, and whoever stands in
// for them: one pair of hands alone never makes and releases a licence.
func (d *Delivery) notMaker(by kernel.Actor, key string) error {
	if auth.DifferentHands(kernel.Actor{ID: d.Made.ID, For: d.Made.For}, by) != nil {
		return kernel.Refused(key)
	}
	return nil
}

// Subject names the delivery in audit rows and to-dos.
func (d *Delivery) Subject() string { return "delivery:" + d.ID }

// Ended reports whether the result has arrived.
func (d *Delivery) Ended() bool {
	return d.State == SignedFor || d.State == PickedUp || d.State == SentOnline
}

func (d *Delivery) in(act string, states ...DeliveryState) error {
	if slices.Contains(states, d.State) {
		return nil
	}
	return kernel.Clash("licensing.error.delivery_state", map[string]any{"act": act, "state": string(d.State)})
}

func (d *Delivery) by(mode DeliveryMode) error {
	if d.Mode == mode {
		return nil
	}
	return kernel.Clash("licensing.error.delivery_mode", map[string]any{"mode": string(d.Mode)})
}

// MarkMade records who printed the documents.
func (d *Delivery) MarkMade(by kernel.Actor, now time.Time) error {
	if err := d.in("make", ToMake); err != nil {
		return err
	}
	d.State, d.Made = Made, handOf(by, now)
	return nil
}

// MarkChecked records who compared them with the decision: not the maker.
func (d *Delivery) MarkChecked(by kernel.Actor, now time.Time) error {
	if err := d.in("check", Made); err != nil {
		return err
	}
	if err := d.notMaker(by, "licensing.error.maker_is_checker"); err != nil {
		return err
	}
	d.State, d.Checked = Checked, handOf(by, now)
	return nil
}

// Reject sends the documents back to be made again.
func (d *Delivery) Reject(note string) error {
	if err := d.in("reject", Made); err != nil {
		return err
	}
	d.State, d.Made, d.Note = ToMake, Hand{}, note
	return nil
}

// Post hands the letter to a carrier; not by the maker's hand.
func (d *Delivery) Post(by kernel.Actor, carrier, waybill string, now time.Time) error {
	if err := d.in("post", Checked, Contacted); err != nil {
		return err
	}
	if err := d.by(ByMail); err != nil {
		return err
	}
	if err := d.notMaker(by, "licensing.error.maker_hands_over"); err != nil {
		return err
	}
	d.State, d.Handed, d.Carrier, d.Waybill, d.PostedAt, d.Note = Posted, handOf(by, now), carrier, waybill, now, ""
	d.Attempts++
	return nil
}

// SignFor ends a mailed delivery.
func (d *Delivery) SignFor(at time.Time) error {
	if err := d.in("sign", Posted); err != nil {
		return err
	}
	d.State, d.EndedAt = SignedFor, at
	return nil
}

// Return records that the letter came back, and why.
func (d *Delivery) Return(note string) error {
	if err := d.in("return", Posted); err != nil {
		return err
	}
	d.State, d.Note = Returned, note
	return nil
}

// Contact records that the recipient was reached after a return: the letter
// can be posted again, perhaps to another address, or be picked up.
func (d *Delivery) Contact(mode DeliveryMode) error {
	if err := d.in("contact", Returned); err != nil {
		return err
	}
	if mode != ByMail && mode != ByPickUp {
		return kernel.Bad("mode", "one_of", string(mode))
	}
	d.State, d.Mode, d.Carrier, d.Waybill = Contacted, mode, "", ""
	return nil
}

// HandOver ends a pick-up; not by the maker's hand.
func (d *Delivery) HandOver(by kernel.Actor, now time.Time) error {
	if err := d.in("hand_over", Checked, Contacted); err != nil {
		return err
	}
	if err := d.by(ByPickUp); err != nil {
		return err
	}
	if err := d.notMaker(by, "licensing.error.maker_hands_over"); err != nil {
		return err
	}
	d.State, d.Handed, d.EndedAt = PickedUp, handOf(by, now), now
	return nil
}

// SendOnline ends an electronic delivery once the sealed documents exist.
// Nothing is printed, so nobody makes or checks paper.
func (d *Delivery) SendOnline(now time.Time) error {
	if err := d.in("send_online", Checked, ToMake, Made); err != nil {
		return err
	}
	if err := d.by(ByElectronic); err != nil {
		return err
	}
	d.State, d.EndedAt = SentOnline, now
	return nil
}
