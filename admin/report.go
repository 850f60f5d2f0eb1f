package admin

import (
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// Statement is one sentence of the public report: what the bureau once said,
// in our own words, beside the figures that the platform has now.
type Statement struct {
	ID      string      `json:"id"`
	Text    kernel.Text `json:"text"`
	Room    kernel.Text `json:"room"`
	Built   bool        `json:"built"` // false: the room is not built yet, and the page says so
	Figures []Figure    `json:"figures"`
}

// Figure is a number that is counted from the platform's own records.
type Figure struct {
	ID         string      `json:"id"`
	Name       kernel.Text `json:"name"`
	Unit       kernel.Text `json:"unit"`
	Definition kernel.Text `json:"definition"` // what is counted, and what is not
	Rows       string      `json:"rows"`       // path of the rows behind it
	Screen     string      `json:"screen"`     // path of the screen where the work is done
}

// reportPage is the public report with its figures as they are now.
type reportPage struct {
	Statements []Statement
	Values     map[string]int64
}

func (h *Pages) reportPage(r *web.Request) (reportPage, error) {
	values, err := h.Figures(r.Context())
	return reportPage{h.Statements, values}, err
}

func (h *Pages) report(r *web.Request) error {
	page, err := h.reportPage(r)
	if err != nil {
		return err
	}
	return r.Render("admin/report", page)
}
