package licensing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/personal"
	"anlan/internal/worklist"
)

// Address is where and to whom a result is sent, in clear.
type Address struct {
	Recipient string `json:"recipient"`
	Phone     string `json:"phone"`
	Address   string `json:"address,omitempty"` // "" unless by mail
	Consent   bool   `json:"consent,omitempty"` // to electronic delivery
}

// todoReturned is the to-do about a letter that came back.
const todoReturned = "licensing.returned"

// openDelivery starts the way of a result to the applicant in the transaction
// of the decision. It must have arrived 10 working days after it (art. 44). A
// letter without a licence needs no making: it waits to be posted.
func (s *Service) openDelivery(ctx context.Context, tx *db.Tx, c *Case, licenceID string, addr Address, actor kernel.Actor, now time.Time) error {
	cal, err := deadline.Load(ctx, tx)
	if err != nil {
		return err
	}
	d := &Delivery{ID: kernel.NewID(now), CaseID: c.ID, LicenceID: licenceID, Area: c.Area, Mode: c.DeliveryMode, State: ToMake, KeyID: c.KeyID,
		Due: cal.AddWorking(c.DecidedOn, deliverWithin), Version: 1, CreatedAt: now, Sample: c.Sample}
	if d.Mode == "" {
		d.Mode = ByPickUp
	}
	if c.State == Denied {
		d.State = Checked
	}
	if err := s.sealAddress(ctx, tx, d, addr); err != nil {
		return err
	}
	if err := insertDelivery(ctx, tx, d); err != nil {
		return err
	}
	if err := insertDeliveryLog(ctx, tx, d, actor, "", now); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "licensing.delivery.open", Subject: d.Subject(), After: briefDelivery(d)})
}

func (s *Service) sealAddress(ctx context.Context, q db.Q, d *Delivery, a Address) error {
	key, err := s.Vault.Key(ctx, q, d.KeyID)
	if err != nil {
		return err
	}
	d.Recipient, d.Phone, d.Address = key.Seal("recipient", a.Recipient), key.Seal("phone", a.Phone), key.Seal("address", a.Address)
	return nil
}

func (s *Service) openDeliveryAddress(ctx context.Context, q db.Q, d *Delivery) (a Address, err error) {
	key, err := s.Vault.Key(ctx, q, d.KeyID)
	if err != nil {
		return a, err
	}
	if a.Recipient, err = key.Open("recipient", d.Recipient); err != nil {
		return a, err
	}
	if a.Phone, err = key.Open("phone", d.Phone); err != nil {
		return a, err
	}
	a.Address, err = key.Open("address", d.Address)
	return a, err
}

// briefDelivery is what audit rows keep of a delivery: no personal data.
func briefDelivery(d *Delivery) map[string]any {
	return map[string]any{"case": d.CaseID, "mode": d.Mode, "state": d.State, "carrier": d.Carrier, "waybill": d.Waybill, "attempts": d.Attempts}
}

// handling is one act on a delivery.
type handling struct {
	by      *auth.Principal
	needs   auth.Permission
	caseID  string
	version int64  // of the delivery as seen, 0: whatever it is now
	name    string // "make"
	note    string
	open    bool // the applicant reads it in the case's story
}

// handle runs fn on the delivery of a case in the case's transaction: the
// delivery with its log and audit row are written, the case follows to the
// desk that is next.
func (s *Service) handle(ctx context.Context, h handling, fn func(ctx context.Context, sc *scene, d *Delivery) error) (*Delivery, error) {
	var out *Delivery
	todo := doing{by: h.by, needs: h.needs, caseID: h.caseID, name: "delivery_" + h.name, note: h.note, hidden: !h.open}
	_, err := s.act(ctx, todo, func(ctx context.Context, sc *scene) error {
		d, err := deliveryOf(ctx, sc.tx, sc.c.ID)
		if err != nil {
			return err
		}
		if h.version != 0 && h.version != d.Version {
			return kernel.Clash("error.changed_meanwhile", nil)
		}
		before := *d
		if err := fn(ctx, sc, d); err != nil {
			return err
		}
		if err := saveDelivery(ctx, sc.tx, d, sc.by, h.note, sc.now); err != nil {
			if db.IsUnique(err) {
				return kernel.Clash("licensing.error.waybill_taken", map[string]any{"waybill": d.Waybill})
			}
			return err
		}
		followDelivery(sc.c, d)
		out = d
		return audit.Write(ctx, sc.tx, audit.Entry{At: sc.now, Actor: sc.by, Action: "licensing.delivery." + h.name, Subject: d.Subject(),
			Before: briefDelivery(&before), After: briefDelivery(d)})
	})
	return out, err
}

