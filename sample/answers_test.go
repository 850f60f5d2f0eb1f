package sample

import (
	"testing"

	"anlan/internal/form"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

func TestEveryShippedFormCanBeAnswered(t *testing.T) {
	f := facts{applicant: "样例化工有限公司", code: creditCode(1), idNumber: identityNumber(1, kernel.MustDate("1990-01-01")), address: "天津市和平区样例路1号",
		boss: "样例赵明", contact: "样例钱静", phone: phone(1), today: today}
	for _, it := range rule.Shipped().Items() {
		v, ok := it.At(today)
		if !ok {
			t.Errorf("%s has no rules on %s", it.ID, today)
			continue
		}
		schema, ok := v.FormSchema()
		if !ok {
			continue // an item without a form
		}
		parsed, err := form.Parse(schema)
		if err != nil {
			t.Fatal(err)
		}
		if err := parsed.Validate(answers(parsed.Fields, nil, f)); err != nil {
			t.Errorf("%s (%s): %v", it.ID, v.Form, err)
		}
	}
}
