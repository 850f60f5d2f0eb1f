package licensing

import (
	"encoding/csv"
	"io"
	"time"

	"anlan/internal/kernel"
)

// Publication is what is made public of a granted licence (行政许可法 art. 40,
// 双公示). Personal data are masked before a Publication exists. The JSON names
// are those of the national data standard for the publication of licences; a
// province's own names are a field map of the exchange.
type Publication struct {
	ID          string       `json:"-"`
	CaseID      string       `json:"-"`
	Seq         int64        `json:"-"` // 1 at the decision, more with each change of status
	Area        string       `json:"-"`
	Item        string       `json:"-"`
	Due         kernel.Date  `json:"-"` // 7 working days after the decision
	PublishedAt time.Time    `json:"-"`
	Sample      bool         `json:"sample,omitempty"`
	Holder      string       `json:"XK_XDR_MC"`    // 行政相对人名称
	HolderKind  string       `json:"XK_XDR_LB"`    // 行政相对人类别
	USCC        string       `json:"XK_XDR_SHXYM"` // 统一社会信用代码
	LegalPerson string       `json:"XK_FRDB"`      // 法定代表人
	Document    string       `json:"XK_XKWS"`      // 行政许可决定文书名称
	DocumentNo  string       `json:"XK_WSH"`       // 行政许可决定文书号
	Kind        string       `json:"XK_XKLB"`      // 许可类别
	Certificate string       `json:"XK_XKZS"`      // 许可证书名称
	Number      string       `json:"XK_XKBH"`      // 许可编号
	Content     string       `json:"XK_NR"`        // 许可内容
	DecidedOn   kernel.Date  `json:"XK_JDRQ"`      // 许可决定日期
	ValidFrom   kernel.Date  `json:"XK_YXQZ"`      // 有效期自
	ValidTo     kernel.Date  `json:"XK_YXQZI"`     // 有效期至
	Authority   string       `json:"XK_XKJG"`      // 许可机关
	Status      PublicStatus `json:"XK_ZT"`        // 当前状态
	Source      string       `json:"XK_LYDW"`      // 数据来源单位
	Remark      string       `json:"BZ,omitempty"`
}

// PublicStatus is what a published licence is worth now.
type PublicStatus string

// The statuses, by the words of the standard.
const (
	InEffect    PublicStatus = "有效"
	NotInEffect PublicStatus = "无效"
)

// publicStatus is the status of a licence that is in a state.
func publicStatus(st LicenceState) PublicStatus {
	switch st {
	case Annulled, Revoked, Forfeited, Deregister:
		return NotInEffect
	}
	return InEffect
}

// feedHead names the columns of the feed in the order of the standard.
var feedHead = []string{"行政相对人名称", "行政相对人类别", "统一社会信用代码", "法定代表人", "行政许可决定文书名称", "行政许可决定文书号", "许可类别",
	"许可证书名称", "许可编号", "许可内容", "许可决定日期", "有效期自", "有效期至", "许可机关", "当前状态", "数据来源单位", "备注"}

func (p Publication) row() []string {
	return []string{p.Holder, p.HolderKind, p.USCC, p.LegalPerson, p.Document, p.DocumentNo, p.Kind, p.Certificate, p.Number, p.Content,
		p.DecidedOn.String(), p.ValidFrom.String(), p.ValidTo.String(), p.Authority, string(p.Status), p.Source, p.Remark}
}

// WriteFeedCSV writes publications as the 双公示 file: UTF-8 with a byte order
// mark, so that a spreadsheet reads the Chinese. A cell that a spreadsheet
// would take for a formula is quoted.
func WriteFeedCSV(w io.Writer, rows []Publication) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(feedHead); err != nil {
		return err
	}
	for _, p := range rows {
		cells := p.row()
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless puts an apostrophe before what a spreadsheet would calculate.
func harmless(cell string) string {
	if cell != "" && (cell[0] == '=' || cell[0] == '+' || cell[0] == '-' || cell[0] == '@' || cell[0] == '\t') {
		return "'" + cell
	}
	return cell
}

// InForce reports whether the published licence is in effect.
func (p Publication) InForce() bool { return p.Status == InEffect }