// followDelivery keeps the case at the desk where its result lies.
func followDelivery(c *Case, d *Delivery) {
	at := Deliver
	switch {
	case d.Ended():
		at = Archive
	case d.State == ToMake || d.State == Made:
		at = Make
	}
	if c.Step != at {
		c.Step = at
		c.release()
	}
}

// MarkMade records that the documents of a case were printed. Every paper of
// the case must be sealed.
func (s *Service) MarkMade(ctx context.Context, p *auth.Principal, caseID string, version int64) (*Delivery, error) {
	return s.handle(ctx, handling{by: p, needs: PermMake, caseID: caseID, version: version, name: "make"}, func(ctx context.Context, sc *scene, d *Delivery) error {
		if d.Mode == ByElectronic {
			return kernel.Clash("licensing.error.delivery_mode", map[string]any{"mode": string(d.Mode)})
		}
		if err := papersReady(ctx, sc.tx, caseID); err != nil {
			return err
		}
		return d.MarkMade(sc.by, sc.now)
	})
}

func papersReady(ctx context.Context, q db.Q, caseID string) error {
	papers, err := listPapers(ctx, q, caseID)
	if err != nil {
		return err
	}
	for _, p := range papers {
		if !p.Ready() {
			return kernel.Clash("licensing.error.paper_not_ready", map[string]any{"kind": string(p.Kind), "error": p.Error})
		}
	}
	return nil
}

// CheckMade records that another officer compared the documents with the
// decision; pass false sends them back to be made again, with the reason.
func (s *Service) CheckMade(ctx context.Context, p *auth.Principal, caseID string, version int64, pass bool, note string) (*Delivery, error) {
	name := "check"
	if !pass {
		name = "reject"
		var c kernel.Check
		c.Text("note", note, 500)
		if err := c.Err(); err != nil {
			return nil, err
		}
	}
	return s.handle(ctx, handling{by: p, needs: PermMake, caseID: caseID, version: version, name: name, note: note}, func(_ context.Context, sc *scene, d *Delivery) error {
		if pass {
			return d.MarkChecked(sc.by, sc.now)
		}
		if err := d.notMaker(sc.by, "licensing.error.maker_is_checker"); err != nil {
			return err
		}
		return d.Reject(note)
	})
}

// Parcel is a letter with its carrier.
type Parcel struct {
	Carrier string
	Waybill string
}

func (p *Parcel) check(c *kernel.Check, prefix string) {
	p.Carrier, p.Waybill = strings.TrimSpace(p.Carrier), strings.ToUpper(strings.TrimSpace(p.Waybill))
	c.Text(prefix+"carrier", p.Carrier, 40)
	c.Text(prefix+"waybill", p.Waybill, 40)
	for _, r := range p.Waybill {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r == '-') {
			c.Add(prefix+"waybill", "waybill_char", string(r))
			return
		}
	}
}

// Post records that the letter was given to a carrier. Repeating the same
// waybill changes nothing.
func (s *Service) Post(ctx context.Context, p *auth.Principal, caseID string, version int64, parcel Parcel) (*Delivery, error) {
	var c kernel.Check
	parcel.check(&c, "")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, version: version, name: "post", note: parcel.Carrier + " " + parcel.Waybill, open: true},
		func(ctx context.Context, sc *scene, d *Delivery) error {
			return s.post(ctx, sc, d, parcel, sc.now)
		})
}

