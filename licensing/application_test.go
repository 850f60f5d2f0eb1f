package licensing_test

import (
	"os/exec"
	"strings"
	"testing"

	"anlan/internal/dbtest"
)

func TestApplicationIsPrintedToBeSigned(t *testing.T) {
	program := dbtest.Require(t, "pdftotext")
	h, _ := newHall(t)
	c := h.browser("a", h.applicant())
	id, _ := h.begin(c, "hazchem-business.first")
	printed := func() string {
		t.Helper()
		page := c.Get("/my/cases/" + id + "/files").Want(200).Follow("打印申请书")
		if page.Status != 200 || page.Header.Get("Content-Type") != "application/pdf" || page.Header.Get("Cache-Control") != "private, no-store" {
			t.Fatalf("%d %v %s", page.Status, page.Header, page.Text())
		}
		cmd := exec.Command(program, "-raw", "-", "-")
		cmd.Stdin = strings.NewReader(page.Body)
		text, err := cmd.Output()
		h.must(err)
		return strings.Join(strings.Fields(string(text)), "")
	}
	wants := func(words ...string) {
		t.Helper()
		text := printed()
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not on the application:\n%s", w, text)
			}
		}
	}
	wants("申请书", "草稿编号", strings.ToLower(id)[:8], "申请人（盖章）", "第1页共")
	h.fill(c, id).Want(200)
	wants("危险化学品经营许可证", "李样例", "13800138000", "第十三大街1号", "赵示例", "A0001", "汽油", "钱示例", "B0001", "（1）")
	c.Get("/my/cases/"+id+"/check").Want(200, "打印申请书")
	h.browser("x", stranger()).Get("/my/cases/" + id + "/application.pdf").Want(404)

	c.Get("/my/cases/"+id+"/form").Form("/form").Set("applicant.contact", "李𠮷").Submit()
	c.Get("/my/cases/"+id+"/application.pdf").Want(422, "文书中的“𠮷”字体里没有")
}
