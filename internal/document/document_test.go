package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anlan/internal/dbtest"
	"anlan/internal/kernel"

	"github.com/google/go-cmp/cmp"
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

// samples are one document of each sort, with words that must be on it.
func samples(t testing.TB) map[string]struct {
	pdf   []byte
	words []string
	pages int
} {
	t.Helper()
	make := func(pdf []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pdf
	}
	type sample = struct {
		pdf   []byte
		words []string
		pages int
	}
	return map[string]sample{
		"paper": {make(RenderPaper(samplePaper())), []string{"行政许可申请材料补正告知书", "津应急危化经补〔2026〕12 号", "天津市某某石油销售有限公司：",
			"第三十二条第一款第（四）项", "Tianjin Safety Consulting Co., Ltd.", "022-28450011", "第 1 页 共 2 页", "第 2 页 共 2 页", "2026年5月11日", "行政许可专用章", "签收人："}, 2},
		"original": {make(RenderCertificate(sampleCertificate(Original))), []string{"危险化学品经营许可证", "（正本）", "津安经〔2026〕000123",
			"张三", "闭杯闪点≤60°C", "2026年5月20日 至 2029年5月19日", "扫码核验"}, 1},
		"duplicate": {make(RenderCertificate(sampleCertificate(Duplicate))), []string{"（副本）", "说明", "有效期延续情况", "有效期延续至 2032年5月19日", "不得伪造"}, 2},
	}
}

// inDir writes a PDF where programs can read it; with KEEP_PICTURES set it
// stays there to be looked at.
func inDir(t *testing.T, pdf []byte) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	if keep := os.Getenv("KEEP_PICTURES"); keep != "" {
		dir = filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "_"))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(dir, "doc.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

// run runs a program, which must not complain.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v %s", program, err, &stderr)
	}
	return string(out)
}

// squeezed is text without blanks and line ends, as spread titles are read
// with and without them.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

func TestTextIsFoundInThePDF(t *testing.T) {
	program := dbtest.Require(t, "pdftotext")
	for name, s := range samples(t) {
		t.Run(name, func(t *testing.T) {
			_, file := inDir(t, s.pdf)
			text := squeezed(run(t, program, "-raw", file, "-"))
			for _, w := range s.words {
				if !strings.Contains(text, squeezed(w)) {
					t.Errorf("%q is not in the PDF:\n%s", w, text)
				}
			}
		})
	}
}

func TestQRCodeIsReadAgainFromThePicture(t *testing.T) {
	draw, read := dbtest.Require(t, "pdftoppm"), dbtest.Require(t, "zbarimg")
	for name, s := range samples(t) {
		t.Run(name, func(t *testing.T) {
			dir, file := inDir(t, s.pdf)
			run(t, draw, "-r", "80", "-png", file, filepath.Join(dir, "page"))
			pages, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
			if len(pages) != s.pages {
				t.Errorf("%d pages, want %d", len(pages), s.pages)
			}
			out, _ := exec.Command(read, append([]string{"--quiet", "--raw"}, pages...)...).Output()
			if got := strings.TrimSpace(string(out)); got != qrText {
				t.Errorf("read %q, want %q", got, qrText)
			}
		})
	}
}

func TestRenderingIsRepeatable(t *testing.T) {
	first, again := samples(t), samples(t)
	for name := range first {
		if !bytes.Equal(first[name].pdf, again[name].pdf) {
			t.Errorf("%s differs", name)
		}
	}
	stored, _ := json.Marshal(samplePaper())
	var p Paper
	if err := json.Unmarshal(stored, &p); err != nil {
		t.Fatal(err)
	}
	pdf, err := RenderPaper(p)
	if err != nil || !bytes.Equal(pdf, first["paper"].pdf) {
		t.Errorf("the stored print data give another paper (%v)", err)
	}
}

func fieldErrors(t testing.TB, err error) []kernel.FieldError {
	t.Helper()
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Invalid {
		t.Fatalf("want an invalid error, got %v", err)
	}
	return e.Fields
}

