package licensing

import (
	"encoding/json"
	"fmt"
	"strings"

	"anlan/internal/document"
	"anlan/internal/kernel"
)

// paperTitle is what stands over each kind. Issued papers are Chinese.
var paperTitle = map[PaperKind]string{
	PaperReceipt: "行政许可申请材料收件凭证", PaperCorrection: "行政许可申请材料补正告知书", PaperAcceptance: "行政许可受理通知书",
	PaperRefusal: "行政许可不予受理通知书", PaperSpecial: "行政许可特别程序告知书", PaperExtension: "行政许可延长期限通知书",
	PaperGrant: "准予行政许可决定书", PaperDenial: "不予行政许可决定书", PaperAddress: "送达地址确认书", PaperDeliveryReceipt: "送达回证",
	PaperMain: "许可证正本", PaperCopy: "许可证副本", PaperOpinion: "审查意见书", PaperFiling: "备案回执",
}

// sampleMark stands across every paper of the sample city.
const sampleMark = "样本"

// printer has the operator's fonts where there are any.
func (s *Service) printer() (*document.Printer, error) {
	if s.Printer != nil {
		return s.Printer, nil
	}
	return document.Standard()
}

// setPaper turns stored print data into a PDF.
func (s *Service) setPaper(p *Paper, data []byte) ([]byte, error) {
	printer, err := s.printer()
	if err != nil {
		return nil, err
	}
	if p.Kind.IsCertificate() {
		cert, err := s.certificate(p.Kind, data)
		if err != nil {
			return nil, err
		}
		return printer.Certificate(cert)
	}
	doc, err := composePaper(p.Kind, p.Number, data)
	if err != nil {
		return nil, err
	}
	return printer.Paper(doc)
}

// VerifyPath is where the QR of a certificate leads, below the public URL.
const VerifyPath = "/v/"

// certificate composes 正本 or 副本. Without a public URL its QR would lead
// nowhere, so none is issued.
func (s *Service) certificate(kind PaperKind, data []byte) (document.Certificate, error) {
	if s.PublicURL == "" {
		return document.Certificate{}, kernel.Down("licensing.error.no_public_url", nil)
	}
	d, err := decode[CertificateData](data)
	if err != nil {
		return document.Certificate{}, err
	}
	c := document.Certificate{Form: document.Original, Title: d.Title, Number: d.Number, ValidFrom: d.ValidFrom, ValidTo: d.ValidTo,
		Authority: d.Authority, IssuedOn: d.IssuedOn, QR: strings.TrimSuffix(s.PublicURL, "/") + VerifyPath + d.Code, QRNote: "扫码核验证照状态",
		Stamp: stamp(d.Authority)}
	for _, f := range d.Fields {
		c.Fields = append(c.Fields, document.Pair{Label: f.Label, Value: f.Value})
	}
	if !d.ReviewDue.IsZero() {
		c.Fields = append(c.Fields, document.Pair{Label: "应复审日期", Value: day(d.ReviewDue)})
	}
	if kind == PaperCopy {
		c.Form, c.Renewals, c.Notes = document.Duplicate, d.Continued, d.Notes
	}
	if d.Sample {
		c.Watermark = sampleMark
	}
	return c, nil
}

// stamp is the picture of the seal. The local seal has no legal force and says
// so across itself.
func stamp(authority string) *document.Stamp {
	return &document.Stamp{Authority: authority, Purpose: "行政许可专用章", Note: "样章"}
}

func decode[T any](data []byte) (T, error) {
	var v T
	return v, json.Unmarshal(data, &v)
}

// composers write the body of each kind; each returns the head of its data.
var composers = map[PaperKind]func(p *document.Paper, data []byte) (PaperHead, error){
	PaperReceipt:         compose(receiptText),
	PaperCorrection:      compose(correctionText),
	PaperAcceptance:      compose(acceptanceText),
	PaperRefusal:         compose(refusalText),
	PaperSpecial:         compose(specialText),
	PaperExtension:       compose(extensionText),
	PaperGrant:           compose(grantText),
	PaperDenial:          compose(denialText),
	PaperAddress:         compose(addressText),
	PaperDeliveryReceipt: compose(deliveryReceiptText),
	PaperOpinion:         compose(opinionText),
	PaperFiling:          compose(filingText),
}

