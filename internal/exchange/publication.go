package exchange

import "anlan/internal/kernel"

// KindPublication is the first record that is really exchanged: a granted
// licence as it is made public (双公示, 行政许可).
const KindPublication = "licence_publication"

// Publication is a public licence in plain words; maps/licence_publication.json
// gives its fields the names of the national standard. Personal data are
// masked before one exists.
type Publication struct {
	Holder         string      `json:"holder"`           // 行政相对人名称
	HolderKind     string      `json:"holder_kind"`      // 行政相对人类别: "法人及非法人组织", "自然人", "个体工商户"
	USCC           string      `json:"uscc"`             // 统一社会信用代码
	LegalPerson    string      `json:"legal_person"`     // 法定代表人
	Document       string      `json:"document"`         // 行政许可决定文书名称
	DocumentNumber string      `json:"document_number"`  // 行政许可决定文书号
	Category       string      `json:"category"`         // 许可类别: 普通, 特许, 认可, 核准, 登记, 其他-…
	Certificate    string      `json:"certificate"`      // 许可证书名称
	Number         string      `json:"number"`           // 许可编号
	Content        string      `json:"content"`          // 许可内容
	DecidedOn      kernel.Date `json:"decided_on"`       // 许可决定日期
	ValidFrom      kernel.Date `json:"valid_from"`       // 有效期自
	ValidTo        kernel.Date `json:"valid_to"`         // 有效期至
	Authority      string      `json:"authority"`        // 许可机关
	AuthorityUSCC  string      `json:"authority_uscc"`   // 许可机关统一社会信用代码
	Status         string      `json:"status"`           // 当前状态: "有效", "无效"
	Source         string      `json:"source"`           // 数据来源单位
	SourceUSCC     string      `json:"source_uscc"`      // 数据来源单位统一社会信用代码
	Remark         string      `json:"remark,omitempty"` // 备注
}
