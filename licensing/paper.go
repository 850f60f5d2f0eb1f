package licensing

import (
	"slices"
	"time"

	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// PaperKind says which paper (文书) it is.
type PaperKind string

// The kinds of paper.
const (
	PaperReceipt         PaperKind = "receipt"           // 收件凭证
	PaperCorrection      PaperKind = "correction"        // 补正告知书
	PaperAcceptance      PaperKind = "acceptance"        // 受理通知书
	PaperRefusal         PaperKind = "refusal"           // 不予受理通知书
	PaperSpecial         PaperKind = "special_procedure" // 特别程序告知书
	PaperExtension       PaperKind = "extension"         // 延长期限通知书
	PaperGrant           PaperKind = "grant"             // 准予许可决定书
	PaperDenial          PaperKind = "denial"            // 不予许可决定书
	PaperAddress         PaperKind = "address"           // 送达地址确认书
	PaperDeliveryReceipt PaperKind = "delivery_receipt"  // 送达回证
	PaperMain            PaperKind = "certificate_main"  // 正本
	PaperCopy            PaperKind = "certificate_copy"  // 副本
	PaperOpinion         PaperKind = "opinion"           // 审查意见书
	PaperFiling          PaperKind = "filing"            // 备案回执
)

// PaperKinds lists every kind in the order of a case file.
var paperKinds = [...]PaperKind{
	PaperReceipt, PaperCorrection, PaperAcceptance, PaperRefusal, PaperSpecial, PaperExtension, PaperGrant, PaperDenial,
	PaperOpinion, PaperFiling, PaperMain, PaperCopy, PaperAddress, PaperDeliveryReceipt,
}

// IsCertificate reports whether the paper is a licence itself.
func (k PaperKind) IsCertificate() bool { return k == PaperMain || k == PaperCopy }

// Known reports whether k is one of the kinds.
func (k PaperKind) Known() bool { return slices.Contains(paperKinds[:], k) }

// PaperState is how far a paper has come.
type PaperState string

// The states of a paper. What is printed is stored first (prepared), then set
// and stored as a file (rendered), then signed (sealed). A paper whose
// rendering or sealing failed keeps its state, its error is shown, and it is
// tried again.
const (
	PaperPrepared PaperState = "prepared"
	PaperRendered PaperState = "rendered"
	PaperSealed   PaperState = "sealed"
)

// Paper is one numbered paper of a case or a licence.
type Paper struct {
	ID         string
	CaseID     string
	LicenceID  string
	KeyID      string // key under which Data is sealed
	Kind       PaperKind
	Number     string // 文号; "" for papers without one
	Data       personal.Sealed
	State      PaperState
	Hash       string // of the PDF in the blob store, "" until rendered
	Size       int64
	Seal       string // document.Seal as JSON, "" until sealed
	Error      string // key of the last failure's text, "" none
	ErrorArgs  string // its arguments as JSON
	Tries      int64
	NextAt     time.Time // not before this instant, zero: now
	CreatedAt  time.Time
	RenderedAt time.Time
}

// Subject names the paper in audit rows.
func (p *Paper) Subject() string { return "paper:" + p.ID }

// Ready reports whether the paper may be handed out.
func (p *Paper) Ready() bool { return p.State == PaperSealed }

// maxPaperWait bounds the pause between two tries.
const maxPaperWait = time.Hour

// Fail records a try that failed; the next comes after twice the last pause,
// from ten seconds to an hour.
func (p *Paper) Fail(key, args string, now time.Time) {
	wait := maxPaperWait
	if p.Tries < 8 {
		wait = min(10*time.Second<<p.Tries, maxPaperWait)
	}
	p.Tries++
	p.Error, p.ErrorArgs, p.NextAt = key, args, now.Add(wait)
}

// MarkRendered records the file.
func (p *Paper) MarkRendered(hash string, size int64, now time.Time) error {
	if p.State != PaperPrepared {
		return kernel.Clash("licensing.error.paper_state", map[string]any{"state": string(p.State)})
	}
	p.State, p.Hash, p.Size, p.RenderedAt = PaperRendered, hash, size, now
	p.clear()
	return nil
}

// MarkSealed records the signature over the file.
func (p *Paper) MarkSealed(seal string) error {
	if p.State != PaperRendered {
		return kernel.Clash("licensing.error.paper_state", map[string]any{"state": string(p.State)})
	}
	p.State, p.Seal = PaperSealed, seal
	p.clear()
	return nil
}

func (p *Paper) clear() { p.Error, p.ErrorArgs, p.Tries, p.NextAt = "", "", 0, time.Time{} }

// PaperDraft is a paper to be prepared: its owner, its number and what will
// stand on it (one of the data types of paper_data.go, by kind).
type PaperDraft struct {
	CaseID    string
	LicenceID string
	KeyID     string        // "": the key of the case, else of the licence
	key       *personal.Key // of KeyID where it is at hand
	Kind      PaperKind
	Number    string
	Data      any
}