func compose[T any](write func(p *document.Paper, d T) PaperHead) func(*document.Paper, []byte) (PaperHead, error) {
	return func(p *document.Paper, data []byte) (PaperHead, error) {
		d, err := decode[T](data)
		if err != nil {
			return PaperHead{}, err
		}
		return write(p, d), nil
	}
}

// composePaper lays the words of a paper of any kind but the certificates.
func composePaper(kind PaperKind, number string, data []byte) (document.Paper, error) {
	write, ok := composers[kind]
	if !ok {
		return document.Paper{}, fmt.Errorf("licensing: no text for paper %q", kind)
	}
	p := document.Paper{Title: paperTitle[kind], Number: number}
	head, err := write(&p, data)
	if err != nil {
		return p, err
	}
	p.Letterhead, p.To, p.MadeAt = head.Authority, head.To, head.On
	p.Sign = &document.Signature{Authority: head.Authority, Date: head.On, Stamp: stamp(head.Authority)}
	if head.Office != "" {
		p.Footer = "联系人：" + orElse(head.Contact, head.Authority) + "　电话：" + head.Office
	}
	if head.Sample {
		p.Watermark = sampleMark
	}
	return p, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// day writes a date as papers do; no date is a line to be filled in.
func day(d kernel.Date) string {
	if d.IsZero() {
		return "　　年　月　日"
	}
	return fmt.Sprintf("%d年%d月%d日", d.Year(), int(d.Month()), d.Day())
}

func days(n int, unit string) string {
	if unit == "natural" {
		return fmt.Sprintf("%d日", n)
	}
	return fmt.Sprintf("%d个工作日", n)
}

func paragraphs(p *document.Paper, texts ...string) {
	for _, t := range texts {
		if t != "" {
			p.Body = append(p.Body, document.Paragraph(t))
		}
	}
}

// because puts the legal basis in front of a sentence.
func because(basis, sentence string) string {
	if basis == "" {
		return sentence
	}
	return "依据" + basis + "，" + sentence
}

func receiptText(p *document.Paper, d ReceiptData) PaperHead {
	paragraphs(p, fmt.Sprintf("你（单位）于%s提交的“%s”申请材料已收到，办件号为%s。收到的材料如下：", day(d.ReceivedOn), d.Item, d.CaseNumber))
	rows := make([][]string, len(d.Materials))
	for i, m := range d.Materials {
		copies := ""
		if m.Copies > 0 {
			copies = fmt.Sprint(m.Copies)
		}
		rows[i] = []string{fmt.Sprint(i + 1), m.Name, copies, m.Note}
	}
	p.Body = append(p.Body, document.Table([]string{"序号", "材料名称", "份数", "备注"}, rows, 1, 6, 1, 2))
	paragraphs(p, fmt.Sprintf("本机关将于%s前告知是否受理或者一次性告知需要补正的全部内容；逾期不告知的，依据《中华人民共和国行政许可法》第三十二条，自收到申请材料之日起即为受理。", day(d.AnswerBy)))
	if d.QueryURL != "" {
		p.QR, p.QRNote = d.QueryURL, "扫码查询进度"
	}
	return d.PaperHead
}

func correctionText(p *document.Paper, d CorrectionData) PaperHead {
	basis := orElse(d.Basis, "《中华人民共和国行政许可法》第三十二条第一款第（四）项")
	paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，申请材料不齐全或者不符合法定形式。%s", d.Item, d.CaseNumber,
		because(basis, "现一次性告知需要补正的全部内容如下：")))
	rows := make([][]string, len(d.Faults))
	for i, f := range d.Faults {
		rows[i] = []string{fmt.Sprint(i + 1), f.Target, f.Fault, f.Remedy}
	}
	p.Body = append(p.Body, document.Table([]string{"序号", "材料或栏目", "存在的问题", "如何补正"}, rows, 1, 3, 4, 4))
	paragraphs(p, "补正后的材料可在网上逐项提交，不必到窗口。办理期限自材料补正齐全之日起计算。")
	return d.PaperHead
}

