package licensing

import (
	"slices"
	"strings"

	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing/rule"
	"anlan/ui"
)

// myCaseRoutes are the pages of a case that was handed in.
func (h *Pages) myCaseRoutes() []web.Route {
	answer := hall("POST", "/my/cases/{id}/correction", h.correct)
	answer.Upload = true
	return []web.Route{
		hall("GET", "/my/cases/{id}", h.myCase),
		hall("GET", "/my/cases/{id}/correction", h.correctionPage), answer,
		hall("GET", "/my/cases/{id}/deficit", h.deficitPage),
		hall("POST", "/my/cases/{id}/confirm-check", h.confirmMyCheck),
		hall("POST", "/my/cases/{id}/received", h.received),
		hall("POST", "/my/cases/{id}/hearing", h.askHearing),
		hall("GET", "/my/cases/{id}/withdraw", h.withdrawPage),
		hall("POST", "/my/cases/{id}/withdraw", h.withdraw),
	}
}

// myCaseView is a case with what its page needs in words.
type myCaseView struct {
	*MyCase
	Tasks  []ui.Task // of a draft
	Done   int
	Story  []ui.Step
	Lamp   lamp        // of the day by which an answer is due
	Limits []limitView // what the law and the bureau promise, not the office's own
}

func (h *Pages) loadMyCase(r *web.Request) (myCaseView, error) {
	c, err := h.loadMine(r)
	if err != nil {
		return myCaseView{}, err
	}
	v := myCaseView{MyCase: c, Story: myStory(r, c.Log)}
	due := c.Due
	if c.State == Submitted {
		due = c.SilenceDue
	}
	v.Lamp = lampOf(due, c.Today, c.Ended(), 3)
	for _, k := range c.Clocks {
		if k.Kind != rule.Internal {
			v.Limits = append(v.Limits, limitOf(r, c.CaseView, k))
		}
	}
	if c.State == Draft {
		v.Tasks = tasks(r, c.CaseView)
		for _, t := range v.Tasks {
			if t.State == "done" {
				v.Done++
			}
		}
	}
	return v, nil
}

