package licensing

import (
	"slices"
	"time"

	"anlan/internal/kernel"
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

// Delivery is the way of a result from making to the recipient's hand.
type Delivery struct {
	ID        string
	CaseID    string
	LicenceID string
	Area      string
	Mode      DeliveryMode
	State     DeliveryState
	KeyID     string
	Recipient string // sealed
	Phone     string // sealed
	Address   string // sealed
	MadeBy    string
	MadeAt    time.Time
	CheckedBy string
	CheckedAt time.Time
	HandedBy  string
	Carrier   string
	Waybill   string
	PostedAt  time.Time
	EndedAt   time.Time
	Attempts  int64
	Due       kernel.Date // 10 working days from the decision, art. 44
	Note      string
	Version   int64
	CreatedAt time.Time
}

func (d *Delivery) in(act string, states ...DeliveryState) error {
	if slices.Contains(states, d.State) {
		return nil
	}
	return kernel.Clash("licensing.error.delivery_state", map[string]any{"act": act, "state": string(d.State)})
}

// MarkMade records who printed the documents.
func (d *Delivery) MarkMade(by kernel.Actor, now time.Time) error {
	if err := d.in("make", ToMake); err != nil {
		return err
	}
	d.State, d.MadeBy, d.MadeAt = Made, by.ID, now
	return nil
}

// MarkChecked records who compared them with the decision: not the maker.
func (d *Delivery) MarkChecked(by kernel.Actor, now time.Time) error {
	if err := d.in("check", Made); err != nil {
		return err
	}
	if by.ID == d.MadeBy {
		return kernel.Refused("licensing.error.maker_is_checker")
	}
	d.State, d.CheckedBy, d.CheckedAt = Checked, by.ID, now
	return nil
}

// Reject sends the documents back to be made again.
func (d *Delivery) Reject(note string) error {
	if err := d.in("reject", Made); err != nil {
		return err
	}
	d.State, d.MadeBy, d.MadeAt, d.Note = ToMake, "", time.Time{}, note
	return nil
}

// Post hands the letter to a carrier. Who makes or checks may not hand over
// alone: the third act needs a hand that is not the maker's.
func (d *Delivery) Post(by kernel.Actor, carrier, waybill string, now time.Time) error {
	if err := d.in("post", Checked, Contacted); err != nil {
		return err
	}
	if d.Mode != ByMail {
		return kernel.Clash("licensing.error.delivery_mode", map[string]any{"mode": string(d.Mode)})
	}
	if by.ID == d.MadeBy {
		return kernel.Refused("licensing.error.maker_hands_over")
	}
	d.State, d.HandedBy, d.Carrier, d.Waybill, d.PostedAt = Posted, by.ID, carrier, waybill, now
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

// Contact records that the recipient was reached after a return; the address
// may have changed, and the letter can be posted again.
func (d *Delivery) Contact() error {
	if err := d.in("contact", Returned); err != nil {
		return err
	}
	d.State, d.Waybill = Contacted, ""
	return nil
}

// HandOver ends a pick-up.
func (d *Delivery) HandOver(by kernel.Actor, now time.Time) error {
	if err := d.in("hand_over", Checked); err != nil {
		return err
	}
	if by.ID == d.MadeBy {
		return kernel.Refused("licensing.error.maker_hands_over")
	}
	d.State, d.HandedBy, d.EndedAt = PickedUp, by.ID, now
	return nil
}

// SendOnline ends an electronic delivery once the sealed documents exist.
func (d *Delivery) SendOnline(now time.Time) error {
	if err := d.in("send_online", Checked, ToMake, Made); err != nil {
		return err
	}
	d.State, d.EndedAt = SentOnline, now
	return nil
}