func acceptanceText(p *document.Paper, d AcceptanceData) PaperHead {
	if d.Deemed {
		paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），本机关未在收到申请材料后五个工作日内告知是否受理。%s", d.Item, d.CaseNumber,
			because("《中华人民共和国行政许可法》第三十二条", fmt.Sprintf("该申请自收到申请材料之日（%s）起即为受理。", day(d.AcceptedOn)))))
	} else {
		paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），属于本机关职权范围，材料符合受理条件，现决定自%s起予以受理。", d.Item, d.CaseNumber, day(d.AcceptedOn)))
	}
	limit := fmt.Sprintf("法定办理期限为%s，至%s止。", days(d.LimitDays, d.LimitUnit), day(d.Due))
	if !d.PromisedDue.IsZero() {
		limit += fmt.Sprintf("本机关承诺于%s前办结。", day(d.PromisedDue))
	}
	paragraphs(p, limit)
	if len(d.Excluded) > 0 {
		paragraphs(p, "依法进行"+strings.Join(d.Excluded, "、")+"所需时间不计算在上述期限内，需要时将另行书面告知。")
	}
	if len(d.Deficits) > 0 {
		paragraphs(p, fmt.Sprintf("本件按容缺受理办理，下列材料应于%s前补齐；补齐前不作出准予许可的决定，逾期未补齐的，终止办理：", day(d.DeficitDue)))
		p.Body = append(p.Body, document.Numbered(d.Deficits...))
	}
	return d.PaperHead
}

func refusalText(p *document.Paper, d RefusalData) PaperHead {
	switch d.Outcome {
	case NotNeeded:
		paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，该事项依法不需要取得行政许可，不予受理。", d.Item, d.CaseNumber))
	case OtherAuthority:
		paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，该事项依法不属于本机关职权范围，不予受理。请向%s申请。", d.Item, d.CaseNumber, d.GoTo))
	default:
		paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，不符合受理条件，不予受理。", d.Item, d.CaseNumber))
	}
	paragraphs(p, "理由："+d.Grounds, because(orElse(d.Basis, "《中华人民共和国行政许可法》第三十二条"), "作出本通知。"), remedyText(d.Remedies))
	return d.PaperHead
}

// remedyText names the ways to contest a decision (行政许可法 art. 38).
func remedyText(r Remedies) string {
	if r.Body == "" && r.Court == "" {
		return ""
	}
	return fmt.Sprintf("如不服本决定，可以自收到之日起%d日内向%s申请行政复议，也可以自收到之日起%d个月内依法向%s提起行政诉讼。",
		r.ReviewDays, r.Body, r.LawsuitMonths, r.Court)
}

func specialText(p *document.Paper, d SpecialData) PaperHead {
	paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），需要依法进行%s。", d.Item, d.CaseNumber, d.Procedure))
	if d.Reason != "" {
		paragraphs(p, "原因："+d.Reason)
	}
	until := ""
	if !d.Until.IsZero() {
		until = "，预计至" + day(d.Until)
	}
	paragraphs(p, because(orElse(d.Basis, "《中华人民共和国行政许可法》第四十五条"),
		fmt.Sprintf("自%s起所需时间%s%s，不计算在办理期限内，特此告知。", day(d.From), days(d.Days, "wd"), until)))
	return d.PaperHead
}

func extensionText(p *document.Paper, d ExtensionData) PaperHead {
	paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），原办理期限至%s止，不能在期限内作出决定。", d.Item, d.CaseNumber, day(d.OldDue)),
		"理由："+d.Reason,
		because("《中华人民共和国行政许可法》第四十二条", fmt.Sprintf("经本机关负责人（%s）批准，延长%s，至%s止。", d.ApprovedBy, days(d.Days, d.Unit), day(d.NewDue))))
	return d.PaperHead
}

func grantText(p *document.Paper, d GrantData) PaperHead {
	paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，%s", d.Item, d.CaseNumber, d.Grounds),
		because(orElse(d.Basis, "《中华人民共和国行政许可法》第三十八条第一款"), "决定准予行政许可。"))
	var rows [][2]string
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, [2]string{label, value})
		}
	}
	add("证照名称", d.LicenceTitle)
	add("证照编号", d.LicenceNumber)
	add("许可范围", d.Scope)
	if !d.ValidFrom.IsZero() {
		add("有效期", day(d.ValidFrom)+"至"+day(d.ValidTo))
	}
	if len(rows) > 0 {
		p.Body = append(p.Body, document.Pairs(rows...))
	}
	if d.Promise != "" {
		paragraphs(p, "本许可以告知承诺方式作出："+d.Promise+"。承诺不实的，依法撤销本决定。")
	}
	if !d.DeliverBy.IsZero() {
		paragraphs(p, fmt.Sprintf("证照将于%s前（作出决定后十个工作日内）按你（单位）确认的方式送达。", day(d.DeliverBy)))
	}
	return d.PaperHead
}

