package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/notify"
	"anlan/internal/number"
)

// The clauses that letters name.
const (
	basisAcceptance = "《中华人民共和国行政许可法》第三十二条"
	basisSpecial    = "《中华人民共和国行政许可法》第四十五条"
)

// paperTaken is a 文号 taken before the use case that prints it.
type paperTaken struct{ *taken }

type taken struct {
	kind   PaperKind
	text   string
	number number.Number
	used   bool
}

// numbered takes a 文号 in a transaction of its own, runs the use case with it,
// and records it void when the use case did not print it.
func (s *Service) numbered(ctx context.Context, p *auth.Principal, caseID string, kind PaperKind, use func(paperTaken) (*Case, error)) (*Case, error) {
	c, err := s.submitted(ctx, p, caseID) // permission before a number is spent
	if err != nil {
		return nil, err
	}
	text, n, err := s.paperNumber(ctx, c.Area, kind, p.Actor)
	if err != nil {
		return nil, err
	}
	paper := paperTaken{&taken{kind: kind, text: text, number: n}}
	done, err := use(paper)
	if err != nil || !paper.used {
		if verr := s.voidNumber(ctx, n, "not printed", p.Actor); verr != nil {
			s.Log.Warn("number not voided yet", "series", n.Series, "error", verr)
		}
	}
	return done, err
}

// paper stores what will stand on the numbered letter; a job renders it.
func (s *Service) paper(ctx context.Context, sc *scene, taken paperTaken, data any) error {
	if err := number.Use(ctx, sc.tx, taken.number, sc.c.Subject()); err != nil {
		return err
	}
	taken.used = true
	_, err := s.preparePaper(ctx, sc.tx, PaperDraft{CaseID: sc.c.ID, KeyID: sc.c.KeyID, key: sc.c.key, Kind: taken.kind, Number: taken.text, Data: data}, sc.by, sc.now)
	return err
}

// head is what every letter of a case names.
func (s *Service) head(ctx context.Context, sc *scene) PaperHead {
	authority, office := sc.c.Authority, ""
	if u, err := s.Registry.Unit(ctx, sc.tx, sc.c.Authority); err == nil {
		authority, office = u.Name.ZH, u.Phone
	}
	return PaperHead{Authority: authority, To: sc.to, CaseNumber: sc.c.Number, Item: s.itemTitle(sc.c.Item).ZH, On: sc.today(), Office: office, Sample: sc.c.Sample}
}

// remedies names the bodies to which the applicant may turn (art. 38): review
// by the people's government at the same level within 60 days, suit within 6
// months.
func (s *Service) remedies(ctx context.Context, sc *scene) Remedies {
	return Remedies{Body: s.governmentOf(ctx, sc.tx, sc.c.Area), ReviewDays: 60, Court: "有管辖权的人民法院", LawsuitMonths: 6}
}

// prepareReceipt is the 收件凭证, numbered by the case itself.
func (s *Service) prepareReceipt(ctx context.Context, sc *scene) error {
	files, err := listFiles(ctx, sc.tx, sc.c.ID)
	if err != nil {
		return err
	}
	data := ReceiptData{PaperHead: s.head(ctx, sc), ReceivedOn: sc.c.ReceiptOn, AnswerBy: silenceDay(sc.cal, sc.c)}
	if s.PublicURL != "" {
		data.QueryURL = s.PublicURL + "/progress"
	}
	for _, m := range sc.v.Materials {
		if n := countCurrent(files, m.ID); n > 0 {
			data.Materials = append(data.Materials, PaperMaterial{Name: m.Title.ZH, Copies: n, Note: "电子件"})
		}
	}
	if _, err := s.preparePaper(ctx, sc.tx, PaperDraft{CaseID: sc.c.ID, KeyID: sc.c.KeyID, key: sc.c.key, Kind: PaperReceipt, Number: sc.c.Number, Data: data}, sc.by, sc.now); err != nil {
		return err
	}
	return s.tell(ctx, sc, "licensing.notice.submitted")
}

// prepareAddress is the 送达地址确认书: how the applicant wants the result.
func (s *Service) prepareAddress(ctx context.Context, sc *scene) error {
	to, err := s.openAddress(ctx, sc.tx, sc.c)
	if err != nil {
		return err
	}
	data := AddressData{PaperHead: s.head(ctx, sc), Mode: sc.c.DeliveryMode, Recipient: to.Recipient, Phone: to.Phone, Address: to.Address, Electronic: sc.c.DeliveryMode == ByElectronic}
	_, err = s.preparePaper(ctx, sc.tx, PaperDraft{CaseID: sc.c.ID, KeyID: sc.c.KeyID, Kind: PaperAddress, Number: sc.c.Number + "-址", Data: data}, sc.by, sc.now)
	return err
}

func countCurrent(files []File, material string) int {
	n := 0
	for _, f := range files {
		if f.Material == material && f.State == "current" {
			n++
		}
	}
	return n
}

// decisionData is the letter of a decision.
func (s *Service) decisionData(ctx context.Context, sc *scene, d Decision, l *Licence) any {
	head := s.head(ctx, sc)
	if d.Outcome == Denied {
		return DenialData{PaperHead: head, Grounds: d.Grounds, Basis: basisText(sc.v), Remedies: d.Remedies}
	}
	data := GrantData{PaperHead: head, Grounds: d.Grounds, Basis: basisText(sc.v), DeliverBy: sc.cal.AddWorking(sc.c.DecidedOn, deliverWithin)}
	if l != nil {
		data.LicenceTitle, data.LicenceNumber, data.Scope = s.licenceTitle(l.Item).ZH, l.Number, l.Scope
		data.ValidFrom, data.ValidTo = l.ValidFrom, l.ValidTo
	}
	if sc.c.Promise == "pledge" {
		data.Promise = "申请人以告知承诺方式取得许可，行政机关将在作出决定后核查承诺的履行情况。"
	}
	return data
}

// paperFaults names the targets of a correction notice in words.
func (s *Service) paperFaults(sc *scene, faults []Fault) []PaperFault {
	out := make([]PaperFault, len(faults))
	for i, f := range faults {
		out[i] = PaperFault{Target: targetWord(sc.v, f.Target), Fault: f.Fault, Remedy: f.Remedy}
	}
	return out
}

func (s *Service) materialNames(sc *scene, ids []string) []string {
	var names []string
	for _, id := range ids {
		if m := materialOf(sc.v, id); m != nil {
			names = append(names, m.Title.ZH)
		}
	}
	return names
}

// tell queues a notice to the applicant: in the service hall, and by SMS to
// the number of the delivery address. Nothing outside sits in the request.
func (s *Service) tell(ctx context.Context, sc *scene, template string) error {
	to := notify.Recipient{Account: sc.c.Account}
	if a, err := s.openAddress(ctx, sc.tx, sc.c); err == nil {
		to.Phone = a.Phone
	}
	channels := []string{"in_app"}
	if to.Phone != "" {
		channels = append(channels, "sms")
	}
	return s.Notify.Send(ctx, sc.tx, sc.now, notify.Message{To: to, Channels: channels, Template: template, Subject: sc.c.Subject(),
		Args: map[string]any{"number": sc.c.Number, "item": s.itemTitle(sc.c.Item).ZH, "due": sc.c.Due.String(), "link": "/my/cases/" + sc.c.ID}})
}
