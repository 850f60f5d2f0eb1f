package sample

import (
	"context"
	"fmt"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/licensing"
	"anlan/licensing/rule"
)

// filed are the acts until a complete application has been handed in.
func filed() []act {
	return []act{
		{name: "draft", wait: 0, do: byApplicant(draft)},
		{name: "attach", wait: 0, do: byApplicant(attach(false))},
		{name: "address", wait: 0, do: byApplicant(address)},
		{name: "submit", wait: 1, do: byApplicant(submit)},
	}
}

// filedIncomplete leaves out what may follow.
func filedIncomplete() []act {
	acts := filed()
	acts[1].do = byApplicant(attach(true))
	return acts
}

func accept(wait int) act {
	return act{name: "accept", wait: wait, do: by("intake", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.AcceptCase(ctx, p, f.id, 0, licensing.Acceptance{})
		return err
	})}
}

// acceptDeficit accepts with minor materials missing that come by a day.
func acceptDeficit(wait int) act {
	return act{name: "accept with a deficit", wait: wait, do: by("intake", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, there := range v.Files {
			have[there.Material] = true
		}
		in := licensing.Acceptance{MissingDue: kernel.DateOf(f.Clock.Now()).AddDays(7)}
		for _, m := range v.Rule.Materials {
			if m.Deficit && m.Needed(v.Data) && !have[m.ID] {
				in.Missing = append(in.Missing, m.ID)
			}
		}
		if len(in.Missing) == 0 {
			in.MissingDue = kernel.Date{}
		}
		_, err = f.Licensing.AcceptCase(ctx, p, f.id, 0, in)
		return err
	})}
}

// breakPromise ends a case whose missing materials never came.
func breakPromise(wait int) act {
	return act{name: "break the promise", wait: wait, do: by("intake", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil || len(v.Promises) == 0 {
			return err
		}
		_, err = f.Licensing.CloseDeficit(ctx, p, f.id, 0, v.Promises[0].ID, false, "逾期未补齐承诺的材料")
		return err
	})}
}

// silence lets the time for acceptance pass: the case is deemed accepted.
func silence(wait int) act {
	return act{name: "silence", wait: wait, do: func(ctx context.Context, f *file) error {
		_, err := f.Licensing.Silence(ctx)
		return err
	}}
}

func correct(wait int) act {
	return act{name: "correct", wait: wait, do: by("intake", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		faults := []licensing.Fault{{Target: "field:applicant.contact", Fault: "联系人姓名与授权委托书不一致", Remedy: "请核对后改为一致"}}
		if f.story.holder != nil {
			faults[0] = licensing.Fault{Target: "field:phone", Fault: "手机号码无法接通", Remedy: "请填写常用手机号码"}
		}
		if len(v.Files) > 0 {
			faults = append(faults, licensing.Fault{Target: "material:" + v.Files[0].Material, Fault: "扫描件第1页不清晰", Remedy: "请重新拍照上传，四角完整、文字可辨"})
		}
		_, err = f.Licensing.SendCorrection(ctx, p, f.id, 0, faults)
		return err
	})}
}

func supplement(wait int) act {
	return act{name: "supplement", wait: wait, do: byApplicant(func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		answers := make([]licensing.Answer, len(v.Corrections))
		for i, c := range v.Corrections {
			answers[i] = licensing.Answer{Seq: c.Seq, Text: "已按要求改正"}
		}
		if err := f.Licensing.AnswerCorrection(ctx, p, f.id, answers); err != nil {
			return err
		}
		_, err = f.Licensing.SubmitCorrection(ctx, p, f.id, 0)
		return err
	})}
}

func turnAway(wait int, to licensing.State, grounds, goTo string) act {
	return act{name: "turn away", wait: wait, do: by("intake", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.TurnAway(ctx, p, f.id, 0, to, grounds, goTo)
		return err
	})}
}

func withdraw(wait int) act {
	return act{name: "withdraw", wait: wait, do: byApplicant(func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.Withdraw(ctx, p, f.id, 0, "经营计划调整，暂不申请")
		return err
	})}
}