func denialText(p *document.Paper, d DenialData) PaperHead {
	paragraphs(p, fmt.Sprintf("你（单位）提出的“%s”申请（办件号%s），经审查，不符合法定条件、标准。", d.Item, d.CaseNumber))
	if d.Facts != "" {
		paragraphs(p, "查明："+d.Facts)
	}
	paragraphs(p, "理由："+d.Grounds, because(orElse(d.Basis, "《中华人民共和国行政许可法》第三十八条第二款"), "决定不予行政许可。"), remedyText(d.Remedies))
	return d.PaperHead
}

var modeWord = map[DeliveryMode]string{ByMail: "邮寄送达", ByPickUp: "自行领取", ByElectronic: "电子送达"}

func addressText(p *document.Paper, d AddressData) PaperHead {
	paragraphs(p, fmt.Sprintf("为保证“%s”（办件号%s）的文书、证照及时送达，申请人确认下列送达方式和地址：", d.Item, d.CaseNumber))
	consent := "不同意"
	if d.Electronic {
		consent = "同意"
	}
	p.Body = append(p.Body, document.Pairs([2]string{"送达方式", modeWord[d.Mode]}, [2]string{"收件人", d.Recipient}, [2]string{"联系电话", d.Phone},
		[2]string{"送达地址", orElse(d.Address, "—")}, [2]string{"电子送达", consent + "以电子方式送达"}))
	paragraphs(p, "申请人保证上述内容准确、有效；变更时应当及时告知。因提供的地址不准确、未及时告知变更导致文书未能送达的，由申请人承担相应后果。")
	return d.PaperHead
}

func deliveryReceiptText(p *document.Paper, d DeliveryReceiptData) PaperHead {
	rows := [][2]string{{"受送达人", d.To}, {"办件号", d.CaseNumber}, {"事项", d.Item}, {"送达文书", strings.Join(d.Documents, "；")}, {"送达方式", modeWord[d.Mode]}, {"收件人", d.Recipient}}
	if d.Mode == ByMail {
		rows = append(rows, [2]string{"送达地址", d.Address}, [2]string{"快递及运单号", d.Carrier + " " + d.Waybill}, [2]string{"寄出日期", day(d.PostedOn)})
	}
	if d.HandedBy != "" {
		rows = append(rows, [2]string{"经办人", d.HandedBy})
	}
	rows = append(rows, [2]string{"送达日期", day(d.EndedOn)})
	p.Body = append(p.Body, document.Pairs(rows...))
	if d.Mode == ByPickUp {
		p.Receipt = []string{"受送达人（签字或盖章）：", "日期："}
	}
	return d.PaperHead
}

func opinionText(p *document.Paper, d OpinionData) PaperHead {
	p.Title = orElse(d.Title, p.Title)
	paragraphs(p, fmt.Sprintf("你单位提出的“%s”申请（办件号%s）收悉。项目名称：%s。", d.Item, d.CaseNumber, d.Project), d.Grounds, "审查意见："+d.Conclusion)
	if len(d.Conditions) > 0 {
		paragraphs(p, "项目建设中应当落实下列要求：")
		p.Body = append(p.Body, document.Numbered(d.Conditions...))
	}
	if !d.ValidTo.IsZero() {
		paragraphs(p, fmt.Sprintf("本意见书有效期至%s；逾期未开工建设的，应当重新申请审查。", day(d.ValidTo)))
	}
	paragraphs(p, remedyText(d.Remedies))
	return d.PaperHead
}

func filingText(p *document.Paper, d FilingData) PaperHead {
	p.Title = orElse(d.Title, p.Title)
	paragraphs(p, fmt.Sprintf("你（单位）报送的“%s”备案材料（办件号%s）收悉，经核对材料齐全，准予备案，备案编号：%s。", d.Item, d.CaseNumber, d.FilingNo))
	var rows [][2]string
	for _, f := range d.Content {
		rows = append(rows, [2]string{f.Label, f.Value})
	}
	if !d.ValidTo.IsZero() {
		rows = append(rows, [2]string{"有效期至", day(d.ValidTo)})
	}
	if len(rows) > 0 {
		p.Body = append(p.Body, document.Pairs(rows...))
	}
	paragraphs(p, "备案不是行政许可；备案内容发生变化的，应当及时变更备案。")
	return d.PaperHead
}
