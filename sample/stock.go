package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
	"anlan/licensing"
	"anlan/registry"
)

// held is a licence that was there before the platform: it comes in from a
// workbook, as those of a real city do.
type held struct {
	firm   *firm
	holder *holder
	item   string
	from   kernel.Date
	to     kernel.Date
}

// firstItem is the licence that an enterprise of a trade holds, "" none.
func firstItem(trade string) string {
	switch trade {
	case "petrol_station":
		return "petrol-station.first"
	case "chemical_production":
		return "hazchem-production.first"
	case "chemical_storage", "chemical_trade":
		return "hazchem-business.first"
	case "chemical_use":
		return "hazchem-use.first"
	case "fireworks_wholesale":
		return "fireworks-wholesale.first"
	case "precursor":
		return "precursor-business.first"
	case "mine":
		return "mine-safety.first"
	case "evaluation":
		return "evaluation-agency.first"
	}
	return ""
}

// stock plans the licences of those who do not apply for their first one in a
// story: most of them good for years, some due within months, a few over.
func stock(seed uint64, p plan, today kernel.Date) []held {
	d := newDice(seed, "stock")
	applying := map[string]bool{}
	for _, s := range p.stories {
		if s.firm != nil && !s.firm.DueSoon {
			applying[s.firm.USCC] = true
		}
	}
	var out []held
	for i := range p.firms {
		f := &p.firms[i]
		item := firstItem(f.Trade)
		if item == "" || applying[f.USCC] {
			continue
		}
		to := today.AddDays(d.between(190, 1050))
		switch {
		case f.DueSoon:
			to = today.AddDays(94 + f.No*4) // the last day to file is near: three months before
		case d.chance(5):
			to = today.AddDays(-d.between(1, 40))
		case d.chance(15) && f.Trade != "petrol_station": // those of petrol stations are the twelve
			to = today.AddDays(d.between(5, 180))
		}
		out = append(out, held{firm: f, item: item, from: to.AddYears(-3).AddDays(1), to: to})
	}
	for i := ApplicantCount; i < len(p.holders); i++ {
		to := today.AddDays(d.between(-20, 2000))
		out = append(out, held{holder: &p.holders[i], item: "special-operation.first", from: to.AddYears(-6).AddDays(1), to: to})
	}
	return out
}

// core reports whether a licence belongs to the core.
func (h held) core() bool { return h.firm != nil && h.firm.Core }

// taking is the import of the licences of the core, or of the rest.
func (c *City) taking(core bool) step {
	return step{c.until.Add(-2 * time.Hour), "existing licences", func(ctx context.Context) error {
		book, err := c.workbook(core)
		if err != nil {
			return err
		}
		clerk, err := c.officerOf(ctx, "intake", registry.CityCode)
		if err != nil {
			return err
		}
		name := map[bool]string{true: "样例证照（一）.xlsx", false: "样例证照（二）.xlsx"}[core]
		id, err := c.Licensing.ImportLicences(ctx, clerk, name, bytes.NewReader(book), false)
		if err != nil {
			return err
		}
		if core {
			return nil // see steps
		}
		return c.wait(ctx, id)
	}}
}

// wait waits until a job has ended; the platform's runner does it.
func (c *City) wait(ctx context.Context, id string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := c.Settle(ctx); err != nil {
			return err
		}
		var status job.Status
		err := c.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
			status, err = job.Get(ctx, q, id)
			return err
		})
		switch {
		case err != nil:
			return err
		case !status.State.Open() && status.State != job.Done:
			return errors.New("sample city: the import of licences ended as " + string(status.State))
		case !status.State.Open():
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// workbook fills in the template of existing licences.
func (c *City) workbook(core bool) ([]byte, error) {
	var empty bytes.Buffer
	if err := c.Licensing.ImportTemplate(&empty, i18n.MustLoad(sheet.Source()), i18n.Chinese); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(&empty)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	name, line := f.GetSheetName(0), 2
	for i, h := range c.plan.stock {
		if h.core() != core {
			continue
		}
		row := c.row(h, i+1)
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", line), &row); err != nil {
			return nil, err
		}
		line++
	}
	var out bytes.Buffer
	err = f.Write(&out)
	return out.Bytes(), err
}

// row is a line of the workbook, in the order of its columns.
func (c *City) row(h held, no int) []any {
	it, _ := c.Rules.ItemByID(h.item)
	dates := []any{h.from.String(), h.from.String(), h.to.String()}
	if p := h.holder; p != nil {
		return append(append([]any{it.Title.ZH, "T" + p.IDNumber, p.Name, nil, p.IDNumber, p.Area, p.Address, nil, nil, p.Trade}, dates...),
			"天津市应急管理局（样例）", p.Phone)
	}
	e := h.firm
	mode, scope := licenceScope(e.Trade)
	return append(append([]any{it.Title.ZH, fmt.Sprintf("样例津字〔%d〕%05d号", h.from.Year(), no), e.Name, e.USCC, nil, e.Area, e.Address, e.LegalPerson, mode, scope}, dates...),
		"样例许可机关", e.Contacts[2].Phone)
}