// passOn lets the officer of a desk agree; expected names where the case must
// lie, so that a repeated act does not push it further.
func passOn(wait int, desk string, at licensing.Step, text string) act {
	return act{name: "pass on from " + string(at), wait: wait, do: by(desk, func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil || v.Step != at {
			return err
		}
		_, err = f.Licensing.PassOn(ctx, p, f.id, 0, "agree", text)
		return err
	})}
}

// planCheck, recordCheck and confirmCheck are the check by two officers.
func planCheck(wait int, mode string) act {
	return act{name: "plan the check", wait: wait, do: by("review1", func(ctx context.Context, f *file, p *auth.Principal) error {
		second, err := f.officer(ctx, "review2")
		if err != nil {
			return err
		}
		on := f.calendar.AddWorking(kernel.DateOf(f.Clock.Now()), 1)
		_, err = f.Licensing.PlanCheck(ctx, p, f.id, 0, licensing.CheckPlan{Mode: mode, On: on, A: p.Actor, B: second.Actor})
		return err
	})}
}

func recordCheck(wait int) act {
	return act{name: "record the check", wait: wait, do: by("review1", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil || len(v.Checks) == 0 {
			return err
		}
		_, err = f.Licensing.RecordCheck(ctx, p, f.id, v.Checks[0].ID, "样例记录：现场与申请材料一致，安全设施完好，制度和台账齐全。", "pass")
		return err
	})}
}

func confirmCheck(wait int) act {
	return act{name: "confirm the check", wait: wait, do: by("review2", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil || len(v.Checks) == 0 {
			return err
		}
		if _, err := f.Licensing.ConfirmCheck(ctx, p, f.id, v.Checks[0].ID); err != nil {
			return err
		}
		applicant, err := f.applicant(ctx)
		if err != nil {
			return err
		}
		_, err = f.Licensing.ConfirmCheck(ctx, applicant, f.id, v.Checks[0].ID)
		return err
	})}
}

func pause(wait int) act {
	return act{name: "pause", wait: wait, do: by("review1", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil || len(v.Rule.Excluded) == 0 {
			return err
		}
		cause := v.Rule.Excluded[0]
		for _, e := range v.Rule.Excluded {
			if e.Cause == "expert-review" {
				cause = e
			}
		}
		_, err = f.Licensing.Pause(ctx, p, f.id, 0, licensing.Procedure{Cause: cause.Cause, Days: 10, Reason: "需要组织" + cause.Title.ZH})
		return err
	})}
}

func resume(wait int) act {
	return act{name: "resume", wait: wait, do: by("review1", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.Resume(ctx, p, f.id, 0)
		return err
	})}
}

func askExtension(wait int) act {
	return act{name: "ask for an extension", wait: wait, do: by("review1", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.AskExtension(ctx, p, f.id, 0, 5, "工艺复杂，需要进一步核实")
		return err
	})}
}

func grantExtension(wait int) act {
	return act{name: "grant the extension", wait: wait, do: by("approve1", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		for _, r := range v.Requests {
			if r.State == "open" {
				_, err := f.Licensing.AnswerExtension(ctx, p, f.id, 0, r.ID, true, "同意延长")
				return err
			}
		}
		return nil
	})}
}

func decide(wait int, outcome licensing.State) act {
	return act{name: "decide", wait: wait, do: by("approve1", func(ctx context.Context, f *file, p *auth.Principal) error {
		in := licensing.Verdict{Outcome: outcome, Grounds: "申请材料齐全，符合法定条件、标准。"}
		if outcome != licensing.Granted {
			in.Grounds = "周边安全距离不符合标准要求，经核查无法通过整改满足条件。"
		}
		_, err := f.Licensing.Decide(ctx, p, f.id, 0, in)
		return err
	})}
}

// made, checkedMade, posted and so on follow the result to the applicant.
func made(wait int) act {
	return act{name: "make", wait: wait, do: by("make1", func(ctx context.Context, f *file, p *auth.Principal) error {
		if err := f.Licensing.RenderPapers(ctx); err != nil { // nothing is printed that is not sealed
			return err
		}
		_, err := f.Licensing.MarkMade(ctx, p, f.id, 0)
		return err
	})}
}

