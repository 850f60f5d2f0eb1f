package licensing

import "anlan/internal/kernel"

// PaperHead is what every paper of a case names. The print data of a paper
// are stored when the act happens, so a later change of a name, a rule or a
// telephone number does not change what was said.
type PaperHead struct {
	Authority  string      `json:"authority"`         // "天津市应急管理局"
	To         string      `json:"to"`                // addressee
	CaseNumber string      `json:"case_number"`       // 办件号
	Item       string      `json:"item"`              // name of the item in Chinese
	On         kernel.Date `json:"on"`                // date of the paper
	Contact    string      `json:"contact,omitempty"` // who answers questions
	Office     string      `json:"office,omitempty"`  // its telephone, never a person's
	Sample     bool        `json:"sample,omitempty"`
}

// PaperMaterial is a line of a list of materials.
type PaperMaterial struct {
	Name   string `json:"name"`
	Copies int    `json:"copies,omitempty"`
	Note   string `json:"note,omitempty"` // "电子件", "原件核验"
}

// ReceiptData is the print data of 收件凭证.
type ReceiptData struct {
	PaperHead
	ReceivedOn kernel.Date     `json:"received_on"`
	Materials  []PaperMaterial `json:"materials"`
	AnswerBy   kernel.Date     `json:"answer_by"` // 5 working days: else deemed accepted (art. 32)
	QueryURL   string          `json:"query_url,omitempty"`
}

// PaperFault is one fault of a correction notice.
type PaperFault struct {
	Target string `json:"target"` // name of the material or field
	Fault  string `json:"fault"`
	Remedy string `json:"remedy"`
}

// CorrectionData is the print data of 补正告知书.
type CorrectionData struct {
	PaperHead
	Faults []PaperFault `json:"faults"`
	Basis  string       `json:"basis,omitempty"`
}

// AcceptanceData is the print data of 受理通知书.
type AcceptanceData struct {
	PaperHead
	AcceptedOn  kernel.Date `json:"accepted_on"`
	Deemed      bool        `json:"deemed,omitempty"` // by silence (art. 32)
	LimitDays   int         `json:"limit_days"`
	LimitUnit   string      `json:"limit_unit"` // "wd", "natural"
	Due         kernel.Date `json:"due"`
	PromisedDue kernel.Date `json:"promised_due"`
	Excluded    []string    `json:"excluded,omitempty"` // procedures whose time is not counted (art. 45)
	Deficits    []string    `json:"deficits,omitempty"` // 容缺: what is still to come
	DeficitDue  kernel.Date `json:"deficit_due"`
}

// Remedies is where and how long a decision may be contested (art. 38).
type Remedies struct {
	Body          string `json:"body"`           // 复议机关
	ReviewDays    int    `json:"review_days"`    // 60
	Court         string `json:"court"`          //
	LawsuitMonths int    `json:"lawsuit_months"` // 6
}

// RefusalData is the print data of 不予受理通知书, for its three grounds.
type RefusalData struct {
	PaperHead
	Outcome  State    `json:"outcome"` // Refused, NotNeeded, OtherAuthority
	Grounds  string   `json:"grounds"`
	Basis    string   `json:"basis,omitempty"`
	GoTo     string   `json:"go_to,omitempty"` // the authority that is in charge
	Remedies Remedies `json:"remedies"`
}

// SpecialData is the print data of 特别程序告知书: time that is not counted and
// must be told (art. 45).
type SpecialData struct {
	PaperHead
	Procedure string      `json:"procedure"` // "专家评审"
	Reason    string      `json:"reason,omitempty"`
	Basis     string      `json:"basis,omitempty"`
	From      kernel.Date `json:"from"`
	Days      int         `json:"days"` // working days needed
	Until     kernel.Date `json:"until"`
}

