package licensing

import (
	"context"
	"fmt"

	"anlan/internal/auth"
	"anlan/internal/document"
	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

// PrintApplication sets 申请书: everything that was filled in, to be signed and
// sealed by hand. It takes no number and nothing of it is kept.
func (s *Service) PrintApplication(ctx context.Context, p *auth.Principal, caseID string, texts *i18n.Catalogues) ([]byte, error) {
	if err := allow(p, PermApply); err != nil {
		return nil, err
	}
	c, err := s.Case(ctx, p, caseID)
	if err != nil {
		return nil, err
	}
	printer, err := s.printer()
	if err != nil {
		return nil, err
	}
	pdf, err := printer.Paper(applicationPaper(c, c.Form.Summary(texts, "zh-CN", c.Data)))
	if err != nil {
		return nil, printFault(err)
	}
	return pdf, nil
}

// applicationPaper lays the answers of a form, a ruled list under each heading.
func applicationPaper(c *CaseView, answers []form.Row) document.Paper {
	name, id := "办件号", c.Number
	if id == "" {
		name, id = "草稿编号", c.ID
	}
	p := document.Paper{Title: "申请书", MadeAt: c.Today, Footer: fmt.Sprintf("%s：%s　打印日期：%s", name, id, day(c.Today))}
	p.Body = append(p.Body, document.Pairs([2]string{"申请事项", c.Title.ZH}, [2]string{"申请人", c.Applicant}, [2]string{name, id}, [2]string{"打印日期", day(c.Today)}))
	p.Body = append(p.Body, answerBlocks(answers)...)
	paragraphs(&p, "以上内容由系统根据申请人填报的信息生成，申请人已核对无误，并对申请材料实质内容的真实性负责。")
	p.Boxes = []string{"申请人（盖章）", "法定代表人（主要负责人）或者委托代理人（签字）"}
	if c.ApplicantKind == "person" {
		p.Boxes = []string{"申请人（签字）"}
	}
	if c.Sample {
		p.Watermark = "样例"
	}
	return p
}

// answerBlocks keep the order of the form. An answer that follows a nested
// group stands under the heading of its own group again.
func answerBlocks(answers []form.Row) []document.Block {
	var blocks []document.Block
	var above []string // the headings that the next answer stands under
	fresh := true      // the next answer begins a list
	for _, a := range answers {
		title := a.Title.ZH
		if a.Number > 0 {
			title = fmt.Sprintf("%s（%d）", title, a.Number)
		}
		if a.Heading {
			above = append(above[:a.Level], title)
			blocks, fresh = append(blocks, document.Heading(title)), true
			continue
		}
		if a.Level < len(above) {
			above, fresh = above[:a.Level], true
			heading := "其他填写内容"
			if a.Level > 0 {
				heading = above[a.Level-1] + "（续）"
			}
			blocks = append(blocks, document.Heading(heading))
		}
		if fresh {
			blocks, fresh = append(blocks, document.Pairs()), false
		}
		last := &blocks[len(blocks)-1]
		last.Rows = append(last.Rows, []string{title, a.Value})
	}
	return blocks
}

// printFault says of a paper that cannot be made what is wrong with it; other
// errors stay what they are.
func printFault(err error) error {
	if kernel.KindOf(err) != kernel.Invalid {
		return err
	}
	key, args := paperProblem(err)
	return &kernel.Error{Kind: kernel.Invalid, Key: key, Args: args, Err: err}
}
