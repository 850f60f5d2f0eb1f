package rule

import "testing"

func TestFindKnowsWhatPeopleCallThings(t *testing.T) {
	for text, want := range map[string]string{
		"加油站": "petrol-station.first", "烟花批发": "fireworks-wholesale.first", "鞭炮 延期": "fireworks-wholesale.renew", "电工": "special-operation.first",
		"焊工证复审": "special-operation.recheck", "Petrol": "petrol-station.first", "安全员证书": "safety-exam.first", "易制毒 备案": "precursor-filing.first",
	} {
		found := Shipped().Find(text)
		if len(found) == 0 || found[0].ID != want {
			got := "nothing"
			if len(found) > 0 {
				got = found[0].ID
			}
			t.Errorf("%s: want %s first, got %s", text, want, got)
		}
	}
	for _, text := range []string{"", "  ", "。", "结婚登记", "%", "zzzz"} {
		if found := Shipped().Find(text); len(found) > 0 {
			t.Errorf("%q finds %s", text, found[0].ID)
		}
	}
}