func checkedMade(wait int) act {
	return act{name: "check what was made", wait: wait, do: by("make2", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.CheckMade(ctx, p, f.id, 0, true, "")
		return err
	})}
}

func posted(wait int) act {
	return act{name: "post", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		v, err := f.Licensing.DeliveryOf(ctx, p, f.id)
		if err != nil {
			return err
		}
		waybill := fmt.Sprintf("YL%06d%d", f.story.no, v.Attempts+1)
		_, err = f.Licensing.Post(ctx, p, f.id, 0, licensing.Parcel{Carrier: "样例速递", Waybill: waybill})
		return err
	})}
}

func signed(wait int) act {
	return act{name: "sign for", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.MarkSigned(ctx, p, f.id, 0, f.Clock.Now())
		return err
	})}
}

func returned(wait int) act {
	return act{name: "return", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.MarkReturned(ctx, p, f.id, 0, "收件人电话无人接听，超期退回")
		return err
	})}
}

func settled(wait int) act {
	return act{name: "settle the return", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.SettleReturned(ctx, p, f.id, 0, licensing.ContactResult{Mode: licensing.ByMail, Note: "已联系到收件人，改寄办公地址",
			Address: licensing.Address{Address: f.facts().address + "（办公楼）"}})
		return err
	})}
}

func handedOver(wait int) act {
	return act{name: "hand over", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		if err := f.Licensing.RenderPapers(ctx); err != nil {
			return err
		}
		_, err := f.Licensing.HandOver(ctx, p, f.id, 0, "核对经办人身份证和授权委托书")
		return err
	})}
}

func online(wait int) act {
	return act{name: "send online", wait: wait, do: func(ctx context.Context, f *file) error { return f.Licensing.RenderPapers(ctx) }}
}

func archived(wait int) act {
	return act{name: "archive", wait: wait, do: by("mail", func(ctx context.Context, f *file, p *auth.Principal) error {
		_, err := f.Licensing.ArchiveCase(ctx, p, f.id, 0)
		return err
	})}
}

func rated(wait, stars int, text string) act {
	return act{aside: true, name: "rate", wait: wait, do: byApplicant(func(ctx context.Context, f *file, p *auth.Principal) error {
		return f.Licensing.Rate(ctx, p, f.id, stars, text)
	})}
}

// acknowledged is the supervising office taking note of the decision.
func acknowledged(wait int) act {
	return act{aside: true, name: "acknowledge", wait: wait, do: func(ctx context.Context, f *file) error {
		if err := f.Settle(ctx); err != nil { // the office is told by an event
			return err
		}
		v, err := f.view(ctx)
		if err != nil {
			return err
		}
		area := v.Area
		if f.story.firm != nil {
			area = f.story.firm.Area
		}
		p, err := f.officerOf(ctx, "regulator", area)
		if err != nil {
			return err
		}
		return f.Licensing.Acknowledge(ctx, p, f.id)
	}}
}

// through are the acts at the desks of an item's chain before a desk.
func through(item *rule.Item, on kernel.Date, before licensing.Step, mode string) []act {
	v, ok := item.At(on)
	if !ok {
		return nil
	}
	var out []act
	for _, s := range v.Steps {
		step := licensing.Step(s.ID)
		if step == before {
			break
		}
		switch step {
		case licensing.Review:
			out = append(out, passOn(2, "review1", step, "材料齐全，符合受理后的审查要求。"))
		case licensing.SiteCheck:
			out = append(out, planCheck(1, mode), recordCheck(1), confirmCheck(0), passOn(0, "review1", step, "核查通过。"))
		case licensing.Examine:
			out = append(out, passOn(1, "check", step, "同意承办意见。"))
		case licensing.Legal:
			out = append(out, passOn(1, "head", step, "程序合法，适用依据正确。"))
		case licensing.Panel:
			out = append(out, passOn(1, "approve2", step, "集体讨论同意。"))
		}
	}
	return out
}
