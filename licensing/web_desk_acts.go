package licensing

import (
	"fmt"
	"strconv"

	"anlan/internal/kernel"
	"anlan/internal/web"
)

// acting runs one act on the case as the officer's page showed it, and comes
// back to that page, with the message on top when it was refused.
func (h *Pages) acting(fn func(r *web.Request, id string, version int64) error) web.Handler {
	return func(r *web.Request) error {
		version, err := seenVersion(r)
		if err == nil {
			err = fn(r, r.PathValue("id"), version)
		}
		if err != nil {
			return h.refused(r, err)
		}
		r.Flash("licensing.flash.done")
		return r.Redirect("/licensing/cases/" + r.PathValue("id"))
	}
}

// refused shows the case as it is now, with what was wrong with an act and,
// when somebody else was faster, what they did.
func (h *Pages) refused(r *web.Request, err error) error {
	v, lerr := h.loadDesk(r)
	if lerr != nil {
		return lerr
	}
	if seen, perr := strconv.ParseInt(r.Sent().Get("_seen"), 10, 64); perr == nil && kernel.KindOf(err) == kernel.Conflict {
		v.Changed = changedSince(r, v.CaseView, seen)
	}
	return r.Refill("licensing/desk", v, err)
}

// sure refuses a grave act that was not confirmed on the form.
func sure(r *web.Request) error {
	if r.Sent().Get("sure") == "" {
		return kernel.Bad("sure", "must_accept", "")
	}
	return nil
}

// choiceSent reads a field that takes one of two values, true for the first.
func choiceSent(r *web.Request, field, yes, no string) (bool, error) {
	switch got := r.Sent().Get(field); got {
	case yes, no:
		return got == yes, nil
	case "":
		return false, kernel.Bad(field, "required", "")
	default:
		return false, kernel.Bad(field, "choice", got)
	}
}

// daysSent reads a number of days.
func daysSent(r *web.Request, field string) (int, error) {
	text := r.Sent().Get(field)
	if text == "" {
		return 0, kernel.Bad(field, "required", "")
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, kernel.Bad(field, "integer", text)
	}
	return n, nil
}

// daySent reads a date, zero when the field is empty.
func daySent(r *web.Request, field string) (kernel.Date, error) {
	text := r.Sent().Get(field)
	if text == "" {
		return kernel.Date{}, nil
	}
	d, err := kernel.ParseDate(text)
	if err != nil {
		return d, kernel.Bad(field, "date", text)
	}
	return d, nil
}

func (h *Pages) claim(r *web.Request, id string, version int64) error {
	_, err := h.s.Claim(r.Context(), r.Principal, id, version)
	return err
}

func (h *Pages) release(r *web.Request, id string, version int64) error {
	_, err := h.s.Release(r.Context(), r.Principal, id, version)
	return err
}

// transfer gives the case to a colleague who works at the same desk.
func (h *Pages) transfer(r *web.Request, id string, version int64) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	to, err := h.s.Colleague(r.Context(), r.Principal, id, c.Step, "to", r.Sent().Get("to"))
	if err != nil {
		return err
	}
	_, err = h.s.Transfer(r.Context(), r.Principal, id, version, to, r.Sent().Get("reason"))
	return err
}

// accept takes the ticked materials as promised to follow (容缺受理).
func (h *Pages) accept(r *web.Request, id string, version int64) error {
	due, err := daySent(r, "missing_due")
	if err != nil {
		return err
	}
	_, err = h.s.AcceptCase(r.Context(), r.Principal, id, version, Acceptance{Missing: r.Sent()["missing"], MissingDue: due})
	return err
}

// The lines of the correction form: so many at first, so many more at a time.
const (
	firstFaults = 5
	moreFaults  = 5
)

func faultField(i int, part string) string { return fmt.Sprintf("faults.%d.%s", i, part) }

// faultLines is how many lines the correction form has.
func faultLines(r *web.Request) int {
	n, err := strconv.Atoi(r.Sent().Get("lines"))
	if err != nil {
		return firstFaults
	}
	return min(max(n, firstFaults), maxFaults)
}

// correctOrGrow sends the notice, or shows the form with more lines.
func (h *Pages) correctOrGrow(r *web.Request) error {
	if r.Sent().Get("_more") == "" {
		return h.acting(h.askCorrection)(r)
	}
	version, err := seenVersion(r)
	if err != nil {
		return h.refused(r, err)
	}
	v, err := h.loadDesk(r)
	if err != nil {
		return err
	}
	if version != v.Version {
		return h.refused(r, kernel.Clash("error.changed_meanwhile", nil))
	}
	if v.Faults == maxFaults {
		var check kernel.Check
		check.Add("faults", "too_many", "", "max", maxFaults)
		return h.refused(r, check.Err())
	}
	v.Faults = min(v.Faults+moreFaults, maxFaults)
	return r.Reshow("licensing/desk", v)
}

// askCorrection reads the notice's lines.
func (h *Pages) askCorrection(r *web.Request, id string, version int64) error {
	faults := make([]Fault, faultLines(r))
	for i := range faults {
		faults[i] = Fault{Target: r.Sent().Get(faultField(i, "target")), Fault: r.Sent().Get(faultField(i, "fault")), Remedy: r.Sent().Get(faultField(i, "remedy"))}
	}
	_, err := h.s.SendCorrection(r.Context(), r.Principal, id, version, faults)
	return err
}