func TestRunesWithoutGlyphAreNamed(t *testing.T) {
	p := samplePaper()
	p.To = "𠮷野\x07公司"
	p.Body[2].Rows[0][1] = "表\u200b格"
	p.Sign.Stamp.Authority = "🏛局"
	_, err := RenderPaper(p)
	var got []string
	for _, f := range fieldErrors(t, err) {
		got = append(got, fmt.Sprintf("%s: %s %v", f.Field, f.Rule, f.Args["code"]))
	}
	want := []string{"body.2.rows.0.1: glyph U+200B", "sign.stamp.authority: glyph U+1F3DB", "to: glyph U+20BB7", "to: glyph U+0007"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// rarePrinter has a second font whose only rune lies beyond the basic plane:
// 𠮷, drawn with the outline of 吉.
func rarePrinter(t testing.TB) *Printer {
	t.Helper()
	p, err := NewPrinter(embedded())
	if err != nil {
		t.Fatal(err)
	}
	second := *p.faces[1]
	second.cmap = []segment{{from: 0x20bb7, to: 0x20bb7, start: uint32(p.faces[0].glyph('吉'))}}
	p.faces[1] = &second
	return p
}

func TestOperatorsFontPrintsRareCharacters(t *testing.T) {
	program := dbtest.Require(t, "pdftotext")
	paper := samplePaper()
	paper.To, paper.Title = "𠮷野家𠮷", "致𠮷野"
	paper.Watermark = "样𠮷本"
	pdf, err := rarePrinter(t).Paper(paper)
	if err != nil {
		t.Fatal(err)
	}
	_, file := inDir(t, pdf)
	text := squeezed(run(t, program, "-raw", file, "-"))
	for _, w := range []string{"𠮷野家𠮷：", "致𠮷野", "你单位于2026年5月6日"} {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in %s", w, text)
		}
	}
}

func TestCompatibilityFormsArePrintedAsWhatTheyMean(t *testing.T) {
	p, _ := Standard()
	if got := p.printable("Ⅴ级 60℃ Å"); got != "V级 60°C Å" {
		t.Error(got)
	}
}

func TestLongPapersGoOnWithoutLosingText(t *testing.T) {
	program := dbtest.Require(t, "pdftotext")
	p := samplePaper()
	p.Body, p.Watermark, p.QR = nil, "", ""
	var words []string
	for i := range 60 {
		words = append(words, fmt.Sprintf("第%d段开头", i), fmt.Sprintf("第%d段结尾", i))
		p.Body = append(p.Body, Paragraph(fmt.Sprintf("第%d段开头，%s，第%d段结尾。", i, strings.Repeat("应急管理", 20), i)))
	}
	var rows [][]string
	for i := range 80 {
		words = append(words, fmt.Sprintf("行%d尾", i))
		rows = append(rows, []string{fmt.Sprint(i), strings.Repeat("材料", i%15) + fmt.Sprintf("行%d尾", i), "x"})
	}
	rows = append(rows, []string{"高", strings.Repeat("很长的单元格内容。", 400) + "单元格完", "y"})
	words = append(words, "单元格完")
	p.Body = append(p.Body, Table([]string{"序号", "材料的名称", "备注"}, rows, 1, 6, 1))
	pdf, err := RenderPaper(p)
	if err != nil {
		t.Fatal(err)
	}
	_, file := inDir(t, pdf)
	text := squeezed(run(t, program, "-raw", file, "-"))
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s is lost", w)
		}
	}
	if n := strings.Count(text, "材料的名称"); n < 3 {
		t.Errorf("the head stands on %d pages of the table", n)
	}
}

func TestNothingIsSetBelowTheTypeArea(t *testing.T) {
	p := samplePaper()
	printer, _ := Standard()
	for n := range 40 { // the closing and the receipt come to lie everywhere on the page
		p.Body = append(p.Body, Paragraph(fmt.Sprint("第", n, "段")))
		for i, page := range printer.layPaper(p) {
			for _, m := range page.Marks {
				y := 0.0
				switch m := m.(type) {
				case Box:
					y = m.Y + m.Height
				case Ring:
					y = m.Y + m.Radius
				case Code:
					y = m.Y + m.Size
				case Words:
					if y = m.Y; m.Color == pale || m.Size == footerSize || strings.HasPrefix(m.Text, "第 ") {
						continue
					}
				}
				if y > bottom+0.5 {
					t.Fatalf("%d paragraphs, page %d: %#v", n, i, m)
				}
			}
		}
	}
}

