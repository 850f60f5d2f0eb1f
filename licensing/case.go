package licensing

import (
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// State is where a case stands in law.
type State string

// The states of a case. The last eight end it, each a different act.
const (
	Draft          State = "draft"
	Submitted      State = "submitted"       // received, acceptance not decided
	Correcting     State = "correcting"      // the one-time notice is out
	Accepted       State = "accepted"        // 受理, or deemed so by silence
	Granted        State = "granted"         // 准予许可
	Denied         State = "denied"          // 不予许可
	Refused        State = "refused"         // 不予受理
	NotNeeded      State = "not_needed"      // no licence is needed
	OtherAuthority State = "other_authority" // wrong authority, told which
	Withdrawn      State = "withdrawn"
	Terminated     State = "terminated" // a promise was not kept
)

// Step is the desk at which a case lies, in the order officials know:
// 收件 受理 → 审查(承办) → 核查 → 审核 → 法制审核 → 集体讨论 → 审批 → 制证 → 送达 → 归档 → 办结.
type Step string

// The steps. Which of them an item has is data of its rule version.
const (
	AtApplicant Step = "applicant"
	Intake      Step = "intake"
	Review      Step = "review"
	SiteCheck   Step = "check"
	Examine     Step = "examine"
	Legal       Step = "legal"
	Panel       Step = "panel"
	Approve     Step = "approve"
	Make        Step = "make"
	Deliver     Step = "deliver"
	Archive     Step = "archive"
	Done        Step = "done"
)

// Case is one application.
type Case struct {
	ID             string
	Number         string // 办件号, "" while a draft
	Item           string
	RuleVersion    string // id of the rule version it runs under
	State          State
	Step           Step
	Area           string          // area of the issuing authority
	Authority      string          // unit that decides
	Supervisor     string          // unit told of the decision, "" none
	Account        string          // who applies
	EnterpriseID   string          // "" for a person
	Applicant      string          // name of the enterprise or person
	ApplicantKind  string          // "enterprise" or "person"
	KeyID          string          // key of the personal fields
	Form           personal.Sealed // JSON by the item's form schema
	Delivery       personal.Sealed // JSON of Address
	PhoneHash      string
	DeliveryMode   DeliveryMode
	LicenceID      string // licence to renew, change, reissue or cancel; after a grant: the licence
	Promise        string // "", "deficit" (容缺受理), "pledge" (告知承诺)
	Handler        string // officer who claimed it
	HandlerName    string
	ReceiptOn      kernel.Date
	AcceptedOn     kernel.Date
	DecidedOn      kernel.Date
	Due            kernel.Date // statutory, zero while none runs or a pause is open
	PromisedDue    kernel.Date
	Paused         bool
	CorrectionSent bool
	SubmittedAt    time.Time
	ClosedAt       time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
	Sample         bool

	key *personal.Key // of KeyID once it was needed; see Service.keyOf
}

// Subject names the case in audit rows, events and to-dos.
func (c *Case) Subject() string { return "case:" + c.ID }

// Ended reports whether the case has reached an end state in law; a granted
// case is ended in law while its licence is still being made and sent.
func (c *Case) Ended() bool {
	return !slices.Contains([]State{Draft, Submitted, Correcting, Accepted}, c.State)
}

// wrongState is the conflict that every transition reports.
func (c *Case) wrongState(act string) error {
	return kernel.Clash("licensing.error.state", map[string]any{"act": act, "state": stateWord[c.State], "step": stepWord[c.Step]})
}

func (c *Case) in(act string, states ...State) error {
	if slices.Contains(states, c.State) {
		return nil
	}
	return c.wrongState(act)
}

func (c *Case) at(act string, steps ...Step) error {
	if slices.Contains(steps, c.Step) {
		return nil
	}
	return c.wrongState(act)
}

// Submit hands the draft in. Receipt is the day the material arrived.
func (c *Case) Submit(number string, now time.Time) error {
	if err := c.in("submit", Draft); err != nil {
		return err
	}
	c.Number, c.State, c.Step = number, Submitted, Intake
	c.SubmittedAt, c.ReceiptOn = now, kernel.DateOf(now)
	return nil
}

// AskCorrection sends the one notice that names all faults (行政许可法 art. 32);
// there is no second one.
func (c *Case) AskCorrection() error {
	if err := c.in("correct", Submitted); err != nil {
		return err
	}
	if c.CorrectionSent {
		return kernel.Clash("licensing.error.second_correction", nil)
	}
	c.State, c.Step, c.CorrectionSent = Correcting, AtApplicant, true
	return nil
}

// Supplement returns the corrected case to the officer who asked. The material
// counts as received on the day it became complete.
func (c *Case) Supplement(now time.Time) error {
	if err := c.in("supplement", Correcting); err != nil {
		return err
	}
	c.State, c.Step, c.ReceiptOn = Submitted, Intake, kernel.DateOf(now)
	return nil
}

// Accept accepts the case on a date: today, or by silence the day the
// material was received. first is the first desk of the item's chain.
func (c *Case) Accept(on kernel.Date, first Step) error {
	if err := c.in("accept", Submitted); err != nil {
		return err
	}
	c.State, c.Step, c.AcceptedOn = Accepted, first, on
	c.release()
	return nil
}

// TurnAway ends a case that is not accepted: Refused, NotNeeded or
// OtherAuthority. Material missing after the one notice is a ground to refuse.
func (c *Case) TurnAway(to State, now time.Time) error {
	if err := c.in("turn_away", Submitted, Correcting); err != nil {
		return err
	}
	if to != Refused && to != NotNeeded && to != OtherAuthority {
		return kernel.Bad("outcome", "one_of", string(to))
	}
	c.end(to, now)
	return nil
}

// Withdraw ends the case at the applicant's wish, until it is decided.
func (c *Case) Withdraw(now time.Time) error {
	if err := c.in("withdraw", Draft, Submitted, Correcting, Accepted); err != nil {
		return err
	}
	c.end(Withdrawn, now)
	return nil
}

// Terminate ends the case because a promise made at acceptance was not kept.
func (c *Case) Terminate(now time.Time) error {
	if err := c.in("terminate", Accepted); err != nil {
		return err
	}
	c.end(Terminated, now)
	return nil
}

// Forward moves the case to another desk of its chain.
func (c *Case) Forward(to Step) error {
	if err := c.in("forward", Accepted); err != nil {
		return err
	}
	c.Step = to
	c.release()
	return nil
}

// Decide ends the substance: Granted goes on to be made, Denied to be
// delivered as a letter and archived.
func (c *Case) Decide(outcome State, now time.Time) error {
	if err := c.in("decide", Accepted); err != nil {
		return err
	}
	if err := c.at("decide", Approve); err != nil {
		return err
	}
	if outcome != Granted && outcome != Denied {
		return kernel.Bad("outcome", "one_of", string(outcome))
	}
	c.State, c.DecidedOn = outcome, kernel.DateOf(now)
	c.Step = Make
	if outcome == Denied {
		c.Step = Deliver
	}
	c.release()
	return nil
}

func (c *Case) end(to State, now time.Time) {
	c.State, c.Step = to, Archive
	c.DecidedOn = kernel.DateOf(now)
	c.release()
	if c.Number == "" { // a draft leaves nothing to archive
		c.Close(now)
	}
}

// Close puts the case to rest: delivered, rated or not, archived.
func (c *Case) Close(now time.Time) {
	c.Step, c.ClosedAt = Done, now
	c.release()
}

// Claim gives the case to an officer; only one holds it.
func (c *Case) Claim(by kernel.Actor) error {
	if c.Handler != "" && c.Handler != by.ID {
		return kernel.Clash("licensing.error.claimed", map[string]any{"name": c.HandlerName})
	}
	if c.Step == AtApplicant || c.Step == Done {
		return c.wrongState("claim")
	}
	c.Handler, c.HandlerName = by.ID, by.Name
	return nil
}

func (c *Case) release() { c.Handler, c.HandlerName = "", "" }

// Opinion is what one desk says of a case.
type Opinion struct {
	ID          string
	Step        Step
	Officer     string
	OfficerFor  string // account whose stand-in the officer was
	OfficerName string
	Verdict     string // "agree", "disagree", "return"
	Text        string
	At          time.Time
}

// DifferentHand refuses an officer who already acted on the case at one of
// the given steps: who makes does not check, by identity, stand-ins included.
func DifferentHand(by kernel.Actor, opinions []Opinion, steps ...Step) error {
	for _, o := range opinions {
		if !slices.Contains(steps, o.Step) {
			continue
		}
		maker := kernel.Actor{Kind: kernel.ActorAccount, ID: o.Officer, For: o.OfficerFor}
		if err := auth.DifferentHands(maker, by); err != nil {
			return &kernel.Error{Kind: kernel.Denied, Key: "licensing.error.same_hand", Args: map[string]any{"step": stepWord[o.Step], "name": o.OfficerName}}
		}
	}
	return nil
}