func (s *Service) post(ctx context.Context, sc *scene, d *Delivery, parcel Parcel, at time.Time) error {
	if err := d.Post(sc.by, parcel.Carrier, parcel.Waybill, at); err != nil {
		return err
	}
	if err := worklist.Close(ctx, sc.tx, sc.now, todoReturned, d.Subject()); err != nil {
		return err
	}
	return s.tellDelivery(ctx, sc, d, "licensing.notice.posted")
}

// tellDelivery queues a notice to the recipient about where the result is.
func (s *Service) tellDelivery(ctx context.Context, sc *scene, d *Delivery, template string) error {
	a, err := s.openDeliveryAddress(ctx, sc.tx, d)
	if err != nil {
		return err
	}
	to, channels := notify.Recipient{Account: sc.c.Account, Phone: a.Phone}, []string{"in_app"}
	if a.Phone != "" {
		channels = append(channels, "sms")
	}
	return s.Notify.Send(ctx, sc.tx, sc.now, notify.Message{To: to, Channels: channels, Template: template, Subject: sc.c.Subject(),
		Key: fmt.Sprintf("%s/%s/%d", template, d.ID, d.Attempts),
		Args: map[string]any{"number": sc.c.Number, "item": s.itemTitle(sc.c.Item).ZH, "carrier": d.Carrier, "waybill": d.Waybill,
			"link": "/my/cases/" + sc.c.ID}})
}

// MarkSigned records that the recipient signed for the letter.
func (s *Service) MarkSigned(ctx context.Context, p *auth.Principal, caseID string, version int64, at time.Time) (*Delivery, error) {
	return s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, version: version, name: "sign", open: true}, func(ctx context.Context, sc *scene, d *Delivery) error {
		return s.sign(ctx, sc, d, at)
	})
}

// ConfirmReceipt is the applicant's word that the letter has come, where the
// carrier's news is late.
func (s *Service) ConfirmReceipt(ctx context.Context, p *auth.Principal, caseID string) (*Delivery, error) {
	return s.handle(ctx, handling{by: p, needs: PermApply, caseID: caseID, name: "receive", open: true}, func(ctx context.Context, sc *scene, d *Delivery) error {
		return s.sign(ctx, sc, d, sc.now)
	})
}

func (s *Service) sign(ctx context.Context, sc *scene, d *Delivery, at time.Time) error {
	if at.IsZero() {
		at = sc.now
	}
	if at.After(sc.now) || at.Before(d.PostedAt.Truncate(time.Minute)) {
		return kernel.Bad("at", "range", at.In(kernel.Shanghai).Format("2006-01-02 15:04"))
	}
	if err := d.SignFor(at); err != nil {
		return err
	}
	return s.delivered(ctx, sc, d)
}

// delivered follows every arrival: the 送达回证, and the end of the to-dos.
func (s *Service) delivered(ctx context.Context, sc *scene, d *Delivery) error {
	if err := worklist.Close(ctx, sc.tx, sc.now, todoReturned, d.Subject()); err != nil {
		return err
	}
	a, err := s.openDeliveryAddress(ctx, sc.tx, d)
	if err != nil {
		return err
	}
	papers, err := listPapers(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	data := DeliveryReceiptData{PaperHead: s.head(ctx, sc), Documents: deliveredTitles(papers), Mode: d.Mode, Recipient: a.Recipient, Address: a.Address,
		Carrier: d.Carrier, Waybill: d.Waybill, EndedOn: kernel.DateOf(d.EndedAt), HandedBy: d.Handed.Name}
	if !d.PostedAt.IsZero() {
		data.PostedOn = kernel.DateOf(d.PostedAt)
	}
	draft := PaperDraft{CaseID: sc.c.ID, KeyID: sc.c.KeyID, key: sc.c.key, Kind: PaperDeliveryReceipt, Number: sc.c.Number + "-送", Data: data}
	_, err = s.preparePaper(ctx, sc.tx, draft, sc.by, sc.now)
	return err
}

// deliveredTitles names the papers that a result consists of.
func deliveredTitles(papers []Paper) []string {
	var out []string
	for _, p := range papers {
		switch p.Kind {
		case PaperGrant, PaperDenial, PaperOpinion, PaperFiling, PaperMain, PaperCopy:
			title := paperTitle[p.Kind]
			if p.Number != "" {
				title += "（" + p.Number + "）"
			}
			out = append(out, title)
		}
	}
	return out
}

// MarkReturned records that the letter came back: a to-do asks for contact
// with the recipient within two working days.
func (s *Service) MarkReturned(ctx context.Context, p *auth.Principal, caseID string, version int64, why string) (*Delivery, error) {
	var c kernel.Check
	c.Text("note", why, 500)
	if err := c.Err(); err != nil {
		return nil, err
	}
	return s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, version: version, name: "return", note: why, open: true}, func(ctx context.Context, sc *scene, d *Delivery) error {
		return s.returned(ctx, sc, d, why)
	})
}