func (h *Pages) turnAway(r *web.Request, id string, version int64) error {
	if err := sure(r); err != nil {
		return err
	}
	_, err := h.s.TurnAway(r.Context(), r.Principal, id, version, State(r.Sent().Get("outcome")), r.Sent().Get("grounds"), r.Sent().Get("go_to"))
	return err
}

func (h *Pages) passOn(r *web.Request, id string, version int64) error {
	_, err := h.s.PassOn(r.Context(), r.Principal, id, version, r.Sent().Get("verdict"), r.Sent().Get("text"))
	return err
}

// planCheck names two officers who work at the desk of checks.
func (h *Pages) planCheck(r *web.Request, id string, version int64) error {
	on, err := daySent(r, "on")
	if err != nil {
		return err
	}
	plan := CheckPlan{Mode: r.Sent().Get("mode"), On: on}
	if plan.A, err = h.s.Colleague(r.Context(), r.Principal, id, SiteCheck, "officer_a", r.Sent().Get("officer_a")); err != nil {
		return err
	}
	if plan.B, err = h.s.Colleague(r.Context(), r.Principal, id, SiteCheck, "officer_b", r.Sent().Get("officer_b")); err != nil {
		return err
	}
	_, err = h.s.PlanCheck(r.Context(), r.Principal, id, version, plan)
	return err
}

func (h *Pages) recordCheck(r *web.Request, id string, _ int64) error {
	_, err := h.s.RecordCheck(r.Context(), r.Principal, id, r.Sent().Get("check"), r.Sent().Get("record"), r.Sent().Get("result"))
	return err
}

func (h *Pages) confirmCheck(r *web.Request, id string, _ int64) error {
	_, err := h.s.ConfirmCheck(r.Context(), r.Principal, id, r.Sent().Get("check"))
	return err
}

func (h *Pages) refuseCheck(r *web.Request, id string, _ int64) error {
	_, err := h.s.RefuseCheck(r.Context(), r.Principal, id, r.Sent().Get("check"), r.Sent().Get("reason"))
	return err
}

func (h *Pages) pause(r *web.Request, id string, version int64) error {
	n, err := daysSent(r, "days")
	if err != nil {
		return err
	}
	_, err = h.s.Pause(r.Context(), r.Principal, id, version, Procedure{Cause: r.Sent().Get("cause"), Days: n, Reason: r.Sent().Get("reason")})
	return err
}

func (h *Pages) resume(r *web.Request, id string, version int64) error {
	_, err := h.s.Resume(r.Context(), r.Principal, id, version)
	return err
}

func (h *Pages) askExtension(r *web.Request, id string, version int64) error {
	n, err := daysSent(r, "days")
	if err != nil {
		return err
	}
	_, err = h.s.AskExtension(r.Context(), r.Principal, id, version, n, r.Sent().Get("reason"))
	return err
}

func (h *Pages) answerExtension(r *web.Request, id string, version int64) error {
	granted, err := choiceSent(r, "verdict", "approve", "decline")
	if err != nil {
		return err
	}
	_, err = h.s.AnswerExtension(r.Context(), r.Principal, id, version, r.Sent().Get("request"), granted, r.Sent().Get("answer"))
	return err
}

// decide takes the decision; a denial is confirmed on the form.
func (h *Pages) decide(r *web.Request, id string, version int64) error {
	if err := sure(r); err != nil {
		return err
	}
	sent := r.Sent()
	_, err := h.s.Decide(r.Context(), r.Principal, id, version, Verdict{Outcome: State(sent.Get("outcome")), Grounds: sent.Get("grounds"),
		Licence: LicenceData{Address: sent.Get("address"), PersonInCharge: sent.Get("person_in_charge"), Mode: sent.Get("mode"), Scope: sent.Get("scope")}})
	return err
}

// closeDeficit records that missing materials came, or that they did not and
// the case is terminated as was promised; the latter is confirmed on the form.
func (h *Pages) closeDeficit(r *web.Request, id string, version int64) error {
	met, err := choiceSent(r, "met", "yes", "no")
	if err == nil && !met {
		err = sure(r)
	}
	if err != nil {
		return err
	}
	_, err = h.s.CloseDeficit(r.Context(), r.Principal, id, version, r.Sent().Get("promise"), met, r.Sent().Get("note"))
	return err
}

func (h *Pages) verifyPledge(r *web.Request, id string, _ int64) error {
	kept, err := choiceSent(r, "kept", "yes", "no")
	if err != nil {
		return err
	}
	_, err = h.s.VerifyPledge(r.Context(), r.Principal, id, r.Sent().Get("promise"), kept, r.Sent().Get("note"))
	return err
}

func (h *Pages) archive(r *web.Request, id string, version int64) error {
	_, err := h.s.ArchiveCase(r.Context(), r.Principal, id, version)
	return err
}

// answerField is the name of the input that answers a line of the notice.
func answerField(seq int64) string { return fmt.Sprintf("answer.%d", seq) }
