package document

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

const qrText = "https://anlan.example/v/8Jk2mQ7xTz4nR0aBcD5eFg"

func samplePaper() Paper {
	stamp := &Stamp{Authority: "天津市应急管理局", Purpose: "行政许可专用章", Note: "样章"}
	return Paper{
		Letterhead: "天津市应急管理局", Title: "行政许可申请材料补正告知书", Number: "津应急危化经补〔2026〕12 号", To: "天津市某某石油销售有限公司",
		Body: []Block{
			Paragraph("你单位于2026年5月6日提出的危险化学品经营许可证（首次申请）申请收悉。经审查，申请材料不齐全、不符合法定形式。根据《中华人民共和国行政许可法》第三十二条第一款第（四）项的规定，现将需要补正的全部内容一次告知如下："),
			Numbered("《安全评价报告》缺少第 3 章“选址与外部安全防护距离”，请补充并由评价机构 Tianjin Safety Consulting Co., Ltd. 盖章；", "主要负责人安全资格证书已于2026年4月30日到期，请提交有效证书；"),
			Table([]string{"序号", "材料名称", "问题", "要求"}, [][]string{
				{"1", "安全评价报告", "缺少选址与外部安全防护距离一章，且结论页没有签字", "补充后重新上传，PDF 格式，不超过 50 MB"},
				{"2", "主要负责人安全资格证书", "已过期", "上传有效证书的彩色扫描件"},
			}, 1, 3, 4, 4),
			Pairs([2]string{"受理机关", "天津市应急管理局危险化学品安全监督管理一处"}, [2]string{"联系电话", "022-28450011"}),
			Heading("救济途径"),
			Paragraph("请于2026年6月5日前补正；逾期未补正的，视为撤回申请。如有疑问，请拨打上述电话咨询。"),
		},
		Sign:    &Signature{Authority: "天津市应急管理局", Date: kernel.MustDate("2026-05-11"), Stamp: stamp},
		Receipt: []string{"签收人：", "签收日期："},
		Footer:  "本告知书一式两份，一份送达申请人，一份存档。地址：天津市和平区某某路 1 号  邮编：300040  电话：022-28450011",
		QR:      qrText, QRNote: "扫码核验本文书", Watermark: "样本", MadeAt: kernel.MustDate("2026-05-11"),
	}
}

func sampleCertificate(form CertificateForm) Certificate {
	return Certificate{
		Form: form, Title: "危险化学品经营许可证", Number: "津安经〔2026〕000123",
		Fields: []Pair{
			{"企业名称", "天津市滨海新区某某石油销售有限公司第十二加油站"}, {"企业住所", "天津市滨海新区塘沽街道新港二号路 1088 号"},
			{"企业法定代表人姓名", "张三"}, {"经营方式", "带有储存设施的零售"},
			{"许可范围", "汽油（1630）、柴油［闭杯闪点≤60℃］（1674）。汽油储罐 30 m³ 三座，柴油储罐 30 m³ 两座，总容积折算 120 m³，属二级加油站。"},
		},
		ValidFrom: kernel.MustDate("2026-05-20"), ValidTo: kernel.MustDate("2029-05-19"), Authority: "天津市应急管理局", IssuedOn: kernel.MustDate("2026-05-20"),
		Renewals: []string{"有效期延续至 2032年5月19日（津应急危化经延〔2029〕45 号）"},
		Notes: []string{
			"1. 危险化学品经营许可证是企业取得危险化学品经营资格的法定凭证。", "2. 许可证分为正本、副本，具有同等法律效力；正本应悬挂于经营场所醒目位置。",
			"3. 任何单位和个人不得伪造、变造许可证，不得出租、出借或者以其他形式转让许可证。", "4. 有效期满需要继续经营的，应当于有效期满 3 个月前提出延期申请。",
		},
		QR: qrText, QRNote: "扫码核验", Stamp: &Stamp{Authority: "天津市应急管理局", Purpose: "行政许可专用章", Note: "样章"}, Watermark: "样本",
	}
}

// pictures renders a PDF to PNG files.
func pictures(t *testing.T, pdf []byte, dpi string) []string {
	t.Helper()
	program := dbtest.Require(t, "pdftoppm")
	dir := t.TempDir()
	if keep := os.Getenv("KEEP_PICTURES"); keep != "" {
		dir = filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "_"))
		os.MkdirAll(dir, 0o755)
	}
	file := filepath.Join(dir, "doc.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-r", dpi, "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("pdftoppm: %v %s", err, out)
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	return pages
}

func TestLook(t *testing.T) {
	for name, make := range map[string]func() ([]byte, error){
		"paper":     func() ([]byte, error) { return RenderPaper(samplePaper()) },
		"original":  func() ([]byte, error) { return RenderCertificate(sampleCertificate(Original)) },
		"duplicate": func() ([]byte, error) { return RenderCertificate(sampleCertificate(Duplicate)) },
	} {
		t.Run(name, func(t *testing.T) {
			pdf, err := make()
			if err != nil {
				t.Fatal(err)
			}
			t.Log(len(pdf), pictures(t, pdf, "80"))
		})
	}
}

func BenchmarkPaper(b *testing.B) {
	p := samplePaper()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RenderPaper(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCertificate(b *testing.B) {
	c := sampleCertificate(Original)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RenderCertificate(c); err != nil {
			b.Fatal(err)
		}
	}
}