// contactWithin is how soon the recipient of a returned letter is called.
const contactWithin = 2

func (s *Service) returned(ctx context.Context, sc *scene, d *Delivery, why string) error {
	if err := d.Return(why); err != nil {
		return err
	}
	due := sc.cal.AddWorking(sc.today(), contactWithin)
	err := worklist.Open(ctx, sc.tx, sc.now, worklist.Item{Kind: todoReturned, Subject: d.Subject(), Role: RoleMailer, Area: sc.c.Area, Room: "licensing",
		Title: kernel.Text{ZH: "退件联系：" + sc.c.Applicant + " " + sc.c.Number, EN: "Returned letter: " + sc.c.Applicant + " " + sc.c.Number},
		Link:  "/licensing/deliveries/" + sc.c.ID, Due: due.End()})
	if err != nil {
		return err
	}
	return s.tellDelivery(ctx, sc, d, "licensing.notice.returned")
}

// ContactResult is what came of a call about a returned letter.
type ContactResult struct {
	Mode    DeliveryMode // ByMail or ByPickUp from now on
	Address Address      // to be used from now on; empty fields keep the old
	Note    string
}

// SettleReturned records that the recipient was reached after a return, and
// how the result shall go now; the letter can be posted again or picked up.
func (s *Service) SettleReturned(ctx context.Context, p *auth.Principal, caseID string, version int64, in ContactResult) (*Delivery, error) {
	var c kernel.Check
	c.Text("note", in.Note, 500)
	c.Length("address", in.Address.Address, 200)
	if in.Address.Phone != "" {
		c.Merge("", kernel.CheckMobile("phone", in.Address.Phone))
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, version: version, name: "contact", note: in.Note, open: true}, func(ctx context.Context, sc *scene, d *Delivery) error {
		if err := d.Contact(in.Mode); err != nil {
			return err
		}
		old, err := s.openDeliveryAddress(ctx, sc.tx, d)
		if err != nil {
			return err
		}
		a := Address{Recipient: orElse(in.Address.Recipient, old.Recipient), Phone: orElse(in.Address.Phone, old.Phone), Address: orElse(in.Address.Address, old.Address)}
		if in.Mode == ByMail && a.Address == "" {
			return kernel.Bad("address", "required", "")
		}
		sc.c.DeliveryMode = in.Mode
		return s.sealAddress(ctx, sc.tx, d, a)
	})
}

// HandOver records that the recipient picked the documents up; who is how the
// recipient was identified.
func (s *Service) HandOver(ctx context.Context, p *auth.Principal, caseID string, version int64, who string) (*Delivery, error) {
	var c kernel.Check
	c.Text("note", who, 500)
	if err := c.Err(); err != nil {
		return nil, err
	}
	return s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, version: version, name: "hand_over", note: who}, func(ctx context.Context, sc *scene, d *Delivery) error {
		if err := papersReady(ctx, sc.tx, caseID); err != nil {
			return err
		}
		if err := d.HandOver(sc.by, sc.now); err != nil {
			return err
		}
		return s.delivered(ctx, sc, d)
	})
}