func TestNoSignatureStandsOnASheetAlone(t *testing.T) {
	printer, _ := Standard()
	rows := [][2]string{{"送达方式", "邮寄"}, {"送达地址", "样例路"}, {"收件人", "样例丙"}}
	for name, sign := range map[string]func(p *Paper){
		"signature": func(p *Paper) { p.Receipt = nil },
		"receipt":   func(p *Paper) {},
		"boxes": func(p *Paper) {
			p.Sign, p.QR, p.Receipt, p.Boxes = nil, "", nil, []string{"申请人（盖章）", "签字"}
		},
		"heading": func(p *Paper) { p.Body = append(p.Body, Heading("末段标题"), Paragraph("末段。")) },
		"pairs":   func(p *Paper) { p.Body = append(p.Body, Pairs(rows...)) },
	} {
		for n := range 45 {
			p := samplePaper()
			p.Body = nil
			for range n {
				p.Body = append(p.Body, Paragraph("段"))
			}
			sign(&p)
			pages := printer.layPaper(p)
			lines := 0
			for _, m := range pages[len(pages)-1].Marks {
				if w, ok := m.(Words); ok && (strings.Contains(w.Text, "段") || w.Text == "送达地址" || w.Text == "收件人") {
					lines++
				}
			}
			if len(pages) > 1 && lines < textAtEnd {
				t.Errorf("%s, %d paragraphs: %d lines on the last page", name, n, lines)
			}
			for _, page := range pages[:len(pages)-1] {
				foot := ""
				for _, m := range page.Marks {
					if w, ok := m.(Words); ok && w.Size == bodySize {
						foot = w.Text
					}
				}
				if foot == "末段标题" {
					t.Errorf("%s, %d paragraphs: a heading stands alone at the foot", name, n)
				}
			}
		}
	}
}

func TestWhatDoesNotFitIsSaid(t *testing.T) {
	long := strings.Repeat("很长的许可范围。", 700)
	cases := map[string]func() error{
		"fields": func() error {
			c := sampleCertificate(Original)
			c.Fields[4].Value = long
			_, err := RenderCertificate(c)
			return err
		},
		"notes": func() error {
			c := sampleCertificate(Duplicate)
			c.Notes = []string{long}
			_, err := RenderCertificate(c)
			return err
		},
		"renewals": func() error {
			c := sampleCertificate(Duplicate)
			c.Renewals = make([]string, 30)
			_, err := RenderCertificate(c)
			return err
		},
		"form": func() error { _, err := RenderCertificate(sampleCertificate("poster")); return err },
		"footer": func() error {
			p := samplePaper()
			p.Footer = long
			_, err := RenderPaper(p)
			return err
		},
		"qr": func() error {
			p := samplePaper()
			p.QR = strings.Repeat("x", 4000)
			_, err := RenderPaper(p)
			return err
		},
	}
	for field, make := range cases {
		if f := fieldErrors(t, make()); len(f) != 1 || f[0].Field != field {
			t.Errorf("%s: %+v", field, f)
		}
	}
}

func TestEmptyPaperIsAPage(t *testing.T) {
	for _, p := range []Paper{{}, {Body: []Block{Table(nil, nil), Table([]string{"头"}, nil), Pairs(), Numbered(), Space(), Paragraph("")}}, {Sign: &Signature{}}} {
		if pdf, err := RenderPaper(p); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for _, form := range []CertificateForm{Original, Duplicate} {
		if _, err := RenderCertificate(Certificate{Form: form}); err != nil {
			t.Error(err)
		}
	}
}

func TestLinesKeepToTheRulesOfPunctuation(t *testing.T) {
	p, _ := Standard()
	text := strings.Repeat("应急，管理（危险）《化学品》“安全”、许可：Co., Ltd. 2026年。", 30)
	for width := 30.0; width < 160; width += 3.7 {
		var all strings.Builder
		lines := p.wrap(text, bodySize, width, 0)
		for i, l := range lines {
			r := []rune(l.text)
			if i > 0 && strings.ContainsRune(neverFirst, r[0]) {
				t.Errorf("width %.0f: a line begins with %c", width, r[0])
			}
			if strings.ContainsRune(neverLast, r[len(r)-1]) {
				t.Errorf("width %.0f: a line ends with %c", width, r[len(r)-1])
			}
			if l.width > width {
				t.Errorf("width %.0f: a line of %.1f", width, l.width)
			}
			all.WriteString(l.text)
		}
		if squeezed(all.String()) != squeezed(text) {
			t.Errorf("width %.0f: text was lost", width)
		}
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