// contacts are the calls to the petrol stations whose licences run out: some
// holders confirmed, some were only reached, two cannot be found, the rest has
// not been called yet.
func (c *City) contacts() []step {
	var out []step
	for i := range c.plan.firms {
		f := &c.plan.firms[i]
		if !f.DueSoon || f.No < 3 || f.No > 10 {
			continue
		}
		in := licensing.ContactInput{Channel: "call", Reached: true, Confirmed: true, Explained: "许可证即将到期，说明了延期的条件、材料和网上办理方法"}
		switch {
		case f.No > 8:
			in = licensing.ContactInput{Channel: "call", Note: "无人接听，已发短信"}
		case f.No > 6:
			in.Confirmed, in.Note = false, "负责人外出，约定次日回电"
		}
		out = append(out, c.called(f, in, f.No%5+1))
	}
	return out
}

func (c *City) called(f *firm, in licensing.ContactInput, daysAgo int) step {
	day := c.calendar.AddWorking(kernel.DateOf(c.until), -daysAgo)
	return step{day.Start().Add(10*time.Hour + time.Duration(f.No)*time.Minute), "call " + f.USCC, func(ctx context.Context) error {
		l, err := c.licenceOfFirm(ctx, f)
		if err != nil {
			return err
		}
		clerk, err := c.officerOf(ctx, "intake", f.Area)
		if err != nil {
			return err
		}
		v, err := c.Licensing.Licence(ctx, clerk, l.ID)
		if err != nil || len(v.Contacts) > 0 {
			return err
		}
		return c.Licensing.LogContact(ctx, clerk, l.ID, in)
	}}
}

func (c *City) licenceOfFirm(ctx context.Context, f *firm) (licensing.LicenceRow, error) {
	e, found, err := c.enterprise(ctx, *f)
	if err != nil || !found {
		return licensing.LicenceRow{}, errors.Join(err, kernel.Missing("enterprise", f.USCC))
	}
	return c.licenceOf(ctx, e.ID, firstItem(f.Trade))
}

// registerActs are acts on licences: one of every kind, each of a different
// enterprise, and one that waits for a second officer.
func (c *City) registerActs() []step {
	today := kernel.DateOf(c.until)
	acts := []licensing.ActInput{
		{Act: licensing.ActSuspend, Basis: "《安全生产许可证条例》第十四条", Note: "样例：停产整顿", Until: today.AddDays(60)},
		{Act: licensing.ActSuspend, Basis: "《危险化学品安全管理条例》", Note: "样例：等待复核", Until: today.AddDays(30)},
		{Act: licensing.ActAnnul, Basis: "《中华人民共和国行政许可法》第六十九条", Note: "样例：以欺骗手段取得"},
		{Act: licensing.ActRevoke, Basis: "《中华人民共和国行政许可法》第八条", Note: "样例：客观情况发生重大变化"},
		{Act: licensing.ActForfeit, Basis: "《中华人民共和国安全生产法》", Note: "样例：行政处罚决定吊销"},
		{Act: licensing.ActDeregister, Basis: "《中华人民共和国行政许可法》第七十条", Note: "样例：依法终止"},
	}
	var out []step
	for i := range c.plan.stock {
		h := c.plan.stock[i]
		if len(out) == len(acts) {
			break
		}
		if h.firm == nil || h.firm.Core || h.firm.Trade != "chemical_storage" && h.firm.Trade != "petrol_station" || !h.to.After(today.AddDays(200)) {
			continue
		}
		n := len(out)
		day := c.calendar.AddWorking(today, -20+2*n)
		out = append(out, step{day.Start().Add(15 * time.Hour), "act on a licence of " + h.firm.USCC, c.actOn(h.firm, acts[n], n != 1)})
	}
	return out
}

func (c *City) actOn(f *firm, in licensing.ActInput, second bool) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		l, err := c.licenceOfFirm(ctx, f)
		if err != nil {
			return err
		}
		asks, err := c.officerOf(ctx, "approve1", f.Area)
		if err != nil {
			return err
		}
		v, err := c.Licensing.Licence(ctx, asks, l.ID)
		if err != nil || v.Request != nil || v.State != licensing.Valid {
			return err // done by an earlier run
		}
		if _, err := c.Licensing.ActOn(ctx, asks, l.ID, 0, in); err != nil || !second || !in.Act.Harsh() {
			return err
		}
		return c.approve(ctx, f, l.ID)
	}
}

// approve is the second officer's answer.
func (c *City) approve(ctx context.Context, f *firm, licence string) error {
	p, err := c.officerOf(ctx, "approve2", f.Area)
	if err != nil {
		return err
	}
	v, err := c.Licensing.Licence(ctx, p, licence)
	if err != nil || v.Request == nil {
		return err
	}
	_, err = c.Licensing.AnswerAct(ctx, p, licence, v.Request.ID, true, "同意")
	return err
}