// ExtensionData is the print data of 延长期限通知书 (art. 42).
type ExtensionData struct {
	PaperHead
	Days       int         `json:"days"`
	Unit       string      `json:"unit"`
	Reason     string      `json:"reason"`
	ApprovedBy string      `json:"approved_by"` // post or name
	OldDue     kernel.Date `json:"old_due"`
	NewDue     kernel.Date `json:"new_due"`
}

// GrantData is the print data of 准予许可决定书.
type GrantData struct {
	PaperHead
	Grounds       string      `json:"grounds"`
	Basis         string      `json:"basis,omitempty"`
	LicenceTitle  string      `json:"licence_title,omitempty"`
	LicenceNumber string      `json:"licence_number,omitempty"`
	Scope         string      `json:"scope,omitempty"`
	ValidFrom     kernel.Date `json:"valid_from"`
	ValidTo       kernel.Date `json:"valid_to"`
	DeliverBy     kernel.Date `json:"deliver_by"`        // art. 44
	Promise       string      `json:"promise,omitempty"` // 告知承诺: what will be verified
}

// DenialData is the print data of 不予许可决定书.
type DenialData struct {
	PaperHead
	Facts    string   `json:"facts,omitempty"`
	Grounds  string   `json:"grounds"`
	Basis    string   `json:"basis,omitempty"`
	Remedies Remedies `json:"remedies"`
}

// AddressData is the print data of 送达地址确认书. It holds personal data; print
// data are always stored sealed.
type AddressData struct {
	PaperHead
	Mode       DeliveryMode `json:"mode"`
	Recipient  string       `json:"recipient"`
	Phone      string       `json:"phone"` // of the recipient
	Address    string       `json:"address,omitempty"`
	Electronic bool         `json:"electronic,omitempty"` // consents to electronic delivery
}

// DeliveryReceiptData is the print data of 送达回证.
type DeliveryReceiptData struct {
	PaperHead
	Documents []string     `json:"documents"`
	Mode      DeliveryMode `json:"mode"`
	Recipient string       `json:"recipient"`
	Address   string       `json:"address,omitempty"`
	Carrier   string       `json:"carrier,omitempty"`
	Waybill   string       `json:"waybill,omitempty"`
	PostedOn  kernel.Date  `json:"posted_on"`
	EndedOn   kernel.Date  `json:"ended_on"`
	HandedBy  string       `json:"handed_by,omitempty"`
}

// CertificateData is the print data of 正本 and 副本.
type CertificateData struct {
	Title     string      `json:"title"` // "危险化学品经营许可证"
	Number    string      `json:"number"`
	Issue     int64       `json:"issue"`
	Fields    []PaperPair `json:"fields"`
	ValidFrom kernel.Date `json:"valid_from"`
	ValidTo   kernel.Date `json:"valid_to"`
	ReviewDue kernel.Date `json:"review_due"`
	Authority string      `json:"authority"`
	IssuedOn  kernel.Date `json:"issued_on"`
	Continued []string    `json:"continued,omitempty"` // 有效期延续情况
	Notes     []string    `json:"notes,omitempty"`
	Code      string      `json:"code"` // in the QR
	Sample    bool        `json:"sample,omitempty"`
}

// PaperPair is a label and its value.
type PaperPair struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// OpinionData is the print data of 审查意见书: a result that is no licence.
type OpinionData struct {
	PaperHead
	Title      string      `json:"title,omitempty"` // "危险化学品建设项目安全条件审查意见书"
	Project    string      `json:"project"`
	Conclusion string      `json:"conclusion"`
	Grounds    string      `json:"grounds"`
	Conditions []string    `json:"conditions,omitempty"`
	ValidTo    kernel.Date `json:"valid_to"`
	Remedies   Remedies    `json:"remedies"`
}

// FilingData is the print data of 备案回执.
type FilingData struct {
	PaperHead
	Title    string      `json:"title,omitempty"`
	FilingNo string      `json:"filing_no"`
	Content  []PaperPair `json:"content"`
	ValidTo  kernel.Date `json:"valid_to"`
}
