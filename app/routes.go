package app

import (
	"context"

	"anlan/admin"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/licensing"
)

// routes are every page and operation of the platform, each with its
// permission.
func routes(b *Base, s *services) []web.Route {
	var all []web.Route
	all = append(all, admin.New(admin.Parts{DB: b.DB, Clock: b.Clock, Auth: s.auth, OIDC: s.oidc, Registry: s.registry, Sheets: s.sheets, Jobs: s.jobs, Bus: s.bus,
		Files: b.Files, Notify: s.notify, Exchange: s.exchange, Settings: s.settings, Texts: s.texts, AuditHead: b.Config.AuditHead,
		Statements: publicReport(), Entries: entries(b, s)}).Routes()...)
	all = append(all, licensing.NewPages(s.licensing).Routes()...)
	return all
}

// entries lists whom a visitor of the demo may enter as; nil outside the demo.
func entries(b *Base, s *services) func(context.Context) ([]admin.Entry, error) {
	if s.city == nil {
		return nil
	}
	return func(ctx context.Context) (out []admin.Entry, err error) {
		err = b.DB.View(ctx, func(ctx context.Context, q db.Q) error {
			found, err := s.city.Entries(ctx, q)
			for _, e := range found {
				role, _ := s.auth.Roles().Get(e.Role)
				out = append(out, admin.Entry{Account: e.Account, Role: role.Title, Name: e.Name, Where: e.Where})
			}
			return err
		})
		return out, err
	}
}

// publicReport is what the bureau said in public, in our own words, statement
// by statement, with the screen of the room where it is done.
func publicReport() []admin.Statement {
	text := func(zh, en string) kernel.Text { return kernel.Text{ZH: zh, EN: en} }
	return []admin.Statement{
		{Text: text("六类许可网上办理，不见面审批，邮寄送达", "Six categories of licence approved online and mailed"), Room: text("行政许可", "Licensing"), Href: "/guides"},
		{Text: text("危险化学品企业在线监测，无死亡事故", "Hazardous plants watched online, no fatal accident"), Room: text("在线监测", "Monitoring")},
		{Text: text("通过视频巡查企业 200 余家", "More than 200 enterprises inspected over networked video"), Room: text("视频巡查", "Video")},
		{Text: text("发现的隐患全部整改", "All problems found were put right"), Room: text("网上监督", "Inspection")},
		{Text: text("一对一指导，解决难题", "One-to-one advice, difficulties solved"), Room: text("网上指导", "Advisory")},
		{Text: text("网站、微博、微信、小程序同步发布", "Website, Weibo, WeChat and mini-program"), Room: text("宣传与小程序", "Outreach")},
		{Text: text("16 支专业队伍、13 支市级社会救援力量", "16 professional and 13 municipal social forces"), Room: text("救援力量", "Rescue forces")},
		{Text: text("接令 3 小时内送达棉被 600 床；12 小时内保障 7 万人", "600 quilts within 3 hours; 70,000 people within 12 hours"), Room: text("救灾物资", "Relief supplies")},
		{Text: text("值班值守、信息报送、新闻发布", "Duty, information reports and briefing"), Room: text("指挥", "Command")},
	}
}