// sendOnline ends the electronic deliveries whose papers are all sealed.
func (s *Service) sendOnline(ctx context.Context) error {
	ready, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]string, error) { return electronicReady(ctx, q, papersAtOnce) })
	if err != nil {
		return err
	}
	p := auth.Platform("licensing.electronic", PermMail, PermMake)
	for _, caseID := range ready {
		_, err := s.handle(ctx, handling{by: p, needs: PermMail, caseID: caseID, name: "send_online", open: true}, func(ctx context.Context, sc *scene, d *Delivery) error {
			if err := papersReady(ctx, sc.tx, caseID); err != nil {
				return err
			}
			if err := d.SendOnline(sc.now); err != nil {
				return err
			}
			if err := s.tellDelivery(ctx, sc, d, "licensing.notice.online"); err != nil {
				return err
			}
			return s.delivered(ctx, sc, d)
		})
		if err != nil && kernel.KindOf(err) != kernel.Conflict {
			return fmt.Errorf("send case %s online: %w", caseID, err)
		}
	}
	return nil
}

// DeliveryPage is a page of the deliveries desk.
type DeliveryPage struct {
	Rows  []DeliveryRow
	Total int64 // exact up to TotalCap
	More  bool
}

// Deliveries lists results on their way, the nearest due day first.
func (s *Service) Deliveries(ctx context.Context, p *auth.Principal, f DeliveryFilter) (DeliveryPage, error) {
	if err := allow(p, PermRead); err != nil {
		return DeliveryPage{}, err
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (out DeliveryPage, err error) {
		ask := f
		ask.Limit++
		if out.Rows, err = listDeliveries(ctx, q, p.Scope, ask); err != nil {
			return out, err
		}
		if len(out.Rows) > f.Limit {
			out.Rows, out.More = out.Rows[:f.Limit], true
		}
		out.Total, err = countDeliveries(ctx, q, p.Scope, f)
		return out, err
	})
}

// DeliveryView is everything a page shows of one delivery. The address is
// masked unless it was unmasked for the label.
type DeliveryView struct {
	*Delivery
	Case    *Case
	Title   kernel.Text
	Address Address
	Papers  []Paper
	Log     []DeliveryLine
	Today   kernel.Date
}

// DeliveryOf loads the delivery of a case with its address masked.
func (s *Service) DeliveryOf(ctx context.Context, p *auth.Principal, caseID string) (*DeliveryView, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*DeliveryView, error) {
		c, err := seenCase(ctx, q, p, caseID)
		if err != nil {
			return nil, err
		}
		d, err := deliveryOf(ctx, q, caseID)
		if err != nil {
			return nil, err
		}
		a, err := s.openDeliveryAddress(ctx, q, d)
		if err != nil {
			return nil, err
		}
		v := &DeliveryView{Delivery: d, Case: c, Title: s.itemTitle(c.Item), Address: maskedAddress(a), Today: kernel.DateOf(s.Clock.Now())}
		if v.Papers, err = listPapers(ctx, q, caseID); err != nil {
			return nil, err
		}
		v.Log, err = listDeliveryLog(ctx, q, d.ID)
		return v, err
	})
}

// AddressLabel opens the address of a delivery for its envelope: the mail
// clerk needs it, and each look is audited.
func (s *Service) AddressLabel(ctx context.Context, p *auth.Principal, caseID string) (Address, error) {
	if err := allow(p, PermMail); err != nil {
		return Address{}, err
	}
	var a Address
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := getCase(ctx, tx, p.Scope, caseID); err != nil {
			return err
		}
		d, err := deliveryOf(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if a, err = s.openDeliveryAddress(ctx, tx, d); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "licensing.delivery.unmask", Subject: d.Subject(),
			After: map[string]string{"fields": "recipient, phone, address", "why": "label"}})
	})
	return a, err
}

func maskedAddress(a Address) Address {
	return Address{Recipient: personal.MaskName(a.Recipient), Phone: personal.MaskPhone(a.Phone), Address: personal.MaskAddress(a.Address)}
}