func (h *Pages) myCase(r *web.Request) error {
	v, err := h.loadMyCase(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_case", v)
}

// tasks are the steps of a draft with how far each is.
func tasks(r *web.Request, c *CaseView) []ui.Task {
	page := myCasePath(c.ID)
	state := func(done bool) string {
		if done {
			return "done"
		}
		return "todo"
	}
	var faults kernel.Check
	faults.Merge("", c.FormFaults())
	fill := ui.Task{Text: r.T("licensing.my.form"), Href: page + "/form", State: state(len(faults.Fields) == 0)}
	if n := len(faults.Fields); n > 0 {
		fill.Hint = r.T("licensing.my.form_left", "n", n)
	}
	absent := len(c.Absent())
	attach := ui.Task{Text: r.T("licensing.my.files"), Href: page + "/files", State: state(absent == 0)}
	if absent > 0 {
		attach.Hint = r.T("licensing.my.files_left", "n", absent)
	}
	send := ui.Task{Text: r.T("licensing.my.delivery"), Href: page + "/delivery", State: state(c.Case.Delivery != "")}
	out := []ui.Task{fill, attach, send}
	if c.Rule.Pledge.Allowed {
		out = append(out, ui.Task{Text: r.T("licensing.my.pledge"), Hint: r.T("licensing.my.pledge_optional"), Href: page + "/pledge", State: state(c.Promise == "pledge")})
	}
	check := ui.Task{Text: r.T("licensing.my.check"), Href: page + "/check", State: "todo"}
	if c.Complete() != nil {
		check.State, check.Href = "later", ""
	}
	return append(out, check)
}

// myStory is what happened to the case, the newest first, as its applicant
// reads it.
func myStory(r *web.Request, log []LogLine) []ui.Step {
	out := make([]ui.Step, 0, len(log))
	for _, l := range slices.Backward(log) {
		s := ui.Step{At: l.At, Title: r.T("licensing.did." + l.Act), Tone: didTone[l.Act]}
		switch l.Act {
		case "decide":
			s.Title, s.Tone = r.T("licensing.did.decide_"+l.Note), map[string]string{string(Granted): "good", string(Denied): "bad"}[l.Note]
		case "turn_away", "delivery_post", "delivery_return", "delivery_contact", "ask_hearing", "answer_rating", "plan_check", "assist_note":
			s.Text = l.Note
		}
		out = append(out, s)
	}
	return out
}

// didTone colours the lines of the story that need a look.
var didTone = map[string]string{"correct": "warn", "turn_away": "bad", "pause": "warn", "deficit_failed": "bad", "delivery_return": "warn", "accept": "good", "deemed_accepted": "good", "delivery_sign": "good"}

// correctionView is the notice with a line to answer for each fault.
type correctionView struct {
	*CaseView
	Lines []correctionLine
}

// correctionLine is a fault with where it is put right.
type correctionLine struct {
	CorrectionItem
	Title    string // what the fault is about
	Material string // id, "" when it is not about a material
	Field    string // link to the field of the form, "" when it is not about one
	Files    []File // of the material
}

func (h *Pages) loadCorrection(r *web.Request) (correctionView, error) {
	c, err := h.load(r)
	if err != nil {
		return correctionView{}, err
	}
	v := correctionView{CaseView: c}
	for _, i := range c.Corrections {
		line := correctionLine{CorrectionItem: i, Title: i.Target}
		kind, id, _ := strings.Cut(i.Target, ":")
		if m := materialOf(c.Rule, id); kind == "material" && m != nil {
			line.Title, line.Material = r.Text(m.Title), id
			line.Files = c.FilesOf(id)
		} else if kind == "field" {
			line.Title, line.Field = orElse(c.Form.Label(r.Texts(), r.Lang, id), id), myCasePath(c.ID)+"/form#"+form.ID(id)
		}
		v.Lines = append(v.Lines, line)
	}
	return v, nil
}

func (h *Pages) correctionPage(r *web.Request) error {
	v, err := h.loadCorrection(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_correction", v)
}

// correct keeps files and answers to the one correction notice, and sends
// them when that button was pressed: what was typed stays in every case.
func (h *Pages) correct(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	_, filesErr := h.takeFiles(r, c.ID)
	var answers []Answer
	for _, i := range c.Corrections {
		if text := r.Sent().Get(answerField(i.Seq)); text != "" {
			answers = append(answers, Answer{Seq: i.Seq, Text: text})
		}
	}
	if err == nil {
		err = h.s.AnswerCorrection(r.Context(), r.Principal, c.ID, answers)
	}
	if err == nil {
		err = filesErr
	}
	sending := r.Sent().Get("_send") != ""
	if err == nil && sending {
		_, err = h.s.SubmitCorrection(r.Context(), r.Principal, c.ID, 0)
	}
	if err != nil {
		return again(r, "licensing/my_correction", h.loadCorrection, err)
	}
	if !sending {
		r.Flash("licensing.flash.saved")
		return r.Redirect(myCasePath(c.ID) + "/correction")
	}
	r.Flash("licensing.flash.correction_sent")
	return r.Redirect(myCasePath(c.ID))
}

// deficitView is the page of what was promised to follow (容缺).
type deficitView struct {
	*CaseView
	Deficit *Promise
	Lamp    lamp
	Lines   []correctionLine // one per material
}

func (h *Pages) deficitPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	v := deficitView{CaseView: c, Deficit: c.OpenDeficit()}
	if v.Deficit == nil {
		return r.Redirect(myCasePath(c.ID))
	}
	v.Lamp = lampOf(v.Deficit.Due, c.Today, false, 3)
	for _, id := range v.Deficit.Items {
		line := correctionLine{Material: id, Title: id}
		if m := materialOf(c.Rule, id); m != nil {
			line.Title = r.Text(m.Title)
		}
		line.Files = c.FilesOf(id)
		v.Lines = append(v.Lines, line)
	}
	return r.Render("licensing/my_deficit", v)
}

// onMyCase runs one act of the applicant and comes back to the case's page,
// with the message on top when it was refused.
func (h *Pages) onMyCase(r *web.Request, flash string, act func(id string) error) error {
	id := r.PathValue("id")
	if err := act(id); err != nil {
		return again(r, "licensing/my_case", h.loadMyCase, err)
	}
	r.Flash(flash)
	return r.Redirect(myCasePath(id))
}

func (h *Pages) confirmMyCheck(r *web.Request) error {
	return h.onMyCase(r, "licensing.flash.confirmed", func(id string) error {
		_, err := h.s.ConfirmCheck(r.Context(), r.Principal, id, r.Sent().Get("check"))
		return err
	})
}

func (h *Pages) received(r *web.Request) error {
	return h.onMyCase(r, "licensing.flash.received", func(id string) error {
		_, err := h.s.ConfirmReceipt(r.Context(), r.Principal, id)
		return err
	})
}

func (h *Pages) askHearing(r *web.Request) error {
	return h.onMyCase(r, "licensing.flash.hearing", func(id string) error {
		_, err := h.s.AskHearing(r.Context(), r.Principal, id, r.Sent().Get("hearing"))
		return err
	})
}

func (h *Pages) withdrawPage(r *web.Request) error {
	c, err := h.load(r)
	if err != nil {
		return err
	}
	return r.Render("licensing/my_withdraw", c)
}

func (h *Pages) withdraw(r *web.Request) error {
	id := r.PathValue("id")
	if _, err := h.s.Withdraw(r.Context(), r.Principal, id, 0, ""); err != nil {
		return again(r, "licensing/my_withdraw", h.load, err)
	}
	r.Flash("licensing.flash.withdrawn")
	return r.Redirect(myCasePath(id))
}
